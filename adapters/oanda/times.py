"""OANDA's times: RFC 3339 in UTC with nine digits of a second, or seconds since 1970 as text with a fraction."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from adapters.wire.clock import NANOS
from adapters.wire.decimals import BadPayload

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(?:[Zz]|\+00:00)")
_UNIX = re.compile(r"(\d{1,12})(?:\.(\d{1,12}))?")


def to_ns(text: Any, what: str = "time") -> int:
    """UTC nanoseconds. `datetime` keeps six digits of the nine, so that the fraction is read apart (trap 9).

    >>> to_ns("1970-01-01T00:00:01.000000002Z"), to_ns("1.5")
    (1000000002, 1500000000)
    """
    found = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    try:
        if found:
            moment = datetime.fromisoformat(found[1].upper().replace(" ", "T")).replace(tzinfo=UTC)
            return int(moment.timestamp()) * NANOS + _fraction(found[2])
    except ValueError:
        found = None
    unix = _UNIX.fullmatch(text) if isinstance(text, str) else None
    if unix:
        return int(unix[1]) * NANOS + _fraction(unix[2])
    raise BadPayload(f"`{what}` is no time")


def to_text(ns: int) -> str:
    """
    >>> to_text(1_000_000_002)
    '1970-01-01T00:00:01.000000002Z'
    """
    moment = datetime.fromtimestamp(ns // NANOS, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns % NANOS:09d}Z"


def _fraction(digits: str | None) -> int:
    return int((digits or "0")[:9].ljust(9, "0"))
