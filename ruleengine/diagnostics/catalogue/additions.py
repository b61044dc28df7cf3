"""RE390–RE399: ladders and pyramids that can't add what they say.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Related, Severity
from ruleengine.diagnostics.span import Span

_PROOF = "none: shown in tests/typecheck/test_additions.py"


@fault(
    "RE390",
    title="ladder without a base that it can have",
    what="The ladder's base is a new position, and nothing in the policy sizes one that no signal asks for.",
    why="Without a base there is no step: every addition would be refused (SC-02).",
    bad="ladders: [{id: scale-in, source: market, steps: [100%], …}] and no sizing rule with a `size` for entries",
    good="sizing: [{id: base, applies_to: {intent: entry}, size: 10_000units}]",
    proof=_PROOF,
)
def no_base(span: Span, rule: str) -> Wording:
    return says(
        f"no sizing rule gives a new position a size, which {word(rule)} takes its steps from",
        "add a sizing rule with a `size` that applies to entries, or write `base: initial_position` or a size",
    )


@fault(
    "RE391",
    title="step of nothing",
    what="A coefficient of the ladder is 0% or less, whatever the market does.",
    why="Such a step adds nothing and still counts as one; where additions end is said by the number of steps.",
    bad="steps: [100%, 50%, 0%]",
    good="steps: [100%, 50%]",
    proof=_PROOF,
)
def step_of_nothing(span: Span, value: str) -> Wording:
    return says(f"the coefficient is {value}", "it has to be above 0%; leave the step out to end the ladder before it")


@fault(
    "RE392",
    title="more additions than steps",
    what="`most` allows more additions than the ladder has steps.",
    why="Past the last step there is no addition (SC-02), so the larger number is never reached.",
    bad="{steps: [100%, 60%, 40%], most: 5}",
    good="{steps: [100%, 60%, 40%], most: 3}",
    proof=_PROOF,
    severity=Severity.WARNING,
)
def more_than_steps(span: Span, most: str, steps: int) -> Wording:
    return says(
        f"`most` is {most}, and the ladder has {steps} {'step' if steps == 1 else 'steps'}",
        "add steps, or allow as many additions as there are",
    )


@fault(
    "RE393",
    title="choice behind `otherwise`",
    what="A choice of coefficients stands behind the one that counts wherever none above it holds.",
    why="It is never looked at.",
    bad="choices: [{otherwise: true, coefficients: [100%]}, {when: account.equity <= 500USD, coefficients: [50%]}]",
    good="choices: [{when: account.equity <= 500USD, coefficients: [50%]}, {otherwise: true, coefficients: [100%]}]",
    proof=_PROOF,
)
def choice_out_of_reach(span: Span, otherwise: Span) -> Wording:
    return says(
        "this choice stands behind `otherwise`, and never counts",
        "put it before that one, or remove it",
        related=(Related("counts wherever it is reached", otherwise),),
    )
