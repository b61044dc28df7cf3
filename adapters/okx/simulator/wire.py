"""Values as the venue writes and reads them: every number a string, "" where nothing applies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.okx.simulator.errors import Refusal, refuse

Row = dict[str, Any]
PLACES = Decimal(1).scaleb(-16)
"""Finest figure that is written: divisions end here."""
_BOOKED = Decimal(1).scaleb(-12)
_LARGEST = Decimal(1).scaleb(18)


def text(value: Decimal | int | None) -> str:
    """A number without an exponent; None is "".

    >>> text(Decimal("1E+2")), text(Decimal("-0.50")), text(Decimal(1) / 3), text(None)
    ('100', '-0.5', '0.3333333333333333', '')
    """
    if value is None:
        return ""
    number = Decimal(value)
    if number == 0:
        return "0"
    if -int(number.as_tuple().exponent) > 16:
        number = number.quantize(PLACES)
    written = format(number, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def rounded(value: Decimal) -> Decimal:
    """A sum of money as it is booked: to twelve places, so that a ledger adds up to the bit.

    >>> rounded(Decimal(1) / 3)
    Decimal('0.333333333333')
    """
    return value.quantize(_BOOKED)


def flag(value: bool) -> str:
    """A boolean of an order's row.

    >>> flag(True), flag(False)
    ('true', 'false')
    """
    return "true" if value else "false"


def parse(body: bytes | str) -> Any:
    """JSON with numbers as Decimal. ValueError where it is none."""
    return json.loads(body, parse_float=Decimal, parse_int=Decimal)


def field(request: Mapping[str, Any], name: str) -> str:
    """One parameter as text; "" where it was left out or sent empty (both mean the same to the venue).

    >>> field({"sz": "1", "lever": 5, "px": ""}, "lever"), field({"px": ""}, "px"), field({}, "px")
    ('5', '', '')
    """
    value = request.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return flag(value)
    if isinstance(value, (int, Decimal)):
        return text(value)
    if isinstance(value, str):
        return value
    raise refuse("51000", name=name)


def required(request: Mapping[str, Any], name: str) -> str:
    """A parameter that must be there: 50014 otherwise."""
    value = field(request, name)
    if not value:
        raise refuse("50014", name=name)
    return value


def number(request: Mapping[str, Any], name: str) -> Decimal | None:
    """A number, None where it was left out; 51000 for what is none."""
    raw = field(request, name)
    if not raw:
        return None
    try:
        value = Decimal(raw)
    except InvalidOperation:
        raise refuse("51000", name=name) from None
    if not value.is_finite() or abs(value) >= _LARGEST:
        raise refuse("51000", name=name)
    return value


def needed(request: Mapping[str, Any], name: str) -> Decimal:
    """A number that must be there."""
    required(request, name)
    value = number(request, name)
    assert value is not None
    return value


def boolean(request: Mapping[str, Any], name: str) -> bool:
    """`true`, `"true"`, `false`, `"false"` or nothing.

    >>> boolean({"reduceOnly": "true"}, "reduceOnly"), boolean({"reduceOnly": ""}, "reduceOnly")
    (True, False)
    """
    raw = field(request, name).lower()
    if raw not in {"", "true", "false"}:
        raise refuse("51000", name=name)
    return raw == "true"


def choice(request: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """One of a few words that must be there: 51000 for another."""
    value = required(request, name)
    if value not in allowed:
        raise refuse("51000", name=name)
    return value


def whole(request: Mapping[str, Any], name: str, default: int, most: int) -> int:
    """A count (`limit`, `sz` of a book): more than the most is the most."""
    value = number(request, name)
    if value is None:
        return default
    if value != value.to_integral_value() or value < 1:
        raise refuse("51000", name=name)
    return min(int(value), most)


def outcome(refusal: Refusal | None) -> Row:
    """`sCode` and `sMsg` of a row: what became of one order of a request."""
    return {"sCode": "0", "sMsg": ""} if refusal is None else {"sCode": refusal.code, "sMsg": refusal.message}
