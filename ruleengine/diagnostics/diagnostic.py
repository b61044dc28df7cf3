"""A fault in something a person wrote: a value in a list, never an exception.

The wording is not here: it stands in `catalogue/`, one function per fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ruleengine.diagnostics.span import Span


class Severity(StrEnum):
    """How much a finding weighs: an error refuses the file, a warning and an info do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the most severe."""
        return _RANKS[self]


_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that belongs to the fault, with what stands there ("first written here")."""

    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: code, words, place, and what to do about it."""

    code: str
    message: str
    span: Span
    help: str | None = None
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = ()

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """File, line, column, then code; the message only makes the order total."""
        return (self.span.file, self.span.line, self.span.col, self.code, self.message)

    def __lt__(self, other: Diagnostic) -> bool:
        return self.sort_key < other.sort_key


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any finding refuses the file."""
    return any(found.severity is Severity.ERROR for found in diagnostics)
