"""One instrument's market: what price an event makes of it, how old that may become, what a restart keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from ruleengine.market.phase import NEVER
from ruleengine.model.event import BarEvent, Book, MarketEvent, Quote, Reference, TradePrint
from ruleengine.model.unknown import known
from ruleengine.runtime.markets.conversion import Converter
from ruleengine.runtime.markets.market import InstrumentMarket, Wake
from tests.runtime.engine.world import SECOND, T0, USD_JPY

MINUTE = 60 * SECOND
STALE = 10 * SECOND
SPREAD = 0.5


def market(spread: float | None = None, stale_ns: int = STALE, **more: Any) -> InstrumentMarket:
    """Prices are forgotten after 10 s."""
    return InstrumentMarket(replace(USD_JPY, **more), (), {}, frozenset(), spread, Wake(), stale_ns)


def quote(bid: float, ask: float, at_s: float = 0.0, *, ahead_ns: int = 0) -> Quote:
    ts = T0 + round(at_s * SECOND)
    return Quote(ts, ts + ahead_ns, "USD_JPY", bid, ask)


def printed(price: float, at_s: float = 0.0) -> TradePrint:
    ts = T0 + round(at_s * SECOND)
    return TradePrint(ts, ts, "USD_JPY", price, 1.0)


def bar(price: Any = "mid", **more: Any) -> BarEvent:
    """The minute before T0, which closed at 157."""
    return BarEvent(T0, T0, "USD_JPY", MINUTE, price, 156.0, 158.0, 155.0, 157.0, **more)


def book(**more: Any) -> Book:
    made = Book(T0, T0, "USD_JPY", ((157.0, 3.0), (156.5, 4.0)), ((157.25, 5.0), (157.5, 6.0)))
    return replace(made, **more)


def prices(of: InstrumentMarket) -> tuple[Any, Any]:
    frame = of.frame
    return frame.bid if known(frame.bid) else None, frame.ask if known(frame.ask) else None


# --- which price ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "bid", "ask"),
    [
        ("mid", 156.75, 157.25),
        ("last", 156.75, 157.25),
        ("bid", 157.0, 157.5),
        ("ask", 156.5, 157.0),
    ],
)
def test_a_bar_of_one_price_is_a_quote_by_the_declared_spread(price: str, bid: float, ask: float) -> None:
    made = market(SPREAD)
    assert made.bar(bar(price))
    assert prices(made) == (bid, ask)
    assert made.frame.quoted_at == T0
    assert (made.frame.last if known(made.frame.last) else None) == (157.0 if price == "last" else None)


def test_a_bar_of_both_sides_is_a_quote_by_itself() -> None:
    made = market(SPREAD)
    assert made.bar(bar("bid", ask_ohlc=(156.1, 158.1, 155.1, 157.1)))
    assert prices(made) == (157.0, 157.1)


def test_a_bar_without_a_spread_is_no_quote() -> None:
    made = market()
    assert made.bar(bar("last"))
    assert prices(made) == (None, None)
    assert (made.frame.last, made.frame.last_at) == (157.0, T0)
    assert not known(made.frame.quoted_at)
    assert made.expiry_ns() == NEVER


def test_a_print_is_a_quote_by_the_declared_spread_until_quotes_come() -> None:
    made = market(SPREAD)
    assert made.trade(printed(157.0))
    assert prices(made) == (156.75, 157.25)
    assert made.expiry_ns() == T0 + STALE
    made.quote(quote(157.0, 157.1, 1))
    made.trade(printed(158.0, 2))
    assert prices(made) == (157.0, 157.1)
    assert (made.frame.last, made.frame.last_at) == (158.0, T0 + 2 * SECOND)


def test_the_book_is_a_quote_with_what_stands_behind_it() -> None:
    """3 + 4 bid for, 5 + 6 offered."""
    made = market()
    assert made.book(book())
    frame = made.frame
    assert (*prices(made), frame.quoted_at) == (157.0, 157.25, T0)
    assert (frame.bid_size, frame.ask_size, frame.bid_units, frame.ask_units) == (3.0, 5.0, 7.0, 11.0)


class Rates:
    """Hears the rates of exchange that a market is."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, float | None]] = []

    def is_source(self, name: str) -> bool:
        return name == "USD_JPY"

    def move(self, name: str, rate: float) -> None:
        self.heard.append((name, rate))

    def forget(self, name: str) -> None:
        self.heard.append((name, None))


def test_the_rate_of_exchange_is_the_middle_whatever_said_it() -> None:
    """(157 + 157.5) / 2 of a quote, (157 + 157.25) / 2 of a book, 157 with 0.5 above of a bar of bids: 157.25."""
    made, rates = market(SPREAD), Rates()
    made.follow(cast(Converter, rates))
    made.quote(quote(157.0, 157.5, -2))
    made.book(book())
    made.bar(bar("bid"))
    made.forget_prices()
    assert rates.heard == [("USD_JPY", rate) for rate in (157.25, 157.125, 157.25, None)]


# --- what is no price -------------------------------------------------------------------------------------------------

TAKEN: dict[str, Callable[[InstrumentMarket], Any]] = {
    "quote": lambda made: (quote(157.0, 157.1), made.quote),
    "trade": lambda made: (printed(157.0), made.trade),
    "bar": lambda made: (bar(), made.bar),
    "book": lambda made: (book(), made.book),
    "reference": lambda made: (Reference(T0, T0, "USD_JPY", 157.0), made.reference),
}


def taken(kind: str, **changed: Any) -> tuple[bool, InstrumentMarket]:
    made = market(SPREAD)
    event, take = TAKEN[kind](made)
    return take(replace(event, **changed)), made


@pytest.mark.parametrize("kind", TAKEN)
def test_a_stamp_two_seconds_ahead_of_our_clock_is_taken_and_no_later_one(kind: str) -> None:
    """A later one would make every price after it look old."""
    is_taken, made = taken(kind, ts_event=T0 + 2 * SECOND)
    assert is_taken
    assert (made.frame.defects, made.sound) == (0, True)
    is_taken, made = taken(kind, ts_event=T0 + 2 * SECOND + 1)
    assert not is_taken
    assert (made.frame.defects, made.sound, made.last_defect) == (1, False, "stamped later than it came")
    assert prices(made) == (None, None)


@pytest.mark.parametrize("kind", TAKEN)
def test_what_its_source_marks_as_defective_is_no_price(kind: str) -> None:
    is_taken, made = taken(kind, flags=1)
    assert not is_taken
    assert (made.frame.defects, made.last_defect) == (1, "marked as defective by its source")
    assert prices(made) == (None, None)


@pytest.mark.parametrize("changed", [{"bids": ()}, {"asks": ()}])
def test_a_book_with_an_empty_side_is_no_price(changed: dict[str, Any]) -> None:
    is_taken, made = taken("book", **changed)
    assert not is_taken
    assert (made.frame.defects, made.last_defect) == (1, "an empty side")


# --- how old it may become --------------------------------------------------------------------------------------------


def test_a_price_is_known_for_its_life_and_valued_by_after_it() -> None:
    """10 s after its stamp, to the nanosecond; the last middle, (157 + 157.5) / 2, goes on to value a position."""
    made = market()
    made.quote(quote(157.0, 157.5))
    assert made.expiry_ns() == T0 + STALE
    assert not made.on_timer(T0 + STALE - 1)
    assert prices(made) == (157.0, 157.5)
    assert made.on_timer(T0 + STALE)
    assert str(made.frame.bid) == "unknown: bid stale (no quote for 10 s)"
    assert str(made.frame.ask) == "unknown: ask stale (no quote for 10 s)"
    assert made.frame.marked == 157.25
    assert made.expiry_ns() == NEVER


def test_the_close_of_a_bar_is_a_price_until_the_next_is_overdue() -> None:
    """A minute to the next, and 10 s that it may be late."""
    made = market(SPREAD)
    made.bar(bar())
    assert made.expiry_ns() == T0 + 70 * SECOND


FRIDAY = T0 - 14 * MINUTE + 3 * 86_400 * SECOND
"""Its 22:00 UTC: T0 is 22:14 on a Tuesday of November. Trading has ended a minute before."""
SUNDAY = FRIDAY + 2 * 86_400 * SECOND + 5 * MINUTE
"""Its 22:05 UTC, when trading begins again."""


def test_over_a_weekend_no_price_grows_old() -> None:
    """The last of the week is known until 10 s after the next has begun, whenever it is looked; a restart on Saturday
    keeps that."""
    made = market(sessions="fx")
    made.quote(quote(157.0, 157.5, (FRIDAY - T0) / SECOND - 65))
    saturday = FRIDAY + 6 * 3_600 * SECOND
    assert not any(made.on_timer(now) for now in range(FRIDAY - 55 * SECOND, saturday, MINUTE))
    again = market(sessions="fx")
    again.restore(json.loads(json.dumps(made.state())))
    assert again.expiry_ns() == made.expiry_ns() > saturday
    for each in (made, again):
        forgotten = [now for now in range(saturday, SUNDAY + MINUTE, 5 * SECOND) if each.on_timer(now)]
        assert forgotten == [SUNDAY + STALE]


def test_a_clock_beats_while_the_market_is_open() -> None:
    """At whole minutes, the one of now not among them; in the pause the next is at its end."""
    made = market(sessions="fx")
    assert made.next_beat_ns(T0, MINUTE) == made.next_beat_ns(T0 + MINUTE - 1, MINUTE) == T0 + MINUTE
    assert made.next_beat_ns(SUNDAY - MINUTE, 7 * MINUTE) == SUNDAY
    assert made.opens_ns(FRIDAY + 6 * 3_600 * SECOND) == SUNDAY
    assert made.opens_ns(T0) == T0


@pytest.mark.parametrize(("stale_ns", "life_s"), [(STALE, 10.0), (NEVER, None)])
def test_the_life_of_a_price_is_told_in_seconds(stale_ns: int, life_s: float | None) -> None:
    assert market(stale_ns=stale_ns).life_s == life_s


def test_where_prices_do_not_grow_old_nothing_expires() -> None:
    made = market(SPREAD, NEVER)
    made.bar(bar())
    made.quote(quote(157.0, 157.1, 1))
    assert made.expiry_ns() == NEVER
    assert not made.on_timer(T0 + 30 * 86_400 * SECOND)
    assert prices(made) == (157.0, 157.1)


@pytest.mark.parametrize("kind", ["trade", "bar", "book", "quote"])
def test_a_new_price_wakes_who_waits_for_its_end(kind: str) -> None:
    """Else a driver that sleeps until the old due would let the price live too long."""
    wake = Wake()
    made = InstrumentMarket(USD_JPY, (), {}, frozenset(), SPREAD, wake, STALE)
    wake.due = wake.lasting = NEVER
    event, take = TAKEN[kind](made)
    take(event)
    assert wake.due == wake.lasting == -NEVER


# --- a restart --------------------------------------------------------------------------------------------------------


def restarted(made: InstrumentMarket) -> InstrumentMarket:
    again = market(SPREAD)
    again.restore(json.loads(json.dumps(made.state(), allow_nan=False)))
    return again


def test_a_restart_keeps_the_price_and_its_age() -> None:
    made = market(SPREAD)
    made.bar(bar())
    again = restarted(made)
    assert prices(again) == (156.75, 157.25)
    assert again.expiry_ns() == made.expiry_ns() == T0 + 70 * SECOND


def test_a_price_that_was_too_old_is_so_after_a_restart() -> None:
    made = market()
    made.quote(quote(157.0, 157.5))
    made.on_timer(T0 + STALE)
    again = restarted(made)
    assert str(again.frame.bid) == "unknown: bid stale (no quote for 10 s)"
    assert again.frame.marked == 157.25


def test_after_a_restart_a_print_is_no_quote_where_quotes_came() -> None:
    made = market(SPREAD)
    made.quote(quote(157.0, 157.1))
    again = restarted(made)
    again.trade(printed(158.0, 1))
    assert prices(again) == (157.0, 157.1)


def test_a_restart_keeps_that_the_last_event_was_none() -> None:
    _, made = taken("quote", flags=1)
    again = restarted(made)
    assert (again.sound, again.frame.defects) == (False, 1)


def test_what_is_older_than_the_last_price_is_none_after_a_restart_either() -> None:
    made = market()
    made.quote(quote(157.0, 157.1, 5))
    event: MarketEvent = quote(150.0, 150.1, 4)
    again = restarted(made)
    assert not again.quote(event)  # type: ignore[arg-type]
    assert prices(again) == (157.0, 157.1)
