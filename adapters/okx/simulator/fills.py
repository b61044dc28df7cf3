"""What a fill does to an account: position, money, records, and what is told of it, in the venue's order."""

from __future__ import annotations

from decimal import Decimal

from adapters.okx.simulator.account import Account
from adapters.okx.simulator.book import Piece
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.ledger import LIQUIDATION, TRADE, Bill, Fill, is_liquidation, trade_subtype
from adapters.okx.simulator.orders import REDUCE_ONLY_GONE, LastFill, Order
from adapters.okx.simulator.positions import Position, history_row
from adapters.okx.simulator.wire import rounded

TAKER, MAKER = "T", "M"


def apply_fill(exchange: Exchange, account: Account, order: Order, piece: Piece, exec_type: str) -> None:
    """Count one piece of an order. Units: contracts, USDT. A fee is negative (trap 15)."""
    contract, now = order.contract, exchange.now_ms
    trade_id = exchange.printed(contract, piece, order.is_buy if exec_type == TAKER else not order.is_buy)
    position = position_for(exchange, account, order)
    rate = exchange.rates.taker if exec_type == TAKER else exchange.rates.maker
    fee = rounded(-contract.notional(piece.size, piece.price) * rate)
    pnl = position.fill(order.is_buy, piece.size, piece.price)
    position.fee += fee
    position.trade_id, position.updated_ms = trade_id, now
    account.cash += pnl + fee
    fill = Fill(order, exchange.next_id(), trade_id, piece.size, piece.price, fee, -rate, pnl, exec_type, now)
    account.fills.append(fill)
    kind = LIQUIDATION if is_liquidation(order) else TRADE
    account.bills.append(_bill(account, fill, kind))
    order.fill(LastFill(piece.size, piece.price, now, trade_id, fee, pnl, exec_type))
    exchange.tell_order(account, order, is_fill=True)
    exchange.tell_fill(account, fill, position)
    exchange.tell_position(account, position, "filled")
    exchange.tell_money(account)
    if kind == TRADE:
        if not position.size:
            account.closed.append(history_row(position, "2"))
        drop_closers(exchange, account, position)


def position_for(exchange: Exchange, account: Account, order: Order) -> Position:
    """The position that an order's fills go to; a fresh one where there is none, with the number it had before."""
    key = (order.contract.inst_id, order.td_mode, order.pos_side)
    found = account.positions.get(key)
    if found is None or not found.size:
        pos_id = found.pos_id if found else exchange.next_id()
        found = Position(pos_id, order.contract, order.td_mode, order.pos_side, order.lever, exchange.now_ms)
        account.positions[key] = found
    return found


def drop_closers(exchange: Exchange, account: Account, position: Position) -> None:
    """What only could reduce a position that is gone, or that turned over, is cancelled; of waiting orders those that
    were asked to go with it."""
    now = exchange.now_ms
    for order in account.open_orders():
        key = (order.contract.inst_id, order.td_mode, order.pos_side)
        if order.is_closing and key == position.key and not position.closing(order.is_buy):
            order.cancel(REDUCE_ONLY_GONE, now)
            exchange.tell_order(account, order)
    for algo in account.open_algos():
        key = (algo.contract.inst_id, algo.td_mode, algo.pos_side)
        if algo.goes_with_position and key == position.key and not position.closing(algo.is_buy):
            algo.state, algo.updated_ms = "canceled", now
            exchange.tell_algo(account, algo)


def _bill(account: Account, fill: Fill, kind: str) -> Bill:
    order = fill.order
    return Bill(
        fill.bill_id,
        kind,
        trade_subtype(order),
        fill.pnl + fill.fee,
        account.cash,
        fill.time_ms,
        pnl=fill.pnl,
        fee=fill.fee,
        size=fill.size,
        price=fill.price,
        inst_id=order.contract.inst_id,
        mgn_mode=order.td_mode,
        fill=fill,
    )


def charge(
    exchange: Exchange, account: Account, position: Position, kind: str, subtype: str, amount: Decimal, price: Decimal
) -> None:
    """Money that a position costs or brings without a trade (funding, a penalty): a bill, never a fill (§9)."""
    amount = rounded(amount)
    account.cash += amount
    account.bills.append(
        Bill(
            exchange.next_id(),
            kind,
            subtype,
            amount,
            account.cash,
            exchange.now_ms,
            pnl=amount,
            size=abs(position.size),
            price=price,
            inst_id=position.contract.inst_id,
            mgn_mode=position.mgn_mode,
        )
    )
    position.updated_ms = exchange.now_ms
