"""What to write instead of a value without its unit, or of one in another unit than its place takes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ruleengine.diagnostics.catalogue import measures
from ruleengine.typecheck.fitting import is_bare
from ruleengine.typecheck.typed import Expr
from ruleengine.units import BOOL, HOME, LITERAL_UNITS, PRICE, RATIO, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_WRITTEN = ("ratio", "pips", "duration", "distance", "money", "units", "contracts")
"""What a number becomes by the unit that is written after it."""

_SMALLEST_PIPS = Decimal("0.1")
"""A number below is no spread in pips, but one in price."""


def of_value(checker: Checker, expr: Expr, *wanted: Type) -> str | None:
    """For a value that is none of the `wanted`; None where nothing is close."""
    if expr.op != "const" or not isinstance(expr.data, Decimal):
        return None
    if expr.type == RATIO and PRICE in wanted:
        return f"write the distance as `mid - mid * {measures.percent(1 - expr.data)}`, or in pips"
    if not is_bare(expr):
        return None
    if wanted == (BOOL,):
        return "write `true` or `false`"
    if len(wanted) == 1:
        return of_bare(checker, wanted[0], expr.data) if wanted[0].kind in _WRITTEN else None
    return f"write {' or '.join(f'`{_part(type_, expr.data)}`' for type_ in wanted)}"


def _part(type_: Type, number: Decimal) -> str:
    """The number as a `type_`, where several may stand: there a ratio is a share of a whole, beside a size."""
    if type_ == RATIO:
        return measures.percent(number / 100 if number > 1 else number)
    return f"{number:f}{type_.kind}"


def of_bare(checker: Checker, type_: Type, number: Decimal) -> str:
    """For a number without a unit, where it meets a `type_`."""
    match type_.kind:
        case "ratio":
            return (
                f"write `{measures.percent(number)}`"
                if abs(number) < 1
                else f"write {measures.percent_or_times(number)}"
            )
        case "pips" if abs(number) < _SMALLEST_PIPS:
            return "write it in pips, such as `1pips`: a distance in price is no number of pips"
        case "duration":
            return f"write `{number:f}s`"
        case "distance":
            return "write it in pips, such as `5pips`, or as a parameter with `unit: distance`"
        case "money" if type_.arg == "quote":
            return "convert the other side with `* instrument.quote_to_home`, and write an amount such as `500JPY`"
        case "money" if type_ == HOME and not checker.names.currency:
            return (
                f"write it with the account's currency, such as `{number:f}USD`, and say which that is:"
                " `requires: {currency: USD}`"
            )
        case "money":
            return f"write `{number:f}{checker.names.currency if type_ == HOME else type_.arg}`"
    suffix = next((word for word, unit in LITERAL_UNITS.items() if unit.type == type_), None)
    if suffix is None:
        return "compare it with a fact of the same kind"
    return f"write `{number:f}{suffix}`"
