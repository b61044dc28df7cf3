"""A document beside its grammar: every value read by what its place expects, every stranger reported.

1. `walk` compares one node with one place and gives the value from which the model is built, or `FAULTY`.
2. A place for several kinds of node is decided by the node's own kind, so that the message is about what was meant.
3. A key that is one slip away from a required one stands for it: the required one is not reported as missing too.

Nothing is interpreted beyond single values; relations between keys are the models' (`base.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import scalar as scalar_faults
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.diagnostics.suggest import did_you_mean
from ruleengine.load import ListNode, MapNode, Node, ScalarNode, read
from ruleengine.schema.grammar import ChoicePlace, ListPlace, ModelPlace, NamesPlace, Place, ScalarPlace
from ruleengine.schema.leaf import Leaf

FAULTY: Final = object()
"""Stands for a value that could not be read; models refuse it, and what they say about it is not repeated."""

_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
_TAG = re.compile("[A-Za-z0-9][A-Za-z0-9_-]*")
_EXAMPLE_MAX = 90
_NAME_WORDS = "letters, digits and `_`, beginning with a letter"
_TAG_WORDS = "letters, digits, `_` and `-`, beginning with a letter or digit"


class Walk:
    """One pass over one document."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def root(self, node: Node, place: ModelPlace) -> Any:
        """Value of a whole document."""
        if not isinstance(node, MapNode):
            return self._wrong_kind(node, place, None, _first_line(node.span), None)
        return self._model(node, place, None, _first_line(node.span))

    def walk(self, node: Node, place: Place, owner: str | None, at: Span, example: Any = None) -> Any:
        """Value of a node; `owner` is the key it belongs to, `at` where a fault of the whole is shown."""
        match place:
            case ScalarPlace():
                if isinstance(node, ScalarNode):
                    return self._scalar(node, place, owner)
            case ModelPlace():
                if isinstance(node, MapNode):
                    return self._model(node, place, owner, at)
            case NamesPlace():
                if isinstance(node, MapNode):
                    return self._names(node, place, owner, at, example)
            case ListPlace():
                if isinstance(node, ListNode):
                    return self._list(node, place, owner, at, example)
            case ChoicePlace():
                chosen = _chosen(node, place)
                if chosen is not None:
                    return self.walk(node, chosen, owner, at, example)
        return self._wrong_kind(node, place, owner, at, example)

    def _scalar(self, node: ScalarNode, place: ScalarPlace, owner: str | None) -> Any:
        if place.words:
            if node.text in place.words:
                return node.text
            self.found.append(self._unknown_word(node, place.words, owner))
            return FAULTY
        if node.text in place.also:
            return node.text
        value, found = read(node, place.reads)
        if found or value is None:
            self.found += found
            return FAULTY
        if place.leaf is None:
            return value
        leaf = place.leaf(node.text, node, value)
        reason = leaf.reason()
        if reason is not None:
            self.found.append(faults.out_of_place(node.span, reason, _wanted(place.leaf, reason)))
            return FAULTY
        return leaf

    def _unknown_word(self, node: ScalarNode, words: Sequence[str], owner: str | None) -> Diagnostic:
        if node.is_missing:
            return scalar_faults.value_missing(node.span, "text")
        if owner == "apiVersion":
            return faults.language_version(node.span, node.text, words)
        if owner == "kind" and len(words) == 1:
            return faults.document_kind(node.span, node.text, words[0])
        return faults.unknown_choice(node.span, node.text, owner, words)

    def _model(self, node: MapNode, place: ModelPlace, owner: str | None, at: Span) -> Any:
        values: dict[str, Any] = {}
        meant: set[str] = set()
        for entry in node.entries:
            key = entry.key.text
            known = place.keys.get(key)
            if known is not None:
                values[key] = self.walk(entry.value, known, key, entry.key.span, place.examples.get(key))
            else:
                free = [each for each in place.keys if node.get(each) is None]
                meant.update(did_you_mean(key, free)[:1])
                self.found.append(faults.unknown_key(entry.key.span, key, owner, free or list(place.keys)))
        for key in place.required:
            if key not in values and key not in meant:
                self.found.append(faults.missing_key(at, key, owner, spoken(place.examples.get(key))))
        return values

    def _names(self, node: MapNode, place: NamesPlace, owner: str | None, at: Span, example: Any) -> Any:
        if len(node.entries) < place.items_min:
            self.found.append(faults.too_few_items(at, owner, place.items_min, spoken(example)))
        values: dict[str, Any] = {}
        inner = next(iter(example.values()), None) if isinstance(example, dict) else None
        for entry in node.entries:
            key = entry.key.text
            self._check_name(entry.key, place.key)
            values[key] = self.walk(entry.value, place.value, key, entry.key.span, inner)
        return values

    def _check_name(self, key: ScalarNode, kind: Literal["name", "tag"] | None) -> None:
        if kind == "name" and not _NAME.fullmatch(key.text):
            mended = re.sub(r"[^A-Za-z0-9]+", "_", key.text[:80]).strip("_")
            self.found.append(
                faults.bad_name(key.span, key.text, mended if _NAME.fullmatch(mended) else None, _NAME_WORDS)
            )
        elif kind == "tag" and not _TAG.fullmatch(key.text):
            mended = re.sub(r"[^A-Za-z0-9_]+", "-", key.text[:80]).strip("-")
            self.found.append(
                faults.bad_name(key.span, key.text, mended if _TAG.fullmatch(mended) else None, _TAG_WORDS)
            )

    def _list(self, node: ListNode, place: ListPlace, owner: str | None, at: Span, example: Any) -> Any:
        if len(node.items) < place.items_min:
            self.found.append(faults.too_few_items(at, owner, place.items_min, spoken(example)))
        inner = example[0] if isinstance(example, list) and example else None
        return [self.walk(item, place.item, owner, _first_line(item.span), inner) for item in node.items]

    def _wrong_kind(self, node: Node, place: Place, owner: str | None, at: Span, example: Any) -> Any:
        if isinstance(node, ScalarNode) and node.is_missing:
            self.found.append(scalar_faults.value_missing(at, expected_kind(place)))
        else:
            shown = _first_line(node.span) if isinstance(node, ScalarNode) else at
            self.found.append(
                faults.wrong_kind(shown, owner, _with_article(expected_kind(place)), _found_kind(node), spoken(example))
            )
        return FAULTY


def expected_kind(place: Place) -> str:
    """What a place takes, in the author's words.

    >>> expected_kind(ListPlace(ScalarPlace("id"), 0))
    'list'
    """
    match place:
        case ScalarPlace(words=words, reads=reads):
            return "word" if words else reads
        case ModelPlace() | NamesPlace():
            return "map"
        case ListPlace():
            return "list"
        case ChoicePlace():
            parts = [part for part in (place.scalar, place.map, place.list) if part is not None]
            return " or ".join(expected_kind(part) for part in parts)


def spoken(example: Any) -> str | None:
    """An example as it would be written on one line of YAML; nothing where there is none or it needs more than a line.

    >>> spoken({"intent": "entry"}), spoken(["a", 5]), spoken("spread <= 1.2pips"), spoken("rsi(m1, 14)")
    ('{intent: entry}', '[a, 5]', 'spread <= 1.2pips', 'rsi(m1, 14)')
    """
    if example is None:
        return None
    text = _flow(example, inside=False)
    return text if len(text) <= _EXAMPLE_MAX else None


def _flow(value: Any, inside: bool) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each, True)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each, True) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    needs_quotes = (inside and re.search(r"[,\[\]{}]", text)) or re.fullmatch(r"\d+:\d+|\d{4}-\d\d-\d\d", text)
    return json.dumps(text) if isinstance(value, str) and needs_quotes else text


def _wanted(leaf: type[Leaf], reason: str) -> str | None:
    """What to write instead, where the reason doesn't say it already."""
    wanted = getattr(leaf, "wanted", None)
    return None if wanted is None or wanted in reason else f"write {wanted}"


def _chosen(node: Node, place: ChoicePlace) -> Place | None:
    if isinstance(node, ScalarNode):
        # nothing after the colon is a missing value, whatever kind was meant
        return place.scalar
    return place.map if isinstance(node, MapNode) else place.list


def _found_kind(node: Node) -> str:
    if isinstance(node, MapNode):
        return "a map"
    return "a list" if isinstance(node, ListNode) else f"`{node.text}`" if len(node.text) <= 40 else "a text"


def _with_article(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def _first_line(span: Span) -> Span:
    """The place of a map or list as a message shows it: where it begins."""
    if span.end_line == span.line:
        return span
    return Span(span.file, span.line, span.col, span.line, span.col + 1)
