"""Trading hours and the daily financing, at their limits and through changes of the clock (OPS-07, PY-14)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from adapters.paper.sessions import Calendar, next_rollover_ns
from adapters.paper.ticks import tick_at

SECOND = 1_000_000_000


def at(text: str, zone: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-01-11T17:04:59", False),  # Sunday
        ("2026-01-11T17:05:00", True),
        ("2026-01-12T16:58:59", True),
        ("2026-01-12T16:59:00", False),
        ("2026-01-12T17:04:59", False),
        ("2026-01-12T17:05:00", True),
        ("2026-01-16T16:58:59", True),  # Friday
        ("2026-01-16T16:59:00", False),
        ("2026-01-16T17:05:00", False),
        ("2026-01-17T12:00:00", False),
        ("2026-03-08T17:05:00", True),  # the day summer time begins
        ("2026-11-01T17:04:00", False),  # the day it ends
        ("2026-11-01T17:05:00", True),
    ],
)
def test_the_fx_week_by_new_yorks_clock(moment: str, is_open: bool) -> None:
    assert Calendar("fx").is_open(at(moment, "America/New_York")) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-01-07T08:59:59", False),
        ("2026-01-07T09:00:00", True),
        ("2026-01-07T15:29:59", True),
        ("2026-01-07T15:30:00", False),
        ("2026-01-02T09:59:59", False),  # the year's first trading day opens at ten
        ("2026-01-02T10:00:00", True),
        ("2026-01-10T10:00:00", False),  # Saturday
        ("2026-06-03T10:00:00", False),  # election day, which other calendars have open
        ("2026-07-17T10:00:00", False),  # Constitution Day, a holiday again
        ("2026-05-01T10:00:00", False),
        ("2026-12-31T10:00:00", False),
        ("2026-12-30T10:00:00", True),
    ],
)
def test_the_korean_session(moment: str, is_open: bool) -> None:
    assert Calendar("krx").is_open(at(moment, "Asia/Seoul")) is is_open


def test_days_named_by_the_account_file_close_or_open_late() -> None:
    calendar = Calendar("krx", closed=[date(2026, 1, 7)], late=[date(2026, 11, 19)])
    assert not calendar.is_open(at("2026-01-07T10:00:00", "Asia/Seoul"))
    assert not calendar.is_open(at("2026-11-19T09:30:00", "Asia/Seoul"))
    assert calendar.is_open(at("2026-11-19T10:00:00", "Asia/Seoul"))


def test_the_us_session() -> None:
    calendar = Calendar("us")
    assert calendar.is_open(at("2013-10-07T09:30:00", "America/New_York"))
    assert not calendar.is_open(at("2013-10-07T16:00:00", "America/New_York"))
    assert not calendar.is_open(at("2013-11-28T12:00:00", "America/New_York"))  # Thanksgiving


def test_the_next_opening() -> None:
    friday = at("2026-01-09T20:00:00", "America/New_York")
    assert Calendar("fx").next_open_ns(friday) == at("2026-01-11T17:05:00", "America/New_York")
    assert Calendar("always").next_open_ns(friday) == friday


def test_unknown_hours_are_refused() -> None:
    with pytest.raises(ValueError, match="use `always`, `fx`, `krx` or `us`"):
        Calendar("lse")


@pytest.mark.parametrize(
    ("after", "due", "days"),
    [
        ("2026-01-07T16:59:59", "2026-01-07T17:00:00", 3),  # Wednesday
        ("2026-01-07T17:00:00", "2026-01-08T17:00:00", 1),
        ("2026-01-09T17:00:00", "2026-01-12T17:00:00", 1),  # over the week-end
        ("2026-03-06T18:00:00", "2026-03-09T17:00:00", 1),  # over the change of the clock
    ],
)
def test_the_next_rollover(after: str, due: str, days: int) -> None:
    assert next_rollover_ns(at(after, "America/New_York")) == (at(due, "America/New_York"), days)


@pytest.mark.parametrize(
    ("price", "stock", "etf"),
    [
        ("1999", 1, 1), ("2000", 5, 5), ("4995", 5, 5), ("5000", 10, 5), ("19990", 10, 5), ("20000", 50, 5),
        ("49950", 50, 5), ("50000", 100, 5), ("199900", 100, 5), ("200000", 500, 5), ("499500", 500, 5),
        ("500000", 1000, 5),
    ],
)  # fmt: skip
def test_the_korean_tick_table(price: str, stock: int, etf: int) -> None:
    assert tick_at("krx_stock", Decimal(1), Decimal(price)) == stock
    assert tick_at("krx_etf", Decimal(1), Decimal(price)) == etf
