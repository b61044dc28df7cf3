"""An order that ended short is sent again at a growing distance and never in a flood; nothing goes twice at one time.

Distances by hand: 1, 2, 4, 8, 16, 32, 60, 60 s.
"""

from __future__ import annotations

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import OperatorCommand, OrderStatus
from ruleengine.model.order import Order
from ruleengine.runtime.orders.retries import FAILURES_MAX, SECOND, Retries
from tests.runtime.engine.world import World, decision, order, orders, trade

PROFIT = """
exits:
  - {id: profit, for_each: trade, when: trade.pnl_pips >= 5pips, close: 50%, on_unknown: {wait: 30s, then: close}}
"""
RELIEF = """
hedges:
  - id: relief
    when: position.net_units >= 10_000units and mid >= 90
    reduce: {wanted: 4_000units, floor_over_cap: cap}
    on_unknown: {wait: 10s, then: alert}
"""


def refused(world: World, sent: Order, at: float) -> Audit:
    """The venue cancels the order for lack of size."""
    return world.update(sent, OrderStatus.CANCELLED, code="INSUFFICIENT_LIQUIDITY", at=at)


@pytest.mark.parametrize("rules", [PROFIT, RELIEF])
@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED])
def test_a_reduction_that_ended_unfilled_waits_for_time_and_the_market(rules: str, status: OrderStatus) -> None:
    world = World(rules, trades=(trade("10000"),))
    first = order(world.quote(157.05, at=0))
    ended = world.update(first, status, code="MARKET_HALTED", at=0)
    assert not ended.commands
    assert (decision(ended).code, decision(ended).outcome) == ("RE598", "refused")
    assert not world.quote(157.05, at=0.5), "held back, and said once"
    assert not world.quote(157.06, at=0.999)
    second = order(world.quote(157.06, at=1))
    assert second.id != first.id
    assert (second.units, second.side) == (first.units, first.side)


def test_time_alone_does_not_send_it_again() -> None:
    """A halted market gives no quotes, and the same order would end in the same way."""
    world = World(PROFIT, trades=(trade("10000"),))
    refused(world, order(world.quote(157.05, at=0)), 0)
    assert not orders(world.timer(at=1))
    assert not orders(world.timer(at=3600))
    assert orders(world.quote(157.05, at=3601))


def test_a_timer_sends_it_where_the_market_has_moved_meanwhile() -> None:
    world = World(PROFIT, trades=(trade("10000"),))
    refused(world, order(world.quote(157.05, at=0)), 0)
    assert not world.quote(157.05, at=0.5)
    assert world.engine.next_timer_ns() == world._at(1)
    assert orders(world.timer(at=1))


@pytest.mark.parametrize("restarts", [False, True])
def test_the_distance_doubles_up_to_a_minute_and_exits_go_on(restarts: bool) -> None:
    world = World(PROFIT, trades=(trade("10000"),))
    sent = order(world.quote(157.05, at=0))
    now, recorded = 0.0, 0
    for wait in (1, 2, 4, 8, 16, 32, 60, 60):
        recorded += len(refused(world, sent, now).decisions)
        if restarts:
            world.restart()
        assert not world.quote(157.05, at=now + wait - 0.1), wait
        now += wait
        sent = order(world.quote(157.05, at=now))
    assert recorded == 8, "each wait is recorded once"


def test_a_fill_brings_the_distance_back_to_a_second() -> None:
    world = World(PROFIT, trades=(trade("10000"),))
    sent = order(world.quote(157.05, at=0))
    refused(world, sent, 0)
    sent = order(world.quote(157.05, at=1))
    refused(world, sent, 1)
    sent = order(world.quote(157.05, at=3))
    world.fill(sent, 157.05, units="1000", is_last=False, at=3)
    assert not orders(refused(world, sent, 3))
    sent = order(world.quote(157.05, at=4))
    assert sent.units == 4_000
    refused(world, sent, 4)
    assert not world.quote(157.05, at=5.9)
    assert orders(world.quote(157.05, at=6))


STILL = """
exits:
  - {id: old, for_each: trade, when: trade.age >= 60s, close: 100%, on_unknown: {wait: 30s, then: close}}
"""


def test_a_trigger_that_no_price_moves_is_tried_again_by_a_timer() -> None:
    world = World(STILL, trades=(trade("10000", opened_s=-100),))
    refused(world, order(world.quote(157.0, at=0)), 0)
    assert world.engine.next_timer_ns() == world._at(1)
    assert not orders(world.timer(at=1)), "the market hasn't moved"
    assert not orders(world.quote(157.0, at=1.5))
    assert world.engine.next_timer_ns() == world._at(2)
    assert order(world.timer(at=2)).units == 10_000


@pytest.mark.parametrize("restarts", [False, True])
def test_a_restart_does_not_bring_it_forward(restarts: bool) -> None:
    world = World(STILL, trades=(trade("10000", opened_s=-100),))
    refused(world, order(world.quote(157.0, at=0)), 0)
    world.timer(at=1)
    if restarts:
        world.restart()
    assert not orders(world.quote(157.0, at=1.5))
    assert orders(world.timer(at=2))


def test_what_the_gate_slows_goes_on_by_a_timer_too() -> None:
    """Three refusals in a minute: the breaker spaces the rule's exits of the trade by 20 s."""
    world = World(STILL, trades=(trade("10000", opened_s=-100),))
    sent = order(world.quote(157.0, at=0))
    for at, following in ((0, 1), (1, 3), (3, 7), (7, 15)):
        world.update(sent, OrderStatus.REJECTED, code="MARKET_HALTED", at=at)
        world.quote(157.0, at=at + 0.5)
        held = world.timer(at=following)
        if following < 15:
            sent = order(held)
    assert decision(held).first_blocker == "limits.refusals"
    found = []
    for second in range(16, 28):
        assert world.engine.next_timer_ns() == world._at(second)
        found.append(len(orders(world.timer(at=second))))
    assert found == [0] * 11 + [1], "20 s after the first that followed the breaker's opening"


def test_each_trade_and_rule_waits_for_itself() -> None:
    world = World(PROFIT, trades=(trade("10000"), trade("6000", name="2")))
    first, second = orders(world.quote(157.05, at=0))
    refused(world, first, 0)
    world.fill(second, 157.05, at=0.1)
    assert world.engine.orders.retries.failure("profit", "1") is not None
    assert world.engine.orders.retries.failure("profit", "2") is None


def test_what_a_closed_trade_waited_for_is_forgotten() -> None:
    world = World(PROFIT.replace("50%", "100%"), trades=(trade("10000"),))
    refused(world, order(world.quote(157.05, at=0)), 0)
    world.fill(order(world.quote(157.05, at=1)), 157.05)
    assert world.engine.orders.retries.state()["failures"] == {}


def test_an_operators_close_does_not_wait() -> None:
    world = World(PROFIT, trades=(trade("10000"),))
    refused(world, order(world.quote(157.05, at=0)), 0)
    command = OperatorCommand(world._at(0.1), "close", "who", "why", {"trade": "1"})
    assert order(world.feed(command)).units == 10_000


def test_a_fill_in_part_and_the_next_one_are_not_of_one_instant() -> None:
    """A venue that answers at once: the hedge's first part filled, and more is wanted."""
    world = World(RELIEF, trades=(trade("15000"),))
    first = order(world.quote(157.0, at=0))
    filled = world.fill(first, 157.0, trade_id="1", at=0)
    assert not orders(filled), "11,000 are left, and the trigger holds: but not at this instant"
    assert decision(filled).code == "RE598"
    assert order(world.quote(157.0, at=0.1)).units == 4_000


ENTRY = """
entries:
  - {id: cheap, source: market, when: mid <= 157, side: long, strategy: TrendMA, size: 1_000units}
"""


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.REJECTED])
def test_an_entry_goes_once_an_instant(status: OrderStatus) -> None:
    world = World(ENTRY)
    sent = order(world.quote(157.0, at=0))
    ended = world.update(sent, status, code="MARKET_HALTED", at=0)
    assert not orders(ended)
    assert decision(ended).code == "RE598"
    assert orders(world.quote(157.0, at=3)), "three seconds later it is no repeat either"


def test_an_entry_filled_at_once_goes_once_an_instant() -> None:
    world = World(ENTRY)
    filled = world.fill(order(world.quote(157.0, at=0)), 157.0, at=0)
    assert not orders(filled)
    assert orders(world.quote(157.0, at=3))


def test_failures_are_bounded_and_the_oldest_goes() -> None:
    retries = Retries()
    for number in range(FAILURES_MAX + 1):
        retries.reduction_ended("rule", str(number), SECOND, is_whole=False, has_filled=False)
    assert retries.failure("rule", "0") is None
    assert retries.failure("rule", "1") == (SECOND, 2 * SECOND)
    assert retries.failure("rule", str(FAILURES_MAX)) == (SECOND, 2 * SECOND)
