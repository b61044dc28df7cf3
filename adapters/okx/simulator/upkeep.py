"""What time and the market do by themselves, step after step: resting orders fill, waiting ones are set off, funding is
charged, what has too little margin is liquidated, the dead-man switch cancels."""

from __future__ import annotations

from decimal import Decimal

from adapters.okx.simulator.account import Account
from adapters.okx.simulator.algos import AT_MARKET, Algo, Trigger
from adapters.okx.simulator.book import Piece
from adapters.okx.simulator.errors import Refusal, refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.fills import TAKER, apply_fill, charge, drop_closers
from adapters.okx.simulator.instruments import to_tick
from adapters.okx.simulator.ledger import COVERED, FUNDING, FUNDING_PAID, FUNDING_RECEIVED, LIQUIDATION, PENALTY
from adapters.okx.simulator.margin import isolated_ratio
from adapters.okx.simulator.orders import DEAD_MAN, RISK, TAKING, Order
from adapters.okx.simulator.positions import Position, history_row
from adapters.okx.simulator.requests import Wanted
from adapters.okx.simulator.trading import Origin, cancel_all, enter, rest
from adapters.okx.simulator.wire import rounded

ZERO = Decimal(0)
_TPSL_SOURCE, _TRIGGER_SOURCE, _TRAIL_SOURCE = "7", "6", "13"


def step(exchange: Exchange) -> None:
    """Bring the venue to the present; asking twice at one instant changes nothing more."""
    for contract in exchange.contracts.values():
        if exchange.moved(contract):
            book = exchange.book(contract)
            if exchange.state(contract) == "live":
                is_buy = book.ask == exchange.last(contract)
                exchange.printed(
                    contract, Piece(_print_size(exchange, contract.inst_id), exchange.last(contract)), is_buy
                )
            exchange.tell_market(contract)
    for account in list(exchange.accounts.values()):
        _dead_man(exchange, account)
        _resting(exchange, account)
        _waiting(exchange, account)
    fund(exchange)
    for account in list(exchange.accounts.values()):
        liquidate(exchange, account)


def fund(exchange: Exchange) -> None:
    """Charge every funding that has come due since the last one: notional at mark × rate, longs pay a positive rate.
    A bill, never a fill (§9)."""
    due = exchange.funding_time(exchange.funded_ms)
    while due <= exchange.now_ms:
        for account in exchange.accounts.values():
            for position in list(account.held()):
                mark = exchange.mark(position.contract)
                rate = exchange.funding_rate(position.contract, due)
                amount = rounded(-position.contract.notional(position.size, mark) * rate)
                subtype = FUNDING_RECEIVED if amount > 0 else FUNDING_PAID
                position.funding += amount
                charge(exchange, account, position, FUNDING, subtype, amount, mark)
                exchange.tell_position(account, position, "funding_fee")
                exchange.tell_money(account)
        exchange.funded_ms = due
        due = exchange.funding_time(due)


def liquidate(exchange: Exchange, account: Account) -> None:
    """Isolated positions one by one, cross ones together (§9): where margin and profit are no more than maintenance and
    closing take. Pending cross orders go first. Closed at the mark with the taker's fee; what is left of the isolated
    margin, or of the maintenance margin of a cross position, is the penalty; nobody owes more than there is."""
    for position in list(account.held()):
        if position.is_isolated:
            mark = exchange.mark(position.contract)
            if isolated_ratio(position, mark, exchange.rates) <= 1:
                _close_out(exchange, account, position, mark)
    if _is_short_of_margin(exchange, account):
        for order in account.open_orders():
            if order.td_mode == "cross":
                order.cancel(RISK, exchange.now_ms)
                exchange.tell_order(account, order)
        cross = [one for one in account.held() if not one.is_isolated]
        for position in cross:
            _close_out(exchange, account, position, exchange.mark(position.contract))
        if account.cash < 0:
            charge(exchange, account, cross[-1], LIQUIDATION, COVERED, -account.cash, ZERO)


def _is_short_of_margin(exchange: Exchange, account: Account) -> bool:
    ratio = exchange.money(account).ratio
    return ratio is not None and ratio <= 1


def _close_out(exchange: Exchange, account: Account, position: Position, mark: Decimal) -> None:
    """Liquidation orders appear in the streams though nobody sent them, and have no client id (trap 14)."""
    contract, is_buy = position.contract, position.size < 0
    margin, maintenance = position.margin, position.mmr(mark)
    order = Order(
        exchange.next_id(),
        "",
        contract,
        position.mgn_mode,
        "buy" if is_buy else "sell",
        position.pos_side,
        "market",
        abs(position.size),
        None,
        position.lever,
        exchange.now_ms,
        reduce_only=position.pos_side == "net",
        category="full_liquidation",
    )
    account.add(order)
    exchange.tell_order(account, order)
    apply_fill(exchange, account, order, Piece(order.size, to_tick(mark, contract.tick)), TAKER)
    left = margin + order.pnl + order.fee if position.is_isolated else min(maintenance, account.cash)
    subtype = PENALTY if left > 0 else COVERED
    if position.is_isolated or left > 0:
        charge(exchange, account, position, LIQUIDATION, subtype, -left, mark)
        position.penalty = -max(left, ZERO)
    account.closed.append(history_row(position, "3"))
    drop_closers(exchange, account, position)
    exchange.tell_money(account)


def _dead_man(exchange: Exchange, account: Account) -> None:
    for tag, due in list(account.dead_man_ms.items()):
        if due <= exchange.now_ms:
            del account.dead_man_ms[tag]
            cancel_all(exchange, account, tag, DEAD_MAN)


def _resting(exchange: Exchange, account: Account) -> None:
    for order in account.open_orders():
        if order.is_open and order.kind not in TAKING and exchange.state(order.contract) == "live":
            rest(exchange, account, order)


def _waiting(exchange: Exchange, account: Account) -> None:
    for algo in account.open_algos():
        if algo.is_open and exchange.state(algo.contract) == "live":
            trigger = algo.reached(exchange.last(algo.contract), exchange.mark(algo.contract))
            if trigger:
                set_off(exchange, account, algo, trigger)


def set_off(exchange: Exchange, account: Account, algo: Algo, trigger: Trigger) -> None:
    """A waiting order becomes an order; where the venue refuses that one, it failed with the code."""
    now = exchange.now_ms
    algo.triggered_ms = algo.updated_ms = now
    algo.state = "effective"
    source = {"trigger": _TRIGGER_SOURCE, "move_order_stop": _TRAIL_SOURCE}.get(algo.kind, _TPSL_SOURCE)
    try:
        order = enter(
            exchange,
            account,
            _wanted(account, algo, trigger),
            Origin(source, "normal", algo.algo_id, algo.cl_ord_id),
        )
        algo.orders = (order.ord_id,)
        algo.actual_size, algo.actual_price = order.filled, order.average
    except Refusal as refusal:
        algo.state, algo.fail_code = "order_failed", refusal.code
    exchange.tell_algo(account, algo)


def _wanted(account: Account, algo: Algo, trigger: Trigger) -> Wanted:
    is_market = trigger.order_price == AT_MARKET
    position = account.position(algo.contract.inst_id, algo.td_mode, algo.pos_side)
    size = algo.size
    if algo.is_closing:
        held = position.closing(algo.is_buy) if position else ZERO
        if not held:
            raise refuse("51169")
        size = held if size is None else min(size, held)
    assert size is not None
    return Wanted(
        algo.contract,
        algo.td_mode,
        algo.side,
        algo.pos_side,
        "market" if is_market else "limit",
        size,
        None if is_market else trigger.order_price,
        algo.reduce_only and account.is_net,
        "",
        algo.tag,
        "cancel_maker",
        (),
    )


def _print_size(exchange: Exchange, inst_id: str) -> Decimal:
    return max(exchange.market.traded(inst_id, exchange.market.clock.now_ns()), exchange.contracts[inst_id].lot)
