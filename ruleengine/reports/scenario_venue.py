"""The venue of a scenario: a simulated one that states its account when the scenario says so, and on which orders meet
the faults that it gives.

1. `FaultyVenue`   what becomes of orders on their way there, and of the answers on their way back
2. `StatingVenue`  around it: the account's statements, and the times at which they can't be read

Both have an agenda of their own and come before the venue inside at equal times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ruleengine.model.event import AccountRead, Fill, MarketEvent, OrderStatus, OrderUpdate, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared
from ruleengine.ports.venue import SimulatedVenue, VenueSnapshot
from ruleengine.reports.scenario_given import time_ns
from ruleengine.schema.scenario_given import Fault, Silence

_OF_ORDERS = ("reject", "no_answer", "partial", "delay")
_REST = "~rest"
"""What the rest of a partial fill is called at the venue inside; never seen outside of this file."""


class FaultyVenue:
    """A simulated venue to which orders come with faults: each befalls the next orders sent from its time on."""

    def __init__(
        self, inner: SimulatedVenue, given: Sequence[Fault], specs: Mapping[str, Instrument], start: int
    ) -> None:
        self._inner, self._specs = inner, specs
        self.capabilities = inner.capabilities
        self._faults = [fault for fault in given if fault.kind in _OF_ORDERS]
        self._begins = [start + time_ns(fault.at) for fault in self._faults]
        self._left = [int(fault.times.number) for fault in self._faults]
        self._agenda: list[tuple[int, int, str, Cleared | str]] = []
        self._number = 0
        self._held: dict[str, list[VenueEvent]] = {}
        self._lost: set[str] = set()
        self._parts: set[str] = set()

    # --- the port ----------------------------------------------------------------------------------------------------

    def on_market(self, event: MarketEvent) -> Sequence[VenueEvent]:
        return [*self._heard(self._inner.on_market(event)), *self._due(event.ts)]

    def submit(self, command: Cleared | Cancel, ts: int) -> Sequence[VenueEvent]:
        if isinstance(command, Cancel):
            return self._heard(self._inner.submit(command, ts))
        fault = self._next(ts)
        if fault is None:
            return self._heard(self._inner.submit(command, ts))
        return getattr(self, f"_{fault.kind}")(fault, command, ts)  # type: ignore[no-any-return]

    def next_due_ns(self) -> int | None:
        dues = [self._inner.next_due_ns(), min((each[0] for each in self._agenda), default=None)]
        return min((due for due in dues if due is not None), default=None)

    def advance(self, ts: int) -> Sequence[VenueEvent]:
        return [*self._heard(self._inner.advance(ts)), *self._due(ts)]

    def snapshot(self) -> VenueSnapshot:
        return self._inner.snapshot()

    def assumptions(self) -> list[tuple[str, str]]:
        return self._inner.assumptions()

    def state(self) -> dict[str, Any]:
        return self._inner.state()

    def restore(self, state: dict[str, Any]) -> None:
        self._inner.restore(state)

    def befell(self) -> list[Fault]:
        """Faults that an order met."""
        times = [int(fault.times.number) for fault in self._faults]
        return [fault for fault, all_of_it, left in zip(self._faults, times, self._left, strict=True)
                if left < all_of_it]  # fmt: skip

    # --- what befalls an order ---------------------------------------------------------------------------------------

    def _next(self, ts: int) -> Fault | None:
        for number, fault in enumerate(self._faults):
            if self._begins[number] <= ts and self._left[number] > 0:
                self._left[number] -= 1
                return fault
        return None

    def _reject(self, fault: Fault, command: Cleared, ts: int) -> list[VenueEvent]:
        assert fault.reject is not None
        code = fault.reject.text
        return [OrderUpdate(ts, ts, command.order.id, OrderStatus.REJECTED, "", code, f"refused: {code}")]

    def _no_answer(self, fault: Fault, command: Cleared, ts: int) -> list[VenueEvent]:
        name = command.order.id
        self._held[name] = []
        if fault.then == "lost":
            self._lost.add(name)
        else:
            self._heard(self._inner.submit(command, ts))
        if fault.timeout.number < (fault.no_answer.number if fault.no_answer is not None else 0):
            self._schedule(ts + time_ns(fault.timeout), "unknown", name)
        self._schedule(ts + time_ns(fault.no_answer), "answer", name)
        return []

    def _partial(self, fault: Fault, command: Cleared, ts: int) -> list[VenueEvent]:
        order = command.order
        assert fault.partial is not None
        lot = self._specs[order.instrument].lot
        units = order.units * fault.partial.number // lot * lot
        rest = replace(order, id=order.id + _REST, units=order.units - units)
        if fault.rest is not None:
            self._schedule(ts + time_ns(fault.rest), "arrive", replace(command, order=rest))
        answers: list[VenueEvent] = []
        if units > 0:
            self._parts.add(order.id)
            answers = self._heard(self._inner.submit(replace(command, order=replace(order, units=units)), ts))
        refused = any(isinstance(each, OrderUpdate) and each.status is OrderStatus.REJECTED for each in answers)
        if fault.rest is None and not refused:
            reason = f"{rest.units:f} of {order.units:f} found no size"
            answers.append(OrderUpdate(ts, ts, order.id, OrderStatus.CANCELLED, "", "INSUFFICIENT_LIQUIDITY", reason))
        return answers

    def _delay(self, fault: Fault, command: Cleared, ts: int) -> list[VenueEvent]:
        self._schedule(ts + time_ns(fault.delay), "arrive", command)
        return []

    # --- answers -----------------------------------------------------------------------------------------------------

    def _heard(self, events: Sequence[VenueEvent]) -> list[VenueEvent]:
        """What comes through at once: all but the answers to orders of which nothing is heard."""
        found: list[VenueEvent] = []
        for event in events:
            name = getattr(event, "order_id", "")
            if name.endswith(_REST):
                if isinstance(event, OrderUpdate) and event.status is OrderStatus.ACCEPTED:
                    continue
                name = event.order_id = name.removesuffix(_REST)  # type: ignore[union-attr]
            elif isinstance(event, Fill) and name in self._parts:
                event.is_last = False
            if name in self._held:
                self._held[name].append(event)
            else:
                found.append(event)
        return found

    def _schedule(self, due: int, what: str, of: Cleared | str) -> None:
        self._number += 1
        self._agenda.append((due, self._number, what, of))
        self._agenda.sort(key=lambda each: each[:2])

    def _due(self, ts: int) -> list[VenueEvent]:
        found: list[VenueEvent] = []
        while self._agenda and self._agenda[0][0] <= ts:
            due, _, what, of = self._agenda.pop(0)
            if isinstance(of, Cleared):
                found += self._heard(self._inner.submit(of, due))
            elif what == "unknown":
                reason = "no answer in time"
                found.append(OrderUpdate(due, due, of, OrderStatus.UNKNOWN, "", "TIMEOUT", reason))
            else:
                found += self._answered(of, due)
        return found

    def _answered(self, name: str, ts: int) -> list[VenueEvent]:
        """The truth about an order, known from now on."""
        held = self._held.pop(name)
        if name in self._lost:
            self._lost.discard(name)
            return [OrderUpdate(ts, ts, name, OrderStatus.ABSENT, "", "ORDER_DOESNT_EXIST", "it never arrived")]
        for event in held:
            event.ts = ts
        return held


class StatingVenue:
    """A simulated venue that states its account right after the first price, but can't be read in the scenario's
    silences. `elsewhere`: margin that other instruments and manual trades use, which the venue states beyond its own.
    `words`: what it has to say of orders from before the first instant.

    Before the first price a margin is an estimate at entry prices, of the venue's as of ours; so none is stated then.
    """

    def __init__(
        self,
        inner: SimulatedVenue,
        elsewhere: Decimal,
        silences: Sequence[Silence],
        start: int,
        words: Sequence[VenueEvent] = (),
    ) -> None:
        self._inner, self._elsewhere, self._words = inner, elsewhere, [*words]
        self.capabilities = inner.capabilities
        self._has_priced = self._is_silent = False
        begins = [start + time_ns(each.at) for each in silences]
        self._silences = [(at, at + time_ns(each.lasts)) for at, each in zip(begins, silences, strict=True)]
        self._agenda = sorted([(at, False) for at, _ in self._silences] + [(end, True) for _, end in self._silences])

    def on_market(self, event: MarketEvent) -> Sequence[VenueEvent]:
        answers = [*self._inner.on_market(event)]
        if not self._has_priced:
            self._has_priced = True
            due = self._due(event.ts)
            return [*answers, *due] if self._is_silent else [*answers, self._statement(event.ts), *due]
        return [*answers, *self._due(event.ts)]

    def submit(self, command: Cleared | Cancel, ts: int) -> Sequence[VenueEvent]:
        return self._inner.submit(command, ts)

    def next_due_ns(self) -> int | None:
        own = [*(due for due, _ in self._agenda[:1]), *(each.ts for each in self._words[:1])]
        return min([due for due in (self._inner.next_due_ns(), *own) if due is not None], default=None)

    def advance(self, ts: int) -> Sequence[VenueEvent]:
        return [*self._inner.advance(ts), *self._due(ts)]

    def snapshot(self) -> VenueSnapshot:
        stated = self._inner.snapshot()
        return replace(stated, margin_used=stated.margin_used + self._elsewhere if self._has_priced else Decimal(0))

    def assumptions(self) -> list[tuple[str, str]]:
        return self._inner.assumptions()

    def state(self) -> dict[str, Any]:
        return self._inner.state()

    def restore(self, state: dict[str, Any]) -> None:
        self._inner.restore(state)

    def _due(self, ts: int) -> list[VenueEvent]:
        found: list[VenueEvent] = []
        while self._words and self._words[0].ts <= ts:
            found.append(self._words.pop(0))
        while self._agenda and self._agenda[0][0] <= ts:
            due, can_read = self._agenda.pop(0)
            self._is_silent = not can_read
            found.append(self._statement(due) if can_read else AccountRead(due, due, None, None, failed=True))
        return found

    def restarted(self, ts: int) -> None:
        """Another engine takes over the book at `ts`: where the account can't be read then, it hears so once more."""
        if any(begins <= ts < ends for begins, ends in self._silences):
            self._agenda = sorted([(ts, False), *(each for each in self._agenda if each[0] > ts)])

    def _statement(self, ts: int) -> AccountRead:
        stated = self._inner.snapshot()
        return AccountRead(ts, ts, stated.balance, stated.margin_used + self._elsewhere)
