"""What is being closed is not added to (RE602)."""

from __future__ import annotations

import pytest

from ruleengine.model.event import OrderStatus
from tests.runtime.engine.test_close_until_gone import NAME, STOP, opened
from tests.runtime.engine.world import World, decision, order, orders

LOSS = """
exits:
  - {id: never, for_each: trade, when: trade.pnl_pips <= -5000pips, close: 100%, on_unknown: {wait: 10s, then: close}}
protections:
  - {id: loss, when: account.day_pnl_ratio <= -0.1%, stops: hedge_open, lasts: 60s, close: 40%}
"""


def closing(rules: str) -> World:
    """1,000 long at 157, 100 JPY under water (0.2 % of 50,000), the close is out."""
    world = opened(rules, balance="50000")
    order(world.quote(156.90, at=4))
    return world


@pytest.mark.parametrize("rules", [STOP, LOSS])
@pytest.mark.parametrize("restarts", [False, True])
def test_no_addition_while_the_close_is_out(rules: str, restarts: bool) -> None:
    world = closing(rules)
    if restarts:
        world.restart()
    found = decision(world.signal(name="b", at=5))
    assert (found.kind, found.outcome, found.code) == ("pyramid", "refused", "RE602")
    compared = found.verdicts[-1].comparisons[0]
    assert (compared.left, compared.right, compared.distance) == (1, 0, -1)


def test_a_part_that_an_exit_closes_holds_no_addition_back() -> None:
    world = closing(STOP.replace("100%", "40%"))
    assert order(world.signal(name="b", at=5)).units == 500


def test_once_the_close_came_to_nothing_it_adds_again() -> None:
    world = opened(STOP)
    stop = order(world.quote(156.90, at=4))
    world.update(stop, OrderStatus.CANCELLED, at=5)
    world.quote(156.99, at=6)
    assert order(world.signal(name="b", at=7)).units == 500


def test_after_the_close_a_signal_opens_anew() -> None:
    world = opened(STOP)
    stop = order(world.quote(156.90, at=4))
    assert not orders(world.fill(stop, 156.90, at=5, trade_id=NAME))
    assert (decision(world.signal(name="b", at=6)).kind, world.engine.holdings.trades) == ("entry", {})
