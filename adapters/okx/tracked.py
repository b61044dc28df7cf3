"""Orders of ours that are out, or have ended lately: what was sent, and what is known of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal

from adapters.okx.rows import Row, word
from ruleengine.model.event import OrderUpdate
from ruleengine.model.order import Order

ENDED_MAX = 2_000
"""Orders that have ended and are still remembered, for late answers."""


@dataclass(slots=True)
class Tracked:
    """One order. `handed_s`: when it was handed over, on the clock that can't jump. `expires_ms`: the venue's time
    after which its request can't arrive, 0 where it has none. `venue_id`: ordId, of a stop algoId. `is_known`: the
    venue has been heard to have it, or to have ended it."""

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
