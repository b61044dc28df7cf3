"""Frames of prices: trades (H0STCNT0, 46 fields) and the order book (H0STASP0, 59 fields), fact sheet §5.2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.kis.simulator.board import Board
from adapters.kis.simulator.book import LEVELS
from adapters.kis.simulator.days import hms, kst, ymd
from adapters.kis.simulator.prices import DayFigures, day_figures, hour_class, is_auction, operation_class, sign_of
from adapters.kis.simulator.replies import fixed, percent

TRADE_FIELDS, BOOK_FIELDS = 46, 59
_BUYER, _SELLER = "1", "5"


@dataclass(slots=True)
class _Extremes:
    """When the day's opening, high and low were seen (HHMMSS), and at what prices."""

    day: str
    opened: str
    high: int
    high_at: str
    low: int
    low_at: str


class Frames:
    """Makes records; remembers when a day's extremes were first seen."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._extremes: dict[str, _Extremes] = {}

    def trade(self, symbol: str, at_ns: int, size: int) -> str:
        """One trade of an instant, as the fields of a record."""
        board = self._board
        top, book = board.market.top(symbol, at_ns), board.book(symbol)
        price, day = int(top.last), day_figures(board, symbol)
        seen = self._seen(symbol, at_ns, day)
        bought, sold = (day.volume + 1) // 2, day.volume // 2
        asks, bids = sum(shares for _, shares in book.asks), sum(shares for _, shares in book.bids)
        interrupted_at = board.interrupted.get(symbol, (0, 0))[1]
        fields = [
            symbol, hms(at_ns), str(price), day.sign(price), str(price - day.base), day.rate(price),
            fixed(day.average, 2), str(day.open), str(max(day.high, price)), str(min(day.low, price)),
            str(int(top.ask)), str(int(top.bid)), str(size), str(day.volume), str(day.turnover), "0", "0", "0",
            percent(bought, sold), str(sold), str(bought), _BUYER if price >= int(top.ask) else _SELLER,
            percent(bought, day.volume), "0.00", seen.opened, sign_of(price - day.open), str(price - day.open),
            seen.high_at, sign_of(price - day.high), str(price - day.high), seen.low_at, sign_of(price - day.low),
            str(price - day.low), ymd(kst(at_ns).date()), operation_class(board, symbol),
            "Y" if symbol in board.halted else "N", str(book.asks[0][1] if book.asks else 0),
            str(book.bids[0][1] if book.bids else 0), str(asks), str(bids),
            percent(day.volume, board.shares[symbol].shares), "0", "0.00", hour_class(board, symbol), "",
            str(interrupted_at or day.base),
        ]  # fmt: skip
        return "^".join(fields)

    def book(self, symbol: str) -> str:
        """The order book now, as the fields of a record. Levels that are not there are 0."""
        board = self._board
        book, day = board.book(symbol), day_figures(board, symbol)
        asks = [*book.asks, *[(0, 0)] * LEVELS][:LEVELS]
        bids = [*book.bids, *[(0, 0)] * LEVELS][:LEVELS]
        expected = day.last if is_auction(board, symbol) else 0
        fields = [symbol, hms(board.now_ns()), hour_class(board, symbol)]
        fields += [str(price) for price, _ in (*asks, *bids)]
        fields += [str(shares) for _, shares in (*asks, *bids)]
        fields += [
            str(sum(shares for _, shares in asks)), str(sum(shares for _, shares in bids)), "0", "0", str(expected),
            str(board.best_size(symbol) if expected else 0), str(board.best_size(symbol) if expected else 0),
            str(expected - day.base), sign_of(expected - day.base), percent(expected - day.base, day.base),
            str(day.volume), "0", "0", "0", "0", "0",
        ]  # fmt: skip
        return "^".join(fields)

    def _seen(self, symbol: str, at_ns: int, day: DayFigures) -> _Extremes:
        today, now = ymd(kst(at_ns).date()), hms(at_ns)
        seen = self._extremes.get(symbol)
        if seen is None or seen.day != today:
            opens, _ = self._board.days.session(self._board.today())
            first = opens.strftime("%H%M%S")
            seen = self._extremes[symbol] = _Extremes(today, first, day.high, first, day.low, first)
        if day.high > seen.high:
            seen.high, seen.high_at = day.high, now
        if day.low < seen.low:
            seen.low, seen.low_at = day.low, now
        return seen


def frame(tr_id: str, records: Sequence[str]) -> str:
    """Records as one message.

    >>> frame("H0STCNT0", ["a^b", "c^d"])
    '0|H0STCNT0|002|a^b^c^d'
    """
    return f"0|{tr_id}|{len(records):03d}|{'^'.join(records)}"
