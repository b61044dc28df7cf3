"""The exchange and the broker before it: takes orders, revisions and cancels, fills them against the market's book.

Orders of different accounts never meet each other: all of them trade with the market. A new order takes what the book
shows; what is left of a limit order waits and fills at its own price once the market has been there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapters.kis.simulator import refusals
from adapters.kis.simulator.accounts import SETTLES_AFTER, Account, Holding, Loan, buying_power, offered
from adapters.kis.simulator.board import Board
from adapters.kis.simulator.charges import Charges
from adapters.kis.simulator.days import Phase
from adapters.kis.simulator.orders import (
    BEST_KINDS,
    CANCEL,
    CONDITIONAL_KIND,
    FOK_KINDS,
    IOC_KINDS,
    KIND_NAMES,
    MARKET_KINDS,
    MID_KINDS,
    REVISE,
    STOP_KIND,
    Order,
    Orders,
)  # fmt: skip
from adapters.kis.simulator.refusals import Refused
from adapters.kis.simulator.settings import Settings


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that its owner hears of an order. `what`: accepted, confirmed (a revision or cancel), filled, killed
    (what an IOC or FOK order left), refused (by the exchange). `price`: won, of a fill."""

    order: Order
    what: str
    quantity: int
    price: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order as it is asked for. `quantity` in shares, `price` and `trigger` in won, 0 for none."""

    side: str
    symbol: str
    kind: str
    quantity: int
    price: int
    trigger: int = 0
    exchange: str = "KRX"


class Exchange:
    """Accounts, their orders and what happens to them. `listeners` hear every notice as it happens."""

    def __init__(self, board: Board, settings: Settings) -> None:
        self.board, self.settings = board, settings
        self.orders = Orders()
        self.accounts: dict[str, Account] = {}
        self.charges = Charges(settings.fee_rate, settings.tax_rate)
        self.listeners: list[Callable[[Notice], None]] = []
        self.mock_accounts: set[str] = set()

    # --- accounts ----------------------------------------------------------------------------------------------------

    def account(self, number: str) -> Account:
        """The account of that number, made with the money and shares of the settings where it is new."""
        today = self.board.today()
        found = self.accounts.get(number)
        if found is None:
            found = Account(number, self.settings.cash, day=today)
            for symbol, quantity, price in self.settings.holdings:
                found.holdings[symbol] = Holding(symbol, quantity, Decimal(price))
            found.loans = tuple(Loan(*row, today) for row in self.settings.loans)
            self.accounts[number] = found
        found.roll(today, self.board.previous)
        return found

    def sellable(self, account: str, symbol: str) -> int:
        """Shares that are held and that no open sale holds."""
        return self.account(account).held(symbol) - offered(self.orders.open(symbol, account), symbol)

    # --- what clients do ---------------------------------------------------------------------------------------------

    def place(self, account: str, ticket: Ticket) -> Order:
        """A new order. Raises Refused where the broker does not pass it on."""
        is_mock = account in self.mock_accounts
        self._check_open(ticket.symbol, is_mock)
        self._check(ticket, is_mock)
        limit, reserve_price = self._limit(ticket)
        self._check_means(account, ticket, reserve_price, is_mock)
        order = self._new(account, ticket, limit, reserve_price)
        self._tell(order, "accepted", order.quantity)
        self._arrive(order)
        return order

    def revise(self, account: str, number: int, ticket: Ticket, is_all: bool) -> Order:
        """Shares of an open order move into a new one of another price or kind. Of `ticket`, side and symbol come from
        the original."""
        is_mock = account in self.mock_accounts
        original = self._open_order(account, number, is_mock)
        self._check_open(original.symbol, is_mock)
        quantity = original.remaining if is_all else ticket.quantity
        wanted = Ticket(
            original.side, original.symbol, ticket.kind, quantity, ticket.price, ticket.trigger, original.exchange
        )
        self._check(wanted, is_mock)
        if quantity > original.remaining:
            raise refusals.of_order("nothing_to_change", is_mock)
        limit, reserve_price = self._limit(wanted)
        original.moved += quantity
        try:
            self._check_means(account, wanted, reserve_price, is_mock)
        except Refused:
            original.moved -= quantity
            raise
        order = self._new(account, wanted, limit, reserve_price, REVISE, original.number)
        self._arrive(order, "confirmed")
        original.moved -= order.rejected  # a revision that the exchange refuses leaves the original as it was
        return order

    def cancel(self, account: str, number: int, quantity: int, is_all: bool) -> Order:
        """Take shares of an open order back; a row of its own says so."""
        is_mock = account in self.mock_accounts
        original = self._open_order(account, number, is_mock)
        self._check_open(original.symbol, is_mock)
        taken = original.remaining if is_all else quantity
        if not 0 < taken <= original.remaining:
            raise refusals.of_order("nothing_to_change", is_mock)
        ticket = Ticket(original.side, original.symbol, original.kind, taken, original.price, 0, original.exchange)
        order = self._new(account, ticket, original.limit, 0, CANCEL, original.number)
        order.original_quantity = original.quantity
        original.cancelled += taken
        self._tell(order, "confirmed", taken)
        return order

    # --- what the exchange does --------------------------------------------------------------------------------------

    def fill(self, order: Order, quantity: int, price: int) -> None:
        """One fill: shares and money move, the owner hears of it."""
        now, today = self.board.now_ns(), self.board.today()
        account = self.account(order.account)
        order.filled += quantity
        order.amount += quantity * price
        order.fills.append((now, quantity, price))
        due = self.board.days.after(today, SETTLES_AFTER)
        book = account.buy if order.side == "buy" else account.sell
        book(order.symbol, quantity, price, today, due, self.charges)
        self._tell(order, "filled", quantity, price)

    def sweep(self, order: Order) -> None:
        """Fill from the book what it offers at the order's limit or better, level by level."""
        for price, quantity in self.board.book(order.symbol).take(order.side, order.limit, order.remaining):
            self.fill(order, quantity, price)

    def kill(self, order: Order) -> None:
        """What an IOC or FOK order has left ends here."""
        if left := order.remaining:
            order.cancelled += left
            self._tell(order, "killed", left)

    def expire(self, today: date) -> None:
        """Orders are good for their day: what past days left is gone, without a notice."""
        for order in self.orders.open():
            if order.day < today:
                order.cancelled += order.remaining

    # --- inside ------------------------------------------------------------------------------------------------------

    def _check_open(self, symbol: str, is_mock: bool) -> None:
        if symbol not in self.board.shares:
            raise Refused(refusals.UNKNOWN_SYMBOL)
        if self.board.phase(symbol) is Phase.SHUT:
            is_business = self.board.days.is_business(self.board.today())
            raise refusals.of_order("closed" if is_business else "no_business_day", is_mock)

    def _check(self, ticket: Ticket, is_mock: bool) -> None:
        if ticket.kind not in KIND_NAMES:
            raise Refused(refusals.UNKNOWN_KIND)
        if ticket.exchange not in ("KRX", "NXT", "SOR") or (is_mock and ticket.exchange != "KRX"):
            raise Refused(refusals.WRONG_EXCHANGE)
        if ticket.quantity <= 0:
            raise Refused(refusals.NO_QUANTITY)
        if ticket.kind in MARKET_KINDS | BEST_KINDS | MID_KINDS:
            return
        for price in (ticket.price, ticket.trigger) if ticket.kind == STOP_KIND else (ticket.price,):
            self._check_price(ticket.symbol, price, is_mock)

    def _check_price(self, symbol: str, price: int, is_mock: bool) -> None:
        if price <= 0:
            raise Refused(refusals.NO_PRICE)
        low, high = self.board.limits(symbol)
        if not low <= price <= high:
            raise refusals.of_order("beyond_limit", is_mock)
        if price % self.board.shares[symbol].tick(price):
            raise refusals.of_order("off_tick", is_mock)

    def _check_means(self, account: str, ticket: Ticket, reserve_price: int, is_mock: bool) -> None:
        owner = self.account(account)
        if ticket.side == "sell":
            if not owner.held(ticket.symbol):
                raise refusals.of_order("nothing_held", is_mock)
            if ticket.quantity > self.sellable(account, ticket.symbol):
                raise refusals.of_order("too_many_to_sell", is_mock)
            return
        power = buying_power(owner, self.orders.open(account=account), self.charges)
        if ticket.quantity * reserve_price > power.amount:
            raise Refused(refusals.NO_CASH)

    def _limit(self, ticket: Ticket) -> tuple[int | None, int]:
        """(the worst price it trades at, the price its money is held at). The money of an order that is or becomes a
        market order is held at the day's upper limit."""
        book, share = self.board.book(ticket.symbol), self.board.shares[ticket.symbol]
        is_buy = ticket.side == "buy"
        if ticket.kind in MARKET_KINDS:
            return None, self.board.limits(ticket.symbol)[1]
        if ticket.kind in MID_KINDS:
            price = share.floor((book.bid + book.ask) // 2)
        elif ticket.kind in BEST_KINDS:
            price = (book.ask if is_buy else book.bid) if ticket.kind != "04" else (book.bid if is_buy else book.ask)
        else:
            price = ticket.price
        if ticket.kind == CONDITIONAL_KIND:
            return price, self.board.limits(ticket.symbol)[1]
        return price, price

    def _new(
        self,
        account: str,
        ticket: Ticket,
        limit: int | None,
        reserve_price: int,
        purpose: str = "0",
        original: int = 0,
    ) -> Order:
        today = self.board.today()
        order = Order(
            account, today, self.orders.next_number(today), ticket.side, ticket.symbol, ticket.kind, ticket.quantity,
            0 if ticket.kind in MARKET_KINDS else ticket.price, self.board.now_ns(), limit, reserve_price,
            ticket.trigger, purpose, original, is_waiting=ticket.kind == STOP_KIND, exchange=ticket.exchange,
        )  # fmt: skip
        self.orders.add(order)
        return order

    def _open_order(self, account: str, number: int, is_mock: bool) -> Order:
        found = self.orders.find(account, self.board.today(), number)
        if found is None or not found.remaining:
            raise refusals.of_order("nothing_to_change", is_mock)
        return found

    def _arrive(self, order: Order, taken: str = "") -> None:
        """What happens to an order at once. `taken`: what its owner hears where the exchange takes it."""
        if order.symbol in self.board.halted:
            order.rejected = order.remaining
            self._tell(order, "refused", order.rejected)
            return
        if taken:
            self._tell(order, taken, order.quantity)
        if self.board.phase(order.symbol) is Phase.REGULAR and not order.is_waiting:
            available = self.board.book(order.symbol).reachable(order.side, order.limit)
            if order.kind not in FOK_KINDS or available >= order.quantity:
                self.sweep(order)
            if order.kind in IOC_KINDS | FOK_KINDS:
                self.kill(order)

    def _tell(self, order: Order, what: str, quantity: int, price: int = 0) -> None:
        notice = Notice(order, what, quantity, price, self.board.now_ns())
        for listener in self.listeners:
            listener(notice)
