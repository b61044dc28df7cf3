"""Staged rows to Parquet, one folder an instrument, kind and date, and the digests of what was written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.digest import PartitionDigest
from ruleengine.recordings.engine import named, quoted
from ruleengine.recordings.layout import KINDS, NAME_PATTERN, PART_NAME, partition_path
from ruleengine.recordings.manifest import Partition
from ruleengine.recordings.problem import RecordingProblem, whole_file
from ruleengine.recordings.stage import DAY_NS, Staged

DATE_SQL = f"strftime(make_timestamp(ts_available // {DAY_NS} * {DAY_NS // 1000}), '%Y-%m-%d')"
"""The date of a row's folder."""
_DIGEST_ROWS = 1_000_000


def write_rows(connection: duckdb.DuckDBPyConnection, staged: Staged, partial: Path, venue: str) -> list[Partition]:
    """The table's rows as Parquet, and its partitions with their digests."""
    kind = KINDS[staged.table.kind]
    (bad,) = connection.execute(
        f"SELECT min(instrument) FROM {staged.name} WHERE NOT regexp_full_match(instrument, {quoted(NAME_PATTERN)})"
    ).fetchone() or (None,)
    if bad is not None:
        raise RecordingProblem(faults.unusable_name(whole_file("import"), "instrument", str(bad)))
    columns = ", ".join(named(column.name) for column in kind.columns)
    date = DATE_SQL
    root = partial / f"venue={venue}"
    root.mkdir(exist_ok=True)
    connection.execute(
        f"COPY (SELECT instrument, {quoted(kind.name)} AS kind, {date} AS date, {columns} FROM {staged.name} "
        f"ORDER BY instrument, ts_available, seq) TO {quoted(root.resolve())} (FORMAT parquet, COMPRESSION zstd, "
        f"PARTITION_BY (instrument, kind, date), FILENAME_PATTERN {quoted(PART_NAME.replace('0.parquet', '{i}'))}, "
        "OVERWRITE_OR_IGNORE)"
    )
    return _digested(connection, staged, date, columns, partial, venue)


def _digested(
    connection: duckdb.DuckDBPyConnection, staged: Staged, date: str, columns: str, partial: Path, venue: str
) -> list[Partition]:
    """Partitions in order of instrument and date. `seq` runs on over an instrument's dates: ranges of it are read."""
    kind = KINDS[staged.table.kind]
    listed = connection.execute(
        f"SELECT instrument, {date} AS date, count(*), min(ts_available), max(ts_available), min(seq) "
        f"FROM {staged.name} GROUP BY ALL ORDER BY instrument, date"
    ).fetchall()
    found = []
    for instrument, days in groupby(listed, key=lambda row: row[0]):
        pieces = _pieces(connection, f"SELECT {columns} FROM {staged.name}", instrument, list(days))
        for (_, day, rows, first, last, _), chunks in pieces:
            digest = PartitionDigest(kind)
            for chunk in chunks:
                digest.update(chunk)
            folder = partial / partition_path(venue, instrument, kind.name, day)
            files = tuple(sorted(file.name for file in folder.iterdir()))
            found.append(Partition(venue, instrument, kind.name, day, files, rows, first, last, digest.hexdigest()))
    return found


def _pieces(
    connection: duckdb.DuckDBPyConnection, select: str, instrument: str, days: list[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], Iterator[dict[str, Any]]]]:
    """Each day with its rows, in chunks; many short days are read at once, a long one in several reads."""
    held_from, held_to = 0, 0
    held: dict[str, Any] = {}

    def chunks_of(first: int, stop: int) -> Iterator[dict[str, Any]]:
        nonlocal held_from, held_to, held
        while first < stop:
            if not held_from <= first < held_to:
                held_from, held_to = first, first + _DIGEST_ROWS
                held = connection.execute(
                    f"{select} WHERE instrument = $1 AND seq >= $2 AND seq < $3 ORDER BY seq",
                    [instrument, held_from, held_to],
                ).fetchnumpy()
            until = min(stop, held_to)
            yield {name: array[first - held_from : until - held_from] for name, array in held.items()}
            first = until

    for day in days:
        yield day, chunks_of(day[5], day[5] + day[2])
