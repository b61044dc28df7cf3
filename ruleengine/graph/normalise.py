"""Tree → tree, so that binary fractions can't turn a verdict (decision record 0003).

1. `x − y ⋈ 0` is `x ⋈ y`: the tolerance then has the magnitudes that are compared, not what cancellation left of them
   (1e7 JPY of margin minus 1e7 JPY of equity is 0 with an error of 1e-9). Not so a longer chain, of which terms may
   cancel on one side: that is a sum against zero.
2. A sum whose terms cancel is *settled* to zero, in every backend alike, where noise in place of zero would be told:
   where it is divided by, compared with zero, multiplied in a comparison, asked to be `positive`, or given to a
   function that jumps.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ruleengine.graph.node import COMPARISONS
from ruleengine.model.number import scale_of
from ruleengine.typecheck.typed import Expr
from ruleengine.units import NUMERIC

JUMPING = frozenset({"floor", "ceil", "floor_to", "ceil_to", "round_to", "sign", "ramp"})
"""Scalar functions whose value leaps, or has none, where an argument moves by as little as rounding does."""

_DIVIDING = frozenset({"ramp"})
"""Scalar functions that subtract and divide inside, so that their own zero is noise at times."""

_EXACT = frozenset({"const", "fact", "series", "step", "norow", "if", "coalesce", "neg", "positive"})
_PICKS = frozenset({"abs", "min", "max", "clamp"})
"""What has no rounding of its own, where its arguments have none: a float there is the decimal that it prints as, and a
difference of two such is zero exactly where the decimals are equal."""


def normalise(expr: Expr, known: dict[Expr, Expr] | None = None) -> Expr:
    """`known`: trees that were asked for before with what came of them, for one that is named in many places."""
    known = {} if known is None else known
    if expr not in known:
        known[expr] = _normal(expr, known)
    return known[expr]


def _normal(expr: Expr, known: dict[Expr, Expr]) -> Expr:
    args = tuple([normalise(arg, known) for arg in expr.args])
    if expr.op in COMPARISONS:
        args = _against_zero(*map(_to_compare, _without_difference(*args)))
    elif expr.op == "div":
        args = (args[0], settled(args[1]))
    elif expr.op == "positive" or (expr.op == "call" and _jumps(expr)):
        args = tuple(map(settled, args))
    return _with(expr, args)


def _without_difference(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    if _is_zero(right) and _is_difference(left):
        return left.args[0], left.args[1]
    if _is_zero(left) and _is_difference(right):
        return right.args[1], right.args[0]
    return left, right


def _is_difference(expr: Expr) -> bool:
    """Is it one of two values, neither of which the author wrote as a sum here?"""
    return (
        expr.op == "sub"
        and not expr.label
        and not any(arg.op in ("add", "sub", "neg") and not arg.label for arg in expr.args)
    )


def _to_compare(expr: Expr) -> Expr:
    """A side of a comparison: a sum of two is told from the other side by the tolerance; a longer one, of which all
    but a little may cancel, is settled, and so are sums that it multiplies. Sums of counts are exact."""
    if expr.op in ("mul", "div") or (expr.op in ("add", "sub") and _is_long(expr)):
        return settled(expr)
    if expr.op in ("add", "sub", "neg") or (expr.op == "call" and expr.data.name in _PICKS):
        return _with(expr, tuple(map(_to_compare, expr.args)))
    return expr


def _is_long(expr: Expr) -> bool:
    terms = list(_terms(expr))
    return len(terms) > 2 and not (expr.type.kind == "count" and all(map(_is_exact, terms)))


def _against_zero(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """What is compared with zero is told from it by what it is the sum of."""
    return (settled(left), settled(right)) if _is_zero(left) or _is_zero(right) else (left, right)


def _is_zero(expr: Expr) -> bool:
    return expr.op == "const" and isinstance(expr.data, Decimal) and expr.data == 0


def settled(expr: Expr) -> Expr:
    """The value, zero where it is nothing beside the terms that it is the sum of; so for every part it is made of."""
    if expr.op == "settled" or expr.type.kind not in NUMERIC - {"time"} or _is_exact(expr):
        return expr
    if expr.op in ("add", "sub"):
        inner = _with(expr, tuple(map(_settled_terms, expr.args)))
        terms = tuple(_terms(inner))
        if all(map(_is_exact, terms)) and len(terms) <= 2:
            return inner
        return Expr("settled", expr.type, (inner, *terms), scale_of(expr.type), expr.span, expr.label)
    kept = _kept(expr)
    inner = _with(expr, tuple([arg if index in kept else settled(arg) for index, arg in enumerate(expr.args)]))
    if expr.op == "call" and expr.data.name in _DIVIDING:
        return Expr("settled", expr.type, (inner,), scale_of(expr.type), expr.span, expr.label)
    return inner


def _is_exact(expr: Expr) -> bool:
    is_pick = expr.op in _EXACT or (expr.op == "call" and expr.data.name in _PICKS)
    return is_pick and all(_is_exact(arg) for arg in expr.args if arg.type.kind in NUMERIC)


def _kept(expr: Expr) -> range:
    """Arguments that are settled already or have nothing to do with it: what is divided by, what a loop adds up."""
    if expr.op == "agg" or (expr.op == "call" and _jumps(expr)):
        return range(len(expr.args))
    return range(1, 2) if expr.op == "div" else range(0)


def _jumps(expr: Expr) -> bool:
    return expr.data.name in JUMPING


def _settled_terms(expr: Expr) -> Expr:
    """A part of a chain of sums: the chain is settled as a whole, its terms each for itself."""
    if expr.op in ("add", "sub", "neg"):
        return _with(expr, tuple(map(_settled_terms, expr.args)))
    return settled(expr)


def _terms(expr: Expr) -> Iterator[Expr]:
    """What a chain of sums and differences adds up."""
    if expr.op in ("add", "sub", "neg"):
        for arg in expr.args:
            yield from _terms(arg)
    elif expr.op != "const" or expr.data != 0:
        yield expr


def _with(expr: Expr, args: tuple[Expr, ...]) -> Expr:
    """The same operation on other arguments; the same node where they are the same."""
    if all(new is old for new, old in zip(args, expr.args, strict=True)):
        return expr
    return Expr(expr.op, expr.type, args, expr.data, expr.span, expr.label)
