"""Fees of open trades: kept with what they opened, over partial closes and restarts, and what breaks even (PY-03)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.event import Fill
from ruleengine.model.order import Order
from tests.runtime.engine.world import World, order, orders, trade

OPEN = """
entries:
  - {id: from-signal, source: signal, when: "true", stop: 10pips}
exits:
  - id: trail
    for_each: trade
    trail: {from: 20pips, distance: 50pips, lock: break_even}
    close: 100%
    on_unknown: {wait: 30s, then: alert}
"""
FEES = {"fees": {"taker": "0.0005", "maker": "0", "per_order": "0", "minimum": "0", "sell_tax": "0"}}


def opened(fee: str, mode: str = "hedging", **more: Any) -> World:
    """10,000 units bought at 157.00 on an account that takes 0.05 % of the value."""
    world = World(OPEN, account={"mode": mode, **FEES, **more})
    world.quote(157.0)
    fill(world, order(world.signal("long", size=10_000.0)), 157.0, fee=fee)
    return world


def fill(world: World, sent: Order, price: float, *, fee: str, units: str = "", trade_id: str = "7") -> None:
    ts = world._at(None)
    world.feed(
        Fill(ts, ts, sent.instrument, sent.id, sent.side, Decimal(units) if units else sent.units, Decimal(str(price)),
             trade_id, opens=not sent.is_reduce_only, fee=Decimal(fee))
    )  # fmt: skip


def frame(world: World) -> Any:
    return next(iter(world.engine.holdings.trades.values())).frame


def test_fees_of_the_opening_and_the_first_stop_stay_with_the_trade() -> None:
    world = opened("785")
    assert frame(world).opening_fees == 785.0
    assert frame(world).first_stop == 156.9
    world.restart()
    assert (frame(world).opening_fees, frame(world).first_stop) == (785.0, 156.9)


def test_a_partial_close_takes_its_share_of_the_fees_along() -> None:
    """A quarter of the units: three quarters of 785 are left."""
    world = opened("785")
    ts = world._at(None)
    world.feed(Fill(ts, ts, "USD_JPY", "", frame_side(world), Decimal(2_500), Decimal("157.1"), "7", opens=False,
                    fee=Decimal("196")))  # fmt: skip
    assert frame(world).units == 7_500.0
    assert frame(world).opening_fees == 588.75


def frame_side(world: World) -> Any:
    return next(iter(world.engine.holdings.trades.values())).side.opposite


def test_what_was_open_before_the_run_does_not_know_its_fees() -> None:
    world = World(OPEN, trades=(trade("10000"),), account=FEES)
    world.quote(157.0)
    assert "trade.opening_fees missing" in str(frame(world).opening_fees)


def test_an_instrument_has_the_fees_of_its_account() -> None:
    world = World(OPEN, account={**FEES, "instruments": {"USD_JPY": {"fees": {"taker": "0.001", "minimum": "20"}}}})
    market = world.engine.markets["USD_JPY"].frame
    assert (market.taker_fee, market.least_fee, market.order_fee, market.sell_tax) == (0.001, 20.0, 0.0, 0.0)
    assert World(OPEN, account=FEES).engine.markets["USD_JPY"].frame.taker_fee == 0.0005
    assert World(OPEN).engine.markets["USD_JPY"].frame.taker_fee == 0.0, "currencies are traded for the spread"


@pytest.mark.parametrize("restart", [False, True])
def test_a_trail_that_keeps_the_fees(restart: bool) -> None:
    """Break-even: (1,570,000 + 785) / 10,000 / (1 − 0.0005) = 157.1571; armed at 157.20."""
    world = opened("785")
    assert not orders(world.quote(157.15)), "not armed"
    assert not orders(world.quote(157.20))
    if restart:
        world.restart()
    assert not orders(world.quote(157.158))
    assert order(world.quote(157.157)).units == 10_000


def test_an_unheard_opening_breaks_even_by_the_account_s_fees() -> None:
    """(1,570,000 + 1,570,000 × 0.0005) / 10,000 / (1 − 0.0005): the same price."""
    world = World(OPEN, trades=(trade("10000"),), account=FEES)
    world.quote(157.20)
    assert not orders(world.quote(157.158))
    assert orders(world.quote(157.157))
