"""An addition whose fill was not heard, on a venue that numbers no trades: it counts once and for its rule (PY-02)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import Fill, OrderStatus
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueSnapshot
from tests.runtime.engine.world import SECOND, T0, World, order, orders

RULES = """
sizing: [{id: base, applies_to: {intent: entry}, size: 1_000units}]
entries: [{id: take, source: signal, when: "true"}]
pyramids:
  - {id: add, source: market, when: position.gain_over_first >= 2%, size: 50% of position.initial_units, per_day: 1}
exits:
  - {id: out, for_each: trade, when: trade.pnl_pips <= -5000pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""
NAME = "USD_JPY:long"


def _stated(units: str) -> TradeState:
    first = "qr-1-micro-M1Scalper"
    return TradeState(NAME, "USD_JPY", Side.LONG, Decimal(units), Decimal(157), T0 - 60 * SECOND, first, "M1Scalper")


def _sent() -> tuple[World, Order]:
    """1,000 at 157; 157 × 1.02 = 160.14: at 160.2 half of it more is sent, and nothing is heard of it."""
    world = World(RULES, trades=(_stated("1000"),), account={"mode": "netting"}, balance="50000000")
    world.quote(157.0, at=0)
    added = order(world.quote(160.2, at=10))
    assert added.units == 500
    world.update(added, OrderStatus.UNKNOWN, at=12)
    return world, added


def _adopt(world: World, units: str, at: float) -> None:
    ts = T0 + round(at * SECOND)
    world.engine.adopt(VenueSnapshot(ts, Decimal(50_000_000), Decimal(0), (_stated(units),)))


def _told(world: World, added: Order, units: str = "500", price: str = "160.2", at: float = 14.0) -> Audit:
    """Its fill of 11 s is heard now."""
    ts, happened = T0 + round(at * SECOND), T0 + 11 * SECOND
    return world.feed(
        Fill(ts, happened, "USD_JPY", added.id, Side.LONG, Decimal(units), Decimal(price), NAME, opens=True)
    )


@pytest.mark.parametrize("restarts", [False, True])
def test_it_is_not_sent_again_once_its_fill_is_told(restarts: bool) -> None:
    world, added = _sent()
    _adopt(world, "1500", 13)
    if restarts:
        world.restart()
    assert not orders(_told(world, added))
    assert not orders(world.quote(160.3, at=15))
    assert not orders(world.quote(160.4, at=16))
    position = world.engine.holdings.positions["USD_JPY"]
    assert (position.additions, position.additions_today) == (1, 1)


def test_it_stands_in_the_history_under_its_order() -> None:
    world, added = _sent()
    _adopt(world, "1500", 13)
    opening = world.engine.holdings.books.side("USD_JPY", Side.LONG).history.openings[added.id]
    assert (opening.rule, opening.kind, opening.units) == ("add", "pyramid", Decimal(500))


def test_what_exceeds_the_order_is_an_addition_of_its_own() -> None:
    """500 were out, 700 are there more: 200 are somebody's."""
    world, added = _sent()
    _adopt(world, "1700", 13)
    history = world.engine.holdings.books.side("USD_JPY", Side.LONG).history
    assert (history.openings[added.id].units, history.additions()) == (Decimal(500), 2)


def test_more_of_it_without_an_order_out_counts_against_every_rule() -> None:
    """Whoever it was: a lost message costs an addition and never repeats one."""
    world = World(RULES, trades=(_stated("1000"),), account={"mode": "netting"}, balance="50000000")
    world.quote(157.0, at=0)
    _adopt(world, "1500", 13)
    assert not orders(world.quote(160.2, at=15))


def test_what_a_person_adds_and_we_hear_of_is_no_addition_of_ours() -> None:
    world = World(RULES, trades=(_stated("1000"),), account={"mode": "netting"}, balance="50000000")
    world.quote(157.0, at=0)
    ts = T0 + 5 * SECOND
    world.feed(Fill(ts, ts, "USD_JPY", "web-7", Side.LONG, Decimal(300), Decimal(157), NAME, opens=True))
    assert world.engine.holdings.positions["USD_JPY"].additions_today == 0
    assert order(world.quote(160.2, at=15)).units == 500


def test_an_order_that_ended_before_the_book_was_read_takes_its_name_when_it_is_told() -> None:
    """Given up as absent, in the book all the same: without a name until its fill says so."""
    world, added = _sent()
    world.quote(158.0, at=12.2)
    world.update(added, OrderStatus.REJECTED, at=12.5)
    _adopt(world, "1500", 13)
    history = world.engine.holdings.books.side("USD_JPY", Side.LONG).history
    assert added.id not in history.openings
    _told(world, added)
    assert (history.openings[added.id].rule, history.openings[added.id].units, history.additions()) == (
        "add",
        Decimal(500),
        1,
    )
    days = world.engine.holdings.openings.days
    assert days is not None
    assert (days.count("USD_JPY", "add"), days.count("USD_JPY", "another"), days.count("USD_JPY")) == (1, 0, 1)
