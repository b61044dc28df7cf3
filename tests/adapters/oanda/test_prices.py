"""Lines of the pricing stream: what is a price, and what only looks like one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.oanda.prices import Prices
from adapters.wire.decimals import BadPayload, loads
from ruleengine.model.event import Book, Quote
from tests.adapters.oanda.payloads import at

T1 = 1_767_225_601_000_000_001


def line(**more: Any) -> dict[str, Any]:
    return {
        "type": "PRICE", "instrument": "EUR_USD", "time": at(1), "tradeable": True,
        "bids": [{"price": "1.10000", "liquidity": 500000}], "asks": [{"price": "1.10010", "liquidity": "250000"}],
        "closeoutBid": "1.09", "closeoutAsk": "1.11", **more,
    }  # fmt: skip


def test_a_price_is_a_quote_at_the_venues_time() -> None:
    """Sizes come as numbers or as text (§3)."""
    assert Prices().events_of(line(), 77) == [Quote(77, T1, "EUR_USD", 1.1, 1.1001, 500000.0, 250000.0)]


def test_more_than_one_level_is_a_book_too() -> None:
    bids = [
        {"price": "1.10000", "liquidity": 1},
        {"price": "1.09990", "liquidity": 2},
        {"price": "1.0", "liquidity": None},
    ]
    quote, book = Prices().events_of(line(bids=bids), 77)
    assert isinstance(quote, Quote)
    assert book == Book(77, T1, "EUR_USD", ((1.1, 1.0), (1.0999, 2.0)), ((1.1001, 250000.0),))


@pytest.mark.parametrize(
    "change",
    [
        {"tradeable": False}, {"tradeable": False, "status": "tradeable"}, {"bids": []}, {"asks": []},
        {"bids": None, "asks": None}, {"tradeable": None}, {"tradeable": "true"},
        {"tradeable": None, "status": "invalid"}, {"type": "HEARTBEAT"}, {"type": "SOMETHING_NEW"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_price(change: dict[str, Any]) -> None:
    """Traps 11 and 12: closed, one-sided, or nobody says whether it can be traded; closeout prices are never used."""
    assert Prices().events_of(line(**change), 0) == []


def test_the_older_word_counts_where_the_flag_is_missing() -> None:
    """Trap 11: `status` is deprecated and may vanish; so may `tradeable`."""
    assert len(Prices().events_of(line(tradeable=None, status="tradeable"), 0)) == 1


def test_first_lines_are_not_ticks() -> None:
    """They keep their own, perhaps old time; the same one again after a reconnect is nothing new."""
    prices = Prices()
    (quote,) = prices.events_of(line(time="2025-12-31T00:00:00.000000000Z"), T1)
    assert (quote.ts, T1 - quote.ts_event) == (T1, 86_401_000_000_001)
    assert prices.events_of(line(time="2025-12-31T00:00:00.000000000Z"), T1 + 5) == []
    assert prices.events_of(line(time="2025-12-30T00:00:00.000000000Z"), T1 + 5) == []  # an older one neither
    assert len(prices.events_of(line(), T1 + 5)) == 1
    assert len(prices.events_of(line(instrument="USD_JPY"), T1 + 5)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"time": "now"},
        {"bids": [{"price": "0"}]},
        {"bids": [{"price": "-1"}]},
        {"asks": [{"price": "NaN"}]},
        {"bids": [1]},
    ],
    ids=str,
)
def test_a_line_that_cannot_be_meant_is_an_error(change: dict[str, Any]) -> None:
    with pytest.raises(BadPayload):
        Prices().events_of(line(**change), 0)


def test_the_captured_stream(captured: Path) -> None:
    """The last two lines are closed hours and a heartbeat; the second is older than the first."""
    prices = Prices()
    rows = [loads(row) for row in (captured / "stream/pricing.ndjson").read_bytes().splitlines()]
    quotes = [event for row in rows for event in prices.events_of(row, 0) if isinstance(event, Quote)]
    assert [(q.instrument, q.bid, q.ask) for q in quotes] == [
        ("EUR_USD", 1.08511, 1.08524), ("USD_JPY", 149.871, 149.885), ("EUR_USD", 1.08514, 1.08527),
    ]  # fmt: skip
    assert quotes[1].ts_event == 1_772_632_799_900_000_001  # 2026-03-04T13:59:59.900000001Z


def test_captured_prices_of_a_closed_market(captured: Path) -> None:
    (row,) = loads((captured / "rest/pricing.json").read_bytes())["prices"]
    assert Prices().events_of(row, 0) == []
