"""Is a cap's limit harder to keep the larger the size? The shape of each node as a function of `size`, all else fixed.

    const         does not depend on size
    affine        a + b·size (b unknown)
    convex        every level set from below is an interval       (|x|, max of convex, sums with positive weights)
    concave       the mirror image
    quasiconvex   as convex, after a rising function (ratio of convex by a positive constant stays convex; `max(…)/…`)
    quasiconcave  the mirror image
    other         nothing is known

`f <= c` keeps an interval of sizes where f is (quasi)convex, `f >= c` where it is (quasi)concave: then the largest
allowed size is well defined and bisection finds it (design.md: caps solve for size).
"""

from __future__ import annotations

from functools import lru_cache

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.typed import Expr

_MIRROR = {
    "const": "const",
    "affine": "affine",
    "convex": "concave",
    "concave": "convex",
    "quasiconvex": "quasiconcave",
    "quasiconcave": "quasiconvex",
    "other": "other",
}
_CONVEX, _CONCAVE = ("const", "affine", "convex"), ("const", "affine", "concave")


def obstacle(condition: Expr) -> str | None:
    """Why the allowed size of `condition` can't be solved, or None where it can."""
    match condition.op:
        case "and":
            return next((why for why in map(obstacle, condition.args) if why), None)
        case "le" | "lt" | "ge" | "gt":
            left, right = condition.args
            if condition.op in ("ge", "gt"):
                left, right = right, left
            low, high = shape(left), shape(right)
            if high == "const" and low in (*_CONVEX, "quasiconvex"):
                return None
            if low == "const" and high in (*_CONCAVE, "quasiconcave"):
                return None
            if low in _CONVEX and high in _CONCAVE:
                return None
            return (
                "the limited value does not grow steadily with the size"
                if "other" in (low, high)
                else ("the limit is easier to keep with more size")
            )
    return None if shape(condition) == "const" else "the limit is no comparison, nor several joined by `and`"


@lru_cache(maxsize=1 << 14)
def depends_on_size(expr: Expr) -> bool:
    """Remembered by node: facts' definitions are shared by all rules and asked about at every level of a shape."""
    if expr.op == "fact":
        return bool(expr.data.name == "size")
    return any(depends_on_size(arg) for arg in expr.args)


@lru_cache(maxsize=1 << 14)
def shape(expr: Expr) -> str:
    """Remembered by node, for the same reason."""
    if not depends_on_size(expr):
        return "const"
    fact = FACTS.get(expr.label)
    if fact is not None and fact.rises_with:
        # a rising function keeps what the inner fact's level sets are
        inner = next((node for node in expr.walk() if node.label == fact.rises_with), None)
        found = shape(inner) if inner is not None else "other"
        return {"convex": "quasiconvex", "concave": "quasiconcave"}.get(
            found, found if found != "affine" else "quasiconvex"
        )
    match expr.op:
        case "fact":
            return "affine"
        case "neg":
            return _MIRROR[shape(expr.args[0])]
        case "add":
            return _sum(shape(expr.args[0]), shape(expr.args[1]))
        case "sub":
            return _sum(shape(expr.args[0]), _MIRROR[shape(expr.args[1])])
        case "mul" | "div":
            return _scaled(expr)
        case "if":
            condition, then, otherwise = expr.args
            if depends_on_size(condition):
                return "other"
            a, b = shape(then), shape(otherwise)
            return a if a == b else b if a == "const" else a if b == "const" else _common(a, b)
        case "positive":
            return shape(expr.args[0])
        case "call":
            return _call(expr.data.name, [shape(arg) for arg in expr.args])
    return "other"


def _sum(a: str, b: str) -> str:
    if a == "const":
        return b
    if b == "const":
        return a
    if a in _CONVEX and b in _CONVEX:
        return "affine" if a == b == "affine" else "convex"
    if a in _CONCAVE and b in _CONCAVE:
        return "concave"
    return "other"


def _common(a: str, b: str) -> str:
    if a in _CONVEX and b in _CONVEX:
        return "convex"
    return "concave" if a in _CONCAVE and b in _CONCAVE else "other"


def _scaled(expr: Expr) -> str:
    """A product or quotient with one factor that does not depend on size: its sign decides."""
    left, right = expr.args
    if depends_on_size(right):
        if expr.op == "div" or depends_on_size(left):
            return "other"
        left, right = right, left
    found = shape(left)
    if found == "affine":
        return "affine"
    sign = sign_of(right)
    return found if sign > 0 else _MIRROR[found] if sign < 0 else "other"


def sign_of(expr: Expr) -> int:
    """+1: never below zero; −1: never above; 0: not known."""
    declared = FACTS.get(expr.label)
    if declared is not None and declared.is_positive:
        return 1
    match expr.op:
        case "const":
            return (expr.data >= 0) - (expr.data < 0) if not isinstance(expr.data, bool | str) else 0
        case "positive":
            return 1
        case "fact":
            return 1 if FACTS[expr.data.name].is_positive else 0
        case "mul" | "div":
            return sign_of(expr.args[0]) * sign_of(expr.args[1])
        case "neg":
            return -sign_of(expr.args[0])
        case "add":
            signs = {sign_of(arg) for arg in expr.args}
            return 1 if signs == {1} else 0
    return 0


def _call(name: str, shapes: list[str]) -> str:
    match name:
        case "abs":
            return "convex" if shapes[0] == "affine" else "other"
        case "max":
            if all(s in _CONVEX for s in shapes):
                return "convex"
            return (
                "quasiconcave"
                if sum(s != "const" for s in shapes) == 1 and any("concave" in s for s in shapes)
                else ("quasiconvex" if all(s in (*_CONVEX, "quasiconvex") for s in shapes) else "other")
            )
        case "min":
            mirrored = _call("max", [_MIRROR[s] for s in shapes])
            return _MIRROR[mirrored]
    return "other"
