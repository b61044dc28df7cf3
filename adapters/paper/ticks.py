"""Price and size grids: what is on them, and the nearest step below or above.

Tick tables by price are the exchange's: KRX since 2023 (KIS fact sheet §4.6).
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

TickTable = Literal["fixed", "krx_stock", "krx_etf"]

_KRX_STOCK: tuple[tuple[int, int], ...] = (
    (2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500),
)  # fmt: skip
_KRX_STOCK_ABOVE = 1_000


def tick_at(table: TickTable, fixed: Decimal, price: Decimal) -> Decimal:
    """The tick that holds at a price.

    Units    fixed, price, result: quote currency. Rows say "below this price".

    >>> [int(tick_at("krx_stock", Decimal(1), Decimal(p))) for p in (1_999, 2_000, 49_950, 50_000, 500_000)]
    [1, 5, 50, 100, 1000]
    """
    if table == "krx_stock":
        return Decimal(next((tick for below, tick in _KRX_STOCK if price < below), _KRX_STOCK_ABOVE))
    if table == "krx_etf":
        return Decimal(1 if price < 2_000 else 5)
    return fixed


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
