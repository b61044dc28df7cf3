"""The two days of 2026 on which New York changes its clocks, worked out by hand (OPS-07).

    2026-03-08   02:00 EST (UTC−5) becomes 03:00 EDT (UTC−4) at 07:00Z: a day of 23 hours
    2026-11-01   02:00 EDT becomes 01:00 EST at 06:00Z: a day of 25 hours

Both are Sundays on which the FX week begins: 17:00 in New York is 22:00Z under EST and 21:00Z under EDT.
"""

from __future__ import annotations

import os
import time as machine
from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import pytest

from adapters.kis import kst
from ruleengine.market.days import account_day
from ruleengine.market.interval import FX, Anchor, Timeframe, exchange
from ruleengine.market.phase import Phase
from ruleengine.market.sessions import FX_WEEK, Sessions
from ruleengine.market.zones import local_date, wall_ns, zone

KST_DAY = exchange("Asia/Seoul", time(9))
HOUR_NS = 3_600_000_000_000


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(("at", "phase"), [
    # Friday 6 March, EST: 16:59 is 21:59Z
    ("2026-03-06T21:58:59", "open"), ("2026-03-06T21:59:00", "paused"), ("2026-03-06T22:00:00", "closed"),
    # Sunday 8 March: at 21:00Z it was 16:00 a week before, and is 17:00
    ("2026-03-08T20:59:59", "closed"), ("2026-03-08T21:00:00", "paused"), ("2026-03-08T21:05:00", "open"),
    ("2026-03-08T22:00:00", "open"),
    # Monday 9 March, EDT: the pause is an hour earlier in UTC
    ("2026-03-09T20:58:59", "open"), ("2026-03-09T20:59:00", "paused"), ("2026-03-09T21:04:59", "paused"),
    ("2026-03-09T21:05:00", "open"), ("2026-03-09T21:59:30", "open"),
    # Friday 30 October, EDT
    ("2026-10-30T20:58:59", "open"), ("2026-10-30T20:59:00", "paused"), ("2026-10-30T21:00:00", "closed"),
    # Sunday 1 November: at 21:00Z it is 16:00 again
    ("2026-11-01T21:00:00", "closed"), ("2026-11-01T21:59:59", "closed"), ("2026-11-01T22:00:00", "paused"),
    ("2026-11-01T22:05:00", "open"),
    # Monday 2 November, EST
    ("2026-11-02T20:59:30", "open"), ("2026-11-02T21:58:59", "open"), ("2026-11-02T21:59:00", "paused"),
    ("2026-11-02T22:05:00", "open"),
])  # fmt: skip
def test_the_fx_week_and_its_pause_follow_new_york(at: str, phase: str) -> None:
    assert Phase("fx").at(ns(at)) == phase


@pytest.mark.parametrize(("at", "due"), [
    ("2026-03-06T22:30", "2026-03-08T21:00"), ("2026-03-08T21:30", "2026-03-09T20:59"),
    ("2026-10-30T21:30", "2026-11-01T22:00"), ("2026-11-01T22:30", "2026-11-02T21:59"),
])  # fmt: skip
def test_the_next_change_is_looked_for_across_the_change_of_clocks(at: str, due: str) -> None:
    """A timer that is due an hour off would sleep through an hour of the market, or decide in a closed one."""
    phase = Phase("fx")
    now, was = ns(at), phase.turn(ns(at))
    while phase.at(now) == was:  # `due` may come before the phase changes, never after
        now = phase.due
    assert now == ns(due)


@pytest.mark.parametrize(("at", "start"), [
    ("2026-03-08T12:00", "2026-03-05T22:00"), ("2026-03-09T12:00", "2026-03-08T21:00"),
    ("2026-11-01T12:00", "2026-10-29T21:00"), ("2026-11-02T12:00", "2026-11-01T22:00"),
])  # fmt: skip
def test_a_session_begins_at_five_in_new_york(at: str, start: str) -> None:
    assert Sessions(FX_WEEK).session_start(ns(at)) == ns(start)


@pytest.mark.parametrize(("name", "begin", "bars"), [
    # 23 hours: five bars of four hours, and one of three
    ("h4", "2026-03-07T22:00", ["2026-03-08T02:00", "2026-03-08T06:00", "2026-03-08T10:00", "2026-03-08T14:00",
                                "2026-03-08T18:00", "2026-03-08T21:00", "2026-03-09T01:00"]),
    ("d1", "2026-03-06T22:00", ["2026-03-07T22:00", "2026-03-08T21:00", "2026-03-09T21:00"]),
    # 25 hours: six bars of four hours, and one of one
    ("h4", "2026-10-31T21:00", ["2026-11-01T01:00", "2026-11-01T05:00", "2026-11-01T09:00", "2026-11-01T13:00",
                                "2026-11-01T17:00", "2026-11-01T21:00", "2026-11-01T22:00", "2026-11-02T02:00"]),
    ("d1", "2026-10-30T21:00", ["2026-10-31T21:00", "2026-11-01T22:00", "2026-11-02T22:00"]),
    # the hour from 01:00 in New York that occurs twice is two bars
    ("h1", "2026-11-01T05:00", ["2026-11-01T06:00", "2026-11-01T07:00"]),
])  # fmt: skip
def test_bars_of_the_fx_day(name: str, begin: str, bars: list[str]) -> None:
    """`bars`: where each bar from `begin` on closes, and the next one opens."""
    frame, opened = Timeframe(name, FX), ns(begin)
    for closes in bars:
        for instant in (opened, ns(closes) - 1):
            assert frame.bucket(instant) == (opened, ns(closes)), closes
        opened = ns(closes)


def test_the_accounts_day_has_23_and_25_hours() -> None:
    """SC-10: what is measured since the day began is measured since 17:00 in New York."""
    day = Timeframe("d1", account_day({"day": {"timezone": "America/New_York", "cut": "17:00"}}, ()))
    lengths = [
        (closes - opened) // HOUR_NS
        for at in ("2026-03-07T12:00", "2026-03-08T12:00", "2026-03-09T12:00", "2026-11-01T12:00", "2026-11-02T12:00")
        for opened, closes in [day.bucket(ns(at))]
    ]
    assert lengths == [24, 23, 24, 25, 24]


@pytest.mark.parametrize(("cut", "begin", "end"), [
    # 02:30 does not occur on 8 March: the day begins as the clocks jump, at 07:00Z
    ("02:30", "2026-03-08T07:00", "2026-03-09T06:30"),
    # 01:30 occurs twice on 1 November: the first counts, at 05:30Z; the next day's is at 06:30Z
    ("01:30", "2026-11-01T05:30", "2026-11-02T06:30"),
])  # fmt: skip
def test_a_day_that_is_cut_where_clocks_change(cut: str, begin: str, end: str) -> None:
    clock = time.fromisoformat(cut)
    day = Timeframe("d1", Anchor("America/New_York", clock, clock))
    assert day.bucket(ns(begin)) == day.bucket(ns(end) - 1) == (ns(begin), ns(end))
    assert day.bucket(ns(begin) - 1)[1] == ns(begin)


# --- Korea changes nothing --------------------------------------------------------------------------------------------


@pytest.fixture(params=["America/New_York", "Asia/Seoul", "UTC"])
def _machine_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """This machine stands somewhere."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    machine.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    machine.tzset()


@pytest.mark.usefixtures("_machine_zone")
@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_a_korean_day_has_24_hours_wherever_the_machine_stands(day: str) -> None:
    """Korean midnight is 15:00Z of the day before; the hours that New York skips or repeats are hours like others."""
    end = ns(f"{day}T15:00")
    opened, closes = Timeframe("d1", KST_DAY).bucket(end - 1)
    assert (opened, closes) == (end - 24 * HOUR_NS, end)
    assert local_date(opened, zone("Asia/Seoul")) == date.fromisoformat(day)
    assert wall_ns(date.fromisoformat(day), time(2, 30), zone("Asia/Seoul")) == opened + 5 * HOUR_NS // 2


@pytest.mark.usefixtures("_machine_zone")
@pytest.mark.parametrize("day", ["20260308", "20261101"])
def test_times_without_a_zone_are_koreas_wherever_the_machine_stands(day: str) -> None:
    """KIS writes `023000` and no zone: half past two in Seoul is 17:30Z of the day before."""
    midnight = ns(f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00") - 9 * HOUR_NS
    assert kst.moment(day, "023000") == midnight + 5 * HOUR_NS // 2
    assert kst.join("013000", midnight + 2 * HOUR_NS) == midnight + 3 * HOUR_NS // 2
    assert [kst.day_of(midnight - 1), kst.day_of(midnight)] == [kst.shifted(day, -1), day]
