"""A warm start: from its first event on, features and running figures are what they are to who watched all along."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ruleengine.model.event import BarEvent, Book, Funding, Quote, Reference, TradePrint
from ruleengine.model.unknown import known
from ruleengine.runtime.driving.warm import forget_prices, history_ns, is_warm, warm_up
from tests.runtime.engine import world as worlds
from tests.runtime.engine.world import HEAD, SECOND, T0, World, orders, trade

RULES = """
entries:
  - id: in
    source: market
    when: >-
      sma(m1.close, 5) > sma(m5.close, 3) and m1.close[2] > 100 and avg_over(spread, 60s) <= 5pips
      and max_over(mid, 90s) > 100
    side: long
    strategy: TrendMA
    size: 100units
    max_open: 1
"""
HOUR = 3600


def walk(count: int, step_s: float, seed: int) -> list[tuple[float, float, float]]:
    """(seconds since T0, bid, ask): a random walk on the tick grid, with a wider spread now and then."""
    draw, price, rows = random.Random(seed), 157.0, []
    for index in range(count):
        price = round(price + draw.choice((-0.012, -0.004, 0.0, 0.004, 0.012)), 3)
        rows.append((index * step_s, price, round(price + draw.choice((0.004, 0.008, 0.021)), 3)))
    return rows


def quotes(rows: list[tuple[float, float, float]]) -> list[Quote]:
    return [Quote(T0 + round(at * SECOND), T0 + round(at * SECOND), "USD_JPY", bid, ask) for at, bid, ask in rows]


def known_at(world: World) -> Any:
    frame = world.engine.markets["USD_JPY"].frame
    return [str(value) for value in (*frame.f, *frame.s, frame.bid, frame.ask)]


def follow(world: World, rows: list[tuple[float, float, float]]) -> list[Any]:
    """What is known after each row, with timers where the engine wants them."""
    seen = []
    for at, bid, ask in rows:
        due = world.engine.next_timer_ns()
        while due is not None and due <= T0 + round(at * SECOND):
            world.timer(at=(due - T0) / SECOND)
            due = world.engine.next_timer_ns()
        world.quote(bid, ask, at=at)
        seen.append(known_at(world))
    return seen


@pytest.mark.parametrize("begin", [2000, 2001, 2777])
def test_a_warm_start_is_as_having_watched_all_along(begin: int) -> None:
    """History reaches back five bars of a minute, three of five minutes (with one for the first, which is not whole)
    and 90 s: 20 minutes; rows come every 1.7 s."""
    rows = walk(3000, 1.7, seed=begin)
    all_along = follow(World(RULES), rows)[begin:]
    warm = World(RULES)
    assert history_ns(warm.engine) == 20 * 60 * SECOND
    before = [
        each for each in quotes(rows[:begin]) if each.ts >= T0 + round(rows[begin][0] * SECOND) - 20 * 60 * SECOND
    ]
    assert 600 < warm_up(warm.engine, before, before[-1].ts) < 750
    assert is_warm(warm.engine)
    assert follow(warm, rows[begin:]) == all_along
    assert not any(line.startswith("unknown") for line in all_along[0])


def test_a_feed_that_died_before_the_run_is_known_to_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 s without a quote, where a price lives 20 s: `max_over` is unknown for 90 s after it, watched or warmed."""
    monkeypatch.setattr("tests.runtime.engine.world.HEAD", HEAD.replace("quote_age_max: 240h", "quote_age_max: 20s"))
    rows = [row for row in walk(3000, 1.7, seed=9) if not 3300 < row[0] < 3330]
    begin = next(n for n, row in enumerate(rows) if row[0] >= 3345)
    all_along = follow(World(RULES), rows)[begin:]
    warm = World(RULES)
    warm_up(warm.engine, quotes(rows[:begin]), quotes(rows[begin:])[0].ts - 1)
    assert follow(warm, rows[begin:]) == all_along
    assert any("max_over" in line for line in all_along[0])


def test_too_little_of_the_past_is_said() -> None:
    warm = World(RULES)
    past = quotes(walk(300, 1.7, seed=1))
    warm_up(warm.engine, past, past[-1].ts)
    assert not is_warm(warm.engine)
    assert any("not warm" in line for line in known_at(warm))


def test_nothing_is_decided_captured_or_counted_before_the_run() -> None:
    warm = World(RULES)
    past = quotes(walk(3000, 1.7, seed=3))
    warm_up(warm.engine, past, past[-1].ts + 60 * SECOND)
    assert warm.engine.position[0] == past[-1].ts + 60 * SECOND, "no timer is left for before the run"
    assert warm.recorder.lines == []
    assert warm.engine.position[1] == -1, "the log has no event yet"
    assert warm.engine.orders.counts() == (0, 0)


def test_bars_of_the_source_warm_up_as_well() -> None:
    """One-minute bars: a bar that ends where the run begins is part of the past."""
    minute = 60 * SECOND
    closes = [(T0 + (n + 1) * minute, 157.0 + n) for n in range(30)]
    bars = [BarEvent(ts, ts, "USD_JPY", minute, "mid", price, price, price, price) for ts, price in closes]
    warm = World(RULES)
    assert warm_up(warm.engine, bars, bars[-1].ts) == 30
    # the last five minutes close at 182 … 186; `T0` is the last minute of its five, so that of the whole fives the
    # last three are bars 11-15, 16-20 and 21-25, which close at 172, 177 and 182
    frame = warm.engine.markets["USD_JPY"].frame
    assert [round(value, 6) for value in frame.f[:2]] == [184.0, 177.0]


def test_without_features_there_is_no_past() -> None:
    plain = World(
        """
entries:
  - {id: in, source: market, when: mid > 500, side: long, strategy: TrendMA, size: 100units, max_open: 1}
"""
    )
    assert history_ns(plain.engine) == 0
    assert is_warm(plain.engine)


# --- prices that were forgotten ---------------------------------------------------------------------------------------

FALL = """
metrics: {mean: {value: "avg_over(mid, 60s)", for_each: instrument}}
exits:
  - {id: fall, for_each: trade, when: held_for(mid < 157) >= 20s, close: 100%, on_unknown: {wait: 300s, then: alert}}
"""


def fallen() -> World:
    """157.1 for 90 s, then 156.9 for 10 s; then the engine begins again."""
    world = World(FALL, trades=(trade("1000"),))
    for at in range(90):
        world.quote(157.1, at=at)
    world.quote(156.9, at=90)
    world.timer(at=100)
    forget_prices(world.engine)
    return world


def mean(world: World) -> Any:
    return world.engine.finish().metrics["mean"]["USD_JPY"]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_running_figure_goes_on_with_the_first_price_that_is_heard(is_restarted: bool) -> None:
    """Nothing leaves on a price of before, not by time either; with the first one it has held for 21 s."""
    world = fallen()
    if is_restarted:
        world.restart()
    for at in (101, 110, 111, 120):
        assert not orders(world.timer(at=at))
    assert mean(world) == "unknown: avg_over stale (no price was heard since the start)"
    assert len(orders(world.quote(156.9, at=111 + 10))) == 1


def test_what_else_is_heard_before_a_price_makes_no_gap_in_it() -> None:
    """A print, which is no quote. The last minute at 101 s: 49 s of 157.1 and 11 s of 156.9."""
    world = fallen()
    world.feed(TradePrint(T0 + 100 * SECOND, T0 + 100 * SECOND, "USD_JPY", 157.2, 1.0))
    assert str(mean(world)).startswith("unknown")
    world.quote(156.9, at=101)
    assert mean(world) == pytest.approx((49 * 157.1 + 11 * 156.9) / 60)


def test_a_gap_that_is_longer_than_a_price_lives_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """12 s from 100 s on: at 112 s it goes on over the gap, and has held for 22 s; at 113 s it begins anew."""
    monkeypatch.setattr(worlds, "HEAD", HEAD.replace("quote_age_max: 240h", "quote_age_max: 12s"))
    world = fallen()
    assert len(orders(world.quote(156.9, at=112))) == 1
    assert mean(world) == pytest.approx((38 * 157.1 + 22 * 156.9) / 60)
    world = fallen()
    world.restart()
    assert [len(orders(world.quote(156.9, at=at))) for at in (113, 123, 132, 133)] == [0, 0, 0, 1]
    assert str(mean(world)).startswith("unknown: avg_over missing")


def test_all_that_the_market_said_is_forgotten() -> None:
    """Sizes, the book, other sources, funding; and the rate that the price was."""
    usd = {"currency": "USD", "conversion": {"JPY": {"instrument": "USD_JPY"}}}
    world = World("metrics: {size: {value: bid_size, for_each: instrument}}", account=usd)
    frame: Any = world.engine.markets["USD_JPY"].frame
    ts = T0 + SECOND
    world.feed(Quote(ts, ts, "USD_JPY", 160.0, 160.0, 5.0, 6.0))
    world.feed(Book(ts, ts, "USD_JPY", ((160.0, 5.0),), ((160.0, 6.0),)))
    world.feed(Reference(ts, ts, "USD_JPY", 160.0))
    world.feed(Funding(ts, ts, "USD_JPY", 0.01))
    heard = (
        "bid_size",
        "ask_size",
        "bid_units",
        "ask_units",
        "reference",
        "funding_rate",
        "quoted_at",
        "quote_to_home",
    )
    assert [name for name in heard if not known(getattr(frame, name))] == []
    assert frame.quote_to_home == 1 / 160
    forget_prices(world.engine)
    world.restart()
    frame = world.engine.markets["USD_JPY"].frame
    assert [name for name in heard if known(getattr(frame, name))] == []
    assert frame.marked == 160.0, "a position is valued by it"
