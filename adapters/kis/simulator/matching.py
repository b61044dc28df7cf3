"""What happens to waiting orders as the market moves: triggers, passive fills, auctions, the end of the day."""

from __future__ import annotations

from datetime import date

from adapters.kis.simulator.days import Phase
from adapters.kis.simulator.exchange import Exchange
from adapters.kis.simulator.orders import CONDITIONAL_KIND, Order
from adapters.simulation.market import Bar

_AUCTIONS = (Phase.OPENING, Phase.CLOSING)


class Matching:
    """Follows the market. `step` is called often; after a jump of the clock it looks at everything in between."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._board = exchange, exchange.board
        self._seen_ns = exchange.board.now_ns()
        self._day: date = exchange.board.today()
        self._phases = {symbol: exchange.board.phase(symbol) for symbol in exchange.board.shares}

    def step(self) -> None:
        """Bring every waiting order to now."""
        after, self._seen_ns = self._seen_ns, self._board.now_ns()
        if self._board.today() != self._day:
            self._day = self._board.today()
            self._exchange.expire(self._day)
        waiting: dict[str, list[Order]] = {}
        for order in self._exchange.orders.open():
            waiting.setdefault(order.symbol, []).append(order)
        for symbol in self._phases:
            was, phase = self._phases[symbol], self._board.phase(symbol)
            self._phases[symbol] = phase
            orders = waiting.get(symbol, [])
            if not orders or symbol in self._board.halted:
                continue
            if phase is Phase.CLOSING:
                _release(orders)
            if was in _AUCTIONS and phase is not was:
                self._uncross(symbol, orders)
            if phase is Phase.REGULAR:
                bar = self._board.since(symbol, after)
                for order in orders:
                    self._follow(order, bar)

    def _uncross(self, symbol: str, orders: list[Order]) -> None:
        """The end of an auction: everybody who would trade at its price trades at it."""
        price = self._board.last(symbol)
        for order in orders:
            if not order.is_waiting and (order.limit is None or _is_within(order, price)):
                self._exchange.fill(order, order.remaining, price)

    def _follow(self, order: Order, bar: Bar | None) -> None:
        if order.is_waiting:
            if not self._is_triggered(order, bar):
                return
            order.is_waiting = False
            self._exchange.sweep(order)
        elif order.limit is None:
            self._exchange.sweep(order)
        elif left := order.remaining:
            self._meet(order, order.limit, left, bar)

    def _meet(self, order: Order, limit: int, left: int, bar: Bar | None) -> None:
        """A limit order that waits fills at its own price: with the shares that stand there now, or, where the market
        has come and gone, with those of a best price."""
        taken = self._board.book(order.symbol).take(order.side, limit, left)
        quantity = sum(shares for _, shares in taken)
        if not quantity and bar is not None:
            nearest = int(bar.ask.low if order.side == "buy" else bar.bid.high)
            if _is_within(order, nearest):
                quantity = min(left, self._board.best_size(order.symbol))
        if quantity:
            self._exchange.fill(order, quantity, limit)

    def _is_triggered(self, order: Order, bar: Bar | None) -> bool:
        prices = [self._board.last(order.symbol)]
        if bar is not None:
            prices += [int(bar.last.high), int(bar.last.low)]
        if order.side == "buy":
            return max(prices) >= order.trigger
        return min(prices) <= order.trigger


def _release(orders: list[Order]) -> None:
    """In the closing auction conditional limit orders are market orders."""
    for order in orders:
        if order.kind == CONDITIONAL_KIND:
            order.limit = None


def _is_within(order: Order, price: int) -> bool:
    """Whether an order trades at a price of the other side."""
    assert order.limit is not None
    return price <= order.limit if order.side == "buy" else price >= order.limit
