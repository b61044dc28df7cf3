"""Orders and venue events as JSON values and back, for the venue's saved state. Money and sizes travel as text."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

from ruleengine.model.event import AccountRead, CashChange, Fill, OrderStatus, OrderUpdate, VenueEvent
from ruleengine.model.order import Order
from ruleengine.model.side import Side

_KINDS: dict[str, type[Any]] = {kind.kind: kind for kind in (OrderUpdate, Fill, CashChange, AccountRead)}
_DECIMALS = frozenset(
    {"units", "price", "realised", "fee", "amount", "balance", "margin_used", "stop", "target", "leverage"}
)  # fields of these classes that hold Decimal or None
_SIDES = frozenset({"side", "position_side"})


def event_to_json(event: VenueEvent) -> dict[str, Any]:
    return {"kind": event.kind, **_values(event)}


def event_from_json(row: dict[str, Any]) -> VenueEvent:
    values = _read({key: value for key, value in row.items() if key != "kind"})
    if row["kind"] == OrderUpdate.kind:
        values["status"] = OrderStatus(row["status"])
    event: VenueEvent = _KINDS[row["kind"]](**values)
    return event


def order_to_json(order: Order) -> dict[str, Any]:
    return _values(order)


def order_from_json(row: dict[str, Any]) -> Order:
    return Order(**_read(row))


def _values(thing: Any) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, Decimal):
            value = str(value)
        elif isinstance(value, (Side, OrderStatus)):
            value = value.value
        result[field.name] = value
    return result


def _read(row: dict[str, Any]) -> dict[str, Any]:
    values = dict(row)
    for key, value in row.items():
        if value is not None and key in _DECIMALS:
            values[key] = Decimal(value)
        elif value is not None and key in _SIDES:
            values[key] = Side(value)
    return values
