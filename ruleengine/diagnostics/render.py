"""Findings as a person, a program or GitHub reads them.

Every form is stable: same findings, same text. Where sources are at hand the text form quotes the line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ruleengine.diagnostics.catalogue.pages import visible
from ruleengine.diagnostics.diagnostic import Diagnostic, Severity
from ruleengine.diagnostics.excerpt import excerpt
from ruleengine.diagnostics.span import Span

_GITHUB_SHOWN_MAX = 10  # annotations of one level that GitHub shows for one step; the rest stands in the log only
_GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}

_BOLD, _RESET, _CYAN = "\x1b[1m", "\x1b[0m", "\x1b[36m"
_COLOURS = {Severity.ERROR: "\x1b[31m", Severity.WARNING: "\x1b[33m", Severity.INFO: "\x1b[34m"}


def render_text(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], colour: bool = False) -> str:
    """Each finding with its line quoted, in order of place, then the summary.

    Shapes   sources: file name as in the spans → the file's text; a missing one only costs the quotation.
    """
    ordered = sorted(diagnostics)
    blocks = [_block(found, sources, colour) for found in ordered]
    return "\n\n".join([*blocks, summary(ordered)]) + "\n"


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """One JSON object: `findings` in order of place, and `summary` with counts."""
    ordered = sorted(diagnostics)
    counts = Counter(found.severity for found in ordered)
    document = {
        "findings": [_as_json(found) for found in ordered],
        "summary": {
            "errors": counts[Severity.ERROR],
            "warnings": counts[Severity.WARNING],
            "infos": counts[Severity.INFO],
            "files": len({found.span.file for found in ordered}),
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands, most severe first, because GitHub shows ten of a level and drops the others."""
    ordered = sorted(diagnostics, key=lambda found: (found.severity.rank, found.sort_key))
    lines = [_workflow_command(found) for found in ordered]
    counts = Counter(found.severity for found in ordered)
    hidden = sum(max(0, count - _GITHUB_SHOWN_MAX) for count in counts.values())
    tail = f" ({hidden} of them only in this log: GitHub shows {_GITHUB_SHOWN_MAX} of a level)" if hidden else ""
    return "\n".join([*lines, summary(ordered) + tail]) + "\n"


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """One line of counts.

    >>> summary([])
    'no findings'
    """
    if not diagnostics:
        return "no findings"
    counts = Counter(found.severity for found in diagnostics)
    parts = [_counted(counts[severity], severity.value) for severity in Severity if counts[severity]]
    return f"{', '.join(parts)} in {_counted(len({found.span.file for found in diagnostics}), 'file')}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _block(found: Diagnostic, sources: Mapping[str, str], colour: bool) -> str:
    paint = _COLOURS[found.severity] if colour else ""
    bold, cyan, reset = (_BOLD, _CYAN, _RESET) if colour else ("", "", "")
    kind = "" if found.severity is Severity.ERROR else f" {found.severity.value}:"
    lines = [f"{bold}{_place(found.span)}{reset}: {paint}{found.code}{kind}{reset} {visible(found.message)}"]
    lines += _painted(excerpt(found.span, sources.get(found.span.file)), paint, reset)
    for related in found.related:
        lines.append(f"{_place(related.span)}: {visible(related.message)}")
        lines += _painted(excerpt(related.span, sources.get(related.span.file)), cyan, reset)
    if found.help is not None:
        lines += [f"{cyan}help{reset}: {visible(line)}" for line in found.help.split("\n")]
    lines.append(f"docs: ruleengine explain {found.code}")
    return "\n".join(lines)


def _painted(lines: list[str], paint: str, reset: str) -> list[str]:
    """Only the carets carry colour: they are the last line of an excerpt."""
    return [*lines[:-1], f"{paint}{lines[-1]}{reset}"] if lines and paint else lines


def _place(span: Span) -> str:
    return visible(str(span))


def _as_json(found: Diagnostic) -> dict[str, object]:
    return {
        "code": found.code,
        "severity": found.severity.value,
        "message": found.message,
        "help": found.help,
        **_span_as_json(found.span),
        "related": [{"message": related.message, **_span_as_json(related.span)} for related in found.related],
        "docs": f"ruleengine explain {found.code}",
    }


def _span_as_json(span: Span) -> dict[str, object]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.col,
        "end_line": span.end_line,
        "end_column": span.end_col,
    }


def _workflow_command(found: Diagnostic) -> str:
    span = found.span
    places = {"file": span.file, "line": span.line, "endLine": span.end_line}
    if span.line == span.end_line:  # GitHub ignores columns of a range over several lines
        places |= {"col": span.col, "endColumn": max(span.col, span.end_col - 1)}
    places["title"] = found.code
    properties = ",".join(f"{name}={_escape_property(str(value))}" for name, value in places.items())
    text = found.message if found.help is None else f"{found.message}\nhelp: {found.help}"
    return f"::{_GITHUB_LEVELS[found.severity]} {properties}::{_escape_data(text)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
