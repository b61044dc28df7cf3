"""Whether an order may be taken in: market, size, price, name, what it would close, money and tier for what it opens.

Every "no" is a `Refusal` with the venue's code (§8).
"""

from __future__ import annotations

from decimal import Decimal

from adapters.okx.simulator import algos
from adapters.okx.simulator.account import Account
from adapters.okx.simulator.errors import Refusal, refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.margin import available_to_close, left_by_those_ahead, opening_margin, opening_part
from adapters.okx.simulator.orders import Order

_MOST_OPEN = 500
ZERO = Decimal(0)


def admit(exchange: Exchange, account: Account, order: Order) -> None:
    """Everything that is checked of a new order."""
    _check_market(exchange, order)
    _check_account(exchange, account, order)


def recheck(exchange: Exchange, account: Account, order: Order) -> Refusal | None:
    """What stands against an order as it was changed."""
    try:
        _check_price(exchange, order)
        _check_margin(exchange, account, order)
    except Refusal as refusal:
        return refusal
    return None


def _check_market(exchange: Exchange, order: Order) -> None:
    contract, size = order.contract, order.size
    if exchange.state(contract) != "live":
        raise refuse("51022")
    if order.price is None and size > contract.max_market_size:
        raise refuse("51202")
    if size > contract.max_limit_size:
        raise refuse("51005")
    _check_price(exchange, order)
    for one in order.protections:
        reference = order.price if order.price is not None else exchange.last(contract)
        if refusal := algos.misattached(order.is_buy, one, reference):
            raise refusal


def _check_price(exchange: Exchange, order: Order) -> None:
    if order.price is None:
        return
    highest, lowest = exchange.price_limits(order.contract)
    if order.price > highest if order.is_buy else order.price < lowest:
        raise refuse("51006", buy=str(highest), sell=str(lowest))


def _check_account(exchange: Exchange, account: Account, order: Order) -> None:
    pending = account.open_orders()
    if order.cl_ord_id and any(one.cl_ord_id == order.cl_ord_id for one in pending):
        raise refuse("51016")
    if len(pending) >= _MOST_OPEN:
        raise refuse("51174")
    if order.is_closing:
        _check_closing(exchange, account, order)
    _check_margin(exchange, account, order)


def _check_closing(exchange: Exchange, account: Account, order: Order) -> None:
    """Closing needs something to close, and is refused whole where it is above the position: less what pending orders
    hold of it in long/short mode, less what goes before it for reduce-only (unless a setting has it cut)."""
    position = account.position(order.contract.inst_id, order.td_mode, order.pos_side)
    if position is None or not position.closing(order.is_buy):
        raise refuse("51169")
    if order.reduce_only and exchange.settings.cuts_excess:
        return
    held = left_by_those_ahead(account, position, order) if order.reduce_only else available_to_close(account, position)
    if order.size > held:
        raise refuse("51112")


def _check_margin(exchange: Exchange, account: Account, order: Order) -> None:
    """Money and tier for what would open."""
    opening = opening_part(account, order)
    if not opening:
        return
    contract = order.contract
    position = account.position(contract.inst_id, order.td_mode, order.pos_side)
    turns = position is not None and bool(position.closing(order.is_buy))
    held = ZERO if position is None or turns else abs(position.size)
    earlier = sum(
        (
            one.left
            for one in account.open_orders()
            if one is not order
            and not one.is_closing
            and one.is_buy == order.is_buy
            and (one.contract, one.td_mode, one.pos_side) == (contract, order.td_mode, order.pos_side)
        ),
        ZERO,
    )
    most = max(tier.max_size for tier in contract.tiers() if tier.max_lever >= order.lever)
    if held + earlier + opening > most:
        raise refuse("51004", most=str(most))
    price = order.price if order.price is not None else exchange.mark(contract)
    fee = contract.notional(opening, price) * exchange.rates.taker
    money = exchange.money(account)
    free = money.equity - money.frozen
    if turns and position is not None:
        free += position.margin if position.is_isolated else position.imr(exchange.mark(contract))
    if order in account.open_orders():
        free += opening_margin(contract, opening, order.price or price, order.lever)
    if opening_margin(contract, opening, price, order.lever) + fee > free:
        raise refuse("51008")
