"""Values of parameters: constants with the declared unit, within the declared bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from ruleengine import units
from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import measures, naming, sense
from ruleengine.schema.declarations import Parameter
from ruleengine.schema.leaf import Leaf
from ruleengine.schema.policy import Policy
from ruleengine.syntax import parse
from ruleengine.syntax.tree import Number, Truth, Unary
from ruleengine.units import Type

UNIT_WORDS: Final[dict[str, Type]] = {
    "ratio": units.RATIO,
    "pips": units.PIPS,
    "price": units.PRICE,
    "distance": units.DISTANCE,
    "duration": units.DURATION,
    "units": units.UNITS,
    "contracts": units.CONTRACTS,
    "count": units.COUNT,
    "number": units.NUMBER,
    "bars": units.BAR_COUNT,
    "bool": units.BOOL,
    "text": units.TEXT,
}
_BARE_KINDS: Final = frozenset({"price", "distance", "count", "number", "bar_count"})


class ParameterValue(NamedTuple):
    """A parameter as it will be used. `number` is on the internal scale of its type (`units.py`); None for a word or
    a value that is worked out later."""

    number: Decimal | None
    type: Type
    text: str
    is_default: bool


def type_of_unit(word: str) -> Type | None:
    """The type that a declaration's `unit` names; the code of a currency means money in it.

    >>> type_of_unit("ratio").kind, type_of_unit("JPY").arg, type_of_unit("kg")
    ('ratio', 'JPY', None)
    """
    if word in UNIT_WORDS:
        return UNIT_WORDS[word]
    currency = units.literal_unit(word)
    return currency.type if currency is not None and currency.type.kind == "money" else None


def read_parameters(policy: Policy, changed: frozenset[str]) -> tuple[dict[str, ParameterValue], list[Diagnostic]]:
    """Values by name. Bounds that are broken and units that do not fit are findings at the value, wherever it stands.

    `changed`: parameters whose value comes from an overlay or the command line.
    """
    values: dict[str, ParameterValue] = {}
    found: list[Diagnostic] = []
    for name, declared in policy.parameters.items():
        wanted = type_of_unit(declared.unit.text)
        if wanted is None:
            unit = declared.unit
            found.append(naming.unknown_word(unit.node.span, unit.text, "unit", tuple(UNIT_WORDS)))
            continue
        number, faults = _number(declared.default, wanted)
        found += faults or _bounds(name, declared, number, wanted)
        values[name] = ParameterValue(number, wanted, declared.default.text, name not in changed)
    return values, found


def _bounds(name: str, declared: Parameter, number: Decimal | None, wanted: Type) -> list[Diagnostic]:
    low, low_faults = _number(declared.min, wanted)
    high, high_faults = _number(declared.max, wanted)
    found = [*low_faults, *high_faults]
    if number is not None and ((low is not None and number < low) or (high is not None and number > high)):
        least, most = (bound.text if bound is not None else "" for bound in (declared.min, declared.max))
        are_crossed = low is not None and high is not None and low > high
        place = declared.default.node.span
        found.append(sense.parameter_bounds(place, name, declared.default.text, least, most, are_crossed))
    return found


def _number(leaf: Leaf | None, wanted: Type) -> tuple[Decimal | None, list[Diagnostic]]:
    """A constant on the internal scale of a type; None for what is not one (expressions are the type checker's)."""
    if leaf is None:
        return None, []
    span = leaf.node.span
    tree, found = parse(leaf.text, span)
    if tree is None:
        return None, found
    sign = Decimal(1)
    while isinstance(tree, Unary) and tree.operator == "-":
        sign, tree = -sign, tree.operand
    if isinstance(tree, Truth):
        wrong = wanted != units.BOOL
        return None, [measures.wrong_value_type(span, str(wanted), str(units.BOOL))] if wrong else []
    if not isinstance(tree, Number):
        return None, []
    if tree.unit is None:
        # zero meets anything; a bare number meets prices, counts and plain numbers
        if tree.value == 0 or wanted.kind in _BARE_KINDS:
            return sign * tree.value, []
        return None, [measures.wrong_value_type(span, str(wanted), str(units.NUMBER))]
    literal = units.literal_unit(tree.unit)
    if literal is None or (literal.type != wanted and not _meet(literal.type, wanted)):
        return None, [measures.wrong_value_type(span, str(wanted), str(literal.type) if literal else tree.unit)]
    return sign * tree.value * Decimal(literal.factor), []


def _meet(literal: Type, wanted: Type) -> bool:
    """Closed bars are counted; a distance in pips needs the instrument and is worked out later."""
    return {literal.kind, wanted.kind} <= {"bar_count", "count"}
