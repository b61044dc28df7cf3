"""What a scenario expects, held against what was decided: the first difference, with what happened instead.

1. each expectation in turn takes one decision of its instant, or is held against values or notes; what it does not
   state may be anything
2. where none fits, the nearest one of the instant is named with what differs, else what came before and after
3. with `and_nothing_else`, an order that no expectation took is a difference too
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.model.audit import Decision, Note, Outcome, Verdict
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import quantity
from ruleengine.reports.blocker import verdict_of
from ruleengine.reports.scenario_asked import Found
from ruleengine.reports.scenario_figures import figures_unlike
from ruleengine.reports.scenario_given import MILLISECOND, NANOS, at_ns, is_at, start_ns
from ruleengine.reports.scenario_play import Played
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_expect import Expected, kind_of

NEARBY = 3
"""How many decisions beside the instant are told where there is none at it."""

_WANTED = {"order": ("sent",), "refusal": ("refused", "merged"), "shadow": ("shadow",)}


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not as stated. `differs`: (what, expected, found) of the nearest decision; `instead`:
    what was decided, a line each."""

    place: Span
    expected: str
    differs: list[tuple[str, str, str]] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)


def first_difference(scenario: Scenario, played: Played) -> Difference | None:
    """None where everything is as stated."""
    taken: set[int] = set()
    for number, wanted in enumerate(scenario.expect):
        match kind_of(wanted):
            case "values":
                found = _of_values(wanted, played.values.get(number, []))
            case "note":
                found = _of_notes(wanted, scenario, played.notes)
            case _:
                found = _of_decisions(number, wanted, scenario, played, taken)
        if found is not None:
            return found
    if scenario.and_nothing_else:
        for n, decision in enumerate(played.decisions):
            if decision.outcome == "sent" and n not in taken:
                place = scenario.expect[-1].at.node.span
                return Difference(place, "no other order", [], [line_of(decision, start_ns(scenario.given))])
    return None


def _of_decisions(
    number: int, wanted: Expected, scenario: Scenario, played: Played, taken: set[int]
) -> Difference | None:
    """`taken`: numbers of decisions that an expectation stands for already; the one found joins them."""
    decisions, begin, instant = played.decisions, start_ns(scenario.given), at_ns(wanted, scenario.given)
    there = [n for n, decision in enumerate(decisions) if is_at(decision.ts, instant) and n not in taken]
    if wanted.outcome == "nothing":
        against = [decisions[n] for n in there if _counts_against(wanted, decisions[n])]
        if against:
            return Difference(_span(wanted), _told(wanted), [], [line_of(each, begin) for each in against])
        why = played.unasked.get(number)
        return None if why is None else Difference(_span(wanted), _told(wanted), [], why)
    found = next((n for n in there if not list(_differences(wanted, decisions[n]))), None)
    if found is None:
        return _unmet(wanted, [decisions[n] for n in there], decisions, played.notes, instant, begin)
    taken.add(found)
    return None


def _of_values(wanted: Expected, found: list[Found]) -> Difference | None:
    if not found:
        return None
    return Difference(_span(wanted), _told(wanted), [(each.what, each.expected, each.found) for each in found])


def _of_notes(wanted: Expected, scenario: Scenario, notes: Sequence[Note]) -> Difference | None:
    """A note of that description at the instant; or with `times`, so many of them up to it."""
    begin, instant = start_ns(scenario.given), at_ns(wanted, scenario.given)
    fitting = [each for each in notes if each.ts < instant + MILLISECOND and _is_note(wanted, each)]
    if wanted.times is not None:
        is_met = len(fitting) == wanted.times.number
    else:
        is_met = any(is_at(each.ts, instant) for each in fitting)
    if is_met:
        return None
    differs = [] if wanted.times is None else [("times", wanted.times.text, str(len(fitting)))]
    beside = fitting if wanted.times is not None else sorted(notes, key=lambda each: abs(each.ts - instant))[:NEARBY]
    lines = [note_line(each, begin) for each in beside]
    return Difference(_span(wanted), _told(wanted), differs, lines or ["no note"])


def _is_note(wanted: Expected, note: Note) -> bool:
    return (
        wanted.note is not None
        and note.code == wanted.note.text
        and wanted.level in (None, note.level)
        and (wanted.about is None or _is_about(note, wanted.about.text))
        and (wanted.reason is None or wanted.reason.text in note.message)
    )


def _is_about(note: Note, name: str) -> bool:
    """By its key, or by the rule with which its text begins: an alert's key is its account, instrument or pocket."""
    subject = note.message.partition(" ")[0].rstrip(":")
    return name in (note.key, subject, subject.partition("/")[0])


def endless(scenario: Scenario, decisions: Sequence[Decision], most: int) -> Difference:
    """What is told of a scenario whose orders don't end."""
    begin = start_ns(scenario.given)
    last = [line_of(each, begin) for each in decisions[-NEARBY:]]
    return Difference(scenario.about.node.span, f"fewer than {most:,} orders", [], [*last, "… and so on"])


def _counts_against(wanted: Expected, decision: Decision) -> bool:
    """Is this an order or refusal of the kind that should not be there?"""
    if decision.outcome not in ("sent", "refused", "merged"):
        return False
    return not any(name in ("instrument", "intent", "rule", "side", "strategy", "trade")
                   for name, _, _ in _differences(wanted, decision))  # fmt: skip


# --- one expectation, one decision -----------------------------------------------------------------------------------


def _differences(wanted: Expected, decision: Decision) -> Iterator[tuple[str, str, str]]:
    """(what, expected, found) for everything stated that the decision doesn't have."""
    if wanted.outcome != "nothing" and decision.outcome not in _WANTED[wanted.outcome]:
        yield "outcome", wanted.outcome, decision.outcome
    order = decision.order
    plain: list[tuple[str, str | None, str]] = [
        ("instrument", None if wanted.instrument is None else wanted.instrument.text, decision.instrument),
        ("intent", wanted.intent, decision.kind),
        ("side", wanted.side, decision.side),
        ("strategy", None if wanted.strategy is None else wanted.strategy.text, decision.strategy),
        ("trade", None if wanted.trade is None else wanted.trade.text, decision.trade_id),
    ]
    for what, stated, has in plain:
        if stated is not None and stated != has:
            yield what, stated, has or "none"
    if wanted.rule is not None and wanted.rule.text not in _rules(wanted, decision):
        yield "rule", wanted.rule.text, ", ".join(_rules(wanted, decision))
    if wanted.units is not None:
        units = None if order is None else order.units
        if units is None or wanted.units.number != units:
            yield "units", quantity(wanted.units.number), "no order" if units is None else quantity(units)
    if wanted.reduce_only is not None and (order is None or order.is_reduce_only is not wanted.reduce_only):
        yield "reduce_only", str(wanted.reduce_only).lower(), "false" if order is None else str(order.is_reduce_only)
    for what, leaf in (("price", wanted.price), ("stop", wanted.stop), ("target", wanted.target)):
        price: Decimal | None = None if order is None else getattr(order, what)
        if leaf is not None and leaf.number != price:
            yield what, f"{leaf.number:f}", "none" if price is None else f"{price:f}"
    yield from _of_sizes(wanted, decision)
    yield from _of_refusal(wanted, decision)


def _of_sizes(wanted: Expected, decision: Decision) -> Iterator[tuple[str, str, str]]:
    path = dict(decision.size_path)
    for what, size in (wanted.size_path or {}).items():
        if path.get(what) != size.number:
            shown = ", ".join(f"{each} {quantity(units)}" for each, units in decision.size_path)
            yield f"size_path {what}", quantity(size.number), shown or "no size path"


def _of_refusal(wanted: Expected, decision: Decision) -> Iterator[tuple[str, str, str]]:
    verdict = _verdict(wanted, decision)
    code = verdict.code if verdict is not None and verdict.code else decision.code
    if wanted.code is not None and wanted.code.text != code:
        yield "code", wanted.code.text, code or "none"
    unknowns = _unknowns(decision, verdict)
    if wanted.unknown is not None and not any(wanted.unknown.text in each for each in unknowns):
        yield "unknown", wanted.unknown.text, "; ".join(unknowns) or "everything known"
    if wanted.reason is not None and wanted.reason.text not in decision.message:
        yield "reason", wanted.reason.text, decision.message or "none"
    stated = {"measured": wanted.measured, "limit": wanted.limit, "distance": wanted.distance}
    failing = [each for each in _comparisons(decision, verdict) if each.verdict is not True]
    yield from figures_unlike(stated, failing)


def _rules(wanted: Expected, decision: Decision) -> list[str]:
    """Rules that an expectation may mean: the one that wanted it, and for refusals every one that refused."""
    if wanted.outcome == "order":
        return [decision.rule]
    refusing = [v.rule for v in decision.verdicts if v.outcome in (Outcome.REFUSE, Outcome.UNKNOWN)]
    return list(dict.fromkeys(each for each in (decision.first_blocker, *refusing, decision.rule) if each))


def _verdict(wanted: Expected, decision: Decision) -> Verdict | None:
    """The verdict an expectation speaks of: of the rule it names, else of the first blocker."""
    return verdict_of(decision, decision.first_blocker if wanted.rule is None else wanted.rule.text)


def _comparisons(decision: Decision, verdict: Verdict | None) -> list[Comparison]:
    return decision.trigger if verdict is None else verdict.comparisons


def _unknowns(decision: Decision, verdict: Verdict | None) -> list[str]:
    said = [decision.message] if "unknown" in decision.message else []
    return [*(verdict.unknowns if verdict is not None else ()), *said]


# --- words -----------------------------------------------------------------------------------------------------------


def line_of(decision: Decision, begin: int) -> str:
    """A decision in one line, with its time from the scenario's start."""
    of = f" of {decision.strategy}" if decision.strategy else ""
    on = f" on trade {decision.trade_id}" if decision.trade_id else ""
    size = quantity(decision.order.units if decision.order is not None else decision.wanted)
    parts = [
        f"{_clock(decision.ts - begin)}: {decision.outcome} {decision.kind} by {decision.rule}, {decision.side} {size}"
    ]
    parts.append(f"{of}{on}")
    if decision.order is not None and decision.order.is_reduce_only:
        parts.append(", reduce-only")
    if decision.outcome in ("refused", "merged"):
        parts.append(f"; {decision.first_blocker or decision.rule} {decision.code} {decision.message}")
    return "".join(parts)


def note_line(note: Note, begin: int) -> str:
    """A note in one line, with its time from the scenario's start."""
    return f"{_clock(note.ts - begin)}: {note.level} {note.code} {note.message}"


def _unmet(
    wanted: Expected,
    there: list[Decision],
    decisions: Sequence[Decision],
    notes: Sequence[Note],
    instant: int,
    begin: int,
) -> Difference:
    place, told = _span(wanted), _told(wanted)
    if there:
        nearest = min(there, key=lambda each: len(list(_differences(wanted, each))))
        rest = [each for each in there if each is not nearest]
        lines = [line_of(each, begin) for each in (nearest, *rest)]
        return Difference(place, told, list(_differences(wanted, nearest)), lines)
    nearby = sorted(decisions, key=lambda each: abs(each.ts - instant))[:NEARBY]
    lines = [f"nothing at {_clock(instant - begin)}"]
    lines += [line_of(each, begin) for each in sorted(nearby, key=lambda each: each.ts)]
    lines += [note_line(each, begin) for each in notes if is_at(each.ts, instant)]
    return Difference(place, told, [], lines)


def _told(wanted: Expected) -> str:
    """An expectation in one line."""
    parts: list[str] = [wanted.outcome] if kind_of(wanted) == "decision" else []
    for name in type(wanted).model_fields:
        value = getattr(wanted, name)
        if name not in ("at", "outcome") and value is not None:
            parts.append(f"{name} {_text(value)}")
    return f"{', '.join(parts)} at {wanted.at.text}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    return str(value).lower() if isinstance(value, bool) else str(getattr(value, "text", value))


def _span(wanted: Expected) -> Span:
    return wanted.at.node.span


def _clock(ns: int) -> str:
    """
    >>> _clock(3_000_000_000), _clock(21_500_000_000)
    ('3s', '21.5s')
    """
    return f"{ns / NANOS:.10g}s"
