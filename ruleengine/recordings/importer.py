"""From a source's files to a recording folder: all of it, or nothing.

1. The mapping is completed by what the operator declares, and checked (`_checked`).
2. Inputs are digested and turned to lines (`_inputs`), then staged table by table (`stage.py`).
3. Gaps are flagged, counts and figures taken.
4. Rows go to Parquet, one folder an instrument, kind and date, beside the place of the recording.
5. Digest and manifest are written, and the folder is renamed into its place.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
from pydantic import ValidationError

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.diagnostics.suggest import did_you_mean
from ruleengine.recordings.declared import Overrides, option_of, unusable, with_overrides, words
from ruleengine.recordings.digest import data_digest
from ruleengine.recordings.engine import EngineLimits, connect, quoted
from ruleengine.recordings.frames import STREAMS, Seen, split_frames
from ruleengine.recordings.frozen import flag_frozen
from ruleengine.recordings.gaps import flag_gaps
from ruleengine.recordings.layout import MANIFEST_NAME, is_path_safe
from ruleengine.recordings.manifest import Manifest
from ruleengine.recordings.mapping import Mapping, Table
from ruleengine.recordings.measure import defect_counts, hints, table_report
from ruleengine.recordings.presets import PRESETS
from ruleengine.recordings.problem import RecordingProblem, whole_file
from ruleengine.recordings.report import DefectCount, ImportReport, Place
from ruleengine.recordings.sources import Lines, Origin, csv_lines, json_lines, json_map_lines, origin_of
from ruleengine.recordings.stage import DAY_NS, Part, Stage, Staged
from ruleengine.recordings.writer import write_rows


@dataclass(slots=True)
class _Inputs:
    """The inputs as lines: (number of the input, lines, stream), and what frames had."""

    files: list[Path]
    origins: list[Origin]
    lines: list[tuple[int, Lines, str]] = field(default_factory=list)
    seen: list[tuple[int, Seen]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def import_recording(
    mapping: Mapping | str,
    inputs: Sequence[Path | str],
    out: Path | str,
    *,
    instrument: str = "",
    venue: str = "",
    declared: Overrides | None = None,
    force: bool = False,
    limits: EngineLimits | None = None,
    now_ns: int | None = None,
) -> ImportReport:
    """Import files by a mapping (or the name of a built-in one) into a new recording folder.

    `inputs`: files, or folders whose files are taken in the order of their names. `instrument` names what the source
    does not. `now_ns` (by default the clock's time) only refuses stamps of the future. Raises `RecordingProblem` with
    findings; nothing is left behind then.
    """
    given = _mapping_of(mapping)
    used = with_overrides(given, declared or Overrides())
    venue = venue or used.venue
    target = Path(out)
    _checked(used, venue, instrument, target, force, unusable(given, declared or Overrides()))
    files = _files_of(inputs)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        report = _import_into(partial, used, files, venue, instrument, target, limits or EngineLimits(), now_ns)
        _move_into_place(partial, target)
    except duckdb.Error as failure:
        # The vendor's words name internals; the first line says what did not fit.
        reason = str(failure).splitlines()[0]
        raise RecordingProblem(faults.input_unreadable(whole_file(files[0]), reason)) from failure
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return report


def _import_into(
    partial: Path,
    mapping: Mapping,
    files: list[Path],
    venue: str,
    instrument: str,
    target: Path,
    limits: EngineLimits,
    now_ns: int | None,
) -> ImportReport:
    # Absolute, because the database may only touch named folders.
    work = partial.resolve() / "work"
    work.mkdir()
    inputs = _read_inputs(mapping, files, work)
    latest_ns = (time.time_ns() if now_ns is None else now_ns) + DAY_NS
    folders = [partial, *{file.resolve().parent for file in files}]
    with connect(folders, limits, spill=work) as connection:
        staged = []
        for number, table in enumerate(mapping.tables):
            parts = _parts_of(table, mapping, inputs)
            staged.append(Stage(connection, mapping, table, number, instrument, latest_ns).run(parts))
        staged = [table for table in staged if _is_filled(connection, table)]
        if not staged:
            kinds = ", ".join(table.kind for table in mapping.tables)
            raise RecordingProblem(faults.nothing_imported(whole_file(files[0]), kinds))
        report = _measured(connection, mapping, staged, inputs, venue, target)
        partitions = [part for table in staged for part in write_rows(connection, table, partial, venue)]
    shutil.rmtree(work)
    digest = data_digest((part.path, part.rows, part.digest) for part in partitions)
    report = ImportReport(**{**_shallow(report), "digest": digest})
    manifest = Manifest(digest, tuple(partitions), mapping.model_dump(mode="json"), _as_plain(report))
    (partial / MANIFEST_NAME).write_text(manifest.as_json(), encoding="utf-8")
    return report


def _mapping_of(mapping: Mapping | str) -> Mapping:
    if isinstance(mapping, Mapping):
        return mapping
    if mapping not in PRESETS:
        reason = f"no built-in mapping `{mapping}`"
        near = did_you_mean(mapping, PRESETS)
        help_text = f"did you mean {', '.join(near)}?" if near else f"built in are {', '.join(sorted(PRESETS))}"
        raise RecordingProblem(faults.mapping_unusable(option_of("preset"), reason, help_text))
    return PRESETS[mapping]


def mapping_from_plain(plain: Any, file: Path | str) -> Mapping:
    """A mapping from plain data (as YAML gives it), or a problem that names its first fault."""
    try:
        return Mapping.model_validate(plain)
    except ValidationError as failure:
        first = failure.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        reason = f"{place}: {said}" if place else said
        help_text = "docs/recordings.md describes every key"
        raise RecordingProblem(faults.mapping_unusable(whole_file(file), reason, help_text)) from failure


def _checked(
    mapping: Mapping, venue: str, instrument: str, target: Path, force: bool, findings: list[Diagnostic]
) -> None:
    if not is_path_safe(venue):
        findings.append(faults.unusable_name(option_of("venue"), "venue", venue))
    needs_name = any(table.instrument is None for table in mapping.tables)
    if needs_name and not is_path_safe(instrument):
        findings.append(faults.unusable_name(option_of("instrument"), "instrument", instrument))
    if mapping.needs_price_band and mapping.price_band is None:
        findings.append(faults.price_band_not_declared(option_of("price_band"), mapping.name))
    for table in mapping.tables:
        # ISO stamps may carry their own offset; the stage says so if they do not.
        findings += [
            faults.zone_not_declared(option_of("zone"), mapping.name, ", ".join(clock.columns))
            for clock in (table.time, table.received)
            if clock is not None and clock.zone is None and clock.form in ("pattern", "ms_of_day")
        ]
    if target.exists() and not force:
        findings.append(faults.output_exists(whole_file(target)))
    elif target.exists() and not (target / MANIFEST_NAME).is_file():
        # Replacing means deleting; only what is a recording is deleted.
        findings.append(faults.not_a_recording(whole_file(target), "the folder to replace has no manifest"))
    if findings:
        raise RecordingProblem(*dict.fromkeys(findings))


def _files_of(inputs: Sequence[Path | str]) -> list[Path]:
    found: list[Path] = []
    for given in inputs:
        path = Path(given)
        found += sorted(child for child in path.iterdir() if child.is_file()) if path.is_dir() else [path]
    if not found:
        raise RecordingProblem(faults.input_unreadable(Span.of_option("FILE"), "no input files are given"))
    return found


def _read_inputs(mapping: Mapping, files: list[Path], work: Path) -> _Inputs:
    inputs = _Inputs(files, [origin_of(file) for file in files], names=[file.name for file in files])
    for number, file in enumerate(files):
        below = work / f"input{number}"
        below.mkdir()
        if mapping.format == "frames":
            streams, seen = split_frames(file, below)
            inputs.seen.append((number, seen))
            inputs.lines += [(number, streams[name], name) for name in STREAMS]
        elif mapping.format == "csv":
            inputs.lines += [(number, lines, "") for lines in csv_lines(file, mapping, below)]
        elif mapping.format == "jsonl":
            inputs.lines.append((number, json_lines(file, below), ""))
        elif mapping.format == "json_map":
            inputs.lines.append((number, json_map_lines(file, mapping, below), ""))
        else:
            inputs.lines.append((number, _parquet_lines(file), ""))
    return inputs


def _parquet_lines(file: Path) -> Lines:
    with connect([file.resolve().parent], EngineLimits(threads=1)) as connection:
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(file.resolve())})").fetchall()
        except duckdb.Error as failure:
            reason = str(failure).splitlines()[0]
            raise RecordingProblem(faults.input_unreadable(whole_file(file), reason)) from failure
    return Lines(file.resolve(), file.name, file.name, "", tuple(row[0] for row in described), 0)


def _parts_of(table: Table, mapping: Mapping, inputs: _Inputs) -> list[Part]:
    """The texts that hold a table; every side of a two-sided one must be there."""
    patterns = table.sides if table.sides is not None else {"": table.files}
    parts = []
    for side, pattern in patterns.items():
        found = [
            Part(number, lines, side)
            for number, lines, stream in inputs.lines
            if fnmatch(lines.file_name.lower(), pattern.lower()) and stream == (table.stream or "")
        ]
        is_needed = side or len(mapping.tables) == 1
        if not found and is_needed:
            raise RecordingProblem(faults.no_input_for(Span.of_option("FILE"), side or table.kind, pattern))
        parts += found
    return parts


def _is_filled(connection: duckdb.DuckDBPyConnection, staged: Staged) -> bool:
    row = connection.execute(f"SELECT count(*) FROM {staged.name}").fetchone()
    return row is not None and row[0] > 0


def _measured(
    connection: duckdb.DuckDBPyConnection,
    mapping: Mapping,
    staged: list[Staged],
    inputs: _Inputs,
    venue: str,
    target: Path,
) -> ImportReport:
    tables, defects, notes = [], [], []
    for table in staged:
        longest = flag_gaps(connection, mapping, table)
        flag_frozen(connection, table)
        found = table_report(connection, mapping, table, longest)
        if table.table.kind == "book" and inputs.seen:
            found = replace(found, rows_read=sum(seen.book_frames for _, seen in inputs.seen))
            notes += _united(sum(seen.united for _, seen in inputs.seen))
        tables.append(found)
        defects += defect_counts(connection, table, inputs.names)
        notes += hints(connection, mapping, table, found)
    defects += [count for number, seen in inputs.seen for count in _frame_defects(inputs.names[number], seen)]
    return ImportReport(
        folder=str(target),
        mapping=mapping.name,
        venue=venue,
        digest="",
        origins=tuple(inputs.origins),
        assumptions=(*mapping.assumes, *words(mapping)),
        tables=tuple(tables),
        defects=tuple(defects),
        hints=tuple(notes),
    )


def _united(frames: int) -> list[str]:
    counted = (
        "1 depth update that waited for a snapshot is"
        if frames == 1
        else f"{frames} depth updates that waited for a snapshot are"
    )
    return [f"{counted} one book row with it"] if frames else []


def _frame_defects(name: str, seen: Seen) -> list[DefectCount]:
    found = []
    for code, lines in (("before_snapshot", seen.before_snapshot), ("unreadable_frame", seen.unreadable)):
        if lines:
            places = [Place(name, line, "", None) for line in (lines[0], lines[-1])]
            found.append(DefectCount(code, "", "book", len(lines), places[0], places[1]))
    return found


def _move_into_place(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    # The old recording goes only when the new one is complete; a crash between the two renames leaves both on disk.
    old = Path(mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    target.rename(old / target.name)
    partial.rename(target)
    shutil.rmtree(old)


def _shallow(report: ImportReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in ImportReport.__dataclass_fields__}


def _as_plain(report: ImportReport) -> dict[str, Any]:
    """The report for the manifest: without the folder, which is no property of the data."""
    plain = asdict(report)
    del plain["folder"], plain["digest"]
    return plain
