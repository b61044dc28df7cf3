"""One text for one value: the JSON that the chain covers.

Keys sorted, no blanks, UTF-8, floats as their shortest repr, a Decimal as `{"$dec":"1.20"}` with its digits kept.
Refused are values that would read back as something else: NaN and infinities, keys that are no text, keys that begin
with `$`, objects JSON does not know, text that has no UTF-8. The same value gives the same bytes in any process.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, SupportsFloat

from ruleengine.journal.errors import refuse_entry

Body = Mapping[str, Any]

DEPTH_MAX = 48
"""Nesting of a body. Deeper ones are a mistake, and could not be read back by every JSON reader."""

_DECIMAL = "$dec"


def encode(kind: str, body: Body) -> bytes:
    """The canonical bytes of a body; `EntryRefused` with the path of the value that has none.

    >>> encode("note", {"b": 1.0, "a": [Decimal("1.20"), None]})
    b'{"a":[{"$dec":"1.20"},null],"b":1.0}'
    """
    if not is_sound(body):
        _check(kind, body, "", 0)
    try:
        return _ENCODER.encode(body).encode()
    except (ValueError, TypeError) as error:
        raise refuse_entry(kind, "", f"it has no JSON: {error}") from error


def encode_ascii(body: Body) -> bytes:
    """Bytes of a market batch, whose events were looked at one by one: any text has a form here, as have numbers of
    other libraries. `ValueError` or `TypeError` where something else came through."""
    return _ASCII_ENCODER.encode(body).encode("ascii")


def decode(text: bytes | str) -> Any:
    """The value of canonical bytes, Decimals as Decimals.

    >>> decode(b'{"a":[{"$dec":"1.20"},null]}')
    {'a': [Decimal('1.20'), None]}
    """
    return json.loads(text, object_hook=_untag)


def _tag(value: object) -> object:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _untag(found: dict[str, Any]) -> Any:
    tagged = found.get(_DECIMAL)
    return found if tagged is None else Decimal(tagged)


def _tag_number(value: object) -> object:
    return float(value) if isinstance(value, SupportsFloat) and not isinstance(value, Decimal) else _tag(value)


def _encoder(tag: Callable[[object], object], *, is_ascii: bool) -> json.JSONEncoder:
    return json.JSONEncoder(
        ensure_ascii=is_ascii,
        check_circular=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
        default=tag,
    )


_ENCODER = _encoder(_tag, is_ascii=False)
_ASCII_ENCODER = _encoder(_tag_number, is_ascii=True)


def is_sound(value: Any, depth: int = 0) -> bool:
    """Whether everything below `value` is of the plain types and reads back as itself.

    The quick look: no places are kept. Subclasses of the plain types fail here and are looked at again by `_check`.
    """
    plain = type(value)
    if plain is str or plain is int or plain is bool or value is None:
        return True
    if plain is float:
        return math.isfinite(value)
    if depth >= DEPTH_MAX:
        return False
    if plain is dict:
        for key, item in value.items():
            if type(key) is not str or key[:1] == "$" or not is_sound(item, depth + 1):
                return False
        return True
    if plain is list or plain is tuple:
        return all([is_sound(item, depth + 1) for item in value])  # noqa: C419 - a list is quicker than a generator
    return plain is Decimal and value.is_finite()


def _check(kind: str, value: Any, place: str, depth: int) -> None:
    """Raise at the first value below `value` that would not read back as itself."""
    plain = type(value)
    if plain is str or plain is int or plain is bool or value is None:
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise refuse_entry(kind, place, f"is {value}, not a finite number")
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise refuse_entry(kind, place, f"is {value}, not a finite number")
    elif isinstance(value, Mapping):
        _check_keys(kind, value, place, depth)
    elif isinstance(value, (list, tuple)):
        _check_depth(kind, place, depth)
        for position, item in enumerate(value):
            _check(kind, item, f"{place}[{position}]", depth + 1)
    elif not isinstance(value, (str, int)):
        raise refuse_entry(kind, place, f"is a {plain.__name__}, not a JSON value or Decimal")


def _check_keys(kind: str, value: Mapping[Any, Any], place: str, depth: int) -> None:
    _check_depth(kind, place, depth)
    for key, item in value.items():
        if not isinstance(key, str):
            raise refuse_entry(kind, place, f"has the key {key!r}, which is not text")
        if key[:1] == "$":
            raise refuse_entry(kind, place, f"has the key {key!r}; names that begin with `$` are reserved")
        _check(kind, item, f"{place}.{key}" if place else key, depth + 1)


def _check_depth(kind: str, place: str, depth: int) -> None:
    if depth >= DEPTH_MAX:
        raise refuse_entry(kind, place[:60], f"is nested deeper than {DEPTH_MAX}")
