"""What the running engine finds, as lines of the record."""

from __future__ import annotations

from typing import Literal

from ruleengine.diagnostics import Diagnostic, Severity
from ruleengine.model.audit import Note

_LEVELS: dict[Severity, Literal["info", "warning", "alert"]] = {
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.ERROR: "alert",
}


def note(found: Diagnostic, ts: int, seq: int, key: str = "") -> Note:
    """A finding of the running engine as a line of the record; errors alarm."""
    return Note(ts, seq, _LEVELS[found.severity], found.code, found.message, key)
