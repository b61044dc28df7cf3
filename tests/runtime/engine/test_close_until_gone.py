"""A close of everything is done when the trade is gone: on a netting account an addition may fill beside it."""

from __future__ import annotations

from decimal import Decimal

from ruleengine.model.event import OrderStatus
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueSnapshot
from tests.runtime.engine.world import SECOND, T0, World, order, orders

HEAD = """
sizing: [{id: base, applies_to: {intent: entry}, size: 1_000units}]
entries: [{id: take, source: signal, when: "true"}]
pyramids: [{id: add, source: signal, when: "true", size: 500units, most: 3}]
"""
STOP = """
exits:
  - {id: stop, for_each: trade, when: trade.pnl_pips <= -10pips, close: 100%, on_unknown: {wait: 10s, then: close}}
"""
NAME = "USD_JPY:long"


def opened(rules: str = STOP, balance: str = "500000") -> World:
    """1,000 long at 157."""
    world = World(HEAD + rules, account={"mode": "netting"}, balance=balance)
    world.quote(157.0, at=0)
    world.fill(order(world.signal(name="a", at=1)), 157.0, at=2, trade_id=NAME)
    return world


def stop_beside_addition(rules: str = STOP) -> tuple[World, Order, Order]:
    """(the world, the addition of 500, the stop of 1,000), both out."""
    world = opened(rules)
    addition = order(world.signal(name="b", at=3))
    return world, addition, order(world.quote(156.90, at=4))


def test_a_stop_beside_which_an_addition_filled_goes_on_stopping() -> None:
    """1,000 at 157 and 500 at 156.90 cost 156.9667 each: at 156.90 that is −6.67 pips, at 156.50 −46.67 pips."""
    world, addition, stop = stop_beside_addition()
    assert (int(addition.units), int(stop.units)) == (500, 1_000)
    assert not orders(world.fill(addition, 156.90, at=5, trade_id=NAME))
    assert not orders(world.fill(stop, 156.90, at=6, trade_id=NAME))
    rest = order(world.quote(156.50, at=7))
    assert (rest.side, int(rest.units), rest.is_reduce_only) == (Side.SHORT, 500, True)
    world.fill(rest, 156.50, at=8, trade_id=NAME)
    assert world.engine.holdings.trades == {}


def test_what_is_left_is_closed_at_once_where_the_condition_holds_still() -> None:
    """At 156.80 the mean of 156.9667 is −16.67 pips off."""
    world, addition, stop = stop_beside_addition()
    world.fill(addition, 156.90, at=5, trade_id=NAME)
    world.quote(156.80, at=6)
    assert order(world.fill(stop, 156.80, at=7, trade_id=NAME)).units == 500


def test_a_restart_between_keeps_it_so() -> None:
    world, addition, stop = stop_beside_addition()
    world.fill(addition, 156.90, at=5, trade_id=NAME)
    world.restart()
    world.fill(stop, 156.90, at=6, trade_id=NAME)
    world.restart()
    assert order(world.quote(156.50, at=7)).units == 500


def test_a_position_that_the_venue_states_larger_is_closed_to_its_end() -> None:
    """The stop of 1,000 is out when the venue's book says 1,500: the addition of 500 has filled, unheard."""
    world, _, stop = stop_beside_addition()
    state = TradeState(NAME, "USD_JPY", Side.LONG, Decimal(1_500), Decimal(157), T0 + 2 * SECOND, "qr-x", "M1Scalper",
                       "micro")  # fmt: skip
    world.engine.adopt(VenueSnapshot(T0 + 5 * SECOND, Decimal(500_000), Decimal(0), (state,)))
    assert order(world.fill(stop, 156.90, at=6, trade_id=NAME)).units == 500


def test_what_began_as_a_full_close_stays_one() -> None:
    """`close` says half by now, and 600 of the 1,000 are gone: the other 400 go too, and not 200 of them."""
    rules = STOP.replace("100%", "100% if mid <= 156.90 else 50%").replace("-10pips", "-5pips")
    world = opened(rules)
    stop = order(world.quote(156.90, at=4))
    assert stop.units == 1_000
    world.quote(156.94, at=5)
    world.fill(stop, 156.94, units="600", is_last=False, at=6, trade_id=NAME)
    world.update(stop, OrderStatus.CANCELLED, at=7)
    assert order(world.quote(156.94, at=20)).units == 400


def test_a_part_stays_done_when_it_has_filled() -> None:
    world, addition, part = stop_beside_addition(STOP.replace("100%", "40%"))
    assert part.units == 400
    world.fill(addition, 156.90, at=5, trade_id=NAME)
    world.fill(part, 156.90, at=6, trade_id=NAME)
    assert not orders(world.quote(156.50, at=7))


def test_a_protection_closes_until_nothing_is_left() -> None:
    """100 JPY of 50,000 are 0.2 %."""
    rules = STOP.replace("-10pips", "-5000pips") + (
        "protections: [{id: loss, when: account.day_pnl_ratio <= -0.1%, latch: human, close: 100%}]\n"
    )
    world = opened(rules, balance="50000")
    addition = order(world.signal(name="b", at=3))
    closing = order(world.quote(156.90, at=4))
    world.fill(addition, 156.90, at=5, trade_id=NAME)
    assert order(world.fill(closing, 156.90, at=6, trade_id=NAME)).units == 500
