"""Values out of a log's row, as a mapping says. What can't be read is None, and counted by whoever asked."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ruleengine.market.zones import zone
from ruleengine.reports.logs.mapping import Instant, LogField

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"(\.\d{6})\d+")
_NS = {"epoch_s": 10**9, "epoch_ms": 10**6, "epoch_ns": 1}


def at(row: Any, path: str) -> Any:
    """What stands at a column or path; None where nothing does.

    >>> at({"a": {"b": [{"c": 5}]}}, "a.b.0.c"), at({"a": None}, "a.b"), at({"a.b": 1}, "a.b")
    (5, None, 1)
    """
    if isinstance(row, dict) and path in row:
        return row[path]
    for part in path.split("."):
        if isinstance(row, dict):
            row = row.get(part)
        elif isinstance(row, list) and part.isdigit() and int(part) < len(row):
            row = row[int(part)]
        else:
            return None
    return row


def text_of(row: Any, field: LogField) -> str | None:
    """
    >>> text_of({"id": "qr-17-micro-BBRSIlong"}, LogField(column="id", pattern="([^-]+)$"))
    'BBRSIlong'
    """
    found = at(row, field.column)
    if found is None or isinstance(found, dict | list):
        return None
    text = str(found).strip()
    if field.pattern is not None:
        match = re.search(field.pattern, text)
        if match is None:
            return None
        text = match[1] if match.re.groups else match[0]
    if field.values is not None:
        return field.values.get(text)
    return text or None


def number_of(row: Any, field: LogField, pip: float | None) -> float | None:
    """A finite number; with `minus` a difference, in pips where the field's unit says so.

    >>> number_of({"ask": "157.012", "bid": "157.004"}, LogField(column="ask", minus="bid", unit="pips"), 0.01)
    0.8
    """
    left = _decimal(text_of(row, field))
    if left is None:
        return None
    left /= field.divide_by
    if field.minus is not None:
        right = _decimal(text_of(row, LogField(column=field.minus)))
        if right is None:
            return None
        left -= right / field.divide_by
        if field.unit == "pips":
            if pip is None:
                return None
            left /= Decimal(str(pip))
    value = float(left)
    return abs(value) if field.absolute else value


def _decimal(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() and math.isfinite(float(value)) else None


def instant_of(row: Any, field: Instant) -> int | None:
    """UTC nanoseconds; digits below a microsecond of a written time are left out.

    >>> instant_of({"ts": "2025-10-22T08:54:26.246718+00:00"}, Instant(column="ts"))
    1761123266246718000
    >>> instant_of({"ts": "2025-10-22 17:54:26"}, Instant(column="ts", zone="Asia/Seoul"))
    1761123266000000000
    >>> instant_of({"ts": "2025-10-22 17:54:26"}, Instant(column="ts")) is None
    True
    """
    found = at(row, field.column)
    if found is None:
        return None
    if field.form != "iso":
        count = _decimal(str(found))
        return None if count is None else int(count * _NS[field.form])
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", str(found).strip().replace(" ", "T", 1)))
    except ValueError:
        return None
    if moment.tzinfo is None:
        if field.zone is None:
            return None
        moment = moment.replace(tzinfo=zone(field.zone))
    since = moment.astimezone(UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
