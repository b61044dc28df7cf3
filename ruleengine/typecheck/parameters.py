"""Parameters: declared unit, default, bounds; an override (`--set`, an overlay) is held to the same."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING

from ruleengine import units
from ruleengine.diagnostics.catalogue import measures, naming, sense
from ruleengine.schema.leaf import Expression
from ruleengine.typecheck import currencies
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.fitting import fit_declared
from ruleengine.typecheck.ranges import Range
from ruleengine.typecheck.remedies import of_value
from ruleengine.typecheck.typed import Expr
from ruleengine.units import BOOL, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

UNIT_WORDS: dict[str, Type] = {
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
    "bool": BOOL,
    "text": units.TEXT,
}


def type_of_unit(word: str) -> Type | None:
    """The type that a declaration's `unit:` names; a currency's code means money in it."""
    if word in UNIT_WORDS:
        return UNIT_WORDS[word]
    currency = units.literal_unit(word)
    return currency.type if currency is not None and currency.type.kind == "money" else None


def read_parameters(checker: Checker, overrides: Mapping[str, Expression]) -> None:
    """Fill `checker.names.parameters` with constants of the declared types."""
    names = checker.names
    for name, declared in names.policy.parameters.items():
        wanted = type_of_unit(declared.unit.text)
        if wanted is None:
            names.found.append(
                naming.unknown_word(declared.unit.node.span, declared.unit.text, "unit", tuple(UNIT_WORDS))
            )
            names.parameters[name] = Expr("const", units.ANY, data=Decimal(0))
            continue
        if wanted.kind == "money" and not currencies.is_known(names, wanted.arg):
            names.found.append(currencies.unknown(names, declared.unit.node.span, wanted.arg))
            names.parameters[name] = Expr("const", units.ANY, data=Decimal(0))
            continue
        leaf = overrides.get(name, declared.default)
        value = fold(_value(checker, leaf, wanted))
        if value.op != "const":
            value = checker.fail(naming.argument_not_constant(leaf.node.span, name, "the value"))
        names.parameters[name] = value
        if value.type == units.ANY or not isinstance(value.data, Decimal):
            continue
        low = fold(_value(checker, declared.min, wanted)) if declared.min else None
        high = fold(_value(checker, declared.max, wanted)) if declared.max else None
        names.settable[name] = Range(_end(low, -inf), _end(high, inf))
        below = low is not None and isinstance(low.data, Decimal) and value.data < low.data
        above = high is not None and isinstance(high.data, Decimal) and value.data > high.data
        if below or above:
            least, most = (bound.text if bound is not None else "" for bound in (declared.min, declared.max))
            are_crossed = low is not None and high is not None and _is_above(low, high)
            names.found.append(sense.parameter_bounds(leaf.node.span, name, leaf.text, least, most, are_crossed))
    for name, leaf in overrides.items():
        if name not in names.policy.parameters:
            known = list(names.policy.parameters)
            names.found.append(naming.unknown_reference(leaf.node.span, "parameter", name, known))


def _end(bound: Expr | None, otherwise: float) -> float:
    return float(bound.data) if bound is not None and isinstance(bound.data, Decimal) else otherwise


def _is_above(low: Expr, high: Expr) -> bool:
    return isinstance(low.data, Decimal) and isinstance(high.data, Decimal) and low.data > high.data


def _value(checker: Checker, leaf: Expression, wanted: Type) -> Expr:
    value = checker.check(leaf)
    fitted = value if value.type == units.ANY else fit_declared(checker, value, wanted)
    remedy = of_value(checker, value, wanted)
    return fitted or checker.fail(measures.wrong_value_type(leaf.node.span, str(wanted), str(value.type), remedy))
