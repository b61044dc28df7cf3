"""A price book kept from a snapshot and updates by number, as crypto venues publish them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

LEVELS_MAX = 10
"""Levels a side that a recording keeps."""

Level = tuple[str, str]
"""Price and size as the venue wrote them."""


class BookSide:
    """One side's sizes by price; best first is highest for bids, lowest for asks."""

    def __init__(self, is_bid: bool) -> None:
        self._sign = -1 if is_bid else 1
        self._size_of: dict[float, tuple[str, str]] = {}
        self._keys: list[float] = []

    def apply(self, levels: Iterable[Level]) -> None:
        """Set sizes; a size of zero removes the level."""
        for price, size in levels:
            key = self._sign * float(price)
            if float(size) == 0.0:
                if self._size_of.pop(key, None) is not None:
                    del self._keys[bisect_left(self._keys, key)]
            else:
                if key not in self._size_of:
                    insort(self._keys, key)
                self._size_of[key] = (price, size)

    def top(self) -> list[Level]:
        """The best levels, best first."""
        return [self._size_of[key] for key in self._keys[:LEVELS_MAX]]


class OrderBook:
    """Both sides, built from a snapshot and the updates that follow it."""

    def __init__(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        self.bids = BookSide(is_bid=True)
        self.asks = BookSide(is_bid=False)
        self.apply(bids, asks)

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """One update."""
        self.bids.apply(bids)
        self.asks.apply(asks)

    def fields(self) -> list[str]:
        """Prices and sizes of both sides as four list texts: bid prices, bid sizes, ask prices, ask sizes."""
        parts = []
        for side in (self.bids, self.asks):
            top = side.top()
            parts += [f"[{','.join(level[column] for level in top)}]" for column in (0, 1)]
        return parts
