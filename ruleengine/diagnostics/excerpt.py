"""The line of a file with carets under the exact place, as it looks in a terminal.

Columns of a file count characters; columns of a terminal do not: a Hangul letter takes two, a combining accent none, a
tab as many as are left to the next stop. Characters that cannot be seen or would turn the line round are spelled out.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from ruleengine.diagnostics.span import Span

_TAB_COLUMNS = 4
_CELLS_MAX = 110
_LEAD_IN_MAX = 40


def excerpt(span: Span, source: str | None) -> list[str]:
    """The quoted line and the carets under it; nothing where the file's text is not at hand or has no such line.

    A span over several lines is marked to the end of its first one.
    """
    line = _line(source, span.line) if source is not None else None
    if line is None:
        return []
    first = min(span.col - 1, len(line))
    last = min(span.end_col - 1, len(line)) if span.end_line == span.line else len(line)
    shown, start, width = _lay_out(line, first, max(first, last))
    number = str(span.line)
    margin = " " * len(number)
    return [f"{margin} |", f"{number} | {shown}".rstrip(), f"{margin} | {' ' * start}{'^' * max(1, width)}"]


def cell_width(char: str, column: int = 0) -> int:
    """Cells that a character takes in a terminal when it stands at `column` (which matters to tabs).

    >>> cell_width("a"), cell_width("한"), cell_width("\\u0301"), cell_width("\\t", 5)
    (1, 2, 0, 3)
    """
    return len(_shown(char, column)) if _is_spelled_out(char) else _printable_width(char)


def _line(source: str, number: int) -> str | None:
    lines = _lines(source)
    return lines[number - 1].removesuffix("\r") if 1 <= number <= len(lines) else None


@lru_cache(maxsize=8)
def _lines(source: str) -> list[str]:
    """A file has many findings, and all of them quote it."""
    return source.split("\n")


def _lay_out(line: str, first: int, last: int) -> tuple[str, int, int]:
    """The line as shown, and the cells before and under the carets; a long line is clipped round them."""
    begin = 0
    if len(line) > _CELLS_MAX and first > _LEAD_IN_MAX:
        begin = first - _LEAD_IN_MAX
    pieces = ["…"] if begin else []
    column = len(pieces)
    start = end = column
    for index in range(begin, len(line)):
        if index == first:
            start = column
        if index == last:
            end = column
        if column >= _CELLS_MAX:
            pieces.append("…")
            break
        pieces.append(_shown(line[index], column))
        column += cell_width(line[index], column)
    if first >= len(line):
        start = column
    if last >= len(line) or end < start:
        end = column
    return "".join(pieces), start, end - start


def _is_spelled_out(char: str) -> bool:
    return char == "\t" or (not char.isprintable())


def _shown(char: str, column: int) -> str:
    if char == "\t":
        return " " * (_TAB_COLUMNS - column % _TAB_COLUMNS)
    return char if char.isprintable() else f"<U+{ord(char):04X}>"


def _printable_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
