"""Is there a direction, and which: ADX and its two sides, Aroon, slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine.functions._params import COLUMN, WHOLE, finite_changes, finite_window, flat, length
from ruleengine.functions._settle import settling_bars, wilder_bars, wilder_decay
from ruleengine.functions._talib import last, lifted, talib
from ruleengine.functions.base import DEFAULT_CUT_WEIGHT, REGISTRY, Example, Function
from ruleengine.units import NUMBER

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow, Floats
    from ruleengine.model.unknown import Unknown


def adx(bars: BarWindow, n: int) -> float | Unknown:
    """Wilder's average directional index.

    Unknown  where no bar of the window moves in a direction: the library would answer 0 (SC-17).
    """
    if _nothing_moves(bars):
        return flat("adx", len(bars.close), "no directional movement")
    return last(talib().ADX(*lifted(bars.high, bars.low, bars.close), timeperiod=int(n)))


def adx_lookback(n: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    """2 n bars to the first value, then until the error of two Wilder stages, one feeding the other, is small."""
    decay = wilder_decay(int(n))
    return 2 * int(n) + settling_bars(decay, decay, cut_weight=cut_weight)


def plus_di(bars: BarWindow, n: int) -> float | Unknown:
    """Share of upward directional movement in the true range, 0 … 100."""
    if _no_true_range(bars):
        return flat("plus_di", len(bars.close))
    return last(talib().PLUS_DI(*lifted(bars.high, bars.low, bars.close), timeperiod=int(n)))


def minus_di(bars: BarWindow, n: int) -> float | Unknown:
    """Share of downward directional movement in the true range, 0 … 100."""
    if _no_true_range(bars):
        return flat("minus_di", len(bars.close))
    return last(talib().MINUS_DI(*lifted(bars.high, bars.low, bars.close), timeperiod=int(n)))


def di_lookback(n: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    return wilder_bars(n, cut_weight)


def _no_true_range(bars: BarWindow) -> bool:
    return bool(bars.high.max() == bars.low.min())


def _nothing_moves(bars: BarWindow) -> bool:
    """No bar rises above the one before by more than it falls below it, nor the reverse: both DM are 0 throughout."""
    up = bars.high[1:] - bars.high[:-1]
    down = bars.low[:-1] - bars.low[1:]
    moves = ((up > down) & (up > 0)) | ((down > up) & (down > 0))
    return not moves.any()


def aroon_up(bars: BarWindow, n: int) -> float:
    """100 when the highest high of the last n + 1 bars is the newest, 0 when it is the oldest."""
    _, up = talib().AROON(bars.high, bars.low, timeperiod=int(n))
    return last(up)


def aroon_down(bars: BarWindow, n: int) -> float:
    """100 when the lowest low of the last n + 1 bars is the newest, 0 when it is the oldest."""
    down, _ = talib().AROON(bars.high, bars.low, timeperiod=int(n))
    return last(down)


def slope(column: Floats, n: int) -> float:
    """Slope of the least-squares line through n values, per bar; taken from the first one on, to lose no digit."""
    return last(talib().LINEARREG_SLOPE(column - column[0], timeperiod=int(n)))


_MOVING = "high = 2..301; low = 0..299; close = 1..300"

REGISTRY.add(
    Function(
        "adx",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "Wilder's average directional index: strength of a trend, 0 … 100.",
        "trend",
        (Example("adx(m1, 14)", "100", _MOVING),),
        source="FX-25, FX-26",
        least=0.0,
        most=100.0,
        lookback=adx_lookback,
        compute=adx,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "plus_di",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "Upward share of the movement (+DI), 0 … 100.",
        "trend",
        (Example("plus_di(m1, 14)", "50", _MOVING),),  # each bar: up 1, true range 2
        least=0.0,
        most=100.0,
        lookback=di_lookback,
        compute=plus_di,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "minus_di",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "Downward share of the movement (−DI), 0 … 100.",
        "trend",
        (Example("minus_di(m1, 14)", "0", _MOVING),),
        least=0.0,
        most=100.0,
        lookback=di_lookback,
        compute=minus_di,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "aroon_up",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "How new the highest high of n + 1 bars is, 0 … 100.",
        "trend",
        (Example("aroon_up(m1, 4)", "75", "close = 1 2 3 9 4"),),
        least=0.0,
        most=100.0,
        lookback=finite_changes,
        compute=aroon_up,
    )
)
REGISTRY.add(
    Function(
        "aroon_down",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "How new the lowest low of n + 1 bars is, 0 … 100.",
        "trend",
        (Example("aroon_down(m1, 4)", "0", "close = 1 2 3 9 4"),),
        least=0.0,
        most=100.0,
        lookback=finite_changes,
        compute=aroon_down,
    )
)
REGISTRY.add(
    Function(
        "slope",
        "series",
        (COLUMN, length(20, least=2)),
        "spread of element",
        "Slope of the straight line through n values, per bar.",
        "trend",
        (Example("slope(m1.close, 3)", "2", "close = 9 1 3 5"),),
        lookback=finite_window,
        compute=slope,
    )
)
