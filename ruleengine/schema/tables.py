"""The shape of a decision table."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from ruleengine.schema.base import Needs, OneOf, Shape, Some, key, optional
from ruleengine.schema.leaf import Expression, Id, Name, Words


class Column(Shape):
    relations = (Needs((("combine", "most_conservative"),), ("conservative",)),)

    unit: Id = key("unit of the column, as for a parameter; bool and text too", "count")
    combine: Literal["first", "min", "max", "product", "most_conservative"] = key(
        "how several matching rows give one value", "first", default="first"
    )
    conservative: Literal["low", "high"] | None = optional("which end `most_conservative` takes", "low")
    doc: Words | None = optional("what it means", "timeframes that must agree")


class Row(Shape):
    relations = (OneOf(("when", "otherwise"), required=False),)

    when: dict[str, Expression | Some[Expression]] | None = optional(
        "for each key fact: a word, a list of words, or a condition on it such as `>= 500USD`",
        {"strategy": "M1Scalper"},
    )
    otherwise: bool = key("true: this row counts where no other row of the table matches", True, default=False)
    values: dict[Name, Expression] = key("value by column", {"min_align": 1})


class Table(Shape):
    by: list[Expression] = key("the facts that choose rows", ["strategy"], min_length=1)
    columns: dict[Name, Column] = key("what it gives", {"min_align": {"unit": "count"}}, min_length=1)
    rows: list[Row] = key(
        "its rows, from the top", [{"when": {"strategy": "M1Scalper"}, "values": {"min_align": 1}}], min_length=1
    )
    doc: Words | None = optional("what it decides", "per-strategy gates (FX-26)")
