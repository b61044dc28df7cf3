"""Where a parser broke off, and the questions that recognisers ask about the text around.

Every question reads a line or two; nothing is changed and nothing beyond the ends of the text is touched.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.load.document import Style
from ruleengine.load.source import SourceText

_ENTRY: Final = re.compile(
    r"(?P<lead>[ ]*(?:- +)*)(?P<key>[^\s#:'\"\[\]{},][^#:\n]*?|\"[^\"\n]*\"|'[^'\n]*') *:(?: +|$)"
)


_KEY_WITHIN: Final = 300  # a key further to the right is none; the pattern takes quadratic time in this


class Breakage(NamedTuple):
    """The parser's words and offsets: where it stopped, and where what it was reading had begun."""

    problem: str
    at: int
    context: str
    context_at: int | None


class LastScalar(NamedTuple):
    """The text that was read completely just before."""

    start: int
    end: int
    style: Style


class Case(NamedTuple):
    """Everything a recogniser may look at."""

    source: SourceText
    broke: Breakage
    last: LastScalar | None

    @property
    def text(self) -> str:
        return self.source.text

    def line(self, offset: int) -> str:
        start, end = self.source.line_at(offset)
        return self.text[start:end]

    def char(self) -> str:
        return self.text[self.broke.at : self.broke.at + 1]


def entry_of(line: str) -> re.Match[str] | None:
    """Dashes and key at the beginning of a line; only its first characters are looked at, which bounds the work."""
    return _ENTRY.match(line[:_KEY_WITHIN])


def value_on_line(case: Case, offset: int) -> tuple[int, int]:
    """Begin and end of what stands after the key or dash on a line, without a comment; empty where there is no key."""
    start, end = case.source.line_at(offset)
    line = case.text[start:end]
    entry = entry_of(line) or re.match(r"[ ]*(?:- +)+", line)
    begin = start + (entry.end() if entry else len(line) - len(line.lstrip(" ")))
    comment = re.compile(r"\s#").search(case.text, begin, end)
    stop = comment.start() if comment else end
    return begin, begin + len(case.text[begin:stop].rstrip())


def entry_before(case: Case, at: int | None = None) -> tuple[str, int]:
    """What stands on the line between the last comma or opening bracket and a place, and where it begins."""
    stop = case.broke.at if at is None else at
    line_start, _ = case.source.line_at(stop)
    start = max(case.text.rfind(mark, line_start, stop) + 1 for mark in ",[{")
    start = max(start, line_start)
    text = case.text[start:stop]
    blanks = len(text) - len(text.lstrip())
    return text[blanks:], start + blanks


def line_beginning(case: Case) -> int:
    start, end = case.source.line_at(case.broke.at)
    return start + len(case.text[start:end]) - len(case.text[start:end].lstrip())


def brackets_before(case: Case, at: int) -> bool:
    """Whether a bracket is opened on the line before a place and not closed again."""
    start, _ = case.source.line_at(at)
    before = case.text[start:at]
    return before.count("[") + before.count("{") > before.count("]") + before.count("}")


def width_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def in_flow(case: Case) -> bool:
    return "flow mapping" in case.broke.context or "flow sequence" in case.broke.context


def same_line(case: Case, left: int, right: int) -> bool:
    return case.source.place(left)[0] == case.source.place(right)[0]


def column_of(case: Case) -> int:
    return case.source.place(case.broke.at)[1] - 1


def here(case: Case) -> Span:
    """The character that the parser could not take; at the end of the file a zero-width place."""
    width = 0 if case.char() in ("", "\n") else 1
    return case.source.span(case.broke.at, case.broke.at + width)


def clipped(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
