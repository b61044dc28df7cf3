"""Trading hours and the daily financing, at their limits and through changes of the clock (OPS-07, PY-14)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from adapters.paper.sessions import Calendar, next_midnight_ns, next_rollover_ns
from ruleengine.market.exchanges import SpecialDays
from ruleengine.model.ticks import tick_at

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
    days = SpecialDays.of(
        {
            "calendar": {
                "closed": ["2026-01-07"],
                "open": ["2026-07-17"],
                "hours": [{"day": "2026-03-03", "opens": "10:00"}],
                "maintenance": [{"at": "2026-01-08T01:00:00Z", "lasts": "1800"}],
            }
        }
    )
    calendar = Calendar("krx", days)
    for moment, is_open in (
        ("2026-01-07T10:00:00", False),
        ("2026-07-17T10:00:00", True),  # the library's holiday
        ("2026-03-03T09:30:00", False),
        ("2026-03-03T10:00:00", True),
        ("2026-11-19T09:30:00", False),  # college exam: known, 10:00 to 16:30
        ("2026-11-19T16:29:59", True),
        ("2026-11-19T16:30:00", False),
        ("2026-01-08T09:59:59", True),
        ("2026-01-08T10:00:00", False),  # 01:00 UTC, for half an hour
        ("2026-01-08T10:29:59", False),
        ("2026-01-08T10:30:00", True),
    ):
        assert calendar.is_open(at(moment, "Asia/Seoul")) is is_open, moment


def test_a_market_around_the_clock_stops_for_maintenance_only() -> None:
    days = SpecialDays.of({"calendar": {"maintenance": [{"at": "2026-01-14T06:00:00Z", "lasts": "1800"}]}})
    calendar = Calendar("always", days)
    assert calendar.is_open(at("2026-01-14T05:59:59", "UTC"))
    assert not calendar.is_open(at("2026-01-14T06:00:00", "UTC"))
    assert calendar.next_open_ns(at("2026-01-14T06:10:00", "UTC")) == at("2026-01-14T06:30:00", "UTC")


def test_a_stated_day_wins_over_the_first_of_the_year() -> None:
    days = SpecialDays.of({"calendar": {"closed": ["2026-01-02"]}})
    calendar = Calendar("krx", days)
    assert not calendar.is_open(at("2026-01-02T11:00:00", "Asia/Seoul"))
    assert not calendar.is_open(at("2026-01-05T09:30:00", "Asia/Seoul"))  # Monday is the first trading day now
    assert calendar.is_open(at("2026-01-05T10:00:00", "Asia/Seoul"))
    assert calendar.is_open(at("2026-01-06T09:00:00", "Asia/Seoul"))


def test_the_day_of_price_limits_changes_at_midnight_in_seoul() -> None:
    assert next_midnight_ns(at("2026-01-07T23:59:59", "Asia/Seoul")) == at("2026-01-08T00:00:00", "Asia/Seoul")
    assert next_midnight_ns(at("2026-01-08T00:00:00", "Asia/Seoul")) == at("2026-01-09T00:00:00", "Asia/Seoul")


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
    with pytest.raises(ValueError, match="use one of always, fx, krx, us"):
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
