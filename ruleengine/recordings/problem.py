"""The one exception of this package: data from outside that cannot be used, with its findings.

RecordingProblem    carries Diagnostics (RE4xx); the command line prints them and exits with 2
"""

from __future__ import annotations

from pathlib import Path

from ruleengine.diagnostics import Diagnostic, Span


class RecordingProblem(Exception):
    """Input, mapping or recording that cannot be used."""

    def __init__(self, *findings: Diagnostic) -> None:
        super().__init__("; ".join(f"{found.span}: {found.code} {found.message}" for found in findings))
        self.findings = findings


def whole_file(path: Path | str) -> Span:
    """The place of a fault of a file as a whole."""
    return Span.of_file(str(path))


def line_of(path: Path | str, line: int) -> Span:
    """The place of a fault of one line."""
    return Span(str(path), line, 1, line, 1)
