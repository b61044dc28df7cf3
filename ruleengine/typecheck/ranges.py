"""Between which values a number lies whenever it is known, as far as declarations alone say it.

    rsi(m1, 14)             0 … 100         declared with the function
    trade.age               0 … ∞           declared with the fact
    size * 0                0 … 0           arithmetic of what is below
    max_usage (a parameter) 10 % … 92 %     every value that `--set` may give it, not the one that it has now

A range is never too narrow: what is not known of a part is −∞ … ∞. Ends are floats in the internal scale of the type;
they are compared with the language's own tolerance, far above what their rounding makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import inf, isinf
from typing import NamedTuple

from ruleengine.facts.catalogue import FACTS
from ruleengine.functions.base import Function
from ruleengine.functions.catalogue import FUNCTIONS, STEPS
from ruleengine.typecheck.typed import Expr
from ruleengine.units import NOTHING


class Range(NamedTuple):
    """Both ends belong to it."""

    low: float
    high: float


ANYTHING = Range(-inf, inf)
AT_LEAST_ZERO = Range(0.0, inf)
_SHARE = Range(0.0, 1.0)


def is_below(a: float, b: float, scale: float) -> bool:
    """`a < b` as the language compares: by more than the tolerance. `scale`: `units.COMPARISON_SCALE`."""
    if isinf(a) or isinf(b):
        return a < b
    return b - a > NOTHING * max(abs(a), abs(b), scale)


class Ranges:
    """Ranges of one policy's expressions. `parameters`: their constants; `settable`: what `--set` may make of them.
    `given`: of primitive facts of which more is known here than is declared."""

    def __init__(
        self, parameters: Mapping[str, Expr], settable: Mapping[str, Range], given: Mapping[str, Range] | None = None
    ) -> None:
        self.parameters, self.settable, self.given = parameters, settable, given or {}
        self.known: dict[Expr, Range] = {}

    def of(self, expr: Expr) -> Range:
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self._of(expr)
        return found

    def _of(self, expr: Expr) -> Range:
        if expr.label in self.given:
            return self.given[expr.label]
        if expr.label in FACTS:
            return self._fact(expr)
        match expr.op:
            case "const":
                return self._constant(expr)
            case "series":
                return _of_series(expr)
            case "step":
                return self._step(expr)
            case "agg":
                return self._aggregate(expr)
            case "table":
                return self._table(expr)
            case "if":
                return _union([self.of(arg) for arg in expr.args[1:]])
            case "call":
                return _called(expr.data.name, [self.of(arg) for arg in expr.args])
        operation = _OPERATIONS.get(expr.op)
        return ANYTHING if operation is None else operation([self.of(arg) for arg in expr.args])

    def is_settable(self, expr: Expr) -> bool:
        """Is it a constant that a parameter gives?"""
        return expr.op == "const" and expr.label in self.parameters

    def _constant(self, expr: Expr) -> Range:
        if not isinstance(expr.data, Decimal):
            return ANYTHING
        if not self.is_settable(expr):
            return Range(float(expr.data), float(expr.data))
        value, settable = self.parameters[expr.label].data, self.settable.get(expr.label, ANYTHING)
        found = [settable] * (expr.data == value) + [_negated([settable])] * (expr.data == -value)
        return _union(found) if found else ANYTHING

    def _fact(self, expr: Expr) -> Range:
        """What is declared of the fact, and what its definition says. The same for every policy."""
        if expr.label not in _OF_FACTS:
            fact = FACTS[expr.label]
            declared = Range(
                fact.least if fact.least is not None else 0.0 if fact.is_positive else -inf,
                fact.most if fact.most is not None else inf,
            )
            if expr.op == "fact":
                derived = ANYTHING
            else:
                # not by what is given: it is remembered for every policy
                derived = Ranges({}, {})._of(Expr(expr.op, expr.type, expr.args, expr.data))
            _OF_FACTS[expr.label] = _common(declared, derived)
        return _OF_FACTS[expr.label]

    def _step(self, expr: Expr) -> Range:
        function = STEPS[expr.data.function]
        return self.of(expr.args[0]) if function.is_among else _declared(function)

    def _aggregate(self, expr: Expr) -> Range:
        name, element = expr.data[0], self.of(expr.args[0])
        if name == "count":
            return AT_LEAST_ZERO
        if name in ("min", "max", "avg", "percentile"):
            return element
        if name == "sum":  # of nothing it is 0
            return Range(0.0 if element.low >= 0 else -inf, 0.0 if element.high <= 0 else inf)
        return ANYTHING

    def _table(self, expr: Expr) -> Range:
        values = [self.of(value) for value in (*expr.args[1:-1:2], expr.args[-1]) if value.op != "norow"]
        if expr.data != "product" or not values:
            return _union(values) if values else ANYTHING
        low = high = 1.0
        for value in values:
            if value.low < 0:
                return ANYTHING
            low, high = _times(low, min(value.low, 1.0)), _times(high, max(value.high, 1.0))
        return Range(low, high)


_OF_FACTS: dict[str, Range] = {}


def _declared(function: Function) -> Range:
    return Range(
        function.least if function.least is not None else -inf, function.most if function.most is not None else inf
    )


def _of_series(expr: Expr) -> Range:
    """A column of bars is a price or a volume; an average of such lies among them."""
    function = FUNCTIONS.get(expr.data.function)
    if function is None or (function.is_among and expr.data.column):
        return AT_LEAST_ZERO
    return _declared(function)


# --- arithmetic ------------------------------------------------------------------------------------------------------


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or b == 0.0 else a * b


def _union(ranges: Iterable[Range]) -> Range:
    found = list(ranges)
    return Range(min(each.low for each in found), max(each.high for each in found))


def _common(a: Range, b: Range) -> Range:
    low, high = max(a.low, b.low), min(a.high, b.high)
    return Range(low, high) if low <= high else a


def _added(args: list[Range]) -> Range:
    return Range(args[0].low + args[1].low, args[0].high + args[1].high)


def _subtracted(args: list[Range]) -> Range:
    return Range(args[0].low - args[1].high, args[0].high - args[1].low)


def _negated(args: list[Range]) -> Range:
    return Range(-args[0].high, -args[0].low)


def _multiplied(args: list[Range]) -> Range:
    products = [_times(a, b) for a in args[0] for b in args[1]]
    return Range(min(products), max(products))


def _divided(args: list[Range]) -> Range:
    """By zero there is no value, so a divisor that may be 0 or more is above 0, by however little."""
    value, by = args
    if value == (0.0, 0.0):
        return value
    if by.low < 0 < by.high or by == (0.0, 0.0):
        return ANYTHING
    if by.high <= 0:
        return _divided([_negated([value]), _negated([by])])
    low = 0.0 if value.low == 0 else _quotient(value.low, by.high if value.low > 0 else by.low)
    high = 0.0 if value.high == 0 else _quotient(value.high, by.low if value.high > 0 else by.high)
    return Range(low, high)


def _quotient(a: float, b: float) -> float:
    """`b` is 0 or more; a / ∞ may be as near to 0 as anything."""
    if isinf(b):
        return 0.0
    if b == 0.0 or isinf(a):
        return inf if a > 0 else -inf
    return a / b


def _positive(args: list[Range]) -> Range:
    return _common(args[0], AT_LEAST_ZERO)


_OPERATIONS = {
    "add": _added,
    "sub": _subtracted,
    "mul": _multiplied,
    "div": _divided,
    "neg": _negated,
    "positive": _positive,
    "coalesce": _union,
}


def _called(name: str, args: list[Range]) -> Range:
    match name:
        case "abs":
            low, high = args[0]
            return Range(0.0 if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high)))
        case "min":
            return _smallest(args)
        case "max":
            return _largest(args)
        case "clamp":
            return _smallest([_largest(args[:2]), args[2]])
        case "ramp":
            return _SHARE
        case "sign":
            low, high = args[0]
            return Range(_sign(low), _sign(high))
        case "floor" | "ceil" | "floor_to" | "ceil_to" | "round_to":
            # a step is above zero, so zero is a multiple and nothing is rounded across it
            return Range(0.0 if args[0].low >= 0 else -inf, 0.0 if args[0].high <= 0 else inf)
    return ANYTHING


def _sign(end: float) -> float:
    return (end > 0) - (end < 0) + 0.0


def _smallest(args: list[Range]) -> Range:
    return Range(min(each.low for each in args), min(each.high for each in args))


def _largest(args: list[Range]) -> Range:
    return Range(max(each.low for each in args), max(each.high for each in args))
