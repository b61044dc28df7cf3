"""How much price moves: true range, ATR, standard deviation, Bollinger bands.

Standard deviations are our own, in two passes with exact sums. Releases of TA-Lib before 0.8 take E[x²] − E[x]² in one
pass, which at a price of 150 loses four digits of a deviation of 0.001; ours do not depend on the release.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ruleengine.functions._params import COLUMN, WHOLE, factor, finite_window, flat, length
from ruleengine.functions._settle import wilder_bars
from ruleengine.functions._talib import last, talib
from ruleengine.functions.base import DEFAULT_CUT_WEIGHT, REGISTRY, Example, Function
from ruleengine.units import DISTANCE, PRICE, QUOTIENT, RATIO

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow, Floats
    from ruleengine.model.unknown import Unknown


def true_range(bars: BarWindow) -> float:
    """Range of the last bar, the gap from the close before it included."""
    before, high, low = float(bars.close[-2]), float(bars.high[-1]), float(bars.low[-1])
    return max(high - low, abs(high - before), abs(low - before))


def true_range_lookback(*, cut_weight: float = 0.0) -> int:
    return 2


def high_low_range(bars: BarWindow, n: int) -> float:
    return float(bars.high.max() - bars.low.min())


# --- ATR -------------------------------------------------------------------------------------------------------------


def atr(bars: BarWindow, n: int) -> float:
    return last(talib().ATR(bars.high, bars.low, bars.close, timeperiod=int(n)))


def atr_lookback(n: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    return wilder_bars(n, cut_weight)


def natr(bars: BarWindow, n: int) -> float | Unknown:
    """ATR as a share of the last close (1 % = 0.01)."""
    close = float(bars.close[-1])
    return atr(bars, n) / close if close else flat("natr", n, "close of zero")


def atr_ratio(bars: BarWindow, n: int, mean: int) -> float | Unknown:
    """ATR now against the mean of the `mean` ATRs before it."""
    values = talib().ATR(bars.high, bars.low, bars.close, timeperiod=int(n))
    usual = math.fsum(values[-int(mean) - 1 : -1].tolist()) / int(mean)
    return last(values) / usual if usual > 0.0 else flat("atr_ratio", mean)


def atr_ratio_lookback(n: int, mean: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    return wilder_bars(n, cut_weight) + int(mean)


# --- standard deviation ----------------------------------------------------------------------------------------------


def stdev(column: Floats, n: int) -> float:
    return _mean_and_deviation(column)[1]


def _mean_and_deviation(column: Floats) -> tuple[float, float]:
    """Mean and population deviation; sums are exact, so neither depends on the order of the bars or on the machine."""
    values = column.tolist()
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum([(value - mean) ** 2 for value in values]) / len(values))


def bollinger_mid(bars: BarWindow, n: int) -> float:
    return _mean_and_deviation(bars.close)[0]


def bollinger_upper(bars: BarWindow, n: int, deviations: float) -> float:
    mean, deviation = _mean_and_deviation(bars.close)
    return mean + deviations * deviation


def bollinger_lower(bars: BarWindow, n: int, deviations: float) -> float:
    mean, deviation = _mean_and_deviation(bars.close)
    return mean - deviations * deviation


def bollinger_width(bars: BarWindow, n: int, deviations: float) -> float | Unknown:
    """Distance between the bands as a share of their middle."""
    mean, deviation = _mean_and_deviation(bars.close)
    return 2.0 * deviations * deviation / mean if mean else flat("bollinger_width", n, "mean of zero")


def bollinger_position(bars: BarWindow, n: int, deviations: float) -> float | Unknown:
    """Place of the close between the bands (%b): 0 at the lower, 1 at the upper; beyond them below 0, above 1."""
    if bars.close.min() == bars.close.max():
        return flat("bollinger_position", n)
    mean, deviation = _mean_and_deviation(bars.close)
    return 0.5 + (float(bars.close[-1]) - mean) / (2.0 * deviations * deviation)


def bollinger_lookback(n: int, deviations: float = 0.0, *, cut_weight: float = 0.0) -> int:
    return int(n)


_MOVING = "high = 2..301; low = 0..299; close = 1..300"
_K = factor("deviations", "2", "how many standard deviations")
_TWO_AND_SIX = "close = 2 6 2 6"
"""Mean 4, every value 2 from it: deviation 2."""

REGISTRY.add(
    Function(
        "true_range",
        "series",
        (WHOLE,),
        DISTANCE,
        "Range of the last bar with the gap from the close before it.",
        "volatility",
        (Example("true_range(m1)", "7", "high = 5 12; low = 4 8; close = 5 9"),),
        least=0.0,
        lookback=true_range_lookback,
        compute=true_range,
    )
)
REGISTRY.add(
    Function(
        "range",
        "series",
        (WHOLE, length(20)),
        DISTANCE,
        "Highest high − lowest low.",
        "volatility",
        (Example("range(m1, 2)", "8", "high = 99 12 9; low = 1 8 4; close = 50 9 8"),),
        least=0.0,
        lookback=finite_window,
        compute=high_low_range,
    )
)
REGISTRY.add(
    Function(
        "atr",
        "series",
        (WHOLE, length(14, least=2)),
        DISTANCE,
        "Wilder's average true range.",
        "volatility",
        (Example("atr(m1, 14)", "2", _MOVING),),
        source="PY-04, FX-26",
        least=0.0,
        lookback=atr_lookback,
        compute=atr,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "natr",
        "series",
        (WHOLE, length(14, least=2)),
        RATIO,
        "ATR as a share of the close (TA-Lib's NATR is 100 times this).",
        "volatility",
        (Example("natr(m1, 14)", "0.02", "high = 101x300; low = 99x300; close = 100x300"),),
        least=0.0,
        lookback=atr_lookback,
        compute=natr,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "atr_ratio",
        "series",
        (WHOLE, length(14, least=2), length(100, name="mean")),
        QUOTIENT,
        "ATR now against the mean of the ATRs before it: a spike, or how volatile it is compared with usual.",
        "volatility",
        (Example("atr_ratio(m1, 14, 10)", "1", _MOVING),),
        source="SC-11, FX-22",
        least=0.0,
        lookback=atr_ratio_lookback,
        compute=atr_ratio,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "stdev",
        "series",
        (COLUMN, length(20, least=2)),
        "spread of element",
        "Population standard deviation of n values.",
        "volatility",
        (Example("stdev(m1.close, 4)", "2", _TWO_AND_SIX),),
        least=0.0,
        lookback=finite_window,
        compute=stdev,
    )
)
REGISTRY.add(
    Function(
        "bollinger_mid",
        "series",
        (WHOLE, length(20, least=2)),
        PRICE,
        "Middle of the Bollinger bands: the mean close.",
        "volatility",
        (Example("bollinger_mid(m1, 4)", "4", _TWO_AND_SIX),),
        least=0.0,
        lookback=finite_window,
        compute=bollinger_mid,
    )
)
REGISTRY.add(
    Function(
        "bollinger_upper",
        "series",
        (WHOLE, length(20, least=2), _K),
        PRICE,
        "Upper Bollinger band of the closes.",
        "volatility",
        (Example("bollinger_upper(m1, 4, 1.5)", "7", _TWO_AND_SIX),),
        lookback=bollinger_lookback,
        compute=bollinger_upper,
    )
)
REGISTRY.add(
    Function(
        "bollinger_lower",
        "series",
        (WHOLE, length(20, least=2), _K),
        PRICE,
        "Lower Bollinger band of the closes.",
        "volatility",
        (Example("bollinger_lower(m1, 4, 1.5)", "1", _TWO_AND_SIX),),
        lookback=bollinger_lookback,
        compute=bollinger_lower,
    )
)
REGISTRY.add(
    Function(
        "bollinger_width",
        "series",
        (WHOLE, length(20, least=2), _K),
        RATIO,
        "Distance between the bands as a share of their middle.",
        "volatility",
        (Example("bollinger_width(m1, 4, 1.5)", "1.5", _TWO_AND_SIX),),
        least=0.0,
        lookback=bollinger_lookback,
        compute=bollinger_width,
    )
)
REGISTRY.add(
    Function(
        "bollinger_position",
        "series",
        (WHOLE, length(20, least=2), _K),
        QUOTIENT,
        "Place of the close between the bands (%b): 0 at the lower, 1 at the upper, beyond them outside 0 … 1.",
        "volatility",
        (Example("bollinger_position(m1, 4, 2)", "0.75", _TWO_AND_SIX),),
        lookback=bollinger_lookback,
        compute=bollinger_position,
    )
)
