"""The shape of rules that judge an intent and its size: guards, caps, sizing."""

# annotations are not postponed here, as in `policy`
from ruleengine.schema.base import AnyOf, key, optional
from ruleengine.schema.leaf import Expression
from ruleengine.schema.rule import AppliesToIntents, AppliesToOpenings, Rule


class Guard(Rule):
    applies_to: AppliesToIntents = key("which intents it judges", {"intent": "entry"})
    require: Expression = key("must hold; false or unknown refuses", "spread <= 1.2pips")
    unless: Expression | None = optional("where this holds, the guard lets pass", "side == short")


class Cap(Rule):
    applies_to: AppliesToIntents = key("which intents it bounds", {"intent": "entry"})
    limit: Expression = key(
        "must hold after the fill; the allowed size is the largest on the lot grid at which it does",
        "account.margin_used_of_equity_after <= 92%",
    )
    unless: Expression | None = optional(
        "where this holds, the size passes", "account.margin_used_after <= account.margin_used"
    )


class Sizing(Rule):
    relations = (AnyOf(("size", "scale")),)

    applies_to: AppliesToOpenings = key("which intents it sizes", {"intent": "entry"})
    size: Expression | None = optional("wanted size; the smallest of all that apply counts", "10_000units")
    scale: Expression | None = optional(
        "factor on the wanted size; all that apply multiply", "ramp(account.free_margin_ratio, 20%, 35%)"
    )
