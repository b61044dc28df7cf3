"""RE429–RE435: what a policy declares against what its limits and other rules leave of it.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Related, Severity
from ruleengine.diagnostics.span import Span

_SHOWN = "none: shown in tests/typecheck/test_limits_and_rules.py"


@fault(
    "RE429",
    title="key of a table that no row asks for",
    what="A fact stands under `by`, and no row of the table says anything of it.",
    why="The table reads as if it decided by it. Nothing is done that the rows do not say, so it is a warning.",
    bad="by: [strategy, side], rows: [{when: {strategy: A}, …}]",
    good="by: [strategy], rows: [{when: {strategy: A}, …}]",
    proof=_SHOWN,
    severity=Severity.WARNING,
)
def key_never_asked(span: Span, table: str, key: str) -> Wording:
    return says(
        f"no row of {word(table)} asks for {word(key)}", "remove it from `by`, or say in the rows what it decides"
    )


@fault(
    "RE430",
    title="strategy or pocket that nothing opens",
    what="No rule opens trades of it or speaks of it, and no rule takes signals that could name it.",
    why="Rules that were meant for it may name another. Nothing can be opened by mistake, so it is a warning.",
    bad="pockets: [scalp, macro], where every strategy and rule is of `scalp`",
    good="pockets: [scalp]",
    proof=_SHOWN,
    severity=Severity.WARNING,
)
def nothing_opens(span: Span, kind: str, name: str) -> Wording:
    return says(f"no rule opens or names {kind} {word(name)}", "remove it, or name it where it was meant")


@fault(
    "RE431",
    title="floor above its cap",
    what="`at_least` is above one of `at_most`, whatever the market does and whatever parameters are set to.",
    why="The two never leave an amount between them: `send_nothing` never reduces anything, `floor` never keeps the "
    "cap and `cap` never keeps the floor.",
    bad="reduce: {at_least: 10_000units, at_most: [5_000units], floor_over_cap: send_nothing, …}",
    good="reduce: {at_least: 10_000units, at_most: [50_000units], floor_over_cap: send_nothing, …}",
    proof=_SHOWN,
)
def floor_above_cap(span: Span, floor: str, cap: str, posture: str, place: Span) -> Wording:
    comes = {
        "send_nothing": "nothing is ever reduced",
        "floor": "the cap never counts",
        "cap": "the floor never counts",
    }
    return says(
        f"the floor is {floor} and its cap {cap}: {comes.get(posture, 'they leave nothing')}",
        "exchange the two, or leave one out",
        related=(Related("its cap", place),),
    )


@fault(
    "RE432",
    title="sizes that come to more than a limit",
    what="At the largest size that the policy itself gives, an order is above a limit, or additions (of one rule, or "
    "of several that add to the same position) take the position above one.",
    why="What is above is refused or cut down, so a ladder is shorter than it reads, and an entry never sends what it "
    "says. The limit holds and nothing too large is sent, so it is a warning.",
    bad="ladders: [{base: 50_000units, steps: [100%, 100%, 100%, 100%], …}], max_position_units: 150_000units",
    good="ladders: [{base: 50_000units, steps: [100%, 60%, 40%], …}], max_position_units: 200_000units",
    proof=_SHOWN,
    severity=Severity.WARNING,
)
def adds_up_to_more(
    span: Span, rules: Sequence[str], number: int, units: str, most: str, limit: str, place: Span, *, is_order: bool
) -> Wording:
    of = " and ".join(word(rule) for rule in rules) + (" together" if len(rules) > 1 else "")
    what = f"addition {number} of {of}" if number else f"an order of {of}" if is_order else "the first position alone"
    return says(
        f"{what} {'makes' if number and not is_order else 'is'} {units} at the largest, {limit} allows {most}",
        "take a smaller size, or raise the limit"
        if is_order
        else "take smaller or fewer steps (`most` ends a pyramid), or raise the limit",
        related=(Related("the limit", place),),
    )


@fault(
    "RE433",
    title="pace that trips the latch",
    what="The rule may send its orders so close together that the latch on repeated execution stops it.",
    why="A tripped rule waits until a person re-arms it with a reason: the latch is for what goes wrong, and a rule "
    "that does what it says should not meet it. It stops what adds risk only, so it is a warning.",
    bad="cooldown: 5s, limits: {repeated_execution: {orders: 5, within: 60s}}",
    good="cooldown: 15s, limits: {repeated_execution: {orders: 5, within: 60s}}",
    proof=_SHOWN,
    severity=Severity.WARNING,
)
def trips_the_latch(span: Span, rule: str, apart: str, orders: str, within: str, needed: str, place: Span) -> Wording:
    return says(
        f"{word(rule)} may send an order each {apart}, and is stopped after {orders} within {within}",
        f"leave {needed} between its orders, or allow more of them within the time",
        related=(Related("the latch", place),),
    )


@fault(
    "RE434",
    title="pace that empties the message budget",
    what="The orders of this one rule come faster than the message budget refills.",
    why="Its orders are refused, and those of all other rules that add risk with them. Reductions never wait, so it is "
    "a warning.",
    bad="cooldown: 0.1s, limits: {orders_per_second: 5}",
    good="cooldown: 1s, limits: {orders_per_second: 5}",
    proof=_SHOWN,
    severity=Severity.WARNING,
)
def empties_the_budget(span: Span, rule: str, apart: str, limit: str, orders: str, place: Span) -> Wording:
    return says(
        f"{word(rule)} may send an order each {apart}, limits.{limit} allows {orders}",
        "leave more time between its orders, or allow more messages",
        related=(Related("the budget", place),),
    )


@fault(
    "RE435",
    title="addition that no cap judges",
    what="The rule adds to the book (a ladder, a pyramid, a hedge that opens), and no enforced cap is for its kind of "
    "intent.",
    why="A cap that is for entries alone holds the first order and none of those after it. The order gate's own limits "
    "still hold, so it is a warning.",
    bad="caps: [{id: margin, applies_to: {intent: entry}, …}], pyramids: [{id: add, …}]",
    good="caps: [{id: margin, applies_to: {intent: [entry, pyramid]}, …}], pyramids: [{id: add, …}]",
    proof="none: shown in tests/typecheck/test_uncapped.py",
    severity=Severity.WARNING,
)
def no_cap(span: Span, rule: str, kind: str, cap: str, place: Span | None) -> Wording:
    related = () if place is None else (Related("the cap of entries", place),)
    remedy = f"add `{kind}` to the `intent` of cap {word(cap)}, or write a cap of its own" if cap else "write a cap"
    return says(
        f"no cap judges what {word(rule)} adds; only the limits of the order gate do",
        f"{remedy}; one without `intent` judges everything that opens",
        related=related,
    )
