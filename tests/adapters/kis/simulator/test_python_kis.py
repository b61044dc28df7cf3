"""python-kis, somebody else's client of the venue, does its whole round trip unchanged but for the address.

Its release reads notices of the 23 fields that they had until March 2025 (trap 6: on 26 it breaks against the venue as
well), so the simulator is asked for those.
"""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.kis.simulator.simulator import simulator
from adapters.simulation.server import Served
from tests.waiting import until

pykis = pytest.importorskip("pykis")

# the library lets go of a ticket of its own (for shares abroad) without ending it
pytestmark = pytest.mark.filterwarnings("ignore:Event ticket:UserWarning")

ACCOUNT = "12345678-01"
KST = timezone(timedelta(hours=9))
_PATIENCE_S = 10.0


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Served]:
    """A simulator to which all of the library's addresses point; nothing else can be reached, and its home is here."""
    reach = socket.socket.connect

    def only_loopback(self: socket.socket, address: Any) -> None:
        assert address[0] == "127.0.0.1", f"the test reaches out to {address}"
        reach(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_loopback)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Served(simulator.app(7, {"notice_fields": "23"})) as server:
        for name in ("REAL_DOMAIN", "VIRTUAL_DOMAIN"):
            monkeypatch.setattr(f"pykis.kis.{name}", server.address)
        for name in ("WEBSOCKET_REAL_DOMAIN", "WEBSOCKET_VIRTUAL_DOMAIN"):
            monkeypatch.setattr(f"pykis.client.websocket.{name}", server.address.replace("http", "ws", 1))
        yield server
    gc.collect()  # what the library leaves behind ends here, and not in another test


def live(folder: Path) -> Any:
    """The library with a key of the live venue; tokens are kept in the folder."""
    return pykis.PyKis(id="tester", account=ACCOUNT, appkey="L" * 36, secretkey="s" * 180, keep_token=folder)


def mock(folder: Path) -> Any:
    """The library with keys of both: prices come from live, the account is mock's."""
    keys = {"id": "tester", "account": ACCOUNT, "secretkey": "s" * 180}
    real = pykis.KisAuth(**keys, appkey="L" * 36, virtual=False)
    return pykis.PyKis(real, pykis.KisAuth(**keys, appkey="V" * 36, virtual=True), keep_token=folder)


def disconnect(kis: Any, address: str) -> None:
    """Leave, and wait for the library's own threads. Its own way races with its reading thread for the closing frame,
    and waits ten seconds where it loses: so the server hangs up first."""
    clients = [each for each in (kis.websocket, kis.websocket._primary_client) if each is not None]
    threads = [client.thread for client in clients]
    for client in clients:
        client.thread = None  # what its `disconnect` does, lest it connects again
    httpx.post(f"{address}/_control/fault", json={"kind": "drop_streams"}, trust_env=False).raise_for_status()
    for thread in threads:
        if thread is not None:
            thread.join(_PATIENCE_S)
    kis.close()


def test_quotes_charts_and_the_account(served: Served, tmp_path: Path) -> None:
    kis = live(tmp_path / "tokens")
    stock = kis.stock("005930")
    quote, book = stock.quote(), stock.orderbook()
    assert (stock.name, stock.market) == ("삼성전자", "KRX")
    assert quote.low_limit < quote.low <= quote.price <= quote.high < quote.high_limit
    assert book.bid_price.price < book.ask_price.price
    assert len(book.asks) == len(book.bids) == 10
    assert quote.tick == book.ask_price.price - book.bid_price.price

    days = stock.chart("40d")
    assert days.bars[-1].time.date() == datetime.now(KST).date()
    assert all(bar.low <= bar.open <= bar.high and bar.low <= bar.close <= bar.high for bar in days.bars)
    assert len(stock.chart("400d", period="month").bars) >= 13
    minutes = stock.day_chart(start=timedelta(minutes=45)).bars
    assert minutes == sorted(minutes, key=lambda bar: bar.time)

    account = kis.account()
    balance = account.balance()
    assert (balance.withdrawable, balance.stocks) == (Decimal(10_000_000), [])
    assert stock.orderable_amount(price=book.ask_price.price).qty == 9_998_500 // book.ask_price.price
    assert stock.orderable_amount().qty == 9_998_500 // quote.high_limit
    assert {path.parent for path in tmp_path.rglob("token_*.json")} == {tmp_path / "tokens"}
    kis.close()


def test_orders_are_bought_changed_cancelled_and_sold(served: Served, tmp_path: Path) -> None:
    kis = live(tmp_path)
    account, stock = kis.account(), kis.stock("005930")
    heard: list[Any] = []
    prices: list[Any] = []
    books: list[Any] = []
    tickets = [
        account.on("execution", lambda _, event: heard.append(event.response)),
        stock.on("price", lambda _, event: prices.append(event.response)),
        stock.on("orderbook", lambda _, event: books.append(event.response)),
    ]
    try:
        until(
            lambda: len(kis.websocket._registered_subscriptions) == 4 and bool(prices) and bool(books), "nothing came"
        )
        bought = stock.buy(qty=10)
        until(lambda: sum(each.executed_qty for each in heard) == 10, "nothing came")
        assert {each.order_number for each in heard} == {bought}
        assert not bought.pending

        levels = stock.orderbook().bids
        waiting = stock.buy(price=levels[5].price, qty=2)
        assert waiting.pending_order.price == levels[5].price
        changed = waiting.modify(price=levels[6].price)
        assert changed != waiting
        assert [order.price for order in account.pending_orders()] == [levels[6].price]
        part = changed.modify(price=levels[5].price, qty=1)  # what moves; the rest stays as it is
        assert {
            (order.price, order.qty - order.executed_qty) for order in (changed.pending_order, part.pending_order)
        } == {(levels[6].price, 2), (levels[5].price, 1)}
        part.cancel()
        changed.cancel()
        assert len(account.pending_orders()) == 0

        with pytest.raises(pykis.KisAPIError, match="APBK0952"):
            stock.buy(price=levels[6].price, qty=9_999)
        offered = stock.sell(price=stock.orderbook().asks[9].price, qty=3)
        assert account.balance(country="KR").stock("005930").orderable == 7
        offered.cancel()
        sold = stock.sell(qty=4)
        until(lambda: sum(each.executed_qty for each in heard if each.order_number == sold) == 4, "nothing came")
        assert account.balance().stock("005930").qty == 6

        rows = {row.order_number: row for row in account.daily_orders(datetime.now(KST).date()).orders}
        assert (rows[bought].executed_qty, rows[sold].executed_qty, rows[sold].type) == (10, 4, "sell")
        assert (rows[changed].executed_qty, rows[changed].pending_qty) == (0, 0)
        assert (prices[-1].symbol, prices[-1].ask - prices[-1].bid) == ("005930", Decimal(100))
        assert books[-1].ask_price.price > books[-1].bid_price.price
    finally:
        for ticket in tickets:
            ticket.unsubscribe()
        disconnect(kis, served.address)


def test_mocks_account_trades_too(served: Served, tmp_path: Path) -> None:
    kis = mock(tmp_path)
    account, stock = kis.account(), kis.stock("005930")
    heard: list[Any] = []
    ticket = account.on("execution", lambda _, event: heard.append(event.response))
    try:
        until(lambda: kis.websocket._primary_client is not None, "nothing came")
        until(lambda: bool(kis.websocket._primary_client._registered_subscriptions), "nothing came")
        order = stock.buy(qty=3)
        until(lambda: sum(each.executed_qty for each in heard) == 3, "nothing came")
        assert {each.order_number for each in heard} == {order}
        assert account.balance(country="KR").stock("005930").qty == 3
    finally:
        ticket.unsubscribe()
        disconnect(kis, served.address)


def test_a_revoked_token_is_of_no_use(served: Served, tmp_path: Path) -> None:
    kis = live(tmp_path)
    token = kis.token
    assert kis.token is token
    kis.discard()
    assert kis.token.token != token.token
    kis.close()
    assert not [each for each in threading.enumerate() if each.name.startswith("pykis")]
