"""The endpoints of the v20 API (fact sheet §4), each a few lines over desk and views."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from starlette.routing import BaseRoute, Route

from adapters.oanda.simulator import candles, closing, configuration, history, prices, streams, views
from adapters.oanda.simulator.catalogue import CATALOGUE
from adapters.oanda.simulator.errors import BadRequest, NoSuch, Refusal, Rejected, message_of
from adapters.oanda.simulator.formats import read_time
from adapters.oanda.simulator.gate import Call, Gate, Handler
from adapters.oanda.simulator.records import OrderRecord, Trade
from adapters.oanda.simulator.requests import read_extensions
from adapters.simulation.clock import SECOND_NS

_ACCOUNT = "/v3/accounts/{account}"
_COUNT_USUAL, _COUNT_MOST = 50, 500
_ORDER_STATES = ("PENDING", "FILLED", "TRIGGERED", "CANCELLED", "ALL")
_TRADE_STATES = ("OPEN", "CLOSED", "CLOSE_WHEN_TRADEABLE", "ALL")
_Row = TypeVar("_Row", OrderRecord, Trade)


def routes(gate: Gate) -> list[BaseRoute]:
    """Every route; those with a tail stand before those that end in a specifier, which may hold any character."""
    found: list[BaseRoute] = [Route("/v3/accounts", gate.endpoint(_accounts), methods=["GET"])]
    found += [
        Route(f"{_ACCOUNT}/pricing/stream", gate.stream(_price_stream), methods=["GET"]),
        Route(f"{_ACCOUNT}/transactions/stream", gate.stream(_transaction_stream), methods=["GET"]),
    ]
    for path, methods in _TABLE.items():
        for method, handler in methods.items():
            found.append(Route(path, gate.endpoint(handler), methods=[method]))
    return found


# --- accounts and instruments ----------------------------------------------------------------------------------------


def _accounts(call: Call) -> Mapping[str, Any]:
    return {"accounts": [{"id": desk.account.id, "tags": []} for desk in call.venue.desks_of(call.token)]}


def _account(call: Call) -> Mapping[str, Any]:
    return _with_last(call, account=views.whole(call.account))


def _summary(call: Call) -> Mapping[str, Any]:
    return _with_last(call, account=views.summary(call.account))


def _instruments(call: Call) -> Mapping[str, Any]:
    names = prices.named(call.query["instruments"]) if call.query.get("instruments") else list(CATALOGUE)
    return _with_last(call, instruments=[CATALOGUE[name].row(call.account.margin_rate) for name in names])


def _configure(call: Call) -> Mapping[str, Any]:
    return call.write(lambda: configuration.configure(call.account, call.body))


def _changes(call: Call) -> Mapping[str, Any]:
    return _with_last(call, **views.changes(call.account, call.query.get("sinceTransactionID", "")))


# --- prices ----------------------------------------------------------------------------------------------------------


def _pricing(call: Call) -> Mapping[str, Any]:
    names = prices.named(call.query.get("instruments"))
    rows = [prices.client_price(call.account, name) for name in names]
    if call.query.get("since"):
        since = read_time(call.query["since"], "since")
        rows = [row for row in rows if row["time"] > since]
    found: dict[str, Any] = {"time": call.account.now(), "prices": rows}
    if call.query.get("includeHomeConversions", "").lower() == "true":
        found["homeConversions"] = prices.home_conversions(call.account, names)
    return found


def _candles(call: Call) -> Mapping[str, Any]:
    return candles.candles(call.venue.market, call.request.path_params["instrument"], call.query)


def _no_book(call: Call) -> Mapping[str, Any]:
    raise Refusal(404, "The requested book does not exist")


def _price_stream(call: Call) -> Any:
    names = prices.named(call.query.get("instruments"))
    has_snapshot = call.query.get("snapshot", "true").lower() != "false"
    return streams.price_lines(call.venue.market, names, call.time_format, has_snapshot=has_snapshot)


# --- orders ----------------------------------------------------------------------------------------------------------


def _create_order(call: Call) -> Mapping[str, Any]:
    reject = _injected(call)
    return _created(call, call.write(lambda: call.desk.create(call.body.get("order"), reject=reject)))


def _replace_order(call: Call) -> Mapping[str, Any]:
    reject = _injected(call)
    return _created(call, call.write(lambda: call.desk.replace(call.spec, call.body.get("order"), reject=reject)))


def _injected(call: Call) -> str:
    """The reason of a refusal that was asked for at the controls, "" where there is none."""
    fault = call.venue.faults.take("reject", call.request.url.path, call.request.method)
    return "" if fault is None else fault.code or "INSTRUMENT_PRICE_UNKNOWN"


def _created(call: Call, found: dict[str, Any]) -> Mapping[str, Any]:
    call.status = 201
    number = found["orderCreateTransaction"]["id"]
    call.headers["Location"] = f"{call.request.base_url}v3/accounts/{call.account.id}/orders/{number}"
    return found


def _cancel_order(call: Call) -> Mapping[str, Any]:
    return call.write(lambda: call.desk.cancel(call.spec))


def _extend_order(call: Call) -> Mapping[str, Any]:
    try:
        found = [
            None if call.body.get(name) is None else read_extensions(call.body[name], prefix, name)
            for name, prefix in (("clientExtensions", "CLIENT_ORDER"), ("tradeClientExtensions", "CLIENT_TRADE"))
        ]
    except Rejected as refusal:
        raise Refusal(400, message_of(refusal.reason), refusal.reason) from None
    return call.write(lambda: call.desk.extend_order(call.spec, *found))


def _orders(call: Call) -> Mapping[str, Any]:
    state = _choice(call, "state", _ORDER_STATES)
    rows = _listed(call, call.account.orders, lambda order: state in (order.state, "ALL"))
    return _with_last(call, orders=[row.payload() for row in rows])


def _pending_orders(call: Call) -> Mapping[str, Any]:
    return _with_last(call, orders=[order.payload() for order in reversed(call.account.pending)])


def _order(call: Call) -> Mapping[str, Any]:
    order = call.account.order(call.spec)
    if call.account.now() - order.created < call.venue.options.read_lag * SECOND_NS:
        raise NoSuch("order")
    return _with_last(call, order=order.payload())


# --- trades and positions --------------------------------------------------------------------------------------------


def _trades(call: Call) -> Mapping[str, Any]:
    state = _choice(call, "state", _TRADE_STATES)
    rows = _listed(
        call, call.account.trades, lambda trade: state == "ALL" or state == ("OPEN" if trade.is_open else "CLOSED")
    )
    return _with_last(call, trades=[views.trade_detail(call.account, row) for row in rows])


def _open_trades(call: Call) -> Mapping[str, Any]:
    rows = reversed(list(call.account.open_trades()))
    return _with_last(call, trades=[views.trade_detail(call.account, row) for row in rows])


def _trade(call: Call) -> Mapping[str, Any]:
    return _with_last(call, trade=views.trade_detail(call.account, call.account.trade(call.spec)))


def _close_trade(call: Call) -> Mapping[str, Any]:
    return call.write(lambda: closing.close_trade(call.desk, call.spec, call.body))


def _set_trade_orders(call: Call) -> Mapping[str, Any]:
    return call.write(lambda: closing.set_trade_orders(call.desk, call.spec, call.body))


def _extend_trade(call: Call) -> Mapping[str, Any]:
    return call.write(lambda: closing.extend_trade(call.desk, call.spec, call.body))


def _positions(call: Call) -> Mapping[str, Any]:
    return _with_last(call, positions=views.positions(call.account, only_open=False))


def _open_positions(call: Call) -> Mapping[str, Any]:
    return _with_last(call, positions=views.positions(call.account, only_open=True))


def _position(call: Call) -> Mapping[str, Any]:
    return _with_last(call, position=views.position(call.account, _instrument(call)))


def _close_position(call: Call) -> Mapping[str, Any]:
    instrument = _instrument(call)
    return call.write(lambda: closing.close_position(call.desk, instrument, call.body))


# --- transactions ----------------------------------------------------------------------------------------------------


def _transactions(call: Call) -> Mapping[str, Any]:
    return history.pages(call.account, call.query)


def _transaction(call: Call) -> Mapping[str, Any]:
    return _with_last(call, transaction=call.account.log.one(call.spec))


def _transactions_between(call: Call) -> Mapping[str, Any]:
    query = call.query
    rows = call.account.log.between(query.get("from", ""), query.get("to", ""), query.get("type", ""))
    return _with_last(call, transactions=rows)


def _transactions_since(call: Call) -> Mapping[str, Any]:
    rows = call.account.log.since(call.query.get("id", ""), call.query.get("type", ""))
    return _with_last(call, transactions=rows)


def _transaction_stream(call: Call) -> Any:
    return streams.transaction_lines(call.account, call.time_format)


# --- shared ----------------------------------------------------------------------------------------------------------


def _with_last(call: Call, **found: Any) -> Mapping[str, Any]:
    return {**found, "lastTransactionID": call.account.log.last_id}


def _instrument(call: Call) -> str:
    name = str(call.request.path_params["instrument"])
    if name not in CATALOGUE:
        raise BadRequest("instrument")
    return name


def _choice(call: Call, name: str, words: Sequence[str]) -> str:
    found = call.query.get(name, words[0])
    if found not in words:
        raise BadRequest(name)
    return found


def _listed(call: Call, rows: Mapping[str, _Row], is_wanted: Callable[[_Row], bool]) -> Iterable[_Row]:
    """Newest first, as `ids`, `instrument`, `beforeID` and `count` of the query say."""
    query = call.query
    count = query.get("count", str(_COUNT_USUAL))
    if not count.isdigit() or not 0 < int(count) <= _COUNT_MOST:
        raise BadRequest("count")
    before = query.get("beforeID", "")
    if before and not before.isdigit():
        raise BadRequest("beforeID")
    if query.get("ids"):
        wanted = set(query["ids"].split(","))
        return [row for row in reversed(list(rows.values())) if row.id in wanted]
    found = [
        row
        for row in reversed(list(rows.values()))
        if is_wanted(row)
        and (not query.get("instrument") or row.instrument == query["instrument"])
        and (not before or int(row.id) < int(before))
    ]
    return found[: int(count)]


_TABLE: dict[str, dict[str, Handler]] = {
    "/v3/instruments/{instrument}/candles": {"GET": _candles},
    "/v3/instruments/{instrument}/orderBook": {"GET": _no_book},
    "/v3/instruments/{instrument}/positionBook": {"GET": _no_book},
    _ACCOUNT: {"GET": _account},
    f"{_ACCOUNT}/summary": {"GET": _summary},
    f"{_ACCOUNT}/instruments": {"GET": _instruments},
    f"{_ACCOUNT}/instruments/{{instrument}}/candles": {"GET": _candles},
    f"{_ACCOUNT}/configuration": {"PATCH": _configure},
    f"{_ACCOUNT}/changes": {"GET": _changes},
    f"{_ACCOUNT}/pricing": {"GET": _pricing},
    f"{_ACCOUNT}/orders": {"GET": _orders, "POST": _create_order},
    f"{_ACCOUNT}/pendingOrders": {"GET": _pending_orders},
    f"{_ACCOUNT}/orders/{{spec:path}}/cancel": {"PUT": _cancel_order},
    f"{_ACCOUNT}/orders/{{spec:path}}/clientExtensions": {"PUT": _extend_order},
    f"{_ACCOUNT}/orders/{{spec:path}}": {"GET": _order, "PUT": _replace_order},
    f"{_ACCOUNT}/trades": {"GET": _trades},
    f"{_ACCOUNT}/openTrades": {"GET": _open_trades},
    f"{_ACCOUNT}/trades/{{spec:path}}/close": {"PUT": _close_trade},
    f"{_ACCOUNT}/trades/{{spec:path}}/orders": {"PUT": _set_trade_orders},
    f"{_ACCOUNT}/trades/{{spec:path}}/clientExtensions": {"PUT": _extend_trade},
    f"{_ACCOUNT}/trades/{{spec:path}}": {"GET": _trade},
    f"{_ACCOUNT}/positions": {"GET": _positions},
    f"{_ACCOUNT}/openPositions": {"GET": _open_positions},
    f"{_ACCOUNT}/positions/{{instrument}}/close": {"PUT": _close_position},
    f"{_ACCOUNT}/positions/{{instrument}}": {"GET": _position},
    f"{_ACCOUNT}/transactions": {"GET": _transactions},
    f"{_ACCOUNT}/transactions/idrange": {"GET": _transactions_between},
    f"{_ACCOUNT}/transactions/sinceid": {"GET": _transactions_since},
    f"{_ACCOUNT}/transactions/{{spec}}": {"GET": _transaction},
}
