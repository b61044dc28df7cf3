"""The collection of trades that ended, where fills come late or in another order than they happened (SC-12, SC-19)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import Fill
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueSnapshot
from tests.runtime.engine.world import SECOND, T0, World, order, orders

RULES = """
sizing: [{id: base, applies_to: {intent: entry}, size: 1_000units}]
entries: [{id: take, source: signal, when: "true"}]
exits:
  - {id: out, for_each: trade, when: trade.pnl_pips <= -5000pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
protections:
  - id: losses
    for_each: strategy
    when: streak(c.pnl < 0 for c in closed if c.strategy == strategy) >= 2
    lasts: 30min
"""


def _world(*names: str) -> World:
    """Trades of 1,000 at 157, opened a second apart."""
    world = World(RULES)
    world.quote(157.0, at=0)
    for at, name in enumerate(names, 1):
        world.fill(order(world.signal(name=name, at=at)), 157.0, at=at + 0.1, trade_id=name)
    return world


def _ended(world: World, name: str, happened: float, at: float, pnl: int) -> Audit:
    ts, event = T0 + round(at * SECOND), T0 + round(happened * SECOND)
    price = 157 + Decimal(pnl) / 1000
    return world.feed(
        Fill(ts, event, "USD_JPY", "", Side.SHORT, Decimal(1000), price, name, opens=False, realised=Decimal(pnl),
             reason="stop")
    )  # fmt: skip


def _closed(world: World) -> list[tuple[str, float]]:
    return [(each.id, each.pnl) for each in world.engine.holdings.closed.frames]


def test_a_streak_counts_in_the_order_of_ending_and_not_of_hearing() -> None:
    """w wins at 10 s, a loses at 20 s and b at 30 s: two losses in a row, though the win was heard between them."""
    world = _world("w", "a", "b")
    _ended(world, "a", 20, 20.1, -100)
    _ended(world, "w", 10, 20.2, 100)
    _ended(world, "b", 30, 30.1, -100)
    assert _closed(world) == [("w", 100), ("a", -100), ("b", -100)]
    assert not orders(world.signal(name="z", at=40))


def test_a_win_that_is_heard_first_and_came_last_ends_the_streak() -> None:
    world = _world("a", "b", "w")
    _ended(world, "w", 30, 30.1, 100)
    _ended(world, "a", 10, 30.2, -100)
    _ended(world, "b", 20, 30.3, -100)
    assert [name for name, _ in _closed(world)] == ["a", "b", "w"]
    assert orders(world.signal(name="z", at=40))


def test_an_end_that_was_not_heard_takes_its_place_when_it_is_told() -> None:
    """b ended at 15 s, unheard: the book of 40 s lacks it. c ends at 45 s; then b's fill says when that was."""
    world = _world("a", "b", "c")
    _ended(world, "a", 20, 20.1, 100)
    still = [each for each in _book(world) if each.id == "c"]
    world.engine.adopt(VenueSnapshot(T0 + 40 * SECOND, Decimal(500_000), Decimal(0), tuple(still)))
    _ended(world, "c", 45, 45.1, 100)
    assert [name for name, _ in _closed(world)] == ["a", "b", "c"]
    _ended(world, "b", 15, 46, -100)
    assert _closed(world) == [("b", -100), ("a", 100), ("c", 100)]


def _book(world: World) -> list[TradeState]:
    return [
        TradeState(each.id, "USD_JPY", each.side, each.units, each.entry_price, each.opened_ns, each.client_id)
        for each in world.engine.holdings.trades.values()
    ]


def _down(world: World) -> Order:
    """An order is out; the engine is down from here, and at 40 s the venue's book is flat."""
    sent = order(world.signal(name="x", at=10))
    world.restart()
    world.engine.adopt(VenueSnapshot(T0 + 40 * SECOND, Decimal(499_800), Decimal(0), ()))
    return sent


def _opened(world: World, sent: Order, at: float) -> Audit:
    ts, happened = T0 + round(at * SECOND), T0 + 11 * SECOND
    return world.feed(
        Fill(ts, happened, "USD_JPY", sent.id, Side.LONG, sent.units, Decimal(157), "x", opens=True, fee=Decimal(3))
    )


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_trade_that_opened_and_ended_while_the_engine_was_down_counts(is_turned: bool, restarts: bool) -> None:
    """One loss before, one meanwhile: opened at 11 s, stopped at 20 s, both told after the book."""
    world = _world("a")
    _ended(world, "a", 5, 5.1, -100)
    sent = _down(world)
    if is_turned:
        _ended(world, "x", 20, 41, -100)
    else:
        _opened(world, sent, 41)
    assert _closed(world) == [("a", -100)]
    if restarts:
        world.restart()
    if is_turned:
        _opened(world, sent, 42)
    else:
        _ended(world, "x", 20, 42, -100)
    assert _closed(world) == [("a", -100), ("x", -100)]
    told = world.engine.holdings.closed.frames[-1]
    assert (told.strategy, told.rule, told.fees, told.units) == ("M1Scalper", "stop", 3.0, 1000.0)
    assert (told.opened_at, told.closed_at) == (T0 + 11 * SECOND, T0 + 20 * SECOND)
    assert world.engine.holdings.balance == Decimal(499_800), "the book had its money already"
    world.quote(157.0, at=50)
    assert not orders(world.signal(name="z", at=51))


def test_somebody_elses_trade_that_came_and_went_is_none_of_ours() -> None:
    world = _world("a")
    _ended(world, "a", 5, 5.1, -100)
    _down(world)
    ts = T0 + 41 * SECOND
    world.feed(Fill(ts, T0 + 11 * SECOND, "USD_JPY", "web-1", Side.LONG, Decimal(1000), Decimal(157), "m", opens=True))
    _ended(world, "m", 20, 42, -100)
    assert _closed(world) == [("a", -100)]


@pytest.mark.parametrize("restarts", [False, True])
def test_what_is_told_late_is_news_all_the_same(restarts: bool) -> None:
    """c's loss at 12 s is told at 60 s, after two others tripped it for 30 s: it is new, so it trips again."""
    world = World(RULES.replace("30min", "30s"))
    world.quote(157.0, at=0)
    for at, name in enumerate(("a", "b", "c"), 1):
        world.fill(order(world.signal(name=name, at=at)), 157.0, at=at + 0.1, trade_id=name)
    _ended(world, "a", 20, 20.1, -100)
    assert _ended(world, "b", 30, 30.1, -100).notes
    world.timer(at=60.1)
    assert not orders(world.timer(at=60.2))
    if restarts:
        world.restart()
    _ended(world, "c", 12, 61, -100)
    assert not orders(world.signal(name="z", at=62))
