"""The synchronous driver: a market, a venue without a network and the engine, stepped in one total order.

For each event of the source, at time t:

1. timers and venue events that fall due before t, and timers at t: a bar is closed before the tick that would close it.
   Where the event is itself a bar, timers at t wait for it: it belongs to the longer bar that they close
2. the market moves at the venue, so that an order meets the price that caused it
3. the engine takes the event; then what the venue said, in order; every command goes to the venue at once, and what it
   answers joins the queue behind

This driver gives every event its number. Nothing here reads a clock: `run` is as fast as the machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ruleengine.model.audit import Audit
from ruleengine.model.event import (
    BarEvent,
    Event,
    HoursWord,
    MarketEvent,
    OperatorCommand,
    Quote,
    Signal,
    Timer,
    VenueEvent,
)
from ruleengine.model.order import Command
from ruleengine.ports.venue import SimulatedVenue
from ruleengine.runtime.engine import EMPTY, Engine

_NEVER = 1 << 62


@dataclass(slots=True)
class Counts:
    """What a run went through. `first_ns`, `last_ns`: times of the source's first and last event; 0: none."""

    rows: int = 0
    timers: int = 0
    venue_events: int = 0
    signals: int = 0
    decisions: int = 0
    commands: int = 0
    first_ns: int = 0
    last_ns: int = 0
    by_outcome: dict[str, int] = field(default_factory=dict)


Told = Callable[[Event, Audit], None]


class Driver:
    """`on_audit` is told of every event that led to anything, with what it led to."""

    def __init__(self, engine: Engine, venue: SimulatedVenue, on_audit: Told | None = None) -> None:
        self.engine, self.venue, self.counts = engine, venue, Counts()
        self._on_audit = on_audit
        self._queue: deque[VenueEvent] = deque()
        self._seq = engine.position[1]
        self._venue_due = 0

    def start(self, ts: int) -> None:
        """Take over the venue's book as of `ts`; to be called once, before the first event (which is at `ts`)."""
        said = self.venue.advance(ts)
        self.engine.adopt(self.venue.snapshot())
        self._queue.extend(said)
        self._drain()

    def run(self, source: Iterable[Event]) -> Counts:
        """Step through a source in order of time; what it all came to."""
        counts, engine = self.counts, self.engine
        wake, process, on_market = engine.wake, engine.process, self.venue.on_market
        seq, rows, ts = self._seq, 0, counts.last_ns
        for event in source:
            ts = event.ts
            if ts >= wake.due or ts >= self._venue_due:
                self._seq = seq
                self._catch_up(ts, ts - (event.__class__ is BarEvent))
                seq = self._seq
            rows += 1
            if event.__class__ is not Quote and event.__class__ in _NO_MARKET:
                self._seq = seq
                self._other(event)
                seq = self._seq
                continue
            answers = on_market(event)  # type: ignore[arg-type]  # what is no market event has left above
            seq += 1
            event.seq = seq
            audit = process(event)
            if answers or audit is not EMPTY:
                self._seq = seq
                self._queue.extend(answers)
                self._after(event, audit)
                seq = self._seq
        self._seq = seq
        counts.rows += rows
        counts.last_ns = ts
        return counts

    def advance(self, until: int) -> None:
        """Everything that falls due up to and including `until`, without an event of the source."""
        self._catch_up(until + 1, until)

    def finish(self) -> Audit:
        """The end of the run: the policy's figures once more."""
        return self.engine.finish()

    # --- beside the market -------------------------------------------------------------------------------------------

    def _catch_up(self, ts: int, until: int) -> None:
        """What the venue has due before `ts` and timers due up to `until`, in order of time; the venue's own comes
        first at equal times."""
        self.counts.first_ns = self.counts.first_ns or ts
        while True:
            venue_due, timer_due = self.venue.next_due_ns() or _NEVER, self.engine.next_timer_ns() or _NEVER
            self._venue_due = venue_due
            if venue_due < ts and venue_due <= timer_due:
                self._queue.extend(self.venue.advance(venue_due))
                self._drain()
            elif timer_due <= until:
                self._step(Timer(timer_due))
                self.counts.timers += 1
            else:
                return

    def _other(self, event: Event) -> None:
        """A signal, an operator's command or a recorded word of hours: the venue's time moves on to it."""
        self._queue.extend(self.venue.advance(event.ts))
        self._drain()
        self.counts.signals += event.__class__ is Signal
        self._step(event)

    def _step(self, event: Event) -> None:
        self._seq += 1
        event.seq = self._seq
        self._after(event, self.engine.process(event))

    def _after(self, event: Event, audit: Audit) -> None:
        """Tell, send what is to be sent, and take in what the venue says, until it says nothing more."""
        self._tell(event, audit)
        self._submit(audit.commands, event.ts)
        self._drain()

    def _drain(self) -> None:
        queue = self._queue
        while queue:
            event = queue.popleft()
            self.counts.venue_events += 1
            self._seq += 1
            event.seq = self._seq
            audit = self.engine.process(event)
            self._tell(event, audit)
            self._submit(audit.commands, event.ts)
        self._venue_due = self.venue.next_due_ns() or _NEVER

    def _submit(self, commands: list[Command], ts: int) -> None:
        for command in commands:
            self._queue.extend(self.venue.submit(command, ts))

    def _tell(self, event: Event, audit: Audit) -> None:
        if audit is EMPTY:
            return
        counts = self.counts
        counts.commands += len(audit.commands)
        for decision in audit.decisions:
            counts.decisions += 1
            counts.by_outcome[decision.outcome] = counts.by_outcome.get(decision.outcome, 0) + 1
        if self._on_audit is not None:
            self._on_audit(event, audit)


_NO_MARKET: dict[type[object], bool] = {Signal: True, Timer: True, OperatorCommand: True, HoursWord: True}


def merged(*sources: Iterable[MarketEvent | Signal | OperatorCommand]) -> Iterable[Event]:
    """Several ordered sources as one, by time; at equal times in the order given."""
    iterators = [iter(source) for source in sources]
    heads = [next(each, None) for each in iterators]
    while True:
        best = -1
        for index, head in enumerate(heads):
            if head is not None and (best < 0 or head.ts < heads[best].ts):  # type: ignore[union-attr]
                best = index
        if best < 0:
            return
        event = heads[best]
        heads[best] = next(iterators[best], None)
        yield event  # type: ignore[misc]
