"""The shape of an exit, with its stages, its trailing stop and its floor."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from pydantic import Field

from ruleengine.schema.base import AnyOf, OneOf, Shape, Some, key, optional
from ruleengine.schema.leaf import Expression
from ruleengine.schema.rule import AppliesToTrades, Rule, UnknownPosture


class Stage(Shape):
    relations = (OneOf(("close", "restrict")),)

    when: Expression = key("the stage's condition", "trade.age > 72h and trade.pnl < 0")
    close: Expression | None = optional("share of what is still open, or units", "100%")
    restrict: Literal["reduce_only"] | None = optional(
        "while it holds, the trade's strategy may not open on its side", "reduce_only"
    )


class Trail(Shape):
    """A stop that follows the price: it arms at a gain, and closes at a fall from the best price."""

    begin: Expression = Field(
        ...,
        alias="from",
        description="gain at which it arms: pips, a ratio, or a price distance",
        examples=["2.8pips"],
    )
    distance: Expression = key("fall from the best price that closes: pips, a ratio, or a price distance", "0.9pips")
    lock: Expression | None = optional(
        "once armed it closes at this gain too; or at a price, such as `break_even`", "0.4pips"
    )
    basis: Literal["entry", "first_entry", "average"] | None = optional(
        "what gains are measured from: of a trade its entry; of a position its average entry, or its first", "average"
    )
    since: Literal["flat", "addition"] | None = optional(
        "of a position: since when its best gain and its best price count: since it was flat, as where nothing is said,"
        " or since its last addition",
        "addition",
    )


class Floor(Shape):
    """What a part has to come to, or it is not closed (SC-01)."""

    relations = (AnyOf(("at_least", "worth")),)

    at_least: Expression | None = optional("smallest part, in units or contracts", "0.1contracts")
    worth: Expression | None = optional("smallest value of a part, at the middle", "5USD")


class Exit(Rule):
    relations = (OneOf(("when", "stages", "trail")), OneOf(("close", "stages")))

    for_each: Literal["trade", "position", "account"] = key("what it looks at, one by one", "trade")
    applies_to: AppliesToTrades | None = optional("which trades", {"strategy": "M1Scalper"})
    when: Expression | None = optional("the condition of an exit of one stage", "trade.pnl_pips <= -5pips")
    close: Expression | None = optional("share of what is still open, or units", "100%")
    trail: Trail | None = optional(
        "or: a trailing stop, in place of the condition",
        {"from": "2.8pips", "distance": "0.9pips", "lock": "0.4pips"},
    )
    stages: Some[Stage] | None = optional(
        "several stages; each closing one acts once per trade and advances on fills",
        [{"when": "trade.age > 24h", "restrict": "reduce_only"}],
    )
    floor: Floor | None = optional(
        "a part below this is not closed, and the trade is held; closing all is allowed at any value (SC-01)",
        {"at_least": "0.1contracts", "worth": "5USD"},
    )
    may_lose: bool = key(
        "true: it closes at a loss too where the trade's strategy says `no_loss_close` (FX-20)", True, default=False
    )
    emergency: bool = key(
        "true: goes before every other exit, and closes at a loss too (as `may_lose`)", False, default=False
    )
    cooldown: Expression | None = optional("time from one order of this rule to the next, per trade or position", "5s")
    on_unknown: UnknownPosture = key(
        "what happens while its inputs are unknown (FX-23)", {"wait": "30s", "then": "close"}
    )
