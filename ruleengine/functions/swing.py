"""Turning points: swing highs and lows, and the structure they make.

A swing high is a bar whose high is above the highs of the `left` bars before it and not below those of the `right` bars
after it (of equal neighbours the first one counts); a swing low mirrors it. It is seen `right` bars late, and not
before: that is what keeps it free of look-ahead. A function looks at the last `within` bars that can be one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine.functions._params import WHOLE, length
from ruleengine.functions.arithmetic import above
from ruleengine.functions.base import REGISTRY, Example, Function
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import BOOL, NUMBER, PRICE

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow, Floats


def peaks(values: Floats, left: int, right: int) -> list[int]:
    """Rows of the swing highs of a column, oldest first; for swing lows hand in the negated lows.

    >>> import numpy as np
    >>> peaks(np.array([1.0, 3.0, 3.0, 2.0, 5.0]), 1, 1)
    [1]
    """
    column = values.tolist()
    return [
        row
        for row in range(left, len(column) - right)
        if above(column[row], max(column[row - left : row]))
        and not above(max(column[row + 1 : row + right + 1]), column[row])
    ]


def swing_lookback(left: int, right: int, within: int, *, cut_weight: float = 0.0) -> int:
    return int(left) + int(within) + int(right)


def swing_high(bars: BarWindow, left: int, right: int, within: int) -> float | Unknown:
    rows = peaks(bars.high, int(left), int(right))
    return float(bars.high[rows[-1]]) if rows else _no_swing("swing_high", "swing high", within)


def swing_low(bars: BarWindow, left: int, right: int, within: int) -> float | Unknown:
    rows = peaks(-bars.low, int(left), int(right))
    return float(bars.low[rows[-1]]) if rows else _no_swing("swing_low", "swing low", within)


def higher_low(bars: BarWindow, left: int, right: int, within: int) -> bool | Unknown:
    """Is the newest swing low above the one before it?"""
    rows = peaks(-bars.low, int(left), int(right))
    if len(rows) < 2:
        return _no_swing("higher_low", "pair of swing lows", within)
    return above(float(bars.low[rows[-1]]), float(bars.low[rows[-2]]))


def lower_high(bars: BarWindow, left: int, right: int, within: int) -> bool | Unknown:
    """Is the newest swing high below the one before it?"""
    rows = peaks(bars.high, int(left), int(right))
    if len(rows) < 2:
        return _no_swing("lower_high", "pair of swing highs", within)
    return above(float(bars.high[rows[-2]]), float(bars.high[rows[-1]]))


def n_wave(bars: BarWindow, left: int, right: int, within: int) -> float | Unknown:
    """1 for a completed upward N, −1 for a downward one, 0 for neither.

    Upward: the last three alternating swings are a low A, a high B, a higher low C below B; the last close is above B.
    """
    turns = _alternating_turns(bars, int(left), int(right))
    if len(turns) < 3:
        return _no_swing("n_wave", "three alternating swings", within)
    (_, first), (_, second), (side, third) = turns[-3:]
    close = float(bars.close[-1])
    if side < 0:
        return 1.0 if first < third < second < close else 0.0
    return -1.0 if first > third > second > close else 0.0


def _alternating_turns(bars: BarWindow, left: int, right: int) -> list[tuple[int, float]]:
    """(side, price) of the swings in time order, side 1 high and −1 low; of neighbours on one side the extreme stays.

    A bar that is both counts as its high first, then its low."""
    highs = [(row, 1, float(bars.high[row])) for row in peaks(bars.high, left, right)]
    lows = [(row, -1, float(bars.low[row])) for row in peaks(-bars.low, left, right)]
    turns: list[tuple[int, float]] = []
    for _, side, price in sorted(highs + lows, key=lambda turn: (turn[0], -turn[1])):
        if turns and turns[-1][0] == side:
            if (price - turns[-1][1]) * side > 0:
                turns[-1] = (side, price)
        else:
            turns.append((side, price))
    return turns


def _no_swing(name: str, what: str, within: int) -> Unknown:
    return Unknown(Reason.EMPTY, name, f"no {what} in {int(within)} bars")


_LEFT = length(2, name="left", doc="bars before it that it must pass")
_RIGHT = length(2, name="right", doc="bars after it that must not pass it")
_WITHIN = length(60, name="within", doc="bars among which a swing is sought")
_PARAMS = (WHOLE, _LEFT, _RIGHT, _WITHIN)
_ZIGZAG = "close = 9 5 6 9 8 7 10"
"""With one bar on each side: low 5, high 9, low 7; the close of 10 is above the high."""

REGISTRY.add(
    Function(
        "swing_high",
        "series",
        _PARAMS,
        PRICE,
        "Price of the newest swing high.",
        "swing",
        (Example("swing_high(m1, 1, 1, 5)", "9", _ZIGZAG),),
        source="PY-01, FX-22",
        least=0.0,
        lookback=swing_lookback,
        compute=swing_high,
    )
)
REGISTRY.add(
    Function(
        "swing_low",
        "series",
        _PARAMS,
        PRICE,
        "Price of the newest swing low.",
        "swing",
        (Example("swing_low(m1, 1, 1, 5)", "7", _ZIGZAG),),
        source="PY-01, FX-22",
        least=0.0,
        lookback=swing_lookback,
        compute=swing_low,
    )
)
REGISTRY.add(
    Function(
        "higher_low",
        "series",
        _PARAMS,
        BOOL,
        "Is the newest swing low above the one before it?",
        "swing",
        (Example("higher_low(m1, 1, 1, 5)", "true", _ZIGZAG),),
        source="PY-03",
        lookback=swing_lookback,
        compute=higher_low,
    )
)
REGISTRY.add(
    Function(
        "lower_high",
        "series",
        _PARAMS,
        BOOL,
        "Is the newest swing high below the one before it?",
        "swing",
        (Example("lower_high(m1, 1, 1, 5)", "true", "close = 1 5 4 1 3 2 0"),),
        lookback=swing_lookback,
        compute=lower_high,
    )
)
REGISTRY.add(
    Function(
        "n_wave",
        "series",
        _PARAMS,
        NUMBER,
        "1 after low, high, higher low and a close above that high; -1 after the reverse; otherwise 0.",
        "swing",
        (Example("n_wave(m1, 1, 1, 5)", "1", _ZIGZAG),),
        source="PY-01",
        least=-1.0,
        most=1.0,
        lookback=swing_lookback,
        compute=n_wave,
    )
)
