"""RE353–RE359: a rule reads well, and can't do what it stands for: it never acts, or its figures make no sense.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span


@fault(
    "RE353",
    title="rule that can never act",
    what="The rule's own strategy, pocket or side is none of those that its `applies_to` admits.",
    why="`applies_to` narrows what a rule may do; where it leaves out all of it, the rule is dead text.",
    bad="entries: [{id: dip, source: market, strategy: A, applies_to: {strategy: B}, …}]",
    good="entries: [{id: dip, source: market, strategy: A, …}]",
    proof="none: shown in tests/typecheck/test_applies.py",
)
def never_applies(span: Span, key: str, admitted: Sequence[str], own: str) -> Wording:
    has = f"its own is {word(own)}" if own else f"it has no {key} of its own"
    return says(
        f"the rule can never act: `applies_to` admits {key} {', '.join(word(each) for each in admitted)}, and {has}",
        f"remove `{key}` from its `applies_to`, or make the two agree",
    )


@fault(
    "RE354",
    title="figure outside of what its place can mean",
    what="A share, size, count, wait or cooldown of a rule lies outside of its bounds, whatever the market does.",
    why="A rule that closes 0% does nothing and a wait below 0s is over before it begins; 200% was meant to be 20%.",
    bad="close: 0% - 50%",
    good="close: 50%",
    proof="none: shown in tests/typecheck/test_bounds.py",
)
def out_of_bounds(span: Span, key: str, value: str, bounds: str) -> Wording:
    return says(f"{word(key)} is {value}", f"it has to be {bounds}")
