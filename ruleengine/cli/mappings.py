"""Mappings of recordings and logs: a file as what it is, or what it says wrong. `ruleengine import` uses them, and
`ruleengine validate` checks those that a folder of policies holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.load import load_file
from ruleengine.load.as_plain import plain
from ruleengine.recordings.importer import mapping_from_plain
from ruleengine.recordings.mapping import Mapping
from ruleengine.recordings.problem import RecordingProblem
from ruleengine.reports.logs import LogMapping

_KINDS = ("decisions", "trades")


def is_of_log(content: Any) -> bool:
    """Does a mapping say that it is one of a log? One of market data has no `kind`."""
    return isinstance(content, dict) and content.get("kind") in _KINDS


def mapping_as_model(content: Any, file: Path) -> tuple[Mapping | LogMapping | None, list[Diagnostic]]:
    """A mapping from plain data; None and what is wrong with it, where it is none."""
    try:
        return (LogMapping.model_validate(content) if is_of_log(content) else mapping_from_plain(content, file)), []
    except RecordingProblem as problem:
        return None, list(problem.findings)
    except ValidationError as refusal:
        place = Span.of_file(str(file))
        return None, [
            faults.log_mapping_wrong(
                place, ".".join(map(str, each["loc"])) or "mapping", each["msg"].removeprefix("Value error, ")
            )
            for each in refusal.errors(include_url=False)
        ]


def check_mapping(file: Path) -> tuple[list[Diagnostic], dict[str, str]]:
    """Findings of one mapping file, with the text to quote."""
    document, found = load_file(file)
    if document is None:
        return found, {}
    if not found:
        found = mapping_as_model(plain(document.root), file)[1]
    return found, {document.file: document.source}
