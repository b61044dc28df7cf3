"""Scalar functions: limits, ramps, rounding, sign.

Each has two readings that agree on values of a tick grid: floats (live) and Decimal (the meaning). Where a function
jumps, both use the language's tolerance, so that floor_to(0.3, 0.1) is 0.3 although 0.3 / 0.1 is 2.9999999999999996.
"""

from __future__ import annotations

import math
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from ruleengine.functions.base import REGISTRY, Example, Function, Param
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import NOTHING, NUMBER, RATIO

TOLERANCE = NOTHING
_TOLERANCE = Decimal(NOTHING)
_HALF = Decimal("0.5")


def above(left: float, right: float) -> bool:
    """Is left above right as the language compares: by more than rounding can make of equal decimals?

    >>> above(0.1 + 0.2, 0.3), above(0.301, 0.3)
    (False, True)
    """
    return left - right > TOLERANCE * max(abs(left), abs(right))


def whole_steps_below(x: float, step: float) -> int:
    """How many whole steps lie in x; a quotient within the tolerance of a whole number is that number.

    >>> whole_steps_below(0.3, 0.1), whole_steps_below(-0.25, 0.1)
    (3, -3)
    """
    quotient = x / step
    nearest = round(quotient)
    if abs(quotient - nearest) <= TOLERANCE * max(abs(quotient), 1.0):
        return nearest
    return math.floor(quotient)


def _whole_steps_below_decimal(x: Decimal, step: Decimal) -> Decimal:
    quotient = x / step
    nearest = quotient.to_integral_value(ROUND_HALF_EVEN)
    if abs(quotient - nearest) <= _TOLERANCE * max(abs(quotient), Decimal(1)):
        return nearest
    return quotient.to_integral_value(ROUND_FLOOR)


def _no_step(name: str) -> Unknown:
    return Unknown(Reason.DIVISION_BY_ZERO, name, "the step must be above zero")


def floor_to(x: float, step: float) -> float | Unknown:
    return whole_steps_below(x, step) * step if step > 0 else _no_step("floor_to")


def _floor_to_decimal(x: Decimal, step: Decimal) -> Decimal | Unknown:
    return _whole_steps_below_decimal(x, step) * step if step > 0 else _no_step("floor_to")


def ceil_to(x: float, step: float) -> float | Unknown:
    return -whole_steps_below(-x, step) * step if step > 0 else _no_step("ceil_to")


def _ceil_to_decimal(x: Decimal, step: Decimal) -> Decimal | Unknown:
    return -_whole_steps_below_decimal(-x, step) * step if step > 0 else _no_step("ceil_to")


def round_to(x: float, step: float) -> float | Unknown:
    """Nearest multiple; a tie goes away from zero, and a tie within the tolerance is a tie."""
    if not step > 0:
        return _no_step("round_to")
    multiples = whole_steps_below(abs(x) + step * 0.5, step)
    return math.copysign(multiples, x) * step if multiples else 0.0


def _round_to_decimal(x: Decimal, step: Decimal) -> Decimal | Unknown:
    if not step > 0:
        return _no_step("round_to")
    multiples = _whole_steps_below_decimal(abs(x) + step * _HALF, step)
    return (multiples if x >= 0 else -multiples) * step


def floor(x: float) -> float:
    return float(whole_steps_below(x, 1.0))


def _floor_decimal(x: Decimal) -> Decimal:
    return _whole_steps_below_decimal(x, Decimal(1))


def ceil(x: float) -> float:
    return float(-whole_steps_below(-x, 1.0))


def _ceil_decimal(x: Decimal) -> Decimal:
    return -_whole_steps_below_decimal(-x, Decimal(1))


def sign(x: float) -> float:
    """Sums that cancel come here as zero (graph.normalise), so that a cheap coin's small distance keeps its sign."""
    return float((x > 0) - (x < 0))


def _sign_decimal(x: Decimal) -> Decimal:
    return Decimal((x > 0) - (x < 0))


def clamp(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def _clamp_decimal(x: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return min(max(x, low), high)


def ramp(x: float, low: float, high: float) -> float | Unknown:
    span = high - low
    if abs(span) <= TOLERANCE * max(abs(high), abs(low)):
        return Unknown(Reason.DIVISION_BY_ZERO, "ramp", "its two ends are the same")
    return min(max((x - low) / span, 0.0), 1.0)


def _ramp_decimal(x: Decimal, low: Decimal, high: Decimal) -> Decimal | Unknown:
    span = high - low
    if abs(span) <= _TOLERANCE * max(abs(high), abs(low)):
        return Unknown(Reason.DIVISION_BY_ZERO, "ramp", "its two ends are the same")
    return min(max((x - low) / span, Decimal(0)), Decimal(1))


_X, _STEP = Param("x", "T"), Param("step", "T", doc="above zero")
_LOW, _HIGH = Param("low", "T"), Param("high", "T")

REGISTRY.add(
    Function(
        "abs",
        "scalar",
        (_X,),
        "T",
        "Size of a value without its sign.",
        "arithmetic",
        (Example("abs(x)", "2.5", "x = -2.5"),),
        in_float=abs,
        in_decimal=abs,
        emit="abs({0})",
    )
)
REGISTRY.add(
    Function(
        "min",
        "scalar",
        (Param("x", "T"), Param("y", "T")),
        "T",
        "Smallest of two or more values of one type.",
        "arithmetic",
        (Example("min(x, y, 7)", "3", "x = 3; y = 5"),),
        variadic=True,
        in_float=min,
        in_decimal=min,
        emit="min({args})",
    )
)
REGISTRY.add(
    Function(
        "max",
        "scalar",
        (Param("x", "T"), Param("y", "T")),
        "T",
        "Largest of two or more values of one type.",
        "arithmetic",
        (Example("max(x, y, 7)", "7", "x = 3; y = 5"),),
        variadic=True,
        in_float=max,
        in_decimal=max,
        emit="max({args})",
    )
)
REGISTRY.add(
    Function(
        "clamp",
        "scalar",
        (_X, _LOW, _HIGH),
        "T",
        "The value, held between two limits; where the limits cross, the upper one wins.",
        "arithmetic",
        (Example("clamp(x, 2, 5)", "5", "x = 9"), Example("clamp(x, 2, 5)", "2", "x = 1")),
        in_float=clamp,
        in_decimal=_clamp_decimal,
        emit="min(max({0}, {1}), {2})",
    )
)
REGISTRY.add(
    Function(
        "ramp",
        "scalar",
        (_X, _LOW, _HIGH),
        RATIO,
        "0 at `low`, 1 at `high`, a straight line between, flat outside; `low` above `high` gives a falling line.",
        "arithmetic",
        (Example("ramp(x, 0.20, 0.35)", "0.2", "x = 0.23"), Example("ramp(x, 5, 1)", "0.75", "x = 2")),
        source="FX-03",
        in_float=ramp,
        in_decimal=_ramp_decimal,
        emit="f_ramp({0}, {1}, {2})",
    )
)
REGISTRY.add(
    Function(
        "floor",
        "scalar",
        (Param("x", NUMBER),),
        NUMBER,
        "Largest whole number not above the value.",
        "arithmetic",
        (Example("floor(x)", "-3", "x = -2.5"),),
        in_float=floor,
        in_decimal=_floor_decimal,
        emit="f_floor({0})",
    )
)
REGISTRY.add(
    Function(
        "ceil",
        "scalar",
        (Param("x", NUMBER),),
        NUMBER,
        "Smallest whole number not below the value.",
        "arithmetic",
        (Example("ceil(x)", "-2", "x = -2.5"),),
        in_float=ceil,
        in_decimal=_ceil_decimal,
        emit="f_ceil({0})",
    )
)
REGISTRY.add(
    Function(
        "floor_to",
        "scalar",
        (_X, _STEP),
        "T",
        "Largest multiple of a step that is not above the value.",
        "arithmetic",
        (Example("floor_to(x, 0.1)", "0.3", "x = 0.3"),),
        in_float=floor_to,
        in_decimal=_floor_to_decimal,
        emit="f_floor_to({0}, {1})",
    )
)
REGISTRY.add(
    Function(
        "ceil_to",
        "scalar",
        (_X, _STEP),
        "T",
        "Smallest multiple of a step that is not below the value.",
        "arithmetic",
        (Example("ceil_to(x, 1000)", "16000", "x = 15_001"),),
        in_float=ceil_to,
        in_decimal=_ceil_to_decimal,
        emit="f_ceil_to({0}, {1})",
    )
)
REGISTRY.add(
    Function(
        "round_to",
        "scalar",
        (_X, _STEP),
        "T",
        "Nearest multiple of a step; a tie goes away from zero.",
        "arithmetic",
        (Example("round_to(x, 0.05)", "1.15", "x = 1.125"), Example("round_to(x, 5)", "-5", "x = -2.5")),
        in_float=round_to,
        in_decimal=_round_to_decimal,
        emit="f_round_to({0}, {1})",
    )
)
REGISTRY.add(
    Function(
        "sign",
        "scalar",
        (_X,),
        NUMBER,
        "1 above zero, -1 below, 0 at zero.",
        "arithmetic",
        (Example("sign(x)", "-1", "x = -0.4"),),
        in_float=sign,
        in_decimal=_sign_decimal,
        emit="f_sign({0})",
    )
)
