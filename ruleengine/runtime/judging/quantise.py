"""Sizes on the lot grid and prices on the tick grid, in Decimal, toward less risk.

openings down · reductions up, but never all of what is held · limits and stops of openings to the less eager side,
those of reductions to the more eager one · a protective stop nearer, a target nearer. Knows grids, and no limits.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from ruleengine.model.number import CONTEXT, are_equal
from ruleengine.model.side import Side

_ONE = Decimal(1)


def down(amount: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` not above the amount; one within the tolerance of numbers counts as reached.

    >>> down(Decimal("73248.4"), Decimal(1)), down(Decimal("0.29999999999999998"), Decimal("0.1"))
    (Decimal('73248'), Decimal('0.3'))
    """
    return _on_grid(amount, step, ROUND_FLOOR)


def up(amount: Decimal, step: Decimal) -> Decimal:
    """
    >>> up(Decimal("2.1"), Decimal(1)), up(Decimal("2.0000000000001"), Decimal(1))
    (Decimal('3'), Decimal('2'))
    """
    return _on_grid(amount, step, ROUND_CEILING)


def _on_grid(amount: Decimal, step: Decimal, rounding: str) -> Decimal:
    if not amount.is_finite():
        return amount  # the gate refuses it, with its name
    steps = CONTEXT.divide(amount, step)
    nearest = steps.to_integral_value()
    if not are_equal(steps, nearest, _ONE):
        nearest = steps.to_integral_value(rounding)
    return nearest * step


def part_below(available: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that leaves something of what is available.

    >>> part_below(Decimal(10), Decimal(1)), part_below(Decimal(1), Decimal(1))
    (Decimal('9'), Decimal('0'))
    """
    return up(available, step) - step


def order_price(price: Decimal, tick: Decimal, kind: Literal["limit", "stop"], side: Side, *, reduces: bool) -> Decimal:
    """A limit or stop price. Opening: a limit no worse, a stop no sooner. Reducing: a limit sooner filled, a stop
    sooner reached."""
    is_lower_safer = (side is Side.LONG) == (kind == "limit")
    return down(price, tick) if is_lower_safer is not reduces else up(price, tick)


def stop_price(price: Decimal, tick: Decimal, side: Side) -> Decimal:
    """The attached stop of a position of this side, nearer to the entry."""
    return up(price, tick) if side is Side.LONG else down(price, tick)


def target_price(price: Decimal, tick: Decimal, side: Side) -> Decimal:
    """The attached target, nearer to the entry."""
    return down(price, tick) if side is Side.LONG else up(price, tick)
