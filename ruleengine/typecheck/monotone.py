"""Can the largest size that a cap allows be solved? The shape of each node as a function of `size`, all else fixed.

    const         does not depend on size
    affine        a + b·size (b unknown)
    convex        every level set from below is an interval       (|x|, max of convex, sums with positive weights)
    concave       the mirror image
    quasiconvex   as convex, after a rising function (ratio of convex by a positive constant stays convex; `max(…)/…`)
    quasiconcave  the mirror image
    other         nothing is known

`f <= c` keeps an interval of sizes where f is (quasi)convex, `f >= c` where it is (quasi)concave. Bisection finds its
upper end from a size inside of it: 0, the size that is wanted, or the one that brings the net position to zero. One of
these is inside wherever f is straight, or only bends where the net position is zero, as facts do; where f bends at a
size of the author's (`abs(size - 5_000units)`), f has to rise throughout. A limit that several comparisons make is
taken apart (`conjuncts`) and solved one by one (design.md: caps solve for size).
"""

from __future__ import annotations

from functools import lru_cache

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.trends import depends_on_size, is_net, of_unknown_sign, trend
from ruleengine.typecheck.typed import Expr
from ruleengine.units import BOOL

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
_EASIER = "the limit is easier to keep with more size"


def obstacle(condition: Expr) -> str | None:
    """Why the allowed size of `condition` can't be solved, or None where it can."""
    parts = conjuncts(condition)
    why = next((why for why in map(_obstacle, parts) if why), None)
    is_held_by_more = depends_on_size(condition) and all({*_trends(part)} <= {"const", "falls"} for part in parts)
    return _EASIER if why is None and is_held_by_more else why


def conjuncts(condition: Expr) -> tuple[Expr, ...]:
    """The comparisons that hold together exactly where the condition does: of an `and` its parts, and so on.

    abs(x) <= c  →  x <= c, -x <= c;   max(x, y) <= c  →  x <= c, y <= c;   min(x, y) >= c  →  x >= c, y >= c
    """
    if condition.op == "and":
        return tuple(part for arg in condition.args for part in conjuncts(arg))
    if condition.op not in ("le", "lt", "ge", "gt"):
        return (condition,)
    left, right = condition.args
    sides = (left, right) if condition.op in ("le", "lt") else (right, left)
    low, high = (_terms(side, outer) for side, outer in zip(sides, ("max", "min"), strict=True))
    if len(low) == len(high) == 1:
        return (condition,)
    operation = "le" if condition.op in ("le", "ge") else "lt"
    return tuple(Expr(operation, BOOL, (a, b)) for a in low for b in high)


def _terms(expr: Expr, outer: str) -> tuple[Expr, ...]:
    """What all have to keep a bound where `expr` has to: the arguments of a `max` (`min`), both signs of an `abs`."""
    if expr.op != "call" or not depends_on_size(expr):
        return (expr,)
    if expr.data.name == outer:
        return tuple(term for arg in expr.args for term in _terms(arg, outer))
    if expr.data.name == "abs" and outer == "max":
        return (*_terms(expr.args[0], outer), Expr("neg", expr.type, expr.args))
    return (expr,)


def _obstacle(condition: Expr) -> str | None:
    """Of one comparison."""
    if condition.op not in ("le", "lt", "ge", "gt"):
        return None if shape(condition) == "const" else "the limit is no comparison, nor several joined by `and`"
    low_trend, high_trend = _trends(condition)
    if low_trend in ("const", "rises") and high_trend in ("const", "rises"):
        return None
    left, right = condition.args
    low, high = (left, right) if condition.op in ("le", "lt") else (right, left)
    shapes = shape(low), shape(high)
    is_interval = (
        (shapes[1] == "const" and shapes[0] in (*_CONVEX, "quasiconvex"))
        or (shapes[0] == "const" and shapes[1] in (*_CONCAVE, "quasiconcave"))
        or (shapes[0] in _CONVEX and shapes[1] in _CONCAVE)
    )
    if not is_interval:
        if "other" in shapes:
            return of_unknown_sign(condition) or "the limited value does not grow steadily with the size"
        return _EASIER
    if _bends(low) or _bends(high):
        return "the limited value may first fall with the size and then grow, and where it turns can't be solved"
    return None


def _trends(condition: Expr) -> tuple[str, str]:
    """How each side moves the comparison: `rises` where more size makes it harder to keep."""
    if condition.op not in ("le", "lt", "ge", "gt"):
        return ("other", "other") if depends_on_size(condition) else ("const", "const")
    left, right = condition.args
    low, high = (left, right) if condition.op in ("le", "lt") else (right, left)
    mirror = {"rises": "falls", "falls": "rises"}
    return trend(low), mirror.get(trend(high), trend(high))


def _bends(expr: Expr) -> bool:
    """Does its slope change at a size of the author's making? Facts bend where the net position is zero."""
    if not depends_on_size(expr) or expr.label in FACTS:
        return False
    if expr.op == "call" and not (expr.data.name == "abs" and is_net(expr.args[0])):
        return True
    return any(map(_bends, expr.args))


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
