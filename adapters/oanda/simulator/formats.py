"""How OANDA writes figures and times: decimals as strings, times as RFC3339 with nine digits or as UNIX seconds.

Payloads are kept with `Decimal` and `Moment` in them, and written at the door, where the client's time format is known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from adapters.oanda.simulator.errors import BadRequest
from adapters.simulation.clock import SECOND_NS

TimeFormat = Literal["RFC3339", "UNIX"]

_CENT = Decimal("0.0001")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_UNIX = re.compile(r"(\d{1,11})(?:\.(\d{1,9}))?")


class Moment(int):
    """Nanoseconds since 1970, to be written as a time."""

    __slots__ = ()


def money(amount: Decimal) -> Decimal:
    """An amount of account currency as it is booked: four decimals."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def ratio(value: Decimal) -> Decimal:
    """A percentage or share, five decimals."""
    return value.quantize(Decimal("0.00001"), ROUND_HALF_UP)


def write_time(ns: int, how: TimeFormat) -> str:
    """
    >>> write_time(1_772_632_800_123_456_789, "RFC3339"), write_time(1_772_632_800_123_456_789, "UNIX")
    ('2026-03-04T14:00:00.123456789Z', '1772632800.123456789')
    """
    seconds, rest = divmod(ns, SECOND_NS)
    if how == "UNIX":
        return f"{seconds}.{rest:09d}"
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def read_time(text: str, name: str) -> Moment:
    """A time of a request, in either format. Raises BadRequest that names the parameter.

    >>> read_time("2026-03-04T14:00:00.123456789Z", "from") == read_time("1772632800.123456789", "from")
    True
    """
    if found := _RFC3339.fullmatch(text):
        whole, fraction, offset = found.groups()
        try:
            instant = datetime.fromisoformat(whole + offset.replace("Z", "+00:00"))
        except ValueError:
            raise BadRequest(name) from None
        seconds = (instant - _EPOCH) // timedelta(seconds=1)
    elif found := _UNIX.fullmatch(text):
        seconds, fraction = int(found[1]), found[2]
    else:
        raise BadRequest(name)
    return Moment(seconds * SECOND_NS + int((fraction or "").ljust(9, "0")))


def written(value: Any, how: TimeFormat) -> Any:
    """A payload as JSON values."""
    if isinstance(value, Moment):
        return write_time(value, how)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {name: written(each, how) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [written(each, how) for each in value]
    return value


def as_json(value: Any, how: TimeFormat) -> bytes:
    return json.dumps(written(value, how), separators=(",", ":")).encode()
