"""The end of a recording that was made as the market came: from its spool to a manifest that says it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import duckdb

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.digest import data_digest
from ruleengine.recordings.engine import EngineLimits, connect
from ruleengine.recordings.layout import FORMAT_VERSION, KINDS, MANIFEST_NAME
from ruleengine.recordings.manifest import Live, Manifest, Partition
from ruleengine.recordings.problem import RecordingProblem, whole_file
from ruleengine.recordings.reader import partition_digest, scan_sql
from ruleengine.recordings.report import DefectCount, ImportReport, TableReport
from ruleengine.recordings.seen import measured
from ruleengine.recordings.spool import SPOOL_NAME, end_of, segments, sync_folder
from ruleengine.recordings.store import store, storing
from ruleengine.recordings.windows import StoredPartition


def finished(folder: Path, venue: str, live: Live, assumes: Sequence[str], hints: Sequence[str]) -> ImportReport:
    """Store what is left, count, digest, write the manifest, and let the spool go. Raises `RecordingProblem` where
    nothing was recorded."""
    spool = folder / SPOOL_NAME
    taken = 0
    for segment in segments(spool):
        store(folder, venue, segment)
        taken = end_of(segment).first_seq  # it stays: who goes on after an interruption finds its place by it
    work = spool / "work"
    work.mkdir(exist_ok=True)
    with storing(folder), connect([folder], EngineLimits(), spill=work) as connection:
        parts = _partitions(connection, folder)
        if not parts:
            raise RecordingProblem(faults.nothing_imported(whole_file(folder), "any kind"))
        digest = data_digest((part.path, part.rows, part.digest) for part in parts)
        lost = taken - sum(part.rows for part in parts)
        more = [f"{lost:,} rows are lost: their lines in the spool were damaged"] if lost else []
        report = _report(connection, folder, venue, digest, parts, assumes, [*hints, *more])
    plain = asdict(report)
    del plain["folder"], plain["digest"]
    manifest = Manifest(digest, tuple(parts), {"name": "record", "venue": venue}, plain, live)
    write_durably(folder / MANIFEST_NAME, manifest.as_json())
    shutil.rmtree(spool)
    sync_folder(folder)
    return report


def write_durably(path: Path, text: str) -> None:
    """A file that is there as a whole, also after a crash of the machine, or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def _partitions(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Partition]:
    found = []
    for place in sorted(folder.glob("venue=*/instrument=*/kind=*/date=*")):
        names = (part.partition("=")[2] for part in place.relative_to(folder).parts)
        venue, instrument, kind, date = names
        files = tuple(sorted(file.name for file in place.glob("*.parquet")))
        empty = StoredPartition(folder, 0, Partition(venue, instrument, kind, date, files, 0, 0, 0, ""))
        first, last = connection.execute(
            f"SELECT min(ts_available), max(ts_available) FROM {scan_sql([empty])}"
        ).fetchone() or (0, 0)
        rows, digest = partition_digest(connection, empty, FORMAT_VERSION)
        found.append(
            replace(empty.partition, rows=rows, first_available_ns=first, last_available_ns=last, digest=digest)
        )
    return found


def _report(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    venue: str,
    digest: str,
    parts: Sequence[Partition],
    assumes: Sequence[str],
    notes: Sequence[str],
) -> ImportReport:
    tables: list[TableReport] = []
    defects: list[DefectCount] = []
    hints: list[str] = []
    for kind in (kind for kind in KINDS if any(part.kind == kind for part in parts)):
        of_kind = [StoredPartition(folder, 0, part) for part in parts if part.kind == kind]
        for table, found, said in measured(connection, kind, scan_sql(of_kind)):
            tables.append(table)
            defects += found
            hints += said
    return ImportReport(
        folder=str(folder),
        mapping="record",
        venue=venue,
        digest=digest,
        origins=(),
        assumptions=tuple(assumes),
        tables=tuple(tables),
        defects=tuple(defects),
        hints=(*notes, *hints),
    )
