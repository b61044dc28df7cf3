"""Figures of a refusal (`measured`, `limit`, `distance`), held against the comparisons that failed.

A figure is compared in the unit of the comparison, to the digits in which it is stated. A bare number is one only where
the comparison has no unit of its own: `2` is not 1.6 pips, and `0` is not 43 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import figure
from ruleengine.schema.leaf import QuantityLeaf
from ruleengine.units import literal_unit

_SCALARS = ("ratio", "number", "quotient", "count", "bar_count")
_BARE = ("number", "quotient", "count", "bar_count", "price", "distance", "rate", "bool", "")
"""Units of comparisons that no suffix is written for."""


def figures_unlike(
    stated: Mapping[str, QuantityLeaf | None], failing: Sequence[Comparison]
) -> Iterator[tuple[str, str, str]]:
    """(what, expected, found) where no failing comparison has all the figures stated, by their names."""
    asked = {name: leaf for name, leaf in stated.items() if leaf is not None}
    if not asked or any(all(_is_as(leaf, name, each) for name, leaf in asked.items()) for each in failing):
        return
    shown = "; ".join(_figures(each) for each in failing) or "no comparison failed"
    bare = next((leaf for leaf in asked.values() if leaf.value.unit is None or not leaf.value.unit), None)
    suffixed = next((each for each in failing if each.unit not in _BARE and each.unit != "enum"), None)
    if bare is not None and suffixed is not None:
        shown += f": a figure of it is stated with its unit, as {figure(suffixed.left, suffixed.unit)}"
    yield ", ".join(asked), ", ".join(leaf.text for leaf in asked.values()), shown


def _is_as(leaf: QuantityLeaf, name: str, comparison: Comparison) -> bool:
    """Is the comparison's figure the stated one, to the digits in which it is stated?"""
    value = {"measured": comparison.left, "limit": comparison.right, "distance": comparison.distance}[name]
    if isinstance(value, bool | str) or value is None:
        return False
    unit = literal_unit(leaf.value.unit) if leaf.value.unit else None
    if unit is None:
        if comparison.unit not in _BARE:
            return False
    else:
        kind = unit.type.arg if unit.type.kind == "money" else unit.type.kind
        if kind != comparison.unit and not (kind in _SCALARS and comparison.unit in _SCALARS):
            return False
    stated: Decimal = leaf.value.number
    factor = Decimal(1) if unit is None else Decimal(unit.factor)
    step = Decimal(1).scaleb(int(stated.as_tuple().exponent))
    measured = Decimal(repr(abs(float(value)) if name == "distance" else float(value))) / factor
    return abs(measured - stated) <= step / 2


def _figures(comparison: Comparison) -> str:
    left, right = figure(comparison.left, comparison.unit), figure(comparison.right, comparison.unit)
    room = "" if comparison.distance is None else f" (distance {figure(abs(comparison.distance), comparison.unit)})"
    return f"{comparison.text}: {left} against {right}{room}"
