"""The typed tree of expressions: every name bound, every unit known, derived facts and features written out.

`op` is one of

    const     data: Decimal | bool | str            fact      data: FactRef
    add sub mul div neg                             lt le gt ge eq ne
    and or not if                                   elapsed (time − time), shift (time ± duration)
    positive  unknown unless above zero             known     is it known? (never unknown itself)
    coalesce  the first that is known               call      data: Function, kind scalar
    series    data: SeriesCall                      step      data: StepCall, args: inputs
    ranked    data: (candidates, what): `kept`, `rank` or `score` of the instrument
    schedule  data: name                            table     data: combine word, args: match, value, match, value …
    agg       data: (name, collection), args: (element, condition)
    norow     what a table gives where no row matches
    settled   made by `graph.normalise`: args: (total, term, term …); zero where the terms cancel
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.units import ANY, Type

BARE, WORD = "(bare)", "(word)"
"""Labels of a number without a unit and of a quoted word, until what they meet gives them a type."""


class FactRef(NamedTuple):
    """Where a primitive fact lies: the frame's letter, its slot, and its name in policies. Letters: `facts.catalogue`,
    beside `e` (the element of the aggregate around it) and `em` (that element's market)."""

    letter: str
    slot: str
    name: str
    is_static: bool


class SeriesCall(NamedTuple):
    """A function of closed bars. `column` is "" where it takes whole bars. `back`: bars before the last closed one."""

    function: str
    timeframe: str
    column: str
    constants: tuple[float, ...]
    back: int
    warm_after: int
    cut_weight: float

    def __str__(self) -> str:
        inside = ", ".join(
            [f"{self.timeframe}.{self.column}" if self.column else self.timeframe, *(f"{c:g}" for c in self.constants)]
        )
        call = f"{self.function}({inside})" if self.function else inside
        return call + (f"[{self.back}]" if self.back else "")


class StepCall(NamedTuple):
    """A running figure with state; what changes with events are the node's arguments. `name`: of the mode or pattern
    that it stands for. `is_of_account`: it reads no instrument, and has one state for the whole account."""

    function: str
    constants: tuple[Any, ...]
    name: str = ""
    is_of_account: bool = False


class TypedRow(NamedTuple):
    """A row of one column: what it asks of which key (nothing: it always matches), and what it gives.

    `number`: its place in the table, from 0; `text`: the value as written."""

    number: int
    conditions: tuple[tuple[str, Expr], ...]
    value: Expr
    text: str
    place: Span


class TypedColumn(NamedTuple):
    """A column of a decision table. `combine`: `first`, `min`, `max` or `product`; `otherwise`: None without one."""

    combine: str
    type: Type
    rows: tuple[TypedRow, ...]
    otherwise: TypedRow | None


class Expr:
    """One node; two nodes are equal only where they are the same. `label` is the author's name for it (a fact, a
    feature), shown in traces; `span` its place, if any. `size`, `depth`: nodes and levels of the tree when everything
    that it names is written out. `is_sound`: no part has a fault; else what follows from it would only repeat the fault
    in other words.

    Written by hand: checking a folder makes thousands of them, and a frozen dataclass sets each field by a call."""

    __slots__ = ("args", "data", "depth", "is_sound", "label", "op", "size", "span", "type")

    def __init__(
        self,
        op: str,
        type: Type,
        args: tuple[Expr, ...] = (),
        data: Any = None,
        span: Span | None = None,
        label: str = "",
    ) -> None:
        self.op: Final = op
        self.type: Final = type
        self.args: Final = args
        self.data: Final = data
        self.span: Final = span
        self.label: Final = label
        size = depth = 1
        is_sound = type != ANY
        for arg in args:
            is_sound = is_sound and arg.is_sound
            size += arg.size
            if arg.depth >= depth:
                depth = arg.depth + 1
        self.size: Final[int] = size
        self.depth: Final[int] = depth
        self.is_sound: Final[bool] = is_sound

    def __repr__(self) -> str:
        inside = [repr(self.data)] if self.data is not None else []
        return f"{self.op}({', '.join([*inside, *map(repr, self.args)])})"

    def walk(self) -> Iterator[Expr]:
        """All nodes, each before its arguments."""
        to_come = [self]
        while to_come:
            node = to_come.pop()
            yield node
            to_come.extend(reversed(node.args))
