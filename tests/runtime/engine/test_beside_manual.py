"""Trades that aren't ours beside ours, on a hedging account: no fact of the position is made of them (FX-16, PY-02)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.event import Fill
from ruleengine.model.side import Side
from ruleengine.model.unknown import known
from ruleengine.ports.venue import VenueSnapshot
from tests.runtime.engine.world import SECOND, T0, World, order, orders, trade

OPENS = """
sizing: [{id: base, applies_to: {intent: entry}, size: 1_000units}]
entries: [{id: take, source: signal, when: "true"}]
"""
NEVER = """
exits:
  - {id: out, for_each: trade, when: trade.pnl_pips <= -5000pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""
ADDS = (
    OPENS
    + NEVER
    + """
ladders:
  - {id: step, source: signal, when: "true", base: initial_position, steps: [100%, 50%]}
pyramids:
  - {id: pyr, source: market, when: position.gain_over_first >= 2%, size: 50% of position.initial_units, most: 3}
"""
)
TRAILS = (
    OPENS
    + """
exits:
  - id: tr
    for_each: position
    trail: {from: 10pips, distance: 5pips}
    close: 100%
    on_unknown: {wait: 10s, then: alert}
"""
)
MANUAL = trade("50000", price="150", opened_s=-3600.0, name="m", client_id="other")


def _entered(rules: str, price: float) -> World:
    """50,000 of somebody else's at 150 for an hour; then 1,000 of ours at a price."""
    world = World(rules, trades=(MANUAL,), balance="5000000")
    world.quote(price, at=0)
    world.fill(order(world.signal(name="a", at=1)), price, at=2, trade_id="1")
    return world


def test_a_pyramid_measures_the_gain_over_our_own_first_entry() -> None:
    """152.9 × 1.02 = 155.958: not at 153, which is 2 % over the other's 150. Half of our 1,000 is 500."""
    world = _entered(ADDS, 152.9)
    assert not orders(world.quote(153.0, at=3))
    assert order(world.quote(155.96, at=4)).units == 500


def test_a_ladder_begins_with_our_own_first_size_and_first_step() -> None:
    world = _entered(ADDS, 152.9)
    assert order(world.signal(name="b", at=3)).units == 1000


def test_the_position_is_what_is_ours() -> None:
    p = _entered(ADDS, 157.0).engine.holdings.positions["USD_JPY"]
    assert (p.side, p.additions, p.initial_units, p.side_units) == ("long", 0, 1000.0, 1000.0)
    assert (p.first_entry_price, p.average_price, p.opened_at) == (157.0, 157.0, T0 + 2 * SECOND)
    assert (p.best_price, p.worst_price) == (157.0, 157.0)
    assert p.long_units == 51_000.0  # what the account has, for limits and margin


def test_a_trail_measures_from_our_own_average() -> None:
    """Ours never gained: 156.94 is 6 pips below its entry."""
    world = _entered(TRAILS, 157.0)
    assert not orders(world.quote(156.94, at=3))
    assert not orders(world.quote(157.10, at=4))
    assert order(world.quote(157.05, at=5)).units == 1000


def test_it_is_ours_that_says_which_side_the_position_has() -> None:
    """Somebody else's 50,000 long, our 1,000 short."""
    world = World(TRAILS, trades=(MANUAL,), balance="5000000")
    world.quote(157.0, at=0)
    world.fill(order(world.signal("short", name="a", at=1)), 157.0, at=2, trade_id="1")
    p = world.engine.holdings.positions["USD_JPY"]
    assert (p.side, p.side_units, p.long_units) == ("short", 1000.0, 50_000.0)
    assert not orders(world.quote(156.90, at=3))
    assert order(world.quote(156.95, at=4)).side is Side.LONG


@pytest.mark.parametrize("how", ["heard", "adopted"])
def test_our_side_is_flat_when_ours_is_gone(how: str) -> None:
    world = _entered(ADDS, 157.0)
    if how == "heard":
        ts = T0 + 5 * SECOND
        world.feed(Fill(ts, ts, "USD_JPY", "", Side.SHORT, Decimal(1000), Decimal(157), "1", opens=False))
    else:
        world.engine.adopt(VenueSnapshot(T0 + 5 * SECOND, Decimal(5_000_000), Decimal(0), (MANUAL,)))
    p = world.engine.holdings.positions["USD_JPY"]
    slots: Any = (p.side, p.first_entry_price, p.average_price, p.best_price)
    assert not any(known(each) for each in slots)
    assert (p.side_units, p.long_units) == (0.0, 50_000.0)
    world.fill(order(world.signal(name="b", at=6)), 158.0, at=7, trade_id="2")
    assert (p.first_entry_price, p.initial_units, p.additions) == (158.0, 1000.0, 0)


def test_somebody_elses_trade_that_appears_later_is_no_addition() -> None:
    world = _entered(ADDS, 157.0)
    ts = T0 + 5 * SECOND
    world.feed(Fill(ts, ts, "USD_JPY", "", Side.LONG, Decimal(7000), Decimal(158), "n", opens=True))
    p = world.engine.holdings.positions["USD_JPY"]
    assert (p.additions, p.additions_today, p.average_price) == (0, 0, 157.0)


def test_a_restart_keeps_it_so() -> None:
    world = _entered(ADDS, 152.9)
    world.restart()
    assert not orders(world.quote(153.0, at=3))
    assert order(world.quote(155.96, at=4)).units == 500


# --- an account that nets ---------------------------------------------------------------------------------------------

GUARDED = (
    OPENS
    + """
exits:
  - {id: out, for_each: trade, when: trade.pnl_pips <= -50pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""
)
PROTECTED = (
    OPENS
    + NEVER
    + """
protections:
  - {id: dl, when: account.day_pnl_ratio <= -1%, latch: human, close: 100%}
"""
)
SIDE = "USD_JPY:long"


def _netted(rules: str, *, is_ours_first: bool, is_numbered: bool) -> World:
    """1,000 of ours and 5,000 of somebody else's, all at 157."""
    world = World(rules, account={"mode": "netting"}, balance="500000")
    world.quote(157.0, at=0)
    mine, theirs = ("o1", "m1") if is_numbered else (SIDE, SIDE)

    def buys(at: int) -> None:
        ts = T0 + at * SECOND
        world.feed(Fill(ts, ts, "USD_JPY", "", Side.LONG, Decimal(5000), Decimal(157), theirs, opens=True))

    if not is_ours_first:
        buys(1)
    world.fill(order(world.signal(at=2)), 157.0, at=3, trade_id=mine)
    if is_ours_first:
        buys(4)
    return world


@pytest.mark.parametrize("is_numbered", [False, True])
@pytest.mark.parametrize("is_ours_first", [False, True])
@pytest.mark.parametrize("restarts", [False, True])
def test_our_exit_guards_ours_and_sells_ours_alone(is_ours_first: bool, is_numbered: bool, restarts: bool) -> None:
    world = _netted(GUARDED, is_ours_first=is_ours_first, is_numbered=is_numbered)
    if restarts:
        world.restart()
    assert not orders(world.quote(156.51, at=5))
    stop = order(world.quote(156.50, at=6))
    assert (stop.side, int(stop.units), stop.trade_id, stop.is_reduce_only) == (Side.SHORT, 1000, "", True)
    world.fill(stop, 156.50, at=7, trade_id="m1" if is_numbered else SIDE)
    assert not orders(world.quote(150.0, at=20))
    holdings = world.engine.holdings
    assert (holdings.account.trades, holdings.positions["USD_JPY"].long_units) == ([], 5000.0)


def test_a_protection_closes_ours_beside_theirs() -> None:
    """6,000 × 0.84 = 5,040 JPY of 500,000 are lost at 156.16: 1 %, and 1,000 of it are ours to close."""
    world = _netted(PROTECTED, is_ours_first=False, is_numbered=False)
    assert order(world.quote(156.16, at=5)).units == 1000
