"""The live loop: the same order as the synchronous driver, over a venue that speaks when it wants.

One task reads the venue, another the signals, a third looks at the clock; all put into one queue, and one consumer
numbers and processes. Who puts waits until it was processed and its commands were handed over, so a feed never runs
ahead of the decisions on it; how a venue keeps what it hears meanwhile is its adapter's business. A timer is an event
like any other: it has the time at which it was due, never one before the last event, and comes before an event that is
later (a bar or the venue's own of the same time goes before it, as in `drive`). So the log alone says what happened, in
which order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from enum import Enum

from ruleengine.model.audit import Audit
from ruleengine.model.event import AccountRead, BarEvent, CashChange, Event, Fill, OrderUpdate, Timer
from ruleengine.ports.clock import Clock
from ruleengine.ports.venue import Venue
from ruleengine.runtime.drive import Counts
from ruleengine.runtime.engine import EMPTY, Engine

QUEUE_MAX = 4
"""One place for each that puts, and one more."""
_CHECK_NS = 200_000_000
"""How often the clock is looked at while nothing is due before."""

Told = Callable[[Event, Audit], None]

_BEFORE_TIMERS = frozenset({BarEvent, OrderUpdate, Fill, CashChange, AccountRead})
"""What comes before timers of the same time."""


class _Word(Enum):
    TICK = "nothing came; look whether something is due"
    END = "the venue's feed has ended"


class LiveLoop:
    """`on_audit` is told of every event that led to anything. `stop()` ends `run` after the event in hand."""

    def __init__(
        self,
        engine: Engine,
        venue: Venue,
        clock: Clock,
        *,
        on_audit: Told | None = None,
        signals: AsyncIterator[Event] | None = None,
    ) -> None:
        self.engine, self.venue, self.counts = engine, venue, Counts()
        self._clock, self._on_audit, self._signals = clock, on_audit, signals
        self._queue: asyncio.Queue[Event | _Word] = asyncio.Queue(QUEUE_MAX)
        self._seq = engine.position[1]
        self._is_stopping = False

    def stop(self) -> None:
        self._is_stopping = True

    async def run(self) -> Counts:
        """Adopt the venue's book, then follow it until its feed ends or `stop`; then the venue is closed.

        An error of a source ends the run and is raised."""
        self.engine.adopt(await self.venue.snapshot())
        tasks = [asyncio.create_task(self._read(self.venue.events(), is_main=True)), asyncio.create_task(self._pace())]
        if self._signals is not None:
            tasks.append(asyncio.create_task(self._read(self._signals, is_main=False)))
        try:
            while not self._is_stopping:
                come = await self._queue.get()
                if come is _Word.END:
                    break
                if come is _Word.TICK:
                    await self._tick(tasks)
                else:
                    await self._take(come)
                self._queue.task_done()
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            await self.venue.close()
        return self.counts

    async def _read(self, source: AsyncIterator[Event], *, is_main: bool) -> None:
        """Put what comes into the queue; the end of the main source is the end of the run."""
        async for event in source:
            await self._queue.put(event)
            await self._queue.join()
        if is_main:
            await self._queue.put(_Word.END)

    async def _pace(self) -> None:
        """Wake the consumer when something falls due, or after a while, but only where nothing waits already."""
        while True:
            await self._clock.sleep_until_ns(min(self.engine.wake.due, self._clock.now_ns() + _CHECK_NS))
            if self._queue.empty():
                await self._queue.put(_Word.TICK)
            await asyncio.sleep(0)

    async def _tick(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.done():
                task.result()  # raises what ended it
        await self._timers(self._clock.now_ns())

    async def _timers(self, until: int, *, is_one_order_enough: bool = False) -> None:
        """Every timer that is due up to and including `until`; with `is_one_order_enough` only up to the first that
        sends something, for the venue may have an answer to it before the next."""
        due = self.engine.next_timer_ns()
        while due is not None and due <= until:
            self.counts.timers += 1
            if await self._process(Timer(max(due, self.engine.position[0]))) and is_one_order_enough:
                return
            due = self.engine.next_timer_ns()

    async def _take(self, event: Event) -> None:
        """Availability is when it is taken: never before what was taken already."""
        if event.__class__ is Timer:
            await self._timers(event.ts, is_one_order_enough=True)
            return
        event.ts = max(event.ts, self.engine.position[0])
        if event.ts >= self.engine.wake.due:
            await self._timers(event.ts - (event.__class__ in _BEFORE_TIMERS))
        self.counts.rows += 1
        await self._process(event)

    async def _process(self, event: Event) -> bool:
        """Number it, process it, send what it led to; whether anything was sent."""
        self._seq += 1
        event.seq = self._seq
        audit = self.engine.process(event)
        if audit is EMPTY:
            return False
        self.counts.decisions += len(audit.decisions)
        for command in audit.commands:
            self.counts.commands += 1
            await self.venue.submit(command, event.ts)
        if self._on_audit is not None:
            self._on_audit(event, audit)
        return bool(audit.commands)
