"""The trading day of an instrument: previous close, the prices it may reach, and the step that follows the price."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from adapters.paper.instruments import known
from ruleengine.facts.frames import MarketFrame
from ruleengine.model.unknown import known as is_known
from ruleengine.runtime.markets.day import SLOTS, TradingDay

SAMSUNG = known(["005930"])[0]


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text + "+09:00").timestamp()) * 1_000_000_000


def trade(day: TradingDay, at: str, price: float, size: float = 1.0) -> None:
    day.take(ns(at), price, price, price, price, size)


def test_the_close_of_a_day_is_the_base_of_the_next() -> None:
    frame = MarketFrame()
    day = TradingDay(SAMSUNG, frame)
    trade(day, "2026-01-07T09:00:00", 71_000.0, 5.0)
    trade(day, "2026-01-07T15:29:59", 71_300.0, 7.0)
    assert not is_known(frame.previous_close)
    assert not is_known(frame.limit_up)
    trade(day, "2026-01-08T09:00:00", 72_000.0, 2.0)
    # 71,300 × 30 % = 21,390, cut to the step of 100: 21,300
    assert (frame.previous_close, frame.limit_down, frame.limit_up) == (71_300.0, 50_000.0, 92_600.0)
    assert (frame.open, frame.high, frame.low, frame.volume) == (72_000.0, 72_000.0, 72_000.0, 2.0)


def test_the_account_file_gives_the_base_of_the_first_day() -> None:
    frame = MarketFrame()
    day = TradingDay(replace(SAMSUNG, base_price=Decimal(9_980)), frame)
    # 9,980 × 30 % = 2,994, cut to the step of 10: 2,990. Up to 12,970, down to 6,990
    assert (frame.previous_close, frame.limit_down, frame.limit_up) == (9_980.0, 6_990.0, 12_970.0)
    trade(day, "2026-01-07T09:00:00", 10_000.0)
    assert frame.previous_close == 9_980.0


def test_an_upper_limit_in_a_coarser_band_is_cut_to_its_step() -> None:
    frame = MarketFrame()
    TradingDay(replace(SAMSUNG, base_price=Decimal(4_105)), frame)
    # 4,105 × 30 % = 1,231.5 → 1,230 (step 5); 5,335 lies where steps are 10: 5,330. Down: 2,875
    assert (frame.limit_down, frame.limit_up) == (2_875.0, 5_330.0)


def test_the_step_follows_the_price() -> None:
    frame = MarketFrame(tick=1.0)
    day = TradingDay(SAMSUNG, frame)
    found = []
    for price in (49_950.0, 50_000.0, 71_300.0, 49_900.0, 200_000.0):
        trade(day, "2026-01-07T09:00:00", price)
        found.append(frame.tick)
    assert found == [50.0, 100.0, 100.0, 50.0, 500.0]


def test_state_goes_on_where_it_stopped() -> None:
    first, second = MarketFrame(), MarketFrame()
    day, other = TradingDay(SAMSUNG, first), TradingDay(SAMSUNG, second)
    trade(day, "2026-01-07T09:00:00", 71_000.0, math.nan)
    trade(day, "2026-01-07T15:00:00", 71_300.0, math.nan)
    other.restore(json.loads(json.dumps(day.state())))
    for slot in SLOTS:
        setattr(second, slot, getattr(first, slot))
    for each in (day, other):
        trade(each, "2026-01-08T09:00:00", 70_000.0)
    assert [getattr(first, slot) for slot in SLOTS] == [getattr(second, slot) for slot in SLOTS]
    assert (first.previous_close, first.tick) == (71_300.0, 100.0)
    assert second.tick == 100.0


def test_what_the_source_says_of_the_day_counts() -> None:
    """The last tick of each minute hides the minute's extremes, and a day's first row its volume; KIS states both."""
    frame = MarketFrame()
    day = TradingDay(SAMSUNG, frame)
    trade(day, "2026-01-07T09:01:00", 71_000.0, math.nan)
    assert not is_known(frame.volume)
    day.stated(71_500.0, 70_900.0, 123_456.0)
    assert (frame.high, frame.low, frame.volume) == (71_500.0, 70_900.0, 123_456.0)
    trade(day, "2026-01-07T09:02:00", 71_600.0, 44.0)
    day.stated(71_550.0, None, 123_500.0)  # never below what was traded
    assert (frame.high, frame.low, frame.volume) == (71_600.0, 70_900.0, 123_500.0)
    trade(day, "2026-01-07T09:03:00", 71_600.0, 10.0)
    assert frame.volume == 123_510.0
