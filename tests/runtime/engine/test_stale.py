"""Prices that are older than the policy's `quote_age_max` are unknown, with their age; nothing acts on them (FX-23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ruleengine.model.event import BarEvent, Book, Event, Quote, Reference, TradePrint
from ruleengine.model.unknown import Reason
from ruleengine.runtime.driving.warm import forget_prices
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


def test_a_position_is_still_valued_by_it() -> None:
    world = World(STOP, trades=(trade("10000"),))
    world.quote(157.0, 157.02, at=1)
    world.timer(at=11)
    world.restart()
    assert frame(world).marked == pytest.approx(157.01)  # type: ignore[attr-defined]


def test_a_quote_stamped_ahead_of_its_time_is_a_defect_and_spoils_nothing() -> None:
    world = World(STOP, trades=(trade("10000"),))
    world.quote(157.0, at=1)
    ts = T0 + 2 * SECOND
    audit = world.feed(Quote(ts, ts + 86_400 * SECOND, "USD_JPY", 150.0, 150.0))
    (note,) = audit.notes
    assert (note.code, note.level) == ("RE588", "alert")
    assert "our clock and the venue's are apart" in note.message
    assert not orders(audit)
    assert order(world.quote(156.94, at=3)).units == 10_000, "the next good quote is not older than the bad one"


AHEAD: dict[str, tuple[Callable[[int, int, float], Event], str]] = {
    "book": (lambda ts, stamp, price: Book(ts, stamp, "USD_JPY", ((price, 5.0),), ((price, 6.0),)), "bid"),
    "bar": (
        lambda ts, stamp, price: BarEvent(ts, stamp, "USD_JPY", SECOND, "last", price, price, price, price),
        "last",
    ),
    "print": (lambda ts, stamp, price: TradePrint(ts, stamp, "USD_JPY", price, 1.0), "last"),
    "reference": (lambda ts, stamp, price: Reference(ts, stamp, "USD_JPY", price), "reference"),
}


@pytest.mark.parametrize("kind", AHEAD)
def test_nor_does_anything_else_that_is_stamped_ahead(kind: str) -> None:
    """A venue whose clock is an hour ahead for a moment: its price is none, and those after it count."""
    make, slot = AHEAD[kind]
    world = World(STOP, trades=(trade("10000"),))
    for second, ahead, price in ((1, 0, 157.0), (2, 3_600, 150.0), (3, 0, 157.1)):
        ts = T0 + second * SECOND
        audit = world.feed(make(ts, ts + ahead * SECOND, price))
        assert ("RE588" in [note.code for note in audit.notes]) == bool(ahead)
        assert getattr(frame(world), slot) == (157.0 if ahead else price)
    if kind == "book":
        world.timer(at=13)
        assert frame(world).bid.reason is Reason.STALE  # type: ignore[attr-defined]


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


@pytest.mark.parametrize("each", ["trade", "account"])
def test_what_is_not_known_while_the_market_is_closed_is_waited_for_from_its_opening_on(each: str) -> None:
    """A start on Saturday: nothing is heard before Sunday 22:05 UTC, after the pause, and 30 s later the exit closes.
    Begun again on the way it is the same."""
    when = {"trade": "trade.pnl_pips <= -5pips", "account": "account.equity < 100_000JPY"}[each]
    rules = (
        f"exits: [{{id: cut, for_each: {each}, when: '{when}', close: 100%, on_unknown: {{wait: 30s, then: close}}}}]"
    )
    world = World(rules, trades=(trade("10000"),), spec=replace(USD_JPY, sessions="fx"))
    closes = 1_767_996_000 - T0 // SECOND  # Friday 2026-01-09 22:00 UTC
    opens = closes + 48 * 3_600 + 300
    world.quote(157.0, at=closes - 5)
    forget_prices(world.engine)
    said = world.timer(at=closes + 40_000)
    assert [note.message.partition("; ")[2] for note in said.notes] == [
        "waiting 30 s from 2026-01-11 22:05:00.000Z on, then close"
    ]
    for at in (closes + 40_030, closes + 100_000, opens):
        assert not orders(world.timer(at=at))
    world.restart()
    assert not orders(world.timer(at=opens + 29.9))
    assert world.engine.next_timer_ns() == T0 + round((opens + 30) * SECOND)
    assert order(world.timer(at=opens + 30)).units == 10_000
