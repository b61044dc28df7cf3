"""What an account's positions and orders tie up, what is left, and where they are liquidated.

Cross positions of an account stand together on its equity; an isolated one on its own margin. Source: fact sheet §5,
§9; the venue's rules for futures mode (one settlement currency).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from adapters.okx.simulator.account import Account
from adapters.okx.simulator.instruments import Contract
from adapters.okx.simulator.orders import Order
from adapters.okx.simulator.positions import Position

ZERO = Decimal(0)
Marks = Callable[[Contract], Decimal]


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of the notional. Positive here; the wire writes them negative, as costs (trap 15)."""

    taker: Decimal = Decimal("0.0005")
    maker: Decimal = Decimal("0.0002")


@dataclass(frozen=True, slots=True)
class Money:
    """An account's figures at one instant. Units: USDT; `ratio` None where no cross position stands."""

    cash: Decimal
    cross_upl: Decimal
    isolated_upl: Decimal
    isolated_margin: Decimal
    cross_imr: Decimal
    mmr: Decimal
    ordered: Decimal
    notional: Decimal
    ratio: Decimal | None

    @property
    def upl(self) -> Decimal:
        return self.cross_upl + self.isolated_upl

    @property
    def equity(self) -> Decimal:
        return self.cash + self.upl

    @property
    def isolated_equity(self) -> Decimal:
        return self.isolated_margin + self.isolated_upl

    @property
    def frozen(self) -> Decimal:
        """Tied up by cross positions, isolated ones and orders."""
        return self.cross_imr + self.isolated_equity + self.ordered

    @property
    def available(self) -> Decimal:
        """Equity that new orders may use."""
        return max(self.equity - self.frozen, ZERO)

    @property
    def available_balance(self) -> Decimal:
        """The same without profits that are not realised."""
        return max(self.equity - self.frozen - max(self.cross_upl, ZERO), ZERO)


def money(account: Account, marks: Marks, rates: Rates) -> Money:
    """The figures of an account at these marks."""
    held = [(position, marks(position.contract)) for position in account.held()]
    cross = [(p, mark) for p, mark in held if not p.is_isolated]
    isolated = [(p, mark) for p, mark in held if p.is_isolated]
    cross_upl = sum((p.upl(mark) for p, mark in cross), ZERO)
    isolated_margin = sum((p.margin for p, _ in isolated), ZERO)
    needed = sum((p.mmr(mark) + _closing_fee(p, mark, rates) for p, mark in cross), ZERO)
    return Money(
        cash=account.cash,
        cross_upl=cross_upl,
        isolated_upl=sum((p.upl(mark) for p, mark in isolated), ZERO),
        isolated_margin=isolated_margin,
        cross_imr=sum((p.imr(mark) for p, mark in cross), ZERO),
        mmr=sum((p.mmr(mark) for p, mark in cross), ZERO),
        ordered=orders_margin(account, marks),
        notional=sum((p.contract.notional(abs(p.size), mark) for p, mark in held), ZERO),
        ratio=(account.cash - isolated_margin + cross_upl) / needed if needed else None,
    )


def orders_margin(account: Account, marks: Marks) -> Decimal:
    """Margin of what pending orders would open: each order first closes what is left to close on its side."""
    closable: dict[tuple[tuple[str, str, str], bool], Decimal] = {}
    total = ZERO
    for order in account.open_orders():
        if order.is_closing:
            continue
        key = (order.contract.inst_id, order.td_mode, order.pos_side)
        position = account.position(*key)
        left = closable.setdefault((key, order.is_buy), position.closing(order.is_buy) if position else ZERO)
        closes = min(left, order.left)
        closable[key, order.is_buy] = left - closes
        price = order.price if order.price is not None else marks(order.contract)
        total += opening_margin(order.contract, order.left - closes, price, order.lever)
    return total


def opening_margin(contract: Contract, size: Decimal, price: Decimal, lever: Decimal) -> Decimal:
    """Initial margin of an order's opening part. Units: contracts, USDT.

    >>> from adapters.okx.simulator.instruments import BTC
    >>> opening_margin(BTC, Decimal(3), Decimal(65_000), Decimal(10))
    Decimal('195.00')
    """
    return contract.notional(size, price) / lever


def opening_part(account: Account, order: Order) -> Decimal:
    """Contracts of an order that would open: what is beyond its position, and beyond earlier orders that close it."""
    if order.is_closing:
        return ZERO
    key = (order.contract.inst_id, order.td_mode, order.pos_side)
    position = account.position(*key)
    closable = position.closing(order.is_buy) if position else ZERO
    earlier = sum(
        (
            one.left
            for one in account.open_orders()
            if one is not order and one.is_buy == order.is_buy and _key(one) == key
        ),
        ZERO,
    )
    return max(order.left - max(closable - earlier, ZERO), ZERO)


def available_to_close(account: Account, position: Position) -> Decimal:
    """Contracts of a position that no pending closing order holds."""
    return max(abs(position.size) - sum((one.left for one in _closers(account, position)), ZERO), ZERO)


def left_by_those_ahead(account: Account, position: Position, order: Order) -> Decimal:
    """Contracts of a position that closing orders of a better price, or of the same and earlier, leave to this one. A
    market order goes before all that rest."""
    ahead = (
        one.left
        for one in _closers(account, position)
        if order.price is not None
        and one.price is not None
        and (one.price >= order.price if order.is_buy else one.price <= order.price)
    )
    return max(abs(position.size) - sum(ahead, ZERO), ZERO)


def _closers(account: Account, position: Position) -> list[Order]:
    is_buy = position.size < 0
    orders = account.open_orders()
    return [one for one in orders if one.is_closing and one.is_buy == is_buy and _key(one) == position.key]


def isolated_ratio(position: Position, mark: Decimal, rates: Rates) -> Decimal:
    """Margin and profit over what maintenance and closing take; at 1 it is liquidated."""
    return (position.margin + position.upl(mark)) / (position.mmr(mark) + _closing_fee(position, mark, rates))


def liquidation_price(account: Account, position: Position, marks: Marks, rates: Rates) -> Decimal | None:
    """The mark at which the ratio comes to 1, all other marks as they are; None where no price does it.

    Backing ± n·(p − average) = n·p·(mmr + fee), with n base coins; backing is the isolated margin, or the account's
    equity less what other cross positions need.
    """
    direction = 1 if position.size > 0 else -1
    coins = abs(position.size) * position.contract.unit
    rate = position.contract.tier(position.size).mmr + rates.taker
    price = (position.average * coins - direction * _backing(account, position, marks, rates)) / (
        coins * (1 - direction * rate)
    )
    return price if price > 0 else None


def _backing(account: Account, position: Position, marks: Marks, rates: Rates) -> Decimal:
    if position.is_isolated:
        return position.margin
    others = [p for p in account.held() if p is not position]
    cross = [(p, marks(p.contract)) for p in others if not p.is_isolated]
    kept = sum((p.margin for p in others if p.is_isolated), ZERO)
    return (
        account.cash - kept + sum((p.upl(mark) - p.mmr(mark) - _closing_fee(p, mark, rates) for p, mark in cross), ZERO)
    )


def _closing_fee(position: Position, mark: Decimal, rates: Rates) -> Decimal:
    return position.contract.notional(abs(position.size), mark) * rates.taker


def _key(order: Order) -> tuple[str, str, str]:
    return order.contract.inst_id, order.td_mode, order.pos_side
