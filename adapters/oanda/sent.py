"""Orders that may be at the venue, and which of its transactions are theirs.

An order that was sent with our id is known by it. A close of one trade can't carry an id: it is known by the trade and
its units, and by nothing else until the venue's number of it was heard; of two alike the earlier sent gets the earlier.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.oanda.account import extensions
from adapters.oanda.times import to_ns
from adapters.wire.clock import NANOS
from adapters.wire.decimals import optional
from ruleengine.model.event import Fill, OrderUpdate
from ruleengine.model.order import Order

Row = Mapping[str, Any]
KEPT_MAX = 5_000
"""Orders that have ended and are still remembered."""
CLOCKS_APART_NS = 2 * NANOS
"""Ours and the venue's may have differed by this much when an earlier process sent; `doctor` tells of more."""


@dataclass(slots=True)
class Sent:
    """One order, as the venue has it now. `cursor`: the last transaction that was known before it was sent; what it led
    to has a higher number. `since_ns`: for orders of an earlier process, of which that is not known, the earliest time
    by the venue's clock. `venue_id`: its number there, "" as long as none was heard; another after each change (trap
    8). `ending`: what was told of its end. `changes`: how often its figures were told. `terms`: the row of the order
    that took its place last. `turn`: whoever changes it has it."""

    order: Order
    sent_ns: int
    cursor: int
    venue_id: str = ""
    since_ns: int = 0
    filled: Decimal = Decimal(0)
    has_ended: bool = False
    ending: list[OrderUpdate | Fill] = field(default_factory=list)
    changes: int = 0
    terms: Row | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    @property
    def is_resolved(self) -> bool:
        """The venue is known to have it, or to have refused it, or never to have had it."""
        return bool(self.venue_id) or self.has_ended


class SentOrders:
    """By our id, oldest first."""

    def __init__(self) -> None:
        self._by_id: dict[str, Sent] = {}
        self._by_venue_id: dict[str, Sent] = {}

    def add(self, sent: Sent) -> Sent:
        self._by_id[sent.order.id] = sent
        if sent.venue_id:
            self._by_venue_id[sent.venue_id] = sent
        self._prune()
        return sent

    def get(self, order_id: str) -> Sent | None:
        return self._by_id.get(order_id)

    @property
    def out(self) -> list[Sent]:
        """Those that have not ended, as far as is known."""
        return [sent for sent in self._by_id.values() if not sent.has_ended]

    def bind(self, sent: Sent, venue_id: str) -> None:
        """This is the venue's number of it, whatever was thought before."""
        self._by_venue_id.pop(sent.venue_id, None)
        sent.venue_id = venue_id
        self._by_venue_id[venue_id] = sent

    def move(self, sent: Sent, venue_id: str) -> bool:
        """An order of this number took its place. Numbers ascend: an older one than it has says nothing new."""
        is_newer = bool(sent.venue_id) and int(venue_id) > int(sent.venue_id)
        if is_newer:
            self.bind(sent, venue_id)
        return is_newer

    def bind_another(self, sent: Sent, venue_id: str) -> None:
        """A second order there has our id (an earlier number of it, or a request that was doubled on its way)."""
        self._by_venue_id[venue_id] = sent

    def of_creation(self, row: Row) -> Sent | None:
        """Whose a transaction is that created an order, or refused to."""
        found = self._by_venue_id.get(str(row.get("id"))) or self._by_venue_id.get(str(row.get("replacesOrderID", "")))
        if found is None:
            found = self._by_id.get(str(extensions(row).get("id", "")))
        return found or self._of_close(row)

    def of_order(self, row: Row) -> Sent | None:
        """Whose a transaction is that tells of an order by its numbers (fill, cancel)."""
        found = self._by_venue_id.get(str(row.get("orderID", "")))
        return found or self._by_id.get(str(row.get("clientOrderID", "")))

    def _of_close(self, row: Row) -> Sent | None:
        """By trade and units; a close of all of a trade may be stated so, and its order then has the number."""
        close = row.get("tradeClose")
        if not isinstance(close, dict):
            return None
        stated = row.get("units") if close.get("units") == "ALL" else close.get("units")
        units = abs(optional(stated, "units") or Decimal(0))
        number, time_ns = int(row["id"]), to_ns(row.get("time"))
        for sent in self._by_id.values():
            is_candidate = not sent.is_resolved and number > sent.cursor and time_ns >= sent.since_ns
            if is_candidate and sent.order.trade_id == str(close.get("tradeID", "")) and units == sent.order.units:
                return sent
        return None

    def _prune(self) -> None:
        ended = [name for name, sent in self._by_id.items() if sent.has_ended]
        for name in ended[: max(len(ended) - KEPT_MAX, 0)]:
            self._by_venue_id.pop(self._by_id.pop(name).venue_id, None)
