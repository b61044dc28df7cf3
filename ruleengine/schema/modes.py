"""The shape of a mode: a switch, the levels of a value, or conditions of which the first that holds counts."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from ruleengine.schema.base import Needs, OneOf, Shape, key, optional
from ruleengine.schema.leaf import Expression, Name, Words


class ModeState(Shape):
    relations = (OneOf(("when", "otherwise")),)

    name: Name = key("name of the state", "choppy")
    when: Expression | None = optional("its condition", "choppiness(m5, 14) >= 60")
    otherwise: bool = key("true: the state where no condition above holds", True, default=False)


class Mode(Shape):
    relations = (
        OneOf(("enter", "states")),
        Needs((("enter", None),), ("leave",)),
        Needs((("leave", None),), ("enter",)),
        Needs((("at_least", None),), ("enter",)),
        Needs((("of", None),), ("states",)),
        Needs((("hysteresis", None),), ("of",)),
        Needs((("begins", None),), ("of",)),
        Needs((("confirm", None),), ("states",)),
    )

    enter: Expression | None = optional("a switch is on from where this holds …", "account.free_margin_ratio <= 5%")
    leave: Expression | None = optional("… until this does", "account.free_margin_ratio >= 8%")
    at_least: Expression | None = optional("it stays on at least this long", "10s")
    of: Expression | None = optional("the value that is classified", "account.equity")
    states: dict[Name, Expression] | list[ModeState] | None = optional(
        "with `of`: by name, from which value on, rising; without: a list of conditions, of which the first that holds "
        "counts",
        {"small": "500USD", "large": "3_000USD"},
    )
    begins: Literal["at", "above"] = key("does a state begin at its value, or above it?", "above", default="at")
    hysteresis: Expression | None = optional(
        "how far below its value a state is left: a share of it, or a distance", "5%"
    )
    confirm: Expression | None = optional("a new state has to hold this long before it counts", "60s")
    on_unknown: Literal["keep", "enter", "leave", "unknown"] | None = optional(
        "while its inputs are unknown it is: as it was (a switch, by default), on, off, or unknown (a classification)",
        "keep",
    )
    doc: Words | None = optional("what it tells", "FX-09")
