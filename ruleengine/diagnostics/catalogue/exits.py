"""RE650–RE659: exits that trail, hold, or can't do what they stand for.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Related, Severity
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


@fault(
    "RE654",
    title="strategy whose losing trades nothing closes",
    what="Exits cover the strategy, and none of them can close a trade that only ever lost; nor does its entry set a "
    "stop.",
    why="Targets and trailing stops wait for a gain, what waits for break-even does too, and `no_loss_close` rules "
    "every exit out that is not `may_lose: true`: a trade that goes the other way stays open whatever it loses (FX-16, "
    "FX-20).",
    bad="exits: [{when: trade.pnl_pips >= 5pips, close: 100%}]",
    good="exits: [{when: trade.pnl_pips >= 5pips or trade.age > 72h, close: 100%}]",
    proof="none: shown in tests/typecheck/test_losses.py",
    severity=Severity.WARNING,
)
def no_losing_exit(span: Span, strategy: str, entered: Span) -> Wording:
    return says(
        f"nothing closes a trade of strategy {word(strategy)} that only loses",
        "add an exit that may, such as `when: trade.pnl_pips <= -20pips` (`may_lose: true` where the strategy says"
        f" `no_loss_close`), set a `stop`, or say `has_exits: false` of {word(strategy)}",
        related=(Related("opened here", entered),),
    )


@fault(
    "RE655",
    title="strategy whose losing exits all wait for something else",
    what="Every exit that can close a losing trade of the strategy waits for an indicator of closed bars, or for what "
    "other trades do (an aggregate over `trades`, `positions`, `closed`; a result of the account that is above zero).",
    why="While the indicator or the other trades are unknown, or do not agree, the loss grows: such exits used to be "
    "skipped silently (FX-16, FX-23).",
    bad="exits: [{when: trade.pnl_pips <= -5pips and rsi(m1, 14) >= 70, close: 100%}]",
    good="exits: [{when: trade.pnl_pips <= -5pips and rsi(m1, 14) >= 70 or trade.pnl_pips <= -20pips, close: 100%}]",
    proof="none: shown in tests/typecheck/test_losses.py",
    severity=Severity.WARNING,
)
def losing_exits_need_indicators(span: Span, strategy: str, losing: Sequence[Span]) -> Wording:
    return says(
        f"every exit that closes a losing trade of strategy {word(strategy)} needs an indicator, or another's "
        "agreement",
        "add a limit that needs neither, such as `or trade.pnl_pips <= -20pips`, or set a `stop`",
        related=tuple(Related("waits for it", each) for each in losing),
    )


@fault(
    "RE656",
    title="trail of a trade that names since when",
    what="The `since` of a `trail` says since when a position's best price counts, and the rule looks at trades.",
    why="Additions are made to a position. A trade is followed since it was opened, whatever was added beside it.",
    bad="{for_each: trade, trail: {from: 2%, distance: 1%, since: addition}, close: 100%}",
    good="{for_each: position, trail: {from: 2%, distance: 1%, since: addition}, close: 100%}",
    proof="none: shown in tests/typecheck/test_trailing.py",
)
def since_of_another(span: Span, since: str, for_each: str) -> Wording:
    return says(
        f"a {for_each} is not followed since {word(since)}",
        "remove `since`, or follow the position: `for_each: position`",
    )
