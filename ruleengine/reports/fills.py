"""What became of the orders: fills, refusals by the venue, results realised, by the rule that sent them.

Fed with the decisions that sent an order and with what the venue said. Of orders only those that are out are
remembered; of fills the last ones, for a venue may tell one again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from ruleengine.model.audit import Decision
from ruleengine.model.event import AccountRead, CashChange, Event, Fill, OrderStatus, OrderUpdate
from ruleengine.reports.tables import Table, money, quantity
from ruleengine.runtime.orders.orders import Orders
from ruleengine.runtime.orders.seen_fills import SeenFills

_ENDS = {
    OrderStatus.REJECTED: "rejected",
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.EXPIRED: "cancelled",
    OrderStatus.ABSENT: "rejected",
}
_HEADS = ("kind", "rule", "sent", "filled", "rejected", "lapsed", "open", "units", "realised", "fees")
_NOTHING = {"rejected": "none rejected", "lapsed": "none cancelled or expired", "open": "none open", "fees": "no fees"}
_ZEROS = ("0", "0.00")


@dataclass(slots=True)
class Fate:
    """Orders of one rule. `units` filled; `realised` without fees; both amounts in account currency."""

    sent: int = 0
    filled: int = 0
    rejected: int = 0
    cancelled: int = 0
    unknown: int = 0
    units: Decimal = Decimal(0)
    realised: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)

    @property
    def open(self) -> int:
        """Sent and not heard of since."""
        return self.sent - self.filled - self.rejected - self.cancelled


@dataclass(slots=True)
class Fills:
    """By (kind, rule); what the venue did by itself (stops, targets, a close-out) stands under its own reason."""

    currency: str
    by_rule: dict[tuple[str, str], Fate] = field(default_factory=dict)
    cash: dict[str, Decimal] = field(default_factory=dict)
    """Financing, funding, deposits: reason → amount."""
    events: int = 0
    """How many events of the venue were heard."""
    codes: dict[str, int] = field(default_factory=dict)
    """The venue's codes of rejection → count."""
    _out: dict[str, tuple[str, str]] = field(default_factory=dict)
    _seen: SeenFills = field(default_factory=SeenFills)

    def sent(self, decision: Decision) -> None:
        """An order left."""
        if decision.order is not None and decision.outcome == "sent":
            self._out[decision.order.id] = (decision.kind, decision.rule)
            self._of(decision.kind, decision.rule).sent += 1

    def go_on(self, orders: Orders) -> None:
        """Orders that a run before left out: what becomes of them is their rules'. Fills that it counted don't count
        again."""
        for record in orders.live():
            self._out[record.order.id] = (record.kind, record.rule)
            self._of(record.kind, record.rule).sent += 1
        self._seen.restore(orders.state()["seen"])

    @property
    def paid(self) -> Decimal:
        """Deposits less withdrawals."""
        return self.cash.get("deposit", Decimal(0)) + self.cash.get("withdrawal", Decimal(0))

    def heard(self, event: Event) -> None:
        """An event of the venue; others don't matter here."""
        take = _TAKERS.get(event.__class__)
        if take is not None:
            self.events += 1
            take(self, event)

    def _of(self, kind: str, rule: str) -> Fate:
        return self.by_rule.setdefault((kind, rule), Fate())

    def _fill(self, event: Fill) -> None:
        if not self._seen.add(event):
            return  # told again, as after a connection was away
        key = self._out.get(event.order_id)
        fate = self._of(*key) if key else self._of("venue", event.reason or "fill")
        fate.units += event.units
        fate.realised += event.realised
        fate.fees += event.fee
        if event.is_last:
            fate.filled += 1
            fate.sent += key is None
            self._out.pop(event.order_id, None)

    def _update(self, event: OrderUpdate) -> None:
        key = self._out.get(event.order_id)
        if key is None:
            return
        fate, end = self._of(*key), _ENDS.get(event.status)
        if event.status is OrderStatus.UNKNOWN:
            fate.unknown += 1
        if end is None:
            return
        setattr(fate, end, getattr(fate, end) + 1)
        if end == "rejected":
            self.codes[event.code or event.reason] = self.codes.get(event.code or event.reason, 0) + 1
        del self._out[event.order_id]

    def _cash(self, event: CashChange) -> None:
        self.cash[event.reason] = self.cash.get(event.reason, Decimal(0)) + event.amount

    def _read(self, event: AccountRead) -> None:
        """The account's own statement moves no order."""

    # --- what is shown ------------------------------------------------------------------------------------------------

    def tables(self) -> list[Table]:
        return [self._orders(), self._cashed()]

    def _orders(self) -> Table:
        """A row a rule. Columns in which nothing stands are named below instead."""
        rows = [[kind, rule, *self._cells(fate)] for (kind, rule), fate in sorted(self.by_rule.items())]
        empty = [at for at, head in enumerate(_HEADS) if head in _NOTHING and all(row[at] in _ZEROS for row in rows)]
        kept = [at for at in range(len(_HEADS)) if at not in empty]
        table = Table("Orders and their fills", [_HEADS[at] for at in kept], right=tuple(range(2, len(kept))))
        table.rows = [[row[at] for at in kept] for row in rows]
        parts = [f"amounts in {self.currency}", *(_NOTHING[_HEADS[at]] for at in empty)]
        if self.codes:
            parts.append("rejected with " + ", ".join(f"{n:,} × {code}" for code, n in sorted(self.codes.items())))
        table.note = "; ".join(parts) if rows else ""
        return table

    def _cells(self, fate: Fate) -> list[str]:
        counts = (fate.sent, fate.filled, fate.rejected, fate.cancelled, fate.open)
        amounts = (money(amount, self.currency).split(" ")[0] for amount in (fate.realised, fate.fees))
        return [*(f"{count:,}" for count in counts), quantity(fate.units), *amounts]

    def _cashed(self) -> Table:
        table = Table("Cash beside trading", ["what", "amount"], right=(1,))
        table.rows = [[reason, money(amount, self.currency)] for reason, amount in sorted(self.cash.items())]
        return table

    def as_json(self) -> dict[str, Any]:
        rows = []
        for (kind, rule), fate in sorted(self.by_rule.items()):
            plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(fate).items()}
            rows.append({"kind": kind, "rule": rule, **plain, "open": fate.open})
        return {
            "orders": rows,
            "cash": {reason: str(amount) for reason, amount in sorted(self.cash.items())},
            "rejections": dict(sorted(self.codes.items())),
        }


_TAKERS: dict[type[Any], Callable[[Fills, Any], None]] = {
    Fill: Fills._fill,
    OrderUpdate: Fills._update,
    CashChange: Fills._cash,
    AccountRead: Fills._read,
}
VENUE_EVENTS = frozenset(_TAKERS)
"""What `Fills.heard` does something with."""
