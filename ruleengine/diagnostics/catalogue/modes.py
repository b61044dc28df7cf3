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


@fault(
    "RE380",
    title="pattern without a price",
    what="A pattern of moves does not say which price it follows.",
    why="Bid, middle and last trade move differently, and which of them is meant decides what counts.",
    bad="patterns: {pullbacks: {count: {retrace: 2pips, after_run: 5pips}}}",
    good="patterns: {pullbacks: {of: mid, count: {retrace: 2pips, after_run: 5pips}}}",
    proof="none: shown in tests/typecheck/test_patterns.py",
)
def no_price_followed(span: Span, name: str) -> Wording:
    return says(f"{word(name)} follows no price", "add `of: mid`, or another price")


@fault(
    "RE381",
    title="price that nothing follows",
    what="A counter of conditions has keys that speak of a price.",
    why="It counts how often a condition becomes true; nothing would read the price.",
    bad="patterns: {jumps: {of: mid, count: {when: spread > 3pips}}}",
    good="patterns: {jumps: {count: {when: spread > 3pips}}}",
    proof="none: shown in tests/typecheck/test_patterns.py",
)
def no_price(span: Span, key: str) -> Wording:
    return says(f"{word(key)} says nothing here: conditions are counted, and no price", f"remove {word(key)}")


@fault(
    "RE382",
    title="two moves in one direction",
    what="A move follows on one in the same direction.",
    why="Between them nothing turns: the first goes on until the price does.",
    bad="steps: [{id: a, move: up, at_least: 1%, within: 5min}, {id: b, move: up, at_least: 1%, within: 5min}]",
    good="steps: [{id: a, move: up, at_least: 2%, within: 10min}]",
    proof="none: shown in tests/typecheck/test_patterns.py",
)
def same_direction(span: Span, step: str) -> Wording:
    return says(
        f"{word(step)} moves on as the step before it does, and could never begin",
        "make one step of both, or write `beyond: …` for a new extreme",
    )


@fault(
    "RE383",
    title="step without a time",
    what="A step behind the first has no `within`.",
    why="It would be waited for without end, and what comes hours later belongs to no pattern.",
    bad="steps: [{id: rise, move: up, at_least: 1%, within: 5min}, {id: calm, when: spread <= 1pips}]",
    good="steps: [{id: rise, move: up, at_least: 1%, within: 5min}, {id: calm, when: spread <= 1pips, within: 60s}]",
    proof="none: shown in tests/typecheck/test_patterns.py",
)
def no_time(span: Span, step: str) -> Wording:
    return says(f"{word(step)} is waited for without end", "add `within`: its time from the step before it")


@fault(
    "RE384",
    title="move that is too far before it is far enough",
    what="`at_most` of a move is below its `at_least`.",
    why="No move could be both.",
    bad="{id: pullback, move: down, at_least: 1.2%, at_most: 0.6%, within: 10min}",
    good="{id: pullback, move: down, at_least: 0.6%, at_most: 1.2%, within: 10min}",
    proof="none: shown in tests/typecheck/test_patterns.py",
)
def bounds_crossed(span: Span, step: str) -> Wording:
    return says(f"{word(step)} could never be: `at_most` is below `at_least`", "exchange the two")
