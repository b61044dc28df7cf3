"""OPS-02: a restart with a policy that lacks an exit tells of every open trade that the exit could have closed."""

from __future__ import annotations

import json

import pytest

from tests.runtime.engine.world import World, orders, plan_of, trade

BOTH = """
exits:
  - {id: stop, for_each: trade, when: trade.pnl_pips <= -50pips, close: 100%, on_unknown: {wait: 30s, then: close}}
  - {id: old, for_each: trade, applies_to: {strategy: M1Scalper}, when: trade.age > 72h, close: 100%,
     on_unknown: {wait: 30s, then: close}}
"""
STOP = BOTH.split("  - {id: old")[0]


def told(after: str, *, manual: bool = False, gone: bool = False) -> list[tuple[str, str, str]]:
    """(level, code, message) of what a restart with other rules notes."""
    client = "web-1" if manual else "qr-1-micro-M1Scalper"
    other = trade("500", name="2", strategy="TrendMA", client_id="qr-2-micro-TrendMA")
    world = World(BOTH, trades=(trade("1000", client_id=client), other))
    world.quote(157.0)
    state = json.loads(json.dumps(world.engine.state()))
    world.plan, world.figures = plan_of(after)
    world.engine = world._engine()
    if gone:
        state["holdings"]["trades"], state["holdings"]["lots"] = [], []
    return [(each.level, each.code, each.message) for each in world.engine.restore(state)]


MISSING = [("alert", "RE644", "exit `old` closes trade 1 no more: this policy has no such exit for it")]


def test_the_same_policy_has_nothing_to_tell() -> None:
    assert told(BOTH) == []


@pytest.mark.parametrize(
    "after",
    [
        STOP,
        BOTH.replace("when: trade.age > 72h", "enabled: false, when: trade.age > 72h"),
        BOTH.replace("when: trade.age > 72h", "enforcement: shadow, when: trade.age > 72h"),
        BOTH.replace("strategy: M1Scalper", "strategy: TrendMA"),
    ],
)
def test_an_exit_that_is_gone_switched_off_or_narrowed_is_told(after: str) -> None:
    assert told(after) == MISSING


def test_manual_and_closed_trades_are_nobodys_concern() -> None:
    assert told(STOP, manual=True) == []
    assert told(STOP, gone=True) == []


def test_trades_of_an_entry_that_is_gone_keep_their_exits() -> None:
    """The exits are the policy's, not the entry's: a long of a strategy that nothing opens any more is stopped out."""
    entry = "entries:\n  - {id: e, source: signal, when: 'true'}\n"
    world = World(entry + BOTH, trades=(trade("1000"),))
    world.quote(157.0)
    state = json.loads(json.dumps(world.engine.state()))
    world.plan, world.figures = plan_of(BOTH)
    world.engine = world._engine()
    assert world.engine.restore(state) == []
    assert not orders(world.quote(156.51))
    assert [int(each.units) for each in orders(world.quote(156.50))] == [1_000]
