"""A sealed segment of a spool to Parquet: its rows go to the folders of their instrument, kind and date, as one more
file in each.

Done again after an interruption it comes to the same: files are called after the segment.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import duckdb

from ruleengine.recordings.engine import EngineLimits, connect, named, quoted
from ruleengine.recordings.layout import COMMON_COLUMNS, KINDS, Kind
from ruleengine.recordings.spool import Spooled, number_of, rows_of, sync_folder
from ruleengine.recordings.writer import DATE_SQL

_ROWS_AT_ONCE = 50_000


def store(folder: Path, venue: str, segment: Path) -> None:
    """Make Parquet of a segment. Its rows are durably in their places when this returns, and it may go."""
    work = segment.with_suffix(".work")
    shutil.rmtree(work, ignore_errors=True)
    made = work / "made"
    made.mkdir(parents=True)
    # One thread: with several, a folder could get several files of one segment, and another number of them each time.
    with storing(segment), connect([work], EngineLimits(threads=1), spill=work) as connection:
        rows = rows_of(segment)
        while block := list(islice(rows, _ROWS_AT_ONCE)):
            _insert(connection, block)
        for kind in _filled(connection):
            _write(connection, kind, made, f"part-{number_of(segment):06}")
    _into_place(made, folder / f"venue={venue}")
    shutil.rmtree(work, ignore_errors=True)


@contextmanager
def storing(place: Path) -> Iterator[None]:
    """The database works on rows of ours alone: what it can't do, the disk or the memory does not let it."""
    try:
        yield
    except duckdb.Error as failure:
        raise OSError(errno.EIO, str(failure).splitlines()[0], str(place)) from failure


def _insert(connection: duckdb.DuckDBPyConnection, block: Iterable[Spooled]) -> None:
    by_kind: dict[str, list[tuple[object, ...]]] = {}
    for row in block:
        common = (row.ts_event, row.ts, row.seq, row.flags)
        by_kind.setdefault(row.kind, []).append((row.instrument, *common, *row.values))
    for name, rows in by_kind.items():
        types = ["VARCHAR", *(column.type for column in KINDS[name].columns)]
        names = ["instrument", *(column.name for column in KINDS[name].columns)]
        listed = ", ".join(f"{named(column)} {type_}" for column, type_ in zip(names, types, strict=True))
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({listed})")
        values = ", ".join(f"unnest(${n}::{type_}[])" for n, type_ in enumerate(types, 1))
        connection.execute(f"INSERT INTO {name} SELECT {values}", [list(column) for column in zip(*rows, strict=True)])


def _filled(connection: duckdb.DuckDBPyConnection) -> list[Kind]:
    tables = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
    return [kind for kind in KINDS.values() if kind.name in tables]


def _write(connection: duckdb.DuckDBPyConnection, kind: Kind, made: Path, name: str) -> None:
    columns = ", ".join(named(column.name) for column in (*COMMON_COLUMNS, *kind.own_columns))
    connection.execute(
        f"COPY (SELECT instrument, {quoted(kind.name)} AS kind, {DATE_SQL} AS date, {columns} FROM {kind.name} "
        f"ORDER BY instrument, seq) TO {quoted(made.resolve())} (FORMAT parquet, COMPRESSION zstd, "
        f"PARTITION_BY (instrument, kind, date), FILENAME_PATTERN {quoted(name + '-{i}')}, OVERWRITE_OR_IGNORE)"
    )


def _into_place(made: Path, target: Path) -> None:
    folders = {target.parent}
    for file in sorted(made.rglob("*.parquet")):
        place = target / file.relative_to(made)
        place.parent.mkdir(parents=True, exist_ok=True)
        with file.open("rb+") as written:
            os.fsync(written.fileno())
        file.replace(place)
        folders |= {above for above in place.parents if above.is_relative_to(target)}
    for folder in sorted(folders):
        sync_folder(folder)
