"""Reads files of marked cases; the format stands in README.md beside this file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_TITLE = re.compile(r"^### (.*)\n", re.MULTILINE)
_MARK = re.compile(r"#\s*((?:RE\d{3}(?: col \d+)?\s*)+)\r?$")
_FAULT = re.compile(r"(RE\d{3})(?: col (\d+))?")


@dataclass(frozen=True)
class Expected:
    """A fault on a line, at a column where the mark says one."""

    code: str
    line: int
    column: int | None


@dataclass(frozen=True)
class Case:
    """One text and the faults marked in it."""

    title: str
    text: str
    expected: tuple[Expected, ...]


def cases_of(path: Path) -> list[Case]:
    """The cases of a file, in order; a file without titles is one case."""
    text = path.read_bytes().decode()
    parts = _TITLE.split(text)
    if len(parts) == 1:
        return [_case(path.stem, text)]
    assert not parts[0].strip(), f"{path}: text before the first title"
    return [_case(title, body) for title, body in zip(parts[1::2], parts[2::2], strict=True)]


def _case(title: str, text: str) -> Case:
    expected = []
    for number, line in enumerate(text.split("\n"), 1):
        mark = _MARK.search(line)
        for code, column in _FAULT.findall(mark.group(1)) if mark else ():
            expected.append(Expected(code, number, int(column) if column else None))
    return Case(title, text, tuple(expected))
