"""Expressions that `{…}` and `[…]` have cut at a comma.

`{when: rsi(m1, 14) > 70}` arrives as `when: rsi(m1` and `14) > 70: (nothing)`. The pieces are told by what is open in
the first one, a bracket or a quote. They are joined again, so that the finding stands once and whatever comes next is
read as it was meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import syntax
from ruleengine.diagnostics.catalogue import yaml as faults
from ruleengine.load.document import Entry, Node, ScalarNode
from ruleengine.load.offsets import read_plain
from ruleengine.load.source import SourceText


class _Open(NamedTuple):
    """What a text has left open: how many brackets, and the quote it stands in."""

    depth: int = 0
    quote: str = ""


_NOTHING_OPEN = _Open()
_PIECES_MAX = 32  # commas of one expression that are looked at; keeps the work linear

T = TypeVar("T")


def join_cut_pairs(pairs: list[Entry], source: SourceText, found: list[Diagnostic]) -> list[Entry]:
    """The pairs of a flow map with cut expressions joined; each joint and each key without value is a finding."""
    joined: list[Entry] = []
    at = 0
    while at < len(pairs):
        key, value = pairs[at].key, pairs[at].value
        pieces = _pieces(value, [pair.key if _is_missing(pair.value) else None for pair in _after(pairs, at, value)])
        if pieces and isinstance(value, ScalarNode):
            value = _join(value, pieces[-1], source)
            found.append(faults.cut_at_comma(value.span, value.text, key.text))
        elif _is_missing(value) and key.is_plain:
            found.append(_without_value(key))
        joined.append(Entry(key, value) if pieces else pairs[at])
        at += 1 + len(pieces)
    return joined


def join_cut_items(items: list[Node], source: SourceText, found: list[Diagnostic]) -> list[Node]:
    """The items of a flow list with cut expressions joined; each joint is a finding."""
    joined: list[Node] = []
    at = 0
    while at < len(items):
        item = items[at]
        following: list[Node] = _after(items, at, item)
        pieces = _pieces(item, following)
        if pieces and isinstance(item, ScalarNode):
            item = _join(item, pieces[-1], source)
            found.append(faults.cut_at_comma(item.span, item.text, None))
        joined.append(item)
        at += 1 + len(pieces)
    return joined


def open_after(text: str, before: _Open = _NOTHING_OPEN) -> _Open:
    """What is open at the end of a text.

    >>> open_after("rsi(m1").depth, open_after("rsi(m1, 14) > 70").depth, open_after('tag == "a').quote
    (1, 0, '"')
    """
    depth, quote = before
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
    return _Open(depth, quote)


def _after(parts: list[T], at: int, first: Node) -> list[T]:
    """The parts that may continue the one at `at`; none, without looking, unless it is a plain text left open."""
    if not isinstance(first, ScalarNode) or not first.is_plain or not _is_open(open_after(first.text)):
        return []
    return parts[at + 1 : at + 1 + _PIECES_MAX]


def _pieces(first: Node, following: Sequence[Node | None]) -> list[ScalarNode]:
    """The following plain texts that are needed to close what the first one opens; none where they do not close it."""
    pieces: list[ScalarNode] = []
    state = open_after(first.text) if isinstance(first, ScalarNode) and following else _NOTHING_OPEN
    for piece in following:
        if not isinstance(piece, ScalarNode) or not piece.is_plain:
            return []
        pieces.append(piece)
        state = open_after(piece.text, state)
        if not _is_open(state):
            return pieces
    return []


def _is_open(state: _Open) -> bool:
    return state.depth > 0 or bool(state.quote)


def _join(first: ScalarNode, last: ScalarNode, source: SourceText) -> ScalarNode:
    """One plain text from the beginning of the first piece to the end of the last, as it was written."""
    start, end = first.offsets.starts[0], last.offsets.ends[-1]
    text, offsets = read_plain(source, start, end)
    return ScalarNode(text, "plain", source.span(start, end), offsets)


def _without_value(key: ScalarNode) -> Diagnostic:
    """A key without value is usually `a:1`, which needs a space after its colon."""
    name, colon, rest = key.text.partition(":")
    if colon and rest and name.isidentifier():
        return syntax.no_space_after_colon(key.span, name, rest)
    return faults.entry_without_value(key.span, key.text)


def _is_missing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.is_missing
