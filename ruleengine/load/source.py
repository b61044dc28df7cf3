"""A file's text and where its lines begin: character offsets to places and back.

Offsets count characters from 0; lines end with `\\n` or `\\r\\n` only (other line ends are refused as characters).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from ruleengine.diagnostics import Span


@dataclass(frozen=True, slots=True)
class SourceText:
    """Text of one file under the name that messages use for it."""

    file: str
    text: str
    line_starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, file: str, text: str) -> SourceText:
        starts = [0]
        at = text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = text.find("\n", at + 1)
        return cls(file, text, tuple(starts))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character.

        >>> SourceText.of("a.yaml", "ab\\ncd").place(4)
        (2, 2)
        """
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """Characters `start` up to `end`; offsets beyond the text are moved to its end."""
        size, starts = len(self.text), self.line_starts
        if not 0 <= start <= end <= size:
            start = min(max(start, 0), size)
            end = min(max(end, start), size)
        line = bisect_right(starts, start)
        before = starts[line - 1] - 1
        if line == len(starts) or end < starts[line]:  # nearly every text stands on one line
            return Span(self.file, line, start - before, line, end - before)
        return Span(self.file, line, start - before, *self.place(end))

    def line_at(self, offset: int) -> tuple[int, int]:
        """Begin and end (without the line end) of the line that a character stands on."""
        number = bisect_right(self.line_starts, offset)
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        if end > start and self.text[end - 1] == "\r":
            end -= 1
        return start, end
