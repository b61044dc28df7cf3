"""YAML as it was written: texts, maps and lists with their places, nothing interpreted.

A plain `5` is here the text `5`: what it means depends on the place, and `scalars.read` says it when asked.
All nodes are frozen; a repeated (aliased) value is the same node, so its span is where it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from ruleengine.diagnostics import Span
from ruleengine.load.source import SourceText

Style: TypeAlias = Literal["plain", "single", "double", "literal", "folded"]


class Offsets(NamedTuple):
    """Where in the file each character of a value came from.

    Shapes   starts, ends: (length of the value,), offsets into the file's text; character i covers starts[i]…ends[i]
             (several characters for an escape or a folded line end).
    """

    source: SourceText
    starts: Sequence[int]
    ends: Sequence[int]
    empty_at: int


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One text. `span` covers its quotes or its block header; `span_at` looks inside."""

    text: str
    style: Style
    span: Span
    offsets: Offsets = field(repr=False, compare=False)

    @property
    def is_plain(self) -> bool:
        """Whether it was written without quotes and not as a block."""
        return self.style == "plain"

    @property
    def is_missing(self) -> bool:
        """Whether nothing was written after the colon or dash."""
        return self.style == "plain" and not self.text

    def span_at(self, start: int, end: int) -> Span:
        """The place in the file of characters `start` up to `end` of `text`, in whatever style it was written.

        Offsets outside of the text are moved to its ends; `start == end` gives a zero-width place.
        """
        size, offsets = len(self.text), self.offsets
        if not 0 <= start <= end <= size:
            start = min(max(start, 0), size)
            end = min(max(end, start), size)
        if end > start:
            return offsets.source.span(offsets.starts[start], offsets.ends[end - 1])
        if start < size:
            return offsets.source.span(offsets.starts[start], offsets.starts[start])
        at = offsets.ends[size - 1] if size else offsets.empty_at
        return offsets.source.span(at, at)


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a map."""

    key: ScalarNode
    value: Node

    @property
    def span(self) -> Span:
        """Key and value, where the value stands after the key (an aliased value stands elsewhere)."""
        key, value = self.key.span, self.value.span
        return key.to(value) if (value.line, value.col) >= (key.end_line, key.end_col) else key


@dataclass(frozen=True, slots=True)
class MapNode:
    """Entries in the order in which they were written; keys are different from each other."""

    entries: tuple[Entry, ...]
    span: Span
    flow: bool

    def get(self, key: str) -> Entry | None:
        """The entry of a key."""
        return next((entry for entry in self.entries if entry.key.text == key), None)

    def keys(self) -> tuple[str, ...]:
        """The keys' texts, in order."""
        return tuple(entry.key.text for entry in self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)


@dataclass(frozen=True, slots=True)
class ListNode:
    """Items in order."""

    items: tuple[Node, ...]
    span: Span
    flow: bool

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


Node: TypeAlias = ScalarNode | MapNode | ListNode


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its root value and its text, which messages quote."""

    file: str
    root: Node
    source: str = field(repr=False)
