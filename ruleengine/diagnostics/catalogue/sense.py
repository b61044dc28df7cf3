"""A condition, bound or table that reads well and has no use: never, always, or not solvable.

Codes: RE344–RE347, RE350, RE364–RE365, RE367, RE371.

One function per fault, declared with its page by `@fault` (see `pages.py`). `proof="expression"`: the bad example is
one expression, checked in the scope of an entry guard.
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span


@fault(
    "RE344",
    title="condition that never changes",
    what="The condition does not depend on anything that can change.",
    why="A guard that can never refuse, or never allow, is a mistake.",
    bad="1 > 2",
    good="mid > 90",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def constant_condition(span: Span, value: bool) -> Wording:
    return says(f"this condition is always {str(value).lower()}", "remove it, or say what it was meant to depend on")


@fault(
    "RE345",
    title="cap that is not monotone in size",
    what="The largest allowed size is only defined where more size makes the limit harder to keep.",
    why="Otherwise a larger order could pass where a smaller one is refused.",
    bad="limit: account.margin_used_of_equity_after >= 50%",
    good="limit: account.margin_used_of_equity_after <= 50%",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def cap_not_monotone(span: Span, why: str) -> Wording:
    why, _, remedy = why.partition("; ")
    return says(
        f"the allowed size can't be solved: {why}",
        remedy
        or "compare one `…_after` fact, or a sum of such, with something that does not depend on `size`;"
        " rising facts with `<=`, falling ones with `>=`; what more size makes easier to keep is a guard",
    )


@fault(
    "RE346",
    title="cap that does not depend on the size",
    what="A cap is solved for the size; this one has the same answer for every size.",
    why="It would be a guard in disguise and refuse without saying by how much.",
    bad="limit: spread <= 2pips",
    good="limit: account.margin_used_of_equity_after <= 50%",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def cap_without_size(span: Span) -> Wording:
    return says("the limit does not depend on `size`", "use a fact that ends in `_after`, or write it as a guard")


@fault(
    "RE347",
    title="parameter outside of its bounds",
    what="The value of a parameter breaks its own `min` or `max`.",
    why="Bounds are the operator's promise (FX-02: never above 92 %).",
    bad="{unit: ratio, default: 95%, max: 92%}",
    good="{unit: ratio, default: 92%, max: 92%}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def parameter_bounds(span: Span, name: str, value: str, low: str, high: str, are_crossed: bool) -> Wording:
    """`low`, `high`: as written, empty where there is none."""
    if are_crossed:
        return says(f"nothing can be {word(name)}: its `min` {low} is above its `max` {high}", "exchange the two")
    bounds = " and ".join(f"{which} {bound}" for which, bound in (("at least", low), ("at most", high)) if bound)
    return says(f"{word(name)} is {value}, it has to be {bounds}")


@fault(
    "RE350",
    title="product too long",
    what="A chain of multiplications could leave the range of numbers.",
    why="Results must stay finite in every backend.",
    bad="(17 factors)",
    good="mid * 2 > 90",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def product_chain(span: Span, most: int) -> Wording:
    return says(f"more than {most} multiplications in a row", "name parts of it under `features:`")


@fault(
    "RE364",
    title="reduction whose size can't be solved",
    what="`until` is solved for the smallest reduction after which it holds; this one need not begin to hold.",
    why="A condition that more reducing does not bring about would reduce everything, or nothing.",
    bad="reduce: {until: account.margin_used_of_available >= 82%}",
    good="reduce: {until: account.margin_used_of_available <= 82%}",
    proof="none: shown in tests/typecheck/test_reductions.py",
)
def reduction_not_monotone(span: Span, why: str) -> Wording:
    why, _, remedy = why.partition("; ")
    return says(
        f"the reduction can't be solved: {why}",
        remedy
        or "limit something that falls as the net position is reduced with `<=`, such as"
        " `account.margin_used_of_available <= 82%` or `abs(position.net_units) <= 40_000units`",
    )


@fault(
    "RE365",
    title="size that may be below zero",
    what="A size is a share of the signed net position, or a bound of `reduce` is not known to be zero or more.",
    why="The net position is negative where shorts are the larger side: a share of it would open or allow nothing.",
    bad="at_most: [55% of position.net_units]",
    good="at_most: [55% of abs(position.net_units)]",
    proof="none: shown in tests/typecheck/test_reductions.py",
)
def may_be_negative(span: Span, key: str, of_net: bool) -> Wording:
    return says(
        f"{word(key)} may be below zero",
        "write `abs(position.net_units)`: for shorts the net position is below zero"
        if of_net
        else "write it so that it can't be: with `abs(…)`, or as `max(…, 0)`",
    )


@fault(
    "RE367",
    title="second `otherwise` for a column",
    what="Two rows of a table are `otherwise` and give the same column.",
    why="Only the first would ever count.",
    bad="rows: [{otherwise: true, values: {n: 1}}, {otherwise: true, values: {n: 2}}]",
    good="rows: [{when: {strategy: A}, values: {n: 1}}, {otherwise: true, values: {n: 2}}]",
    proof="none: shown in tests/typecheck/test_tables.py",
)
def second_otherwise(span: Span, column: str) -> Wording:
    return says(f"a row above gives {word(column)} already where no other row matches", "remove one of the two")


@fault(
    "RE371",
    title="value that is never known",
    what="A part of the expression is made of constants and has no value, as a division by zero.",
    why="What depends on it is unknown at all times: a guard refuses everything, an exit never acts.",
    bad="require: spread <= 5pips / 0",
    good="require: spread <= 5pips / 2",
    proof="none: shown in tests/typecheck/test_constants.py",
)
def never_known(span: Span) -> Wording:
    return says("this has no value, whatever the market does", "is it a division by zero?")
