"""Plays a scenario: engine and simulated venue stepped through its events, with stops at which values are asked and the
engine is restarted.

A restart stops the engine, takes its state through JSON into a new one, and adopts the venue's book, as a live run
does. While it is down the market moves at the venue alone, and nobody hears what the venue says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruleengine.diagnostics import Diagnostic
from ruleengine.graph.compile import Compiled
from ruleengine.model.audit import Audit, Decision, Note
from ruleengine.model.event import Event, OperatorCommand, Signal, Timer, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cleared
from ruleengine.ports.venue import Adapter, VenueSetup
from ruleengine.reports.scenario_asked import Asked, Found, Questions, as_rules
from ruleengine.reports.scenario_given import MILLISECOND, at_ns, bars_of, content_of, events_of, start_ns, time_ns
from ruleengine.reports.scenario_idle import idle_faults
from ruleengine.reports.scenario_machine import Machines
from ruleengine.reports.scenario_subjects import is_narrow
from ruleengine.reports.scenario_unasked import Heard, unasked
from ruleengine.reports.scenario_venue import FaultyVenue, StatingVenue
from ruleengine.reports.scenario_words import words_of
from ruleengine.runtime.driving.drive import Driver
from ruleengine.runtime.engine import Engine
from ruleengine.schema.account import Account
from ruleengine.schema.scenario import Scenario

ORDERS_MAX = 1_000
"""A scenario in which more orders are sent goes round in circles, within one instant perhaps: it is stopped there."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scenario that can be played."""

    scenario: Scenario
    compiled: Compiled
    account: Account
    instruments: tuple[Instrument, ...]
    adapter: Adapter
    policy: Path
    sources: Mapping[str, str]
    asked: tuple[Asked, ...] = ()
    kept: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Played:
    """What was decided, in order, and what of each expectation of values was not as stated (by the expectation's
    number among all). `unasked`: why nothing could have come of an expectation of nothing, by its number.
    `idle`: faults that befell nothing. `is_endless`: it was stopped after `ORDERS_MAX` orders."""

    decisions: list[Decision] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    values: dict[int, list[Found]] = field(default_factory=dict)
    unasked: Mapping[int, list[str]] = field(default_factory=dict)
    idle: list[Diagnostic] = field(default_factory=list)
    orders: int = 0
    is_endless: bool = False


class KeptUnusable(ValueError):
    """The state that a scenario gives is none of an engine of this version."""


class _Endless(Exception):
    """Orders follow orders without end."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """An instant before which everything is played. `asks`: number of an expectation; −1: a restart, down until
    `until`."""

    ts: int
    asks: int = -1
    until: int = 0


def play(prepared: Prepared, machines: Machines) -> Played:
    """Step the policy through everything that the scenario gives."""
    befell = set[int]()
    events = events_of(prepared.scenario, prepared.instruments, befell)
    passing = events[-1] if isinstance(events[-1], Timer) else None
    run = _Run(prepared, machines, passing)
    try:
        run.through(events)
        run.played.idle = idle_faults(prepared.scenario, befell, run.faulty.befell(), events[-1].ts)
    except _Endless:
        run.played.is_endless = True
    compiled = prepared.compiled
    run.played.unasked = unasked(prepared.scenario, compiled.typed, compiled.graph, run.heard, run.played.decisions)
    return run.played


class _Run:
    """One engine after another at one venue."""

    def __init__(self, prepared: Prepared, machines: Machines, passing: Event | None) -> None:
        self._prepared, self.played = prepared, Played()
        given, self._start = prepared.scenario.given, start_ns(prepared.scenario.given)
        asked = as_rules(prepared.asked)
        self._machine = machines.of(prepared.compiled, prepared.policy, prepared.sources, asked)
        names_more = any(each.outcome == "nothing" and is_narrow(each) for each in prepared.scenario.expect)
        self.heard = Heard(self._machine.asked, passing, is_narrow=names_more)
        self._questions = Questions(prepared.asked, self._machine.graph, self._machine.program, self._start)
        self._content = content_of(prepared.account)
        setup = VenueSetup(self._content, prepared.instruments, seed=0, start_ns=self._start)
        inner = prepared.adapter.simulated(setup)
        assert inner is not None, "scenarios run on venues that can be simulated"
        specs = {each.name: each for each in prepared.instruments}
        elsewhere = given.account.margin_used_elsewhere if given.account is not None else None
        self.faulty = FaultyVenue(inner, given.faults, specs, self._start)
        self._venue = StatingVenue(
            self.faulty,
            Decimal(0) if elsewhere is None else elsewhere.number,
            given.account_unreadable,
            self._start,
            self._words(),
        )
        self._begin(self._first(), self._start)

    def _words(self) -> list[VenueEvent]:
        try:
            return words_of(self._prepared.kept)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, AssertionError) as error:
            raise KeptUnusable(str(error)) from error

    def _first(self) -> Engine:
        """The engine before the first instant: with what it had kept, and bars to look back at."""
        engine = self._engine()
        if self._prepared.kept is not None:
            try:
                engine.restore(self._prepared.kept)
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                raise KeptUnusable(str(error)) from error
        for bars in self._prepared.scenario.given.bars:
            market = engine.markets[bars.instrument.text]
            if bars.timeframe in market.intervals:  # what no feature reads is not kept
                interval = market.intervals[bars.timeframe]
                market.features.restore({bars.timeframe: bars_of(bars, interval, self._start)})
        return engine

    def _engine(self) -> Engine:
        composed = self._prepared.compiled.composed
        engine = Engine(
            self._machine.plan, self._prepared.instruments, self._content, None,
            run_id="scenario", policy_digest=composed.digest, figures=self._machine.figures,
        )  # fmt: skip
        self.heard.listen(engine)
        return engine

    def _begin(self, engine: Engine, ts: int) -> None:
        self._driver = Driver(engine, self._venue, lambda _event, audit: self._keep(audit))
        self._driver.start(ts)

    def through(self, events: list[Event]) -> None:
        """All events, with the stops between them."""
        for stop in self._stops():
            count = next((n for n, event in enumerate(events) if event.ts >= stop.ts), len(events))
            self._driver.run(events[:count])
            self._driver.advance(stop.ts - 1)
            events = events[count:]
            if stop.asks < 0:
                events = self._restart(stop, events)
            else:
                self._ask(stop.asks)
        self._driver.run(events)

    def _stops(self) -> list[_Stop]:
        scenario, start = self._prepared.scenario, self._start
        numbers = {id(expected): number for number, expected in enumerate(scenario.expect)}
        stops = [
            _Stop(at_ns(each.expected, scenario.given) + MILLISECOND - 1, numbers[id(each.expected)])
            for each in self._prepared.asked
        ]
        for fault in scenario.given.faults:
            if fault.restart is not None:
                begins = start + time_ns(fault.at)
                stops.append(_Stop(begins, until=begins + time_ns(fault.restart)))
        return sorted(stops, key=lambda each: each.ts)

    def _ask(self, number: int) -> None:
        scenario = self._prepared.scenario
        expected = scenario.expect[number]
        found = self._questions.ask(expected, self._driver.engine, at_ns(expected, scenario.given))
        self.played.values[number] = found

    def _restart(self, stop: _Stop, events: list[Event]) -> list[Event]:
        """Another engine from the state of the one before; what comes while it is down only the venue hears."""
        state = json.loads(json.dumps(self._driver.engine.state(), allow_nan=False))
        missed = [event for event in events if event.ts < stop.until]
        for event in missed:
            self._venue.advance(event.ts - 1)
            if not isinstance(event, Signal | Timer | OperatorCommand):
                self._venue.on_market(event)  # type: ignore[arg-type]  # a scenario gives nothing else
        engine = self._engine()
        self.played.notes += engine.restore(state)
        self._venue.restarted(stop.until)
        self._begin(engine, stop.until)
        return events[len(missed) :]

    def _keep(self, audit: Audit) -> None:
        played = self.played
        played.decisions += audit.decisions
        played.notes += audit.notes
        played.orders += sum(isinstance(each, Cleared) for each in audit.commands)
        if played.orders > ORDERS_MAX:
            raise _Endless
