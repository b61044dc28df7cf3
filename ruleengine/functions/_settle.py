"""How many bars a recursive indicator must read.

A recursive average keeps `decay` of its last value at each bar. Started late, it carries the error of its seed, which
shrinks by `decay` a bar. `settling_bars` counts bars until no more than `cut_weight` of that error is left. In a
cascade (MACD's signal is an average of an average, ADX one of a figure made from averages) the inner error goes on
feeding the outer one, so the cascade itself is played, stage by stage, from an error of 1 everywhere.

    EMA(n)      decay = 1 - 2 / (n + 1); seed: mean of the first n          N = n + k
    Wilder(n)   decay = 1 - 1 / n; seed: mean of the first n changes        N = n + 1 + k
    ADX(n)      two Wilder stages; TA-Lib's first value takes 2 n bars      N = 2 n + k
    MACD        slow EMA, then EMA(signal)                                  N = slow + signal - 1 + k
    KAMA(n)     decay at its slowest: 1 - (2 / 31)**2                       N = n + 1 + k
"""

from __future__ import annotations

from ruleengine.functions.base import DEFAULT_CUT_WEIGHT


def settling_bars(*decays: float, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    """Bars after the seed until less than `cut_weight` of its error is left; `decays` from the innermost stage out.

    >>> settling_bars(0.5, cut_weight=0.2)                  # 0.5, 0.25, 0.125
    3
    >>> settling_bars(0.5, 0.5, cut_weight=0.5)             # outer: 0.75, 0.375 + 0.125 = 0.5, 0.3125
    3
    """
    if not 0.0 < cut_weight < 1.0:
        raise ValueError(f"cut_weight must lie between 0 and 1, not {cut_weight}")
    errors = [1.0] * len(decays)
    bars = 0
    while errors[-1] >= cut_weight:
        inner = 0.0
        for stage, decay in enumerate(decays):
            errors[stage] = decay * errors[stage] + (1.0 - decay) * inner
            inner = errors[stage]
        bars += 1
    return bars


def ema_decay(n: int) -> float:
    return 1.0 - 2.0 / (n + 1)


def wilder_decay(n: int) -> float:
    return 1.0 - 1.0 / n


def wilder_bars(n: int, cut_weight: float = DEFAULT_CUT_WEIGHT) -> int:
    """Bars for one Wilder average of changes (RSI, ATR, DI)."""
    return int(n) + 1 + settling_bars(wilder_decay(int(n)), cut_weight=cut_weight)
