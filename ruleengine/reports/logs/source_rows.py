"""Rows of a log's files, one by one, with the number of the line they stand in."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.diagnostics.span import Span
from ruleengine.reports.evidence.problem import EvidenceProblem

LINE_CHARACTERS_MAX = 1 << 22
"""A longer line is no row of a log; it is not taken apart."""


def rows_of(path: Path, format: str) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """(line, row); None in place of a row that can't be read. Raises an `EvidenceProblem` for a file that can't."""
    try:
        with _text(path) as lines:
            yield from _csv(lines, path) if format == "csv" else _json_lines(lines)
    except (OSError, UnicodeDecodeError, EOFError, zlib.error, csv.Error) as error:
        raise EvidenceProblem([faults.log_unreadable(Span.of_file(str(path)), str(error))]) from None


def _text(path: Path) -> io.TextIOBase:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _csv(lines: io.TextIOBase, path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    reader = csv.DictReader(lines)
    if reader.fieldnames is None:
        raise EvidenceProblem([faults.log_unreadable(Span.of_file(str(path)), "it is empty")])
    for row in reader:
        is_whole = None not in row and None not in row.values()
        yield reader.line_num, row if is_whole else None


def _json_lines(lines: io.TextIOBase) -> Iterator[tuple[int, dict[str, Any] | None]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line) if len(line) <= LINE_CHARACTERS_MAX else None
        except (ValueError, RecursionError):
            row = None
        yield number, row if isinstance(row, dict) else None
