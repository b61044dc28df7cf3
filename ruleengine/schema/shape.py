"""Document → Policy (or another kind of document): keys, required parts, kinds of values, relations between keys.

    1. `walk` reads every value by its place and reports strangers          (walk.py, over grammar.py)
    2. the pydantic model is built from what was read; its relations speak  (base.py)
    3. `checks` looks at what spans several places: rule ids, dates, zones  (checks.py)
    4. where anything was found, the published JSON Schema is asked too, so that nothing it refuses goes unsaid
       (contract.py; a document without findings satisfies it, which tests hold over thousands of generated documents)

All findings of a document come in one run, each with its place and the author's own words.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.load import Document, MapNode, Node
from ruleengine.schema import checks
from ruleengine.schema.base import RELATION_ERROR, Broken
from ruleengine.schema.grammar import ModelPlace, places_of
from ruleengine.schema.places import node_at, span_in
from ruleengine.schema.policy import Policy
from ruleengine.schema.walk import FAULTY, Walk, spoken

M = TypeVar("M", bound=BaseModel)


def shape(document: Document, *, confirm: bool = False) -> tuple[Policy | None, list[Diagnostic]]:
    """The policy in a document, or None with what is wrong.

    `confirm`: hold a document without findings against the published schema as well (about 0.1 s for the first one).
    """
    policy, found = shape_as(document, Policy, confirm=confirm)
    if policy is not None and isinstance(document.root, MapNode):
        policy._root = document.root
    return policy, found


def shape_as(document: Document, model: type[M], *, confirm: bool = False) -> tuple[M | None, list[Diagnostic]]:
    """A document of another kind: account, signal, scenario, overlay."""
    place = places_of(model)
    walk = Walk()
    data = walk.root(document.root, place)
    found = list(walk.found)
    built, broken = _build(data, model, document.root, place)
    found += broken
    if data is not FAULTY:
        found += checks.checks_for(model)(data, document.root)
    if built is not None:
        found += checks.problems_of(built, document.file)
    if found or confirm:
        found += _from_contract(document.root, model, found)
    return (None if found else built), sorted(dict.fromkeys(found))


def _build(data: Any, model: type[M], root: Node, place: ModelPlace) -> tuple[M | None, list[Diagnostic]]:
    """The model, or what its relations say. Whatever else it refuses has been reported by the walk."""
    if data is FAULTY:
        return None, []
    try:
        return model.model_validate(data), []
    except ValidationError as refusal:
        found: list[Diagnostic] = []
        for error in refusal.errors(include_url=False, include_input=False):
            if error["type"] == RELATION_ERROR:
                path = written_path(root, error["loc"])
                found += [_relation(each, root, path, place) for each in error["ctx"]["broken"]]
        return None, found


def _relation(broken: Broken, root: Node, path: tuple[str | int, ...], place: ModelPlace) -> Diagnostic:
    owner = next((part for part in reversed(path) if isinstance(part, str)), None)
    at = span_in(root, path)
    match broken.kind:
        case "one_of_both":
            first, second = sorted(broken.keys, key=lambda key: _order(root, path, key))[:2]
            return faults.keys_exclude(span_in(root, (*path, second)), second, first, span_in(root, (*path, first)))
        case "one_of_missing":
            return faults.one_of_missing(at, broken.keys, owner)
        case "needs":
            return faults.needs_key(at, broken.keys, broken.because, _example(place, path, broken.keys))


def _order(root: Node, path: tuple[str | int, ...], key: str) -> tuple[int, int]:
    span = span_in(root, (*path, key))
    return span.line, span.col


def _example(place: ModelPlace, path: tuple[str | int, ...], keys: tuple[str, ...]) -> str | None:
    """The grammar's own example of a single key that is missing at a path."""
    at: Any = place
    for part in path:
        at = getattr(at, "map", at)
        if isinstance(part, int):
            at = getattr(getattr(at, "list", None) or at, "item", None)
        else:
            at = at.keys.get(part) if isinstance(at, ModelPlace) else getattr(at, "value", None)
    at = getattr(at, "map", at)
    return spoken(at.examples.get(keys[0])) if isinstance(at, ModelPlace) and len(keys) == 1 else None


def written_path(root: Node, loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A path of pydantic's as it is in the document: without the names of union members it puts in between."""
    path: list[str | int] = []
    node: Node | None = root
    for part in loc:
        step = node_at(node, (part,)) if node is not None else None
        if step is not None:
            path.append(part)
            node = step
    return tuple(path)


def _from_contract(root: Node, model: type[BaseModel], found: list[Diagnostic]) -> list[Diagnostic]:
    """What the published schema refuses at places of which nothing has been said yet."""
    # here and not above: the library takes a tenth of a second to load, which a policy without faults need not wait for
    from ruleengine.schema.contract import refusals

    lines = {line for each in found for line in range(each.span.line, each.span.end_line + 1)}
    added: list[Diagnostic] = []
    for refusal in refusals(root, model):
        spans = [span_in(root, refusal.path), span_in(root, refusal.path, value=True)]
        told = any(span.line in lines for span in spans) or _told_inside(root, refusal.path, found)
        if not told:
            added.append(faults.outside_schema(spans[1], refusal.reason))
    return added


def _told_inside(root: Node, path: tuple[str | int, ...], found: list[Diagnostic]) -> bool:
    """Whether a finding lies within what stands at a path: a missing key is told at its map, a stranger at itself."""
    node = node_at(root, path)
    if node is None or not path:
        return bool(found)
    span: Span = node.span
    return any(span.file == each.span.file and span.line <= each.span.line <= span.end_line for each in found)
