"""Averages of a column of closed bars: simple, exponential, weighted, adaptive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine.functions._params import COLUMN, finite_window, length
from ruleengine.functions._settle import ema_decay, settling_bars
from ruleengine.functions._talib import last, talib
from ruleengine.functions.base import DEFAULT_CUT_WEIGHT, REGISTRY, Example, Function

if TYPE_CHECKING:
    from ruleengine.functions.base import Floats

_KAMA_SLOWEST_DECAY = 1.0 - (2.0 / 31.0) ** 2
"""KAMA's smoothing is at its slowest that of an EMA over 30 bars, squared; its memory is stated for that case."""


def sma(column: Floats, n: int) -> float:
    return last(talib().SMA(column, timeperiod=int(n))) if n > 1 else float(column[-1])


def wma(column: Floats, n: int) -> float:
    return last(talib().WMA(column, timeperiod=int(n))) if n > 1 else float(column[-1])


def ema(column: Floats, n: int) -> float:
    return last(talib().EMA(column, timeperiod=int(n))) if n > 1 else float(column[-1])


def ema_lookback(n: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    """Bars of an EMA: n for its seed, then until the seed weighs less than `cut_weight`.

    >>> ema_lookback(3, cut_weight=0.2)                     # decay 1/2: 3 bars of seed, then 0.5, 0.25, 0.125
    6
    """
    return 1 if n <= 1 else int(n) + settling_bars(ema_decay(int(n)), cut_weight=cut_weight)


def kama(column: Floats, n: int) -> float:
    return last(talib().KAMA(column, timeperiod=int(n)))


def kama_lookback(n: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    return int(n) + 1 + settling_bars(_KAMA_SLOWEST_DECAY, cut_weight=cut_weight)


REGISTRY.add(
    Function(
        "sma",
        "series",
        (COLUMN, length(20)),
        "element",
        "Simple average.",
        "averages",
        (Example("sma(m1.close, 3)", "4", "close = 1 3 4 5"),),
        is_among=True,
        lookback=finite_window,
        compute=sma,
    )
)
REGISTRY.add(
    Function(
        "wma",
        "series",
        (COLUMN, length(20)),
        "element",
        "Average with weights 1 … n, the newest bar heaviest.",
        "averages",
        (Example("wma(m1.close, 3)", "4", "close = 9 1 4 5"),),
        is_among=True,
        lookback=finite_window,
        compute=wma,
    )
)
REGISTRY.add(
    Function(
        "ema",
        "series",
        (COLUMN, length(20)),
        "element",
        "Exponential average, weight 2 / (n + 1) for the newest bar.",
        "averages",
        (Example("ema(m1.close, 9)", "7", "close = 7x80"),),
        is_among=True,
        lookback=ema_lookback,
        compute=ema,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "kama",
        "series",
        (COLUMN, length(10, least=2)),
        "element",
        "Kaufman's adaptive average. In a market without direction it forgets slowly, so it reads some 3,300 bars.",
        "averages",
        (Example("kama(m1.close, 10)", "7", "close = 7x3400"),),
        is_among=True,
        lookback=kama_lookback,
        compute=kama,
        recursive=True,
    )
)
