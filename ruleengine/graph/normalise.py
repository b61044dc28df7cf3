"""Tree → tree: `x − y ⋈ 0` is `x ⋈ y`. The tolerance of a comparison then has the magnitudes that are compared, not
what cancellation left of them (1e7 JPY of margin minus 1e7 JPY of equity is 0 with an error of 1e-9)."""

from __future__ import annotations

from decimal import Decimal

from ruleengine.graph.node import COMPARISONS
from ruleengine.typecheck.typed import Expr


def normalise(expr: Expr) -> Expr:
    args = tuple(normalise(arg) for arg in expr.args)
    if expr.op in COMPARISONS:
        left, right = args
        if _is_zero(right) and left.op == "sub" and not left.label:
            args = left.args
        elif _is_zero(left) and right.op == "sub" and not right.label:
            args = (right.args[1], right.args[0])
    if all(new is old for new, old in zip(args, expr.args, strict=True)):
        return expr
    return Expr(expr.op, expr.type, args, expr.data, expr.span, expr.label)


def _is_zero(expr: Expr) -> bool:
    return expr.op == "const" and isinstance(expr.data, Decimal) and expr.data == 0
