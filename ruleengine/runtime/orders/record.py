"""One order, what became of it, and both as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ruleengine.model.addition import Addition
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.runtime.orders.states import LIVE, OrderState

_ZERO = Decimal(0)


@dataclass(slots=True)
class OrderRecord:
    """One order and what became of it. `filled`: the venue's units. `ended_ns`: when it ended, 0 while it is out.
    `heard_ns`: when the venue last said something of it; 0 before. `is_full_close`: it was to take all that
    was left of a trade or side."""

    order: Order
    decision_id: str
    rule: str
    kind: str
    opened_ns: int
    stage: str = ""
    state: OrderState = OrderState.DECIDED
    filled: Decimal = _ZERO
    venue_id: str = ""
    code: str = ""
    reason: str = ""
    ended_ns: int = 0
    heard_ns: int = 0
    is_full_close: bool = False
    addition: Addition | None = None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def left(self) -> Decimal:
        """Units that may still fill."""
        return max(self.order.units - self.filled, _ZERO) if self.state in LIVE else _ZERO

    @property
    def reduces(self) -> bool:
        return self.order.is_reduce_only or bool(self.order.trade_id)


def order_to_json(order: Order) -> dict[str, Any]:
    """An order as JSON values, decimals as text."""
    row = {name: getattr(order, name) for name in Order.__slots__}
    return {name: str(value) if isinstance(value, Decimal | Side) else value for name, value in row.items()}


def order_from_json(row: Mapping[str, Any]) -> Order:
    values = dict(row)
    values["side"] = Side(row["side"])
    values["position_side"] = None if row["position_side"] is None else Side(row["position_side"])
    for name in ("units", "price", "stop", "target", "leverage"):
        values[name] = None if row.get(name) is None else Decimal(row[name])
    return Order(**values)


def record_to_json(record: OrderRecord) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in OrderRecord.__slots__}
    row["addition"] = None if record.addition is None else record.addition.to_json()
    return {**row, "order": order_to_json(record.order), "state": record.state.value, "filled": str(record.filled)}


def record_from_json(row: Mapping[str, Any]) -> OrderRecord:
    values = {**row, "order": order_from_json(row["order"]), "state": OrderState(row["state"])}
    values["filled"], values["addition"] = Decimal(row["filled"]), Addition.from_json(row.get("addition"))
    if "is_remainder" in values:  # a state from before every full close was told from a part
        values["is_full_close"] = values.pop("is_remainder")
    return OrderRecord(**values)
