"""What the listener has not taken yet: everything the venue says, in order, and of each instrument the newest price."""

from __future__ import annotations

from collections.abc import Callable

from adapters.wire.conflate import Conflated, Received, Worth
from ruleengine.model.event import Book, Event, Quote, VenueEvent
from ruleengine.ports.venue import VenueError


class Outbox:
    """Fills are never dropped: a listener so far behind that there is no room is told so instead."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._queue, self._now_ns = Conflated(), now_ns
        self._is_full = self._has_ended = False
        self._error: BaseException | None = None

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more is handed out; `error` is raised to the listener."""
        self._error, self._has_ended = error, True
        self._queue.put(Received(self._now_ns(), None, Worth.LATEST, "end"))  # wakes who waits

    def tell(self, event: VenueEvent) -> None:
        """Something that is never dropped."""
        if not self._queue.put(Received(event.ts, event)):
            self._is_full = True

    def show(self, event: Quote | Book) -> None:
        """A price: takes the place of an older one that still waits."""
        self._queue.put(Received(event.ts, event, Worth.LATEST, (event.kind, event.instrument)))

    async def take(self) -> Event | None:
        """The next one; it waits for one. None: the end. Raises VenueError where something had no room."""
        if self._is_full:
            raise VenueError(
                "more events wait than there is room for", code="listener",
                remedy="what listens stands still; restart, and the account is read anew",
            )  # fmt: skip
        event: Event | None = None if self._has_ended else (await self._queue.take()).data
        if self._has_ended and self._error is not None:
            raise self._error
        return None if self._has_ended else event
