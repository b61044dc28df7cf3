"""Figures of rules that make no sense: a share above all there is, a wait before it begins, a size below zero.

Judged is what the policy alone decides: constants, parameters, and signs that hold whatever the market does.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import rules as faults
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.typed import Expr
from ruleengine.units import DURATION, RATIO, UNITS

_DAY = 86_400


class Bounds(NamedTuple):
    """`above`: exclusive; `least`, `most`: inclusive; in internal units. `spoken`: as a finding says it."""

    spoken: str
    above: Decimal | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    is_whole: bool = False

    def hold(self, value: Decimal) -> bool:
        return (
            (self.above is None or value > self.above)
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (not self.is_whole or value == value.to_integral_value())
        )


_POSITIVE = Bounds("above 0", above=Decimal(0))
_SHARE = Bounds("above 0% and at most 100%", above=Decimal(0), most=Decimal(1))
_COUNT = Bounds("a whole number from 1 on", least=Decimal(1), is_whole=True)
_NUMBER = Bounds("a whole number from 0 on", least=Decimal(0), is_whole=True)
_COOLDOWN = Bounds("from 0s to 366 days", least=Decimal(0), most=Decimal(366 * _DAY))
_WAIT = Bounds("from 0s to 7 days", least=Decimal(0), most=Decimal(7 * _DAY))

_OUTPUTS = {
    "size": _POSITIVE,
    "scale": _POSITIVE,
    "wanted": _POSITIVE,
    "otherwise": _POSITIVE,
    "at_least": _POSITIVE,
    "at_most": _POSITIVE,
    "worth": _POSITIVE,
    "max_open": _COUNT,
    "leverage": _POSITIVE,
    "most": _NUMBER,
    "per_day": _COUNT,
    "interval": _COOLDOWN,
}
_NEVER_BELOW_ZERO = ("otherwise", "at_least", "at_most")
"""These may not even be able to fall below zero, which `rules` says of them."""


def out_of_bounds(rules: tuple[TypedRule, ...]) -> Iterator[Diagnostic]:
    """A finding for each figure that lies outside of what its place can mean."""
    for rule in rules:
        yield from _constants(rule)
        for block in rule.blocks.values():
            for name, expr in block.outputs:
                key = "at_most" if name.startswith("at_most_") else name
                bounds = (_SHARE if expr.type == RATIO else _POSITIVE) if key == "close" else _OUTPUTS.get(key)
                value = None if bounds is None else _known(expr)
                if bounds is None or value is None or (key in _NEVER_BELOW_ZERO and value < 0):
                    continue
                if not bounds.hold(value):
                    yield faults.out_of_bounds(expr.span or block.place, key, _spoken(expr, value), bounds.spoken)


def _constants(rule: TypedRule) -> Iterator[Diagnostic]:
    """Cooldown and wait, in seconds."""
    posture = getattr(rule.source, "on_unknown", None)
    for key, bounds, leaf, value in (
        ("cooldown", _COOLDOWN, getattr(rule.source, "cooldown", None), rule.constants.get("cooldown")),
        ("wait", _WAIT, getattr(posture, "wait", None), rule.constants.get("unknown_wait")),
    ):
        if leaf is not None and value is not None and not bounds.hold(value):
            yield faults.out_of_bounds(leaf.node.span, key, _time(value), bounds.spoken)


def _time(seconds: Decimal) -> str:
    """Seconds in the largest unit that counts them whole; minutes and longer from two on, as `90s` is no `1.5min`."""
    for unit, length in (("d", _DAY), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * length and seconds % length == 0:
            return f"{seconds / length:f}{unit}"
    return f"{seconds.normalize():f}s"


def _known(expr: Expr) -> Decimal | None:
    """A constant's value; −1 for what is below zero whatever happens."""
    if expr.op == "const":
        return expr.data if isinstance(expr.data, Decimal) else None
    return Decimal(-1) if sign_of(expr) < 0 else None


def _spoken(expr: Expr, value: Any) -> str:
    if expr.op != "const":
        return "never above 0"
    if expr.type == RATIO:
        return f"{(value * 100).normalize():f}%"
    if expr.type == DURATION:
        return _time(value)
    return f"{value.normalize():f}{'units' if expr.type == UNITS else ''}"
