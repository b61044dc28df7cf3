"""What each operation means: Decimal numbers, strong Kleene logic, unknowns with their reason.

The definition that the other backends are held against. Where several operands are unknown, the first one's reason is
given. Every function here takes and gives Decimal, bool, str (words), int (instants, UTC ns) or Unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import Any

from ruleengine.graph.table import combine
from ruleengine.model.number import CONTEXT, compare, settled
from ruleengine.model.unknown import Reason, Unknown, known

Value = Any
_NANO = Decimal(1_000_000_000)
_EXACTLY = {name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")}


def strict(operation: Callable[..., Value]) -> Callable[..., Value]:
    """Unknown where an operand is; a division by zero is unknown too."""

    def lifted(*operands: Value) -> Value:
        for operand in operands:
            if not known(operand):
                return operand
        try:
            return operation(*operands)
        except (DivisionByZero, InvalidOperation, ZeroDivisionError):
            return Unknown(Reason.DIVISION_BY_ZERO, "division")

    return lifted


def kleene_and(*operands: Value) -> Value:
    """False where any operand is false; else the first unknown; else true."""
    first: Value = True
    for operand in operands:
        if operand is False:
            return False
        if first is True and not known(operand):
            first = operand
    return first


def kleene_or(*operands: Value) -> Value:
    """True where any operand is true; else the first unknown; else false."""
    first: Value = False
    for operand in operands:
        if operand is True:
            return True
        if first is False and not known(operand):
            first = operand
    return first


def choose(condition: Value, then: Value, otherwise: Value) -> Value:
    """Unknown where the condition is; the branch not taken does not matter."""
    return condition if not known(condition) else then if condition else otherwise


def positive(number: Value) -> Value:
    """The number itself above zero; unknown else: what is divided by it would have no sense."""
    return number if not known(number) or number > 0 else Unknown(Reason.DIVISION_BY_ZERO, "not above zero")


def elapsed(later: int, earlier: int) -> Decimal:
    """Seconds between two instants."""
    return CONTEXT.divide(Decimal(later - earlier), _NANO)


def shift(instant: int, seconds: Decimal) -> int:
    return instant + int((seconds * _NANO).to_integral_value())


def comparison(word: str, left: Value, right: Value, step: Decimal) -> bool:
    """Numbers by the tolerance of `model.number`; words, truths and instants exactly."""
    if isinstance(left, Decimal):
        return compare(word, left, right, step)
    return bool(_EXACTLY[word](left, right))


def aggregate(name: str, rows: list[tuple[Value, Value]], share: Decimal = Decimal(0)) -> Value:
    """`rows`: (element, condition) in the collection's order. A row whose condition is false does not count.

    count, sum, avg, min, max: unknown with the first unknown among conditions and counting elements; avg, min, max,
    percentile of nothing are unknown (empty). any, all: Kleene's or/and over the rows that count. streak: see there.
    `share`: of a percentile.
    """
    if name == "any":
        return kleene_or(*(kleene_and(condition, element) for element, condition in rows))
    if name == "all":
        return kleene_and(*(kleene_or(strict(lambda c: not c)(condition), element) for element, condition in rows))
    if name == "streak":
        return streak(rows)
    counting: list[Decimal] = []
    for element, condition in rows:
        if not known(condition):
            return condition
        if condition:
            if not known(element):
                return element
            counting.append(element)
    match name:
        case "count":
            return Decimal(len(counting))
        case "sum":
            total = Decimal(0)
            for number in counting:
                total = CONTEXT.add(total, number)
            return settled(total, Decimal(0), *counting)
    if not counting:
        return Unknown(Reason.EMPTY, name)
    if name == "avg":
        return CONTEXT.divide(aggregate("sum", rows), Decimal(len(counting)))
    if name == "percentile":
        return percentile(sorted(counting), share)
    return min(counting) if name == "min" else max(counting)


def percentile(ascending: list[Decimal], share: Decimal) -> Decimal:
    """Between the two values beside rank share × (n − 1) by a straight line, as the function of the same name does for
    series.

    >>> percentile([Decimal(1), Decimal(2), Decimal(4)], Decimal("0.75"))
    Decimal('3.00')
    """
    rank = CONTEXT.multiply(share, Decimal(len(ascending) - 1))
    below = min(int(rank), len(ascending) - 1)
    above = min(below + 1, len(ascending) - 1)
    rise = CONTEXT.subtract(ascending[above], ascending[below])
    return CONTEXT.add(ascending[below], CONTEXT.multiply(rise, rank - below))


def streak(rows: list[tuple[Value, Value]]) -> Value:
    """How many of the newest rows that count are true, until the first that is not; unknown where it can't be told."""
    length = 0
    for element, condition in reversed(rows):
        if not known(condition):
            return condition
        if condition:
            if not known(element):
                return element
            if not element:
                break
            length += 1
    return Decimal(length)


OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": strict(CONTEXT.add),
    "sub": strict(CONTEXT.subtract),
    "mul": strict(CONTEXT.multiply),
    "div": strict(CONTEXT.divide),
    "neg": strict(lambda number: -number),
    "not": strict(lambda truth: not truth),
    "elapsed": strict(elapsed),
    "shift": strict(shift),
    "settled": strict(lambda scale, total, *terms: settled(total, scale, *terms)),
    "positive": positive,
    "known": known,
    "coalesce": lambda first, second: first if known(first) else second,
    "and": kleene_and,
    "or": kleene_or,
    "if": choose,
    **{op: strict(lambda a, b, step, op=op: comparison(op, a, b, step)) for op in ("lt", "le", "gt", "ge", "eq", "ne")},
    "table": lambda how, *rest: combine(how, rest[:-1], rest[-1]),
}
