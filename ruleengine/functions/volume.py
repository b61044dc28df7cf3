"""Traded volume: VWAP from the session's start, volume against its mean, OBV, money flow.

Volume is that of executions in the bar, or the increment of an accumulated figure, never that figure itself (PY-06).
Where the source gives none it is NaN, and everything here is unknown.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ruleengine.functions._params import WHOLE, finite_changes, finite_window, flat, has_hole, length, missing_volume
from ruleengine.functions._talib import talib
from ruleengine.functions.arithmetic import above
from ruleengine.functions.base import REGISTRY, Example, Function
from ruleengine.functions.session import WITHIN, first_row
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import NUMBER, PRICE, QUOTIENT, RATIO

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow


def vwap(bars: BarWindow, within: int) -> float | Unknown:
    """Mean typical price of the session's bars, each weighted by its volume.

    Shapes   bars: up to `within` rows; those of the last bar's session count.
    Unknown  while the rows do not reach back to the session's start, and where a bar of it has no volume.
    """
    first = first_row(bars, within, "vwap")
    if isinstance(first, Unknown):
        return first
    volume = bars.volume[first:]
    if has_hole(volume):
        return missing_volume("vwap")
    weights = volume.tolist()
    traded = math.fsum(weights)
    if not traded > 0.0:
        return Unknown(Reason.DIVISION_BY_ZERO, "vwap", "nothing traded in this session")
    typical = ((bars.high[first:] + bars.low[first:] + bars.close[first:]) / 3.0).tolist()
    return math.fsum(price * weight for price, weight in zip(typical, weights, strict=True)) / traded


def vwap_distance(bars: BarWindow, within: int) -> float | Unknown:
    """How far the last close is above VWAP, as a share of VWAP."""
    anchor = vwap(bars, within)
    if isinstance(anchor, Unknown):
        return Unknown(anchor.reason, "vwap_distance", anchor.detail)
    return (float(bars.close[-1]) - anchor) / anchor


def volume_ratio(bars: BarWindow, n: int) -> float | Unknown:
    """Volume of the last bar against the mean of the n bars before it."""
    if has_hole(bars.volume):
        return missing_volume("volume_ratio")
    usual = math.fsum(bars.volume[:-1].tolist()) / int(n)
    return float(bars.volume[-1]) / usual if usual > 0.0 else flat("volume_ratio", n, "no volume")


def obv(bars: BarWindow, n: int) -> float | Unknown:
    """Volume of the bars that closed higher − volume of those that closed lower, over n changes."""
    if has_hole(bars.volume):
        return missing_volume("obv")
    values = talib().OBV(bars.close, bars.volume)
    return float(values[-1] - values[0])


def mfi(bars: BarWindow, n: int) -> float | Unknown:
    """Money flow index: upward share of typical price × volume over n changes, 0 … 100.

    Our own: TA-Lib takes the rounding of (high + low + close) / 3 for a rise where equal decimals meet, and releases
    before 0.8 answer 0 where the flow of the whole window is below 1, an ordinary sum for fractions of a coin.
    """
    if has_hole(bars.volume):
        return missing_volume("mfi")
    typical = ((bars.high + bars.low + bars.close) / 3.0).tolist()
    weights = bars.volume.tolist()
    rows = range(1, len(typical))
    rising = math.fsum(typical[row] * weights[row] for row in rows if above(typical[row], typical[row - 1]))
    falling = math.fsum(typical[row] * weights[row] for row in rows if above(typical[row - 1], typical[row]))
    both = rising + falling
    return 100.0 * rising / both if both > 0.0 else flat("mfi", n, "no money flow")


_THREE = "high = 3 6 9; low = 1 2 3; close = 2 4 6; volume = 1 1 2"
"""Typical prices 2, 4, 6: (2 × 1 + 4 × 1 + 6 × 2) / 4 = 4.5."""

REGISTRY.add(
    Function(
        "vwap",
        "series",
        (WHOLE, WITHIN),
        PRICE,
        "Volume-weighted average price since the session's start.",
        "volume",
        (Example("vwap(m1, 480)", "4.5", _THREE),),
        source="PY-01",
        least=0.0,
        lookback=finite_window,
        compute=vwap,
        partial=True,
    )
)
REGISTRY.add(
    Function(
        "vwap_distance",
        "series",
        (WHOLE, WITHIN),
        RATIO,
        "How far the last close is above VWAP, as a share of it.",
        "volume",
        (Example("vwap_distance(m1, 480)", "0.3333333333333333", _THREE),),
        source="PY-01",
        lookback=finite_window,
        compute=vwap_distance,
        partial=True,
    )
)
REGISTRY.add(
    Function(
        "volume_ratio",
        "series",
        (WHOLE, length(3)),
        QUOTIENT,
        "Volume of the last bar against the mean of the n before it.",
        "volume",
        (Example("volume_ratio(m1, 3)", "1.5", "close = 1x4; volume = 3 1 2 3"),),
        source="PY-01",
        least=0.0,
        lookback=finite_changes,
        compute=volume_ratio,
    )
)
REGISTRY.add(
    Function(
        "obv",
        "series",
        (WHOLE, length(20)),
        NUMBER,
        "On-balance volume over n changes: rising bars' volume − falling bars'.",
        "volume",
        (Example("obv(m1, 3)", "5", "close = 1 2 2 3; volume = 9 2 4 3"),),
        lookback=finite_changes,
        compute=obv,
    )
)
REGISTRY.add(
    Function(
        "mfi",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "Money flow index, 0 … 100.",
        "volume",
        # rising 3 × 2 = 6, falling 2 × 1 = 2
        (Example("mfi(m1, 2)", "75", "close = 1 3 2; volume = 9 2 1"),),
        least=0.0,
        most=100.0,
        lookback=finite_changes,
        compute=mfi,
    )
)
