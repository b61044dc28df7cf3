"""Times without rows: while the market is closed, a quiet spell, or unexpected; and edges and days that are cut off.

Only an unexpected gap asks for a look. None makes features unknown: windows count bars, and age is for the runtime.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import duckdb

from ruleengine.recordings.defects import DEFECTS
from ruleengine.recordings.layout import BAR_KINDS
from ruleengine.recordings.mapping import Mapping, duration_ns
from ruleengine.recordings.session import SESSIONS, OpenTimes
from ruleengine.recordings.stage import DAY_NS, Staged

_MINUTE_NS = 60_000_000_000
_PARTIAL_SHARE = 0.75
_DAYS_MIN = 4


@dataclass(frozen=True, slots=True)
class PartialDay:
    """A day (of the table's grid zone) that covers much less than the others."""

    date: str
    minutes: int
    usual_minutes: int


@dataclass(frozen=True, slots=True)
class Edge:
    """Whether the market was open right before the first row, or right after the last."""

    starts_inside_session: bool
    ends_inside_session: bool


def flag_gaps(connection: duckdb.DuckDBPyConnection, mapping: Mapping, staged: Staged) -> int:
    """Set the gap bits on the rows that follow a gap. Gives the longest gap in nanoseconds."""
    limit = staged.table.gap_ns
    if limit is None:
        return 0
    # A bar stamped by a jittering clock is not missing a neighbour until half an interval is.
    threshold = f">= {limit * 3 // 2}" if staged.table.kind in BAR_KINDS else f"> {limit}"
    found = connection.execute(
        f"SELECT instrument, seq, prev_ts, ts_event FROM {staged.name} WHERE ts_event - prev_ts {threshold}"
    ).fetchall()
    if not found:
        return 0
    open_times = _open_times(mapping, min(row[2] for row in found), max(row[3] for row in found))
    quiet = max(duration_ns(mapping.quiet), limit)
    # Of bars, the rows' own interval ends at the stamp; what is missing lies before its beginning.
    own = staged.table.interval_ns
    masks = [_mask(open_times, start, stop - own, quiet) for _, _, start, stop in found]
    connection.execute(
        f"UPDATE {staged.name} SET flags = flags | gaps.mask FROM ("
        "SELECT unnest($1::VARCHAR[]) AS instrument, unnest($2::BIGINT[]) AS seq, unnest($3::UINTEGER[]) AS mask"
        f") AS gaps WHERE {staged.name}.instrument = gaps.instrument AND {staged.name}.seq = gaps.seq",
        [[row[0] for row in found], [row[1] for row in found], masks],
    )
    return int(max(stop - start for _, _, start, stop in found))


def edges(mapping: Mapping, first_ns: int, last_ns: int) -> Edge:
    """Whether a market with closing times was open one minute before the first row and after the last."""
    if mapping.session == "always":
        return Edge(False, False)
    open_times = _open_times(mapping, first_ns, last_ns)
    before = open_times.open_ns(first_ns - _MINUTE_NS, first_ns)
    after = open_times.open_ns(last_ns, last_ns + _MINUTE_NS)
    return Edge(before > 0, after > 0)


def partial_days(connection: duckdb.DuckDBPyConnection, mapping: Mapping, staged: Staged) -> tuple[PartialDay, ...]:
    """Days with rows in less than three quarters of the usual number of minutes, or bars, of that weekday's kind.

    Sundays of the FX week are short by nature: only days on which the session is open as long as usual are compared.
    """
    if staged.table.kind == "signal":
        return ()
    grain = max(staged.table.interval_ns, _MINUTE_NS)
    date = f"make_timestamp(local_day * {DAY_NS // 1000})"
    rows = connection.execute(
        f"SELECT local_day, count(DISTINCT ts_event // {grain}), strftime({date}, '%Y-%m-%d'), dayofweek({date}) "
        f"FROM {staged.name} GROUP BY local_day ORDER BY local_day"
    ).fetchall()
    weekdays = [row for row in rows if mapping.session == "always" or row[3] in range(1, 6)]
    if len(weekdays) < _DAYS_MIN:
        return ()
    usual = int(median(row[1] for row in weekdays))
    short = [row for row in weekdays if row[1] < _PARTIAL_SHARE * usual]
    return tuple(PartialDay(date, minutes, usual) for _, minutes, date, _ in short)


def _open_times(mapping: Mapping, first_ns: int, last_ns: int) -> OpenTimes:
    return OpenTimes(SESSIONS[mapping.session], first_ns - DAY_NS, last_ns + DAY_NS)


def _mask(open_times: OpenTimes, start: int, stop: int, quiet: int) -> int:
    missing = open_times.open_ns(start, stop)
    if missing > quiet:
        return DEFECTS["gap_unexpected"].mask
    return DEFECTS["gap_session" if missing < stop - start else "gap_quiet"].mask
