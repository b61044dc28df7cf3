"""From lines to flagged rows of one table, step by step, each step one DuckDB table.

1. `decode`   every line's fields as typed columns (text of a source: `decode.py`)
2. `resolve`  local times to UTC; rows without a readable time are counted and left out; a time that no market can
              have had refuses the file (`plausible.py`)
3. `mark`     order in the source and exact repeats (over all rows, as the source gave them)
4. `unite`    repeats left out; bid and ask bars joined on their stamps
5. `place`    event and availability time, total order, the price before
6. `flag`     every check of `checks.py`, and the gaps of `gaps.py`, as bits

Only steps 2 and 4 leave rows out, and what they leave out is in the counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import duckdb

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.checks import Check, checks_for, series_of
from ruleengine.recordings.declared import option_of
from ruleengine.recordings.decode import column_types, decoded_columns, lines_sql, paths_of, where_sql
from ruleengine.recordings.defects import DEFECTS
from ruleengine.recordings.engine import quoted
from ruleengine.recordings.layout import BAR_KINDS, KINDS
from ruleengine.recordings.mapping import Mapping, Table, TimeField, duration_ns
from ruleengine.recordings.plausible import check_stamps
from ruleengine.recordings.problem import RecordingProblem
from ruleengine.recordings.session import SESSIONS, OpenTimes
from ruleengine.recordings.sources import Lines
from ruleengine.recordings.zones import doubtful_sql, offset_sql, stretches, utc_offset_sql, zone_named

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a table: its number among the inputs, and the side that it holds (of bid and ask files)."""

    file_no: int
    lines: Lines
    side: str = ""


@dataclass(slots=True)
class Staged:
    """A flagged table in the database, with the counts that its rows no longer show."""

    table: Table
    name: str
    rows_read: int = 0
    checks: list[Check] = field(default_factory=list)
    counted: list[tuple[str, str, str]] = field(default_factory=list)
    """Defects counted on the way: code, aspect, and SQL `SELECT file_no, line_no, instrument, ts` of the rows."""


class Stage:
    """One table of a mapping on its way. The steps are public for the reader; `run` is their order."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        mapping: Mapping,
        table: Table,
        number: int,
        instrument: str,
        latest_ns: int,
    ) -> None:
        self._connection = connection
        self._mapping = mapping
        self._table = table
        self._prefix = f"t{number}"
        self._instrument = instrument
        self._latest_ns = latest_ns
        self._origins: dict[int, str] = {}
        self._types = column_types(table)
        self._staged = Staged(table, f"{self._prefix}_flagged")

    def run(self, parts: list[Part]) -> Staged:
        """All steps."""
        self.decode(parts)
        self.resolve()
        self.mark()
        self.unite()
        self.place()
        self.flag()
        return self._staged

    def decode(self, parts: list[Part]) -> None:
        """One typed row a line."""
        table = self._table
        for number, part in enumerate(parts):
            lines = part.lines
            self._origins[part.file_no] = lines.origin
            if table.fields:
                lines = replace(lines, columns=table.fields)
            if self._mapping.format == "jsonl":
                lines = Lines(lines.text, lines.origin, lines.file_name, "", paths_of(table), 0)
            columns = decoded_columns(self._mapping, table, lines)
            listed = ", ".join(f"CAST({column.sql} AS {column.type}) AS {column.name}" for column in columns)
            if table.instrument is None:
                listed += f", {quoted(self._instrument)} AS instrument"
            rows = lines_sql(lines, self._mapping, paths_of(table))
            chosen = where_sql(table, lines, self._mapping)
            select = (
                f"SELECT {part.file_no} AS file_no, {quoted(part.side)} AS side, line_no, {listed} "
                f"FROM ({rows}) WHERE f IS NOT NULL AND ({chosen})"
            )
            target = f"{self._prefix}_decoded"
            verb = f"CREATE TABLE {target} AS" if number == 0 else f"INSERT INTO {target}"
            self._execute(f"{verb} {select}")

    def resolve(self) -> None:
        """Local clocks to UTC nanoseconds: `t`, `received`; times the zone has twice or never are flagged."""
        source = f"{self._prefix}_decoded"
        self._staged.rows_read = self._one(f"SELECT count(*) FROM {source}")
        for column, clock in (("t", self._table.time), ("r", self._table.received)):
            if clock is not None:
                check_stamps(self._connection, source, column, clock, self._latest_ns, self._origins)
        t, t_doubtful = self._to_utc(source, "t", self._table.time)
        received, doubtful = "NULL::BIGINT", t_doubtful
        if self._table.received is not None:
            correction = duration_ns(self._mapping.receive_correction)
            local, r_doubtful = self._to_utc(source, "r", self._table.received)
            received, doubtful = f"{local} + {correction}", f"({t_doubtful} OR {r_doubtful})"
        if self._table.time_or_received:
            t = f"coalesce({t}, {received})"
        clocks = ", ".join(name for name in ("t", "t_is_utc", "r", "r_is_utc") if self._has(source, name))
        self._execute(
            f"CREATE TABLE {self._prefix}_resolved AS SELECT * EXCLUDE ({clocks}), "
            f"CAST({t} AS BIGINT) AS t, CAST({received} AS BIGINT) AS received, "
            f"coalesce({doubtful}, false) AS doubtful FROM {source}"
        )
        self._execute(f"DROP TABLE {source}")
        resolved = f"{self._prefix}_resolved"
        place = f"SELECT file_no, line_no, instrument, NULL::BIGINT AS ts FROM {resolved} WHERE t IS NULL"
        self._staged.counted.append(("unreadable_time", "", place))
        nameless = (
            f"SELECT file_no, line_no, instrument, t AS ts FROM {resolved} WHERE t IS NOT NULL AND instrument IS NULL"
        )
        self._staged.counted.append(("no_instrument", "", nameless))

    def mark(self) -> None:
        """What only the source's own order shows: repeats of whole rows, steps back in time."""
        values = ", ".join(["side", "instrument", "t", "received", "ident", *self._types, *self._extra_values()])
        in_file = "PARTITION BY side, instrument ORDER BY file_no, line_no"
        self._execute(
            f"CREATE TABLE {self._prefix}_marked AS SELECT *, "
            f"row_number() OVER (PARTITION BY {values} ORDER BY file_no, line_no) AS copy_no, "
            f"lag(t) OVER ({in_file}) AS t_before, "
            f"max(t) OVER ({in_file} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS t_latest "
            f"FROM {self._prefix}_resolved WHERE t IS NOT NULL AND instrument IS NOT NULL"
        )
        marked = f"SELECT file_no, line_no, instrument, t AS ts FROM {self._prefix}_marked"
        self._staged.counted += [
            ("exact_repeat", "", f"{marked} WHERE {self._is_copy()}"),
            ("disorder", "steps back in the source", f"{marked} WHERE t < t_before"),
        ]

    def unite(self) -> None:
        """Rows without their copies; a side's bars beside the other side's."""
        kept = (
            f"SELECT *, {self._conflict_sql('row_number()', ' ORDER BY file_no, line_no')} > 1 AS comes_again, "
            f"{self._conflict_sql('count(*)', '')} > 1 AS shares_key, t < t_latest AS late "
            f"FROM {self._prefix}_marked WHERE NOT ({self._is_copy()})"
        )
        if self._table.sides is None:
            self._execute(f"CREATE TABLE {self._prefix}_united AS {kept}")
        else:
            self._execute(f"CREATE TABLE {self._prefix}_united AS {self._joined_sides(kept)}")
        if not any(code == "exact_repeat" for code, _, _ in self._staged.counted):
            self._execute(f"DROP TABLE {self._prefix}_marked")

    def place(self) -> None:
        """Times, grid, total order within the instrument, and what the row before had."""
        table, source = self._table, f"{self._prefix}_united"
        interval = table.interval_ns
        shift = interval if table.stamp == "open" else 0
        first, last = self._range(source, "t")
        offset = utc_offset_sql("t", self._zone(table.grid_zone), first, last)
        extra = [f"t + {shift} AS ts_event", f"greatest(t + {shift}, coalesce(received, t + {shift})) AS ts_available"]
        if table.kind in BAR_KINDS:
            anchor = duration_ns(table.grid_anchor)
            extra += [
                f"t + {shift - interval} AS ts_open",
                f"{interval}::BIGINT AS interval_ns",
                f"(t + {offset} - {anchor}) % {interval} <> 0 AS off_grid",
            ]
        day = f"(t + {offset}) // {DAY_NS}"
        self._execute(
            f"CREATE TABLE {self._prefix}_timed AS SELECT *, {', '.join(extra)}, {day} AS local_day FROM {source}"
        )
        self._execute(f"DROP TABLE {source}")
        order = "PARTITION BY instrument ORDER BY ts_available, ts_event, file_no, line_no"
        before = [f"lag(ts_event) OVER ({order}) AS prev_ts", f"lead(ts_event) OVER ({order}) IS NULL AS is_last"]
        before += [
            f"lag(CASE WHEN {series.reference} > 0 THEN {series.reference} END IGNORE NULLS) "
            f"OVER ({order}) AS prev_{number}"
            for number, series in enumerate(series_of(table.kind))
            if self._is_given(series.reference)
        ]
        if table.kind == "snapshot":
            same_day = "PARTITION BY instrument, local_day ORDER BY ts_available, ts_event, file_no, line_no"
            before += [
                f"lag(acc_volume) OVER ({same_day}) AS prev_acc_volume",
                f"lag(ts_event) OVER ({same_day}) AS ts_since",
            ]
        self._execute(
            f"CREATE TABLE {self._prefix}_placed AS SELECT *, row_number() OVER ({order}) - 1 AS seq, "
            f"{', '.join(before)} FROM {self._prefix}_timed"
        )
        self._execute(f"DROP TABLE {self._prefix}_timed")

    def flag(self) -> None:
        """All checks as bits of `flags`, and the columns in the form they are stored in."""
        source = f"{self._prefix}_placed"
        given = frozenset(self._given())
        self._staged.checks = [*source_checks(self._table), *checks_for(self._mapping, self._table, given)]
        by_code: dict[str, list[str]] = {}
        for check in self._staged.checks:
            by_code.setdefault(check.code, []).append(f"({check.sql})")
        bits = " + ".join(
            f"CASE WHEN {' OR '.join(tests)} THEN {DEFECTS[code].mask} ELSE 0 END" for code, tests in by_code.items()
        )
        joined = source
        if self._mapping.session != "always":
            joined = self._with_session(source)
        filled = ", ".join(self._stored_columns(given))
        tests = ", ".join(
            f"coalesce({check.sql}, false) AS c{number}" for number, check in enumerate(self._staged.checks)
        )
        self._execute(
            f"CREATE TABLE {self._staged.name} AS SELECT instrument, file_no, line_no, local_day, prev_ts, received, "
            f"ts_event, ts_available, seq, CAST({bits} AS UINTEGER) AS flags, {filled}, {tests} FROM {joined}"
        )
        self._execute(f"DROP TABLE {source}")

    # Helpers, in the order of the steps above.

    def _to_utc(self, source: str, column: str, time: TimeField) -> tuple[str, str]:
        if self._one(f"SELECT count(*) FROM {source} WHERE {column} IS NOT NULL AND NOT {column}_is_utc") == 0:
            return column, "false"
        if time.zone is None or time.zone == "stated":
            if time.zone == "stated":
                return f"CASE WHEN {column}_is_utc THEN {column} END", "false"
            missing = faults.zone_not_declared(option_of("zone"), self._mapping.name, ", ".join(time.columns))
            raise RecordingProblem(missing)
        first, last = self._range(source, column)
        found = stretches(self._zone(time.zone), first, last)
        resolved = f"CASE WHEN {column}_is_utc THEN {column} ELSE {column} - {offset_sql(column, found)} END"
        return resolved, f"(NOT {column}_is_utc AND {doubtful_sql(column, found)})"

    def _zone(self, name: str) -> ZoneInfo:
        found = zone_named(name)
        if found is None:
            raise RecordingProblem(faults.unknown_zone(Span.of_option(f"mapping {self._mapping.name}"), name))
        return found

    def _extra_values(self) -> list[str]:
        extra = ["payload"] if self._table.payload else []
        return [*extra, "gap"] if self._table.kind == "book" else extra

    def _is_copy(self) -> str:
        # Two trades without a number may be alike in everything and still be two trades.
        return "false" if self._table.kind == "trade" and not self._table.identity else "copy_no > 1"

    def _conflict_sql(self, function: str, order: str) -> str:
        if self._table.identity:
            key = "ident"
        elif self._table.kind in (*BAR_KINDS, "snapshot"):
            key = "t"
        else:
            return "0"
        return f"{function} OVER (PARTITION BY side, instrument, {key}{order})"

    def _joined_sides(self, kept: str) -> str:
        columns = ", ".join(f"{side[0]}.{name} AS {side}_{name}" for side in ("bid", "ask") for name in self._types)
        same_stamp = "PARTITION BY side, instrument, t ORDER BY file_no, line_no"
        numbered = f"SELECT *, row_number() OVER ({same_stamp}) AS nth FROM ({kept})"
        both = ", ".join(
            f"coalesce(b.{name}, a.{name}) AS {name}"
            for name in ("file_no", "line_no", "instrument", "t", "received", "ident")
        )
        flags = ", ".join(
            f"coalesce(b.{name}, false) OR coalesce(a.{name}, false) AS {name}"
            for name in ("wrong_columns", "doubtful", "late", "comes_again", "shares_key")
        )
        return (
            f"WITH kept AS ({numbered}) SELECT {both}, {flags}, {columns} "
            "FROM (FROM kept WHERE side = 'bid') b FULL JOIN (FROM kept WHERE side = 'ask') a "
            "ON b.instrument = a.instrument AND b.t = a.t AND b.nth = a.nth"
        )

    def _given(self) -> list[str]:
        """Recorded columns that the source fills, by their recorded names."""
        if self._table.sides is None:
            return list(self._types)
        return [f"{side}_{name}" for side in ("bid", "ask") for name in self._types]

    def _is_given(self, expression: str) -> bool:
        return expression.partition("[")[0] in self._given()

    def _stored_columns(self, given: frozenset[str]) -> list[str]:
        """SQL of the kind's own columns: from the source, computed, or null where the source says nothing."""
        table = self._table
        computed = {"ts_open": "ts_open", "interval_ns": "interval_ns", "price": quoted(table.price or "")}
        if table.kind == "snapshot":
            increase = "CASE WHEN acc_volume >= prev_acc_volume THEN acc_volume - prev_acc_volume END"
            computed = {"minute_volume": increase, "ts_since": "ts_since"}
        if table.kind == "signal":
            computed = {"payload": "payload"}
        found = []
        for column in KINDS[table.kind].own_columns:
            if column.name in given:
                found.append(column.name)
            elif column.name in computed:
                found.append(f"{computed[column.name]} AS {column.name}")
            else:
                found.append(f"CAST(NULL AS {column.type}) AS {column.name}")
        return found

    def _with_session(self, source: str) -> str:
        first, last = self._range(source, "ts_event")
        spans = OpenTimes(SESSIONS[self._mapping.session], first - DAY_NS, last + DAY_NS).spans()
        name = f"{self._prefix}_open"
        self._connection.execute(
            f"CREATE TABLE {name} AS SELECT unnest($1::BIGINT[]) AS opens, unnest($2::BIGINT[]) AS closes",
            [[start for start, _ in spans], [stop for _, stop in spans]],
        )
        # A bar belongs to the session in which it began; its stamp may be the very close.
        at = "ts_open" if self._table.kind in BAR_KINDS else "ts_event"
        joined = f"{source} p ASOF LEFT JOIN {name} o ON p.{at} >= o.opens"
        return f"(SELECT p.*, coalesce(p.{at} < o.closes, false) AS in_session FROM {joined})"

    def _range(self, source: str, column: str) -> tuple[int, int]:
        row = self._connection.execute(f"SELECT min({column}), max({column}) FROM {source}").fetchone()
        return (0, 0) if row is None or row[0] is None else (int(row[0]), int(row[1]))

    def _has(self, source: str, column: str) -> bool:
        return column in {row[0] for row in self._connection.execute(f"DESCRIBE {source}").fetchall()}

    def _one(self, sql: str) -> int:
        row = self._connection.execute(sql).fetchone()
        return int(row[0]) if row is not None else 0

    def _execute(self, sql: str) -> None:
        self._connection.execute(sql)


def source_checks(table: Table) -> list[Check]:
    """Checks on what the steps before left beside the values."""
    conflict = [
        Check("repeat_conflict", "come again", "comes_again"),
        Check("repeat_conflict", "all of them", "shares_key"),
    ]
    if table.kind == "signal":
        conflict = [Check("repeat_id", "", "comes_again")]
    return [
        Check("wrong_columns", "", "wrong_columns"),
        Check("zone_gap_or_fold", "", "doubtful"),
        Check("disorder", "rows behind the latest stamp", "late"),
        *conflict,
    ]
