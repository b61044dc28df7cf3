"""Accounts: money that settles two business days after a trade, shares that count at once (fact sheet §4.3, §4.4).

The deposit moves on the settlement day only. Between, each day's net of purchases and sales waits; what an account can
buy for is the deposit and what waits, less what its open purchases hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from adapters.kis.simulator.charges import Charges
from adapters.kis.simulator.orders import Order

SETTLES_AFTER = 2


@dataclass(slots=True)
class Holding:
    """Shares of one symbol. `average`: won a share without charges; `keeps_until`: settlement day of the last sale: a
    sold-out row stays till then."""

    symbol: str
    quantity: int = 0
    average: Decimal = Decimal(0)
    bought_today: int = 0
    sold_today: int = 0
    bought_before: int = 0
    sold_before: int = 0
    sold_on: date | None = None
    keeps_until: date | None = None

    @property
    def cost(self) -> int:
        """What the shares were bought for, in won."""
        return int((self.average * self.quantity).to_integral_value(ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Loan:
    """Shares bought on credit. They are stated, and neither traded nor counted as the account's own."""

    symbol: str
    quantity: int
    price: int
    day: date

    @property
    def amount(self) -> int:
        return self.quantity * self.price


@dataclass(slots=True)
class DayTotals:
    """What traded on one day, in won."""

    bought: int = 0
    sold: int = 0
    charges: int = 0


@dataclass(slots=True)
class Account:
    """`number`: ten digits. `deposit`: settled money. `waiting`: net money by settlement day. `realised`: profit of
    sales after charges, and with the commission of the purchases."""

    number: str
    deposit: int
    waiting: dict[date, int] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    loans: tuple[Loan, ...] = ()
    totals: dict[date, DayTotals] = field(default_factory=dict)
    realised: int = 0
    day: date | None = None

    def roll(self, today: date, business_before: Callable[[date], date]) -> None:
        """Bring the account to a day: what is due settles, yesterday's counts move over, sold-out rows end."""
        if self.day == today:
            return
        was, self.day = self.day, today
        for due in [each for each in self.waiting if each <= today]:
            self.deposit += self.waiting.pop(due)
        is_next = was == business_before(today)
        for holding in list(self.holdings.values()):
            holding.bought_before = holding.bought_today if is_next else 0
            holding.sold_before = holding.sold_today if is_next else 0
            holding.bought_today = holding.sold_today = 0
            if not holding.quantity and (holding.keeps_until is None or holding.keeps_until <= today):
                del self.holdings[holding.symbol]

    def cash_on(self, day: date) -> int:
        """The deposit as it will stand on a day, by what has traded."""
        return self.deposit + sum(amount for due, amount in self.waiting.items() if due <= day)

    @property
    def settled_cash(self) -> int:
        """The deposit when everything has settled (D+2)."""
        return self.deposit + sum(self.waiting.values())

    def buy(self, symbol: str, quantity: int, price: int, today: date, due: date, charges: Charges) -> None:
        """One fill of a purchase. Units    quantity: shares; price: won."""
        amount = quantity * price
        cost = charges.of_buy(amount)
        holding = self.holdings.setdefault(symbol, Holding(symbol))
        total = holding.average * holding.quantity + amount
        holding.quantity += quantity
        holding.average = total / holding.quantity
        holding.bought_today += quantity
        self.realised -= cost
        self._settle(due, -amount - cost)
        totals = self.totals.setdefault(today, DayTotals())
        totals.bought += amount
        totals.charges += cost

    def sell(self, symbol: str, quantity: int, price: int, today: date, due: date, charges: Charges) -> None:
        """One fill of a sale. The shares are there: the exchange took no order beyond them."""
        holding = self.holdings[symbol]
        assert quantity <= holding.quantity
        amount = quantity * price
        cost = charges.of_sale(amount)
        gained = (price - holding.average) * quantity
        self.realised += int(gained.to_integral_value(ROUND_HALF_UP)) - cost
        holding.quantity -= quantity
        holding.sold_today += quantity
        holding.sold_on, holding.keeps_until = today, due
        if not holding.quantity:
            holding.average = Decimal(0)
        self._settle(due, amount - cost)
        totals = self.totals.setdefault(today, DayTotals())
        totals.sold += amount
        totals.charges += cost

    def held(self, symbol: str) -> int:
        holding = self.holdings.get(symbol)
        return holding.quantity if holding else 0

    def _settle(self, due: date, amount: int) -> None:
        self.waiting[due] = self.waiting.get(due, 0) + amount


def reserved(orders: Iterable[Order], charges: Charges) -> int:
    """Money that open purchases hold: their price, a market order's the day's upper limit, with commission."""
    total = 0
    for order in orders:
        if order.side == "buy":
            amount = order.remaining * order.reserve_price
            total += amount + charges.of_buy(amount)
    return total


def offered(orders: Iterable[Order], symbol: str) -> int:
    """Shares that open sales hold."""
    return sum(order.remaining for order in orders if order.side == "sell" and order.symbol == symbol)


@dataclass(frozen=True, slots=True)
class BuyingPower:
    """What an account can buy for. `cash`: its own money; `reuse`: of today's sales, not settled; `amount`: shares'
    worth without commission; won."""

    cash: int
    reuse: int
    amount: int


def buying_power(account: Account, open_orders: Iterable[Order], charges: Charges) -> BuyingPower:
    """Money for purchases now: everything that settles by D+2 less what open purchases hold."""
    available = max(0, account.settled_cash - reserved(open_orders, charges))
    reuse = min(available, max(0, account.settled_cash - account.deposit))
    return BuyingPower(available - reuse, reuse, charges.affordable(available))
