"""The live loop: the same order as the synchronous driver, over a venue that speaks when it wants.

One task reads the venue, another the signals, a third looks at the clock; all put into one queue, and one consumer
numbers and processes. Who puts waits until it was processed and its commands were handed over, so a feed never runs
ahead of the decisions on it; how a venue keeps what it hears meanwhile is its adapter's business. A timer is an event
like any other: it has the time at which it was due, never one before the last event, and comes before an event that is
later (a bar or the venue's own of the same time goes before it, as in `drive`). So the log alone says what happened, in
which order.

Over a network the venue's book is an event too, and what was out before comes before it (`inquiry.beginning`). An order
that could not be handed over without an error may have left all the same: it is unknown, and the run goes on. Orders
that are out as the run ends are left as they are, and no last book is read then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import cast

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import contact as faults
from ruleengine.model.audit import Audit
from ruleengine.model.event import (
    AccountRead,
    BarEvent,
    CashChange,
    Event,
    Fill,
    HoursWord,
    LinkChange,
    OrderStatus,
    OrderUpdate,
    Reconciliation,
    Timer,
)
from ruleengine.model.order import Cancel, Command
from ruleengine.ports.clock import Clock
from ruleengine.ports.venue import NetworkVenue, Venue
from ruleengine.runtime.driving.drive import Counts
from ruleengine.runtime.driving.inquiry import Inquiry, Restart, beginning, reconciliation, said
from ruleengine.runtime.engine import EMPTY, Engine
from ruleengine.runtime.gate.contact import RECORD
from ruleengine.runtime.orders.record import OrderRecord

QUEUE_MAX = 8
"""More than one place for each that puts."""
SUBMIT_MAX_S = 30.0
"""So long a venue may take to take an order; handing it over is all that it should do."""
END_MAX_S = 10.0
"""So long a venue may take for its last book, again to stop telling, and again to close."""
KEPT_EVERY_NS, KEPT_EVERY_EVENTS = 300_000_000_000, 10_000
"""How often the state goes into the record of a run over a network: what came since is replayed at a restart."""
SHOWN_EVERY_NS = 2_000_000_000
"""How far the record that others read may be behind, also where nothing is sent for hours."""
_CHECK_NS = 200_000_000
"""How often the clock is looked at while nothing is due before."""

Told = Callable[[Event, Audit], None]

_HERE = Span.of_file("live")

_BEFORE_TIMERS = frozenset(
    {BarEvent, OrderUpdate, Fill, CashChange, AccountRead, Reconciliation, LinkChange, HoursWord}
)
"""What comes before timers of the same time."""

_WORDS: Mapping[type, tuple[str, ...]] = MappingProxyType(
    {OrderUpdate: ("code", "reason"), LinkChange: ("detail",), Fill: ("reason",), HoursWord: ("source",)}
)
"""What is said in the venue's own words."""


class _Word(Enum):
    TICK = "nothing came; look whether something is due"
    END = "the venue's feed has ended"


class LiveLoop:
    """`before` is told the time of every event that follows the book, before it counts; `on_audit` of every event that
    led to anything; `on_trouble` of what failed at the venue and did not end the run. `restart`: what a run before left
    open. `record_trouble` says why the record can't be written as it should, "" while it can. `hide` takes secrets out
    of a text: what a venue says in words of its own may repeat them, and goes into the record. `stop()` ends `run`
    after the event in hand."""

    def __init__(
        self,
        engine: Engine,
        venue: Venue,
        clock: Clock,
        *,
        before: Callable[[int], None] | None = None,
        on_audit: Told | None = None,
        on_trouble: Callable[[Diagnostic], None] | None = None,
        signals: AsyncIterator[Event] | None = None,
        commands: AsyncIterator[Event] | None = None,
        restart: Restart | None = None,
        record_trouble: Callable[[], str] = lambda: "",
        hide: Callable[[str], str] = str,
        submit_max_s: float = SUBMIT_MAX_S,
        end_max_s: float = END_MAX_S,
    ) -> None:
        self.engine, self.venue, self.counts = engine, venue, Counts()
        self._network = cast(NetworkVenue, venue) if venue.capabilities.needs_network else None
        self._clock, self._restart = clock, restart
        self._beside = [source for source in (signals, commands) if source is not None]
        self._before, self._on_audit, self._record_trouble, self._hide = before, on_audit, record_trouble, hide
        self._tell = on_trouble if on_trouble is not None else _nobody
        self._inquiry = None if self._network is None else Inquiry(engine, self._network, clock, self._put, self._tell)
        self._submit_max_s, self._end_max_s = submit_max_s, end_max_s
        self._queue: asyncio.Queue[Event | _Word] = asyncio.Queue(QUEUE_MAX)
        self._unanswered: deque[OrderUpdate] = deque()
        self._seq = engine.position[1]
        self._kept_seq, self._kept_ns = self._seq, 0
        self._shown_seq, self._shown_ns = self._seq, 0
        self._is_stopping = False

    def stop(self) -> None:
        self._is_stopping = True

    @property
    def out(self) -> list[OrderRecord]:
        """Orders that may still fill. After the run they are left at the venue as they are."""
        return list(self.engine.orders.live())

    async def run(self) -> Counts:
        """Take over the venue's book, then follow it until its feed ends or `stop`; then the venue is closed.

        An error of a source ends the run and is raised, as is a  VenueError  at its beginning."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._begin()
            sources = [self._read(self.venue.events(), is_main=True), self._pace()]
            sources += [self._read(each, is_main=False) for each in self._beside]
            if self._inquiry is not None:
                sources.append(self._inquiry.run())
            tasks += [asyncio.create_task(each) for each in sources]
            await self._follow(tasks)
        finally:
            await self._end(tasks)
            await self._within(self.venue.close(), "the venue did not close")
        return self.counts

    async def _begin(self) -> None:
        if self._network is None or self._inquiry is None:
            self.engine.adopt(await self.venue.snapshot())
            return
        self._keep(self._clock.now_ns())
        async for event in beginning(self.engine, self._network, self._clock, self._restart, self._tell):
            await self._process_now(event)
        for word in await self._inquiry.hours():
            await self._process_now(word)

    async def _process_now(self, event: Event) -> None:
        event.ts = max(event.ts, self.engine.position[0])
        await self._process(event)

    async def _follow(self, tasks: list[asyncio.Task[None]]) -> None:
        while not self._is_stopping:
            come = await self._queue.get()
            if come is _Word.END:
                break
            if come is _Word.TICK:
                await self._tick(tasks)
            else:
                await self._take(come)
            self._queue.task_done()
            self._record_when_due()
            await self._watch_record()
        if self._network is not None:
            if not self.out:  # else it may have a fill that the next start hears of, and counts then
                await self._within(self._last_book(self._network), "the venue's last book could not be had")
            self._keep(self.engine.position[0])

    # --- who puts ----------------------------------------------------------------------------------------------------

    async def _read(self, source: AsyncIterator[Event], *, is_main: bool) -> None:
        """Put what comes into the queue; the end of the main source is the end of the run."""
        async for event in source:
            await self._put(event)
        if is_main:
            await self._queue.put(_Word.END)

    async def _put(self, event: Event) -> None:
        await self._queue.put(event)
        await self._queue.join()

    async def _pace(self) -> None:
        """Wake the consumer when something falls due, or after a while, but only where nothing waits already."""
        while True:
            await self._queue.join()
            await self._clock.sleep_until_ns(min(self.engine.wake.due, self._clock.now_ns() + _CHECK_NS))
            if self._queue.empty():
                await self._queue.put(_Word.TICK)
            await asyncio.sleep(0)

    # --- the consumer ------------------------------------------------------------------------------------------------

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
        if self._before is not None:
            self._before(event.ts)
        if event.ts >= self.engine.wake.due:
            await self._timers(event.ts - (event.__class__ in _BEFORE_TIMERS))
        await self._process(event)

    async def _process(self, event: Event) -> bool:
        """Number it, process it, send what it led to; whether anything was sent. What could not be handed over is
        processed right behind, as is that it could not be recorded."""
        is_sent = await self._step(event)
        while self._unanswered:
            await self._step(self._unanswered.popleft())
        await self._watch_record()
        return is_sent

    async def _step(self, event: Event) -> bool:
        self._seq += 1
        event.seq = self._seq
        self.counts.rows += event.__class__ is not Timer
        for name in _WORDS.get(event.__class__, ()):
            setattr(event, name, self._hide(getattr(event, name)))
        audit = self.engine.process(event)
        if audit is EMPTY:
            return False
        self.counts.decisions += len(audit.decisions)
        for command in audit.commands:
            self.counts.commands += 1
            await self._send(command, event.ts)
        if self._on_audit is not None:
            self._on_audit(event, audit)
        return bool(audit.commands)

    async def _send(self, command: Command, ts: int) -> None:
        """Hand a command to the venue. Whatever goes wrong, bytes may have left: the order is unknown."""
        try:
            async with asyncio.timeout(self._submit_max_s):
                await self.venue.submit(command, ts)
        except Exception as error:  # noqa: BLE001 - an adapter's fault must not end a run that has to see to exits
            is_cancel = isinstance(command, Cancel)
            name = command.order_id if isinstance(command, Cancel) else command.order.id
            what = "could not be cancelled" if is_cancel else "may or may not have left"
            now = max(self._clock.now_ns(), self.engine.position[0])
            code = str(getattr(error, "code", ""))
            self._unanswered.append(OrderUpdate(now, now, name, OrderStatus.UNKNOWN, code=code, reason=said(error)))
            self._tell(faults.venue_failed(_HERE, f"order {name} {what}", said(error)))

    # --- the record, the end -----------------------------------------------------------------------------------------

    def _record_when_due(self) -> None:
        if self._network is None:
            return
        ts = self.engine.position[0]
        if self._seq >= self._kept_seq + KEPT_EVERY_EVENTS or ts >= self._kept_ns + KEPT_EVERY_NS:
            self._keep(ts)
        now = self._clock.now_ns()
        if self._seq > self._shown_seq and now >= self._shown_ns + SHOWN_EVERY_NS:
            self._shown_seq, self._shown_ns = self._seq, now
            self.engine.flush()

    async def _watch_record(self) -> None:
        """Nothing is added while the record is not written as it should be; and that it is not has to be in it, at the
        time of what it was noticed behind: something earlier than now may be about to be processed."""
        trouble = self._record_trouble()
        if bool(trouble) != (RECORD in self.engine.contact.down):
            ts = self.engine.position[0]
            await self._process(LinkChange(ts, ts, RECORD, not trouble, trouble))

    def _keep(self, ts: int) -> None:
        self._kept_seq, self._kept_ns = self._seq, ts
        self.engine.keep(ts)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Cancel what runs beside. One that doesn't heed it (a library that swallows a cancellation) is left behind."""
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._end_max_s)  # determinism: nothing is decided any more
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()  # raised already where it mattered
        if not all(task.done() for task in tasks):
            self._tell(faults.venue_failed(_HERE, "what follows the venue did not end", "it was cancelled"))

    async def _last_book(self, venue: NetworkVenue) -> None:
        await self._process_now(await reconciliation(venue, self._clock))

    async def _within(self, work: Awaitable[None], otherwise: str) -> None:
        """Wait for something at the end, for so long; what fails is told and does not stand in the way of the end."""
        try:
            async with asyncio.timeout(self._end_max_s):
                await work
        except Exception as error:  # noqa: BLE001 - the end goes on
            self._tell(faults.venue_failed(_HERE, otherwise, said(error)))


def _nobody(_found: Diagnostic) -> None:
    """Hears what nobody wants to hear."""
