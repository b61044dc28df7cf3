"""Orders of ours that are out, or have ended lately: what was sent, and what is known of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from decimal import Decimal

from adapters.okx.rows import Row, maybe, time_ms, word
from ruleengine.model.event import OrderUpdate
from ruleengine.model.order import Order

ENDED_MAX = 2_000
"""Orders that have ended and are still remembered, for late answers."""
_NOT_DONE = "-1"


@dataclass(slots=True)
class Change:
    """Another size or price that was asked for (None: as it is), whose result is still to come. `number`: the `reqId`
    under which it is told. `code`: the venue's, where it refused after all."""

    number: str
    size: Decimal | None
    price: Decimal | None
    code: str = ""
    reason: str = ""
    is_done: bool = False
    is_told: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, row: Row) -> None:
        """What a push says of it: the venue's answer was acceptance only."""
        if word(row, "reqId") != self.number or not word(row, "amendResult"):
            return
        self.is_done = word(row, "amendResult") != _NOT_DONE
        if not self.is_done:
            self.code, self.reason = word(row, "code") or _NOT_DONE, word(row, "msg")
        self.is_told.set()


@dataclass(slots=True)
class Tracked:
    """One order. `handed_s`: when it was handed over, on the clock that can't jump. `size`: contracts that the venue
    was asked for, or has by its own word. `expires_ms`: the venue's time after which its request can't arrive, 0 where
    it has none. `venue_id`: ordId, of a stop algoId. `is_known`: the venue has been heard to have it, or to have ended
    it."""

    order: Order
    handed_s: float
    size: Decimal
    expires_ms: int = 0
    venue_id: str = ""
    is_recovered: bool = False
    """Of an earlier process: its fills are told again, and it is never sent again."""
    may_resend: bool = True
    is_accepted: bool = False
    is_unknown: bool = False
    is_ended: bool = False
    is_on_its_way: bool = False
    """A request for it is out: that the venue lacks it proves nothing."""
    is_being_resolved: bool = False
    told: OrderUpdate | None = None
    """What was said of it last."""
    is_lapsing: bool = False
    """It is being cancelled because its time is over."""
    is_known: asyncio.Event = field(default_factory=asyncio.Event)
    whole: Decimal = Decimal(0)
    """Contracts with which a fill is told to be its last."""
    stated_ms: int = 0
    """The venue's time of the row that its size and price were read from last."""
    change: Change | None = None
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One change at a time."""

    def __post_init__(self) -> None:
        self.whole = self.order.units

    def hear(self, row: Row) -> bool:
        """Size and price as a row of it states them; True where they are others than were known, whoever changed them.
        Rows overtake each other: an older one says nothing.

        What is heard of first in another size (after a restart) may have fills that were told by the size before, and
        a fill has the same fields each time it is told: its last one is told by the greater of both."""
        if self.change is not None:
            self.change.hear(row)
        size, at_ms = maybe(row, "sz"), time_ms(row, "uTime", "cTime")
        if size is None or at_ms < self.stated_ms:
            return False
        self.stated_ms = at_ms
        size = max(size, maybe(row, "accFillSz") or size)
        price = _price(row) or self.order.price
        if (size, price) == (self.size, self.order.price):
            return False
        self.whole = size if self.is_accepted else max(size, self.whole)
        self.order, self.size = replace(self.order, units=size, price=price), size
        return True

    @property
    def is_stop(self) -> bool:
        return self.order.type == "stop"

    @property
    def rests(self) -> bool:
        """Whether it may be waiting at the venue for a price."""
        return not self.is_ended and self.order.type != "market"

    @property
    def is_in_the_book(self) -> bool:
        """Whether it may be in the order book: a stop waits beside it."""
        return self.rests and not self.is_stop


class TrackedOrders:
    """By our id and by the venue's."""

    def __init__(self) -> None:
        self._by_id: dict[str, Tracked] = {}
        self._by_venue_id: dict[str, str] = {}
        self._ended: dict[str, None] = {}

    def add(self, tracked: Tracked) -> bool:
        """False where the id was used before: an id is never used for a second order."""
        if tracked.order.id in self._by_id:
            return False
        self._by_id[tracked.order.id] = tracked
        return True

    def get(self, order_id: str) -> Tracked | None:
        return self._by_id.get(order_id)

    def of_row(self, row: Row) -> Tracked | None:
        """The order that a row is about: by its client id, by the stop that it was made of, by the venue's number."""
        for name in ("clOrdId", "algoClOrdId"):
            if found := self._by_id.get(word(row, name)):
                return found
        known = self._by_venue_id.get(word(row, "ordId")) or self._by_venue_id.get(word(row, "algoId"))
        return self._by_id.get(known) if known else None

    def name(self, tracked: Tracked, venue_id: str) -> bool:
        """The venue calls it so, too. False where that was known."""
        if not venue_id or venue_id in self._by_venue_id:
            return False
        self._by_venue_id[venue_id] = tracked.order.id
        return True

    def ended(self, tracked: Tracked) -> None:
        tracked.is_ended = True
        tracked.is_known.set()
        self._ended[tracked.order.id] = None
        while len(self._ended) > ENDED_MAX:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            self._by_id.pop(oldest, None)
            self._by_venue_id = {number: name for number, name in self._by_venue_id.items() if name != oldest}

    def live(self) -> list[Tracked]:
        return [one for one in self._by_id.values() if not one.is_ended]


def _price(row: Row) -> Decimal | None:
    """Of a limit; of a stop the price that sets it off."""
    found = (maybe(row, name) for name in ("px", "slTriggerPx", "triggerPx"))
    return next((price for price in found if price), None)
