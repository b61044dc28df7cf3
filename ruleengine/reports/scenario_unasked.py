"""Expectations of nothing that nothing could fail: at their instant no rule that they speak of was asked.

What is asked is heard while a scenario is played: the time of each event that the engine takes in, with the blocks of
rules that were evaluated for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ruleengine.graph.node import Graph
from ruleengine.model.audit import Audit, Decision
from ruleengine.model.event import Event
from ruleengine.reports.scenario_given import NANOS, at_ns, is_at, start_ns
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.needs import time_flips
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_expect import Expected, kind_of
from ruleengine.typecheck.policy import TypedPolicy, TypedRule

_SECTIONS = {
    "entry": ("entries",),
    "ladder": ("ladders",),
    "pyramid": ("pyramids",),
    "hedge_open": ("hedges",),
    "hedge_reduce": ("hedges",),
    "exit": ("exits", "protections"),
}
"""Sections whose rules want each kind of intent."""
_PROPOSING = tuple(dict.fromkeys(section for sections in _SECTIONS.values() for section in sections))


class Heard:
    """What an engine took in. `passing`: the event that only lets time pass to the last expectation."""

    def __init__(self, asked: set[str], passing: Event | None) -> None:
        self._asked, self._passing = asked, passing
        self.events: list[tuple[int, frozenset[str]]] = []
        self.at_the_end = frozenset[str]()
        """What was asked when only time had passed to the last expectation."""
        asked.clear()

    def listen(self, engine: Engine) -> None:
        """Hear what an engine takes in from now on."""
        process = engine.process

        def heard(event: Event) -> Audit:
            audit = process(event)
            self._took(event)
            return audit

        engine.process = heard

    def _took(self, event: Event) -> None:
        """An event was taken in; what was asked for it is known now."""
        if event is self._passing:
            self.at_the_end = frozenset(self._asked)
        else:
            self.events.append((event.ts, frozenset(self._asked)))
        self._asked.clear()


def unasked(
    scenario: Scenario, typed: TypedPolicy, graph: Graph, heard: Heard, decisions: Iterable[Decision]
) -> Mapping[int, list[str]]:
    """By the number of the expectation: why nothing could have come of it, and what would help."""
    found = dict[int, list[str]]()
    judged = list(decisions)
    for number, expected in enumerate(scenario.expect):
        if kind_of(expected) == "decision" and expected.outcome == "nothing":
            instant = at_ns(expected, scenario.given)
            there = [asked for ts, asked in heard.events if is_at(ts, instant)]
            rules = {verdict.rule for each in judged if is_at(each.ts, instant) for verdict in each.verdicts}
            meant = list(_meant(expected, typed))
            last = max((ts for ts, _ in heard.events), default=0)
            if _waits(meant, graph, heard.at_the_end if instant >= last else None, has_event=bool(there)):
                continue
            if there:
                why = _why(expected, meant, there, rules, instant - start_ns(scenario.given))
            else:
                why = _without_event(instant, last, start_ns(scenario.given))
            if why is not None:
                found[number] = why
    return found


def _without_event(instant: int, last: int, start: int) -> list[str]:
    after = f"; the last one came at {_clock(last - start)}" if last and last < instant else ""
    return [
        f"no event came at {_clock(instant - start)}, so that nothing could be decided{after}",
        "name an instant at which a price, a signal or an order's answer comes, or give the market a row there",
    ]


def _why(
    expected: Expected, meant: list[TypedRule], there: list[frozenset[str]], judged: set[str], at: int
) -> list[str] | None:
    asked = frozenset[str]().union(*there)
    names = {block.name for rule in meant for block in rule.blocks.values()}
    is_off = any(not rule.constants.get("enabled", True) for rule in meant if expected.rule is not None)
    if not names or is_off or asked & names or judged & {rule.id for rule in meant}:
        return None  # of a rule that is switched off it is shown that it is
    what = "rule that could want an order"
    if expected.rule is not None:
        what = f"rule `{expected.rule.text}`"
    elif expected.intent is not None:
        what = f"rule for the intent `{expected.intent}`"
    return [
        f"no {what} was asked at {_clock(at)}, so that it could decide nothing",
        "name an instant at which it is asked: an entry by a signal, a guard by an intent, others by what they read",
    ]


def _waits(rules: list[TypedRule], graph: Graph, at_the_end: frozenset[str] | None, *, has_event: bool) -> bool:
    """Can time alone make one of the rules act: by what it compares, after its pause, or, where no event came, when an
    unknown has lasted? After the last event (`at_the_end`) only by what it compares, and where that was evaluated."""
    watched = [each for each in rules if each.section in _PROPOSING and getattr(each.source, "on", "") != "signal"]
    blocks = [block.name for rule in watched for block in rule.blocks.values()]
    by_time = [name for name in blocks if any(time_flips(graph, graph.blocks[name]))]
    if at_the_end is not None:
        return bool(at_the_end.intersection(by_time))
    pauses = any(rule.constants.get("cooldown") for rule in watched)
    return bool(by_time) or pauses or (not has_event and any("unknown_wait" in rule.constants for rule in watched))


def _meant(expected: Expected, typed: TypedPolicy) -> Iterator[TypedRule]:
    """Rules of which the expectation says that none acts."""
    sections = _PROPOSING if expected.intent is None else _SECTIONS[expected.intent]
    for rule in typed.rules:
        if rule.section == "metrics":
            continue
        if expected.rule is not None and rule.id != expected.rule.text:
            continue
        if expected.rule is not None or rule.section in sections:
            yield rule


def _clock(ns: int) -> str:
    return f"{ns / NANOS:.10g}s"
