"""Expectations of nothing that hold whatever happens: of a kind of intent that no rule wants, of a rule that the named
intent, strategy, side or instrument never meets. An order or refusal that can't be is told when none is found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import shape
from ruleengine.reports.scenario_subjects import kinds_of, listed, wants
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_expect import Expected, kind_of
from ruleengine.typecheck.policy import TypedPolicy, TypedRule

_JUDGING = ("guards", "caps", "sizing")
_NARROWED = (*_JUDGING, "entries", "exits")
"""Sections whose `applies_to` speaks of the intent itself, or of the trade that it closes."""


def impossible(scenario: Scenario, typed: TypedPolicy) -> Iterator[Diagnostic]:
    """A finding for each, with the rules or words that there are."""
    for expected in scenario.expect:
        if kind_of(expected) != "decision" or expected.outcome != "nothing":
            continue
        if expected.rule is None:
            yield from _of_intent(expected, typed)
            continue
        rule = next((each for each in typed.rules if _is_named(each, expected)), None)
        if rule is not None:
            yield from _of_rule(expected, rule)


def _is_named(rule: TypedRule, expected: Expected) -> bool:
    return expected.rule is not None and rule.id == expected.rule.text and rule.section not in ("metrics", "candidates")


def _of_intent(expected: Expected, typed: TypedPolicy) -> Iterator[Diagnostic]:
    intent = expected.intent
    if intent is None or any(wants(rule, intent) for rule in typed.rules):
        return
    there = sorted({kind for rule in typed.rules for kind in kinds_of(rule) if wants(rule, kind)})
    yield shape.out_of_place(
        expected.at.node.span,
        f"no rule of the policy can want the intent `{intent}`",
        f"its rules want {shape.listed(there, 'and')}" if there else "none of its rules wants an order",
    )


def _of_rule(expected: Expected, rule: TypedRule) -> Iterator[Diagnostic]:
    place, kinds = expected.at.node.span, sorted(kinds_of(rule))
    if not kinds:
        yield shape.out_of_place(
            place, f"`{rule.id}` decides nothing, it only speaks", "expect its note: `note: RE590, about: ...`"
        )
    elif expected.intent is not None and expected.intent not in kinds:
        yield _never_meets(expected, rule, f"the intent `{expected.intent}`", kinds)
    applies: Any = getattr(rule.source, "applies_to", None)
    if applies is None or rule.section not in _NARROWED:
        return
    for name in ("strategy", "side", "instrument"):
        stated, words = getattr(expected, name), [_text(each) for each in listed(getattr(applies, name))]
        if name == "side" and rule.section not in _JUDGING:
            continue  # of an exit it is the trade's, and an entry's rule may turn the signal's around
        if stated is not None and words and _text(stated) not in words:
            yield _never_meets(expected, rule, f"the {name} `{_text(stated)}`", words)


def _never_meets(expected: Expected, rule: TypedRule, what: str, words: list[str]) -> Diagnostic:
    reason = f"`{rule.id}` never meets {what}, so that it can decide nothing of it"
    return shape.out_of_place(expected.at.node.span, reason, f"it concerns {shape.listed(words, 'and')}")


def _text(leaf: Any) -> str:
    return str(getattr(leaf, "text", leaf))
