"""Tree → tree, so that binary fractions can't turn a verdict (decision record 0003).

1. `x − y ⋈ 0` is `x ⋈ y`: the tolerance then has the magnitudes that are compared, not what cancellation left of them
   (1e7 JPY of margin minus 1e7 JPY of equity is 0 with an error of 1e-9).
2. What is divided by, asked to be `positive`, or given to a function that jumps, is *settled*: a sum whose terms cancel
   is zero there, in every backend alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ruleengine.graph.node import COMPARISONS
from ruleengine.model.number import scale_of
from ruleengine.typecheck.typed import Expr

JUMPING = frozenset({"floor", "ceil", "floor_to", "ceil_to", "round_to", "sign", "ramp"})
"""Scalar functions whose value leaps, or has none, where an argument moves by as little as rounding does."""

_LEAVES = frozenset({"const", "fact", "series", "step", "norow"})
"""What has no rounding of its own: a float there is the decimal that it prints as."""


def normalise(expr: Expr) -> Expr:
    args = tuple([normalise(arg) for arg in expr.args])
    if expr.op in COMPARISONS:
        args = _without_difference(*args)
    elif expr.op == "div":
        args = (args[0], settled(args[1]))
    elif expr.op == "positive" or (expr.op == "call" and expr.data.name in JUMPING):
        args = tuple([settled(arg) for arg in args])
    if all(new is old for new, old in zip(args, expr.args, strict=True)):
        return expr
    return Expr(expr.op, expr.type, args, expr.data, expr.span, expr.label)


def _without_difference(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    if _is_zero(right) and left.op == "sub" and not left.label:
        return left.args[0], left.args[1]
    if _is_zero(left) and right.op == "sub" and not right.label:
        return right.args[1], right.args[0]
    return left, right


def _is_zero(expr: Expr) -> bool:
    return expr.op == "const" and isinstance(expr.data, Decimal) and expr.data == 0


def settled(expr: Expr) -> Expr:
    """The value, zero where it is nothing beside the terms that it is the sum of."""
    if expr.op in _LEAVES or expr.op in ("settled", "positive") or expr.type.kind == "time":
        return expr
    if expr.op == "if":
        condition, then, otherwise = expr.args
        choices = (condition, settled(then), settled(otherwise))
        return Expr("if", expr.type, choices, None, expr.span, expr.label)
    terms = tuple(_terms(expr)) if expr.op in ("add", "sub") else ()
    scale = scale_of(expr.type)
    if not terms and scale == 0:
        return expr
    return Expr("settled", expr.type, (expr, *terms), scale, expr.span, expr.label)


def _terms(expr: Expr) -> Iterator[Expr]:
    """What a chain of sums and differences adds up."""
    if expr.op in ("add", "sub", "neg"):
        for arg in expr.args:
            yield from _terms(arg)
    elif expr.op != "const" or expr.data != 0:
        yield expr
