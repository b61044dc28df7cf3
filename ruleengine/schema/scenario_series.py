"""Series of a scenario: rows of one instrument's market in a compact notation, with `_` where nothing came.

157.00                157.00 once
157.00 x 30           thirty times
157.00 + 0.01 x 30    thirty values, each 0.01 above the one before; `-` goes down
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Literal

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.schema.base import AnyOf, Needs, OneOf, Relation, Shape, key, optional
from ruleengine.schema.figures import Distance, Text, Time
from ruleengine.schema.leaf import Expression

CELLS_MAX = 100_000
_CELL = re.compile(
    r"(?P<first>[0-9]+(?:\.[0-9]+)?)(?:\s*(?P<sign>[+-])\s*(?P<step>[0-9]+(?:\.[0-9]+)?))?"
    r"(?:\s+x (?P<times>[0-9]{1,6}))?"
)


class Cell(Expression):
    """One value of a series, or several in short: `157.00 + 0.01 x 30`; `_` where nothing came."""

    json_types = ("string", "number")
    pattern: ClassVar[str | None] = (
        r"^(_(\s+x [0-9]{1,6})?|[0-9]+(\.[0-9]+)?(\s*[+-]\s*[0-9]+(\.[0-9]+)?)?(\s+x [0-9]{1,6})?)$"
    )
    __slots__ = ()

    def reason(self) -> str | None:
        if re.fullmatch(str(self.pattern), self.text.strip()):
            return None
        return f"`{self.text}` is no value of a series such as `157.00 + 0.01 x 30`"


class Series(Shape):
    """Rows of one instrument's market, one value of each column a row."""

    relations: ClassVar[tuple[Relation, ...]] = (
        OneOf(("every", "at")),
        AnyOf(("mid", "bid", "price", "close", "reference")),
        Needs((("mid", None),), ("spread",)),
        Needs((("bid", None),), ("ask",)),
        Needs((("bid_units", None),), ("ask_units",)),
        Needs((("ask_units", None),), ("bid_units",)),
        Needs((("close", None),), ("interval",)),
        Needs((("ask_close", None),), ("close", "open", "high", "low", "ask_open", "ask_high", "ask_low")),
    )

    instrument: Text = key("whose market it is", "USD_JPY")
    begins: Time | None = optional("when its first row comes", "0s")
    every: Time | None = optional("time from one row to the next", "1s")
    at: list[Time] | None = optional("or: the time of each row", ["0s", "5s", "6s"])
    mid: list[Cell] | None = optional("middle of bid and ask", ["157.00 x 5", 157.01])
    spread: Distance | None = optional("with `mid`: ask less bid", "0.8pips")
    bid: list[Cell] | None = optional("best bid", [156.998, "_", 156.999])
    ask: list[Cell] | None = optional("best ask", [157.002, "_", 157.003])
    bid_size: list[Cell] | None = optional("size at the best bid", [1000000])
    ask_size: list[Cell] | None = optional("size at the best ask", [1000000])
    bid_units: list[Cell] | None = optional(
        "size of all bids: the rows are a book's, with all of it at its best prices (PY-01)", [5800]
    )
    ask_units: list[Cell] | None = optional("size of all asks", [4200])
    price: list[Cell] | None = optional("price of a trade of the market", [157.0])
    size: list[Cell] | None = optional("size of that trade", [1000])
    interval: Time | None = optional("for bars: their length; a row is available at its close", "1min")
    open: list[Cell] | None = optional("for bars; where left out, the close before", [157.0])
    high: list[Cell] | None = optional("for bars; where left out, the larger of open and close", [157.1])
    low: list[Cell] | None = optional("for bars; where left out, the smaller of open and close", [156.9])
    close: list[Cell] | None = optional("for bars", ["157.00 + 0.01 x 30"])
    volume: list[Cell] | None = optional("for bars", [120])
    of: Literal["mid", "bid", "ask", "last"] | None = optional(
        "for bars: the price that they are of; left out: what the instrument's bars are usually of", "mid"
    )
    ask_open: list[Cell] | None = optional("for bars of bid and ask: the others are then the bid's", [157.004])
    ask_high: list[Cell] | None = optional("for bars of bid and ask", [157.104])
    ask_low: list[Cell] | None = optional("for bars of bid and ask", [156.904])
    ask_close: list[Cell] | None = optional("for bars of bid and ask", [157.014])
    reference: list[Cell] | None = optional("a mark or index price, from another source (SC-17)", [157.2])


def expand(cells: Sequence[Cell]) -> list[Decimal | None]:
    """A series written out; None where nothing came. For cells without `problems`.

    Shapes   as many values as the cells stand for.
    """
    values: list[Decimal | None] = []
    for cell in cells:
        text = cell.text.strip()
        if text.startswith("_"):
            values += [None] * cell_count(text)
            continue
        match = _CELL.fullmatch(text)
        if match is None:
            raise ValueError(f"`{text}` is no cell: ask `problems` first")
        step = Decimal(f"{match['sign'] or '+'}{match['step'] or 0}")
        values += [Decimal(match["first"]) + step * number for number in range(int(match["times"] or 1))]
    return values


def unequal_columns(series: Shape) -> list[Diagnostic]:
    """Columns of one map that are not of one length."""
    columns: dict[str, list[Cell]] = {}
    for name in type(series).model_fields:
        cells = getattr(series, name)
        if isinstance(cells, list) and cells and isinstance(cells[0], Cell):
            columns[name] = cells
    lengths = {name: sum(cell_count(cell.text) for cell in cells) for name, cells in columns.items()}
    stamps = getattr(series, "at", None)
    if stamps is not None:
        lengths["at"] = len(stamps)
    longest = max(lengths, key=lambda name: lengths[name], default="")
    found = [
        faults.out_of_place(
            cells[0].node.span, f"`{name}` has {lengths[name]} rows, `{longest}` has {lengths[longest]}"
        )
        for name, cells in columns.items()
        if lengths[name] != lengths[longest]
    ]
    too_long = [name for name in columns if lengths[name] > CELLS_MAX]
    return found + [
        faults.out_of_place(columns[name][0].node.span, f"`{name}` has more than {CELLS_MAX:,} rows")
        for name in too_long
    ]


def cell_count(text: str) -> int:
    """How many values a cell stands for.

    >>> cell_count("157.00 + 0.01 x 30"), cell_count("_")
    (30, 1)
    """
    _, times, count = text.rpartition(" x ")
    return int(count) if times else 1
