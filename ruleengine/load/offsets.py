"""From the characters of a value back to the characters of the file, in each of YAML's styles.

The value itself comes from the parser; here its text is walked beside the source, and the walk has to arrive at the
same value. Where it does not, each character covers the whole scalar: coarse, never wrong.
"""

from __future__ import annotations

from ruleengine.load.document import Offsets, Style
from ruleengine.load.source import SourceText

_BLANKS = " \t\r\n"
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


class _Walk:
    """Characters found so far, with where they came from."""

    def __init__(self) -> None:
        self.chars: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, char: str, start: int, end: int) -> None:
        self.chars.append(char)
        self.starts.append(start)
        self.ends.append(end)


def map_offsets(source: SourceText, value: str, style: Style, start: int, end: int) -> Offsets:
    """Offsets of a scalar written at `start` up to `end` (quotes and block header included)."""
    text = source.text
    inner = start + 1 if style in ("single", "double") else start
    close = end if style in ("plain", "literal", "folded") else end - 1
    if len(value) == close - inner and text.startswith(value, inner):
        return Offsets(source, range(inner, close), range(inner + 1, close + 1), inner)
    if style in ("literal", "folded"):
        walk = _walk_block(text, value, start, end)
    else:
        walk = _walk_flow(text, value, style, inner, close)
    if walk is None or "".join(walk.chars) != value:
        return Offsets(source, [start] * len(value), [end] * len(value), inner)
    return Offsets(source, walk.starts, walk.ends, inner)


def read_plain(source: SourceText, start: int, end: int) -> tuple[str, Offsets]:
    """A stretch of the file read as one plain text, for pieces that the parser has cut."""
    walk = _walk_flow(source.text, "", "plain", start, end)
    return "".join(walk.chars), Offsets(source, walk.starts, walk.ends, start)


def _walk_flow(text: str, value: str, style: Style, start: int, end: int) -> _Walk:
    """Plain and quoted text: line ends fold into one space, or into one line end less than were written."""
    walk = _Walk()
    at = start
    is_line_joined = False
    while at < end:
        char = text[at]
        if char in _BLANKS or is_line_joined:
            at = _fold(text, at, end, walk, is_line_joined)
            is_line_joined = False
        elif style == "single" and char == "'":
            walk.add("'", at, at + 2)
            at += 2
        elif style == "double" and char == "\\":
            after, is_line_joined = _escape(text, at, len(walk.chars), value, walk)
            at = after
        else:
            walk.add(char, at, at + 1)
            at += 1
    return walk


def _fold(text: str, at: int, end: int, walk: _Walk, is_line_joined: bool) -> int:
    """One run of blanks: kept as they are within a line, folded where the line ends in them."""
    stop = at
    breaks: list[int] = []
    while stop < end and text[stop] in _BLANKS:
        if text[stop] == "\n":
            breaks.append(stop - 1 if stop > at and text[stop - 1] == "\r" else stop)
        stop += 1
    if is_line_joined:
        for place in breaks:
            walk.add("\n", place, stop)
    elif not breaks:
        for place in range(at, stop):
            walk.add(text[place], place, place + 1)
    elif len(breaks) == 1:
        walk.add(" ", breaks[0], stop)
    else:
        for place in breaks[1:]:
            walk.add("\n", place, stop)
    return stop


def _escape(text: str, at: int, size: int, value: str, walk: _Walk) -> tuple[int, bool]:
    """One backslash escape; the parser has validated it and its character is the next one of the value."""
    kind = text[at + 1 : at + 2]
    if kind in ("\n", "\r"):
        return at + (3 if text[at + 1 : at + 3] == "\r\n" else 2), True
    after = at + 2 + _HEX_DIGITS.get(kind, 0)
    walk.add(value[size : size + 1], at, after)
    return after, False


def _walk_block(text: str, value: str, start: int, end: int) -> _Walk | None:
    """Literal and folded blocks: lines without their indentation, line ends kept, folded or dropped."""
    content = _block_content(text, value, start, end)
    if content is None:
        return None
    walk = _Walk()
    at = 0
    for char in value:
        while at < len(content) and content[at][0] == "\n" and char not in "\n ":
            at += 1  # a line end that folding has dropped
        if at >= len(content):
            return None
        found, begin, stop = content[at]
        if found != char and not (found == "\n" and char == " "):
            return None
        walk.add(char, begin, stop)
        at += 1
    return walk


def _block_content(text: str, value: str, start: int, end: int) -> list[tuple[str, int, int]] | None:
    """Characters of a block after its header, indentation taken off: character, start, end."""
    first = text.find("\n", start, end) + 1
    if first == 0:
        return None
    lines = text[first:end].split("\n")
    indent = _indent_of(lines, value)
    content: list[tuple[str, int, int]] = []
    at = first
    for number, line in enumerate(lines):
        body = line.removesuffix("\r")
        content += [(char, at + column, at + column + 1) for column, char in enumerate(body) if column >= indent]
        if number + 1 < len(lines):
            content.append(("\n", at + len(body), at + len(line) + 1))
        at += len(line) + 1
    return content


def _indent_of(lines: list[str], value: str) -> int:
    """Columns taken off each line: what the first line with text has more in the source than in the value."""
    written = next((line for line in lines if line.strip()), "")
    read = next((line for line in value.split("\n") if line.strip()), "")
    return (len(written) - len(written.lstrip(" "))) - (len(read) - len(read.lstrip(" ")))
