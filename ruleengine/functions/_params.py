"""Parameters that many indicators share, and what they say about values that cannot be had."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ruleengine.functions.base import Param
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import ANY, BAR_COUNT, BARS, NUMBER, PRICE, series

if TYPE_CHECKING:
    from ruleengine.functions.base import Floats

LENGTH_MOST = 5_000
"""No indicator may be longer: rings, and the look-back of recursive ones, stay bounded."""

WHOLE = Param("bars", BARS, doc="bars of one timeframe, as `m1`")
COLUMN = Param("series", series(ANY), doc="one column of bars, as `m1.close` or `m1.volume`")
PRICES = Param("prices", series(PRICE), doc="a price column of bars, as `m1.close`")


def length(default: int | None = None, *, name: str = "n", least: int = 1, doc: str = "closed bars") -> Param:
    """A constant number of bars."""
    text = None if default is None else str(default)
    return Param(name, BAR_COUNT, constant=True, default=text, doc=doc, least=least, most=LENGTH_MOST)


def factor(name: str, default: str, doc: str) -> Param:
    """A constant plain number above zero."""
    return Param(name, NUMBER, constant=True, default=default, doc=doc, least=1e-6, most=1e6)


def finite_window(n: float, *, cut_weight: float = 0.0) -> int:
    """Look-back of a function over exactly its last n bars."""
    return int(n)


def finite_changes(n: float, *, cut_weight: float = 0.0) -> int:
    """Look-back of a function over the last n changes from bar to bar."""
    return int(n) + 1


def flat(name: str, n: float, what: str = "flat range") -> Unknown:
    """A quotient over a window in which its divisor is zero."""
    return Unknown(Reason.DIVISION_BY_ZERO, name, f"{what} over {int(n)} bars")


def missing_volume(name: str) -> Unknown:
    return Unknown(Reason.MISSING, name, "bars without volume")


def has_hole(column: Floats) -> bool:
    """Does a value lack (NaN)? A sum is NaN, or infinite, as soon as one of its terms is."""
    return not math.isfinite(column.sum())
