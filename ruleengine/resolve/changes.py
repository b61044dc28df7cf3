"""What lies over a policy: overlay files and `--set`, applied to its nodes so that each value keeps its own place.

An overlay names only what is there: parameters, rules, limits, requirements. Later ones win over earlier ones, `--set`
over all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import composition as faults
from ruleengine.diagnostics.catalogue import naming
from ruleengine.load import Document, Entry, ListNode, MapNode, Node, ScalarNode
from ruleengine.load.offsets import map_offsets
from ruleengine.load.source import SourceText
from ruleengine.resolve.merge import Change, rule_id, with_value
from ruleengine.schema.checks import RULE_SECTIONS
from ruleengine.schema.shape import shape_as

SET_FILE = "<--set>"
"""Name under which values of the command line stand in messages, one a line."""

_SET = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]*)(?P<gap>\s*=\s*)(?P<value>\S(?:.*\S)?)")


class Changes:
    """A policy's root while things are laid over it."""

    def __init__(self, root: MapNode) -> None:
        self.root = root
        self.made: list[Change] = []
        self.found: list[Diagnostic] = []

    def lay(self, document: Document) -> None:
        """An overlay file."""
        # here and not above: most policies are read without one, and a model takes a while to define
        from ruleengine.schema.overlay import Overlay

        overlay, found = shape_as(document, Overlay)
        self.found += found
        if overlay is None or not isinstance(document.root, MapNode):
            return
        meant = _texts(document.root, "policy")
        name = _text_at(self.root, "metadata", "name")
        if meant and name is not None and name.text not in {node.text for node in meant}:
            self.found.append(faults.other_policy(meant[0].span, name.text, [node.text for node in meant]))
            return
        for entry in _entries(document.root, "parameters"):
            self._set_parameter(entry.key, entry.value)
        for entry in _entries(document.root, "enforcement"):
            self._set_enforcement(entry)
        for section in ("limits", "requires"):
            for entry in _entries(document.root, section):
                self._set_key(section, entry)

    def set_all(self, sets: Sequence[str]) -> str:
        """The values of the command line; gives their text, for quoting."""
        text = "\n".join(each.replace("\n", " ").replace("\r", " ") for each in sets)
        source = SourceText.of(SET_FILE, text)
        first: dict[str, Span] = {}
        for number, line in enumerate(text.split("\n") if sets else ()):
            start = source.line_starts[number]
            span = source.span(start, start + len(line))
            match = _SET.fullmatch(line)
            if match is None:
                self.found.append(faults.set_unreadable(span, line, "is no `name=value`"))
                continue
            key, value = (_scalar(source, match[part], start + match.start(part)) for part in ("name", "value"))
            if key.text in first:
                self.found.append(faults.set_twice(key.span, key.text, first[key.text]))
            first.setdefault(key.text, key.span)
            self._set_parameter(key, value)
        return text

    def _set_parameter(self, key: ScalarNode, value: Node) -> None:
        section = self.root.get("parameters")
        declared = section.value.get(key.text) if section is not None and isinstance(section.value, MapNode) else None
        if section is None or declared is None or not isinstance(declared.value, MapNode):
            known = section.value.keys() if section is not None and isinstance(section.value, MapNode) else ()
            self.found.append(naming.unknown_reference(key.span, "parameter", key.text, known))
            return
        old = declared.value.get("default")
        assert isinstance(section.value, MapNode)  # a declared parameter was found in it
        changed = with_value(declared.value, old.key if old is not None else key, value)
        self.root = with_value(self.root, section.key, with_value(section.value, declared.key, changed))
        before = old.value.span if old is not None else declared.key.span
        self.made.append(Change(f"parameters.{key.text}", before, value.span))

    def _set_enforcement(self, entry: Entry) -> None:
        wanted = entry.key.text
        known: list[str] = []
        for section in self.root:
            if section.key.text not in RULE_SECTIONS or not isinstance(section.value, ListNode):
                continue
            items = list(section.value.items)
            for number, item in enumerate(items):
                name = rule_id(item)
                if name is None or not isinstance(item, MapNode):
                    continue
                known.append(name.text)
                if name.text == wanted:
                    old = item.get("enforcement")
                    key = old.key if old is not None else _renamed(entry.key, "enforcement")
                    items[number] = with_value(item, key, entry.value)
                    section_now = ListNode(tuple(items), section.value.span, section.value.flow)
                    self.root = with_value(self.root, section.key, section_now)
                    before = old.value.span if old is not None else name.span
                    self.made.append(Change(f"{section.key.text}.{wanted}", before, entry.value.span))
                    return
        self.found.append(naming.unknown_reference(entry.key.span, "rule", wanted, known))

    def _set_key(self, section: str, entry: Entry) -> None:
        there = self.root.get(section)
        if there is None or not isinstance(there.value, MapNode):
            return  # the shape of the whole says that the section is missing
        old = there.value.get(entry.key.text)
        changed = with_value(there.value, entry.key, entry.value)
        self.root = with_value(self.root, there.key, changed)
        before = old.value.span if old is not None else there.key.span
        self.made.append(Change(f"{section}.{entry.key.text}", before, entry.value.span))


def _scalar(source: SourceText, text: str, start: int) -> ScalarNode:
    end = start + len(text)
    return ScalarNode(text, "plain", source.span(start, end), map_offsets(source, text, "plain", start, end))


def _renamed(key: ScalarNode, text: str) -> ScalarNode:
    """A key that was not written, at the place of the one that brought it in."""
    return ScalarNode(text, "plain", key.span, key.offsets)


def _entries(root: MapNode, section: str) -> Sequence[Entry]:
    entry = root.get(section)
    return entry.value.entries if entry is not None and isinstance(entry.value, MapNode) else ()


def _texts(root: MapNode, key: str) -> list[ScalarNode]:
    entry = root.get(key)
    if entry is None:
        return []
    items = entry.value.items if isinstance(entry.value, ListNode) else (entry.value,)
    return [item for item in items if isinstance(item, ScalarNode)]


def _text_at(root: MapNode, section: str, key: str) -> ScalarNode | None:
    entry = root.get(section)
    inner = entry.value.get(key) if entry is not None and isinstance(entry.value, MapNode) else None
    return inner.value if inner is not None and isinstance(inner.value, ScalarNode) else None
