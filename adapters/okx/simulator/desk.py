"""Orders as REST and streams ask for them: each request's rows, with what became of every order in them.

Commands take one order each, and stand behind both doors; a batch is many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from adapters.okx.simulator import trading, waiting
from adapters.okx.simulator.account import Account
from adapters.okx.simulator.accounts import between
from adapters.okx.simulator.algos import KINDS as ALGO_KINDS
from adapters.okx.simulator.algos import Algo
from adapters.okx.simulator.errors import Refusal, refuse
from adapters.okx.simulator.exchange import HOUR_MS, Exchange
from adapters.okx.simulator.ledger import page
from adapters.okx.simulator.orders import Order, sent_row
from adapters.okx.simulator.wire import Row, field, outcome, required

Params = Mapping[str, Any]
_T = TypeVar("_T")
Write = Callable[[Exchange, Account, Params], Row]
BATCH_MOST = 20
_DAY_MS = 24 * HOUR_MS
_UNFILLED_KEPT_MS = 2 * HOUR_MS


def place(exchange: Exchange, account: Account, request: Params) -> Row:
    """The row of a new order: `sCode` 0 is accepted, not filled (§6.1)."""
    order, refusal = _tried(trading.place, exchange, account, request)
    row = sent_row(order, _said(request, "clOrdId"), _said(request, "tag"), exchange.now_ms)
    return row | outcome(refusal)


def cancel(exchange: Exchange, account: Account, request: Params) -> Row:
    order, refusal = _tried(trading.cancel, exchange, account, request)
    return _named(order, request) | {"ts": str(exchange.now_ms)} | outcome(refusal)


def amend(exchange: Exchange, account: Account, request: Params) -> Row:
    order, refusal = _tried(trading.amend, exchange, account, request)
    row = _named(order, request) | {"ts": str(exchange.now_ms), "reqId": _said(request, "reqId")}
    return row | outcome(refusal)


def place_algo(exchange: Exchange, account: Account, request: Params) -> Row:
    algo, refusal = _tried(waiting.place, exchange, account, request)
    row = {
        "algoClOrdId": _said(request, "algoClOrdId"), "algoId": algo.algo_id if algo else "", "clOrdId": "",
        "tag": _said(request, "tag"),
    }  # fmt: skip
    return row | outcome(refusal)


def cancel_algo(exchange: Exchange, account: Account, request: Params) -> Row:
    algo, refusal = _tried(waiting.cancel, exchange, account, request)
    return _algo_named(algo, request) | {"clOrdId": "", "tag": algo.tag if algo else ""} | outcome(refusal)


def amend_algo(exchange: Exchange, account: Account, request: Params) -> Row:
    algo, refusal = _tried(waiting.amend, exchange, account, request)
    return _algo_named(algo, request) | {"reqId": _said(request, "reqId")} | outcome(refusal)


def refused(write: Write, request: Params, refusal: Refusal, now_ms: int) -> Row:
    """The row of an order that was not even looked at."""
    if write in (place_algo, cancel_algo, amend_algo):
        return _algo_named(None, request) | {"clOrdId": "", "tag": _said(request, "tag")} | outcome(refusal)
    row = {"clOrdId": _said(request, "clOrdId"), "ordId": _said(request, "ordId"), "ts": str(now_ms)}
    if write is place:
        row |= {"ordId": "", "tag": _said(request, "tag")}
    elif write is amend:
        row |= {"reqId": _said(request, "reqId")}
    return row | outcome(refusal)


def verdict(rows: Sequence[Row]) -> tuple[str, str]:
    """`code` and `msg` over rows: 0 all done, 1 none, 2 some (§3)."""
    good = [row["sCode"] == "0" for row in rows]
    if all(good):
        return "0", ""
    return ("2", "Bulk operation partially succeeded") if any(good) else ("1", "All operations failed")


def close_position(exchange: Exchange, account: Account, request: Params) -> list[Row]:
    contract, pos_side, cl_ord_id = trading.close_position(exchange, account, request)
    return [{"instId": contract.inst_id, "posSide": pos_side, "clOrdId": cl_ord_id, "tag": _said(request, "tag")}]


def order(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """One order; of several that had the client id the latest (§6). 51603 where there is none."""
    inst_id = required(params, "instId")
    ord_id, cl_ord_id = field(params, "ordId"), field(params, "clOrdId")
    if not ord_id and not cl_ord_id:
        raise refuse("50014", name="ordId")
    found = account.find(ord_id, cl_ord_id)
    if found is None or found.contract.inst_id != inst_id:
        raise refuse("51603")
    return [found.row()]


def orders_pending(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    return page(_filtered([order.row() for order in account.open_orders()], params), params, "ordId")


def orders_history(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Done in the last seven days; cancelled without a fill only in the last two hours."""
    return _done(exchange, account, params, 7 * _DAY_MS, _UNFILLED_KEPT_MS)


def orders_archive(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Done in the last three months."""
    return _done(exchange, account, params, 90 * _DAY_MS, _UNFILLED_KEPT_MS)


def fills(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Of the last three days."""
    return _fills(exchange, account, params, 3 * _DAY_MS)


def fills_history(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """Of the last three months; wants the type."""
    required(params, "instType")
    return _fills(exchange, account, params, 90 * _DAY_MS)


def algo(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    found = waiting.find(account, params)
    if found is None:
        raise refuse("51603")
    return [found.row()]


def algos_pending(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    return _algos(account, params, is_open=True)


def algos_history(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    """By state, or one algoId."""
    state = field(params, "state")
    if not state and not field(params, "algoId"):
        raise refuse("50014", name="state")
    return [row for row in _algos(account, params, is_open=False) if state in {"", row["state"]}]


def rate_limit(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    return [
        {
            "accRateLimit": "1000", "fillRatio": "", "mainFillRatio": "", "nextAccRateLimit": "1000",
            "ts": str(exchange.now_ms),
        }
    ]  # fmt: skip


def _tried(
    command: Callable[[Exchange, Account, Params], _T], exchange: Exchange, account: Account, request: Params
) -> tuple[_T | None, Refusal | None]:
    try:
        return command(exchange, account, request), None
    except Refusal as refusal:
        return None, refusal


def _said(request: Params, name: str) -> str:
    """A client's own word, given back as it came; "" for what is none."""
    value = request.get(name)
    return value if isinstance(value, str) else ""


def _named(order: Order | None, request: Params) -> Row:
    if order is not None:
        return {"clOrdId": order.cl_ord_id, "ordId": order.ord_id}
    return {"clOrdId": _said(request, "clOrdId"), "ordId": _said(request, "ordId")}


def _algo_named(algo: Algo | None, request: Params) -> Row:
    if algo is not None:
        return {"algoClOrdId": algo.cl_ord_id, "algoId": algo.algo_id}
    return {"algoClOrdId": _said(request, "algoClOrdId"), "algoId": _said(request, "algoId")}


def _filtered(rows: list[Row], params: Params) -> list[Row]:
    for name in ("instType", "instId", "ordType", "state", "ordId", "subType"):
        wanted = field(params, name)
        if wanted and rows and name in rows[0]:
            rows = [row for row in rows if row[name] in wanted.split(",")]
    return rows


def _done(exchange: Exchange, account: Account, params: Params, kept_ms: int, unfilled_ms: int) -> list[Row]:
    required(params, "instType")
    now = exchange.now_ms
    rows = [
        order.row()
        for order in account.orders.values()
        if not order.is_open and now - order.updated_ms <= (kept_ms if order.filled else unfilled_ms)
    ]
    return page(between(_filtered(rows, params), params, "uTime"), params, "ordId")


def _fills(exchange: Exchange, account: Account, params: Params, kept_ms: int) -> list[Row]:
    until = exchange.now_ms - round(exchange.settings.fills_lag_s * 1000)
    rows = [fill.row() for fill in account.fills if exchange.now_ms - kept_ms <= fill.time_ms <= until]
    return page(between(_filtered(rows, params), params, "ts"), params, "billId")


def _algos(account: Account, params: Params, *, is_open: bool) -> list[Row]:
    kinds = required(params, "ordType").split(",")
    if any(kind not in ALGO_KINDS for kind in kinds):
        return []
    rows = [
        one.row()
        for one in account.algos.values()
        if one.is_open == is_open
        and one.kind in kinds
        and field(params, "instId") in {"", one.contract.inst_id}
        and field(params, "algoId") in {"", one.algo_id}
        and field(params, "algoClOrdId") in {"", one.cl_ord_id}
    ]
    return page(rows, params, "algoId")
