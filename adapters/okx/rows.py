"""Rows as the venue writes them: every figure is a string, and what does not apply is "" (trap 3)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.wire.decimals import BadPayload, number, optional
from ruleengine.model.side import Side

Row = Mapping[str, Any]
MS = 1_000_000


def word(row: Row, name: str) -> str:
    """A text; "" where it is missing or does not apply."""
    value = row.get(name)
    return "" if value is None else str(value)


def figure(row: Row, name: str) -> Decimal:
    """A figure that must be there; BadPayload names it.

    >>> figure({"sz": "0.01"}, "sz")
    Decimal('0.01')
    """
    return number(row.get(name), name)


def maybe(row: Row, name: str) -> Decimal | None:
    """A figure, or None where it does not apply: unknown, never 0.

    >>> maybe({"liqPx": ""}, "liqPx") is None
    True
    """
    return optional(row.get(name), name)


def time_ms(row: Row, *names: str) -> int:
    """The first of the named times that is there, venue's ms."""
    for name in names:
        found = maybe(row, name)
        if found is not None and found > 0:
            return int(found)
    raise BadPayload(f"none of {', '.join(names)} is there")


def is_true(row: Row, name: str) -> bool:
    """Yes and no come as words in pushes, as JSON's own in some replies."""
    return str(row.get(name)).lower() == "true"


def side_of(row: Row) -> Side:
    """Which way an order or fill goes."""
    way = word(row, "side")
    if way not in ("buy", "sell"):
        raise BadPayload(f"`side` is neither buy nor sell: {way[:12]}")
    return Side.LONG if way == "buy" else Side.SHORT
