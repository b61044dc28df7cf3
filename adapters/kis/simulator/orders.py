"""Orders as the venue keeps them: numbered by day, each revision and each cancel an order of its own (fact sheet §4).

An original whose shares moved into a revision keeps its row; `moved` says how many. A cancel is a row that holds the
number of shares it took back and never fills.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

BRANCH = "06010"

MARKET_KINDS = frozenset({"01", "13", "14"})
BEST_KINDS = frozenset({"03", "04", "15", "16"})
IOC_KINDS = frozenset({"11", "13", "15", "23"})
FOK_KINDS = frozenset({"12", "14", "16", "24"})
MID_KINDS = frozenset({"21", "23", "24"})
STOP_KIND = "22"
CONDITIONAL_KIND = "02"
"""A limit order that becomes a market order in the closing auction."""
KIND_NAMES = {
    "00": "지정가", "01": "시장가", "02": "조건부지정가", "03": "최유리지정가", "04": "최우선지정가",
    "11": "지정가IOC", "12": "지정가FOK", "13": "시장가IOC", "14": "시장가FOK", "15": "최유리IOC",
    "16": "최유리FOK", "21": "중간가", "22": "스톱지정가", "23": "중간가IOC", "24": "중간가FOK",
}  # fmt: skip
"""Kinds that are taken here; those of the hours before and after the session are not."""
NEW, REVISE, CANCEL = "0", "1", "2"
"""What an order is, in the words of field RCTF_CLS."""


@dataclass(slots=True)
class Order:
    """Units    quantities: shares; price, trigger: won, 0 where the order has none; amount: won that its fills came to.
    `limit`: the price it trades at now at worst; None: at any. `purpose`: NEW, REVISE or CANCEL."""

    account: str
    day: date
    number: int
    side: str
    symbol: str
    kind: str
    quantity: int
    price: int
    at_ns: int
    limit: int | None
    reserve_price: int
    trigger: int = 0
    purpose: str = NEW
    original: int = 0
    original_quantity: int = 0
    filled: int = 0
    amount: int = 0
    cancelled: int = 0
    rejected: int = 0
    moved: int = 0
    is_waiting: bool = False
    """A stop whose trigger was not reached."""
    exchange: str = "KRX"
    fills: list[tuple[int, int, int]] = field(default_factory=list)
    """(at_ns, shares, price), in order."""

    @property
    def remaining(self) -> int:
        """Shares that can still fill."""
        if self.purpose == CANCEL:
            return 0
        return self.quantity - self.filled - self.cancelled - self.rejected - self.moved

    @property
    def odno(self) -> str:
        return odno(self.number)

    @property
    def side_code(self) -> str:
        return "02" if self.side == "buy" else "01"


def odno(number: int) -> str:
    """An order number as replies state it; "" for none.

    >>> odno(12345), odno(0)
    ('0000012345', '')
    """
    return f"{number:010d}" if number else ""


class Orders:
    """Every order of every account, by account, day and number. Numbers begin anew each day and count for all accounts
    of the branch."""

    def __init__(self) -> None:
        self._of: dict[str, list[Order]] = {}
        self._last: dict[date, int] = {}

    def next_number(self, day: date) -> int:
        self._last[day] = number = self._last.get(day, 0) + 1
        return number

    def add(self, order: Order) -> None:
        self._of.setdefault(order.account, []).append(order)

    def find(self, account: str, day: date, number: int) -> Order | None:
        """An account's order of a day; None where there is none."""
        for order in reversed(self._of.get(account, ())):
            if order.day == day and order.number == number:
                return order
        return None

    def of(self, account: str) -> list[Order]:
        """An account's orders, oldest first."""
        return self._of.get(account, [])

    def open(self, symbol: str | None = None, account: str | None = None) -> list[Order]:
        """Orders with shares that can still fill, oldest first."""
        found = [
            order
            for owner, orders in self._of.items()
            if account in (None, owner)
            for order in orders
            if order.remaining > 0 and symbol in (None, order.symbol)
        ]
        return sorted(found, key=lambda order: (order.day, order.number))

    def all(self) -> list[Order]:
        return [order for orders in self._of.values() for order in orders]
