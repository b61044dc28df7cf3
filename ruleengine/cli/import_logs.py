"""`ruleengine import` of logs of other systems: decisions and closed trades, for reports."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ruleengine.cli.failure import CommandError
from ruleengine.cli.mappings import is_of_log, mapping_as_model
from ruleengine.cli.plain import plain_document
from ruleengine.cli.streams import tell
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.logs import LOG_PRESETS, ImportReport, LogMapping, import_log
from ruleengine.reports.tables import Table, text_of, when


def log_presets() -> dict[str, str]:
    """Built-in mappings of logs: name → what they read."""
    return {name: each.doc for name, each in LOG_PRESETS.items()}


def log_mapping(preset: str | None, mapping: Path | None) -> LogMapping | None:
    """The mapping, where it is one of a log; None where it is one of market data (or none is named)."""
    if preset is not None and mapping is None:
        return LOG_PRESETS.get(preset)
    if mapping is None or preset is not None:
        return None
    content = plain_document(mapping)
    if not is_of_log(content):
        return None
    model, found = mapping_as_model(content, mapping)
    if not isinstance(model, LogMapping):
        tell(found, {})
        raise CommandError("nothing was imported", "mend what is listed above", 1)
    return model


def import_logs(
    mapping: LogMapping, inputs: Sequence[Path], out: Path | None, useless: Sequence[str], force: bool, format: str
) -> int:
    """Exit code 0 where the import was done, whatever defects it counts."""
    if not inputs or out is None:
        raise CommandError("give the files to import and --out FOLDER", "ruleengine import --help shows an example")
    if useless:
        raise CommandError(
            f"{', '.join(useless)}: a log says such things in its mapping",
            "leave the option away, or change the mapping",
        )
    try:
        report = import_log(mapping, inputs, out, force=force)
    except EvidenceProblem as problem:
        tell(problem.findings, {})
        raise CommandError("nothing was imported", "mend what is listed above") from None
    print(json.dumps(asdict(report), ensure_ascii=False, indent=2) if format == "json" else _text(report, out))
    sys.stderr.write(f"`ruleengine report guards {out}` or `ruleengine report outcomes {out}` reports on it\n")
    return 0


def _text(report: ImportReport, out: Path) -> str:
    took = Table("Imported", ["what", "value"], right=(1,))
    took.rows = [
        ["rows read", f"{report.rows:,}"],
        [report.kind, f"{report.taken:,}"],
        *([["of them answered", f"{report.answered:,}"]] if report.kind == "decisions" else []),
        ["rows of other kinds", f"{report.outside:,}"],
        ["from", when(report.first_ns)],
        ["to", when(report.last_ns)],
        ["into", str(out)],
    ]
    defects = Table("Defects", ["what", "n", "first"], right=(1,))
    defects.rows = [[what, f"{n:,}", report.firsts.get(what, "–")] for what, n in report.defects.items()]
    assumed = Table("Taken for granted", [""])
    assumed.rows = [[line] for line in report.assumes]
    return text_of([took, defects, assumed])
