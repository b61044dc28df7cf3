"""The sign of a value, as far as its expression alone says it."""

from __future__ import annotations

from collections.abc import Iterable

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.typed import Expr
from ruleengine.units import UNITS

_OF_THEIR_ARGUMENT = ("avg_over", "max_over", "min_over")


def sign_of(expr: Expr) -> int:
    """+1: never below zero; −1: never above; 0: not known."""
    declared = FACTS.get(expr.label)
    if declared is not None and declared.is_positive:
        return 1
    args = expr.args
    match expr.op:
        case "const":
            return 0 if isinstance(expr.data, bool | str) else 1 if expr.data >= 0 else -1
        case "positive":
            return 1
        case "fact":
            return 1 if FACTS[expr.data.name].is_positive else 0
        case "mul" | "div":
            return sign_of(args[0]) * sign_of(args[1])
        case "neg":
            return -sign_of(args[0])
        case "add" | "coalesce":
            return _common(map(sign_of, args))
        case "sub":
            return _common((sign_of(args[0]), -sign_of(args[1])))
        case "if":
            return _common(map(sign_of, args[1:]))
        case "table":
            values = [*args[1:-1:2], args[-1]]
            return _common(sign_of(value) for value in values if value.op != "norow")
        case "series":
            return 1 if expr.type == UNITS else 0
        case "step":
            return sign_of(args[0]) if expr.data.function in _OF_THEIR_ARGUMENT else 0
        case "agg":
            return 1 if expr.data[0] == "count" else _common((sign_of(args[0]),))
        case "call":
            return _called(expr.data.name, [sign_of(arg) for arg in args])
    return 0


def _common(signs: Iterable[int]) -> int:
    """The sign that all have, or 0."""
    found = set(signs)
    return found.pop() if len(found) == 1 else 0


def _called(name: str, signs: list[int]) -> int:
    match name:
        case "abs" | "ramp":
            return 1
        case "max":
            return 1 if 1 in signs else _common(signs)
        case "min":
            return -1 if -1 in signs else _common(signs)
    return 0
