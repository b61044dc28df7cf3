"""The one door to TA-Lib, opened at the first value computed.

Knows how to call it so that every release gives one value and none a filler. Releases before 0.8 write 0 where a sum
is below 1e-14, an ordinary sum for a coin that costs 0.00001; `lifted` multiplies prices by a power of two, which is
exact, so that only a truly flat window is flat. Only functions that every release since 0.4 has are used.
"""

from __future__ import annotations

import math
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ruleengine.functions.base import Floats

_LIFTED_EXPONENT = 20
"""Lifted prices are near 2**20: a millionth of a price is then about 1, far from both 1e-14 and lost digits."""


@cache
def talib() -> Any:
    """The library. It keeps settings in globals; the two that alter values are put where our look-backs assume them."""
    library: Any = import_module("talib")

    library.set_compatibility(0)
    for name in ("RSI", "ATR", "NATR", "ADX", "PLUS_DI", "MINUS_DI", "EMA", "KAMA"):
        library.set_unstable_period(name, 0)
    return library


def last(values: Any) -> float:
    """The newest value of a result; NaN there would be our own mistake about the look-back."""
    value = float(values[-1])
    if not math.isfinite(value):
        raise ArithmeticError("the library gave no value: the stated look-back is too short for it")
    return value


def lifting_factor(reference: float) -> float:
    """The power of two that brings `reference` near 2**20."""
    _, exponent = math.frexp(reference)
    return math.ldexp(1.0, _LIFTED_EXPONENT - exponent)


def lifted(*columns: Floats) -> list[Floats]:
    """Price columns times one power of two: every ratio between them is the same to the bit."""
    factor = lifting_factor(float(columns[0][-1]))
    return [column * factor for column in columns]
