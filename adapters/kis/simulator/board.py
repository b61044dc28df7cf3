"""Each share as the exchange shows it now: base price, limits, book, phase, halts and volatility interruptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from adapters.kis.simulator.book import LEVELS, Book, picture
from adapters.kis.simulator.days import Phase, TradingDays, day_of
from adapters.kis.simulator.listing import Listed
from adapters.simulation.market import Bar, Market

_SECOND_NS = 1_000_000_000
STEP_NS = 250_000_000


class Board:
    """What everybody sees. Prices in won, all of them on the grid of the share's ticks."""

    def __init__(self, market: Market, shares: Mapping[str, Listed], days: TradingDays) -> None:
        self.market, self.shares, self.days = market, shares, days
        self.halted: set[str] = set()
        self.interrupted: dict[str, tuple[int, int]] = {}
        """By symbol: until when orders only gather (nanoseconds), and the price that set it off."""
        self._bases: dict[tuple[str, date], int] = {}
        self._books: dict[str, tuple[tuple[int, int, int], Book]] = {}

    def now_ns(self) -> int:
        return self.market.clock.now_ns()

    # --- prices ------------------------------------------------------------------------------------------------------

    def last(self, symbol: str) -> int:
        """The last price that traded."""
        return int(self.market.top(symbol).last)

    def base(self, symbol: str, day: date | None = None) -> int:
        """The price that a day's limits and changes count from: the close before."""
        day = day or self.today()
        known = self._bases.get((symbol, day))
        if known is None:
            bar = self.day_bar(symbol, self.previous(day))
            known = int(bar.last.close) if bar else int(self.market.listings[symbol].price)
            self._bases[symbol, day] = known
        return known

    def limits(self, symbol: str) -> tuple[int, int]:
        """(lowest, highest) price of today."""
        return self.shares[symbol].limits(self.base(symbol))

    def book(self, symbol: str) -> Book:
        """The book now: one picture for each step of the market, less what orders took out of it since."""
        top = self.market.top(symbol)
        key = (top.ts_ns, int(top.bid), int(top.ask))
        known = self._books.get(symbol)
        if known is None or known[0] != key:
            known = key, picture(*self.market.book(symbol, LEVELS), self.limits(symbol))
            self._books[symbol] = known
        return known[1]

    def best_size(self, symbol: str) -> int:
        """Shares at the best price of a side, as it usually is."""
        return int(self.market.listings[symbol].size)

    # --- time --------------------------------------------------------------------------------------------------------

    def today(self) -> date:
        return day_of(self.now_ns())

    def previous(self, day: date) -> date:
        """The business day before a day."""
        return next(self.days.before(day))

    def phase(self, symbol: str) -> Phase:
        """What is done with orders for a share now. While it is interrupted, orders gather as before the opening."""
        now = self.now_ns()
        door = self.market.is_open(symbol, now)
        phase = self.days.phase(now)
        if not door and phase is not Phase.OPENING:
            return Phase.SHUT
        if door and phase is Phase.SHUT:
            phase = Phase.REGULAR  # opened by hand
        if phase is Phase.REGULAR and self.is_interrupted(symbol):
            return Phase.OPENING
        return phase

    def is_interrupted(self, symbol: str) -> bool:
        until, _ = self.interrupted.get(symbol, (0, 0))
        return self.now_ns() < until

    def interrupt(self, symbol: str, seconds: float) -> None:
        """Volatility interruption: from now on for so long, orders only gather; 0 ends it."""
        self.interrupted[symbol] = self.now_ns() + int(seconds * _SECOND_NS), self.last(symbol)

    # --- what was ----------------------------------------------------------------------------------------------------

    def day_bar(self, symbol: str, day: date) -> Bar | None:
        """What a day came to so far; None for a day without trading."""
        if day > self.today() or not self.days.is_business(day):
            return None
        opens, closes = self.days.session(day)
        return self.market.bar(symbol, _ns(opens), _ns(closes))

    def since(self, symbol: str, after_ns: int) -> Bar | None:
        """What the whole steps after an instant came to, up to now."""
        begin = -(-after_ns // STEP_NS) * STEP_NS
        end = self.now_ns() // STEP_NS * STEP_NS + STEP_NS
        return self.market.bar(symbol, begin, end) if begin < end else None


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * _SECOND_NS
