"""Best and worst closing price of each open trade and position, kept per unit of price (OPS-05), so that additions and
partial closes do not distort them. Asked on every quote, so it looks first whether anything could change at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruleengine.facts.frames import TradeFrame
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.book.positions import SideBook

_INFINITY = float("inf")


class Watch:
    """Trades and sides of one instrument, and the quotes between which none of them changes. `is_always`: look at
    every quote."""

    __slots__ = ("ask_high", "ask_low", "bid_high", "bid_low", "books", "longs", "shorts")

    def __init__(
        self,
        longs: Sequence[TradeFrame],
        shorts: Sequence[TradeFrame],
        books: Sequence[SideBook] = (),
        *,
        is_always: bool = False,
    ) -> None:
        self.longs, self.shorts, self.books = longs, shorts, books
        self._bounds([(f.worst_price, f.best_price) for f in longs], [(f.best_price, f.worst_price) for f in shorts])
        if is_always:
            self.bid_low = _INFINITY

    def move(self, bid: float, ask: float) -> None:
        """A long closes at the bid, a short at the ask."""
        for book in self.books:
            book.follow(bid if book.is_long else ask)
        of_longs: list[tuple[Any, Any]] = []
        for frame in self.longs:
            begin(frame, bid)
            if bid > frame.best_price:
                frame.best_price = bid
            elif bid < frame.worst_price:
                frame.worst_price = bid
            of_longs.append((frame.worst_price, frame.best_price))
        of_shorts: list[tuple[Any, Any]] = []
        for frame in self.shorts:
            begin(frame, ask)
            if ask < frame.best_price:
                frame.best_price = ask
            elif ask > frame.worst_price:
                frame.worst_price = ask
            of_shorts.append((frame.best_price, frame.worst_price))
        self._bounds(of_longs, of_shorts)

    def _bounds(self, of_longs: list[tuple[Any, Any]], of_shorts: list[tuple[Any, Any]]) -> None:
        """Best and worst of a side lie beyond those of its trades; what it reached since an addition may not."""
        for book in self.books:
            if book.is_long:
                of_longs.append((book.worst_price, book.quiet_best))
            else:
                of_shorts.append((book.quiet_best, book.worst_price))
        self.bid_low, self.bid_high = _common(of_longs)
        self.ask_low, self.ask_high = _common(of_shorts)


def _common(ranges: Sequence[tuple[Any, Any]]) -> tuple[float, float]:
    """What lies in all of the ranges; nothing at all where one of them is unknown: no quote has been seen yet."""
    low, high = -_INFINITY, _INFINITY
    for least, most in ranges:
        if least.__class__ is Unknown or most.__class__ is Unknown:
            return _INFINITY, -_INFINITY
        if least > low:
            low = least
        if most < high:
            high = most
    return low, high


def begin(frame: TradeFrame, price: float) -> None:
    """The first closing price that a trade sees is its best and its worst."""
    if frame.best_price.__class__ is Unknown:
        frame.best_price = frame.worst_price = price
