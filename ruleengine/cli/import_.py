"""`ruleengine import`: recorded data in, with its defects reported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from ruleengine.cli.failure import CommandError
from ruleengine.cli.import_logs import import_logs, log_mapping, log_presets
from ruleengine.cli.mappings import mapping_as_model
from ruleengine.cli.plain import plain_document
from ruleengine.cli.streams import tell
from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.declared import Overrides, option_of
from ruleengine.recordings.importer import import_recording
from ruleengine.recordings.mapping import Mapping
from ruleengine.recordings.presets import PRESETS
from ruleengine.recordings.problem import RecordingProblem
from ruleengine.recordings.report import render_report


def import_recordings(
    inputs: Sequence[Path],
    out: Path | None,
    preset: str | None,
    mapping: Path | None,
    instrument: str | None,
    venue: str | None,
    overrides: Overrides,
    force: bool,
    format: str,
) -> int:
    """Exit code 0 where the import was done, whatever defects it reports; 1 where the mapping's file says something
    wrong, 2 where it could not be done."""
    if preset == "list":
        return _list_presets(format)
    log = log_mapping(preset, mapping)
    if log is not None:
        given = {"--instrument": instrument, "--venue": venue, **overrides.model_dump(exclude_none=True)}
        return import_logs(log, inputs, out, [name for name, value in given.items() if value], force, format)
    used = _mapping(preset, mapping)
    if not inputs or out is None:
        raise CommandError("give the files to import and --out FOLDER", "ruleengine import --help shows an example")
    try:
        report = import_recording(
            used, inputs, out, instrument=instrument or "", venue=venue or "", declared=overrides, force=force
        )
    except RecordingProblem as problem:
        raise _refused(problem.findings) from None
    print(json.dumps(asdict(report), default=str, indent=2) if format == "json" else render_report(report))
    return 0


def _list_presets(format: str) -> int:
    known = {**{name: each.doc for name, each in PRESETS.items()}, **log_presets()}
    if format == "json":
        print(json.dumps(known, ensure_ascii=False, indent=2))
    else:
        for name, doc in known.items():
            print(f"{name:28} {doc}")
    return 0


def declared(
    zone: str | None, interval: str | None, session: str | None, price_band: str | None, divide_by: int | None
) -> Overrides:
    """What the command line declares beside a mapping."""
    band: tuple[float, float] | None = None
    if price_band is not None:
        low, _, high = price_band.partition(":")
        try:
            band = (float(low), float(high))
        except ValueError:
            raise _refused(
                [faults.declaration_unusable(option_of("price_band"), f"{price_band} is no band; write it as 50:250")]
            ) from None
    try:
        return Overrides(zone=zone, interval=interval, session=session, price_band=band, divide_by=divide_by)
    except ValidationError as refusal:
        found = [
            faults.declaration_unusable(option_of(str(each["loc"][0])), each["msg"].removeprefix("Value error, "))
            for each in refusal.errors(include_url=False)
        ]
        raise _refused(found) from None


def _refused(found: Sequence[Diagnostic], exit_code: int = 2) -> CommandError:
    tell(found, {})
    return CommandError("nothing was imported", "mend what is listed above", exit_code)


def _mapping(preset: str | None, mapping: Path | None) -> Mapping | str:
    """A mapping that says something wrong is exit code 1, as any document; one that can't be read is 2."""
    if (preset is None) == (mapping is None):
        raise CommandError("give --preset NAME or --mapping FILE", "`--preset list` shows the built-in mappings")
    if mapping is None:
        return str(preset)
    model, found = mapping_as_model(plain_document(mapping), mapping)
    if not isinstance(model, Mapping):
        raise _refused(found, 1)
    return model
