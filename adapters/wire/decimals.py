"""JSON whose numbers stay what they were: decimals in, decimals out, never through a float."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from ruleengine.ports.venue import VenueError

EXPONENT_MAX = 30
"""No price, size or sum of money is longer than this; such a number would only fill memory when it is written out."""
_DIGITS_MAX = 60


class BadPayload(VenueError, ValueError):
    """What came over the wire can't be what the venue means. The message holds no more of it than a few characters.
    Whoever asked the venue may let it through: it is a VenueError."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="payload")


def loads(content: bytes) -> Any:
    """A JSON text: numbers with a point or an exponent as Decimal, whole ones as int. Raises BadPayload for anything
    that is not JSON, a key that stands twice in one object, NaN and infinities, and numbers beyond all reason.

    >>> loads(b'{"price": 1.10, "count": 2}')
    {'price': Decimal('1.10'), 'count': 2}
    """
    try:
        return json.loads(
            content.decode("utf-8"), parse_float=_decimal, parse_constant=_no_number, object_pairs_hook=_once_each
        )
    except UnicodeDecodeError as error:
        raise BadPayload(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise BadPayload(f"not JSON at character {error.pos}: {error.msg}") from None
    except RecursionError:
        raise BadPayload("nested too deep") from None
    except BadPayload:
        raise
    except ValueError:  # Python's own limit on the digits of a whole number
        raise BadPayload("a number is too long") from None


def dumps(value: Any) -> bytes:
    """A request's body: Decimals as strings in plain notation, as every venue here wants its numbers. A float is a
    TypeError: nobody knows how many of its digits are meant.

    >>> dumps({"units": Decimal("1E+3"), "side": "buy"})
    b'{"units":"1000","side":"buy"}'
    """
    return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def number(value: Any, what: str) -> Decimal:
    """A figure of a payload, whether it came as text or as a number. Raises BadPayload, naming `what`.

    >>> number("-100.0", "units")
    Decimal('-100.0')
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadPayload(f"`{what}` is no number: {_excerpt(value)}")
    try:
        return _in_reason(Decimal(value))
    except (InvalidOperation, ValueError):
        raise BadPayload(f"`{what}` is no number: {_excerpt(value)}") from None


def optional(value: Any, what: str) -> Decimal | None:
    """A figure that may be missing (absent, null or empty text): unknown then, never 0."""
    return None if value is None or value == "" else number(value, what)


def objects(value: Any, what: str) -> list[dict[str, Any]]:
    """A list of objects of a payload. Raises BadPayload, naming `what`, where it is missing or anything else: what was
    not said is not empty.

    >>> objects([{"id": "1"}], "trades")
    [{'id': '1'}]
    """
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BadPayload(f"`{what}` is no list of objects")
    return value


def plain(value: Decimal) -> str:
    """A figure as venues write it: no exponent.

    >>> plain(Decimal("1E+5")), plain(Decimal("0.00010"))
    ('100000', '0.00010')
    """
    return f"{value:f}"


def _decimal(text: str) -> Decimal:
    return _in_reason(Decimal(text))


def _in_reason(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value.adjusted()) > EXPONENT_MAX or len(value.as_tuple().digits) > _DIGITS_MAX:
        raise BadPayload(f"{_excerpt(str(value))} is no figure that a venue can mean")
    return value


def _no_number(text: str) -> Any:
    raise BadPayload(f"{text} stands where a number should")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise BadPayload(f"the key `{_excerpt(twice)}` stands twice in one object")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(_in_reason(value))
    if isinstance(value, float):
        raise TypeError("a float can't be sent: make it a Decimal where it is decided")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _excerpt(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 24 else text[:24] + "…"
