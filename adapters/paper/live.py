"""The paper machine in a live loop: the same answers, delivered as they become available.

Time is the feed's: a command is taken at the time of the last event that was delivered. `speed` says how fast the
feed's time passes on the wall (1: as it was; 0: as fast as events are read). The loop's clock only paces.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable

from adapters.paper.broker import PaperVenue
from ruleengine.model.event import Event, Signal, Timer, VenueEvent
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
        self._closing = asyncio.Event()

    async def snapshot(self) -> VenueSnapshot:
        return self.machine.snapshot()

    async def submit(self, command: Cleared | Cancel) -> None:
        """Hand a command over; what becomes of it comes as events."""
        self._answers.extend(self.machine.submit(command, self._now))

    async def query(self, order_id: str) -> None:
        """Ask for one order; the answer comes as events."""
        self._answers.extend(self.machine.query(order_id, self._now))

    async def events(self) -> AsyncIterator[Event]:
        """Market and venue events in order of availability; ends with the feed or after `close`."""
        source = iter(self._feed)
        begun_wall, begun_feed, handed = asyncio.get_running_loop().time(), 0, 0
        while not self._closing.is_set():
            while self._answers:
                yield self._answers.popleft()
            event = next(source, None)
            if event is None:
                return
            begun_feed = begun_feed or event.ts
            async for answer in self._before(event.ts, begun_wall, begun_feed):
                yield answer
            if self._closing.is_set():
                return
            self._now = event.ts
            yield event
            self._answers.extend(self._effects(event))
            handed += 1
            if handed % _YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Stop: the feed is read no further."""
        self._closing.set()

    async def _before(self, ts: int, begun_wall: float, begun_feed: int) -> AsyncIterator[VenueEvent]:
        """Wait for `ts`, and hand out what falls due on the way there, each at its own time."""
        while not self._closing.is_set():
            due = self.machine.next_due_ns()
            if due is None or due >= ts:
                await self._wait(ts, begun_wall, begun_feed)
                due = self.machine.next_due_ns()  # a command given while we waited may have brought one
                if due is None or due >= ts:
                    break
            else:
                await self._wait(due, begun_wall, begun_feed)
            self._now = max(self._now, due)
            self._answers.extend(self.machine.advance(due))
            while self._answers:
                yield self._answers.popleft()
        while self._answers:
            yield self._answers.popleft()

    async def _wait(self, ts: int, begun_wall: float, begun_feed: int) -> None:
        """Sleep until the feed's time is `ts` on the wall, or until `close`."""
        if self._speed == 0:
            return
        due = begun_wall + (ts - begun_feed) / _NANOS / self._speed
        remaining = due - asyncio.get_running_loop().time()
        if remaining > 0:
            try:
                await asyncio.wait_for(self._closing.wait(), remaining)
            except TimeoutError:
                return

    def _effects(self, event: Event) -> Iterable[VenueEvent]:
        """What the event does to the account."""
        if event.kind in (Signal.kind, Timer.kind, "operator"):
            return self.machine.advance(event.ts)
        return self.machine.on_market(event)  # type: ignore[arg-type]  # a feed has no venue events of its own
