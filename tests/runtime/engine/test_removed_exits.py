"""OPS-02: a restart with a policy that lacks an exit tells of every open trade that the exit could have closed; and
whose open trades are, is what the policy says that runs now."""

from __future__ import annotations

import json
import re

import pytest

from ruleengine.model.audit import Note
from ruleengine.ports.venue import TradeState
from tests.runtime.engine import world as worlds
from tests.runtime.engine.world import World, order, orders, plan_of, trade

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


def under(
    strategies: str, trades: tuple[TradeState, ...], monkeypatch: pytest.MonkeyPatch, after: str = BOTH
) -> tuple[World, list[Note]]:
    """A world whose engine goes on under other declarations, and what the restart notes."""
    world = World(BOTH, trades=trades)
    world.quote(157.0)
    state = json.loads(json.dumps(world.engine.state()))
    monkeypatch.setattr(worlds, "HEAD", worlds.HEAD.replace("M1Scalper: {aliases: [M1Scalper-trend-long]}", strategies))
    world.plan, world.figures = plan_of(after)
    world.engine = world._engine()
    return world, world.engine.restore(state)


def test_an_alias_that_moved_takes_its_open_trades_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trade was TrendMA's by no alias, and is M1Scalper's now: the exit of that strategy closes it after 72 h."""
    mine = trade("1000", strategy="Trend-x", client_id="qr-1")
    world, notes = under("M1Scalper: {aliases: [Trend-x]}", (mine,), monkeypatch)
    assert [(note.level, note.code) for note in notes] == [("info", "RE557")]
    assert notes[0].message == "trade 1 was of strategy `unknown`, and is of strategy `M1Scalper` now"
    assert not orders(world.timer(at=72 * 3600))
    assert [order.trade_id for order in orders(world.timer(at=72 * 3600 + 1))] == ["1"]


def test_a_strategy_that_is_gone_leaves_its_trades_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit names it no more (RE644), and the trade shows as of no declared strategy (RE560), with what it was."""
    mine = trade("1000", client_id="qr-1-micro-M1Scalper")
    _, notes = under("Other: {}", (mine,), monkeypatch, STOP)
    assert [note.code for note in notes] == ["RE560", "RE557", "RE644"]
    assert notes[1].message == "trade 1 was of strategy `M1Scalper`, and is of strategy `unknown` now"


OPENS = """
sizing: [{id: base, applies_to: {intent: entry}, size: 1_000units}]
entries: [{id: take, source: signal, when: "true"}]
"""


def owning(world: World, prefixes: str, monkeypatch: pytest.MonkeyPatch, rules: str = STOP) -> list[Note]:
    """A restart of the world under these ownership prefixes, and what it notes."""
    state = json.loads(json.dumps(world.engine.state()))
    monkeypatch.setattr(worlds, "HEAD", re.sub(r"ownership: .*", f"ownership: {prefixes}", worlds.HEAD))
    world.plan, world.figures = plan_of(rules)
    world.engine = world._engine()
    return world.engine.restore(state)


@pytest.mark.parametrize("is_old", [False, True])
def test_a_trade_that_is_ours_stays_ours(monkeypatch: pytest.MonkeyPatch, is_old: bool) -> None:
    """An order of ours opened it, whatever prefixes say now; the same from a state in which that wasn't kept."""
    world = World(OPENS + STOP)
    world.quote(157.0, at=0)
    world.fill(order(world.signal(at=1)), 157.0, at=2, trade_id="1")
    if is_old:
        state = world.engine.state()
        for row in state["holdings"]["lots"]:
            del row["is_sent"], row["number"]
        monkeypatch.setattr(world.engine, "state", lambda: state)
    assert owning(world, "[other-]", monkeypatch, OPENS + STOP) == []
    assert [each.trade_id for each in orders(world.quote(156.5, at=3))] == ["1"]


@pytest.mark.parametrize("mode", ["hedging", "netting"])
def test_a_prefix_added_by_mistake_can_be_taken_back(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Somebody else's trade became ours by its prefix; without the prefix it is somebody else's again."""
    theirs = trade("2000", client_id="zz-1", name="9")
    world = World(STOP, trades=(theirs,), account={"mode": mode})
    world.quote(157.0, at=0)
    assert "RE557" in [note.code for note in owning(world, "[qr-, zz-]", monkeypatch)]
    assert [each.owner for each in world.engine.holdings.account.all_trades] == ["engine"]
    assert world.engine.holdings.positions["USD_JPY"].side_units == 2000.0
    told = [note.message for note in owning(world, "[qr-]", monkeypatch) if note.code == "RE557"]
    assert told == ["trade 9 was of strategy `M1Scalper`, and is manual now"]
    assert world.engine.holdings.positions["USD_JPY"].side_units == 0.0
    assert not orders(world.quote(156.0, at=5))
    assert [each.owner for each in world.engine.holdings.account.all_trades] == ["manual"]
