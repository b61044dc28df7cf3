"""RE372–RE389: modes and patterns that read well and can't be followed.

One function per fault, declared with its page by `@fault` (see `pages.py`). `proof="sections"`: the examples are
sections of a policy, beside a guard that reads what they declare.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span


@fault(
    "RE372",
    title="states in the wrong form",
    what="A mode `of` a value has a list of conditions for states, or one without a value has thresholds.",
    why="Which of the two classifies it would be a guess.",
    bad="modes: {tier: {states: {small: 500JPY, large: 900JPY}}}",
    good="modes: {tier: {of: account.equity, states: {small: 500JPY, large: 900JPY}}}",
    proof="none: shown in tests/typecheck/test_modes.py",
)
def states_misfit(span: Span, lacks: str) -> Wording:
    """`lacks`: `of` where it is not given, `list` where it is and states are conditions."""
    if lacks == "of":
        return says("these states begin at values, and no value is classified", "say which, with `of: account.equity`")
    return says(
        "these states have conditions, and a value is given with `of` too",
        "remove `of`, or write the states as a map: `{small: 500USD, large: 3_000USD}`",
    )


@fault(
    "RE373",
    title="posture that the mode can't take",
    what="`on_unknown` names something that this kind of mode can't be.",
    why="A switch is on or off, a classification in one of its states: the other's words say nothing of it.",
    bad="modes: {busy: {enter: spread > 3pips, leave: spread < 2pips, on_unknown: unknown}}",
    good="modes: {busy: {enter: spread > 3pips, leave: spread < 2pips, on_unknown: keep}}",
    proof="none: shown in tests/typecheck/test_modes.py",
)
def posture_misfits(span: Span, posture: str, fits: Sequence[str]) -> Wording:
    return says(f"this mode can't be {word(posture)} while its inputs are unknown", f"write {' or '.join(fits)}")


@fault(
    "RE374",
    title="thresholds that don't rise",
    what="A state begins at or below the value of the state before it.",
    why="The state before it could never be reached.",
    bad="modes: {tier: {of: account.equity, states: {large: 900JPY, small: 500JPY}}}",
    good="modes: {tier: {of: account.equity, states: {small: 500JPY, large: 900JPY}}}",
    proof="none: shown in tests/typecheck/test_modes.py",
)
def not_rising(span: Span, value: str) -> Wording:
    return says(f"{word(value)} is not above the value at which the state before it begins", "write the states rising")


@fault(
    "RE375",
    title="state behind the one that always holds",
    what="States follow on the one with `otherwise: true`.",
    why="The first state that holds counts, so they could never be reached.",
    bad="modes: {regime: {states: [{name: calm, otherwise: true}, {name: wild, when: spread > 3pips}]}}",
    good="modes: {regime: {states: [{name: wild, when: spread > 3pips}, {name: calm, otherwise: true}]}}",
    proof="none: shown in tests/typecheck/test_modes.py",
)
def otherwise_first(span: Span, name: str) -> Wording:
    return says(f"no state behind {word(name)} can be reached", "write the state with `otherwise: true` last")


@fault(
    "RE376",
    title="mode with one state",
    what="A classification has fewer than two states.",
    why="It would say the same whatever happens.",
    bad="modes: {tier: {of: account.equity, states: {small: 500JPY}}}",
    good="modes: {tier: {of: account.equity, states: {small: 500JPY, large: 900JPY}}}",
    proof="none: shown in tests/typecheck/test_modes.py",
)
def too_few_states(span: Span, name: str) -> Wording:
    return says(f"{word(name)} needs two states at least")


@fault(
    "RE377",
    title="value that has no size",
    what="`of` gives something that is no number.",
    why="A state begins at a value: what is classified has to be larger or smaller than it.",
    bad="modes: {tier: {of: market.phase, states: {small: 500JPY, large: 900JPY}}}",
    good="modes: {tier: {of: account.equity, states: {small: 500JPY, large: 900JPY}}}",
    proof="none: shown in tests/typecheck/test_modes.py",
)
def not_a_number(span: Span, got: str) -> Wording:
    return says(f"this is a {got}, which is not larger or smaller than anything", "give a number, or list conditions")
