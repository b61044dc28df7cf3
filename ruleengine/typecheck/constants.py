"""The value of an expression that the policy alone decides."""

from __future__ import annotations

from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import Any

from ruleengine.facts.catalogue import FACTS
from ruleengine.model.number import CONTEXT, compare, scale_of
from ruleengine.model.unknown import known
from ruleengine.typecheck.typed import Expr

_ARITHMETIC = {"add": CONTEXT.add, "sub": CONTEXT.subtract, "mul": CONTEXT.multiply, "div": CONTEXT.divide}
_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})


_WITH_VALUE = _COMPARISONS | _ARITHMETIC.keys() | {"neg", "not", "call"}
"""What has a value wherever its arguments have: such a node of constants is folded, but for a division by zero."""

_FINISHED: set[Expr] = set()
"""Nodes of facts' definitions that are folded already: the same for every policy, so each is walked once a process."""


def folded_for_good(expr: Expr) -> Expr:
    """Fold a fact's definition and remember that it is done."""
    done = fold(expr)
    _FINISHED.update(done.walk())
    return done


def fold(expr: Expr) -> Expr:
    """The same tree with every part that is constant written as its value; `and`/`or` drop what can't matter.

    1.2pips * 2  →  2.4pips;   false or spread <= 1pips  →  spread <= 1pips
    """
    if expr in _FINISHED:
        return expr
    args = tuple([fold(arg) for arg in expr.args])
    if expr.op in ("and", "or"):
        return _fold_logic(expr, args)
    if expr.op == "if" and args[0].op == "const":
        return args[1] if args[0].data else args[2]
    if args and all(arg.op == "const" for arg in args):
        value = _value(expr, [arg.data for arg in args])
        if value is not None:
            return Expr("const", expr.type, data=value, span=expr.span, label=expr.label)
    if all(new is old for new, old in zip(args, expr.args, strict=True)):
        return expr
    return Expr(expr.op, expr.type, args, expr.data, expr.span, expr.label)


def never_known(folded: Expr) -> Expr | None:
    """A part of a folded tree that only constants decide and that has no value; facts' definitions have none."""
    if not folded.args or folded.label in FACTS:
        return None
    if folded.op in _WITH_VALUE and all(arg.op == "const" for arg in folded.args):
        return folded
    return next((found for found in map(never_known, folded.args) if found is not None), None)


def _fold_logic(expr: Expr, args: tuple[Expr, ...]) -> Expr:
    decides = expr.op == "or"  # true decides an `or`, false an `and`, whatever the rest is, known or not
    kept = tuple(arg for arg in args if not (arg.op == "const" and arg.data is not decides))
    if any(arg.op == "const" for arg in kept):
        return Expr("const", expr.type, data=decides, span=expr.span)
    if not kept:
        return Expr("const", expr.type, data=not decides, span=expr.span)
    return kept[0] if len(kept) == 1 else Expr(expr.op, expr.type, kept, expr.data, expr.span, expr.label)


def _value(expr: Expr, values: list[Any]) -> Any:
    """The value of one operation on constants, or None where it has none (a division by zero stays for run time)."""
    try:
        if expr.op in _ARITHMETIC:
            return _ARITHMETIC[expr.op](values[0], values[1])
        if expr.op == "neg":
            return -values[0]
        if expr.op == "not":
            return not values[0]
        if expr.op in _COMPARISONS:
            if not isinstance(values[0], Decimal):
                return (values[0] == values[1]) == (expr.op == "eq")
            return compare(expr.op, values[0], values[1], scale_of(expr.args[0].type, expr.args[1].type))
        if expr.op == "call":
            value = expr.data.in_decimal(*values)
            return value if known(value) else None
        if expr.op == "known":
            return True
        if expr.op == "coalesce":
            return values[0]
    except (DivisionByZero, InvalidOperation, ZeroDivisionError):
        return None
    return None
