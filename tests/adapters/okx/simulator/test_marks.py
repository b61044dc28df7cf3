"""Bars of the mark and of the index, the index's ticker, and prints further back (published clients ask for them)."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.okx.simulator import marks, public
from adapters.okx.simulator.errors import Refusal
from tests.adapters.okx.simulator.conftest import BEGIN_S, BTC, Desk

MINUTE_MS = 60_000
BEGIN_MS = BEGIN_S * 1000


@pytest.fixture
def moved() -> Desk:
    """The middle stands at 60,005 for a minute and a half, then at 60,105."""
    desk = Desk()
    desk.wait(90)
    desk.price("60100", "60110")
    desk.wait(1)
    return desk


@pytest.mark.parametrize(("ask", "name"), [(marks.mark_candles, BTC), (marks.index_candles, "BTC-USDT")])
def test_bars_of_the_middle(moved: Desk, ask: Any, name: str) -> None:
    rows = ask(moved.exchange, {"instId": name, "limit": "2"})
    assert rows == [
        [str(BEGIN_MS + MINUTE_MS), "60005", "60105", "60005", "60105", "0"],
        [str(BEGIN_MS), "60005", "60005", "60005", "60005", "1"],
    ]
    older = ask(moved.exchange, {"instId": name, "limit": "1", "after": str(BEGIN_MS + MINUTE_MS)})
    assert older == rows[1:]
    with pytest.raises(Refusal):
        ask(moved.exchange, {"instId": name, "bar": "1h"})


@pytest.mark.parametrize(
    ("ask", "name"), [(marks.history_mark_candles, BTC), (marks.history_index_candles, "BTC-USDT")]
)
def test_history_has_bars_that_are_done(moved: Desk, ask: Any, name: str) -> None:
    assert [row[0] for row in ask(moved.exchange, {"instId": name, "limit": "2"})] == [str(BEGIN_MS)]


def test_the_index_at_a_glance(moved: Desk) -> None:
    (row,) = marks.index_tickers(moved.exchange, {"instId": "BTC-USDT"})
    assert (row["instId"], row["idxPx"], row["ts"]) == ("BTC-USDT", "60105", str(BEGIN_MS + 91_000))
    assert float(row["low24h"]) <= 60_005 < 60_105 <= float(row["high24h"])
    names = [each["instId"] for each in marks.index_tickers(moved.exchange, {"quoteCcy": "USDT"})]
    assert names == [each.family for each in moved.exchange.contracts.values()]
    with pytest.raises(Refusal):
        marks.index_tickers(moved.exchange, {})
    with pytest.raises(Refusal):
        marks.index_tickers(moved.exchange, {"instId": BTC})


def test_prints_further_back(moved: Desk) -> None:
    """A step of the market is 250 ms: the first after the beginning is number 1,772,632,800 × 4 + 1."""
    newest = public.history_trades(moved.exchange, {"instId": BTC})
    assert newest == public.trades(moved.exchange, {"instId": BTC})
    ids = [int(row["tradeId"]) for row in newest]
    assert ids == sorted(ids, reverse=True)
    older = public.history_trades(moved.exchange, {"instId": BTC, "after": str(ids[2]), "limit": "3"})
    assert [int(row["tradeId"]) for row in older] == [n for n in ids if ids[2] - 3 <= n < ids[2]]
    newer = public.history_trades(moved.exchange, {"instId": BTC, "before": str(ids[2])})
    assert [int(row["tradeId"]) for row in newer] == ids[:2]
    at = newest[2]["ts"]
    by_time = public.history_trades(moved.exchange, {"instId": BTC, "type": "2", "after": at, "limit": "3"})
    assert by_time == older
    assert public.history_trades(moved.exchange, {"instId": BTC, "type": "2", "before": at}) == newer
    with pytest.raises(Refusal):
        public.history_trades(moved.exchange, {"instId": BTC, "type": "3"})


def test_open_interest_is_heard_as_it_is_asked(moved: Desk) -> None:
    """2.5 contracts of 0.01 BTC, at a mark of 60,105: 0.025 BTC, 1,502.625 USD."""
    moved.order("buy", "2.5")
    row = public.open_interest_row(moved.exchange, moved.exchange.contract(BTC))
    assert (row["oi"], row["oiCcy"], row["oiUsd"]) == ("2.5", "0.025", "1502.625")
    assert public.open_interest(moved.exchange, {"instType": "SWAP", "instId": BTC}) == [row]
