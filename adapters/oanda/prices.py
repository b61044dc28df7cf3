"""Lines of the pricing stream as quotes and books.

A price counts where the venue says that it can be traded and both sides have one; all else (empty sides, closed
hours, closeout prices, no word on whether it can be traded) is no price (traps 11, 12). The first lines after a connect
are the current prices, however old: a price keeps its own time, and one that is not newer than the last is no event.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.oanda.times import to_ns
from adapters.wire.decimals import BadPayload, number, objects, optional
from ruleengine.model.event import Book, Quote

Row = Mapping[str, Any]
Level = tuple[Decimal, Decimal | None]
DEPTH = 10
"""Levels of a book."""


class Prices:
    """Remembers the last time of each instrument."""

    def __init__(self) -> None:
        self._last_ns: dict[str, int] = {}

    def events_of(self, row: Row, received_ns: int) -> list[Quote | Book]:
        """A price as a quote; and as a book where it has more than one level. Raises BadPayload."""
        if row.get("type", "PRICE") != "PRICE" or not is_tradeable(row):
            return []
        name, time_ns = str(row.get("instrument", "")), to_ns(row.get("time") or row.get("timestamp"))
        bids, asks = _levels(row, "bids"), _levels(row, "asks")
        if not name or not bids or not asks or time_ns <= self._last_ns.get(name, 0):
            return []
        self._last_ns[name] = time_ns
        (bid, bid_size), (ask, ask_size) = bids[0], asks[0]
        found: list[Quote | Book] = [
            Quote(received_ns, time_ns, name, float(bid), float(ask), _size(bid_size), _size(ask_size))
        ]
        if len(bids) > 1 or len(asks) > 1:
            found.append(Book(received_ns, time_ns, name, _book(bids), _book(asks)))
        return found


def is_tradeable(row: Row) -> bool:
    """The flag, or the older word for it; where both are missing it is not known, and counts as no."""
    flag = row.get("tradeable")
    return flag if isinstance(flag, bool) else row.get("status") == "tradeable"


def _levels(row: Row, key: str) -> list[Level]:
    """(price, size) best first. Sizes come as numbers or as text."""
    found: list[Level] = []
    for level in objects(row.get(key) or [], key):
        price = number(level.get("price"), "price")
        if price <= 0:
            raise BadPayload("a price is not above 0")
        found.append((price, optional(level.get("liquidity"), "liquidity")))
    return found[:DEPTH]


def _size(size: Decimal | None) -> float | None:
    return None if size is None else float(size)


def _book(levels: list[Level]) -> tuple[tuple[float, float], ...]:
    """Levels whose size is known."""
    return tuple((float(price), float(size)) for price, size in levels if size is not None)
