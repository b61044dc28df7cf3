# A declaration holds the callables of its own kind only; tests know the kind they call.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# mypy: disable-error-code="misc,union-attr,arg-type,call-arg,attr-defined,no-any-return,operator"
"""TA-Lib over the full history is the outside oracle: the value over the last N bars agrees within the weight."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from ruleengine.functions.base import DEFAULT_CUT_WEIGHT, BarWindow
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.model.unknown import Unknown

EXACT = 1e-9
"""Finite windows differ from the library's running sums by rounding only, as share of the price or of the scale."""


def _ticks(bars: BarWindow) -> list[np.ndarray]:
    """High, low, close in whole ticks: sums of them are exact, so the library sees ties as ties."""
    return [np.round(column * 1000.0) for column in (bars.high, bars.low, bars.close)]


def _column(bars: BarWindow) -> np.ndarray:
    return bars.close


# name, constants, the library over the full history
FINITE = [
    ("sma", (5,), lambda b: talib.SMA(b.close, 5)),
    ("sma", (50,), lambda b: talib.SMA(b.close, 50)),
    ("wma", (20,), lambda b: talib.WMA(b.close, 20)),
    ("stdev", (20,), lambda b: talib.STDDEV(b.close - 150.0, 20)),
    ("bollinger_upper", (20, 2.0), lambda b: 150.0 + talib.BBANDS(b.close - 150.0, 20, 2.0, 2.0)[0]),
    ("bollinger_mid", (20,), lambda b: talib.BBANDS(b.close, 20)[1]),
    ("bollinger_lower", (30, 1.5), lambda b: 150.0 + talib.BBANDS(b.close - 150.0, 30, 1.5, 1.5)[2]),
    ("roc", (10,), lambda b: talib.ROCP(b.close, 10)),
    ("momentum", (16,), lambda b: talib.ROCP(b.close, 15)),
    ("stoch_k", (14, 3), lambda b: talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0)[0]),
    ("stoch_k", (5, 1), lambda b: talib.STOCHF(b.high, b.low, b.close, 5, 1, 0)[0]),
    ("stoch_d", (14, 3, 3), lambda b: talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0)[1]),
    ("cci", (20,), lambda b: talib.CCI(b.high, b.low, b.close, 20)),
    ("willr", (14,), lambda b: talib.WILLR(b.high, b.low, b.close, 14)),
    ("aroon_up", (14,), lambda b: talib.AROON(b.high, b.low, 14)[1]),
    ("aroon_down", (25,), lambda b: talib.AROON(b.high, b.low, 25)[0]),
    ("slope", (20,), lambda b: talib.LINEARREG_SLOPE(b.close, 20)),
    ("true_range", (), lambda b: talib.TRANGE(b.high, b.low, b.close)),
    ("highest", (20,), lambda b: talib.MAX(b.close, 20)),
    ("lowest", (20,), lambda b: talib.MIN(b.close, 20)),
    ("donchian_high", (55,), lambda b: talib.MAX(b.high, 55)),
    ("donchian_low", (55,), lambda b: talib.MIN(b.low, 55)),
    ("donchian_mid", (20,), lambda b: talib.MIDPRICE(b.high, b.low, 20)),
    ("change", (3,), lambda b: talib.MOM(b.close, 3)),
    ("total", (7,), lambda b: talib.SUM(b.close, 7)),
    ("mfi", (14,), lambda b: talib.MFI(*_ticks(b), b.volume, 14)),
    ("obv", (20,), lambda b: talib.MOM(talib.OBV(b.close, b.volume), 20)),
]


@pytest.mark.parametrize(("name", "constants", "oracle"), FINITE, ids=[f"{f[0]}{f[1]}" for f in FINITE])
def test_finite_windows_are_the_librarys_values(name, constants, oracle, history, cut) -> None:
    expected = oracle(history)
    n = FUNCTIONS[name].lookback(*constants)
    compared = 0
    for end in range(n + 60, len(history.close), 37):
        value = _compute(name, cut(history, end, n), constants)
        if isinstance(value, Unknown):
            assert value.detail
            continue
        scale = max(abs(expected[end]), 150.0)
        if name in ("stoch_k", "stoch_d", "cci"):  # a range of 0.001 divides their rounding
            scale *= 100.0
        assert value == pytest.approx(expected[end], abs=EXACT * scale)
        compared += 1
    assert compared > 80


# name, constants, the library over the full history
RECURSIVE = [
    ("ema", (5,), lambda b: talib.EMA(b.close, 5)),
    ("ema", (50,), lambda b: talib.EMA(b.close, 50)),
    ("kama", (10,), lambda b: talib.KAMA(b.close, 10)),
    ("rsi", (2,), lambda b: talib.RSI(b.close, 2)),
    ("rsi", (14,), lambda b: talib.RSI(b.close, 14)),
    ("rsi", (50,), lambda b: talib.RSI(b.close, 50)),
    ("atr", (14,), lambda b: talib.ATR(b.high, b.low, b.close, 14)),
    ("atr", (60,), lambda b: talib.ATR(b.high, b.low, b.close, 60)),
    ("natr", (14,), lambda b: talib.NATR(b.high, b.low, b.close, 14) / 100.0),
    ("adx", (7,), lambda b: talib.ADX(b.high, b.low, b.close, 7)),
    ("adx", (14,), lambda b: talib.ADX(b.high, b.low, b.close, 14)),
    ("adx", (30,), lambda b: talib.ADX(b.high, b.low, b.close, 30)),
    ("plus_di", (14,), lambda b: talib.PLUS_DI(b.high, b.low, b.close, 14)),
    ("minus_di", (14,), lambda b: talib.MINUS_DI(b.high, b.low, b.close, 14)),
    ("macd_line", (12, 26), lambda b: talib.MACD(b.close, 12, 26, 9)[0]),
    ("macd_signal", (12, 26, 9), lambda b: talib.MACD(b.close, 12, 26, 9)[1]),
    ("macd_histogram", (12, 26, 9), lambda b: talib.MACD(b.close, 12, 26, 9)[2]),
    ("macd_signal", (3, 10, 16), lambda b: talib.MACD(b.close, 3, 10, 16)[1]),
]


@pytest.mark.parametrize("weight", [DEFAULT_CUT_WEIGHT, 1e-3])
@pytest.mark.parametrize(("name", "constants", "oracle"), RECURSIVE, ids=[f"{f[0]}{f[1]}" for f in RECURSIVE])
def test_recursive_ones_agree_within_the_stated_weight(name, constants, oracle, weight, history, cut) -> None:
    expected = oracle(history)
    function = FUNCTIONS[name]
    assert function.recursive
    n = function.lookback(*constants, cut_weight=weight)
    rows = range(n, len(history.close), 41)
    assert len(rows) > 10
    # the error of a seed is at most the span of what it averages; 100 is the span of an oscillator
    if name in ("rsi", "adx", "plus_di", "minus_di"):
        span = 1000.0 if constants == (2,) else 100.0  # over two bars a calm one divides a wild seed
    elif name in ("atr", "natr"):
        span = float((history.high - history.low).max())
    else:
        span = float(history.high.max() - history.low.min())
    for end in rows:
        value = _compute(name, cut(history, end, n), constants)
        assert abs(value - expected[end]) <= weight * span + 1e-9, (end, value, expected[end])


def test_a_longer_history_changes_nothing_beyond_the_weight_but_a_shorter_one_does(walk, cut) -> None:
    n = FUNCTIONS["ema"].lookback(20)
    expected = float(talib.EMA(walk.close, 20)[3999])
    assert abs(_compute("ema", cut(walk, 3999, n), (20,)) - expected) < 1e-6
    assert abs(_compute("ema", cut(walk, 3999, 25), (20,)) - expected) > 1e-4


@pytest.mark.parametrize(
    ("name", "constants", "bars"),
    [
        ("ema", (14,), 14 + 97),  # ln 1e-6 / ln(13 / 15) = 96.5
        ("ema", (1,), 1),
        ("rsi", (14,), 15 + 187),  # ln 1e-6 / ln(13 / 14) = 186.4
        ("atr", (14,), 15 + 187),
        ("plus_di", (2,), 3 + 20),  # ln 1e-6 / ln(1 / 2) = 19.9
        ("sma", (20,), 20),
        ("roc", (10,), 11),
        ("momentum", (16,), 16),
        ("stoch_d", (14, 3, 3), 18),
        ("volume_ratio", (3,), 4),
        ("vwap", (480,), 480),
    ],
)
def test_lookback_by_hand(name: str, constants: tuple[int, ...], bars: int) -> None:
    assert FUNCTIONS[name].lookback(*constants) == bars


def _compute(name: str, bars: BarWindow, constants: tuple[float, ...]) -> float | Unknown:
    function = FUNCTIONS[name]
    first = bars if str(function.params[0].type) == "bars" else _column(bars)
    return function.compute(first, *constants)
