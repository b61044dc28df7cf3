"""A kill or a pause takes back what is out and would add risk; what takes risk off is left alone."""

from __future__ import annotations

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import OperatorCommand, OrderStatus
from ruleengine.model.order import Cancel
from tests.runtime.engine.world import World, order, orders, trade

RULES = """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units, max_open: 1}
exits:
  - {id: cut, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""


def command(world: World, word: str, *, at: float, scope: str = "", reason: str = "a fat finger") -> Audit:
    given = {"scope": scope} if scope else {}
    return world.feed(OperatorCommand(world._at(at), word, "me", reason, given))


def cancels(audit: Audit) -> list[str]:
    return [each.order_id for each in audit.commands if isinstance(each, Cancel)]


@pytest.fixture
def world() -> World:
    found = World(RULES, trades=(trade("1000", "157"),))
    found.quote(157.0, at=1)
    return found


@pytest.mark.parametrize(
    ("word", "scope", "is_taken_back"),
    [
        ("kill", "", True),
        ("kill", "account", True),
        ("kill", "instrument:USD_JPY", True),
        ("kill", "strategy:TrendMA", True),
        ("kill", "rule:rise", True),
        ("pause", "", True),
        ("kill", "instrument:EUR_USD", False),
        ("kill", "strategy:M1Scalper", False),
        ("kill", "rule:cut", False),
        ("resume", "", False),
    ],
)
def test_it_takes_back_what_is_out_in_its_scope(world: World, word: str, scope: str, is_taken_back: bool) -> None:
    sent = order(world.quote(157.1, at=2))
    assert cancels(command(world, word, at=3, scope=scope)) == ([sent.id] if is_taken_back else [])


def test_a_kill_without_a_reason_takes_back_too(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    assert cancels(command(world, "kill", at=3, reason="")) == [sent.id]


def test_exits_that_are_out_are_left_alone_and_new_ones_go_on(world: World) -> None:
    closing = order(world.quote(156.9, at=2))
    assert closing.is_reduce_only
    assert cancels(command(world, "kill", at=3)) == []
    world.update(closing, OrderStatus.REJECTED, at=4)
    assert orders(world.quote(156.8, at=10))[0].is_reduce_only


def test_it_is_in_the_record_before_it_is_handed_over(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    command(world, "kill", at=3)
    lines = world.recorder.lines
    at = lines.index(("order", Cancel(sent.id)))
    assert [what for what, _ in lines[at:]] == ["order", "sync"]


@pytest.mark.parametrize("before", [None, OrderStatus.UNKNOWN])
def test_an_order_that_turns_out_to_be_at_the_venue_after_the_kill_is_taken_back_then(
    world: World, before: OrderStatus | None
) -> None:
    sent = order(world.quote(157.1, at=2))
    if before is not None:
        world.update(sent, before, at=2.5)
    assert cancels(command(world, "kill", at=3)) == [sent.id]
    assert cancels(world.update(sent, OrderStatus.ACCEPTED, at=4)) == [sent.id]


def test_an_ack_without_a_switch_cancels_nothing(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    assert cancels(world.update(sent, OrderStatus.ACCEPTED, at=4)) == []


def test_what_has_ended_is_not_taken_back(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    world.fill(sent, 157.1, at=2.5)
    assert cancels(command(world, "kill", at=3)) == []


def test_until_the_venue_says_so_it_may_still_fill_and_counts(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    command(world, "kill", at=3)
    assert world.engine.orders.pending_units("USD_JPY")[0] == 3000
    world.fill(sent, 157.1, at=4)
    assert world.engine.holdings.side_units("USD_JPY")[0] == 4000
