"""Checks on rows that came live: the importer's own, counted over the whole recording.

They count and say where; the rows stay as they came, their flags too, so that an engine that reads them judges as one
that heard them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb

from ruleengine.recordings.checks import checks_for, series_of
from ruleengine.recordings.engine import quoted
from ruleengine.recordings.gaps import flag_gaps
from ruleengine.recordings.layout import BAR_KINDS, KINDS
from ruleengine.recordings.mapping import Mapping, Table, TimeField
from ruleengine.recordings.measure import defect_counts, hints, table_report
from ruleengine.recordings.report import DefectCount, TableReport
from ruleengine.recordings.stage import DAY_NS, Staged, source_checks

_SILENCE = "1m"
"""Without a row for longer than this, a stream of prices has a gap."""
_STREAMS = ("quote", "book", "trade")
_EVENT, _RECEIVED = (TimeField(columns=(name,), form="epoch_ns") for name in ("ts_event", "ts_available"))
PLACE = "row"
"""What the report calls the source of a row: places are `row:123`, its number in the recording."""


def measured(
    connection: duckdb.DuckDBPyConnection, kind: str, rows: str
) -> Iterator[tuple[TableReport, list[DefectCount], list[str]]]:
    """Report, defects and hints of all rows of a kind; `rows` is the SQL they are read from. Bars of each length and
    price are a table of their own."""
    for number, (table, of_table) in enumerate(_tables(connection, kind, rows)):
        name = f"{kind}_{number}_seen"
        mapping = Mapping(name="record", venue="live", format="csv", session="always", tables=(table,))
        staged = _staged(connection, mapping, table, name, f"(SELECT * FROM {rows} WHERE {of_table})")
        longest = flag_gaps(connection, mapping, staged)
        report = table_report(connection, mapping, staged, longest)
        found = [_named(each, table) for each in defect_counts(connection, staged, [PLACE])]
        yield report, found, hints(connection, mapping, staged, report)
        connection.execute(f"DROP TABLE {name}")


def _named(found: DefectCount, table: Table) -> DefectCount:
    """Bars of several lengths and prices are told apart by the aspect."""
    if not table.interval_ns:
        return found
    of = f"{table.interval_ns / 1e9:g}s {table.price or 'bid and ask'}"
    return replace(found, aspect=f"{found.aspect}, {of}" if found.aspect else of)


def _tables(connection: duckdb.DuckDBPyConnection, kind: str, rows: str) -> Iterator[tuple[Table, str]]:
    """Tables of a kind, each with the condition for its rows."""
    if kind not in BAR_KINDS:
        silence = _SILENCE if kind in _STREAMS else None
        received = None if kind == "funding" else _RECEIVED  # a rate is told hours before it is charged
        yield Table(kind=kind, time=_EVENT, received=received, gap_after=silence), "true"
        return
    price = "price" if kind == "bar" else "'bid'"
    found = connection.execute(f"SELECT DISTINCT interval_ns, {price} FROM {rows} ORDER BY ALL").fetchall()
    for interval, side in found:
        given: dict[str, Any] = {"kind": kind, "time": _EVENT, "received": _RECEIVED, "stamp": "close"}
        table = Table(**given, interval=f"{interval}ns", price=side if kind == "bar" else None)
        yield table, f"interval_ns = {interval} AND {price} = {quoted(side)}"


def _staged(connection: duckdb.DuckDBPyConnection, mapping: Mapping, table: Table, name: str, rows: str) -> Staged:
    """The rows as the importer's last step leaves them: what a check reads beside them, and each check's answer."""
    staged = Staged(table, name)
    own = [column.name for column in KINDS[table.kind].own_columns]
    given = frozenset(column for column in own if _is_given(connection, column, rows))
    staged.checks = [*source_checks(table), *checks_for(mapping, table, given)]
    placed = f"{name}_placed"
    connection.execute(f"CREATE TABLE {placed} AS SELECT *, {', '.join(_beside(table, own))} FROM {rows}")
    tests = ", ".join(f"coalesce({check.sql}, false) AS c{n}" for n, check in enumerate(staged.checks))
    connection.execute(
        f"CREATE TABLE {name} AS SELECT instrument, 0 AS file_no, seq AS line_no, ts_event // {DAY_NS} AS local_day, "
        f"prev_ts, received, ts_event, ts_available, seq, flags, is_again, {', '.join(own)}, {tests} FROM {placed}"
    )
    connection.execute(f"DROP TABLE {placed}")
    (staged.rows_read,) = connection.execute(f"SELECT count(*) FROM {name}").fetchone() or (0,)
    again = f"SELECT file_no, line_no, instrument, ts_event AS ts FROM {name} WHERE is_again"
    staged.counted = [("unchanged", "exact repeat", again)]
    return staged


def _beside(table: Table, own: list[str]) -> list[str]:
    """SQL of what checks read beside a row's own columns: the row before it, in the order in which they came."""
    order = "OVER (PARTITION BY instrument ORDER BY seq)"
    same = ", ".join(["ts_event", *own])
    is_again = "false" if table.kind == "trade" else f"coalesce(row({same}) = lag(row({same})) {order}, false)"
    shares = "count(*) OVER (PARTITION BY instrument, ts_event) > 1" if table.kind in BAR_KINDS else "false"
    again = {
        **dict.fromkeys(BAR_KINDS, "row_number() OVER (PARTITION BY instrument, ts_event ORDER BY seq) > 1"),
        "signal": "row_number() OVER (PARTITION BY instrument, id ORDER BY seq) > 1",
    }.get(table.kind, "false")
    before = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    found = [
        "ts_available AS received",
        f"lag(ts_event) {order} AS prev_ts",
        f"coalesce(ts_event < max(ts_event) {order[:-1]} {before}), false) AS late",
        f"{is_again} AS is_again",
        f"({again}) AND NOT ({is_again}) AS comes_again",
        f"({shares}) AND NOT ({is_again}) AS shares_key",
        "false AS wrong_columns, false AS doubtful, false AS off_grid, false AS is_last, false AS gap",
    ]
    found += [
        f"lag(CASE WHEN {series.reference} > 0 THEN {series.reference} END IGNORE NULLS) {order} AS prev_{number}"
        for number, series in enumerate(series_of(table.kind))
    ]
    return found


def _is_given(connection: duckdb.DuckDBPyConnection, column: str, rows: str) -> bool:
    found = connection.execute(f"SELECT count({column}) > 0 FROM {rows}").fetchone()
    return found is not None and bool(found[0])
