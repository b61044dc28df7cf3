"""Orders as the venue keeps them, with the answer it gave: the same id gets the same answer again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.paper.codec import order_from_json, order_to_json
from ruleengine.model.event import OrderStatus, OrderUpdate
from ruleengine.model.order import Order

KEPT_NS = 24 * 3600 * 1_000_000_000
"""How long a finished order's answer is remembered."""


@dataclass(slots=True)
class OrderRecord:
    """`status` None: on its way, no answer yet. `arrived_ns` 0 likewise. `ended_ns` 0: still alive. `is_triggered`: a
    stop that was reached and found too little size. `trade_id`: the trade it opened."""

    order: Order
    left: Decimal
    status: OrderStatus | None = None
    venue_id: str = ""
    code: str = ""
    reason: str = ""
    arrived_ns: int = 0
    ended_ns: int = 0
    is_triggered: bool = False
    is_cancel_wanted: bool = False
    trade_id: str = ""

    @property
    def is_working(self) -> bool:
        return self.status is OrderStatus.ACCEPTED and not self.ended_ns

    def update(self, ts: int) -> OrderUpdate:
        """What the venue says of it now."""
        return OrderUpdate(
            ts=ts,
            ts_event=ts,
            order_id=self.order.id,
            status=self.status or OrderStatus.UNKNOWN,
            venue_id=self.venue_id,
            code=self.code,
            reason=self.reason,
        )

    def end(self, status: OrderStatus, code: str, reason: str, ts: int) -> OrderUpdate:
        """Finish it with this answer."""
        self.status, self.code, self.reason, self.ended_ns = status, code, reason, ts
        return self.update(ts)

    def state(self) -> dict[str, Any]:
        return {
            "order": order_to_json(self.order),
            "left": str(self.left),
            "status": None if self.status is None else self.status.value,
            "venue_id": self.venue_id,
            "code": self.code,
            "reason": self.reason,
            "arrived_ns": self.arrived_ns,
            "ended_ns": self.ended_ns,
            "is_triggered": self.is_triggered,
            "is_cancel_wanted": self.is_cancel_wanted,
            "trade_id": self.trade_id,
        }

    @classmethod
    def from_state(cls, row: dict[str, Any]) -> OrderRecord:
        values = dict(row)
        values["order"] = order_from_json(row["order"])
        values["left"] = Decimal(row["left"])
        values["status"] = None if row["status"] is None else OrderStatus(row["status"])
        return cls(**values)


class OrderRecords:
    """All orders by id, and the working ones in order of arrival."""

    def __init__(self) -> None:
        self.by_id: dict[str, OrderRecord] = {}
        self.working: dict[str, OrderRecord] = {}

    def forget_finished(self, ts: int) -> None:
        """Drop answers older than a day, from the oldest order on."""
        while self.by_id:
            first = next(iter(self.by_id))
            record = self.by_id[first]
            if not record.ended_ns or record.ended_ns + KEPT_NS > ts:
                return
            del self.by_id[first]

    def of_instrument(self, instrument: str) -> list[OrderRecord]:
        return [record for record in self.working.values() if record.order.instrument == instrument]

    def state(self) -> dict[str, Any]:
        return {"orders": [record.state() for record in self.by_id.values()], "working": list(self.working)}

    def restore(self, state: dict[str, Any]) -> None:
        records = [OrderRecord.from_state(row) for row in state["orders"]]
        self.by_id = {record.order.id: record for record in records}
        self.working = {name: self.by_id[name] for name in state["working"]}
