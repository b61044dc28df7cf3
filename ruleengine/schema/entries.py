"""The shape of an entry."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from pydantic import Field

from ruleengine.schema.base import Needs, key, optional
from ruleengine.schema.leaf import Expression, Id
from ruleengine.schema.rule import AppliesTo, Rule


class Entry(Rule):
    relations = (Needs((("source", "market"),), ("side", "strategy", "size")),)

    # not `on`: YAML 1.1 reads that key as true
    on: Literal["signal", "market"] = Field(
        ...,
        alias="source",
        description="what starts it: a signal from outside, or the market itself",
        examples=["signal"],
    )
    applies_to: AppliesTo | None = optional(
        "which signals; for entries on the market: what they may open", {"strategy": "M1Scalper"}
    )
    when: Expression = key("must hold; unknown is no entry", "signal.age <= 6000ms")
    side: Expression | None = optional("long or short; for signals theirs by default", "long")
    strategy: Id | None = optional("strategy of the trade; for signals theirs by default", "M1Scalper")
    pocket: Id | None = optional("pocket of the trade; by default the signal's, else its strategy's", "scalp")
    size: Expression | None = optional("wanted size before sizing rules; for signals theirs by default", "10_000units")
    stop: Expression | None = optional("attached stop: a price, or a distance from the entry", "8pips")
    target: Expression | None = optional("attached target: a price, or a distance from the entry", "12pips")
    cooldown: Expression | None = optional("time from one order of this rule to the next, per instrument", "60s")
    max_open: Expression | None = optional("open trades of its strategy in the instrument at most", "1")
    leverage: Expression | None = optional(
        "leverage of the position where the signal names none; the position keeps that of its opening (SC-06)", "3"
    )
