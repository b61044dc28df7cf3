"""What to write instead of a value without its unit, or of one in another unit than its place takes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ruleengine.diagnostics.catalogue import logic
from ruleengine.units import HOME, LITERAL_UNITS, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_SMALLEST_PIPS = Decimal("0.1")
"""A number below is no spread in pips, but one in price."""


def of_bare(checker: Checker, type_: Type, number: Decimal) -> str:
    """For a number without a unit, where it meets a `type_`."""
    match type_.kind:
        case "ratio":
            return f"write `{logic.percent(number)}`" if abs(number) < 1 else f"write {logic.percent_or_times(number)}"
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
