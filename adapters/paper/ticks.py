"""Price and size grids: what is on them, and the nearest step below or above."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal


def is_on_grid(value: Decimal, step: Decimal) -> bool:
    """Whether a value is a whole number of steps.

    >>> is_on_grid(Decimal("154.024"), Decimal("0.001")), is_on_grid(Decimal("154.0245"), Decimal("0.001"))
    (True, False)
    """
    return value % step == 0


def down(value: Decimal, step: Decimal) -> Decimal:
    """The highest step not above the value."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def up(value: Decimal, step: Decimal) -> Decimal:
    """The lowest step not below the value."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def nearest(value: Decimal, step: Decimal) -> Decimal:
    """The nearest step, half-way values to the even one."""
    return (value / step).to_integral_value(ROUND_HALF_EVEN) * step


def exact(price: float) -> Decimal:
    """A recorded price as the decimal it was written as; noise past the ninth place is dropped.

    >>> exact(154.02400000000003), exact(0.1)
    (Decimal('154.024'), Decimal('0.1'))
    """
    return Decimal(repr(round(price, 9)))
