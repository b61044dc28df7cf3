"""Commands on waiting orders (the algo family): place, change, cancel. What sets them off is in `upkeep`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.okx.simulator.account import Account
from adapters.okx.simulator.algos import AT_MARKET, Algo, Trigger, misplaced
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.requests import WantedAlgo, read_algo, read_price, read_size
from adapters.okx.simulator.trading import contract_of
from adapters.okx.simulator.wire import field, number

Request = Mapping[str, Any]
ZERO = Decimal(0)


def place(exchange: Exchange, account: Account, request: Request) -> Algo:
    """A waiting order; one that would be set off at once, or has nothing to close, is refused."""
    if account.level == "1":
        raise refuse("51010")
    contract = contract_of(exchange, request)
    wanted = read_algo(request, contract, account.is_net)
    if wanted.cl_ord_id and any(one.cl_ord_id == wanted.cl_ord_id for one in account.open_algos()):
        raise refuse("51016")
    last = exchange.last(contract)
    if wanted.kind in {"conditional", "oco"}:
        target, stop = (one.price if one else None for one in (wanted.target, wanted.stop))
        if refusal := misplaced(wanted.side == "buy", target, stop, last):
            raise refusal
    _check_closing(account, wanted)
    algo = Algo(
        exchange.next_id(), wanted.cl_ord_id, contract, wanted.td_mode, wanted.side, wanted.pos_side, wanted.kind,
        wanted.size, account.lever_of(contract, wanted.td_mode, wanted.pos_side), exchange.now_ms, wanted.reduce_only,
        wanted.tag, wanted.target, wanted.stop, wanted.trigger,
        is_above=bool(wanted.trigger and wanted.trigger.price > last), trail=wanted.trail,
        goes_with_position=wanted.goes_with_position,
    )  # fmt: skip
    account.algos[algo.algo_id] = algo
    exchange.tell_algo(account, algo)
    return algo


def cancel(exchange: Exchange, account: Account, request: Request) -> Algo:
    """51400 where it does not wait any more."""
    algo = find(account, request)
    if algo is None or not algo.is_open:
        raise refuse("51400")
    algo.state, algo.updated_ms = "canceled", exchange.now_ms
    exchange.tell_algo(account, algo)
    return algo


def amend(exchange: Exchange, account: Account, request: Request) -> Algo:
    """Change the size or the prices of a waiting order; not to where it would be set off at once."""
    algo = find(account, request)
    if algo is None or not algo.is_open:
        raise refuse("51503")
    size = read_size(request, "newSz", algo.contract) if field(request, "newSz") else algo.size
    target, stop = _changed(request, "Tp", algo.target, algo), _changed(request, "Sl", algo.stop, algo)
    prices = [one.price if one else None for one in (target, stop)]
    if refusal := misplaced(algo.is_buy, prices[0], prices[1], exchange.last(algo.contract)):
        raise refusal
    algo.trigger = _changed(request, "", algo.trigger, algo)
    algo.size, algo.target, algo.stop = size, target, stop
    algo.updated_ms = exchange.now_ms
    exchange.tell_algo(account, algo)
    return algo


def find(account: Account, request: Request) -> Algo | None:
    """By `algoId`, which wins, else the latest of `algoClOrdId`."""
    algo_id, name = field(request, "algoId"), field(request, "algoClOrdId")
    if algo_id:
        return account.algos.get(algo_id)
    return next((one for one in reversed(account.algos.values()) if name and one.cl_ord_id == name), None)


def _changed(request: Request, side: str, before: Trigger | None, algo: Algo) -> Trigger | None:
    price = read_price(request, f"new{side}TriggerPx", algo.contract)
    order_price = number(request, f"new{side}OrdPx")
    if before is None and price is None:
        return None
    kind = field(request, f"new{side}TriggerPxType") or (before.kind if before else "last")
    price = price if price is not None else before.price if before else ZERO
    return Trigger(price, kind, order_price or (before.order_price if before else AT_MARKET))


def _check_closing(account: Account, wanted: WantedAlgo) -> None:
    is_closing = wanted.reduce_only or (wanted.side, wanted.pos_side) in {("sell", "long"), ("buy", "short")}
    if not is_closing:
        return
    position = account.position(wanted.contract.inst_id, wanted.td_mode, wanted.pos_side)
    if position is None or not position.closing(wanted.side == "buy"):
        raise refuse("51169")
