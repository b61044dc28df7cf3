"""Another people's client, unchanged but for its addresses: ccxt's REST and ccxt.pro's streams do their whole round."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import ccxt  # type: ignore[import-untyped]  # ships no types
import ccxt.pro  # type: ignore[import-untyped]  # likewise
import pytest

from adapters.okx.simulator import simulator
from adapters.simulation.server import Served

BTC = "BTC/USDT:USDT"
KEYS = {"apiKey": "any-key-1", "secret": "any secret", "password": "any passphrase"}


@pytest.fixture
def address() -> Iterator[str]:
    with Served(simulator.app(3, {"limits": "off"})) as served:
        yield served.address


def pointed(exchange: Any, address: str) -> Any:
    """At this address alone; no proxy and no other host can come in."""
    exchange.urls["api"] = {"rest": address, "ws": address.replace("http", "ws", 1) + "/ws/v5"}
    exchange.options["defaultType"] = "swap"
    exchange.requests_trust_env = exchange.aiohttp_trust_env = False
    return exchange


@pytest.fixture
def client(address: str) -> Iterator[Any]:
    exchange = pointed(ccxt.okx({**KEYS, "enableRateLimit": False}), address)
    yield exchange
    exchange.session.close()


def test_rest_reads_the_market(client: Any) -> None:
    markets = client.load_markets()
    assert markets[BTC]["contractSize"] == 0.01
    assert (markets[BTC]["linear"], markets[BTC]["active"]) == (True, True)
    ticker, book = client.fetch_ticker(BTC), client.fetch_order_book(BTC, 5)
    assert 0 < ticker["bid"] < ticker["ask"]
    assert len(book["bids"]) == len(book["asks"]) == 5
    bars = client.fetch_ohlcv(BTC, "1h", limit=10)
    assert len(bars) == 10
    assert [bar[0] for bar in bars] == sorted(bar[0] for bar in bars)
    assert all(low <= min(begin, end) <= max(begin, end) <= high for _, begin, high, low, end, _ in bars)
    since = client.milliseconds() - 10 * 60_000
    assert len(client.fetch_ohlcv(BTC, "1m", since, 5)) == 5
    assert client.fetch_funding_rate(BTC)["nextFundingTimestamp"] is not None
    assert client.fetch_tickers()
    assert client.fetch_trades(BTC, limit=5)
    assert client.fetch_mark_price(BTC)["markPrice"] > 0
    assert client.fetch_market_leverage_tiers(BTC)[0]["maxLeverage"] == 100


def test_rest_does_the_whole_round_of_orders(client: Any) -> None:
    client.load_markets()
    assert client.fetch_balance()["USDT"]["free"] == 10_000
    assert client.fetch_position_mode(BTC)["hedged"] is False
    client.set_leverage(20, BTC, {"mgnMode": "cross"})
    assert client.fetch_leverage(BTC, {"marginMode": "cross"})["longLeverage"] == 20

    bought = client.create_order(BTC, "market", "buy", 3)
    done = client.fetch_order(bought["id"], BTC)
    assert (done["status"], done["filled"]) == ("closed", 3)
    assert done["fee"]["cost"] > 0
    trades = client.fetch_my_trades(BTC)
    assert [(trade["order"], trade["amount"], trade["side"]) for trade in trades] == [(bought["id"], 3, "buy")]
    held = client.fetch_positions([BTC])[0]
    assert (held["side"], held["contracts"], held["leverage"]) == ("long", 3, 20)

    below = round(done["average"] * 0.99, 1)
    resting = client.create_order(BTC, "limit", "buy", 2, below, {"clientOrderId": "re1"})
    assert [order["clientOrderId"] for order in client.fetch_open_orders(BTC)] == ["re1"]
    client.edit_order(resting["id"], BTC, "limit", "buy", 4, below)
    assert client.fetch_order(resting["id"], BTC)["amount"] == 4
    client.edit_order(resting["id"], BTC, "limit", "buy", 1, below - 10)
    (changed,) = client.fetch_open_orders(BTC)
    assert (changed["id"], changed["amount"], changed["price"]) == (resting["id"], 1, below - 10)
    with pytest.raises(ccxt.OrderNotFound):
        client.edit_order("1", BTC, "limit", "buy", 1, below)
    client.cancel_order(resting["id"], BTC)
    assert client.fetch_open_orders(BTC) == []
    assert client.fetch_canceled_orders(BTC)[0]["id"] == resting["id"]

    stop = client.create_order(BTC, "market", "sell", 3, None, {"stopLossPrice": below, "reduceOnly": True})
    assert [order["id"] for order in client.fetch_open_orders(BTC, params={"ordType": "conditional"})] == [stop["id"]]
    lower = {"stopLossPrice": below - 10, "newSlOrdPx": "-1"}
    client.edit_order(stop["id"], BTC, "conditional", "sell", 2, None, lower)
    (changed,) = client.fetch_open_orders(BTC, params={"ordType": "conditional"})
    assert (changed["id"], changed["amount"], changed["stopLossPrice"]) == (stop["id"], 2, below - 10)
    client.cancel_order(stop["id"], BTC, {"stop": True})

    client.close_position(BTC, params={"marginMode": "cross"})
    assert client.fetch_positions([BTC]) == []
    assert {entry["type"] for entry in client.fetch_ledger("USDT")} == {"trade"}


def test_rest_hears_refusals_as_its_own_errors(client: Any) -> None:
    client.load_markets()
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(BTC, "market", "buy", 1000)
    with pytest.raises(ccxt.OrderNotFound):
        client.fetch_order("1", BTC)
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("1", BTC)


def test_hedged_mode_has_two_sides(client: Any) -> None:
    client.load_markets()
    client.set_position_mode(True)
    client.create_order(BTC, "market", "buy", 2, None, {"hedged": True})
    client.create_order(BTC, "market", "sell", 1, None, {"hedged": True})
    assert {(one["side"], one["contracts"]) for one in client.fetch_positions([BTC])} == {("long", 2), ("short", 1)}
    client.create_order(BTC, "market", "sell", 2, None, {"hedged": True, "reduceOnly": True})
    assert {(one["side"], one["contracts"]) for one in client.fetch_positions([BTC])} == {("short", 1)}


def test_streams_do_the_whole_round(address: str) -> None:
    async def play() -> None:
        async with asyncio.timeout(120):  # a fresh client reads every instrument first, beside whatever else runs
            await _streamed(address)

    asyncio.run(play())


async def _streamed(address: str) -> None:
    client = pointed(ccxt.pro.okx({**KEYS, "enableRateLimit": False}), address)
    try:
        await client.load_markets()
        assert (await client.watch_ticker(BTC))["bid"] > 0
        for _ in range(3):
            book = await client.watch_order_book(BTC)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert (await client.watch_trades(BTC))[-1]["price"] > 0
        assert (await client.watch_ohlcv(BTC, "1m"))[-1][4] > 0
        assert (await client.watch_mark_price(BTC))["markPrice"] > 0
        assert (await client.watch_balance())["USDT"]["free"] == 10_000
        # the positions' own picture first (none), then the one that the fill makes
        assert await client.watch_positions([BTC]) == []
        changed = asyncio.ensure_future(client.watch_positions([BTC]))
        told = asyncio.ensure_future(client.watch_orders(BTC))
        await asyncio.sleep(0.2)  # both channels are asked for before the first order

        below = round(book["bids"][0][0] * 0.99, 1)
        placed = await client.create_order_ws(BTC, "limit", "buy", 2, below)
        assert [(order["id"], order["status"]) for order in await told] == [(placed["id"], "open")]
        await client.edit_order_ws(placed["id"], BTC, "limit", "buy", 4, below)
        await _until(lambda: _heard(client, placed)["amount"] == 4)
        await client.cancel_order_ws(placed["id"], BTC)
        await _until(lambda: _heard(client, placed)["status"] == "canceled")

        bought = await client.create_order_ws(BTC, "market", "buy", 2)
        await _until(lambda: _heard(client, bought).get("status") == "closed")
        assert _heard(client, bought)["filled"] == 2
        assert [(one["side"], one["contracts"]) for one in await changed] == [("long", 2)]
        await _until(lambda: client.balance["USDT"]["used"] > 0)
        assert (await client.fetch_my_trades(BTC))[-1]["order"] == bought["id"]
    finally:
        await client.close()


def _heard(client: Any, order: Any) -> Any:
    """The order as the stream told of it last. (`watch_orders` gives what comes after it was called: what came between
    two calls is in the client's own list alone.)"""
    return next((each for each in client.orders if each["id"] == order["id"]), {})


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.01)
