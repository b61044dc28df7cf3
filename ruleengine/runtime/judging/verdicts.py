"""A block's result, made readable: its comparisons with values, limits, units and the distance to the other verdict.

Generated code gives bare tuples; only what is recorded comes here. Numbers become floats, so that a record is the same
whichever backend evaluated it, up to the last digit of its own arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ruleengine.graph.node import Block, Check
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import figure
from ruleengine.model.number import compare, decimal_of
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.judging.change import Turn, deciding
from ruleengine.units import COMPARISON_SCALE, Type

Result = tuple[Any, ...]
Truth = bool | None
"""None: unknown."""
CONDITIONS = ("applies", "require", "limit", "when")
"""What has to hold for a rule to pass or act, as its block calls it."""


def truth(value: Any) -> Truth:
    """True, False, or None where it is unknown."""
    return None if value.__class__ is Unknown else bool(value)


def comparisons(block: Block, result: Result, currency: str = "") -> list[Comparison]:
    """What a block compared, in the order of evaluation. Where its rule's own condition is false, the comparisons on
    which that turned say so."""
    found = [_comparison(check, result, currency) for check in block.checks]
    for turn in turned(block, result, found):
        if turn.check >= 0 and not turn.unknown:
            found[turn.check].decides = True
    return found


def turned(block: Block, result: Result, compared: Sequence[Comparison]) -> tuple[Turn, ...]:
    """What a false condition turned on; nothing where it holds or is unknown."""
    false = [name for name in CONDITIONS if (at := block.position(name)) >= 0 and result[at] is False]
    return tuple(dict.fromkeys(turn for name in false for turn in deciding(block, name, compared, now=False)))


def held(block: Block, output: str, compared: list[Comparison]) -> list[Comparison]:
    """The comparisons of a condition that restricts while it holds: those that keep it true decide."""
    for turn in deciding(block, output, compared, now=True):
        if turn.check >= 0 and not turn.unknown:
            compared[turn.check].decides = True
    return compared


def told_of(turn: Turn, compared: Sequence[Comparison]) -> str:
    """What stands in the way: a comparison with its values, or a condition that compares nothing."""
    return told(compared[turn.check]) if turn.check >= 0 else f"{turn.label} is {'false' if turn.wanted else 'true'}"


def told(compared: Comparison) -> str:
    """A comparison that stands in the way, with its values.

    >>> told(measured("spread", "le", 2.0, 1.2, "pips", "spread_max"))
    'spread <= spread_max: 2pips against 1.2pips'
    >>> told(measured("spread", "gt", 2.0, 1.2, "pips", "1.2pips"))
    'spread > 1.2pips holds: 2pips against 1.2pips'
    """
    holds = " holds" if compared.verdict else ""
    left, right = figure(compared.left, compared.unit), figure(compared.right, compared.unit)
    return f"{compared.text}{holds}: {left} against {right}"


def _comparison(check: Check, result: Result, currency: str) -> Comparison:
    left = check.left_constant if check.left < 0 else result[check.left]
    right = check.right_constant if check.right < 0 else result[check.right]
    return Comparison(
        text=f"{check.left_text} {SIGNS[check.operator]} {check.right_text}",
        operator=check.operator,
        left=plain(left),
        right=plain(right),
        verdict=truth(result[check.verdict]),
        unit=unit_text(check.type, currency),
        distance=distance(check.operator, left, right),
        place="" if check.span is None else str(check.span),
    )


def measured(
    what: str,
    operator: str,
    left: Decimal | float | str,
    right: Decimal | float | str,
    unit: str,
    limit: str,
    scale: Decimal | None = None,
) -> Comparison:
    """A comparison that the engine makes itself, by the language's own measure. `limit`: what the right value is
    called; `scale`: where another one than that of the unit decides what is equal.

    Words are compared as words (`eq`), and have no distance.

    >>> found = measured("order", "le", Decimal(1005), Decimal(1000), "units", "limits.max_order_units")
    >>> found.text, found.verdict, found.distance
    ('order <= limits.max_order_units', False, -5.0)
    >>> measured("switch", "eq", "off", "on", "", "on").distance is None
    True
    """
    if isinstance(left, str) or isinstance(right, str):
        holds = (left == right) is (operator == "eq")
    else:
        holds = compare(operator, decimal_of(left), decimal_of(right), scale_of_unit(unit) if scale is None else scale)
    text = f"{what} {SIGNS[operator]} {limit}"
    return Comparison(text, operator, plain(left), plain(right), holds, unit, distance(operator, left, right))


def waited(what: str, length_s: Decimal | float, left_s: Decimal | float, limit: str) -> Comparison:
    """A time that has to pass and of which some is left: how much has passed, against all of it.

    A wait that is longer than its limit says now began under another one: then only what is left is known.

    >>> found = waited("time since its last order", 20.0, 8.0, "cooldown")
    >>> found.left, found.right, found.distance, found.verdict
    (12.0, 20.0, -8.0, False)
    >>> waited("time since its last order", 5.0, 8.0, "cooldown").text
    'what is left of cooldown <= 0s'
    """
    length, left = decimal_of(length_s), decimal_of(left_s)
    if left <= length:
        found = measured(what, "ge", length - left, length, "duration", limit)
    else:
        found = measured(f"what is left of {limit}", "le", left, Decimal(0), "duration", "0s")
    found.verdict = False  # a nanosecond that is left is less than the language tells apart, and is left all the same
    return found


def scale_of_unit(unit: str) -> Decimal:
    """The scale of comparisons of a unit as it stands in a record (`unit_text`).

    >>> scale_of_unit("JPY"), scale_of_unit("pips"), scale_of_unit("price")
    (Decimal('1000'), Decimal('100'), Decimal('0'))
    """
    return Decimal(COMPARISON_SCALE.get("money" if unit.isupper() else unit, "0"))


SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


def distance(operator: str, left: Any, right: Any) -> float | None:
    """How far the left value is from where the verdict flips: positive while it holds, negative while it doesn't.

    >>> distance("le", 1.0, 1.25), distance("ge", 80.0, 88.0), distance("le", "long", "short")
    (0.25, -8.0, None)
    """
    if not (_is_number(left) and _is_number(right)):
        return None
    room = float(right) - float(left)
    match operator:
        case "le" | "lt":
            return room
        case "ge" | "gt":
            return -room
        case "ne":
            return abs(room)
    return -abs(room)


def unknowns(result: Result) -> list[str]:
    """Texts of the unknown values in a result, each once, in order."""
    return list(dict.fromkeys(str(value) for value in result if value.__class__ is Unknown))


def first_unknown(result: Result, at: int) -> str:
    """Why an output is unknown."""
    value = result[at]
    return str(value) if value.__class__ is Unknown else ""


def values(block: Block, result: Result) -> tuple[Any, ...]:
    """What stands behind the outputs of a result: each check's values and verdict, as plain data."""
    return tuple(plain(value) for value in result[len(block.outputs) :])


def plain(value: Any) -> Any:
    """Numbers as floats, unknowns as their text, words and truths as they are.

    >>> plain(Decimal("1.5")), plain(True), plain("long"), plain(3)
    (1.5, True, 'long', 3)
    """
    if value.__class__ is Unknown:
        return str(value)
    return float(value) if isinstance(value, Decimal) else value


def unit_text(type_: Type, currency: str) -> str:
    """The unit of a value in a record: money of the account is its currency.

    >>> unit_text(Type("money", "home"), "JPY"), unit_text(Type("pips"), "JPY")
    ('JPY', 'pips')
    """
    if type_.kind == "money":
        return currency if type_.arg == "home" else str(type_.arg)
    return type_.kind


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int | Decimal) and not isinstance(value, bool)
