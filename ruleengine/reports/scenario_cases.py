"""A scenario's file → the scenarios that it stands for: one for each case on each of its accounts.

A case is the file with some of its places given other values: `given.account.balance`, `expect.0.units`, or the short
names that `vary` gives to such places. Every value keeps its own place in the text, so that a finding about a case
points into its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import scenarios as faults
from ruleengine.load import Document, ListNode, MapNode, Node, ScalarNode
from ruleengine.load.document import Entry
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.shape import shape_as

NAME = "case"
_OWN = ("vary", "cases")
TOP = frozenset(Scenario.model_fields)
"""Keys that a case may add at the top of the file; any other word there is a slip."""
LEFT_OUT = "_"
"""As the value of a key: the case has no such key."""


class Variant(NamedTuple):
    """One of the scenarios of a file. `name` is empty where the file holds a single one."""

    name: str
    document: Document


def variants_of(document: Document) -> tuple[list[Variant], list[Diagnostic]]:
    """What a file whose shape is sound stands for."""
    root = document.root
    assert isinstance(root, MapNode)
    base = _without(root, _OWN)
    found: list[Diagnostic] = []
    rows = _maps(_value(root, "cases"))
    names: list[str] = []
    variants: list[Variant] = []
    short = _short_names(_value(root, "vary"))
    for number, row in enumerate(rows, start=1):
        named = row.get(NAME)
        name = named.value.text if named is not None and isinstance(named.value, ScalarNode) else str(number)
        if name in names:
            found.append(faults.case_twice(named.value.span if named is not None else row.span, name))
        names.append(name)
        changed: Node = base
        for entry in row:
            for path in short.get(entry.key.text, (entry.key,) if entry.key.text != NAME else ()):
                result = _set(changed, path.text.split("."), entry.key, entry.value)
                if isinstance(result, _Lost):
                    known = [*short, *result.known] if path is entry.key else list(result.known)
                    found.append(faults.no_such_place(path.span, path.text, result.part, known))
                else:
                    changed = result
        variants += _on_accounts(name, replace(document, root=changed))
    return variants or _on_accounts("", replace(document, root=base)), list(dict.fromkeys(found))


def problems_of_cases(document: Document) -> list[Diagnostic]:
    """What is wrong with cases and accounts of a file whose own shape is sound."""
    variants, found = variants_of(document)
    if found or not (variants and variants[0].name):
        return found
    return list(dict.fromkeys(each for variant in variants for each in shape_of(variant)[1]))


def shape_of(variant: Variant) -> tuple[Scenario | None, list[Diagnostic]]:
    """One of the scenarios of a file."""
    scenario, found = shape_as(variant.document, Scenario)
    if variant.name and len(found) > 1:  # the values of a case stand on other lines than what they are part of
        found = [each for each in found if each.code != "RE219"]
    return scenario, found


def _short_names(vary: Node | None) -> dict[str, tuple[ScalarNode, ...]]:
    names: dict[str, tuple[ScalarNode, ...]] = {}
    for entry in vary if isinstance(vary, MapNode) else ():
        items = entry.value.items if isinstance(entry.value, ListNode) else (entry.value,)
        names[entry.key.text] = tuple(item for item in items if isinstance(item, ScalarNode))
    return names


# --- places ----------------------------------------------------------------------------------------------------------


class _Lost(NamedTuple):
    """Where a path ended: the part that isn't there, and what is."""

    part: str
    known: tuple[str, ...]


def _set(node: Node, path: Sequence[str], key: ScalarNode, value: Node) -> Node | _Lost:
    """The node with a value at a path. The last key may be new; a key may itself hold dots."""
    if isinstance(node, ListNode):
        if not path[0].isdigit() or int(path[0]) >= len(node.items):
            return _Lost(path[0], tuple(str(n) for n in range(len(node.items))))
        at = int(path[0])
        inner = value if len(path) == 1 else _set(node.items[at], path[1:], key, value)
        if isinstance(inner, _Lost):
            return inner
        return replace(node, items=(*node.items[:at], inner, *node.items[at + 1 :]))
    if isinstance(node, ScalarNode):
        return _Lost(path[0], ())
    for length in range(len(path), 0, -1):
        word = ".".join(path[:length])
        if node.get(word) is not None:
            return _in_map(node, word, path[length:], key, value)
    if len(path) > 1 or (node.get("apiVersion") is not None and path[0] not in TOP):
        return _Lost(path[0], node.keys())
    if _is_left_out(value):
        return node
    return replace(node, entries=(*node.entries, Entry(replace(key, text=path[0]), value)))


def _in_map(node: MapNode, word: str, rest: Sequence[str], key: ScalarNode, value: Node) -> Node | _Lost:
    if not rest and _is_left_out(value):
        return _without(node, (word,))
    entry = node.get(word)
    assert entry is not None
    inner = _set(entry.value, rest, key, value) if rest else value
    if isinstance(inner, _Lost):
        return inner
    changed = Entry(entry.key, inner)
    return replace(node, entries=tuple(changed if each is entry else each for each in node))


def _is_left_out(value: Node) -> bool:
    return isinstance(value, ScalarNode) and value.is_plain and value.text == LEFT_OUT


# --- accounts --------------------------------------------------------------------------------------------------------


def _on_accounts(name: str, document: Document) -> list[Variant]:
    """The scenario on each of its accounts: they don't meet, so each is a run of its own."""
    root = document.root
    assert isinstance(root, MapNode)
    given = _value(root, "given")
    accounts = _value(given, "accounts") if isinstance(given, MapNode) else None
    if not isinstance(given, MapNode) or not isinstance(accounts, MapNode):
        return [Variant(name, document)]
    variants = []
    for entry in accounts:
        own = entry.value
        inside = list(_without(given, ("accounts",)))
        if isinstance(own, MapNode):
            trades = own.get("trades")
            if trades is not None:
                inside = [*(each for each in inside if each.key.text != "trades"), trades]
            own = _without(own, ("trades",))
        inside.append(Entry(replace(entry.key, text="account"), own))
        changed = {"given": replace(given, entries=tuple(inside)), "expect": _of_account(root, entry.key.text)}
        entries = tuple(
            Entry(each.key, node) if (node := changed.get(each.key.text)) is not None else each for each in root
        )
        full = f"{name} / {entry.key.text}" if name else entry.key.text
        variants.append(Variant(full, replace(document, root=replace(root, entries=entries))))
    return variants


def _of_account(root: MapNode, name: str) -> Node | None:
    """What is expected on one account: what names it, and what names none."""
    expect = _value(root, "expect")
    if not isinstance(expect, ListNode):
        return expect
    kept: list[Node] = []
    for item in expect:
        of = item.get("account") if isinstance(item, MapNode) else None
        if of is None:
            kept.append(item)
        elif isinstance(item, MapNode) and isinstance(of.value, ScalarNode) and of.value.text == name:
            kept.append(_without(item, ("account",)))
    return replace(expect, items=tuple(kept))


def _value(node: Node | None, key: str) -> Node | None:
    entry = node.get(key) if isinstance(node, MapNode) else None
    return None if entry is None else entry.value


def _maps(node: Node | None) -> list[MapNode]:
    return [item for item in node if isinstance(item, MapNode)] if isinstance(node, ListNode) else []


def _without(node: MapNode, keys: Sequence[str]) -> MapNode:
    return replace(node, entries=tuple(entry for entry in node if entry.key.text not in keys))
