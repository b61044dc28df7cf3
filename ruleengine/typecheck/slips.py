"""Figures whose unit was forgotten, at places where the bare number would mean something else.

`stop: 8` would be the price 8, and `scale: 50` fifty times the size. Values that a parameter gives are meant as they
stand: its declaration says the unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ruleengine.diagnostics.catalogue import measures
from ruleengine.schema.leaf import Expression
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.typed import Expr
from ruleengine.units import PRICE


def check_bracket(names: Names, key: str, leaf: Expression, expr: Expr) -> None:
    """A stop or target: no price without a source, and no distance of nothing."""
    place = leaf.node.span
    for value in _alternatives(expr):
        if not isinstance(value.data, Decimal) or value.op != "const":
            continue
        if value.type == PRICE and value.label not in names.parameters:
            names.found.append(measures.bare_bracket(value.span or place, key, f"{value.data:f}"))
            return
        if value.data <= 0:
            names.found.append(measures.bracket_not_above_zero(value.span or place, key))
            return


def check_factor(names: Names, leaf: Expression, expr: Expr) -> None:
    """A factor on the size: above 1 only with its percent sign."""
    for value in _alternatives(expr):
        is_plain = value.op == "const" and value.type.kind in ("number", "quotient", "count")
        if is_plain and value.label not in names.parameters and value.data > 1:
            names.found.append(measures.bare_factor(value.span or leaf.node.span, f"{value.data:f}"))
            return


def _alternatives(expr: Expr) -> Iterator[Expr]:
    """The values that a choice could give; constants as their value."""
    match expr.op:
        case "if":
            for branch in expr.args[1:]:
                yield from _alternatives(branch)
        case "coalesce":
            for branch in expr.args:
                yield from _alternatives(branch)
        case _:
            yield fold(expr)
