"""Plain reading of closed bars: an earlier value, a change, a sum, a count."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from ruleengine.functions._params import COLUMN, WHOLE, finite_changes, finite_window, length
from ruleengine.functions.arithmetic import above
from ruleengine.functions.base import REGISTRY, Example, Function
from ruleengine.units import COUNT

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow, Floats


def ago(column: Floats, n: int) -> float:
    return float(column[0])


def change(column: Floats, n: int) -> float:
    return float(column[-1]) - float(column[0])


def total(column: Floats, n: int) -> float:
    return math.fsum(column.tolist())


def rising_closes(bars: BarWindow, n: int) -> float:
    return float(sum(above(later, earlier) for earlier, later in pairwise(bars.close.tolist())))


def falling_closes(bars: BarWindow, n: int) -> float:
    return float(sum(above(earlier, later) for earlier, later in pairwise(bars.close.tolist())))


REGISTRY.add(
    Function(
        "ago",
        "series",
        (COLUMN, length(1)),
        "element",
        "The value n closed bars before the last one.",
        "window",
        (Example("ago(m1.close, 2)", "4", "close = 9 4 1 5"),),
        is_among=True,
        lookback=finite_changes,
        compute=ago,
    )
)
REGISTRY.add(
    Function(
        "change",
        "series",
        (COLUMN, length(1)),
        "spread of element",
        "The last value − the value n closed bars before it.",
        "window",
        (Example("change(m1.close, 2)", "1", "close = 9 4 1 5"),),
        lookback=finite_changes,
        compute=change,
    )
)
REGISTRY.add(
    Function(
        "total",
        "series",
        (COLUMN, length(20)),
        "element",
        "Sum of the last n values.",
        "window",
        (Example("total(m1.volume, 3)", "10", "close = 1x4; volume = 9 4 1 5"),),
        least=0.0,
        lookback=finite_window,
        compute=total,
    )
)
REGISTRY.add(
    Function(
        "rising_closes",
        "series",
        (WHOLE, length(3)),
        COUNT,
        "How many of the last n closes are above the close before them.",
        "window",
        (Example("rising_closes(m1, 3)", "1", "close = 9 4 4 5"),),
        least=0.0,
        lookback=finite_changes,
        compute=rising_closes,
    )
)
REGISTRY.add(
    Function(
        "falling_closes",
        "series",
        (WHOLE, length(3)),
        COUNT,
        "How many of the last n closes are below the close before them.",
        "window",
        (Example("falling_closes(m1, 3)", "1", "close = 9 4 4 5"),),
        least=0.0,
        lookback=finite_changes,
        compute=falling_closes,
    )
)
