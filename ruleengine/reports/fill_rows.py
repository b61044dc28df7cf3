"""What the venue did, as rows: fills and cash changes, enough to reckon a run's result again without the engine.

Change of balance = Σ realised − Σ fee of the fills + Σ amount of the cash changes; `realised` is without the fee.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ruleengine.model.audit import Decision
from ruleengine.model.event import CashChange, Fill, OrderStatus, OrderUpdate
from ruleengine.recordings.export import ExportType
from ruleengine.reports.tables import when

FILL_COLUMNS: dict[str, ExportType] = {
    "ts": "BIGINT",
    "ts_event": "BIGINT",
    "time": "VARCHAR",
    "instrument": "VARCHAR",
    "order_id": "VARCHAR",
    "decision_id": "VARCHAR",
    "kind": "VARCHAR",
    "rule": "VARCHAR",
    "trade_id": "VARCHAR",
    "fill_id": "VARCHAR",
    "side": "VARCHAR",
    "units": "DOUBLE",
    "price": "DOUBLE",
    "opens": "BOOLEAN",
    "realised": "DOUBLE",
    "fee": "DOUBLE",
    "currency": "VARCHAR",
    "reason": "VARCHAR",
    "is_last": "BOOLEAN",
}
"""Columns of `fills.parquet`. `decision_id`, `kind` and `rule` are those of the decision that sent the order; where the
venue acted by itself, `kind` is `venue` and `reason` says why. `opens`: whether the trade is opened or added to, else
it is reduced or closed. `is_last`: whether the order is done with it. Amounts in account currency."""


class Ordered:
    """Which decision sent which order, for the fills that come later."""

    def __init__(self) -> None:
        self._by_order: dict[str, tuple[str, str, str]] = {}

    def sent(self, decision: Decision) -> None:
        if decision.order is not None:
            self._by_order[decision.order.id] = (decision.id, decision.kind, decision.rule)

    def row(self, fill: Fill, currency: str) -> dict[str, Any]:
        """A fill as plain values, amounts as decimal strings."""
        decision_id, kind, rule = self._by_order.get(fill.order_id, ("", "venue", ""))
        return {
            "ts": fill.ts,
            "ts_event": fill.ts_event,
            "time": when(fill.ts_event),
            "instrument": fill.instrument,
            "order_id": fill.order_id,
            "decision_id": decision_id,
            "kind": kind,
            "rule": rule,
            "trade_id": fill.trade_id,
            "fill_id": fill.fill_id,
            "side": fill.side.value,
            "units": _text(fill.units),
            "price": _text(fill.price),
            "opens": fill.opens,
            "realised": _text(fill.realised),
            "fee": _text(fill.fee),
            "currency": currency,
            "reason": fill.reason,
            "is_last": fill.is_last,
        }


ENDED = frozenset({OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.ABSENT})
"""States after which nothing more of an order is filled, though nothing filled it."""


def ended_row(update: OrderUpdate) -> dict[str, Any]:
    """The end of an order at the venue, with the venue's own code, as plain values."""
    return {
        "ts": update.ts,
        "ts_event": update.ts_event,
        "time": when(update.ts_event),
        "order_id": update.order_id,
        "status": update.status.value,
        "code": update.code,
        "reason": update.reason,
    }


def cash_row(change: CashChange, currency: str) -> dict[str, Any]:
    """Financing, funding, deposit or withdrawal as plain values."""
    return {
        "ts": change.ts,
        "ts_event": change.ts_event,
        "time": when(change.ts_event),
        "instrument": change.instrument,
        "amount": _text(change.amount),
        "currency": currency,
        "reason": change.reason,
    }


def numbers(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its amounts as floats, for a table."""
    return {name: float(row[name]) if FILL_COLUMNS[name] == "DOUBLE" else row[name] for name in FILL_COLUMNS}


def _text(amount: Decimal) -> str:
    return format(amount, "f")
