"""The shape of a hedge: it reduces the net position, or opens the other side."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from ruleengine.schema.base import Needs, OneOf, Shape, key, optional
from ruleengine.schema.figures import Confidence
from ruleengine.schema.leaf import Expression, Id
from ruleengine.schema.rule import AppliesTo, Rule, UnknownPosture


class Reduce(Shape):
    relations = (
        OneOf(("until", "wanted")),
        # the position itself is an upper bound, with `at_most` or without
        Needs((("at_least", None),), ("floor_over_cap",)),
        # `until` asks what reducing the larger side brings about
        Needs((("side", None),), ("wanted",)),
    )

    side: Expression | None = optional(
        "side to reduce; the larger one, against the net position, if left out",
        "short if position.net_units > 0 else long",
    )
    until: Expression | None = optional(
        "the smallest reduction after which this holds", "account.margin_used_of_available <= 82%"
    )
    wanted: Expression | None = optional("or: the wanted reduction itself", "50% of abs(position.net_units)")
    otherwise: Expression | None = optional(
        "wanted where the above gives nothing to reduce", "25% of abs(position.net_units)"
    )
    at_least: Expression | None = optional("never less than this", "10_000units")
    at_most: list[Expression] = key(
        "never more than the smallest of these",
        ["55% of abs(position.net_units)", "90_000units"],
        default=[],
        min_length=1,
    )
    floor_over_cap: Literal["send_nothing", "floor", "cap"] = key(
        "what to do where `at_least` exceeds `at_most`, or what there is to reduce", "send_nothing", default=None
    )


class Open(Shape):
    side: Expression = key("side to open", "short")
    size: Expression = key("wanted size", "10_000units")
    strategy: Id = key("strategy of the trade", "Hedge")
    stop: Expression | None = optional("attached stop: a price, or a distance", "8pips")
    target: Expression | None = optional("attached target: a price, or a distance", "12pips")


class Hedge(Rule):
    relations = (OneOf(("reduce", "open")), Needs((("reduce", None),), ("on_unknown",)))

    applies_to: AppliesTo | None = optional("which of its own orders it may make", {"instrument": "USD_JPY"})
    when: Expression = key("the trigger", "account.margin_used_of_available >= 88%")
    require: Expression | None = optional(
        "must hold too; false or unknown skips and is recorded", "abs(position.net_units) >= 15_000units"
    )
    reduce: Reduce | None = optional(
        "reduce-only market order opposite to the net position", {"until": "account.margin_used_of_available <= 82%"}
    )
    open: Open | None = optional("open the other side", {"side": "short", "size": "10_000units", "strategy": "Hedge"})
    pocket: Id | None = optional("pocket of its orders", "macro")
    confidence: Confidence | None = optional("confidence written on its orders", 90)
    cooldown: Expression | None = optional("time from one order of this rule to the next; survives restarts", "20s")
    on_unknown: UnknownPosture | None = optional(
        "for `reduce`: what happens while its inputs are unknown", {"wait": "10s", "then": "alert"}
    )
