"""The shape of a pattern: ordered steps with windows, or a counter with decay and reset."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from ruleengine.schema.base import Needs, OneOf, Shape, key, optional
from ruleengine.schema.leaf import Expression, Name, Words


class PatternStep(Shape):
    relations = (
        OneOf(("move", "beyond", "when")),
        Needs((("move", None),), ("at_least", "within")),
        Needs((("at_least", None),), ("move",)),
        Needs((("at_most", None),), ("move",)),
        Needs((("beyond", None),), ("within",)),
    )

    id: Name = key("name of the step, unique in the pattern", "rise")
    move: Literal["up", "down"] | None = optional(
        "a move of the price, as a long sees it: for shorts it is mirrored", "up"
    )
    at_least: Expression | None = optional("how far it goes: a ratio, pips or a price distance", "2%")
    at_most: Expression | None = optional("no farther; beyond it the pattern begins anew", "3%")
    beyond: Name | None = optional("or: past the extreme of this earlier step", "rise")
    when: Expression | None = optional("or: a condition holds", "spread <= 1pips")
    within: Expression | None = optional(
        "its time: from the step before it; of a first move: how far back its beginning may lie", "30min"
    )


class Counting(Shape):
    relations = (
        OneOf(("retrace", "move", "when")),
        Needs((("retrace", None),), ("after_run",)),
        Needs((("after_run", None),), ("retrace",)),
    )

    retrace: Expression | None = optional("one count for a retrace of this from the extreme of a run …", "2pips")
    after_run: Expression | None = optional("… that went this far", "5pips")
    move: Expression | None = optional(
        "or: one for each move of this in one direction, without one against it", "1pips"
    )
    when: Expression | None = optional("or: one each time that this becomes true", "spread > 3pips")


class Pattern(Shape):
    relations = (
        OneOf(("steps", "count")),
        Needs((("steps", None),), ("of", "holds")),
        Needs((("holds", None),), ("steps",)),
        Needs((("within", None),), ("count",)),
        Needs((("then", None),), ("within",)),
        Needs((("reset_after", None),), ("count",)),
        Needs((("reset_on_new_extreme", None),), ("count",)),
    )

    of: Expression | None = optional("the price that is followed", "mid")
    steps: list[PatternStep] | None = optional(
        "what has to happen, in this order",
        [{"id": "rise", "move": "up", "at_least": "2%", "within": "30min"}],
        min_length=1,
    )
    holds: Expression | None = optional("how long a completed pattern counts", "60s")
    count: Counting | None = optional("or: what is counted", {"retrace": "2pips", "after_run": "5pips"})
    within: Expression | None = optional("a count lives this long after the last one …", "120s")
    then: Literal["decay", "reset"] = key(
        "… and then one is lost, and one more each time as long again; or all are", "decay", default="decay"
    )
    reset_after: Expression | None = optional("nothing counted for this long: none is left", "300s")
    reset_on_new_extreme: bool = key("none is left once the price passes the run's extreme", True, default=False)
    sides: Literal["long", "short", "both"] = key("which sides it is watched for", "both", default="both")
    doc: Words | None = optional("what it tells", "PY-01")
