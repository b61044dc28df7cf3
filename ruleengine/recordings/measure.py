"""Counts and figures of a staged table, by SQL: the contents of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from ruleengine.recordings.checks import series_of
from ruleengine.recordings.defects import DEFECTS, UNSOUND_MASK
from ruleengine.recordings.gaps import edges, partial_days
from ruleengine.recordings.layout import KINDS
from ruleengine.recordings.mapping import Mapping
from ruleengine.recordings.report import (
    ColumnFacts,
    DefectCount,
    InstrumentFacts,
    Place,
    Spread,
    TableReport,
)
from ruleengine.recordings.stage import DAY_NS, Staged

_PLACE = "{'file': file_no, 'line': line_no, 'instrument': instrument, 'ts': ts}"
_GAPS = ("gap_unexpected", "gap_session", "gap_quiet")
_FLOAT_STEP_NS = 256
"""float64 nanoseconds of our days lie this far apart: stamps that are all multiples went through a float."""


def defect_counts(connection: duckdb.DuckDBPyConnection, staged: Staged, names: Sequence[str]) -> list[DefectCount]:
    """Every aspect that was seen at least once. `names`: the inputs by number."""
    base = f"SELECT file_no, line_no, instrument, ts_event AS ts FROM {staged.name}"
    sources = list(staged.counted)
    sources += [(check.code, check.aspect, f"{base} WHERE c{number}") for number, check in enumerate(staged.checks)]
    sources += [(code, "", f"{base} WHERE flags & {_mask(code)} <> 0") for code in (*_GAPS, "frozen")]
    found = []
    for code, aspect, rows in sources:
        row = connection.execute(f"SELECT count(*), min({_PLACE}), max({_PLACE}) FROM ({rows})").fetchone()
        if row is not None and row[0]:
            found.append(
                DefectCount(code, aspect, staged.table.kind, int(row[0]), _place(row[1], names), _place(row[2], names))
            )
    return found


def table_report(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, staged: Staged, longest_gap_ns: int
) -> TableReport:
    """Figures of the rows that were kept."""
    name = staged.name
    kept, unsound, stamps, first, last = _row(
        connection,
        f"SELECT count(*), count_if(flags & {UNSOUND_MASK} <> 0), count(DISTINCT (instrument, ts_event)), "
        f"min(ts_event), max(ts_event) FROM {name}",
    )
    # 1970-01-01 was a Thursday: Monday is 0.
    weekdays = dict(
        connection.execute(
            f"SELECT (ts_open_or_event // {DAY_NS} + 3) % 7, count(*) FROM ({_begun(staged)}) GROUP BY 1"
        ).fetchall()
    )
    return TableReport(
        kind=staged.table.kind,
        rows_read=staged.rows_read,
        rows_kept=kept,
        unsound_rows=unsound,
        unique_stamps=stamps,
        first_ns=first,
        last_ns=last,
        longest_gap_ns=longest_gap_ns,
        spread=_spread(connection, staged),
        latency_s=_latency(connection, staged),
        by_utc_weekday=tuple(weekdays.get(day, 0) for day in range(7)),
        columns=_columns(connection, staged, kept),
        instruments=_instruments(connection, staged),
        edge=edges(mapping, first, last),
        partial_days=partial_days(connection, mapping, staged),
    )


def hints(connection: duckdb.DuckDBPyConnection, mapping: Mapping, staged: Staged, report: TableReport) -> list[str]:
    """What the figures suggest in words: a wrong scale, stamps that went through a float, a coarse price grid."""
    found = _scale_hints(connection, mapping, staged, report)
    step, whole = _row(
        connection,
        f"SELECT bit_or(ts_event) & {_FLOAT_STEP_NS - 1}, count_if(ts_event % 1000 = 0) FROM {staged.name}",
    )
    if report.rows_kept > 1 and step == 0 and whole < report.rows_kept // 2:
        found.append(f"{staged.table.kind} stamps are multiples of {_FLOAT_STEP_NS} ns: they went through a float")
    for facts in report.instruments:
        if facts.grid_ratio > 0.001:
            found.append(
                f"{facts.name}: prices have {facts.decimals} decimals, one step is {facts.grid_ratio:.2%} of the price"
            )
    if report.kind in ("quote", "trade") and report.unique_stamps < report.rows_kept:
        found.append(f"{report.rows_kept - report.unique_stamps:,} {report.kind} rows share their instant with another")
    return found


def _scale_hints(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, staged: Staged, report: TableReport
) -> list[str]:
    series = series_of(staged.table.kind)
    if mapping.price_band is None or not series:
        return []
    low, high = mapping.price_band
    (middle,) = _row(connection, f"SELECT median({series[0].reference}) FROM {staged.name}")
    if middle is None or low <= middle <= high or middle <= 0:
        return []
    factors = [exponent for exponent in range(-18, 19) if low <= middle / 10.0**exponent <= high]
    wrong_by = f", as if divided by 10^{factors[0]} too little" if factors and factors[0] > 0 else ""
    wrong_by = f", as if divided by 10^{-factors[0]} too much" if factors and factors[0] < 0 else wrong_by
    return [
        f"wrong scale? the middle {staged.table.kind} price is {middle:g}, "
        f"outside of the declared {low:g}–{high:g}{wrong_by}"
    ]


def _begun(staged: Staged) -> str:
    column = "ts_open" if "ts_open" in {column.name for column in KINDS[staged.table.kind].columns} else "ts_event"
    return f"SELECT {column} AS ts_open_or_event FROM {staged.name}"


def _spread(connection: duckdb.DuckDBPyConnection, staged: Staged) -> Spread | None:
    pair = {"quote": ("bid", "ask"), "quote_bar": ("bid_close", "ask_close")}.get(staged.table.kind)
    if pair is None:
        return None
    bid, ask = pair
    return _summary(connection, staged, f"{ask} - {bid}")


def _latency(connection: duckdb.DuckDBPyConnection, staged: Staged) -> Spread | None:
    if staged.table.received is None:
        return None
    return _summary(connection, staged, "(received - ts_event) / 1e9")


def _summary(connection: duckdb.DuckDBPyConnection, staged: Staged, sql: str) -> Spread | None:
    row = _row(
        connection, f"SELECT min(v), median(v), max(v) FROM (SELECT {sql} AS v FROM {staged.name}) WHERE isfinite(v)"
    )
    return None if row[0] is None else Spread(*(float(value) for value in row))


def _columns(connection: duckdb.DuckDBPyConnection, staged: Staged, kept: int) -> tuple[ColumnFacts, ...]:
    columns = [c.name for c in KINDS[staged.table.kind].own_columns if c.type == "DOUBLE"]
    found = []
    for column in columns:
        nulls, least, largest = _row(
            connection, f"SELECT count_if({column} IS NULL), min({column}), max({column}) FROM {staged.name}"
        )
        is_constant = least is not None and least == largest and kept - nulls > 1
        found.append(ColumnFacts(column, int(nulls), float(least) if is_constant else None))
    return tuple(found)


def _instruments(connection: duckdb.DuckDBPyConnection, staged: Staged) -> tuple[InstrumentFacts, ...]:
    series = series_of(staged.table.kind)
    price = series[0].reference if series else "NULL::DOUBLE"
    # Whole floats print with one zero after the point, which is no decimal.
    decimals = f"CASE WHEN {price} % 1 = 0 THEN 0 ELSE length(split_part(CAST({price} AS VARCHAR), '.', 2)) END"
    rows = connection.execute(
        f"SELECT instrument, count(*), min(ts_event), max(ts_event), coalesce(max({decimals}), 0), median({price}) "
        f"FROM {staged.name} GROUP BY instrument ORDER BY instrument"
    ).fetchall()
    return tuple(
        InstrumentFacts(name, count, first, last, places, 10.0**-places / middle if middle and middle > 0 else 0.0)
        for name, count, first, last, places, middle in rows
    )


def _mask(code: str) -> int:
    return DEFECTS[code].mask


def _place(found: dict[str, Any], names: Sequence[str]) -> Place:
    return Place(names[found["file"]], found["line"], found["instrument"] or "", found["ts"])


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row
