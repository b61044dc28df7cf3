"""Position exits where both sides of an instrument stand: each side is a position of its own (FX-01, PY-03)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.event import Fill
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.runtime.engine.world import SECOND, T0, World, order, orders, trade

TRAIL = """
exits:
  - id: tr
    for_each: position
    trail: {from: 10pips, distance: 5pips}
    close: 100%
    on_unknown: {wait: 10s, then: alert}
"""
LONG = trade("20000", opened_s=-60.0)
HEDGE = trade("15000", side="short", opened_s=-60.0, name="2")


def _said(found: list[Order]) -> list[tuple[str, Side, Decimal]]:
    return [(each.trade_id, each.side, each.units) for each in found]


def _world(rules: str = TRAIL) -> World:
    world = World(rules, trades=(LONG, HEDGE))
    world.quote(157.0, at=0)
    return world


@pytest.mark.parametrize("restarts", [False, True])
def test_a_trail_closes_the_side_that_gained_and_leaves_its_hedge(restarts: bool) -> None:
    """Long 20,000 and short 15,000 at 157: the long's best is +15 pips, and 6 pips of that are gone at 157.09. The
    short is 9 pips down, and its best is its entry."""
    world = _world()
    world.quote(157.15, at=1)
    if restarts:
        world.restart()
    assert _said(orders(world.quote(157.09, at=2))) == [("1", Side.SHORT, Decimal(20_000))]
    assert not orders(world.quote(157.05, at=3))


def test_the_smaller_side_is_closed_by_its_own_gain() -> None:
    """The short's best is 156.85, 15 pips; 156.90 is 5 pips off it."""
    world = _world()
    assert not orders(world.quote(156.85, at=1))
    assert _said(orders(world.quote(156.90, at=2))) == [("2", Side.LONG, Decimal(15_000))]


def test_a_side_that_becomes_the_larger_one_keeps_what_it_was() -> None:
    """The short had its best at 156.80; at 156.9 (10 pips off it) it is closed while the long is the larger side. Of
    the long half goes by hand: it never gained, and nothing is closed of it."""
    world = _world()
    world.quote(156.80, at=1)
    closing = order(world.quote(156.9, at=2))
    assert closing.trade_id == "2"
    ts = T0 + 3 * SECOND
    world.feed(Fill(ts, ts, "USD_JPY", "", Side.SHORT, Decimal(10_000), Decimal("156.9"), "1", opens=False))
    assert not orders(world.quote(156.85, at=4))


def test_a_loss_is_that_of_the_side() -> None:
    """−20 pips of the long are +20 of the short: −20 × 0.01 × 20,000 = −4,000 JPY."""
    rules = """
exits:
  - {id: out, for_each: position, when: position.pnl <= -4_000JPY, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""
    world = _world(rules)
    assert not orders(world.quote(156.81, at=1))
    assert _said(orders(world.quote(156.80, at=2))) == [("1", Side.SHORT, Decimal(20_000))]


def test_an_unknown_of_one_side_closes_that_side_alone() -> None:
    """Neither side has a leverage: both wait 10 s, and each is closed by its own wait, once."""
    rules = """
exits:
  - {id: out, for_each: position, when: position.pnl_of_margin <= -5%, close: 100%,
     on_unknown: {wait: 10s, then: close}}
"""
    world = _world(rules)
    assert not orders(world.timer(at=9.9))
    assert _said(orders(world.timer(at=10))) == [("1", Side.SHORT, Decimal(20_000)), ("2", Side.LONG, Decimal(15_000))]


def test_a_side_that_is_opened_later_is_followed_from_then_on() -> None:
    """A short of 5,000 at 156.90 beside the long that stands: 156.75 is +15 pips, 156.80 is 5 pips off it."""
    world = World(TRAIL, trades=(LONG,))
    world.quote(157.0, at=0)
    ts, by = T0 + SECOND, "qr-2-micro-M1Scalper"
    world.feed(Fill(ts, ts, "USD_JPY", by, Side.SHORT, Decimal(5000), Decimal("156.9"), "9", opens=True))
    world.quote(156.75, at=2)
    assert _said(orders(world.quote(156.80, at=3))) == [("9", Side.LONG, Decimal(5000))]
