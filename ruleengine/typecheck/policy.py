"""The typed policy: every rule as blocks of typed expressions, and its constants read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.schema.policy import Policy
from ruleengine.schema.rule import Rule
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.typed import Expr


class TypedBlock(NamedTuple):
    """What is evaluated together, in one scope. `outputs` by name; see `typecheck/rules.py` for each section's.
    `written`: the outputs as their author wrote them, before what is constant was folded away."""

    name: str
    scope: str
    outputs: tuple[tuple[str, Expr], ...]
    place: Span
    written: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class TypedRule:
    """A rule of any section. `constants`: cooldowns, waits, switches, in seconds and plain numbers."""

    section: str
    id: str
    source: Rule | Any
    place: Span
    blocks: dict[str, TypedBlock]
    constants: dict[str, Any] = field(default_factory=dict)


class TypedPolicy(NamedTuple):
    policy: Policy
    rules: tuple[TypedRule, ...]
    parameters: dict[str, Expr]
    names: Names
    """What its names mean, and which of them are read."""
    limits: dict[str, float]
    """The order gate's limits in internal units, by the key's path (`refusals.within`)."""


def limit_places(policy: Policy, limits: Mapping[str, float]) -> dict[str, Span]:
    """The line of each of the gate's limits (OPS-03)."""
    found: dict[str, Span] = {}
    for path in limits:
        leaf: Any = policy.limits
        for part in path.split("."):
            leaf = getattr(leaf, part)
        found[path] = leaf.node.span
    return found
