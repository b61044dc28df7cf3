"""Openings, closes, holidays and both days on which clocks change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from ruleengine.market.sessions import ALWAYS, FX_WEEK, KRX, Calendar, Hours, Sessions, public_holidays, week

SECOND = 1_000_000_000


def ns(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("at", "is_open", "start", "change"),
    [
        ("2024-01-12T21:59:59", True, "2024-01-11T22:00", "2024-01-12T22:00"),  # Friday 16:59:59 New York
        ("2024-01-12T22:00:00", False, "2024-01-11T22:00", "2024-01-14T22:00"),  # 17:00: closed until Sunday
        ("2024-01-14T21:59:59", False, "2024-01-11T22:00", "2024-01-14T22:00"),
        ("2024-01-14T22:00:00", True, "2024-01-14T22:00", "2024-01-15T22:00"),
        ("2024-01-16T22:00:00", True, "2024-01-16T22:00", "2024-01-17T22:00"),  # touching windows, a new session
        ("2024-03-10T20:59:59", False, "2024-03-07T22:00", "2024-03-10T21:00"),  # clocks went forward that morning
        ("2024-03-10T21:00:00", True, "2024-03-10T21:00", "2024-03-11T21:00"),
        ("2024-11-03T21:59:59", False, "2024-10-31T21:00", "2024-11-03T22:00"),  # and back
        ("2024-11-03T22:00:00", True, "2024-11-03T22:00", "2024-11-04T22:00"),
    ],
)
def test_fx_week(at: str, is_open: bool, start: str, change: str) -> None:
    sessions = Sessions(FX_WEEK)
    assert sessions.is_open(ns(at)) is is_open
    assert sessions.session_start(ns(at)) == ns(start)
    assert sessions.next_change(ns(at)) == ns(change)


@pytest.mark.parametrize(
    ("at", "is_open", "change"),
    [
        ("2025-10-01T08:59:59", False, "2025-10-01T09:00"),
        ("2025-10-01T09:00:00", True, "2025-10-01T15:30"),
        ("2025-10-01T15:29:59", True, "2025-10-01T15:30"),
        ("2025-10-01T15:30:00", False, "2025-10-02T09:00"),
        ("2025-10-02T16:00:00", False, "2025-10-10T10:00"),  # Chuseok; then a late opening
        ("2025-10-10T09:59:59", False, "2025-10-10T10:00"),
        ("2025-10-10T10:00:00", True, "2025-10-10T12:00"),  # and an early close
        ("2025-10-10T12:00:00", False, "2025-10-13T09:00"),
    ],
)
def test_krx_with_holidays_a_late_opening_and_an_early_close(at: str, is_open: bool, change: str) -> None:
    days = frozenset(date(2025, 10, day) for day in (3, 6, 7, 8, 9))
    calendar = replace(KRX, holidays=days, opens={date(2025, 10, 10): time(10)}, closes={date(2025, 10, 10): time(12)})
    hours = 9 * 3600 * SECOND  # Seoul has no summer time
    sessions = Sessions(calendar)
    assert sessions.is_open(ns(at) - hours) is is_open
    assert sessions.next_change(ns(at) - hours) == ns(change) - hours


def _daily(zone: str, opens: time, closes: time) -> Sessions:
    return Sessions(Calendar("test", zone, (Hours(week("mon", "sun"), opens, closes),)))


def test_a_wall_time_that_never_occurs_is_the_instant_of_the_jump() -> None:
    new_york = _daily("America/New_York", time(2, 30), time(4))  # 2024-03-10: 02:00 → 03:00 at 07:00 UTC
    assert not new_york.is_open(ns("2024-03-10T06:59:59"))
    assert new_york.is_open(ns("2024-03-10T07:00:00"))
    assert new_york.next_change(ns("2024-03-10T07:00:00")) == ns("2024-03-10T08:00")
    london = _daily("Europe/London", time(1, 15), time(3))  # 2024-03-31: 01:00 → 02:00 at 01:00 UTC
    assert not london.is_open(ns("2024-03-31T00:59:59"))
    assert london.is_open(ns("2024-03-31T01:00:00"))
    assert not london.is_open(ns("2024-03-31T02:00:00"))


def test_a_wall_time_that_occurs_twice_is_its_first_occurrence() -> None:
    new_york = _daily("America/New_York", time(1, 30), time(3))  # 2024-11-03: 02:00 → 01:00 at 06:00 UTC
    assert not new_york.is_open(ns("2024-11-03T05:29:59"))
    assert new_york.is_open(ns("2024-11-03T05:30:00"))
    assert new_york.next_change(ns("2024-11-03T06:30:00")) == ns("2024-11-03T08:00")
    london = _daily("Europe/London", time(0), time(1, 30))  # 2024-10-27: 02:00 → 01:00 at 01:00 UTC
    assert london.is_open(ns("2024-10-27T00:29:59"))
    assert not london.is_open(ns("2024-10-27T00:30:00"))
    assert not london.is_open(ns("2024-10-27T01:15:00"))  # 01:15 for the second time


def test_a_daily_pause() -> None:
    """OANDA fills nothing between 16:59 and 17:05 New York time: one window from 17:05 to 16:59 of the next day."""
    fills = Sessions(Calendar("fills", "America/New_York", (Hours(week("sun", "thu"), time(17, 5), time(16, 59)),)))
    assert fills.is_open(ns("2024-01-10T21:58:59"))
    assert not fills.is_open(ns("2024-01-10T21:59:00"))
    assert not fills.is_open(ns("2024-01-10T22:04:59"))
    assert fills.is_open(ns("2024-01-10T22:05:00"))


def test_always() -> None:
    sessions = Sessions(ALWAYS)
    assert sessions.is_open(ns("2024-01-13T12:00:00"))
    assert sessions.session_start(ns("2024-01-13T12:00:00")) == ns("2024-01-13T00:00")
    assert sessions.next_change(ns("2024-01-13T12:00:00")) == ns("2024-01-14T00:00")


def test_never_open() -> None:
    sessions = Sessions(Calendar("shut", "UTC", (Hours(frozenset(), time(1), time(2)),)))
    assert not sessions.is_open(ns("2024-01-13T12:00:00"))
    assert sessions.next_change(ns("2024-01-13T12:00:00")) is None


def test_answers_do_not_depend_on_the_order_of_asking() -> None:
    times = [ns("2024-03-08T00:00") + step * 5401 * SECOND for step in range(200)]
    forward, backward = Sessions(FX_WEEK), Sessions(FX_WEEK)
    seen = [forward.at(at)[1:] for at in times]
    assert [backward.at(at)[1:] for at in reversed(times)] == seen[::-1]


def test_overlapping_windows_are_refused() -> None:
    both = (Hours(week("mon", "fri"), time(9), time(12)), Hours(week("fri", "fri"), time(11), time(13)))
    with pytest.raises(ValueError, match="overlap"):
        Sessions(Calendar("both", "UTC", both))
    across = (Hours(week("sun", "sun"), time(22), time(6)), Hours(week("mon", "mon"), time(5), time(7)))
    with pytest.raises(ValueError, match="overlap"):
        Sessions(Calendar("across", "UTC", across))


def test_public_holidays() -> None:
    assert date(2025, 10, 6) in public_holidays("KR", [2025])  # Chuseok
    assert date(2024, 7, 4) in public_holidays("XNYS", [2024])
    with pytest.raises(ValueError, match="no holidays known for `QQ`"):
        public_holidays("QQ", [2024])
