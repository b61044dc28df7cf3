"""What every kind of rule has: its name, how it is narrowed, and what it does while its inputs are unknown."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from ruleengine.schema.base import Shape, Some, key, optional
from ruleengine.schema.leaf import Expression, Id, Words

IntentWord = Literal["entry", "ladder", "pyramid", "hedge_open", "hedge_reduce", "exit"]
Opener = Literal["entry", "ladder", "pyramid", "hedge_open"]
Enforcement = Literal["shadow", "warn", "enforce"]


class AppliesTo(Shape):
    """Words that every kind of rule can be narrowed by. A key that a kind of rule can't use is none of its keys."""

    strategy: Some[Id] | Id | None = optional("base tags", "M1Scalper")
    pocket: Some[Id] | Id | None = optional("pockets", "scalp")
    side: Literal["long", "short"] | None = optional("one side only", "long")
    instrument: Some[Id] | Id | None = optional("instruments", "USD_JPY")
    when: Expression | None = optional("any further condition; unknown counts as applying", "not thin_hours")


class AppliesToIntents(AppliesTo):
    """Of guards and caps: which intents they judge."""

    intent: Some[IntentWord] | IntentWord | None = optional("kinds of intent; those that open, if left out", "entry")


class AppliesToOpenings(AppliesTo):
    """Of sizing: which intents it sizes. What reduces has its size from its own rule."""

    intent: Some[Opener] | Opener | None = optional("kinds of intent; all that open, if left out", "entry")


class AppliesToTrades(AppliesTo):
    """Of exits: which trades they close."""

    opened_by: Some[Opener] | Opener | None = optional("the kind of rule that opened the trade", "hedge_open")


class Rule(Shape):
    id: Id = key("name of the rule, unique in the policy; it stands in every decision", "spread")
    doc: Words | None = optional("why it is there; cite the requirement", "FX-28")
    enforcement: Enforcement = key(
        "shadow: evaluated and logged; warn: also alerted; enforce: it acts", "enforce", default="enforce"
    )
    enabled: Expression = key("false switches it off; a constant or a parameter", "true", default=None)


class UnknownPosture(Shape):
    wait: Expression = key("how long to wait for the inputs", "30s")
    then: Literal["close", "alert"] = key(
        "what happens after that: do what the rule would do, or alert and hold", "close"
    )
    use: Expression | None = optional(
        "condition used instead, at once, while the inputs are unknown", "trade.age > 72h"
    )
