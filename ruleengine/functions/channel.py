"""The band price has moved in: extremes, Donchian, percentiles and levels between them, choppiness."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ruleengine.functions._params import COLUMN, PRICES, WHOLE, finite_changes, finite_window, flat, length
from ruleengine.functions.base import REGISTRY, Example, Function, Param
from ruleengine.units import NUMBER, PRICE, QUOTIENT, RATIO

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow, Floats
    from ruleengine.model.unknown import Unknown


def highest(column: Floats, n: int) -> float:
    return float(column.max())


def lowest(column: Floats, n: int) -> float:
    return float(column.min())


# --- Donchian --------------------------------------------------------------------------------------------------------


def donchian_high(bars: BarWindow, n: int) -> float:
    return float(bars.high.max())


def donchian_low(bars: BarWindow, n: int) -> float:
    return float(bars.low.min())


def donchian_mid(bars: BarWindow, n: int) -> float:
    return (float(bars.high.max()) + float(bars.low.min())) / 2.0


def donchian_position(bars: BarWindow, n: int) -> float | Unknown:
    """Place of the last close in the range of n bars: 0 at its lowest low, 1 at its highest high."""
    high, low = float(bars.high.max()), float(bars.low.min())
    return (float(bars.close[-1]) - low) / (high - low) if high > low else flat("donchian_position", n)


# --- percentiles -----------------------------------------------------------------------------------------------------


def percentile(column: Floats, n: int, share: float) -> float:
    return _percentile(sorted(column.tolist()), share)


def _percentile(ascending: list[float], share: float) -> float:
    """Linear interpolation between the two values beside rank share × (n − 1): numpy's default, type 7 in R.

    >>> _percentile([1.0, 2.0, 4.0], 0.25), _percentile([1.0, 2.0, 4.0], 1.0)
    (1.5, 4.0)
    """
    rank = share * (len(ascending) - 1)
    below = min(math.floor(rank), len(ascending) - 1)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (ascending[above] - ascending[below]) * (rank - below)


def _percentile_band(column: Floats, low: float, high: float) -> tuple[float, float]:
    ascending = sorted(column.tolist())
    return _percentile(ascending, low), _percentile(ascending, high)


def percentile_range(column: Floats, n: int, low: float, high: float) -> float:
    bottom, top = _percentile_band(column, low, high)
    return top - bottom


def fib_position(prices: Floats, n: int, low: float, high: float) -> float | Unknown:
    """Place of the last value in the percentile range: 0 at its bottom, 1 at its top, beyond them outside 0 … 1."""
    bottom, top = _percentile_band(prices, low, high)
    return (float(prices[-1]) - bottom) / (top - bottom) if top > bottom else flat("fib_position", n)


def fib_level(prices: Floats, n: int, level: float, low: float, high: float) -> float:
    """The price at `level` of the percentile range, 0 at its bottom, 1 at its top."""
    bottom, top = _percentile_band(prices, low, high)
    return bottom + (top - bottom) * level


# --- choppiness ------------------------------------------------------------------------------------------------------


def choppiness(bars: BarWindow, n: int) -> float | Unknown:
    """100 × log10(sum of n true ranges / range of the n bars) / log10(n): near 100 sideways, near 0 in a straight run.

    Shapes   bars: n + 1 rows; the first one only lends its close to the first true range.
    """
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    width = max(high[1:]) - min(low[1:])
    if not width > 0.0:
        return flat("choppiness", n)
    ranges = [
        max(high[row] - low[row], abs(high[row] - close[row - 1]), abs(low[row] - close[row - 1]))
        for row in range(1, len(high))
    ]
    return 100.0 * math.log10(math.fsum(ranges) / width) / math.log10(n)


def _share(name: str, default: str, doc: str) -> Param:
    return Param(name, RATIO, constant=True, default=default, doc=doc, least=0.0, most=1.0)


def _share_lookback(n: int, *_: float, cut_weight: float = 0.0) -> int:
    return int(n)


_LOW, _HIGH = _share("low", "5%", "percentile that is the bottom"), _share("high", "95%", "percentile that is the top")
_LEVEL = Param("level", QUOTIENT, constant=True, default="0.236", doc="0: bottom, 1: top", least=-10.0, most=10.0)
_RISING = "close = 1..21"
"""Sorted they are 1 … 21: rank 0.05 × 20 is 1, so the 5th percentile is 2 and the 95th is 20."""

REGISTRY.add(
    Function(
        "highest",
        "series",
        (COLUMN, length(20)),
        "element",
        "Largest of the last n values.",
        "channel",
        (Example("highest(m1.high, 2)", "5", "close = 9 5 4"),),
        is_among=True,
        lookback=finite_window,
        compute=highest,
    )
)
REGISTRY.add(
    Function(
        "lowest",
        "series",
        (COLUMN, length(20)),
        "element",
        "Smallest of the last n values.",
        "channel",
        (Example("lowest(m1.low, 2)", "4", "close = 1 5 4"),),
        is_among=True,
        lookback=finite_window,
        compute=lowest,
    )
)
REGISTRY.add(
    Function(
        "donchian_high",
        "series",
        (WHOLE, length(20)),
        PRICE,
        "Highest high of n closed bars.",
        "channel",
        (Example("donchian_high(m1, 2)", "6", "high = 9 6 5; close = 1 5 4"),),
        source="FX-21",
        least=0.0,
        lookback=finite_window,
        compute=donchian_high,
    )
)
REGISTRY.add(
    Function(
        "donchian_low",
        "series",
        (WHOLE, length(20)),
        PRICE,
        "Lowest low of n closed bars.",
        "channel",
        (Example("donchian_low(m1, 2)", "3", "low = 1 4 3; close = 1 5 4"),),
        source="FX-21",
        least=0.0,
        lookback=finite_window,
        compute=donchian_low,
    )
)
REGISTRY.add(
    Function(
        "donchian_mid",
        "series",
        (WHOLE, length(20)),
        PRICE,
        "Middle between the highest high and the lowest low.",
        "channel",
        (Example("donchian_mid(m1, 2)", "4.5", "high = 9 6 5; low = 1 4 3; close = 1 5 4"),),
        least=0.0,
        lookback=finite_window,
        compute=donchian_mid,
    )
)
REGISTRY.add(
    Function(
        "donchian_position",
        "series",
        (WHOLE, length(20)),
        QUOTIENT,
        "Place of the last close between the lowest low (0) and the highest high (1).",
        "channel",
        (Example("donchian_position(m1, 2)", "0.25", "high = 9 7 5; low = 1 4 3; close = 1 5 4"),),
        least=0.0,
        most=1.0,
        lookback=finite_window,
        compute=donchian_position,
    )
)
REGISTRY.add(
    Function(
        "percentile",
        "series",
        (COLUMN, length(24, least=2), _share("share", "50%", "which percentile")),
        "element",
        "Percentile of the last n values, interpolated between neighbours.",
        "channel",
        (Example("percentile(m1.close, 21, 95%)", "20", _RISING),),
        source="FX-25",
        is_among=True,
        lookback=_share_lookback,
        compute=percentile,
    )
)
REGISTRY.add(
    Function(
        "percentile_range",
        "series",
        (COLUMN, length(24, least=2), _LOW, _HIGH),
        "spread of element",
        "Distance between two percentiles of the last n values.",
        "channel",
        (Example("percentile_range(m1.close, 21, 5%, 95%)", "18", _RISING),),
        source="FX-25",
        least=0.0,
        lookback=_share_lookback,
        compute=percentile_range,
    )
)
REGISTRY.add(
    Function(
        "fib_position",
        "series",
        (PRICES, length(24, least=2), _LOW, _HIGH),
        QUOTIENT,
        "Place of the last price in the percentile range: 0 at its bottom, 1 at its top, beyond them outside 0 … 1.",
        "channel",
        (Example("fib_position(m1.close, 21, 5%, 95%)", "0.5", "close = 1 2 3 4 5 6 7 8 9 10 12..21 11"),),
        source="FX-25",
        lookback=_share_lookback,
        compute=fib_position,
    )
)
REGISTRY.add(
    Function(
        "fib_level",
        "series",
        (PRICES, length(24, least=2), _LEVEL, _LOW, _HIGH),
        PRICE,
        "The price at a level of the percentile range, 0 at its bottom, 1 at its top.",
        "channel",
        (Example("fib_level(m1.close, 21, 0.5, 5%, 95%)", "11", _RISING),),
        source="FX-25",
        lookback=_share_lookback,
        compute=fib_level,
    )
)
REGISTRY.add(
    Function(
        "choppiness",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "Choppiness index: near 100 sideways, near 0 in a straight run.",
        # each bar 8 … 9 after a close of 8: ten true ranges of 1 in a range of 1, so log10(10) / log10(10)
        "channel",
        (Example("choppiness(m1, 10)", "100", "high = 9x11; low = 8x11; close = 8x11"),),
        least=0.0,
        lookback=finite_changes,
        compute=choppiness,
    )
)
