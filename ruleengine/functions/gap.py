"""Distance of price from its average, measured in ATRs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine.functions._params import WHOLE, flat, length
from ruleengine.functions._settle import wilder_bars
from ruleengine.functions.averages import sma
from ruleengine.functions.base import DEFAULT_CUT_WEIGHT, REGISTRY, Example, Function
from ruleengine.functions.volatility import atr
from ruleengine.units import QUOTIENT

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow
    from ruleengine.model.unknown import Unknown


def ma_gap(bars: BarWindow, n: int, atr_n: int) -> float | Unknown:
    """|close − SMA(n)| / ATR(atr_n)."""
    width = atr(bars, atr_n)
    if not width > 0.0:
        return flat("ma_gap", len(bars.close))
    return abs(float(bars.close[-1]) - sma(bars.close[-int(n) :], n)) / width


def ma_gap_lookback(n: int, atr_n: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    return max(int(n), wilder_bars(atr_n, cut_weight))


REGISTRY.add(
    Function(
        "ma_gap",
        "series",
        (WHOLE, length(20), length(14, name="atr_n", least=2)),
        QUOTIENT,
        "Distance of the close from its simple average, in ATRs, whichever side it is on.",
        "gap",
        # close 300, mean of 281 … 300 is 290.5, true range 2
        (Example("ma_gap(m1, 20, 14)", "4.75", "high = 2..301; low = 0..299; close = 1..300"),),
        source="FX-26",
        least=0.0,
        lookback=ma_gap_lookback,
        compute=ma_gap,
        recursive=True,
    )
)
