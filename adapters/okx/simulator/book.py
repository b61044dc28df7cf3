"""One contract's order book: levels around the market's best prices, eaten by what trades until the market moves on.

Sizes are a pure function of a salt and the level, so a run repeats. Orders of the simulator's own accounts rest beside
the book (they fill when the market comes to them); they are not shown in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, takewhile
from zlib import crc32

from adapters.okx.simulator.instruments import Contract
from adapters.okx.simulator.wire import Row, text

_SHARES = 100
"""Sizes of levels are whole hundredths of the typical one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an order at one price. Units: contracts, USDT."""

    size: Decimal
    price: Decimal


class Book:
    """Levels of both sides at one step of the market.

    `sizes`: contracts at the best (bid, ask), typical for the levels behind. `salt`: what the sizes behind are drawn
    from; the same salt gives the same ones.
    """

    def __init__(
        self,
        contract: Contract,
        bid: Decimal,
        ask: Decimal,
        sizes: tuple[Decimal, Decimal],
        depth: int = 100,
        salt: str = "",
    ) -> None:
        self.contract, self.bid, self.ask = contract, bid, ask
        self._sizes, self._depth, self._salt = sizes, depth, salt
        self._taken: dict[Decimal, Decimal] = {}

    @property
    def mark(self) -> Decimal:
        """The middle."""
        return (self.bid + self.ask) / 2

    def levels(self, is_ask: bool) -> Iterator[Piece]:
        """Levels of one side with what is left of each, best first."""
        for number in range(self._depth):
            level = self._level(is_ask, number)
            if level.size > 0 and level.price > 0:
                yield level

    def rows(self, is_ask: bool, most: int) -> list[list[str]]:
        """As the venue writes levels: price, contracts, a dead field, number of orders."""
        return [_row(level) for level in islice(self.levels(is_ask), most)]

    def best(self, is_ask: bool) -> Piece | None:
        """The first level that has something left."""
        return next(self.levels(is_ask), None)

    def available(self, is_buy: bool, worst: Decimal) -> Decimal:
        """Contracts that can be had at a price or better."""
        return sum((piece.size for piece in self._within(is_buy, worst)), Decimal(0))

    def take(self, is_buy: bool, size: Decimal, worst: Decimal) -> list[Piece]:
        """Eat the other side up to a size and a price; one piece a level, fewer contracts where there are fewer."""
        pieces = []
        for level in self._within(is_buy, worst):
            part = min(size, level.size)
            if part <= 0:
                break
            self._taken[level.price] = self._taken.get(level.price, Decimal(0)) + part
            pieces.append(Piece(part, level.price))
            size -= part
        return pieces

    def _within(self, is_buy: bool, worst: Decimal) -> Iterator[Piece]:
        return takewhile(lambda one: one.price <= worst if is_buy else one.price >= worst, self.levels(is_buy))

    def _level(self, is_ask: bool, number: int) -> Piece:
        away = self.contract.tick * number
        price = self.ask + away if is_ask else self.bid - away
        return Piece(max(self._shown(is_ask, number) - self._taken.get(price, Decimal(0)), Decimal(0)), price)

    def _shown(self, is_ask: bool, number: int) -> Decimal:
        """The best level has the stated size, so that what fills can be told beforehand; others half to 1½ of it."""
        size = self._sizes[1] if is_ask else self._sizes[0]
        if number == 0:
            return size
        dice = crc32(f"{self._salt}:{is_ask}:{number}".encode()) % _SHARES
        lot = self.contract.lot
        return max((size * (50 + dice) / 100 // lot) * lot, lot)


def _row(level: Piece) -> list[str]:
    orders = 1 + int(level.size) % 7
    return [text(level.price), text(level.size), "0", str(orders)]


def changes(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> list[list[str]]:
    """Rows that make one side's picture into another: size "0" deletes a level.

    >>> changes([["1", "5", "0", "1"], ["2", "5", "0", "1"]], [["1", "5", "0", "1"], ["3", "2", "0", "1"]])
    [['3', '2', '0', '1'], ['2', '0', '0', '0']]
    """
    old = {row[0]: row for row in before}
    new = {row[0]: row for row in after}
    changed = [list(row) for price, row in new.items() if old.get(price) != row]
    return changed + [[price, "0", "0", "0"] for price in old if price not in new]


def side_rows(book: Book, most: int) -> Row:
    """Both sides, as every book message has them."""
    return {"asks": book.rows(True, most), "bids": book.rows(False, most)}
