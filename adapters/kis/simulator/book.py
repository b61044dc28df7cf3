"""Ten levels of a share's order book as whole won and whole shares; what an order takes out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.simulation.market import Level

LEVELS = 10


@dataclass(slots=True)
class Book:
    """(price, shares), best first. Levels that an order emptied are gone until the next picture."""

    asks: list[tuple[int, int]] = field(default_factory=list)
    bids: list[tuple[int, int]] = field(default_factory=list)

    @property
    def ask(self) -> int:
        """The best ask; 0 where nobody sells."""
        return self.asks[0][0] if self.asks else 0

    @property
    def bid(self) -> int:
        """The best bid; 0 where nobody buys."""
        return self.bids[0][0] if self.bids else 0

    def reachable(self, side: str, limit: int | None) -> int:
        """Shares that an order of this side finds at its limit or better; limit None: at any price."""
        return sum(size for price, size in self._other(side) if _reaches(side, price, limit))

    def take(self, side: str, limit: int | None, quantity: int) -> list[tuple[int, int]]:
        """(price, shares) that an order of this side takes, best level first; they are gone from the book.

        Units    limit: won, None for any price; quantity: shares.

        >>> book = Book(asks=[(72_000, 4), (72_100, 9)])
        >>> book.take("buy", None, 10), book.asks
        ([(72000, 4), (72100, 6)], [(72100, 3)])
        """
        levels, taken = self._other(side), []
        while quantity and levels and _reaches(side, levels[0][0], limit):
            price, size = levels[0]
            got = min(size, quantity)
            taken.append((price, got))
            quantity -= got
            if got == size:
                del levels[0]
            else:
                levels[0] = (price, size - got)
        return taken

    def _other(self, side: str) -> list[tuple[int, int]]:
        return self.asks if side == "buy" else self.bids


def picture(bids: Iterable[Level], asks: Iterable[Level], limits: tuple[int, int]) -> Book:
    """The market's levels as a book; none beyond the day's limits, (lowest, highest) in won.

    >>> from decimal import Decimal
    >>> level = Level(Decimal(71_900), Decimal(500))
    >>> picture([level], [], (50_300, 93_300)).bids
    [(71900, 500)]
    """
    low, high = limits
    return Book(
        [(int(each.price), int(each.size)) for each in asks if each.price <= high],
        [(int(each.price), int(each.size)) for each in bids if each.price >= low],
    )


def _reaches(side: str, price: int, limit: int | None) -> bool:
    return limit is None or (price <= limit if side == "buy" else price >= limit)
