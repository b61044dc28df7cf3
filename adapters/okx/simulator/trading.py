"""Commands on orders: place, amend, cancel, close a position. Each takes a request or refuses it with the venue's code.

What a placed order does at once is here too; what becomes of it later, when the market comes to it, is in `upkeep`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.okx.simulator import algos
from adapters.okx.simulator.account import Account
from adapters.okx.simulator.admission import admit, recheck
from adapters.okx.simulator.book import Piece
from adapters.okx.simulator.errors import Refusal, refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.fills import MAKER, TAKER, apply_fill
from adapters.okx.simulator.instruments import Contract
from adapters.okx.simulator.orders import (
    BY_USER,
    FOK_UNFILLED,
    IOC_REST,
    POSITION_CLOSED,
    TAKING,
    WOULD_TAKE,
    Order,
)
from adapters.okx.simulator.requests import (
    Wanted,
    read_client_id,
    read_order,
    read_pos_side,
    read_price,
    read_size,
)
from adapters.okx.simulator.wire import boolean, choice, field, number

Request = Mapping[str, Any]
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an order comes from when no client sent it."""

    source: str = ""
    category: str = "normal"
    algo_id: str = ""
    algo_cl_ord_id: str = ""


def contract_of(exchange: Exchange, request: Request) -> Contract:
    """By `instIdCode`, the newer rule of streams, or by `instId`."""
    code = number(request, "instIdCode")
    if code is not None and code in exchange.codes:
        return exchange.codes[int(code)]
    inst_id = field(request, "instId")
    if not inst_id and code is None:
        raise refuse("50014", name="instId")
    return exchange.contract(inst_id)


def traded_in(exchange: Exchange, request: Any) -> str:
    """The instrument that a request names, however it does; "" for one that there is not."""
    try:
        return contract_of(exchange, request).inst_id
    except (Refusal, AttributeError):
        return ""


def place(exchange: Exchange, account: Account, request: Request) -> Order:
    """A new order, as far as it goes at once."""
    if account.level == "1":
        raise refuse("51010")
    contract = contract_of(exchange, request)
    return enter(exchange, account, read_order(request, contract, account.is_net), Origin())


def enter(exchange: Exchange, account: Account, wanted: Wanted, origin: Origin) -> Order:
    """Check what was asked for against account and market, take it in, and match it."""
    contract = wanted.contract
    order = Order(
        exchange.next_id(),
        wanted.cl_ord_id,
        contract,
        wanted.td_mode,
        wanted.side,
        wanted.pos_side,
        wanted.kind,
        wanted.size,
        wanted.price,
        account.lever_of(contract, wanted.td_mode, wanted.pos_side),
        exchange.now_ms,
        reduce_only=wanted.reduce_only,
        tag=wanted.tag,
        stp_mode=wanted.stp_mode,
        category=origin.category,
        source=origin.source,
        algo_id=origin.algo_id,
        algo_cl_ord_id=origin.algo_cl_ord_id,
        protections=wanted.protections,
    )
    admit(exchange, account, order)
    account.add(order)
    exchange.tell_order(account, order)
    match(exchange, account, order)
    return order


def match(exchange: Exchange, account: Account, order: Order) -> None:
    """Let an order take what the book has for it; what never rests and found too little is cancelled."""
    book = exchange.book(order.contract)
    worst = order.price
    if worst is None:
        highest, lowest = exchange.price_limits(order.contract)
        worst = highest if order.is_buy else lowest
    available = book.available(order.is_buy, worst)
    if order.kind == "post_only" and available:
        _end(exchange, account, order, WOULD_TAKE)
    elif order.kind == "fok" and available < order.left:
        _end(exchange, account, order, FOK_UNFILLED)
    elif order.kind == "optimal_limit_ioc" and (best := book.best(order.is_buy)):
        _take(exchange, account, order, best.price)
    else:
        _take(exchange, account, order, worst)
    if order.is_open and order.kind in TAKING:
        _end(exchange, account, order, IOC_REST)
    protect(exchange, account, order)


def rest(exchange: Exchange, account: Account, order: Order) -> None:
    """Fill a resting order at its own price, as a maker, as far as the market came to it."""
    assert order.price is not None
    book = exchange.book(order.contract)
    pieces = book.take(order.is_buy, _fillable(account, order), order.price)
    size = sum((piece.size for piece in pieces), ZERO)
    if size:
        apply_fill(exchange, account, order, Piece(size, order.price), MAKER)
        exchange.tell_market(order.contract)
        protect(exchange, account, order)


def protect(exchange: Exchange, account: Account, order: Order) -> None:
    """Once an order is done, what was attached to it waits for what was filled."""
    if order.is_open or not order.filled:
        return
    for one in order.protections:
        algo = algos.from_protection(order, one, exchange.next_id(), exchange.now_ms)
        account.algos[algo.algo_id] = algo
        exchange.tell_algo(account, algo)


def amend(exchange: Exchange, account: Account, request: Request) -> Order:
    """Change size or price; `newSz` counts what is filled (trap 17). The answer is acceptance only: whether it could be
    done is told by a push with `amendResult`."""
    order = _pending(account, request, "51503")
    size = read_size(request, "newSz", order.contract) if field(request, "newSz") else None
    price = read_price(request, "newPx", order.contract)
    if size is None and price is None:
        raise refuse("51527")
    told = {"reqId": field(request, "reqId"), "amendSource": "1"}
    before = (order.size, order.price)
    order.size = size if size is not None else order.size
    order.price = price if price is not None and order.price is not None else order.price
    refusal = recheck(exchange, account, order)
    if refusal:
        order.size, order.price = before
        order.amend = told | {"amendResult": "-1", "code": refusal.code, "msg": refusal.message}
        if boolean(request, "cxlOnFail"):
            order.cancel(BY_USER, exchange.now_ms)
        exchange.tell_order(account, order)
        protect(exchange, account, order)
        return order
    order.updated_ms = exchange.now_ms
    order.amend = told | {"amendResult": "0"}
    if order.size <= order.filled:
        order.size, order.state = order.filled, "filled"
    exchange.tell_order(account, order)
    if order.is_open:
        match(exchange, account, order)
    else:
        protect(exchange, account, order)
    exchange.tell_money(account)
    return order


def cancel(exchange: Exchange, account: Account, request: Request) -> Order:
    """51400 where nothing of it is pending: gone, filled, or never there."""
    order = _pending(account, request, "51400")
    _end(exchange, account, order, BY_USER)
    protect(exchange, account, order)
    exchange.tell_money(account)
    return order


def close_position(exchange: Exchange, account: Account, request: Request) -> tuple[Contract, str, str]:
    """Close all of a position at the market; (contract, posSide, clOrdId): the order's number is not told (trap 16)."""
    contract = contract_of(exchange, request)
    mgn_mode = choice(request, "mgnMode", ("cross", "isolated"))
    pos_side = read_pos_side(request, account.is_net)
    cl_ord_id = read_client_id(request, "clOrdId")
    position = account.position(contract.inst_id, mgn_mode, pos_side)
    if position is None:
        raise refuse("51023")
    closers = [
        one
        for one in account.open_orders()
        if one.is_closing and (one.contract.inst_id, one.td_mode, one.pos_side) == position.key
    ]
    if closers and not boolean(request, "autoCxl"):
        raise refuse("51115")
    for one in closers:
        _end(exchange, account, one, POSITION_CLOSED)
    side = "sell" if position.size > 0 else "buy"
    is_net = pos_side == "net"
    size = abs(position.size)
    tag = field(request, "tag")
    wanted = Wanted(
        contract, mgn_mode, side, pos_side, "market", size, None, is_net, cl_ord_id, tag, "cancel_maker", ()
    )
    enter(exchange, account, wanted, Origin())
    return contract, pos_side, cl_ord_id


def cancel_all(exchange: Exchange, account: Account, tag: str, source: str) -> None:
    """Every pending order, or those of a tag."""
    for order in account.open_orders():
        if tag in {"", order.tag}:
            _end(exchange, account, order, source)
            protect(exchange, account, order)


def _take(exchange: Exchange, account: Account, order: Order, worst: Decimal) -> None:
    pieces = exchange.book(order.contract).take(order.is_buy, _fillable(account, order), worst)
    for piece in pieces:
        apply_fill(exchange, account, order, piece, TAKER)
    if pieces:
        exchange.tell_market(order.contract)


def _fillable(account: Account, order: Order) -> Decimal:
    """What is left of it; of a closing order, never more than the position."""
    if not order.is_closing:
        return order.left
    position = account.position(order.contract.inst_id, order.td_mode, order.pos_side)
    return min(order.left, position.closing(order.is_buy) if position else ZERO)


def _end(exchange: Exchange, account: Account, order: Order, source: str) -> None:
    order.cancel(source, exchange.now_ms)
    exchange.tell_order(account, order)


def _pending(account: Account, request: Request, code: str) -> Order:
    ord_id, cl_ord_id = field(request, "ordId"), field(request, "clOrdId")
    if not ord_id and not cl_ord_id:
        raise refuse("50014", name="ordId")
    order = account.find(ord_id, cl_ord_id)
    if order is None or not order.is_open:
        raise refuse(code)
    return order
