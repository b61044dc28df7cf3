"""RE640–RE659: exits that trail, hold, or can't do what they stand for.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span


@fault(
    "RE650",
    title="trailing stop of nothing that has a price",
    what="`trail` follows the price of a trade or a position; the account has none.",
    why="A gain and a fall from the best price are those of one thing at one entry.",
    bad="{for_each: account, trail: {from: 2%, distance: 1%}, close: 100%}",
    good="{for_each: trade, trail: {from: 2%, distance: 1%}, close: 100%}",
    proof="none: shown in tests/typecheck/test_trailing.py",
)
def trail_without_price(span: Span, for_each: str) -> Wording:
    return says(
        f"a rule for each {word(for_each)} has no price that could trail",
        "write `for_each: trade` or `for_each: position`",
    )


@fault(
    "RE651",
    title="trailing stop that locks more than it arms at",
    what="The gain that `lock` keeps is not below the one at which the stop arms.",
    why="It would close in the same moment in which it arms: a target that calls itself a trailing stop.",
    bad="trail: {from: 2pips, distance: 1pips, lock: 3pips}",
    good="trail: {from: 3pips, distance: 1pips, lock: 2pips}",
    proof="none: shown in tests/typecheck/test_trailing.py",
)
def lock_beyond_arming(span: Span, lock: str, begin: str) -> Wording:
    return says(
        f"the lock of {lock} is not below {begin}, where the stop arms",
        "lock less than `from`; for a target write `when:`",
    )


@fault(
    "RE652",
    title="floor of an exit that closes no part",
    what="The rule has a `floor`, and each of its stages closes all.",
    why="The floor is for parts: closing all of a trade is allowed at any value (SC-01), so this one bounds nothing.",
    bad="{close: 100%, floor: {worth: 5USD}}",
    good="{close: 40%, floor: {worth: 5USD}}",
    proof="none: shown in tests/typecheck/test_floors.py",
)
def floor_of_no_part(span: Span) -> Wording:
    return says("no stage of this rule closes a part", "remove `floor`, or close a part")


@fault(
    "RE653",
    title="basis that what is followed does not have",
    what="The `basis` of a `trail` is none of what the rule looks at.",
    why="A trade is measured from its entry; a position from its average entry or its first.",
    bad="{for_each: trade, trail: {from: 2%, distance: 1%, basis: average}, close: 100%}",
    good="{for_each: position, trail: {from: 2%, distance: 1%, basis: average}, close: 100%}",
    proof="none: shown in tests/typecheck/test_trailing.py",
)
def basis_of_another(span: Span, basis: str, for_each: str, bases: Sequence[str]) -> Wording:
    listed = " or ".join(word(each) for each in bases) or "no basis"
    return says(f"{word(basis)} is no basis of a {for_each}", f"a {for_each} has {listed}")
