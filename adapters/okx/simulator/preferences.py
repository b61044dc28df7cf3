"""What an account can set: leverage, position mode, the margin of an isolated position, the dead-man switch; and its
waiting orders."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.okx.simulator.account import LONG_SHORT, NET, Account
from adapters.okx.simulator.algos import AT_MARKET, Algo, Trigger, misplaced
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.ledger import MARGIN, MARGIN_ADDED, MARGIN_REDUCED, Bill
from adapters.okx.simulator.requests import WantedAlgo, read_algo, read_price, read_size
from adapters.okx.simulator.trading import contract_of
from adapters.okx.simulator.wire import Row, choice, field, needed, number, text

Request = Mapping[str, Any]
ZERO = Decimal(0)


def set_leverage(exchange: Exchange, account: Account, request: Request) -> Row:
    """Leverage ahead of orders (trap 13): 59102 over the most, 59107 where the money is too little for it."""
    contract = contract_of(exchange, request)
    mgn_mode = choice(request, "mgnMode", ("cross", "isolated"))
    is_sided = mgn_mode == "isolated" and not account.is_net
    pos_side = choice(request, "posSide", ("long", "short")) if is_sided else ""
    lever = needed(request, "lever")
    if lever < 1:
        raise refuse("51000", name="lever")
    if lever > contract.max_lever:
        raise refuse("59102")
    before = account.lever_of(contract, mgn_mode, pos_side)
    account.set_lever(contract, mgn_mode, pos_side, lever)
    money = exchange.money(account)
    if lever < before and money.frozen > money.equity:
        account.set_lever(contract, mgn_mode, pos_side, before)
        raise refuse("59107")
    for order in account.open_orders():
        if (order.contract, order.td_mode) == (contract, mgn_mode) and pos_side in {"", order.pos_side}:
            order.lever = lever
    return {"instId": contract.inst_id, "lever": text(lever), "mgnMode": mgn_mode, "posSide": pos_side}


def leverage_rows(exchange: Exchange, account: Account, request: Request) -> list[Row]:
    """One row, or one for each side: isolated in long/short mode."""
    rows = []
    for name in field(request, "instId").split(","):
        contract = exchange.contract(name)
        for mgn_mode in field(request, "mgnMode").split(","):
            if mgn_mode not in {"cross", "isolated"}:
                raise refuse("51000", name="mgnMode")
            sides = ("net",) if account.is_net else ("long", "short")
            rows += [
                {
                    "ccy": "",
                    "instId": name,
                    "lever": text(account.lever_of(contract, mgn_mode, side)),
                    "mgnMode": mgn_mode,
                    "posSide": side,
                }
                for side in sides
            ]
    return rows


def set_position_mode(account: Account, request: Request) -> Row:
    """59000 while positions or orders exist."""
    mode = choice(request, "posMode", (NET, LONG_SHORT))
    if mode != account.mode and account.is_busy():
        raise refuse("59000")
    account.mode = mode
    return {"posMode": mode}


def move_margin(exchange: Exchange, account: Account, request: Request) -> Row:
    """Put money to an isolated position or take from it."""
    contract = contract_of(exchange, request)
    side = field(request, "posSide") or "net"
    kind = choice(request, "type", ("add", "reduce"))
    amount = needed(request, "amt")
    position = account.position(contract.inst_id, "isolated", side)
    if position is None:
        raise refuse("59300")
    spare = position.margin - contract.notional(abs(position.size), position.average) / position.lever
    if amount <= 0 or amount > (exchange.money(account).available if kind == "add" else max(spare, ZERO)):
        raise refuse("59301")
    change = amount if kind == "add" else -amount
    position.margin += change
    account.bills.append(
        Bill(
            exchange.next_id(),
            MARGIN,
            MARGIN_ADDED if kind == "add" else MARGIN_REDUCED,
            ZERO,
            account.cash,
            exchange.now_ms,
            size=amount,
            inst_id=contract.inst_id,
            mgn_mode="isolated",
        )
    )
    exchange.tell_position(account, position, "transferred")
    exchange.tell_money(account)
    return {
        "amt": text(amount), "ccy": contract.settle, "instId": contract.inst_id, "leverage": text(position.lever),
        "posSide": side, "type": kind,
    }  # fmt: skip


def arm_dead_man(exchange: Exchange, account: Account, request: Request) -> Row:
    """Cancel everything (of a tag) unless told again within the time: 0 disarms, else 10 to 120 s."""
    timeout = needed(request, "timeOut")
    tag = field(request, "tag")
    if timeout != 0 and not 10 <= timeout <= 120:
        raise refuse("51000", name="timeOut")
    due = exchange.now_ms + int(timeout * 1000)
    account.dead_man_ms.pop(tag, None)
    if timeout:
        account.dead_man_ms[tag] = due
    return {"triggerTime": str(due) if timeout else "0", "tag": tag, "ts": str(exchange.now_ms)}


def place_algo(exchange: Exchange, account: Account, request: Request) -> Algo:
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
        exchange.next_id(),
        wanted.cl_ord_id,
        contract,
        wanted.td_mode,
        wanted.side,
        wanted.pos_side,
        wanted.kind,
        wanted.size,
        account.lever_of(contract, wanted.td_mode, wanted.pos_side),
        exchange.now_ms,
        reduce_only=wanted.reduce_only,
        tag=wanted.tag,
        target=wanted.target,
        stop=wanted.stop,
        trigger=wanted.trigger,
        is_above=bool(wanted.trigger and wanted.trigger.price > last),
        trail=wanted.trail,
    )
    account.algos[algo.algo_id] = algo
    exchange.tell_algo(account, algo)
    return algo


def cancel_algo(exchange: Exchange, account: Account, request: Request) -> Algo:
    """51400 where it does not wait any more."""
    algo = find_algo(account, request)
    if algo is None or not algo.is_open:
        raise refuse("51400")
    algo.state, algo.updated_ms = "canceled", exchange.now_ms
    exchange.tell_algo(account, algo)
    return algo


def amend_algo(exchange: Exchange, account: Account, request: Request) -> Algo:
    """Change the size or the prices of a waiting order."""
    algo = find_algo(account, request)
    if algo is None or not algo.is_open:
        raise refuse("51503")
    if field(request, "newSz"):
        algo.size = read_size(request, "newSz", algo.contract)
    algo.target = _changed(request, "Tp", algo.target, algo)
    algo.stop = _changed(request, "Sl", algo.stop, algo)
    algo.trigger = _changed(request, "", algo.trigger, algo)
    algo.updated_ms = exchange.now_ms
    exchange.tell_algo(account, algo)
    return algo


def find_algo(account: Account, request: Request) -> Algo | None:
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
