"""RE220–RE229: scenarios: what they expect, their cases and accounts."""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span
from ruleengine.diagnostics.suggest import help_line

_IN_FILES = "none: a scenario is needed; shown in tests/scenarios"


@fault(
    "RE220",
    title="scenario that expects nothing",
    what="The scenario states nothing that has to be so, or an expectation has no value to be held against.",
    why="A test that nothing can fail reads as proof and is none.",
    bad="expect: []",
    good="expect: [{at: 3s, outcome: refusal, rule: spread}]",
    proof=_IN_FILES,
)
def expects_nothing(span: Span, what: str) -> Wording:
    return says(
        f"{what}: nothing could make this scenario fail",
        help="state a decision, a value or a note, or `outcome: nothing` for an instant at which nothing may happen",
    )


@fault(
    "RE221",
    title="place that a case can't vary",
    what="A case names a place of the scenario that is not there.",
    why="The value would change nothing, and the case would repeat another one under its own name.",
    bad="cases: [{case: poor, given.acount.balance: 1_000JPY}]",
    good="cases: [{case: poor, given.account.balance: 1_000JPY}]",
    proof=_IN_FILES,
)
def no_such_place(span: Span, path: str, part: str, known: Sequence[str]) -> Wording:
    near = help_line(part, known)
    there = ", ".join(f"`{each}`" for each in known[:8]) or "nothing"
    return says(f"{word(path)} leads nowhere: there is no {word(part)}", help=near or f"there: {there}")


@fault(
    "RE222",
    title="case named twice",
    what="Two cases of a scenario, or two accounts of it, have one name.",
    why="A result has to name one case.",
    bad="cases: [{case: poor}, {case: poor}]",
    good="cases: [{case: poor}, {case: poorer}]",
    proof=_IN_FILES,
)
def case_twice(span: Span, name: str) -> Wording:
    return says(f"case {word(name)} stands here a second time", help="give it another name")


@fault(
    "RE223",
    title="fault that befalls nothing",
    what="A fault of the scenario, or a time in which its account can't be read, met nothing while it was played: no "
    "order was sent from then on, no row of the market came meanwhile, or the scenario had ended.",
    why="What the policy does in that fault is not shown, and the scenario reads as if it were.",
    bad="faults: [{at: 10s, reject: HALTED}]      # the only order is sent at 3 s",
    good="faults: [{at: 3s, reject: HALTED}]",
    proof=_IN_FILES,
)
def befalls_nothing(span: Span, what: str, why: str, remedy: str) -> Wording:
    return says(f"{what} befalls nothing: {why}", help=f"{remedy}, or leave it out")
