"""A policy's file with everything it stands on and everything that lies over it, as one policy.

    1. `extends.load_chain`    the files it stands on, each with its parts (`parts.py`)
    2. `merge.merge`           from the lowest up; what both define has to be announced
    3. `changes.Changes`       overlays, then `--set`
    4. `shape`                 the whole, once, so that a part may be incomplete; every node still knows its file
    5. `read_parameters`       values within units and bounds

All findings of all files come in one run. `docs/language.md` describes the same for policy authors.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ruleengine.diagnostics import Diagnostic, has_errors
from ruleengine.load import Document, MapNode
from ruleengine.resolve.changes import SET_FILE, Changes
from ruleengine.resolve.digest import digest
from ruleengine.resolve.extends import load_chain
from ruleengine.resolve.merge import OWN_KEYS, Change, announced_without_base, merge, without_composition
from ruleengine.resolve.parameters import ParameterValue, read_parameters
from ruleengine.schema.grammar import ModelPlace, places_of
from ruleengine.schema.policy import Policy
from ruleengine.schema.shape import shape
from ruleengine.schema.walk import Walk

_MISSING_KEY = "RE202"


@dataclass(frozen=True)
class Composed:
    """One policy from its files.

    `documents`: the policy's own file, those below it, overlays, then parts. `sources`: texts for quoting, that of
    `<--set>` too. `changes`: what is not as the lowest policy has it.
    """

    policy: Policy
    documents: tuple[Document, ...]
    sources: dict[str, str]
    parameters: dict[str, ParameterValue]
    changes: tuple[Change, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the composed policy says (`digest.py`)."""
        return digest(self.policy)


def compose(
    path: str | os.PathLike[str],
    overlays: Sequence[str | os.PathLike[str]] = (),
    sets: Sequence[str] = (),
    root: Path | None = None,
) -> tuple[Composed | None, list[Diagnostic]]:
    """The policy of a file with its overlays and `name=value` settings, or None with what is wrong.

    `root`: folder that `extends` may not leave; by default the parent of the policy's own folder.
    """
    composed, found, _ = compose_with_sources(path, overlays, sets, root)
    return composed, found


def compose_with_sources(
    path: str | os.PathLike[str],
    overlays: Sequence[str | os.PathLike[str]] = (),
    sets: Sequence[str] = (),
    root: Path | None = None,
) -> tuple[Composed | None, list[Diagnostic], dict[str, str]]:
    """The same with the texts of all files that were read, so that findings can be quoted where there is no policy."""
    loaded = load_chain(os.fspath(path), root)
    if not loaded.documents:
        return None, sorted(loaded.found), loaded.sources
    merged, changes, found = _merged(loaded.documents)
    found = [*loaded.found, *found]
    over = Changes(merged) if merged is not None else None
    for file in overlays:
        document = loaded.load(os.fspath(file))
        if document is not None and over is not None:
            loaded.documents.append(document)
            over.lay(document)
    found = list(dict.fromkeys([*found, *loaded.found]))
    own = loaded.documents[0]
    if over is None:
        found += shape(own)[1]
        return None, sorted(dict.fromkeys(found)), loaded.sources
    if sets:
        loaded.sources[SET_FILE] = over.set_all(sets)
    found += over.found
    policy, faults = shape(Document(own.file, over.root, own.source))
    found += faults if loaded.is_whole else [each for each in faults if not _may_lie_below(each, over.root)]
    if policy is None:
        return None, sorted(dict.fromkeys(found)), loaded.sources
    changed = frozenset(each.address.removeprefix("parameters.") for each in over.made)
    parameters, faults = read_parameters(policy, changed)
    found = sorted(dict.fromkeys([*found, *faults]))
    if has_errors(found):
        return None, found, loaded.sources
    all_changes = (*changes, *over.made)
    documents = (*loaded.documents, *loaded.parts)
    return Composed(policy, documents, loaded.sources, parameters, all_changes), found, loaded.sources


def _merged(documents: Sequence[Document]) -> tuple[MapNode | None, list[Change], list[Diagnostic]]:
    """All levels as one map, from the lowest up."""
    roots = [document.root for document in documents]
    maps = [root for root in roots if isinstance(root, MapNode)]
    if len(maps) != len(roots):
        return None, [], []
    changes: list[Change] = []
    found: list[Diagnostic] = []
    merged = without_composition(maps[-1])
    if maps[-1].get("extends") is None:
        found += announced_without_base(maps[-1])
    for above in reversed(maps[:-1]):
        merged, made, faults = merge(merged, above)
        changes += made
        found += faults
    for below in maps[1:]:
        found += _head_faults(below)
    return merged, changes, found


def _may_lie_below(fault: Diagnostic, root: MapNode) -> bool:
    """Whether a section is missing that the policy below, which could not be read, may well have."""
    return fault.code == _MISSING_KEY and (fault.span.line, fault.span.col) == (root.span.line, root.span.col)


def _head_faults(root: MapNode) -> list[Diagnostic]:
    """What is wrong with the head of a policy below, which does not show in the composed one."""
    whole = places_of(Policy)
    keys = {key: whole.keys[key] for key in OWN_KEYS}
    place = ModelPlace(Policy, keys, OWN_KEYS, whole.examples)
    walk = Walk()
    walk.root(MapNode(tuple(entry for entry in root if entry.key.text in OWN_KEYS), root.span, root.flow), place)
    return walk.found
