"""Bars worked by hand: prices, timers, volumes, late ticks, bars of bars, restarts."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime, time
from typing import Any

import pytest

from ruleengine.market.bar_builder import Bar, BarBuilder
from ruleengine.market.interval import CRYPTO, FX, Anchor, Timeframe, exchange
from ruleengine.market.sessions import ALWAYS, FX_WEEK, KRX, Calendar, Sessions

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
T0 = 1_704_888_000 * SECOND  # 2024-01-10 12:00 UTC


def builder(*names: str, anchor: Anchor = CRYPTO, calendar: Calendar = ALWAYS) -> BarBuilder:
    """One that has been watching for long: every bar is whole."""
    built = BarBuilder([Timeframe(name, anchor) for name in names], Sessions(calendar))
    built.watch_from(0)
    return built


def ns(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def prices(bar: Bar) -> tuple[float, ...]:
    return bar[3:7]


def test_two_minutes_by_hand() -> None:
    """12:00: 10, 12, 9, 11 → open 10, high 12, low 9, close 11. The tick of 12:01:00.0 belongs to 12:01."""
    one = builder("m1")
    for second, price in ((1, 10.0), (20, 12.0), (40, 9.0), (59, 11.0)):
        assert one.quote(T0 + second * SECOND, price) == ()
    (bar,) = one.quote(T0 + MINUTE, 15.0)
    assert bar[:3] == ("m1", T0, T0 + MINUTE)
    assert prices(bar) == (10.0, 12.0, 9.0, 11.0)
    assert math.isnan(bar.volume)
    assert bar.session_start_ns == ns("2024-01-10T00:00")
    assert not bar.is_defective
    (second_bar,) = one.close_due(T0 + 2 * MINUTE)
    assert prices(second_bar) == (15.0, 15.0, 15.0, 15.0)


def test_a_timer_closes_a_bar_below_at_and_above_its_close() -> None:
    one = builder("m1")
    assert one.due_ns() is None
    assert one.is_waiting
    one.quote(T0 + 5, 10.0)
    assert not one.is_waiting
    assert one.due_ns() == T0 + MINUTE
    assert one.close_due(T0 + MINUTE - 1) == ()
    assert len(one.close_due(T0 + MINUTE)) == 1
    assert one.due_ns() is None
    assert one.close_due(T0 + MINUTE + 1) == ()


def test_a_timer_and_the_next_tick_give_the_same_bars() -> None:
    ticks = [(T0 + step * 7 * SECOND, 100.0 + step * 3 % 11) for step in range(200)]
    timed, untimed = builder("m1", "m5"), builder("m1", "m5")
    seen_timed: list[Bar] = []
    seen_untimed: list[Bar] = []
    for ts, price in ticks:
        while (due := timed.due_ns()) is not None and due <= ts:
            seen_timed += timed.close_due(due)
        seen_timed += timed.quote(ts, price)
        seen_untimed += untimed.quote(ts, price)
    assert [bar[:7] for bar in seen_timed] == [bar[:7] for bar in seen_untimed]
    assert len(seen_timed) == 23 + 4  # 1,393 s: 23 whole minutes, 4 whole times five


@pytest.mark.parametrize(
    ("first", "minutes", "fives"),
    [
        (T0, 5, 1),  # watched from the very opening
        (T0 + 1, 4, 0),  # one nanosecond late: neither 12:00 nor the five minutes are whole
        (T0 + MINUTE, 4, 0),
    ],
)
def test_a_bar_begun_before_the_stream_was_watched_is_dropped(first: int, minutes: int, fives: int) -> None:
    fresh = BarBuilder([Timeframe("m1"), Timeframe("m5")], Sessions(ALWAYS))
    seen = [bar for ts in range(first, T0 + 5 * MINUTE, MINUTE) for bar in fresh.quote(ts, 1.0)]
    seen += fresh.close_due(T0 + 5 * MINUTE)
    assert [bar.timeframe for bar in seen] == ["m1"] * minutes + ["m5"] * fives


def test_a_quiet_stretch_makes_no_bar() -> None:
    one = builder("m1")
    one.quote(T0, 1.0)
    (bar,) = one.quote(T0 + 90 * MINUTE, 2.0)
    assert bar.closed_ns == T0 + MINUTE
    assert one.due_ns() == T0 + 91 * MINUTE


def test_several_timeframes_close_shortest_first_and_earliest_first() -> None:
    several = builder("m5", "m2", "m1")
    several.quote(T0 + 3 * MINUTE, 1.0)
    closed = several.quote(T0 + 5 * MINUTE, 2.0)
    assert [(bar.timeframe, (bar.closed_ns - T0) // MINUTE) for bar in closed] == [("m1", 4), ("m2", 4), ("m5", 5)]


def test_a_day_bar_ends_with_the_fx_day_in_both_seasons() -> None:
    days = builder("d1", anchor=FX, calendar=FX_WEEK)
    days.quote(ns("2024-03-08T21:59"), 1.0)  # Friday before clocks go forward
    (friday,) = days.quote(ns("2024-03-10T21:00"), 2.0)
    assert friday.closed_ns == ns("2024-03-08T22:00")
    assert friday.session_start_ns == ns("2024-03-07T22:00")
    assert days.due_ns() == ns("2024-03-11T21:00")


def test_a_stock_day_belongs_to_the_session_in_it() -> None:
    days = builder("d1", anchor=exchange("Asia/Seoul", time(9)), calendar=KRX)
    days.trade(ns("2025-10-01T00:00"), 1.0, 1.0)
    (bar,) = days.close_due(ns("2025-10-01T15:00"))
    assert bar.opened_ns == ns("2025-09-30T15:00")  # midnight in Seoul, before the opening
    assert bar.session_start_ns == ns("2025-10-01T00:00")


def test_volume_is_the_sum_of_trades() -> None:
    one = builder("m1")
    for second, size in ((0, 5.0), (10, 7.0), (59, 1.0)):
        one.trade(T0 + second * SECOND, 10.0, size)
    (bar,) = one.trade(T0 + MINUTE, 10.0, 100.0)
    assert bar.volume == 13.0


def test_volume_is_the_increment_of_what_kis_accumulates() -> None:
    """Totals 1000 (first seen) | 1300, 1500 | 1650: the first minute is unknown, then 500, then 150 (PY-06)."""
    korea = builder("m1", anchor=exchange("Asia/Seoul", time(9)), calendar=KRX)
    nine = ns("2025-10-01T00:00")
    bars: list[Bar] = []
    for second, total in ((5, 1000.0), (65, 1300.0), (100, 1500.0), (130, 1650.0)):
        bars += korea.accumulated(nine + second * SECOND, 70_000.0, total)
    bars += korea.close_due(nine + 3 * MINUTE)
    assert math.isnan(bars[0].volume)
    assert [bar.volume for bar in bars[1:]] == [500.0, 150.0]
    assert bars[1].session_start_ns == nine
    # the next day begins anew: its first total is that day's volume so far
    bars = [*korea.accumulated(nine + 1440 * MINUTE, 70_000.0, 40.0), *korea.close_due(nine + 1441 * MINUTE)]
    assert bars[0].volume == 40.0
    assert not bars[0].is_defective


def test_a_total_that_falls_within_a_day_is_a_defect() -> None:
    korea = builder("m1", anchor=exchange("Asia/Seoul", time(9)), calendar=KRX)
    nine = ns("2025-10-01T00:00")
    for second, total in ((1, 0.0), (2, 900.0), (3, 800.0)):
        korea.accumulated(nine + second * SECOND, 70_000.0, total)
    (bar,) = korea.close_due(nine + MINUTE)
    assert bar.is_defective


def test_a_late_tick_is_refused_counted_and_marks_the_bar() -> None:
    one = builder("m1")
    one.quote(T0 + 30 * SECOND, 10.0)
    assert one.quote(T0 + 29 * SECOND, 99.0) == ()
    (bar,) = one.close_due(T0 + MINUTE)
    assert prices(bar) == (10.0, 10.0, 10.0, 10.0)
    assert bar.is_defective
    assert one.late == 1
    one.quote(T0 + MINUTE - 1, 99.0)  # its bar is closed and acted upon: the next one is marked
    one.quote(T0 + MINUTE, 11.0)
    (bar,) = one.close_due(T0 + 2 * MINUTE)
    assert bar.is_defective
    one.quote(T0 + 2 * MINUTE, 12.0)
    (bar,) = one.close_due(T0 + 3 * MINUTE)
    assert not bar.is_defective


def test_a_refused_observation_marks_every_open_bar() -> None:
    two = builder("m1", "m5")
    two.quote(T0, 10.0)
    (bar,) = two.mark_defect(T0 + MINUTE)  # the minute before it is over, and sound
    assert not bar.is_defective
    two.quote(T0 + MINUTE + 1, 10.0)
    closed = two.close_due(T0 + 5 * MINUTE)
    assert [(bar.timeframe, bar.is_defective) for bar in closed] == [("m1", True), ("m5", True)]


def test_bars_of_smaller_bars() -> None:
    """Minutes 1: 10 12 9 11, 2: 11 15 10 14 … give 10, 15, 9, 14 at 12:05, the moment the fifth one closes."""
    larger = builder("m1", "m5")
    minutes = [(10.0, 12.0, 9.0, 11.0), (11.0, 15.0, 10.0, 14.0), (14.0, 14.0, 13.0, 13.0), (13.0, 14.0, 12.0, 14.0)]
    seen: list[Bar] = []
    for place, values in enumerate(minutes):
        opened = T0 + (place + 1) * MINUTE
        seen += larger.smaller_bar(opened, opened + MINUTE, values, volume=10.0 * place)
    assert [prices(bar) for bar in seen if bar.timeframe == "m1"] == minutes
    assert [(prices(bar), bar.volume, bar.closed_ns) for bar in seen if bar.timeframe == "m5"] == [
        ((10.0, 15.0, 9.0, 14.0), 60.0, T0 + 5 * MINUTE)
    ]


def test_a_smaller_bar_that_overlaps_the_one_before_is_late() -> None:
    larger = builder("m5")
    larger.smaller_bar(T0, T0 + 2 * MINUTE, (1.0, 2.0, 1.0, 2.0))
    larger.smaller_bar(T0 + MINUTE, T0 + 3 * MINUTE, (1.0, 9.0, 1.0, 2.0))
    (bar,) = larger.close_due(T0 + 5 * MINUTE)
    assert larger.late == 1
    assert bar.is_defective
    assert bar.high == 2.0


def test_a_smaller_bar_that_reaches_beyond_is_a_defect() -> None:
    sevens = builder("7min")
    sevens.smaller_bar(ns("2024-01-10T00:05"), ns("2024-01-10T00:10"), (1.0, 2.0, 1.0, 2.0))
    (bar,) = sevens.smaller_bar(ns("2024-01-10T00:10"), ns("2024-01-10T00:15"), (1.0, 2.0, 1.0, 2.0))
    assert bar.is_defective


def _feed(one: BarBuilder, ticks: list[tuple[int, float, float]]) -> list[Bar]:
    return [bar for ts, price, size in ticks for bar in one.trade(ts, price, size)]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_restart_in_the_middle_of_a_bar_and_a_prefix_change_nothing(seed: int) -> None:
    rng = random.Random(seed)
    ts, ticks = T0, []
    for _ in range(3000):
        ts += rng.choice([0, SECOND // 7, SECOND, 20 * SECOND, 400 * SECOND])
        ticks.append((ts, round(rng.uniform(149, 151), 3), float(rng.randrange(1, 9))))
    whole = _feed(builder("m1", "7min", "h4", anchor=FX), ticks)
    assert len(whole) > 500
    for cut in (1, 700, 1501, 2999):
        first = builder("m1", "7min", "h4", anchor=FX)
        begun = _feed(first, ticks[:cut])
        assert begun == whole[: len(begun)]
        state: dict[str, Any] = json.loads(json.dumps(first.snapshot(), allow_nan=False))
        second = builder("m1", "7min", "h4", anchor=FX)
        second.restore(state)
        assert second.snapshot() == first.snapshot()
        assert begun + _feed(second, ticks[cut:]) == whole


def test_a_quote_builder_survives_json() -> None:
    one = builder("m1", "m5")
    one.quote(T0, 1.0)
    state = json.loads(json.dumps(one.snapshot(), allow_nan=False))
    other = builder("m1", "m5", "h1")
    other.restore(state)
    assert [bar[:7] for bar in other.quote(T0 + MINUTE, 2.0)] == [bar[:7] for bar in one.quote(T0 + MINUTE, 2.0)]
