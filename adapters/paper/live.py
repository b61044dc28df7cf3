"""The paper machine in a live loop: the same answers, delivered as they become available.

Time is the feed's, and moves when the listener has dealt with what was handed out. `speed` says how fast the feed's
time passes on the wall (1: as it was; 0: as fast as events are read). The loop's clock only paces.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterable

from adapters.paper.broker import PaperVenue
from ruleengine.model.event import BarEvent, Event, Signal, Timer, VenueEvent
from ruleengine.model.order import Cancel, Cleared
from ruleengine.ports.venue import Capabilities, VenueSnapshot

_NANOS = 1_000_000_000
_YIELD_EVERY = 256
"""Events handed out at full speed before the loop gets its turn."""


class LivePaper:
    """Meets `Venue`. `feed`: market events and signals in order of availability."""

    capabilities: Capabilities

    def __init__(self, machine: PaperVenue, feed: Iterable[Event], *, speed: float = 1.0) -> None:
        if speed < 0:
            raise ValueError(f"speed {speed:g} is below 0: 1 is real time, 0 as fast as possible")
        self.machine = machine
        self.capabilities = machine.capabilities
        self._feed = feed
        self._speed = speed
        self._answers: deque[VenueEvent] = deque()
        self._now = 0
        self._has_new = False
        self._closing = asyncio.Event()

    async def snapshot(self) -> VenueSnapshot:
        return self.machine.snapshot()

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        """Hand a command over at `ts`; what becomes of it comes as events."""
        self._has_new = True
        self._answers.extend(self.machine.submit(command, max(ts, self._now)))

    async def query(self, order_id: str) -> None:
        """Ask for one order; the answer comes as events."""
        self._answers.extend(self.machine.query(order_id, self._now))

    async def events(self) -> AsyncIterator[Event]:
        """Market and venue events in order of availability; ends with the feed or after `close`.

        The market moves at the venue before its event is handed out, so that an order meets the price that caused it;
        what the venue has to say follows the event. Before time moves on, a `Timer` says how far, and what the listener
        sends on it is taken first: the order of `ruleengine.runtime.driving.drive`."""
        begun_wall, begun_feed = asyncio.get_running_loop().time(), 0
        for handed, event in enumerate(self._feed, 1):
            begun_feed = begun_feed or event.ts
            async for come in self._until(event, begun_wall, begun_feed):
                yield come
            if self._closing.is_set():
                return
            self._now = event.ts
            if event.kind in (Signal.kind, Timer.kind, "operator"):
                self._answers.extend(self.machine.advance(event.ts))
                while self._answers:
                    yield self._answers.popleft()
            else:
                self._answers.extend(self.machine.on_market(event))  # type: ignore[arg-type]  # no venue events in a feed
            yield event
            while self._answers:
                yield self._answers.popleft()
            if handed % _YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Stop: the feed is read no further."""
        self._closing.set()

    async def _until(self, event: Event, begun_wall: float, begun_feed: int) -> AsyncIterator[Event]:
        """Wait for `event`, and hand out what falls due on the way there, each at its own time."""
        last = event.ts - isinstance(event, BarEvent)
        while not self._closing.is_set():
            due = self.machine.next_due_ns()
            is_due = due is not None and due < event.ts
            reached = due - 1 if is_due and due is not None else last
            await self._wait(reached, begun_wall, begun_feed)
            self._has_new = False
            yield Timer(reached)
            while self._answers:
                yield self._answers.popleft()
            if self._has_new or self.machine.next_due_ns() != due:
                continue  # something was sent meanwhile; its answer may come first
            if not is_due or due is None:
                return
            self._now = max(self._now, due)
            self._answers.extend(self.machine.advance(due))
            while self._answers:
                yield self._answers.popleft()

    async def _wait(self, ts: int, begun_wall: float, begun_feed: int) -> None:
        """Sleep until the feed's time is `ts` on the wall, or until `close`."""
        if self._speed == 0:
            return
        due = begun_wall + (ts - begun_feed) / _NANOS / self._speed
        remaining = due - asyncio.get_running_loop().time()
        if remaining > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(remaining):
                    await self._closing.wait()
