"""Reading figures of a request: strings of decimals, refused with OANDA's own reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.oanda.simulator.catalogue import Spec
from adapters.oanda.simulator.errors import BadRequest, Rejected

_FIGURE = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?([eE][+-]?\d{1,2})?", re.ASCII)
_HIGHEST = Decimal(1_000_000_000)


def figure(value: Any, name: str) -> Decimal:
    """A DecimalNumber: a string, or a JSON number. Raises BadRequest that names the field."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or not _FIGURE.fullmatch(str(value)):
        raise BadRequest(name)
    return Decimal(value)


def decimals(value: Decimal) -> int:
    """How many a figure is written with; more than the instrument has are refused, also nines that are noughts.

    >>> decimals(Decimal("1.500")), decimals(Decimal(100)), decimals(Decimal("1E+2"))
    (3, 0, 0)
    """
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def price_of(given: Mapping[str, Any], name: str, spec: Spec, prefix: str, path: str) -> Decimal | None:
    """A price or distance of a request, in the instrument's precision; None where it isn't given.

    Raises  Rejected  with `<prefix>_INVALID` or `<prefix>_PRECISION_EXCEEDED`."""
    value = given.get(name)
    if value is None:
        return None
    found = figure(value, f"{path}.{name}")
    if not 0 < found < _HIGHEST:
        raise Rejected(f"{prefix}_INVALID")
    if decimals(found) > spec.digits:
        raise Rejected(f"{prefix}_PRECISION_EXCEEDED")
    return found.quantize(spec.tick)


def units_of(value: Any, spec: Spec, path: str) -> Decimal:
    """Signed units of an order. Raises Rejected with the reason that OANDA has for it."""
    if value is None:
        raise Rejected("UNITS_MISSING")
    found = figure(value, path)
    if found == 0:
        raise Rejected("UNITS_INVALID")
    if decimals(found) > spec.unit_digits and decimals(found.normalize()) > spec.unit_digits:
        raise Rejected("UNITS_PRECISION_EXCEEDED")
    if abs(found) < spec.minimum_units:
        raise Rejected("UNITS_MIMIMUM_NOT_MET")
    if abs(found) > spec.maximum_units:
        raise Rejected("UNITS_LIMIT_EXCEEDED")
    return plain_units(found)


def plain_units(units: Decimal) -> Decimal:
    """Units as OANDA writes them: `-100`, `0.5`.

    >>> [str(plain_units(Decimal(text))) for text in ("-100.0", "1E+2", "0.50", "0")]
    ['-100', '100', '0.5', '0']
    """
    found = units.normalize()
    exponent = found.as_tuple().exponent
    return found.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else found + 0
