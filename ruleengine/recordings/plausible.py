"""Whether stamps can be times of a market: a count since 1970 says nothing of its own unit.

Seconds taken for nanoseconds are a moment in 1970, milliseconds taken for seconds one in a far future. So a stamp
before `EARLIEST_NS`, or after what is given as latest, refuses the file, and the unit under which it would be a time is
named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import duckdb

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.mapping import EPOCH_EXPONENTS, TimeField
from ruleengine.recordings.problem import RecordingProblem, line_of

EARLIEST_NS = 631_152_000_000_000_000
"""1990-01-01 UTC: older than any record of quotes that a program could have taken."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {9: "seconds", 6: "milliseconds", 3: "microseconds", 0: "nanoseconds"}
_FORMS = {exponent: form for form, exponent in EPOCH_EXPONENTS.items()}


def check_stamps(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    column: str,
    time: TimeField,
    latest_ns: int,
    origins: Mapping[int, str],
) -> None:
    """Raise `RecordingProblem` at the first stamp that is none.

    `source` has file_no, line_no and the stamps as `column`; `origins`: names of the inputs.
    Units    nanoseconds; of a local clock its own.
    """
    outside = f"FROM {source} WHERE {column} NOT BETWEEN {EARLIEST_NS} AND {latest_ns}"
    row = connection.execute(f"SELECT count(*) {outside}").fetchone()
    if row is None or row[0] == 0:
        return
    first = connection.execute(
        f"SELECT file_no, line_no, {column} {outside} ORDER BY file_no, line_no LIMIT 1"
    ).fetchone()
    assert first is not None
    file_no, line, ns = first
    when = "before 1990" if ns < EARLIEST_NS else "after the present"
    remedy = _remedy(ns, time, latest_ns)
    place = line_of(origins[file_no], line)
    raise RecordingProblem(faults.stamp_implausible(place, " ".join(time.columns), _moment(ns), when, row[0], remedy))


def _remedy(ns: int, time: TimeField, latest_ns: int) -> str:
    """The unit under which the stamp would be a time, if there is one.

    >>> _remedy(1_546_383_600, TimeField(columns=("ts",), form="epoch_ns"), 1_800_000_000_000_000_000)
    'as seconds it would be 2019-01-01 23:00:00: declare `form: epoch_s` in the mapping'
    """
    read_as = EPOCH_EXPONENTS.get(time.form, 0)
    for exponent, unit in _UNITS.items():
        meant = ns * 10**exponent // 10**read_as
        if not EARLIEST_NS <= meant <= latest_ns:
            continue
        if time.form in EPOCH_EXPONENTS:
            return f"as {unit} it would be {_moment(meant)}: declare `form: {_FORMS[exponent]}` in the mapping"
        return f"{unit} that were taken for nanoseconds would be {_moment(meant)}: write the file again from its origin"
    return "correct the stamps, or the mapping's `form:` or `pattern:`"


def _moment(ns: int) -> str:
    """UTC time as text; of what no calendar has, the year alone.

    >>> _moment(1_546_383_600_071_000_064), _moment(10**21)
    ('2019-01-01 23:00:00', 'the year 33658')
    """
    try:
        return (_EPOCH + timedelta(seconds=ns // 1_000_000_000)).strftime("%Y-%m-%d %H:%M:%S")
    except OverflowError:
        return f"the year {1970 + ns // 31_556_952_000_000_000}"
