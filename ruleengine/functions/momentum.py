"""How fast price moves, and how far it has gone: RSI, MACD, rate of change, stochastic, CCI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine.functions._params import COLUMN, WHOLE, finite_changes, finite_window, flat, length
from ruleengine.functions._settle import ema_decay, settling_bars, wilder_bars
from ruleengine.functions._talib import last, lifted, talib
from ruleengine.functions.base import DEFAULT_CUT_WEIGHT, REGISTRY, Example, Function
from ruleengine.model.unknown import Unknown
from ruleengine.units import DISTANCE, NUMBER, RATIO

if TYPE_CHECKING:
    from ruleengine.functions.base import BarWindow, Floats

# --- RSI -------------------------------------------------------------------------------------------------------------


def rsi(bars: BarWindow, n: int) -> float | Unknown:
    """Wilder's RSI; of closes that never change it is unknown, where the library would answer 0."""
    if bars.close.min() == bars.close.max():
        return flat("rsi", len(bars.close), "no change of close")
    return last(talib().RSI(*lifted(bars.close), timeperiod=int(n)))


def rsi_lookback(n: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    return wilder_bars(n, cut_weight)


def rsi_fade(bars: BarWindow, n: int, within: int) -> float | Unknown:
    """How far RSI has come down from its highest value of the last `within` bars, this one included."""
    if bars.close.min() == bars.close.max():
        return flat("rsi_fade", len(bars.close), "no change of close")
    values = talib().RSI(*lifted(bars.close), timeperiod=int(n))[-int(within) :]
    return float(values.max()) - last(values)


def rsi_fade_lookback(n: int, within: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    return wilder_bars(n, cut_weight) + int(within) - 1


# --- MACD ------------------------------------------------------------------------------------------------------------


def macd_line(bars: BarWindow, fast: int, slow: int) -> float:
    """EMA(fast) − EMA(slow) of the closes."""
    line, _, _ = talib().MACD(bars.close, fastperiod=int(fast), slowperiod=int(slow), signalperiod=1)
    return last(line)


def macd_line_lookback(fast: int, slow: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    longer = max(int(fast), int(slow))
    return longer + settling_bars(ema_decay(longer), cut_weight=cut_weight)


def macd_signal(bars: BarWindow, fast: int, slow: int, signal: int) -> float:
    _, average, _ = talib().MACD(bars.close, fastperiod=int(fast), slowperiod=int(slow), signalperiod=int(signal))
    return last(average)


def macd_histogram(bars: BarWindow, fast: int, slow: int, signal: int) -> float:
    _, _, histogram = talib().MACD(bars.close, fastperiod=int(fast), slowperiod=int(slow), signalperiod=int(signal))
    return last(histogram)


def macd_signal_lookback(fast: int, slow: int, signal: int, *, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    longer = max(int(fast), int(slow))
    return longer + int(signal) - 1 + settling_bars(ema_decay(longer), ema_decay(int(signal)), cut_weight=cut_weight)


# --- over exactly n bars ---------------------------------------------------------------------------------------------


def roc(column: Floats, n: int) -> float | Unknown:
    """Change over n bars as a share of the value then."""
    first = float(column[0])
    if first == 0.0:
        return flat("roc", n, "the first value is zero")
    return (float(column[-1]) - first) / first


def momentum(column: Floats, n: int) -> float | Unknown:
    """(last − first) / first over n values: one bar less apart than `roc(…, n)`."""
    first = float(column[0])
    if first == 0.0:
        return flat("momentum", n, "the first value is zero")
    return (float(column[-1]) - first) / first


def stoch_k(bars: BarWindow, n: int, smooth: int) -> float | Unknown:
    """Place of the close in the range of n bars, 0 … 100, averaged over `smooth` bars."""
    return _stochastic("stoch_k", bars, int(n), int(smooth), 1)


def stoch_d(bars: BarWindow, n: int, smooth: int, signal: int) -> float | Unknown:
    """Average of `stoch_k` over `signal` bars."""
    return _stochastic("stoch_d", bars, int(n), int(smooth), int(signal))


def _stochastic(name: str, bars: BarWindow, n: int, smooth: int, signal: int) -> float | Unknown:
    if _some_range_is_flat(bars, n):
        return flat(name, n)
    high, low, close = lifted(bars.high, bars.low, bars.close)
    _, d = talib().STOCH(
        high, low, close, fastk_period=n, slowk_period=smooth, slowk_matype=0, slowd_period=signal, slowd_matype=0
    )
    return last(d)


def _some_range_is_flat(bars: BarWindow, n: int) -> bool:
    """Is there a bar whose last n bars have one price? The library puts 0 there, which would enter the average."""
    rows = len(bars.high)
    return any(bars.high[end - n : end].max() == bars.low[end - n : end].min() for end in range(n, rows + 1))


def stoch_k_lookback(n: int, smooth: int, *, cut_weight: float = 0.0) -> int:
    return int(n) + int(smooth) - 1


def stoch_d_lookback(n: int, smooth: int, signal: int, *, cut_weight: float = 0.0) -> int:
    return int(n) + int(smooth) + int(signal) - 2


def cci(bars: BarWindow, n: int) -> float | Unknown:
    """Commodity channel index: distance of the typical price from its mean, in 0.015 mean deviations."""
    high, low, close = lifted(bars.high, bars.low, bars.close)
    typical = high + low + close
    if typical.min() == typical.max():
        return flat("cci", n, "no change of typical price")
    return last(talib().CCI(high, low, close, timeperiod=int(n)))


def willr(bars: BarWindow, n: int) -> float | Unknown:
    """Williams %R: the close below the highest high, in percent of the range, −100 … 0."""
    if bars.high.max() == bars.low.min():
        return flat("willr", n)
    return last(talib().WILLR(*lifted(bars.high, bars.low, bars.close), timeperiod=int(n)))


_FAST, _SLOW = length(12, name="fast", least=2), length(26, name="slow", least=2)
_SIGNAL = length(9, name="signal")
_SMOOTH, _D = length(3, name="smooth"), length(3, name="signal")

REGISTRY.add(
    Function(
        "rsi",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "Wilder's relative strength index of the closes, 0 … 100.",
        "momentum",
        (Example("rsi(m1, 14)", "100", "close = 1..300"),),
        source="FX-26",
        least=0.0,
        most=100.0,
        lookback=rsi_lookback,
        compute=rsi,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "rsi_fade",
        "series",
        (WHOLE, length(14, least=2), length(5, name="within")),
        NUMBER,
        "How far RSI has come down from its highest value of the last `within` bars.",
        "momentum",
        (Example("rsi_fade(m1, 14, 5)", "0", "close = 1..300"),),
        source="FX-21, FX-22",
        least=0.0,
        most=100.0,
        lookback=rsi_fade_lookback,
        compute=rsi_fade,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "macd_line",
        "series",
        (WHOLE, _FAST, _SLOW),
        DISTANCE,
        "EMA(fast) − EMA(slow) of the closes.",
        "momentum",
        (Example("macd_line(m1, 12, 26)", "0", "close = 7x300"),),
        lookback=macd_line_lookback,
        compute=macd_line,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "macd_signal",
        "series",
        (WHOLE, _FAST, _SLOW, _SIGNAL),
        DISTANCE,
        "EMA(signal) of the MACD line.",
        "momentum",
        (Example("macd_signal(m1, 12, 26, 9)", "0", "close = 7x300"),),
        lookback=macd_signal_lookback,
        compute=macd_signal,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "macd_histogram",
        "series",
        (WHOLE, _FAST, _SLOW, _SIGNAL),
        DISTANCE,
        "MACD line − its signal.",
        "momentum",
        (Example("macd_histogram(m1, 12, 26, 9)", "0", "close = 7x300"),),
        lookback=macd_signal_lookback,
        compute=macd_histogram,
        recursive=True,
    )
)
REGISTRY.add(
    Function(
        "roc",
        "series",
        (COLUMN, length(10)),
        RATIO,
        "Change over n bars, as a share of the value then.",
        "momentum",
        (Example("roc(m1.close, 2)", "0.25", "close = 9 4 1 5"),),
        lookback=finite_changes,
        compute=roc,
    )
)
REGISTRY.add(
    Function(
        "momentum",
        "series",
        (COLUMN, length(16, least=2)),
        RATIO,
        "(last − first) / first over the last n values.",
        "momentum",
        (Example("momentum(m1.close, 3)", "0.25", "close = 9 4 1 5"),),
        source="PY-04",
        lookback=finite_window,
        compute=momentum,
    )
)
REGISTRY.add(
    Function(
        "stoch_k",
        "series",
        (WHOLE, length(14), _SMOOTH),
        NUMBER,
        "Slow stochastic %K: place of the close in the range of n bars, 0 … 100, averaged.",
        "momentum",
        (Example("stoch_k(m1, 2, 1)", "25", "high = 9 9; low = 1 5; close = 8 3"),),
        least=0.0,
        most=100.0,
        lookback=stoch_k_lookback,
        compute=stoch_k,
    )
)
REGISTRY.add(
    Function(
        "stoch_d",
        "series",
        (WHOLE, length(14), _SMOOTH, _D),
        NUMBER,
        "Average of %K.",
        "momentum",
        (Example("stoch_d(m1, 2, 1, 1)", "25", "high = 9 9; low = 1 5; close = 8 3"),),
        least=0.0,
        most=100.0,
        lookback=stoch_d_lookback,
        compute=stoch_d,
    )
)
REGISTRY.add(
    Function(
        "cci",
        "series",
        (WHOLE, length(20, least=2)),
        NUMBER,
        "Commodity channel index of the typical price.",
        "momentum",
        # typical prices 1 2 6: mean 3, mean deviation (2 + 1 + 3) / 3 = 2, so (6 − 3) / (0.015 × 2)
        (Example("cci(m1, 3)", "100", "close = 1 2 6"),),
        lookback=finite_window,
        compute=cci,
    )
)
REGISTRY.add(
    Function(
        "willr",
        "series",
        (WHOLE, length(14, least=2)),
        NUMBER,
        "Williams %R, −100 … 0.",
        "momentum",
        (Example("willr(m1, 2)", "-75", "high = 9 9; low = 1 5; close = 8 3"),),
        least=-100.0,
        most=0.0,
        lookback=finite_window,
        compute=willr,
    )
)
