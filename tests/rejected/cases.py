"""Reads the files of rejected policies; their format stands in README.md beside this file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ruleengine.load import Document, MapNode, load_bytes, load_file

HERE = Path(__file__).parent
_TITLE = re.compile(r"^### (.*)\n", re.MULTILINE)
_MARK = re.compile(r"#\s*expect\s+((?:RE\d{3}(?: col \d+)?\s*)+)$")
_FAULT = re.compile(r"(RE\d{3})(?: col (\d+))?")


@dataclass(frozen=True)
class Fault:
    """An expected fault; the column is None where the mark names none."""

    line: int
    column: int | None
    code: str


@dataclass(frozen=True)
class Case:
    """One text with its marks."""

    title: str
    text: str
    expected: tuple[Fault, ...]

    def document(self) -> Document:
        """The text as loaded, with what it leaves out taken from the minimal policy."""
        document, found = load_bytes(self.text.encode(), "case.yaml")
        assert document is not None, found
        if self.title.startswith("whole:"):
            return document
        minimal, _ = load_file(HERE / "minimal.yaml")
        assert minimal is not None
        assert isinstance(document.root, MapNode)
        assert isinstance(minimal.root, MapNode)
        missing = tuple(entry for entry in minimal.root if document.root.get(entry.key.text) is None)
        root = MapNode((*document.root.entries, *missing), document.root.span, flow=False)
        return Document(document.file, root, document.source)


def cases_of(path: Path) -> list[Case]:
    """The cases of a file, in order."""
    parts = _TITLE.split(path.read_text(encoding="utf-8"))
    return [_case(title, body) for title, body in zip(parts[1::2], parts[2::2], strict=True)]


def _case(title: str, text: str) -> Case:
    expected: list[Fault] = []
    for number, line in enumerate(text.split("\n"), 1):
        mark = _MARK.search(line)
        if mark is None:
            continue
        faults = _FAULT.findall(mark[1])
        # one column behind several codes is that of all of them
        last = faults[-1][1]
        expected += [Fault(number, int(column or last) if column or last else None, code) for code, column in faults]
    return Case(title, text, tuple(expected))
