"""What generated code calls once something is unknown: the same operations in float64, carrying unknowns through.

Only the slow path of generated functions comes here; the fast path has the operations written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import BuiltinFunctionType
from typing import Any

from ruleengine.graph.table import combine
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import NOTHING

DIVIDED = Unknown(Reason.DIVISION_BY_ZERO, "division")
NOT_POSITIVE = Unknown(Reason.DIVISION_BY_ZERO, "not above zero")


def lift(operation: Callable[..., Any], *operands: Any) -> Any:
    """`operation(*operands)`, or the first unknown among them."""
    for operand in operands:
        if operand.__class__ is Unknown:
            return operand
    try:
        return operation(*operands)
    except ZeroDivisionError:
        return DIVIDED


def known_only(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function for the fast path: what it can't say is a `TypeError` there, as everything unknown is. (It may say so
    without looking at all of its arguments, and the first unknown among those is what has to be told.)"""
    if isinstance(function, BuiltinFunctionType):  # min, max, abs look at all of them
        return function

    def known(*arguments: Any) -> Any:
        result = function(*arguments)
        if result.__class__ is Unknown:
            raise TypeError(result.reason)
        return result

    return known


def and3(*operands: Any) -> Any:
    first: Any = True
    for operand in operands:
        if operand is False:
            return False
        if first is True and operand.__class__ is Unknown:
            first = operand
    return first


def or3(*operands: Any) -> Any:
    first: Any = False
    for operand in operands:
        if operand is True:
            return True
        if first is False and operand.__class__ is Unknown:
            first = operand
    return first


def if3(condition: Any, then: Any, otherwise: Any) -> Any:
    return condition if condition.__class__ is Unknown else then if condition else otherwise


def positive(number: Any) -> Any:
    return number if number.__class__ is Unknown or number > 0 else NOT_POSITIVE


def settled(total: Any, scale: float, *terms: Any) -> Any:
    """`model.number.settled` in floats; unknown where the total is, as it is where a term is."""
    if total.__class__ is Unknown:
        return total
    magnitude = NOTHING * scale
    for term in terms:
        magnitude = max(magnitude, NOTHING * abs(term))
    return 0.0 if abs(total) <= magnitude else total


def coalesce(first: Any, second: Any) -> Any:
    return second if first.__class__ is Unknown else first


def known(value: Any) -> bool:
    return value.__class__ is not Unknown


def table(how: str, pairs: tuple[Any, ...], otherwise: Any) -> Any:
    return combine(how, pairs, otherwise)


def compare(operator: str, a: Any, b: Any, step: float) -> Any:
    """a `operator` b with the tolerance of `model.number`."""
    if a.__class__ is Unknown:
        return a
    if b.__class__ is Unknown:
        return b
    equal = abs(a - b) <= NOTHING * max(abs(a), abs(b), step)
    match operator:
        case "eq":
            return equal
        case "ne":
            return not equal
        case "lt":
            return a < b and not equal
        case "le":
            return a <= b or equal
        case "gt":
            return a > b and not equal
    return a >= b or equal


def aggregate(
    name: str, collection: Any, element: Callable[[Any], Any], condition: Callable[[Any], Any], share: float = 0.0
) -> Any:
    """`name` over the collection; both functions take one element and may give unknowns. `share`: of a percentile."""
    if collection.__class__ is Unknown:
        return collection
    if name == "any":
        return or3(*[and3(condition(each), element(each)) for each in collection])
    if name == "all":
        return and3(*[or3(lift(_not, condition(each)), element(each)) for each in collection])
    if name == "streak":
        return _streak(collection, element, condition)
    counting: list[float] = []
    for each in collection:
        counts = condition(each)
        if counts.__class__ is Unknown:
            return counts
        if counts:
            value = element(each)
            if value.__class__ is Unknown:
                return value
            counting.append(value)
    return _figure(name, counting, share)


def _streak(collection: Any, element: Callable[[Any], Any], condition: Callable[[Any], Any]) -> Any:
    """How many of the newest elements that count are true, until the first that is not."""
    length = 0
    for each in reversed(collection):
        counts = condition(each)
        if counts.__class__ is Unknown:
            return counts
        if counts:
            value = element(each)
            if value.__class__ is Unknown:
                return value
            if not value:
                break
            length += 1
    return length


def _not(truth: bool) -> bool:
    return not truth


def total_of(numbers: list[float]) -> float:
    """Their sum, zero where they cancel."""
    total = sum(numbers, 0.0)
    return 0.0 if numbers and abs(total) <= NOTHING * max(max(numbers), -min(numbers)) else total


def percentile_of(numbers: list[float], share: float) -> float:
    """Between the two values beside rank share × (n − 1) by a straight line; as `backends.trace.meaning.percentile`."""
    ascending = sorted(numbers)
    rank = share * (len(ascending) - 1)
    below = min(int(rank), len(ascending) - 1)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (ascending[above] - ascending[below]) * (rank - below)


def _figure(name: str, counting: Iterable[float], share: float = 0.0) -> Any:
    numbers = list(counting)
    if name == "count":
        return len(numbers)
    if name == "sum":
        return total_of(numbers)
    if not numbers:
        return Unknown(Reason.EMPTY, name)
    if name == "avg":
        return _figure("sum", numbers) / len(numbers)
    if name == "percentile":
        return percentile_of(numbers, share)
    return min(numbers) if name == "min" else max(numbers)
