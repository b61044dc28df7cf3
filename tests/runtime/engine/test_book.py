"""A book says more than its best prices: the sizes behind them (PY-01)."""

from __future__ import annotations

from adapters.paper.instruments import known
from ruleengine.model.event import Book, Quote
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.markets.market import InstrumentMarket, Wake

SECOND = 1_000_000_000


def test_a_book_counts_where_a_quote_of_the_instant_said_its_best_prices_already() -> None:
    market = InstrumentMarket(known(["005930"])[0], [], {}, frozenset(), None, Wake())
    assert market.quote(Quote(SECOND, SECOND, "005930", 70_000.0, 70_100.0))
    before = market.frame.bid_units
    assert isinstance(before, Unknown)
    assert market.book(Book(SECOND, SECOND, "005930", ((70_000.0, 580.0), (69_900.0, 20.0)), ((70_100.0, 420.0),)))
    assert (market.frame.bid_units, market.frame.ask_units) == (600.0, 420.0)
    assert (market.frame.bid, market.frame.defects) == (70_000.0, 0)


def test_a_book_that_is_older_counts_for_nothing() -> None:
    market = InstrumentMarket(known(["005930"])[0], [], {}, frozenset(), None, Wake())
    assert market.quote(Quote(2 * SECOND, 2 * SECOND, "005930", 70_000.0, 70_100.0))
    assert not market.book(Book(2 * SECOND, SECOND, "005930", ((70_000.0, 580.0),), ((70_100.0, 420.0),)))
    assert isinstance(market.frame.bid_units, Unknown)
