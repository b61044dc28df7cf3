"""The shape of rules that add to an open position: ladders and pyramids."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from pydantic import Field

from ruleengine.schema import examples
from ruleengine.schema.base import OneOf, Shape, Some, key, optional
from ruleengine.schema.leaf import Expression
from ruleengine.schema.rule import AppliesTo, Rule


class Adding(Rule):
    """What ladders and pyramids share: an addition to an open position of ours, on its side."""

    on: Literal["signal", "market"] = Field(
        ...,
        alias="source",
        description="what starts it: a signal on the side of an open position, which entries then never see (SC-18), "
        "or the market itself",
        examples=["signal"],
    )
    applies_to: AppliesTo | None = optional(
        "which signals; on the market: which positions, by their oldest trade", {"instrument": "BTC-USDT-SWAP"}
    )
    when: Expression = key("must hold; false or unknown is no addition (SC-05)", "position.pnl_of_margin >= -2%")
    most: Expression | None = optional("additions to one position at most", "5")
    interval: Expression | None = optional("time from the last addition to the next (SC-05)", "60s")
    per_day: Expression | None = optional(
        "additions of this rule at most, per instrument and day of the account (PY-02)", "1"
    )
    cooldown: Expression | None = optional("time from one order of this rule to the next, per position", "5s")
    stop: Expression | None = optional("attached stop: a price, or a distance", "2% * mid")
    target: Expression | None = optional("attached target: a price, or a distance", "12pips")


class Choice(Shape):
    """One list of coefficients, for where its condition holds."""

    relations = (OneOf(("when", "otherwise")),)

    when: Expression | None = optional("where this holds, its coefficients count", "account.equity <= 1_500USD")
    otherwise: bool = key("true: they count where no choice above holds", True, default=False)
    coefficients: Some[Expression] = key("share of the base, addition by addition", ["100%", "60%", "40%"])


class Ladder(Adding):
    """Additions sized by steps of a base (SC-02)."""

    relations = (OneOf(("steps", "choices")),)

    base: Expression | None = optional(
        "new_position, if left out: what sizing would give a new entry now; initial_position: units of its opening; or "
        "a size",
        "new_position",
    )
    steps: Some[Expression] | None = optional(
        "share of the base, addition by addition; past the last there is none", ["100%", "70%", "50%", "30%", "20%"]
    )
    choices: Some[Choice] | None = optional(
        "several such lists; the first whose condition holds counts", examples.CHOICES
    )


class Pyramid(Adding):
    """Additions whose size the rule gives itself (PY-02)."""

    size: Expression = key("wanted size before sizing rules", "50% of position.initial_units")
