"""Days of KRX that are not like others, in UTC (Seoul is nine hours ahead all year): late openings, and holidays that
calendar libraries are known to get wrong (OPS-07).

Measured against each other were holidays 0.108/0.109, exchange_calendars 4.13.2 and pandas-market-calendars 5.5.0: the
latter two trade on 2026-06-03 and 2026-07-17, none of them knows late openings after 2020.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from ruleengine.market.exchanges import REGULAR, SpecialDays, trading_hours
from ruleengine.market.sessions import Sessions


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def opening(day: str, days: SpecialDays = REGULAR) -> tuple[str, str] | None:
    """(opening, close) of the session of a day in Seoul, UTC times of that date; None where there is none."""
    krx = Sessions(trading_hours("krx", days))
    midnight = ns(f"{day}T00:00") - 9 * 3_600_000_000_000
    change = krx.next_change(midnight)
    if change is None or change >= midnight + 86_400_000_000_000:
        return None
    stretch = krx.at(change)
    assert stretch.is_open
    return _clock(stretch.start_ns), _clock(stretch.end_ns)


def _clock(ts: int) -> str:
    return datetime.fromtimestamp(ts // 1_000_000_000, UTC).strftime("%H:%M")


@pytest.mark.parametrize(("day", "hours"), [
    ("2025-12-30", ("00:00", "06:30")),  # the last trading day of 2025: 09:00–15:30 as ever
    ("2025-12-31", None),
    ("2026-01-01", None),
    ("2026-01-02", ("01:00", "06:30")),  # the first of 2026: opens at 10:00, closes at 15:30
    ("2026-01-05", ("00:00", "06:30")),
    ("2025-01-02", ("01:00", "06:30")),
    ("2027-01-04", ("01:00", "06:30")),  # a Monday: New Year's Day was a Friday
    ("2027-01-05", ("00:00", "06:30")),
    ("2026-11-18", ("00:00", "06:30")),
    ("2026-11-19", ("01:00", "07:30")),  # the college exam: 10:00–16:30
    ("2026-11-20", ("00:00", "06:30")),
    ("2025-11-13", ("01:00", "07:30")),
])  # fmt: skip
def test_late_openings(day: str, hours: tuple[str, str] | None) -> None:
    assert opening(day) == hours


@pytest.mark.parametrize("day", [
    "2025-06-03",  # presidential election
    "2026-05-01",  # Labour Day
    "2026-06-03",  # local elections
    "2026-07-17",  # Constitution Day, a holiday again
    "2026-10-05",  # for National Foundation Day, a Saturday
    "2026-12-31",  # the exchange's own last day of the year
])  # fmt: skip
def test_closed_days_that_libraries_miss(day: str) -> None:
    assert opening(day) is None


@pytest.mark.parametrize(("stated", "day", "hours"), [
    ({"open": ["2026-07-17"]}, "2026-07-17", ("00:00", "06:30")),
    ({"closed": ["2026-07-16"]}, "2026-07-16", None),
    ({"closed": ["2026-01-02"]}, "2026-01-05", ("01:00", "06:30")),  # the first trading day is the next one then
    ({"hours": [{"day": "2026-11-19", "opens": "09:00", "closes": "15:30"}]}, "2026-11-19", ("00:00", "06:30")),
    ({"hours": [{"day": "2026-12-31", "opens": "10:00"}]}, "2026-12-31", ("01:00", "06:30")),
    ({"hours": [{"day": "2027-11-18", "opens": "10:00", "closes": "16:30"}]}, "2027-11-18", ("01:00", "07:30")),
])  # fmt: skip
def test_what_the_account_file_states_wins(stated: dict[str, object], day: str, hours: tuple[str, str] | None) -> None:
    assert opening(day, SpecialDays.of({"calendar": stated})) == hours


def test_neighbours_of_a_stated_day_stay_as_they_are() -> None:
    days = SpecialDays.of({"calendar": {"hours": [{"day": "2026-11-19", "opens": "11:00"}]}})
    assert days.open == {date(2026, 11, 19)}
    assert days.opens == {date(2026, 11, 19): time(11)}
    assert [opening(f"2026-11-{day}", days) for day in (18, 19, 20)] == [
        ("00:00", "06:30"), ("02:00", "07:30"), ("00:00", "06:30"),
    ]  # fmt: skip
