"""A policy's file → everything that can be known of it before any data: the list of stages, in one place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from ruleengine.diagnostics import Diagnostic, has_errors
from ruleengine.graph.from_typed import from_typed
from ruleengine.graph.node import Graph
from ruleengine.resolve import Composed, compose_with_sources
from ruleengine.typecheck.check import check
from ruleengine.typecheck.coverage import uncovered
from ruleengine.typecheck.losses import unguarded
from ruleengine.typecheck.policy import TypedPolicy
from ruleengine.typecheck.uncapped import uncapped


class Compiled(NamedTuple):
    composed: Composed
    typed: TypedPolicy
    graph: Graph


class Compilation(NamedTuple):
    """`compiled` is None where a finding refuses the policy; `sources` quotes every file that was read."""

    compiled: Compiled | None
    found: list[Diagnostic]
    sources: dict[str, str]


def checked(
    path: str | os.PathLike[str], overlays: Sequence[str | os.PathLike[str]] = (), sets: Sequence[str] = ()
) -> tuple[Composed | None, TypedPolicy | None, list[Diagnostic], dict[str, str]]:
    """Load, compose, shape and type-check; no graph yet."""
    composed, found, sources = compose_with_sources(path, overlays, sets)
    if composed is None:
        return None, None, found, sources
    typed, more = check(composed.policy)
    if typed is not None:
        more += uncovered(typed, {each.address: each.after for each in composed.changes})
        more += unguarded(typed)
        more += uncapped(typed)
        typed = None if has_errors(more) else typed
    return composed, typed, sorted(dict.fromkeys([*found, *more])), sources


def compile_policy(
    path: str | os.PathLike[str], overlays: Sequence[str | os.PathLike[str]] = (), sets: Sequence[str] = ()
) -> Compilation:
    """The compiled policy with all findings of all stages."""
    composed, typed, found, sources = checked(path, overlays, sets)
    if composed is None or typed is None:
        return Compilation(None, found, sources)
    return Compilation(Compiled(composed, typed, from_typed(typed)), found, sources)
