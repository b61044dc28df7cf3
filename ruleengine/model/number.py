"""When two numbers are equal, and what a Decimal of a float is. The definition that every backend follows.

Two numbers are equal when |a − b| ≤ 2⁻³⁰ × max(|a|, |b|, scale of their dimension); `<` and `<=` follow from that, so
that values on a tick grid compare as their decimals do, whatever binary fractions did on the way. Why so, and for which
values it holds: docs/decisions/0003-comparison-tolerance.md.
"""

from __future__ import annotations

from decimal import Context, Decimal

from ruleengine.units import COMPARISON_SCALE, NOTHING, Type

CONTEXT = Context(prec=40)
"""Forty digits: more than any price × units × rate needs, so that results are exact or rounded out of sight."""

_NOTHING = Decimal(NOTHING)


def decimal_of(number: float | int | Decimal) -> Decimal:
    """The decimal a person would write: from the shortest repr of a float.

    >>> decimal_of(0.1)
    Decimal('0.1')
    """
    return (
        number
        if isinstance(number, Decimal)
        else Decimal(repr(number))
        if isinstance(number, float)
        else Decimal(number)
    )


def scale_of(*types: Type) -> Decimal:
    """The largest scale among the types of what is compared or summed."""
    return max(Decimal(COMPARISON_SCALE.get(type_.kind, "0")) for type_ in types)


def are_equal(a: Decimal, b: Decimal, step: Decimal) -> bool:
    """
    >>> are_equal(Decimal("1.2"), Decimal("1.2000000001"), Decimal(0))
    True
    >>> are_equal(Decimal("1.2"), Decimal("1.20000001"), Decimal(0))
    False
    """
    difference = CONTEXT.subtract(a, b).copy_abs()
    return difference <= CONTEXT.multiply(_NOTHING, max(a.copy_abs(), b.copy_abs(), step))


def compare(operator: str, a: Decimal, b: Decimal, step: Decimal) -> bool:
    """`a operator b` for lt le gt ge eq ne, with equality as above."""
    equal = are_equal(a, b, step)
    match operator:
        case "eq":
            return equal
        case "ne":
            return not equal
        case "lt":
            return a < b and not equal
        case "le":
            return a < b or equal
        case "gt":
            return a > b and not equal
        case "ge":
            return a > b or equal
    raise ValueError(operator)


def settled(total: Decimal, scale: Decimal, *terms: Decimal) -> Decimal:
    """A sum, or zero where it is nothing beside its terms (and the scale of its dimension).

    >>> settled(Decimal("1e-4"), Decimal(1000), Decimal("157.1e7"), Decimal("-157.1e7"))
    Decimal('0')
    """
    largest = max(scale, *(term.copy_abs() for term in terms)) if terms else scale
    return Decimal(0) if total.copy_abs() <= CONTEXT.multiply(_NOTHING, largest) else total
