"""The price step that holds at a price: one for the instrument, or an exchange's table by price.

KRX since 2023 (KIS fact sheet §4.6); ETFs, ETNs and ELWs have a table of their own. Every limit of a band is a multiple
of both steps that meet there, so rounding to the step of the price never leaves the grid.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Literal

TickTable = Literal["fixed", "krx_stock", "krx_etf"]

_ABOVE = Decimal("Infinity")
_TABLES: dict[str, tuple[tuple[Decimal, Decimal], ...]] = {
    "krx_stock": tuple(
        (Decimal(below), Decimal(tick))
        for below, tick in (
            (2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500), (_ABOVE, 1_000),
        )
    ),
    "krx_etf": ((Decimal(2_000), Decimal(1)), (_ABOVE, Decimal(5))),
}  # fmt: skip


def tick_at(table: TickTable, fixed: Decimal, price: Decimal) -> Decimal:
    """The tick that holds at a price.

    Units    fixed, price, result: quote currency. Rows say "below this price".

    >>> [int(tick_at("krx_stock", Decimal(1), Decimal(p))) for p in (1_999, 2_000, 49_950, 50_000, 500_000)]
    [1, 5, 50, 100, 1000]
    """
    return band_at(table, fixed, price)[2]


def band_at(table: TickTable, fixed: Decimal, price: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """(from, below, tick): the prices over which the tick of a price holds.

    >>> [int(each) for each in band_at("krx_stock", Decimal(1), Decimal(71_300))]
    [50000, 200000, 100]
    """
    low = Decimal(0)
    for below, tick in _TABLES.get(table, ()):
        if price < below:
            return low, below, tick
        low = below
    return Decimal(0), _ABOVE, fixed


def daily_limits(base: Decimal, share: Decimal, table: TickTable, fixed: Decimal) -> tuple[Decimal, Decimal]:
    """(lowest, highest) price of a day: the base price less and plus `share` of it, each cut to its tick toward the
    base, the width first cut to the base's tick.

    Units    base, results: quote currency; share: ratio.
    Source   KRX business regulation, price limits (30 % since 2015-06-15).

    >>> [int(each) for each in daily_limits(Decimal(71_300), Decimal("0.3"), "krx_stock", Decimal(1))]
    [50000, 92600]
    """
    width = _down(base * share, tick_at(table, fixed, base))
    low, high = base - width, base + width
    return -_down(-low, tick_at(table, fixed, low)), _down(high, tick_at(table, fixed, high))


def _down(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_FLOOR) * step
