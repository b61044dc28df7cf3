"""Durations and instants as a person types them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ruleengine.cli.failure import CommandError

_DATE = re.compile(r"^\d{4}-?(?:\d\d-?\d\d|W\d\d(?:-?\d)?)")
_WIDTHS = {0: 86_400, 2: 3_600, 4: 60}
"""Digits of the time of day → how long what they name is, in seconds; more digits name a second."""
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(text: str, option: str) -> float:
    """
    >>> seconds_of("45s", "--duration"), seconds_of("10min", "--duration")
    (45.0, 600.0)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|min|h|d)", text)
    if match is None:
        raise CommandError(f"{option} {text}: no duration", "write it as 45s, 10min or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def instant_ns(text: str, option: str) -> int:
    """UTC nanoseconds of a date or of a date with time; `Z` or an offset may follow.

    >>> instant_ns("2013-02-04", "--from"), instant_ns("2013-02-04T07:00:00.5Z", "--at")
    (1359936000000000000, 1359961200500000000)
    """
    try:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1))
    except ValueError:
        raise CommandError(f"{option} {text}: no instant", "write it as 2013-02-04 or 2013-02-04T07:00 (UTC)") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + moment.microsecond * 1000


def width_ns(text: str) -> int:
    """How long the instant is that was named: a date a day, then an hour, a minute; anything finer a second. The offset
    behind it names no part of the time. For texts that `instant_ns` takes.

    >>> [width_ns(f"2019-01-02{t}") // 1_000_000_000 for t in ("", "T08", "T08:12+09:00", "T0812Z", "T08:12:00-05")]
    [86400, 3600, 60, 60, 1]
    """
    time_of_day = _DATE.sub("", text)[1:]
    digits = re.split("[-+Z]", time_of_day)[0].replace(":", "")
    return _WIDTHS.get(len(digits), 1) * 1_000_000_000


def speed_of(text: str) -> float:
    """Market seconds a wall second; 0: as fast as possible.

    >>> speed_of("60"), speed_of("max")
    (60.0, 0.0)
    """
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise CommandError(
            f"--speed {text}: neither a positive number nor `max`", "1 is real time, 60 an hour a minute"
        )
    return speed
