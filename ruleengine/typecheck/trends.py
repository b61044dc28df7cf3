"""Does a value rise or fall with the size of the order, all else fixed?

    const   does not depend on size        rises   never lower with more size
    falls   never higher with more size    other   neither is known

Inside a reduction (`until`) more is known than of other orders: it is opposite to the net position and never larger, so
the net position comes nearer to zero and neither side grows.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.typed import Expr

_MIRROR = {"const": "const", "rises": "falls", "falls": "rises", "other": "other"}
_REDUCED = ("position.long_units_after", "position.short_units_after")
_NET = ("position.net_units_after", "position.net_units")


def obstacle_to_reduce(until: Expr) -> str | None:
    """Why the smallest reduction after which `until` holds can't be solved, or None where it can."""
    if until.op == "and":
        return next((why for why in map(obstacle_to_reduce, until.args) if why), None)
    if until.op not in ("le", "lt", "ge", "gt"):
        return "it is no `<=` or `>=`, nor several joined by `and`"
    low, high = until.args if until.op in ("le", "lt") else reversed(until.args)
    pair = trend(low, reduces=True), trend(high, reduces=True)
    if pair == ("const", "const"):
        return "a part of it is the same whatever is reduced; write that part as `require`"
    if pair[0] in ("const", "falls") and pair[1] in ("const", "rises"):
        return None
    if is_net(low) or is_net(high):
        return "the net position is below zero where shorts are the larger side; write `abs(position.net_units)`"
    if "other" in pair:
        return of_unknown_sign(until) or "the limited value does not fall steadily as more is reduced"
    return "the more is reduced, the less it holds"


def of_unknown_sign(condition: Expr) -> str | None:
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


@lru_cache(maxsize=1 << 14)
def depends_on_size(expr: Expr) -> bool:
    """Remembered by node: facts' definitions are shared by all rules and asked about at every level of a shape."""
    if expr.op == "fact":
        return bool(expr.data.name == "size")
    return any(depends_on_size(arg) for arg in expr.args)


@lru_cache(maxsize=1 << 14)
def trend(expr: Expr, reduces: bool = False) -> str:
    """Remembered by node, for the same reason."""
    if not depends_on_size(expr):
        return "const"
    fact, args = FACTS.get(expr.label), expr.args
    if reduces and expr.label in _REDUCED:
        return "falls"
    if fact is not None and fact.rises_with:
        inner = next((node for node in expr.walk() if node.label == fact.rises_with), None)
        return "other" if inner is None else trend(inner, reduces)
    match expr.op:
        case "fact":
            return "rises"
        case "neg":
            return _MIRROR[trend(args[0], reduces)]
        case "positive":
            return trend(args[0], reduces)
        case "add":
            return _common(trend(arg, reduces) for arg in args)
        case "sub":
            return _common((trend(args[0], reduces), _MIRROR[trend(args[1], reduces)]))
        case "mul" | "div":
            return _scaled(expr, reduces)
        case "if":
            return "other" if depends_on_size(args[0]) else _common(trend(arg, reduces) for arg in args[1:])
        case "call":
            return _called(expr, reduces)
    return "other"


def _common(trends: Iterable[str]) -> str:
    """Of a sum, or of whichever of several counts."""
    found = set(trends) - {"const"}
    return "const" if not found else found.pop() if len(found) == 1 else "other"


def _scaled(expr: Expr, reduces: bool) -> str:
    """A product or quotient with one factor that does not depend on size: its sign decides."""
    left, right = expr.args
    if depends_on_size(right):
        if expr.op == "div" or depends_on_size(left):
            return "other"
        left, right = right, left
    found, sign = trend(left, reduces), sign_of(right)
    return found if sign > 0 else _MIRROR[found] if sign < 0 else "other"


def _called(expr: Expr, reduces: bool) -> str:
    args = expr.args
    match expr.data.name:
        case "max" | "min":
            return _common(trend(arg, reduces) for arg in args)
        case "clamp":
            return _common(trend(arg, reduces) for arg in args)
        case "abs":
            if reduces and is_net(args[0]):
                return "falls"
            return trend(args[0], reduces) if sign_of(args[0]) > 0 else "other"
    return "other"


def is_net(expr: Expr) -> bool:
    """Is it the net position, or so many times that?"""
    if expr.label in _NET:
        return True
    match expr.op:
        case "neg":
            return is_net(expr.args[0])
        case "mul":
            left, right = expr.args
            return (is_net(left) and not depends_on_size(right)) or (is_net(right) and not depends_on_size(left))
        case "div":
            return is_net(expr.args[0]) and not depends_on_size(expr.args[1])
    return False
