"""Units that the caps of a policy hold one side of a position to, by the kind of order that they judge (OPS-01).

    position.gross_units_after <= 1_200units               either side
    1_200units >= position.long_units_after                the long one; whichever way round it is written
    max(position.long_units_after, …) <= 1_200units        what is below a maximum, both parts of it
    abs(position.net_units_after) <= 1_200units            either side, while nothing is open on the other
    position.long_units_after + position.short_units_after <= 1_200units       each, as the other is zero or more

A cap that is for some of its kind only (by strategy, side, instrument, `when`, `unless`) bounds nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, isinf
from typing import NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.schema.guards import Cap
from ruleengine.typecheck.largest import narrows
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.ranges import Range, Ranges
from ruleengine.typecheck.rules import as_list
from ruleengine.typecheck.together import CONTRARY, literals
from ruleengine.typecheck.typed import Expr

SIDES = ("long", "short")
_OF_SIDES = {
    "position.long_units_after": ("long",),
    "position.short_units_after": ("short",),
    "position.gross_units_after": SIDES,
}


class Bound(NamedTuple):
    """`sides`: that it bounds."""

    units: float
    said: str
    place: Span
    sides: Sequence[str] = SIDES

    def is_passed(self, units: float) -> bool:
        return not isinf(units) and units > self.units * (1 + 1e-9)


class Caps:
    """The acting caps of a policy."""

    def __init__(self, rules: Sequence[TypedRule]) -> None:
        ranges = Ranges({}, {})
        self._found = [
            (as_list(rule.source.applies_to.intent), bound)
            for rule in rules
            if isinstance(rule.source, Cap) and _is_for_all(rule.source)
            for bound in _bounds(rule, ranges)
        ]

    def of(self, kind: str, sides: Sequence[str]) -> list[Bound]:
        """Those of a kind of intent that bound any of the sides."""
        return [
            bound
            for kinds, bound in self._found
            if (not kinds or kind in kinds) and any(side in bound.sides for side in sides)
        ]

    def held(self, kind: str, sides: Sequence[str]) -> float:
        """What no order of the kind takes any of the sides beyond."""
        return max(min((bound.units for bound in self.of(kind, [side])), default=inf) for side in sides)


def _is_for_all(cap: Cap) -> bool:
    return cap.enforcement == "enforce" and cap.unless is None and not narrows(cap.applies_to)


def _bounds(rule: TypedRule, ranges: Ranges) -> Iterator[Bound]:
    for literal in literals(dict(rule.blocks["limit"].outputs)["limit"], holds=True):
        compared, op = literal.expr, literal.expr.op
        if op not in CONTRARY:
            continue
        left, right = compared.args
        op = op if literal.holds else CONTRARY[op]
        found = _below(ranges, left, right) if op in ("le", "lt") else _below(ranges, right, left)
        for sides, units in found if op in ("le", "lt", "ge", "gt") else ():
            yield Bound(units, f"cap {rule.id}", rule.place, sides)


def _below(ranges: Ranges, value: Expr, limit: Expr) -> Iterator[tuple[Sequence[str], float]]:
    """What `value <= limit` says of either side of it: of what is above a number too, `-1_200units <= …`."""
    yield from _held(ranges, value, ranges.of(limit).high, 1)
    yield from _held(ranges, limit, -ranges.of(value).low, -1)


def _held(ranges: Ranges, value: Expr, most: float, sign: int) -> Iterator[tuple[Sequence[str], float]]:
    """Sides that are held to so many units where sign × value is no more than `most`."""
    if isinf(most):
        return
    if value.label in _OF_SIDES:
        if sign > 0 and most >= 0:
            yield _OF_SIDES[value.label], most
        return
    if value.label == "position.net_units_after":
        if most >= 0:
            yield ("long" if sign > 0 else "short",), most
        return
    for part, limit, of_part in _parts(ranges, value, most, sign):
        yield from _held(ranges, part, limit, of_part)


def _parts(ranges: Ranges, value: Expr, most: float, sign: int) -> Iterator[tuple[Expr, float, int]]:
    """(part, most, sign) of each part that is bounded with the whole."""
    args = value.args
    match value.op:
        case "neg":
            yield args[0], most, -sign
        case "add" | "sub":
            of_second = -sign if value.op == "sub" else sign
            yield args[0], most - _least(ranges.of(args[1]), of_second), sign
            yield args[1], most - _least(ranges.of(args[0]), sign), of_second
        case "mul" | "div":
            factor = ranges.of(args[1])
            if factor.low == factor.high > 0:
                yield args[0], most / factor.low if value.op == "mul" else most * factor.low, sign
            factor = ranges.of(args[0])
            if value.op == "mul" and factor.low == factor.high > 0:
                yield args[1], most / factor.low, sign
        case "call":
            name = value.data.name
            if name == "abs" and sign > 0:
                yield args[0], most, 1
                yield args[0], most, -1
            elif name == ("max" if sign > 0 else "min"):
                yield from ((arg, most, sign) for arg in args)


def _least(of: Range, sign: int) -> float:
    """Of sign × a value."""
    return of.low if sign > 0 else -of.high
