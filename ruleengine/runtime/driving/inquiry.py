"""What a live loop asks a venue over a network of its own accord.

    beginning         before the first price: what became of orders that were out, what filled and what was paid in and
                      out meanwhile, all of it as it happened, then the whole book
    reconciliation    the venue's book as an event
    Inquiry           now and then: for orders of unknown fate, for the book while it differs from ours; and for the
                      venue's hours at the start and once a day

Adapters ask as well, where they know more (after a connection was away, while orders are out).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import contact as faults
from ruleengine.market.interval import DAY_NS
from ruleengine.model.event import (
    CashChange,
    Event,
    Fill,
    HoursWord,
    LinkChange,
    OrderStatus,
    OrderUpdate,
    Reconciliation,
)
from ruleengine.ports.clock import Clock
from ruleengine.ports.venue import NetworkVenue, SentOrder, TellsHours, TellsPast, VenueError
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.gate.contact import ACCOUNT, AWAY, PRICES

EVERY_NS = 10_000_000_000
ASK_MAX_S = 60.0
"""So long an adapter may take for one question: one that never returns must not keep the others from being asked."""
HOURS_AGAIN_NS = 3_600_000_000_000
"""After the venue's hours could not be had."""

_LINKS: tuple[Literal["account", "prices"], ...] = (ACCOUNT, PRICES)
_HERE = Span.of_file("inquiry")


@dataclass(frozen=True, slots=True)
class Restart:
    """What a run that was cut off left open. `sent`: orders that may have left; `unsent`: orders of which the record
    proves that they did not, by their ids."""

    sent: Sequence[SentOrder] = ()
    unsent: Sequence[str] = ()


Tell = Callable[[Diagnostic], None]
"""Hears what failed."""


async def beginning(
    engine: Engine, venue: NetworkVenue, clock: Clock, restart: Restart | None, tell: Tell
) -> AsyncIterator[Event]:
    """Events before the first price, to be processed one by one. While they come the account counts as not heard, where
    there was one before: nothing is added to a book that may be old. Raises  VenueError."""
    if restart is not None:
        yield LinkChange(now := clock.now_ns(), now, "account", False, AWAY)
        recovered = await venue.recover(restart.sent) if restart.sent else ()
        for event in _as_it_happened(recovered, await _meanwhile(engine, venue, recovered, tell)):
            yield event
        for order_id in restart.unsent:
            now = clock.now_ns()
            yield OrderUpdate(now, now, order_id, OrderStatus.ABSENT, reason="the record has no step of sending it")
    yield await reconciliation(venue, clock)
    for channel in _LINKS:
        if channel in engine.contact.down:
            now = clock.now_ns()
            yield LinkChange(now, now, channel, True, "connected anew")


def _as_it_happened(recovered: Sequence[Event], past: Sequence[Fill | CashChange]) -> Iterator[Event]:
    """Fills of both by the venue's time, for one trade may have ended before another began under its name. What is said
    of an order stays in its place before or behind its fills."""
    waiting = deque(past)
    for event in recovered:
        while isinstance(event, Fill) and waiting and waiting[0].ts_event < event.ts_event:
            yield waiting.popleft()
        yield event
    yield from waiting


async def _meanwhile(
    engine: Engine, venue: NetworkVenue, recovered: Sequence[Event], tell: Tell
) -> Sequence[Fill | CashChange]:
    """What happened in the account while no engine ran, where the venue's history tells. Where it can't be had, which
    is told, the book differs as at a venue that has no such history: no reason to leave positions without exits."""
    since_ns = engine.holdings.past_since_ns
    if since_ns is None or not isinstance(venue, TellsPast):
        return ()
    try:
        async with asyncio.timeout(ASK_MAX_S):
            found = await venue.past(since_ns)
    except Exception as error:  # noqa: BLE001 - what happens next is worth more than what it is called
        tell(faults.venue_failed(_HERE, "what filled and was paid meanwhile could not be had", said(error)))
        return ()
    return engine.holdings.untold(found, recovered)


async def reconciliation(venue: NetworkVenue, clock: Clock) -> Reconciliation:
    """The venue's book as an event. Raises  VenueError."""
    snapshot = await venue.snapshot()
    return Reconciliation(clock.now_ns(), snapshot.ts, snapshot)


class Inquiry:
    """Asks while it runs. `put`: takes an event, and returns when it was processed; `tell`: hears what failed."""

    def __init__(
        self,
        engine: Engine,
        venue: NetworkVenue,
        clock: Clock,
        put: Callable[[Event], Awaitable[None]],
        tell: Tell,
    ) -> None:
        self._engine, self._venue, self._clock = engine, venue, clock
        self._put, self._tell = put, tell
        self._hours_due = 0

    async def run(self) -> None:
        while True:
            await self._clock.sleep_until_ns(self._clock.now_ns() + EVERY_NS)
            await self.ask()
            await self.ask_hours()

    async def ask(self) -> None:
        """Once, where the account is heard; what can't be had is asked for again the next time."""
        contact = self._engine.contact
        if ACCOUNT in contact.down:
            return
        for record in self._engine.orders.unknown():
            try:
                async with asyncio.timeout(ASK_MAX_S):
                    await self._venue.query(record.order.id)
            except Exception as error:  # noqa: BLE001 - a question is asked again
                self._tell(faults.venue_failed(_HERE, f"order {record.order.id} could not be asked for", said(error)))
        if not contact.books_agree:
            try:
                async with asyncio.timeout(ASK_MAX_S):
                    event = await reconciliation(self._venue, self._clock)
            except Exception as error:  # noqa: BLE001 - a question is asked again
                self._tell(faults.venue_failed(_HERE, "the venue's book could not be had", said(error)))
            else:
                await self._put(event)

    async def ask_hours(self) -> None:
        """Where it is due: venues answer it from a register, and want to be asked once a day."""
        for word in await self.hours() if self._clock.now_ns() >= self._hours_due else ():
            await self._put(word)

    async def hours(self) -> Sequence[HoursWord]:
        """What the venue says of its hours from now to the end of tomorrow, wherever that is. Where it can't be had,
        which is told, our calendar stands alone."""
        if not isinstance(self._venue, TellsHours):
            return ()
        now = self._clock.now_ns()
        self._hours_due = now + DAY_NS
        try:
            async with asyncio.timeout(ASK_MAX_S):
                return await self._venue.hours(now, now + 2 * DAY_NS)
        except Exception as error:  # noqa: BLE001 - a venue that says nothing of its hours must not end a run
            self._hours_due = now + HOURS_AGAIN_NS
            self._tell(faults.venue_failed(_HERE, "the venue's hours could not be had", said(error)))
            return ()


def said(error: Exception) -> str:
    """What an error says of itself where it is the venue's; else only its name, for its words may be anything's.

    >>> said(VenueError("no route", code="W1")), said(ValueError("token=abc"))
    ('W1 no route', 'ValueError')
    """
    return f"{error.code} {error}".strip() if isinstance(error, VenueError) else type(error).__name__
