"""Alerts: told once the condition has held for long enough, again at a cadence, and that it is over."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import AccountRead
from ruleengine.ports.venue import VenueSnapshot
from tests.runtime.engine.world import T0, World, order, trade

WIDE = """
alerts:
  - id: wide
    for_each: instrument
    when: spread > 3pips
    message: the spread is wide
    severity: critical
    show: [spread, account.working_orders, position.net_units > 0]
    lasts: 30s
    repeat: 10min
"""


def told(audit: Audit) -> list[tuple[str, str]]:
    return [(note.code, note.message) for note in audit.notes]


def wide(world: World, at: float, pips: float = 4) -> Audit:
    return world.quote(157.0, 157.0 + pips / 100, at=at)


def test_it_is_told_once_it_has_held_long_enough_with_what_it_shows() -> None:
    world = World(WIDE)
    assert told(wide(world, 0)) == []
    assert told(world.timer(at=29.9)) == []
    audit = world.timer(at=30)
    assert told(audit) == [
        (
            "RE624",
            "wide/USD_JPY: the spread is wide; spread > 3pips holds: 4pips against 3pips; spread = 4pips; "
            "account.working_orders = 0; position.net_units > 0 = False",
        )
    ]
    assert [note.level for note in audit.notes] == ["alert"]
    assert told(wide(world, 31)) == []


def test_a_timer_is_wanted_for_it() -> None:
    world = World(WIDE)
    wide(world, 0)
    assert world.engine.next_timer_ns() == T0 + 30 * 1_000_000_000


def test_it_is_not_told_just_beyond_its_limit_nor_after_a_break() -> None:
    world = World(WIDE)
    wide(world, 0, 3)
    assert told(world.timer(at=100)) == []
    wide(world, 101)
    wide(world, 120, 2)
    wide(world, 121)
    assert told(world.timer(at=150.9)) == []
    assert [code for code, _ in told(world.timer(at=151))] == ["RE624"]


def test_it_is_told_again_at_its_cadence_and_when_it_is_over() -> None:
    world = World(WIDE)
    wide(world, 0)
    world.timer(at=30)
    assert told(world.timer(at=629)) == []
    again = told(world.timer(at=630))
    assert [code for code, _ in again] == ["RE624"]
    assert "the spread is wide (still, for 630 s)" in again[0][1]
    assert told(wide(world, 700, 1)) == [("RE625", "wide/USD_JPY: over: it holds no more")]
    assert told(wide(world, 701, 1)) == []


def test_without_repeat_it_is_told_once_and_without_lasts_at_once() -> None:
    world = World(WIDE.replace("    lasts: 30s\n    repeat: 10min\n", ""))
    assert [code for code, _ in told(wide(world, 0))] == ["RE624"]
    for at in (10, 1_000, 100_000):
        assert told(wide(world, at)) == []


def test_what_was_not_told_is_not_over() -> None:
    world = World(WIDE)
    wide(world, 0)
    assert told(wide(world, 10, 1)) == []


UNREAD = """
alerts: [{id: low, when: account.balance < 400_000JPY, message: little is left}]
"""


def test_what_cannot_be_told_is_said_once_and_nothing_is_over() -> None:
    world = World(UNREAD, balance="300000")
    assert [code for code, _ in told(world.quote(157.0, at=0))] == ["RE624"]
    ts = T0 + 1_000_000_000
    unread = world.feed(AccountRead(ts, ts, None, None, failed=True))
    assert [note.code for note in unread.notes if note.code.startswith("RE62")] == ["RE626"]
    assert told(world.quote(157.0, at=2)) == []


def test_an_unknown_stretch_is_a_break() -> None:
    world = World(UNREAD.replace("message", "lasts: 30s, message"), balance="300000")
    world.quote(157.0, at=0)
    for at, balance in ((10, None), (20, Decimal(300_000))):
        ts = T0 + at * 1_000_000_000
        world.feed(AccountRead(ts, ts, balance, Decimal(0), failed=balance is None))
    assert told(world.timer(at=49)) == []
    assert [code for code, _ in told(world.timer(at=50))] == ["RE624"]


TRADES = """
alerts:
  - id: old
    for_each: trade
    when: trade.age > 60s
    message: it is old
    applies_to: {strategy: M1Scalper}
"""


def test_each_trade_is_told_of_by_itself_and_its_end_too() -> None:
    held = (trade("1000", name="1", opened_s=-10), trade("2000", name="2", opened_s=-30),
            trade("3000", name="3", strategy="TrendMA", opened_s=-100, client_id="qr-7"))  # fmt: skip
    world = World(TRADES, trades=held)
    world.quote(157.0, at=0)
    first = [message.partition(":")[0] for _, message in told(world.timer(at=31))]
    second = [message.partition(":")[0] for _, message in told(world.timer(at=51))]
    assert (first, second) == (["old/2"], ["old/1"])
    world.engine.adopt(VenueSnapshot(T0 + 60 * 1_000_000_000, Decimal(500_000), Decimal(0), held[1:]))
    assert ("RE625", "old/1: over: the trade is closed") in told(world.quote(157.0, at=70))


@pytest.mark.parametrize("enforcement", ["shadow", "enforce"])
def test_a_shadow_tells_nobody(enforcement: str) -> None:
    world = World(WIDE.replace("    lasts: 30s\n", f"    enforcement: {enforcement}\n"))
    assert len(wide(world, 0).notes) == (enforcement == "enforce")


def test_a_restart_keeps_what_was_told_and_the_time_it_has_held() -> None:
    world, other = World(WIDE), World(WIDE)
    for each in (world, other):
        wide(each, 0)
    world.restart()
    for at in (29.0, 30.0, 100.0, 630.0):
        assert told(world.timer(at=at)) == told(other.timer(at=at))
        world.restart()
    assert told(wide(world, 640, 1)) == told(wide(other, 640, 1)) == [("RE625", "wide/USD_JPY: over: it holds no more")]


FLOW = """
sizing: [{id: base, applies_to: {intent: entry}, size: 1_000units}]
entries: [{id: take, source: signal, when: "true"}]
exits: [{id: out, for_each: trade, when: trade.pnl_pips <= -50pips, close: 100%, on_unknown: {wait: 10s, then: alert}}]
alerts:
  - id: nothing-fills
    when: >-
      known(account.last_order_at) and (not known(account.last_fill_at) or account.last_fill_at < account.last_order_at)
      and account.since_last_order > 30min
    message: orders go out and nothing fills
    show: [account.working_orders]
"""


def test_orders_that_nothing_fills_are_told_of() -> None:
    """FX-30."""
    world = World(FLOW)
    world.quote(157.0, at=0)
    sent = order(world.signal(at=10))
    assert told(world.timer(at=1_810)) == []
    said = told(world.timer(at=1_811))
    assert [code for code, _ in said] == ["RE624"]
    assert said[0][1].endswith("account.working_orders = 1")
    assert [code for code, _ in told(world.fill(sent, 157.0, at=1_900))] == ["RE625"]


UNCOVERED = """
exits: [{id: out, for_each: trade, applies_to: {strategy: M1Scalper}, when: trade.pnl_pips <= -50pips, close: 100%,
         on_unknown: {wait: 10s, then: alert}}]
alerts: [{id: no-exit, for_each: trade, when: not trade.is_covered, message: nothing closes it, severity: critical}]
"""


@pytest.mark.parametrize(("old", "new"), [("", ""), ("close: 100%", "close: 100%, enforcement: warn")])
def test_a_trade_that_no_exit_covers_is_told_of(old: str, new: str) -> None:
    """FX-16."""
    held = (trade("1000", name="1"), trade("2000", name="2", strategy="TrendMA", client_id="qr-7"))
    world = World(UNCOVERED.replace(old, new) if old else UNCOVERED, trades=held)
    expected = ["no-exit/2"] if not old else ["no-exit/1", "no-exit/2"]
    assert [message.partition(":")[0] for _, message in told(world.quote(157.0, at=0))] == expected
    world.restart()
    assert told(world.quote(157.0, at=1)) == []
