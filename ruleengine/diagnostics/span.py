"""A place in a file that a person wrote.

Lines and columns count characters from 1, the end is exclusive. Knows nothing of files' contents.
"""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """From `line:col` up to, not including, `end_line:end_col`."""

    file: str
    line: int
    col: int
    end_line: int
    end_col: int

    @classmethod
    def of_file(cls, file: str) -> Span:
        """The very beginning of a file, for faults of the file as a whole."""
        return cls(file, 1, 1, 1, 1)

    @classmethod
    def of_option(cls, option: str) -> Span:
        """What was given beside a command: it stands in no file, so it has no line."""
        return cls(option, 0, 0, 0, 0)

    def within(self, start: int, end: int) -> Span:
        """Characters `start` up to `end` of a one-line text that begins where this span begins.

        Offsets outside of a one-line span are moved to its ends, so that a place is never invented.

        >>> Span("a.yaml", 3, 7, 3, 20).within(2, 5)
        Span(file='a.yaml', line=3, col=9, end_line=3, end_col=12)
        """
        longest = self.end_col - self.col if self.end_line == self.line else max(start, end)
        first = min(max(start, 0), longest)
        last = min(max(end, first), longest)
        return Span(self.file, self.line, self.col + first, self.line, self.col + last)

    def start(self) -> Span:
        """The zero-width place at which this span begins."""
        return Span(self.file, self.line, self.col, self.line, self.col)

    def to(self, other: Span) -> Span:
        """From the beginning of this span to the end of a later one in the same file."""
        return Span(self.file, self.line, self.col, other.end_line, other.end_col)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.col}" if self.line else self.file
