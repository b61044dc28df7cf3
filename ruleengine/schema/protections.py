"""The shape of protections and alerts: conditions that stop what adds risk, or are told of."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from ruleengine.schema.base import OneOf, Some, key, optional
from ruleengine.schema.leaf import Expression, Words
from ruleengine.schema.rule import AppliesTo, Opener, Rule


class Protection(Rule):
    relations = (OneOf(("lasts", "until", "latch")),)

    for_each: Literal["account", "instrument", "strategy", "pocket"] = key(
        "what it is judged for, one by one; it stops and closes that one's own", "strategy", default="account"
    )
    applies_to: AppliesTo | None = optional("which of those, and of their intents and trades", {"pocket": "scalp"})
    when: Expression = key("what trips it", "account.day_pnl_ratio <= -3%")
    stops: Some[Opener] | Opener | None = optional(
        "kinds of intent that are refused while it is on; all that open, if left out", "entry"
    )
    close: Expression | None = optional("share of each open trade of its scope that it closes, once", "100%")
    lasts: Expression | None = optional("it is over after this time", "30min")
    until: Expression | None = optional(
        "or: once this holds; `next_day` with the account's day", "account.day_pnl_ratio > -1%"
    )
    latch: Literal["human"] | None = optional("or: once a human re-arms it, with a reason", "human")
    on_unknown: Literal["refuse", "alert"] = key(
        "while its inputs are unknown: refuse what it stops, or only alert", "refuse", default="refuse"
    )


class Alert(Rule):
    for_each: Literal["account", "instrument", "trade", "strategy", "pocket"] = key(
        "what it looks at, one by one", "instrument", default="account"
    )
    applies_to: AppliesTo | None = optional("which of those", {"strategy": "M1Scalper"})
    when: Expression = key("what it tells of", "account.unknown_orders > 0")
    severity: Literal["info", "warning", "critical"] = key("how urgent it is", "warning", default="warning")
    message: Words = key("what it says, in words", "orders go out and nothing fills")
    show: list[Expression] = key("values that are told with it", ["account.working_orders"], default=[])
    lasts: Expression | None = optional("how long it has to hold without a break first", "30s")
    repeat: Expression | None = optional("told again at most this often while it holds; once, if left out", "10min")
