"""The `v20` package, another's client, runs its whole round trip against the served simulator, unchanged but for the
address (issue 4, item 4)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.oanda.simulator import simulator
from adapters.simulation.server import Served
from ruleengine.ports.simulator import Simulator

v20 = pytest.importorskip("v20")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    port: Simulator = simulator
    with Served(port.app(1, {"balance": "1000000"})) as running:
        yield running


@pytest.fixture
def api(served: Served, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client with a key of its own, so that each test has accounts of its own."""
    key = f"key-{abs(hash(request.node.name))}"
    context = v20.Context(served.host, served.port, ssl=False, token=key, stream_timeout=5)
    context.set_convert_decimal_number_to_native(False)
    yield context
    context._session.close()


@pytest.fixture
def account(api: Any) -> str:
    return str(api.account.list().get("accounts", 200)[0].id)


def test_accounts_of_both_kinds(api: Any, account: str) -> None:
    ids = [row.id for row in api.account.list().get("accounts", 200)]
    kinds = [api.account.summary(each).get("account", 200).hedgingEnabled for each in ids]
    assert kinds == [False, True]
    whole = api.account.get(account).get("account", 200)
    assert (whole.balance, whole.currency, whole.NAV) == ("1000000.0000", "JPY", "1000000.0000")
    assert (whole.orders, whole.trades, whole.positions) == ([], [], [])


def test_instruments_and_candles(api: Any, account: str) -> None:
    rows = {row.name: row for row in api.account.instruments(account).get("instruments", 200)}
    assert (rows["USD_JPY"].displayPrecision, rows["USD_JPY"].pipLocation, rows["USD_JPY"].marginRate) == (
        3,
        -2,
        "0.04",
    )
    assert rows["EUR_USD"].displayPrecision == 5
    found = api.instrument.candles("USD_JPY", granularity="M5", count=12, price="MBA")
    candles = found.get("candles", 200)
    assert len(candles) == 12
    assert [row.complete for row in candles] == [True] * 11 + [False]
    for row in candles:
        assert float(row.bid.l) <= float(row.mid.c) <= float(row.ask.h)


def test_prices_and_their_stream(api: Any, account: str) -> None:
    price = api.pricing.get(account, instruments="USD_JPY,EUR_USD").get("prices", 200)[0]
    assert price.tradeable
    assert float(price.bids[0].price) < float(price.asks[0].price)
    stream = api.pricing.stream(account, instruments="USD_JPY,EUR_USD", snapshot=True)
    assert stream.status == 200
    heard = []
    for kind, row in stream.parts():
        heard.append((kind, row.instrument))
        if len(heard) == 4:
            break
    assert {name for _, name in heard[:2]} == {"USD_JPY", "EUR_USD"}
    assert {kind for kind, _ in heard} == {"pricing.ClientPrice"}


def test_orders_trades_and_positions(api: Any, account: str) -> None:
    opened = api.order.market(
        account,
        instrument="USD_JPY",
        units="10000",
        clientExtensions={"id": "entry-1"},
        tradeClientExtensions={"id": "trade-1"},
        stopLossOnFill={"price": "100.000"},
        takeProfitOnFill={"price": "200.000"},
    )
    assert opened.status == 201
    fill = opened.get("orderFillTransaction", 201)
    assert (fill.units, fill.clientOrderID, fill.reason) == ("10000", "entry-1", "MARKET_ORDER")
    trade = fill.tradeOpened.tradeID
    held = api.trade.get(account, trade).get("trade", 200)
    assert (held.stopLossOrder.price, held.takeProfitOrder.price) == ("100.000", "200.000")
    assert api.trade.get(account, "@trade-1").get("trade", 200).id == trade

    changed = api.trade.set_dependent_orders(account, trade, stopLoss={"price": "101.000"})
    assert changed.get("stopLossOrderTransaction", 200).price == "101.000"

    limit = api.order.limit(account, instrument="USD_JPY", units="1000", price="100.000")
    first = limit.get("orderCreateTransaction", 201).id
    replaced = api.order.limit_replace(account, first, instrument="USD_JPY", units="2000", price="101.000")
    second = replaced.get("orderCreateTransaction", 201).id
    assert replaced.get("orderCancelTransaction", 201).replacedByOrderID == second != first
    stop = api.order.stop(account, instrument="USD_JPY", units="-1000", price="99.000")
    third = stop.get("orderCreateTransaction", 201).id
    pending = {row.id for row in api.order.list_pending(account).get("orders", 200)}
    assert {second, third} <= pending
    assert first not in pending
    for number in (second, third):
        assert api.order.cancel(account, number).get("orderCancelTransaction", 200).reason == "CLIENT_REQUEST"
    assert api.order.cancel(account, second).status == 404
    assert api.order.get(account, second).get("order", 200).state == "CANCELLED"

    part = api.trade.close(account, trade, units="4000").get("orderFillTransaction", 200)
    assert (part.units, part.tradeReduced.tradeID) == ("-4000", trade)
    position = api.position.get(account, "USD_JPY").get("position", 200)
    assert (position.long.units, position.short.units) == ("6000", "0")
    rest = api.position.close(account, "USD_JPY", longUnits="ALL", shortUnits="NONE")
    assert rest.get("longOrderFillTransaction", 200).tradesClosed[0].tradeID == trade
    assert api.position.list_open(account).get("positions", 200) == []
    assert api.trade.list_open(account).get("trades", 200) == []
    assert api.order.list_pending(account).get("orders", 200) == []


def test_a_resting_order_is_changed(api: Any, account: str) -> None:
    """Less of it, at another price, under the client's own name; refused for a price with too many digits; and no more
    once it has another number."""
    asked = {"instrument": "USD_JPY", "units": "1000", "price": "100.000", "clientExtensions": {"id": "rests"}}
    first = api.order.limit(account, **asked).get("orderCreateTransaction", 201).id
    asked |= {"units": "400", "price": "100.500"}
    replaced = api.order.limit_replace(account, first, **asked)
    second = replaced.get("orderCreateTransaction", 201)
    assert (second.reason, second.replacesOrderID, second.units) == ("REPLACEMENT", first, "400")
    held = api.order.get(account, "@rests").get("order", 200)
    assert (held.id, held.units, held.price, held.replacesOrderID) == (second.id, "400", "100.500", first)
    old = api.order.get(account, first).get("order", 200)
    assert (old.state, old.replacedByOrderID) == ("CANCELLED", second.id)
    refused = api.order.limit_replace(account, second.id, **{**asked, "price": "100.0001"})
    row = refused.get("orderRejectTransaction", 400)
    assert (row.rejectReason, row.intendedReplacesOrderID) == ("PRICE_PRECISION_EXCEEDED", second.id)
    gone = api.order.limit_replace(account, first, **asked)
    assert gone.get("orderCancelRejectTransaction", 404).rejectReason == "ORDER_DOESNT_EXIST"
    assert [row.id for row in api.order.list_pending(account).get("orders", 200)] == [second.id]


def test_refusals_are_told_with_their_reason(api: Any, account: str) -> None:
    refused = api.order.limit(account, instrument="USD_JPY", units="1000", price="100.0001")
    assert refused.status == 400
    assert refused.get("orderRejectTransaction", 400).rejectReason == "PRICE_PRECISION_EXCEEDED"
    assert refused.get("errorCode", 400) == "PRICE_PRECISION_EXCEEDED"
    unknown = api.order.market(account, instrument="ABC_DEF", units="1")
    assert (unknown.status, unknown.get("errorMessage", 400)) == (400, "Invalid value specified for 'instrument'")


def test_transactions_since_and_their_stream(api: Any, account: str, served: Served) -> None:
    before = api.account.summary(account).get("lastTransactionID", 200)
    listener = v20.Context(served.host, served.port, ssl=False, token=api.token, stream_timeout=5)
    stream = listener.transaction.stream(account)
    parts = stream.parts()
    kind, first = next(parts)
    assert (kind, first.lastTransactionID) == ("transaction.TransactionHeartbeat", before)
    thread = threading.Thread(target=lambda: api.order.market(account, instrument="USD_JPY", units="1000"))
    thread.start()
    heard = [next(parts)[1], next(parts)[1]]
    thread.join(5)
    listener._session.close()
    rows = api.transaction.since(account, id=before).get("transactions", 200)
    assert [row.type for row in rows] == ["MARKET_ORDER", "ORDER_FILL"]
    assert [(row.id, row.type) for row in heard] == [(row.id, row.type) for row in rows]
    changes = api.account.changes(account, sinceTransactionID=before).get("changes", 200)
    assert [row.id for row in changes.tradesOpened] == [rows[1].id]
    assert [row.id for row in changes.ordersFilled] == [rows[0].id]
    ranged = api.transaction.range(account, fromID=rows[0].id, toID=rows[1].id)
    assert [row.id for row in ranged.get("transactions", 200)] == [row.id for row in rows]
    assert api.transaction.list(account).get("count", 200) == int(rows[1].id)


def test_every_kind_of_order_as_the_client_is_delivered(served: Served) -> None:
    """With the client's own settings (figures as floats) and with UNIX times; a hedging account."""
    context = v20.Context(served.host, served.port, ssl=False, token="key-every-kind", datetime_format="UNIX")
    account = context.account.list().get("accounts", 200)[1].id
    assert context.account.configure(account, alias="Mine", marginRate="0.05").status == 200
    assert context.account.summary(account).get("account", 200).alias == "Mine"

    long = context.order.market(account, instrument="EUR_USD", units=2000).get("orderFillTransaction", 201)
    short = context.order.market(account, instrument="EUR_USD", units=-1000).get("orderFillTransaction", 201)
    assert float(long.time) > 1.7e9
    trade = long.tradeOpened.tradeID
    target = context.order.take_profit(account, tradeID=trade, price="2.00000")
    stop = context.order.stop_loss(account, tradeID=trade, price="0.50000")
    trailing = context.order.trailing_stop_loss(account, tradeID=trade, distance="0.10000")
    numbers = [each.get("orderCreateTransaction", 201).id for each in (target, stop, trailing)]
    held = context.trade.get(account, trade).get("trade", 200)
    assert [held.takeProfitOrder.id, held.stopLossOrder.id, held.trailingStopLossOrder.id] == numbers
    replaced = context.order.stop_loss_replace(account, numbers[1], tradeID=trade, price="0.60000")
    assert replaced.get("orderCreateTransaction", 201).replacesOrderID == numbers[1]

    touched = context.order.market_if_touched(account, instrument="EUR_USD", units=5, price="0.50000")
    number = touched.get("orderCreateTransaction", 201).id
    named = context.order.set_client_extensions(account, number, clientExtensions={"id": "named", "tag": "t"})
    assert named.get("orderClientExtensionsModifyTransaction", 200).orderID == number
    assert context.order.get(account, "@named").get("order", 200).id == number
    changed = context.trade.set_client_extensions(account, trade, clientExtensions={"comment": "first"})
    assert changed.get("tradeClientExtensionsModifyTransaction", 200).tradeID == trade
    orders = context.order.list(account, state="ALL", count=100).get("orders", 200)
    assert {order.type for order in orders} >= {"MARKET", "TAKE_PROFIT", "STOP_LOSS", "TRAILING_STOP_LOSS"}

    positions = context.position.list(account).get("positions", 200)
    assert [(row.long.units, row.short.units) for row in positions] == [(2000.0, -1000.0)]
    assert len(context.trade.list(account).get("trades", 200)) == 2
    both = context.position.close(account, "EUR_USD", longUnits="ALL", shortUnits="ALL")
    assert both.get("longOrderFillTransaction", 200).units == -2000.0
    assert both.get("shortOrderFillTransaction", 200).tradesClosed[0].tradeID == short.tradeOpened.tradeID
    one = context.transaction.get(account, both.get("lastTransactionID", 200)).get("transaction", 200)
    assert (one.type, one.orderID) == ("ORDER_FILL", both.get("shortOrderCreateTransaction", 200).id)
    closed = context.trade.list(account, state="CLOSED").get("trades", 200)
    assert [row.state for row in closed] == ["CLOSED", "CLOSED"]
    context._session.close()
