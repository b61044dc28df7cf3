"""Prices that are older than the policy's `quote_age_max` are unknown, with their age; nothing acts on them (FX-23)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ruleengine.model.event import Quote, TradePrint
from ruleengine.model.unknown import Reason
from tests.runtime.engine import world as worlds
from tests.runtime.engine.world import SECOND, T0, USD_JPY, World, decision, order, orders, trade

STOP = """
exits:
  - id: stop
    for_each: trade
    when: trade.pnl_pips <= -5pips
    close: 100%
    on_unknown: {wait: 30s, then: close}
"""


@pytest.fixture(autouse=True)
def _short_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "HEAD", worlds.HEAD.replace("quote_age_max: 240h", "quote_age_max: 10s"))


def frame(world: World) -> object:
    return world.engine.markets["USD_JPY"].frame


def test_a_price_is_known_up_to_its_life_and_unknown_from_then_on() -> None:
    world = World(STOP, trades=(trade("10000"),))
    world.quote(157.0, at=1)
    assert world.engine.next_timer_ns() == T0 + 11 * SECOND
    world.timer(at=10.999)
    assert frame(world).bid == 157.0  # type: ignore[attr-defined]
    audit = world.timer(at=11)
    bid = frame(world).bid  # type: ignore[attr-defined]
    assert (bid.reason, bid.fact, bid.detail) == (Reason.STALE, "bid", "no quote for 10 s")
    assert [change.now for change in audit.changes] == [None]
    assert "stale" in audit.changes[0].unknown


def test_a_dead_feed_ends_in_what_the_exit_declares() -> None:
    """30 s after the price became unknown, the exit closes."""
    world = World(STOP, trades=(trade("10000"),))
    world.quote(157.0, at=1)
    world.timer(at=11)
    assert not orders(world.timer(at=40.9))
    assert order(world.timer(at=41)).units == 10_000


def test_a_new_quote_is_known_at_once() -> None:
    world = World(STOP, trades=(trade("10000"),))
    world.quote(157.0, at=1)
    world.timer(at=11)
    audit = world.quote(156.94, at=12)
    assert [change.now for change in audit.changes] == [True]
    assert order(audit).units == 10_000


def test_it_survives_a_restart() -> None:
    world = World(STOP, trades=(trade("10000"),))
    world.quote(157.0, at=1)
    world.timer(at=11)
    world.restart()
    assert not world.timer(at=12), "nothing has changed"
    assert frame(world).bid.reason is Reason.STALE  # type: ignore[attr-defined]


def test_a_quote_stamped_ahead_of_its_time_is_a_defect_and_spoils_nothing() -> None:
    world = World(STOP, trades=(trade("10000"),))
    world.quote(157.0, at=1)
    ts = T0 + 2 * SECOND
    audit = world.feed(Quote(ts, ts + 86_400 * SECOND, "USD_JPY", 150.0, 150.0))
    assert [note.code for note in audit.notes] == ["RE588"]
    assert not orders(audit)
    assert order(world.quote(156.94, at=3)).units == 10_000, "the next good quote is not older than the bad one"


def test_prints_move_bid_and_ask_where_no_quotes_come() -> None:
    world = World(STOP, trades=(trade("10000"),), account={"instruments": {"USD_JPY": {"spread": "0.8pips"}}})
    world.feed(TradePrint(T0 + SECOND, T0 + SECOND, "USD_JPY", 157.0, 1.0))
    assert frame(world).bid == pytest.approx(156.996)  # type: ignore[attr-defined]
    audit = world.feed(TradePrint(T0 + 2 * SECOND, T0 + 2 * SECOND, "USD_JPY", 156.9, 1.0))
    assert decision(audit).outcome == "sent"


def test_a_closed_market_tells_no_value_anew() -> None:
    """A price that outlives its life over a weekend is kept, but it is not the last value told five seconds ago."""
    rules = """
entries:
  - {id: in, source: market, when: mean_of_last(mid, 60s) > 500, side: long, strategy: TrendMA, size: 100units,
     max_open: 1}
"""
    world = World(rules, spec=replace(USD_JPY, sessions="fx"))
    closes = 1_767_996_000 - T0 // SECOND  # Friday 2026-01-09 22:00 UTC
    world.quote(157.0, 157.01, at=closes - 5)
    world.timer(at=closes + 5)  # its life of 10 s is over
    assert world.engine.markets["USD_JPY"].frame.bid == 157.0
    world.timer(at=closes + 55)
    assert world.engine.markets["USD_JPY"].frame.s[0] == 157.005
    world.timer(at=closes + 56)
    assert str(world.engine.markets["USD_JPY"].frame.s[0]).startswith("unknown: mean_of_last stale")


def test_a_fallback_that_goes_on_acting_asks_for_no_timer_of_the_past() -> None:
    """The wait for inputs is long over, the fallback holds on every event: the next timer lies ahead."""
    rules = """
exits:
  - {id: fade, for_each: trade, when: trade.pnl_pips <= -5pips, close: 50%, cooldown: 300s,
     on_unknown: {use: trade.age >= 1s, wait: 10s, then: close}}
"""
    world = World(rules, trades=(trade("10000", opened_s=0),))
    world.quote(157.0, at=1)
    for at in range(12, 60, 3):
        world.timer(at=at)
        due = world.engine.next_timer_ns()
        assert due is None or due > T0 + at * SECOND
