"""What an account can set: leverage, position mode, the margin of an isolated position, the dead-man switch."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.okx.simulator.account import LONG_SHORT, NET, Account
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.ledger import MARGIN, MARGIN_ADDED, MARGIN_REDUCED, Bill
from adapters.okx.simulator.trading import contract_of
from adapters.okx.simulator.wire import Row, choice, field, needed, text

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
