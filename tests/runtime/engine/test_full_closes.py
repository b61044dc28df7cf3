"""A full close beside other reductions: all that is left goes, never one unit less, never more than is held."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.model.order import Order
from tests.runtime.engine.world import USD_JPY, World, decision, order, orders, trade

RULES = """
exits:
  - {id: part, for_each: trade, when: trade.pnl_pips >= 5pips, close: 40%, on_unknown: {wait: 30s, then: alert}}
  - {id: all, for_each: trade, when: trade.pnl_pips >= 10pips, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""
RELIEF = """
hedges:
  - id: relief
    when: position.net_units >= 25_000units and mid >= 157.05
    reduce: {wanted: 5_000units, floor_over_cap: cap}
    on_unknown: {wait: 10s, then: alert}
"""


def beside_a_part(mode: str = "hedging") -> tuple[World, Order, Order]:
    """(the world, 10,000 on their way, the full close of the 15,000 left)."""
    world = World(RULES, trades=(trade("25000"),), account={"mode": mode})
    part = order(world.quote(157.05, at=0))
    assert part.units == 10_000
    return world, part, order(world.quote(157.10, at=1))


@pytest.mark.parametrize("mode", ["hedging", "netting"])
def test_a_full_close_takes_all_that_other_reductions_leave(mode: str) -> None:
    world, part, rest = beside_a_part(mode)
    assert rest.units == 15_000
    world.fill(rest, 157.10, trade_id="1", at=2)
    world.fill(part, 157.10, trade_id="1", at=3)
    assert world.engine.holdings.trades == {}


def test_it_is_not_done_while_the_others_may_come_to_nothing() -> None:
    world, part, rest = beside_a_part()
    assert not orders(world.fill(rest, 157.10, at=2)), "10,000 are left, and on their way"
    last = order(world.update(part, OrderStatus.CANCELLED, at=3))
    assert last.units == 10_000
    world.fill(last, 157.10, at=4)
    assert world.engine.holdings.trades == {}


def test_nothing_is_sent_while_all_of_it_is_on_its_way() -> None:
    world = World(RULES.replace("40%", "100%"), trades=(trade("25000"),))
    assert order(world.quote(157.05, at=0)).units == 25_000
    held = world.quote(157.10, at=1)
    assert (decision(held).code, held.commands) == ("RE583", [])


def test_a_reduction_of_the_whole_side_counts_as_well() -> None:
    """On a hedging account a hedge reduces the side, without naming a trade."""
    world = World(RULES.replace("40%", "1%").replace("5pips", "50pips") + RELIEF, trades=(trade("25000"),))
    assert order(world.quote(157.05, at=0)).units == 5_000
    assert order(world.quote(157.10, at=1)).units == 20_000


def test_the_other_trades_of_the_side_are_no_part_of_it() -> None:
    world = World(RULES.replace("40%", "1%").replace("5pips", "50pips") + RELIEF,
                  trades=(trade("25000"), trade("8000", "157.05", name="2")))  # fmt: skip
    assert order(world.quote(157.05, at=0)).units == 5_000
    assert order(world.quote(157.10, at=1)).units == 25_000, "the 5,000 may fall on the other one, and may not"


def test_a_restart_keeps_what_is_a_remainder() -> None:
    world, part, rest = beside_a_part()
    world.restart()
    world.fill(rest, 157.10, at=2)
    assert order(world.update(part, OrderStatus.CANCELLED, at=3)).units == 10_000


def test_a_close_larger_than_the_venue_takes_goes_on_until_nothing_is_left() -> None:
    spec = replace(USD_JPY, max_size=Decimal(10_000))
    world = World(RULES.replace("40%", "1%").replace("5pips", "50pips"), trades=(trade("25000"),), spec=spec)
    sent = orders(world.quote(157.10, at=0))
    for each in sent:
        sent += orders(world.fill(each, 157.10))
    assert [int(each.units) for each in sent] == [10_000, 10_000, 5_000]
    assert world.engine.holdings.trades == {}


OUT = """
exits:
  - {{id: out, for_each: trade, when: mid >= 157.1, close: {close}, on_unknown: {{wait: 30s, then: alert}}}}
"""


@pytest.mark.parametrize(
    ("units", "close", "sent"),
    [
        ("400", "100%", "400"),
        ("400", "400units", "400"),
        ("2400", "100%", "2400"),
        ("2400", "50%", "2000"),
        ("2400", "1900units", "2000"),
        ("1000.5", "99.9%", "1000"),
    ],
)
def test_all_of_it_goes_whatever_the_lot_is(units: str, close: str, sent: str) -> None:
    """A lot is 1,000 here; 400 units are the rest of a trade that the venue cut."""
    coarse = replace(USD_JPY, lot=Decimal(1000), min_size=Decimal(1000))
    world = World(OUT.format(close=close), trades=(trade(units),), spec=coarse)
    assert [str(each.units) for each in orders(world.quote(157.1))] == [sent]


def test_a_part_of_less_than_one_lot_is_refused() -> None:
    coarse = replace(USD_JPY, lot=Decimal(1000), min_size=Decimal(1000))
    found = decision(World(OUT.format(close="50%"), trades=(trade("400"),), spec=coarse).quote(157.1))
    assert found.code == "RE576"
