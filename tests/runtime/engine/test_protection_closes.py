"""What a protection closes: each time it goes on anew, with what was on its way then; and under an edited policy.

100,000 long at 157, 500,000 JPY: 156.85 are −15,000, 3 %.
"""

from __future__ import annotations

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.model.order import Order
from tests.runtime.engine.test_close_until_gone import NAME, STOP, opened
from tests.runtime.engine.test_protections import COMMON, HELD, notes
from tests.runtime.engine.world import World, decision, order, orders, trade

LOSS = COMMON + "  - {id: loss, when: account.day_pnl_ratio <= -3%, close: 100%, latch: human}\n"


def start(rules: str = LOSS) -> World:
    world = World(rules, trades=HELD)
    world.quote(157.0, at=0)
    return world


@pytest.mark.parametrize("restarts", [False, True])
def test_what_an_order_fills_that_was_out_at_the_trip_is_closed_too(restarts: bool) -> None:
    world = start()
    entry = order(world.signal(at=5))
    closing = order(world.quote(156.85, at=10))
    world.fill(closing, 156.85, at=11)
    if restarts:
        world.restart()
    second = order(world.fill(entry, 156.85, at=12, trade_id="late"))
    assert (second.is_reduce_only, second.trade_id, second.units) == (True, "late", entry.units)
    world.fill(second, 156.85, at=13)
    assert world.engine.holdings.trades == {}
    assert not orders(world.quote(156.5, at=14))


@pytest.mark.parametrize("is_first", [True, False])
def test_an_addition_on_a_netting_account_goes_before_or_after_the_close(is_first: bool) -> None:
    """100 JPY of 50,000 are 0.2 %."""
    rules = STOP.replace("-10pips", "-5000pips") + (
        "protections: [{id: loss, when: account.day_pnl_ratio <= -0.1%, latch: human, close: 100%}]\n"
    )
    world = opened(rules, balance="50000")
    addition = order(world.signal(name="b", at=3))
    closing = order(world.quote(156.90, at=4))
    sent: list[Order] = []
    for at, each in enumerate((addition, closing) if is_first else (closing, addition), 5):
        sent += orders(world.fill(each, 156.90, at=at, trade_id=NAME))
    sent += orders(world.quote(156.91, at=8))
    assert [int(each.units) for each in sent] == [500]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_second_trip_closes_its_share_again(restarts: bool) -> None:
    """Half of 100,000, then half of the 50,000 left. 157.3 makes good 7,500 realised, 155.5 loses 75,000 more."""
    world = start(LOSS.replace("100%", "50%").replace("latch: human", "lasts: 60s"))
    first = order(world.quote(156.85, at=10))
    assert first.units == 50_000
    world.fill(first, 156.85, at=11)
    world.timer(at=71)
    world.quote(157.3, at=72)
    if restarts:
        world.restart()
    second = order(world.quote(155.5, at=73))
    assert second.units == 25_000
    world.fill(second, 155.5, at=74)
    assert not orders(world.quote(155.4, at=75))


def edited(rules: str) -> tuple[World, list[str]]:
    """(a world with other rules that goes on from one whose protection closes, what it was told)."""
    world = start()
    order(world.quote(156.85, at=10))
    other = World(rules, trades=HELD)
    said = other.engine.restore(world.engine.state())
    assert all(each.level == "alert" for each in said)
    other.seq = 100
    return other, [each.message for each in said]


def test_an_edited_end_counts_from_the_trip() -> None:
    other, said = edited(LOSS.replace("latch: human", "lasts: 60s"))
    assert said == [
        "protection `loss/account` is on, and the policy ends it otherwise than when it tripped: "
        "until 2023-11-14T22:15:10Z"
    ]
    assert decision(other.signal(name="a", at=69)).code == "RE620"
    assert [code for code, _ in notes(other.timer(at=70))] == ["RE623"]


def test_a_close_that_the_policy_drops_is_told() -> None:
    _, said = edited(LOSS.replace("-3%, close: 100%", "-3%"))
    assert said == ["protection `loss/account` was still to close 1, and the policy says so no more: they stay open"]
    _, said = edited(LOSS.replace("id: loss", "id: other"))
    assert said == [
        "protection `loss/account` was on, and the policy has it no more: it stops nothing from here on",
        "protection `loss/account` was still to close 1, and the policy says so no more: they stay open",
    ]


FLOOR = """
exits:
  - id: steps
    for_each: trade
    stages:
      - {when: trade.pnl_pips >= 10pips, close: 40%}
      - {when: trade.pnl_pips >= 20pips, close: 50%}
    floor: {at_least: 300units}
    on_unknown: {wait: 10s, then: alert}
  - {id: even, for_each: trade, when: trade.stage >= 1 and trade.pnl_pips <= 0pips, close: 100%,
     on_unknown: {wait: 10s, then: alert}}
"""


def test_a_rest_below_the_floor_ends_its_stage() -> None:
    """250 of the 400 filled; 150 are left, and less than 300 are never sent: the stage is done, and `even` guards."""
    world = World(FLOOR, trades=(trade("1000"),))
    world.quote(157.0, at=0)
    part = order(world.quote(157.1, at=1))
    assert part.units == 400
    world.fill(part, 157.1, units="250", is_last=False, at=2)
    heard = [world.update(part, OrderStatus.CANCELLED, at=3)]
    heard += [world.quote(157.11 + at / 1000, at=at) for at in range(4, 8)]
    said = [(each.code, each.message) for audit in heard for each in audit.notes]
    assert said == [("RE640", "steps: the 150 left of its part are below its floor; the stage is done")]
    assert [each.code for audit in heard for each in audit.decisions] == ["RE640"]
    assert order(world.quote(156.99, at=9)).units == 750
