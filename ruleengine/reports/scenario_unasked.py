"""Expectations of nothing that nothing could fail: at their instant no rule that they speak of was asked.

What is asked is heard while a scenario is played: the time of each event that the engine takes in, with the blocks of
rules that were evaluated for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ruleengine.graph.node import Graph
from ruleengine.model.audit import Audit, Decision
from ruleengine.model.event import Event
from ruleengine.model.unknown import Unknown
from ruleengine.reports.scenario_given import NANOS, at_ns, is_at, start_ns
from ruleengine.reports.scenario_machine import Told
from ruleengine.reports.scenario_subjects import (
    PROPOSING,
    Subject,
    any_fits,
    closes_trades,
    fits,
    is_narrow,
    of_decision,
    of_trade,
    wants,
)
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.plan.needs import time_flips
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_expect import Expected, kind_of
from ruleengine.typecheck.policy import TypedPolicy, TypedRule


class Moment(NamedTuple):
    """An event that was taken in, with what was asked for it; where a scenario asks for a side, strategy or trade, also
    about what, and what was open after it (None: not known)."""

    ts: int
    blocks: frozenset[str]
    subjects: frozenset[tuple[str, Subject]]
    trades: frozenset[Subject] | None


class Heard:
    """What an engine took in. `passing`: the event that only lets time pass to the last expectation."""

    def __init__(self, asked: Told, passing: Event | None, *, is_narrow: bool) -> None:
        self._asked, self._passing = asked, passing
        self.events: list[Moment] = []
        self.at_the_end = frozenset[str]()
        """What was asked when only time had passed to the last expectation."""
        asked.clear()
        asked.is_narrow = is_narrow

    def listen(self, engine: Engine) -> None:
        """Hear what an engine takes in from now on."""
        process = engine.process

        def heard(event: Event) -> Audit:
            audit = process(event)
            self._took(event, engine)
            return audit

        engine.process = heard

    def _took(self, event: Event, engine: Engine) -> None:
        """An event was taken in; what was asked for it is known now."""
        asked = self._asked
        if event is self._passing:
            self.at_the_end = frozenset(asked.blocks)
        else:
            trades: Any = engine.desk.account.all_trades if asked.is_narrow else ()
            there = None if isinstance(trades, Unknown) else frozenset(map(of_trade, trades))
            self.events.append(Moment(event.ts, frozenset(asked.blocks), frozenset(asked.subjects), there))
        asked.clear()


def unasked(
    scenario: Scenario, typed: TypedPolicy, graph: Graph, heard: Heard, decisions: Iterable[Decision]
) -> Mapping[int, list[str]]:
    """By the number of the expectation: why nothing could have come of it, and what would help."""
    found = dict[int, list[str]]()
    judged = list(decisions)
    for number, expected in enumerate(scenario.expect):
        if kind_of(expected) == "decision" and expected.outcome == "nothing":
            instant = at_ns(expected, scenario.given)
            there = [each for each in heard.events if is_at(each.ts, instant)]
            since = instant - start_ns(scenario.given)
            meant = list(_meant(expected, typed))
            last = max((each.ts for each in heard.events), default=0)
            why = _without_trade(expected, meant, heard.events, instant, since)
            if why is None and not _waits(
                meant, graph, heard.at_the_end if instant >= last else None, has_event=bool(there)
            ):
                if there:
                    now = [each for each in judged if is_at(each.ts, instant)]
                    why = _why(expected, meant, there, now, since)
                else:
                    why = _without_event(instant, last, start_ns(scenario.given))
            if why is not None:
                found[number] = why
    return found


def _without_trade(
    expected: Expected, meant: list[TypedRule], events: list[Moment], instant: int, at: int
) -> list[str] | None:
    """Is no trade open that the expectation can mean? It names one, or only rules that close trades one by one."""
    closes = bool(meant) and all(closes_trades(rule) for rule in meant)
    if not is_narrow(expected) or (expected.trade is None and not closes):
        return None
    before = [each for each in events if each.ts < instant]
    open_then = [each.trades for each in (*before[-1:], *(each for each in events if is_at(each.ts, instant)))]
    if not open_then or None in open_then:
        return None  # before the first event, or where the account can't be read, nobody can tell
    trades = frozenset[Subject]().union(*(each for each in open_then if each is not None))
    if any_fits(expected, trades):
        return None
    names = ", ".join(f"{each.trade} (closed by {each.side}, {each.strategy or 'nobody'})" for each in sorted(trades))
    return [
        f"no such trade is open at {_clock(at)}, so that none could be closed: {names or 'none is'}",
        "name one of those, or an instant at which it is open",
    ]


def _without_event(instant: int, last: int, start: int) -> list[str]:
    after = f"; the last one came at {_clock(last - start)}" if last and last < instant else ""
    return [
        f"no event came at {_clock(instant - start)}, so that nothing could be decided{after}",
        "name an instant at which a price, a signal or an order's answer comes, or give the market a row there",
    ]


def _why(
    expected: Expected, meant: list[TypedRule], there: list[Moment], judged: list[Decision], at: int
) -> list[str] | None:
    if expected.rule is not None and not meant:
        return None if _has_reached(expected, judged) else _unreached(expected.rule.text, at)
    names = {block.name for rule in meant for block in rule.blocks.values()}
    is_off = any(not rule.constants.get("enabled", True) for rule in meant if expected.rule is not None)
    if not names or is_off:
        return None  # of a rule that is switched off it is shown that it is
    ids = {rule.id for rule in meant}
    if any(ids.intersection((each.rule, *(verdict.rule for verdict in each.verdicts)))
           for each in judged if fits(expected, of_decision(each))):  # fmt: skip
        return None
    if frozenset[str]().union(*(each.blocks for each in there)) & names and _is_about(expected, meant, there):
        return None
    what = "rule that could want an order"
    if expected.rule is not None:
        what = f"rule `{expected.rule.text}`"
    elif expected.intent is not None:
        what = f"rule for the intent `{expected.intent}`"
    return [
        f"no {what} was asked{_about(expected)} at {_clock(at)}, so that it could decide nothing",
        "name an instant at which it is asked: an entry by a signal, a guard by an intent, others by what they read",
    ]


def _is_about(expected: Expected, meant: list[TypedRule], there: list[Moment]) -> bool:
    """Was one of the rules asked about what the expectation names?"""
    if not is_narrow(expected):
        return True
    subjects = [each for moment in there for each in moment.subjects]
    for rule in meant:
        names = {block.name for block in rule.blocks.values()}
        if any_fits(expected, (subject for block, subject in subjects if block in names), rule):
            return True
    return False


def _about(expected: Expected) -> str:
    stated = [(name, getattr(expected, name)) for name in ("instrument", "side", "strategy", "trade")]
    named = [f"{name} {getattr(each, 'text', each)}" for name, each in stated if each is not None]
    return f" about {', '.join(named)}" if named else ""


def _has_reached(expected: Expected, judged: list[Decision]) -> bool:
    """Of what the engine itself asks (`limits.`, `sizing`, `caps`): did an intent come so far?"""
    assert expected.rule is not None
    gate = expected.rule.text.startswith("limits.")
    for each in judged:
        is_there = each.outcome == "sent" or each.first_blocker.startswith("limits.")
        if not gate:
            is_there = is_there or bool(each.size_path) or each.first_blocker == expected.rule.text
        if is_there and fits(expected, of_decision(each)):
            return True
    return False


def _unreached(name: str, at: int) -> list[str]:
    return [
        f"no such intent came as far as `{name}` at {_clock(at)}, so that it could refuse nothing",
        "name an instant at which an order is sent, or refused by the order gate",
    ]


def _waits(rules: list[TypedRule], graph: Graph, at_the_end: frozenset[str] | None, *, has_event: bool) -> bool:
    """Can time alone make one of the rules act: by what it compares, after its pause, or, where no event came, when an
    unknown has lasted? After the last event (`at_the_end`) only by what it compares, and where that was evaluated."""
    watched = [each for each in rules if each.section in PROPOSING and getattr(each.source, "on", "") != "signal"]
    blocks = [block.name for rule in watched for block in rule.blocks.values()]
    by_time = [name for name in blocks if any(time_flips(graph, graph.blocks[name]))]
    if at_the_end is not None:
        return bool(at_the_end.intersection(by_time))
    pauses = any(rule.constants.get("cooldown") for rule in watched)
    return bool(by_time) or pauses or (not has_event and any("unknown_wait" in rule.constants for rule in watched))


def _meant(expected: Expected, typed: TypedPolicy) -> Iterator[TypedRule]:
    """Rules of which the expectation says that none acts."""
    for rule in typed.rules:
        if rule.section == "metrics":
            continue
        if expected.rule is not None and rule.id != expected.rule.text:
            continue
        if expected.rule is not None or (
            rule.section in PROPOSING and (expected.intent is None or wants(rule, expected.intent))
        ):
            yield rule


def _clock(ns: int) -> str:
    return f"{ns / NANOS:.10g}s"
