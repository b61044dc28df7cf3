# A declaration holds the callables of its own kind only; tests know the kind they call.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# mypy: disable-error-code="misc,union-attr,arg-type,call-arg,attr-defined,no-any-return,operator"
"""Indicators that TA-Lib lacks, against cases worked by hand; volumes and sessions; look-ahead."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from ruleengine.functions.base import BarWindow
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.model.unknown import Reason, Unknown

MINUTE = 60_000_000_000


def bars(close, high=None, low=None, volume=None, session=None) -> BarWindow:
    close = np.array(close, dtype=float)
    rows = np.arange(len(close), dtype=np.int64) * MINUTE
    session = np.zeros(len(close), dtype=np.int64) if session is None else np.array(session, dtype=np.int64) * MINUTE
    given = [close if column is None else np.array(column, dtype=float) for column in (high, low, volume)]
    return BarWindow(close, given[0], given[1], close, given[2], rows, rows + MINUTE, session)


def call(name, *arguments):
    return FUNCTIONS[name].compute(*arguments)


def test_percentiles_are_numpys() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6])
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        assert call("percentile", values, 6, share) == pytest.approx(np.percentile(values, share * 100), rel=1e-15)


def test_choppiness_by_hand() -> None:
    # true ranges 2, 2, 2 (each bar 2 wide, moving by 1); range of the three bars 13 − 9 = 4
    window = bars([9, 10, 11, 12], high=[10, 11, 12, 13], low=[8, 9, 10, 11])
    assert call("choppiness", window, 3) == pytest.approx(100 * math.log10(6 / 4) / math.log10(3), rel=1e-15)


def test_volume_ratio_below_at_and_above_the_limit_of_py01() -> None:
    for newest, gives in ((299.0, 1.495), (300.0, 1.5), (301.0, 1.505)):
        assert call("volume_ratio", bars([1] * 4, volume=[100, 200, 300, newest]), 3) == pytest.approx(gives, rel=1e-15)
    assert call("volume_ratio", bars([1] * 4, volume=[0, 0, 0, 5]), 3).reason == Reason.DIVISION_BY_ZERO
    assert call("volume_ratio", bars([1] * 4, volume=[1, math.nan, 2, 5]), 3).reason == Reason.MISSING


def test_vwap_counts_the_last_bars_session_only() -> None:
    # two bars of yesterday, then 10 × 1 and 20 × 3: 70 / 4
    window = bars([500, 900, 10, 20], volume=[7, 7, 1, 3], session=[-9, -9, 2, 2])
    assert call("vwap", window, 480) == 17.5
    assert call("vwap_distance", window, 480) == pytest.approx(20 / 17.5 - 1, rel=1e-12)


def test_vwap_knows_when_its_session_began_before_the_first_bar_held() -> None:
    late = bars([10, 20], session=[-5, -5])
    assert call("vwap", late, 480).reason == Reason.NOT_WARM
    assert "began before" in call("vwap", late, 480).detail
    assert "longer than 2 bars" in call("vwap", late, 2).detail
    opening = bars([10, 20], volume=[1, 1], session=[0, 0])
    assert call("vwap", opening, 480) == 15.0
    assert call("vwap", bars([10, 20], volume=[0, 0], session=[0, 0]), 480).reason == Reason.DIVISION_BY_ZERO
    assert call("vwap", bars([10, 20], volume=[1, math.nan], session=[0, 0]), 480).reason == Reason.MISSING


def test_the_session_so_far() -> None:
    window = bars([500, 10, 30, 20], session=[-9, 1, 1, 1])
    assert [call(name, window, 480) for name in ("session_open", "session_high", "session_low")] == [10.0, 30.0, 10.0]
    late = bars([10, 20], session=[-5, -5])
    for name in ("session_open", "session_high", "session_low"):
        assert call(name, late, 480).reason == Reason.NOT_WARM


def test_vwap_ignores_a_hole_in_yesterdays_volume() -> None:
    assert call("vwap", bars([500, 10], volume=[math.nan, 2], session=[-9, 1]), 480) == 10.0


@pytest.mark.parametrize(
    ("highs", "gives"),
    [
        ([1, 3, 2], 3.0),
        ([1, 3, 3, 2], 3.0),  # of equal neighbours the first is the swing
        ([3, 3, 2], None),  # not above the bar before it
        ([1, 2, 3], None),  # nothing after it yet: a swing is not seen before it is one
        ([1, 3, 2, 4, 2], 4.0),
    ],
)
def test_swing_high(highs, gives) -> None:
    value = call("swing_high", bars(highs), 1, 1, len(highs) - 2)
    assert (value.reason == Reason.EMPTY) if gives is None else (value == gives)


def test_structure() -> None:
    rising = bars([9, 5, 6, 9, 8, 7, 10])
    assert call("higher_low", rising, 1, 1, 5) is True
    assert call("n_wave", rising, 1, 1, 5) == 1.0
    assert call("n_wave", bars([9, 5, 6, 9, 8, 7, 9]), 1, 1, 5) == 0.0  # at the high, not above it
    assert call("n_wave", bars([-9, -5, -6, -9, -8, -7, -10]), 1, 1, 5) == -1.0
    assert call("higher_low", bars([9, 5, 6, 5, 8]), 1, 1, 3) is False  # equal lows
    assert call("higher_low", bars([9, 5, 6, 7, 8]), 1, 1, 3).reason == Reason.EMPTY


def test_fib_levels_of_fx25() -> None:
    # closes 1 … 21: 5th percentile 2, 95th 20, span 18; extreme from 20 − 18 × 0.236 = 15.752 on
    closes = np.arange(1.0, 22.0)
    assert call("fib_level", closes, 21, 1 - 0.236, 0.05, 0.95) == pytest.approx(15.752, rel=1e-12)
    assert call("fib_position", closes, 21, 0.05, 0.95) == pytest.approx(19 / 18, rel=1e-12)


def test_ma_gap_by_hand() -> None:
    n = FUNCTIONS["ma_gap"].lookback(20, 14)
    close = np.arange(1.0, n + 1.0)
    # each true range 2; mean of the last twenty closes is 9.5 below the last one
    assert call("ma_gap", bars(close, high=close + 1, low=close - 1), 20, 14) == pytest.approx(4.75, rel=1e-12)


def test_every_series_function_sees_exactly_its_window(walk, cut) -> None:
    """The value depends on nothing before its N bars, and each bar of a finite window can be reached."""
    for function in FUNCTIONS.values():
        if function.kind != "series":
            continue
        constants = [eval(param.default.replace("%", "/100")) for param in function.params if param.constant]
        n = function.lookback(*constants)
        window = cut(walk, 3999, n)
        first = window if str(function.params[0].type) == "bars" else window.close
        value = function.compute(first, *constants)
        assert isinstance(value, Unknown | float | bool), function.name
        if isinstance(value, float):
            assert math.isfinite(value), function.name


def test_a_policy_may_state_another_weight_of_what_is_cut_off() -> None:
    for function in FUNCTIONS.values():
        if function.kind == "series":
            constants = [eval(param.default.replace("%", "/100")) for param in function.params if param.constant]
            usual = function.lookback(*constants)
            looser, tighter = (function.lookback(*constants, cut_weight=weight) for weight in (1e-3, 1e-9))
            assert (looser < usual < tighter) if function.recursive else (looser == usual == tighter), function.name


def test_declarations_need_neither_numpy_nor_talib() -> None:
    code = "import sys, ruleengine.functions.catalogue; assert not {'numpy', 'talib'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
