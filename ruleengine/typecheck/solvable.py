"""Can the size that a limit allows be solved: the largest under a cap, the smallest that reduces far enough?

`f <= c` keeps an interval of sizes where f is (quasi)convex, `f >= c` where it is (quasi)concave. Bisection finds its
upper end from a size inside of it: 0, the size that is wanted, or the one that brings the net position to zero. One of
these is inside wherever f is straight, or only bends where the net position is zero, as facts do; where f bends at a
size of the author's (`abs(size - 5_000units)`), f has to rise throughout. A limit that several comparisons make is
taken apart (`conjuncts`) and solved one by one (design.md: caps solve for size).
"""

from __future__ import annotations

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.growth import CONCAVE, CONVEX, depends_on_size, growth, is_net
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.typed import Expr
from ruleengine.units import BOOL

_EASIER = "the limit is easier to keep with more size"
_COMPARISONS = ("le", "lt", "ge", "gt")


def obstacle_to_cap(condition: Expr) -> str | None:
    """Why the largest size for which `condition` holds can't be solved, or None where it can."""
    parts = conjuncts(condition)
    why = next((why for why in map(_obstacle, parts) if why), None)
    is_held_by_more = depends_on_size(condition) and all(map(_is_held_by_more, parts))
    return _EASIER if why is None and is_held_by_more else why


def obstacle_to_reduce(until: Expr) -> str | None:
    """Why the smallest reduction after which `until` holds can't be solved, or None where it can."""
    if until.op == "and":
        return next((why for why in map(obstacle_to_reduce, until.args) if why), None)
    if until.op not in _COMPARISONS:
        return "it is no `<=` or `>=`, nor several joined by `and`"
    low, high = _sides(until)
    pair = growth(low, reduces=True).trend, growth(high, reduces=True).trend
    if pair == ("const", "const"):
        return "a part of it is the same whatever is reduced; write that part as `require`"
    if pair[0] in ("const", "falls") and pair[1] in ("const", "rises"):
        return None
    if is_net(low) or is_net(high):
        return "the net position is below zero where shorts are the larger side; write `abs(position.net_units)`"
    if "other" in pair:
        return _of_unknown_sign(until) or "the limited value does not fall steadily as more is reduced"
    return "the more is reduced, the less it holds"


def conjuncts(condition: Expr) -> tuple[Expr, ...]:
    """The comparisons that hold together exactly where the condition does: of an `and` its parts, and so on.

    abs(x) <= c  →  x <= c, -x <= c;   max(x, y) <= c  →  x <= c, y <= c;   min(x, y) >= c  →  x >= c, y >= c
    """
    if condition.op == "and":
        return tuple(part for arg in condition.args for part in conjuncts(arg))
    if condition.op not in _COMPARISONS:
        return (condition,)
    low, high = (_terms(side, outer) for side, outer in zip(_sides(condition), ("max", "min"), strict=True))
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
    if condition.op not in _COMPARISONS:
        return "the limit is no comparison, nor several joined by `and`" if depends_on_size(condition) else None
    low, high = _sides(condition)
    of_low, of_high = growth(low), growth(high)
    if of_low.trend in ("const", "rises") and of_high.trend in ("const", "falls"):
        return None
    curves = of_low.curve, of_high.curve
    is_interval = (
        (curves[1] == "const" and curves[0] in (*CONVEX, "quasiconvex"))
        or (curves[0] == "const" and curves[1] in (*CONCAVE, "quasiconcave"))
        or (curves[0] in CONVEX and curves[1] in CONCAVE)
    )
    if not is_interval:
        if "other" in curves:
            return _of_unknown_sign(condition) or "the limited value does not grow steadily with the size"
        return _EASIER
    if _bends(low) or _bends(high):
        return "the limited value may first fall with the size and then grow, and where it turns can't be solved"
    return None


def _sides(comparison: Expr) -> tuple[Expr, Expr]:
    """What has to be the lower one, and the higher."""
    left, right = comparison.args
    return (left, right) if comparison.op in ("le", "lt") else (right, left)


def _is_held_by_more(condition: Expr) -> bool:
    if condition.op not in _COMPARISONS:
        return not depends_on_size(condition)
    low, high = _sides(condition)
    return growth(low).trend in ("const", "falls") and growth(high).trend in ("const", "rises")


def _bends(expr: Expr) -> bool:
    """Does its slope change at a size of the author's making? Facts bend where the net position is zero."""
    if not depends_on_size(expr) or expr.label in FACTS:
        return False
    if expr.op == "call" and not (expr.data.name == "abs" and is_net(expr.args[0])):
        return True
    return any(map(_bends, expr.args))


def _of_unknown_sign(condition: Expr) -> str | None:
    """Why a product or quotient of the size has no direction: its other side may be on either side of zero."""
    for node in condition.walk():
        if node.op not in ("mul", "div") or not depends_on_size(node):
            continue
        left, right = node.args
        other, kind = (right, "divisor") if node.op == "div" else (left if depends_on_size(right) else right, "factor")
        if not depends_on_size(other) and sign_of(other) == 0:
            name = other.label if other.label in FACTS else "…"
            return f"the {kind} may be below zero; write `positive({name})`"
    return None
