"""How a value moves with the size of the order, all else fixed and wherever it is known: its trend and its curve.

    trend   const   does not depend on size        rises   never lower with more size
            falls   never higher with more size    other   neither is known

    curve   const         does not depend on size
            affine        a + b·size (b unknown)
            convex        every chord lies above it         (|x|, max of convex, sums with positive weights)
            concave       the mirror image
            quasiconvex   where it is at most c is one stretch of sizes   (a rising function of what is convex)
            quasiconcave  the mirror image
            other         nothing is known

Inside a reduction (`until`) more is known than of other orders: it is opposite to the net position and never larger, so
the net position comes nearer to zero and neither side grows.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.typed import Expr

CONVEX, CONCAVE = ("const", "affine", "convex"), ("const", "affine", "concave")
_MIRROR = {
    "rises": "falls",
    "falls": "rises",
    "convex": "concave",
    "concave": "convex",
    "quasiconvex": "quasiconcave",
    "quasiconcave": "quasiconvex",
}
_UNDER_A_RISING_FUNCTION = {"affine": "quasiconvex", "convex": "quasiconvex", "concave": "quasiconcave"}
_STAYS_WHEN_ADDED = ("affine", "convex", "concave")

_REDUCED = ("position.long_units_after", "position.short_units_after")
_NET = (
    "position.net_units_after", "position.net_units", "position.highest_net_after", "position.lowest_net_after",
)  # fmt: skip


class Growth(NamedTuple):
    trend: str
    curve: str

    @property
    def mirrored(self) -> Growth:
        """Of the value with its sign turned."""
        return Growth(_MIRROR.get(self.trend, self.trend), _MIRROR.get(self.curve, self.curve))


_CONST, _SIZE, _OTHER = Growth("const", "const"), Growth("rises", "affine"), Growth("other", "other")


@lru_cache(maxsize=1 << 14)
def depends_on_size(expr: Expr) -> bool:
    """Remembered by node: facts' definitions are shared by all rules and asked about at every level of a tree."""
    if expr.op == "fact":
        return bool(expr.data.name == "size")
    return any(depends_on_size(arg) for arg in expr.args)


@lru_cache(maxsize=1 << 14)
def growth(expr: Expr, reduces: bool = False) -> Growth:
    """Remembered by node, for the same reason. `reduces`: the order is a reduction."""
    if not depends_on_size(expr):
        return _CONST
    fact, args = FACTS.get(expr.label), expr.args
    if fact is not None and fact.rises_with:
        return _rising_with(expr, fact.rises_with, reduces)
    if reduces and expr.label in _REDUCED:
        return growth(expr)._replace(trend="falls")
    match expr.op:
        case "fact":
            return _SIZE
        case "neg":
            return growth(args[0], reduces).mirrored
        case "positive":
            return growth(args[0], reduces)
        case "add":
            return _sum(growth(args[0], reduces), growth(args[1], reduces))
        case "sub":
            return _sum(growth(args[0], reduces), growth(args[1], reduces).mirrored)
        case "mul" | "div":
            return _scaled(expr, reduces)
        case "if":
            condition, then, otherwise = args
            return _OTHER if depends_on_size(condition) else _either(growth(then, reduces), growth(otherwise, reduces))
        case "call":
            return _called(expr, reduces)
    return _OTHER


def _rising_with(expr: Expr, name: str, reduces: bool) -> Growth:
    """A rising function keeps the trend of what it is of, and where that is below a bound, but no chord."""
    inner = next((node for node in expr.walk() if node.label == name), None)
    if inner is None:
        return _OTHER
    trend, curve = growth(inner, reduces)
    return Growth(trend, _UNDER_A_RISING_FUNCTION.get(curve, curve))


def _sum(a: Growth, b: Growth) -> Growth:
    is_alike = a.curve == b.curve and a.curve in _STAYS_WHEN_ADDED
    return Growth(_one_way((a.trend, b.trend)), a.curve if is_alike else _bent_alike(a.curve, b.curve))


def _either(a: Growth, b: Growth) -> Growth:
    """One of the two, the same at every size."""
    curve = a.curve if a.curve == b.curve else _bent_alike(a.curve, b.curve)
    return Growth(_one_way((a.trend, b.trend)), curve)


def _one_way(trends: Iterable[str]) -> str:
    """The trend of a sum, or of whichever of several counts."""
    found = set(trends) - {"const"}
    return "const" if not found else found.pop() if len(found) == 1 else "other"


def _bent_alike(a: str, b: str) -> str:
    """The curve that holds of both."""
    if "const" in (a, b):
        return b if a == "const" else a
    if a in CONVEX and b in CONVEX:
        return "convex"
    return "concave" if a in CONCAVE and b in CONCAVE else "other"


def _scaled(expr: Expr, reduces: bool) -> Growth:
    """A product or quotient with one factor that does not depend on size: its sign decides, but of what is straight."""
    left, right = expr.args
    if depends_on_size(right):
        if expr.op == "div" or depends_on_size(left):
            return _OTHER
        left, right = right, left
    found, sign = growth(left, reduces), sign_of(right)
    if sign:
        return found if sign > 0 else found.mirrored
    return Growth("other", "affine" if found.curve == "affine" else "other")


def _called(expr: Expr, reduces: bool) -> Growth:
    parts = [growth(arg, reduces) for arg in expr.args]
    one_way, curves = _one_way(part.trend for part in parts), [part.curve for part in parts]
    match expr.data.name:
        case "max":
            return Growth(one_way, _highest(curves))
        case "min":
            return Growth(one_way, _mirror(_highest([_mirror(curve) for curve in curves])))
        case "clamp":
            return Growth(one_way, "other")
        case "abs":
            of = expr.args[0]
            trend = "falls" if reduces and is_net(of) else parts[0].trend if sign_of(of) > 0 else "other"
            return Growth(trend, "convex" if curves == ["affine"] else "other")
    return _OTHER


def _mirror(word: str) -> str:
    return _MIRROR.get(word, word)


def _highest(curves: list[str]) -> str:
    """The curve of the largest of several."""
    if all(curve in CONVEX for curve in curves):
        return "convex"
    if all(curve in (*CONVEX, "quasiconvex") for curve in curves):
        return "quasiconvex"
    moving = [curve for curve in curves if curve != "const"]
    return "quasiconcave" if len(moving) == 1 and moving[0] in ("concave", "quasiconcave") else "other"


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
