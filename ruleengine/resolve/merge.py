"""One policy over another, node by node, so that everything keeps the place at which it was written.

    apiVersion kind metadata          the upper policy's own
    pockets regimes ownership         both together
    sections of rules                 by id: new ones join behind those of the policy below
    every other section               by name: new ones join

Parts of one policy are joined the same way before that; there nothing can be announced, because neither is above.

What both define is a fault unless the upper policy announces it: `overrides: [guards.spread]`. Then the upper one
counts: key by key where both are maps (keys that are not given stay), as a whole otherwise. `removes: [exits.time-out]`
leaves out what the policy below defines; a rule that is to be replaced as a whole is removed and written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import composition as faults
from ruleengine.load import Entry, ListNode, MapNode, Node, ScalarNode
from ruleengine.schema.checks import RULE_SECTIONS

OWN_KEYS = ("apiVersion", "kind", "metadata")
COMPOSING_KEYS = ("extends", "overrides", "removes", "parts")
JOINED_LISTS = ("pockets", "regimes", "ownership")


class Change(NamedTuple):
    """One thing that is not as the lowest policy has it: its address, and where both stand."""

    address: str
    before: Span
    after: Span


@dataclass(slots=True)
class _Announced:
    """The addresses of `overrides` and `removes`, and which of them were needed."""

    overrides: dict[str, ScalarNode]
    removes: dict[str, ScalarNode]
    made: set[str] = field(default_factory=set)
    below: list[str] = field(default_factory=list)


def merge(below: MapNode, above: MapNode) -> tuple[MapNode, list[Change], list[Diagnostic]]:
    """The upper policy over the lower one, what it changed, and what is wrong with that."""
    announced = _Announced(_addresses(above, "overrides"), _addresses(above, "removes"))
    merged, changes, found = _merge(below, above, announced, faults.not_announced)
    return merged, changes, found + _unmet(announced)


def join(first: MapNode, second: MapNode) -> tuple[MapNode, list[Diagnostic]]:
    """Two files of one policy side by side, with all keys of the second one's head: what both define is a fault."""
    head = tuple(entry for entry in second if entry.key.text in COMPOSING_KEYS)
    joined, _, found = _merge(first, second, _Announced({}, {}), faults.defined_twice)
    return MapNode((*joined.entries, *head), joined.span, joined.flow), found


def _merge(
    below: MapNode, above: MapNode, announced: _Announced, clash: Callable[[Span, str, Span], Diagnostic]
) -> tuple[MapNode, list[Change], list[Diagnostic]]:
    found: list[Diagnostic] = []
    changes: list[Change] = []
    entries: list[Entry] = []
    for key in dict.fromkeys((*below.keys(), *above.keys())):
        lower, upper = below.get(key), above.get(key)
        if key in COMPOSING_KEYS:
            continue
        if key in OWN_KEYS:
            entries += [upper] if upper is not None else []
        elif key in JOINED_LISTS:
            entries.append(_joined(lower, upper))
        else:
            entries.append(_section(key, lower, upper, announced, changes, found, clash))
    return MapNode(tuple(entries), above.span, above.flow), changes, found


def without_composition(root: MapNode) -> MapNode:
    """A policy that stands on no other, without the keys that only speak of composition."""
    return MapNode(tuple(entry for entry in root if entry.key.text not in COMPOSING_KEYS), root.span, root.flow)


def announced_without_base(root: MapNode) -> list[Diagnostic]:
    """`overrides` and `removes` where nothing lies below."""
    return [
        faults.nothing_below(node.span, address, ())
        for key in ("overrides", "removes")
        for address, node in _addresses(root, key).items()
    ]


def with_value(root: MapNode, key: ScalarNode, value: Node) -> MapNode:
    """The map with one key set: in its place where it is there, at the end otherwise."""
    entry = Entry(key, value)
    if root.get(key.text) is None:
        return MapNode((*root.entries, entry), root.span, root.flow)
    kept = tuple(entry if each.key.text == key.text else each for each in root)
    return MapNode(kept, root.span, root.flow)


def rule_id(item: Node) -> ScalarNode | None:
    """The id of a rule, if it is a map that has one."""
    entry = item.get("id") if isinstance(item, MapNode) else None
    return entry.value if entry is not None and isinstance(entry.value, ScalarNode) else None


def _addresses(root: MapNode, key: str) -> dict[str, ScalarNode]:
    entry = root.get(key)
    items = entry.value.items if entry is not None and isinstance(entry.value, ListNode) else ()
    return {item.text: item for item in items if isinstance(item, ScalarNode)}


def _joined(lower: Entry | None, upper: Entry | None) -> Entry:
    if lower is None or upper is None:
        return _one_of(lower, upper)
    if not isinstance(lower.value, ListNode) or not isinstance(upper.value, ListNode):
        return upper
    present = {item.text for item in lower.value if isinstance(item, ScalarNode)}
    new = [item for item in upper.value if not isinstance(item, ScalarNode) or item.text not in present]
    return Entry(upper.key, ListNode((*lower.value.items, *new), upper.value.span, upper.value.flow))


def _section(
    key: str,
    lower: Entry | None,
    upper: Entry | None,
    announced: _Announced,
    changes: list[Change],
    found: list[Diagnostic],
    clash: Callable[[Span, str, Span], Diagnostic],
) -> Entry:
    """One section of both. What is of another kind than it should be is left to the shape of the whole."""
    values = [entry.value for entry in (lower, upper) if entry is not None]
    joins_rules = key in RULE_SECTIONS and all(isinstance(value, ListNode) for value in values)
    if not joins_rules and not all(isinstance(value, MapNode) for value in values):
        return _one_of(upper, lower)
    parts = [_named(entry.value if entry is not None else None) for entry in (lower, upper)]
    result = dict(_after_removal(key, parts[0], announced, changes))
    strangers: list[_Part] = []
    for name, part in parts[1].items():
        known = result.get(name)
        if known is None or part.name is None:
            strangers.append(part)
            continue
        address = f"{key}.{name}"
        if address in announced.overrides:
            announced.made.add(address)
            changes.append(Change(address, known.at, part.at))
        else:
            found.append(clash(part.at, address, known.at))
        result[name] = _Part(part.name, _over(known.value, part.value), part.at)
    return _rebuilt(_one_of(upper, lower), [*result.values(), *strangers])


class _Part(NamedTuple):
    """One rule or named value of a section; `name` is its key or id."""

    name: ScalarNode | None
    value: Node
    at: Span


def _named(section: Node | None) -> dict[str, _Part]:
    """Parts of a section by name; a rule without an id is kept under a name that no other part can have."""
    if isinstance(section, MapNode):
        return {entry.key.text: _Part(entry.key, entry.value, entry.key.span) for entry in section}
    parts: dict[str, _Part] = {}
    for number, item in enumerate(section.items if isinstance(section, ListNode) else ()):
        name = rule_id(item)
        # a repeated id within one file is the shape's finding; both are kept for it
        text = name.text if name is not None and name.text not in parts else f"\0{number}"
        parts[text] = _Part(name, item, name.span if name is not None else item.span)
    return parts


def _after_removal(
    section: str, parts: dict[str, _Part], announced: _Announced, changes: list[Change]
) -> dict[str, _Part]:
    kept: dict[str, _Part] = {}
    for name, part in parts.items():
        address = f"{section}.{name}"
        if part.name is not None:
            announced.below.append(address)
        if address in announced.removes:
            announced.made.add(address)
            changes.append(Change(address, part.at, announced.removes[address].span))
        else:
            kept[name] = part
    return kept


def _over(lower: Node, upper: Node) -> Node:
    """Key by key where both are maps, the upper one otherwise."""
    if not isinstance(lower, MapNode) or not isinstance(upper, MapNode):
        return upper
    merged = MapNode(lower.entries, upper.span, upper.flow)
    for entry in upper:
        merged = with_value(merged, entry.key, entry.value)
    return merged


def _rebuilt(entry: Entry, parts: Iterable[_Part]) -> Entry:
    section = entry.value
    if isinstance(section, ListNode):
        return Entry(entry.key, ListNode(tuple(part.value for part in parts), section.span, section.flow))
    pairs = tuple(Entry(part.name, part.value) for part in parts if part.name is not None)
    return Entry(entry.key, MapNode(pairs, section.span, isinstance(section, MapNode) and section.flow))


def _unmet(announced: _Announced) -> list[Diagnostic]:
    """Announcements of what is not below, and of changes that are not made."""
    found: list[Diagnostic] = []
    for address, node in (*announced.overrides.items(), *announced.removes.items()):
        if address not in announced.below:
            found.append(faults.nothing_below(node.span, address, announced.below))
        elif address not in announced.made:
            found.append(faults.override_unused(node.span, address))
    return found


def _one_of(first: Entry | None, second: Entry | None) -> Entry:
    entry = first if first is not None else second
    assert entry is not None  # the key came from one of the two
    return entry
