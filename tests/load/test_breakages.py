"""A policy broken in one place is refused on that line: generated single slips of typing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ruleengine.load import load_bytes
from tests.load.mutations import POLICY

LINES = POLICY.decode().split("\n")


def slips() -> Iterator[tuple[str, int, str]]:
    """Kind, index of the line, the line as it was mistyped; block texts are left out, where no slip shows."""
    block = range(LINES.index("    doc: |") + 1, LINES.index("    doc: |") + 3)
    for index, line in enumerate(LINES):
        if not line.strip() or line.startswith("#") or index in block:
            continue
        for match in re.finditer(r": (?=\S)", line):
            yield "no space after a colon", index, line[: match.end() - 1] + line[match.end() :]
        for match in re.finditer(r"[\[\]{}\"]", line):
            yield f"{match.group()} lost", index, line[: match.start()] + line[match.end() :]
            yield f"{match.group()} twice", index, line[: match.start()] + match.group() + line[match.start() :]
        if line.startswith(" "):
            yield "tab", index, "\t" + line.lstrip()
        if line.endswith(":"):
            yield "colon lost", index, line[:-1]
        key = re.match(r" *(?:- )?(\w+):(?= \w)", line)
        if key and not line.lstrip().startswith("- "):
            yield "line twice", index, f"{line}\n{line}"


def test_slips_are_refused_on_their_line() -> None:
    missed = []
    total = 0
    for kind, index, line in slips():
        total += 1
        text = "\n".join([*LINES[:index], line, *LINES[index + 1 :]])
        _, found = load_bytes(text.encode(), "x.yaml")
        on_line = range(index + 1, index + 2 + line.count("\n"))
        if not any(finding.span.line in on_line for finding in found):
            missed.append((kind, line))
    assert total > 100
    # good YAML that a later stage refuses: an expression with a bracket too many, a text with a stray quote
    assert [miss for miss in missed if not is_for_a_later_stage(*miss)] == []


def is_for_a_later_stage(kind: str, line: str) -> bool:
    return kind in ("[ lost", '" lost') and ("at_most" in line or "doc" in line)
