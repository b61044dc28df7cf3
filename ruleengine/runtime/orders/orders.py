"""All orders that are out, and the last ones that ended: what they still could do, and what the venue says of them.

    1. `open`                     an order joins as its intent becomes durable; from then on it counts in every limit
    2. `on_update`, `on_fill`     steps by the table of `states`; what the table does not admit becomes a note
    3. `pending_units`            the worst case of everything that may still add to a side
    4. `closing_units`            what orders on their way may take off a trade or side

Sizes of orders and fills are the venue's (contracts where an instrument has them); sums that limits and facts use are
base units. Knows no trades and no prices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import book
from ruleengine.diagnostics.catalogue import contact as hearing
from ruleengine.model.addition import Addition
from ruleengine.model.audit import Note
from ruleengine.model.event import Fill, OrderStatus, OrderUpdate
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.runtime.notes import note
from ruleengine.runtime.orders.ids import exit_key
from ruleengine.runtime.orders.record import OrderRecord, record_from_json, record_to_json
from ruleengine.runtime.orders.retries import Retries
from ruleengine.runtime.orders.seen_fills import SeenFills
from ruleengine.runtime.orders.states import CONTRADICTIONS, ImpossibleTransition, OrderEvent, OrderState, step

FINISHED_MAX = 2_000
"""Orders that have ended and are still remembered: late answers find them."""
LISTED_AFTER_NS = 5_000_000_000
"""So long after it was sent, or last heard of, an order is looked for in the venue's list: it may be on its way until
then, as may the list."""

_VERSION = 1
_HERE = Span.of_file("orders")
_ZERO = Decimal(0)
_UNPROVED = frozenset({OrderState.INTENT, OrderState.SENDING, OrderState.UNKNOWN})
"""States in which nobody has said yet that the venue has the order."""


@dataclass(slots=True)
class _Index:
    """Live orders by what they are looked up by; each a dict for its order."""

    by: dict[str, dict[str, OrderRecord]] = field(default_factory=dict)

    def add(self, key: str, record: OrderRecord) -> None:
        self.by.setdefault(key, {})[record.order.id] = record

    def drop(self, key: str, record: OrderRecord) -> None:
        found = self.by.get(key)
        if found is not None and found.pop(record.order.id, None) is not None and not found:
            del self.by[key]

    def of(self, key: str) -> list[OrderRecord]:
        found = self.by.get(key)
        return list(found.values()) if found else []


class Orders:
    """Orders by id; live ones also by instrument, rule and what they reduce."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._contract_size = {name: instrument.contract_size for name, instrument in instruments.items()}
        self._records: dict[str, OrderRecord] = {}
        self._clear_indices()
        self._seen = SeenFills()
        self.retries = Retries()
        self.last_sent_ns = 0
        """When an order last joined; 0 before the first one."""

    def _clear_indices(self) -> None:
        self._finished: dict[str, None] = {}
        self._live: dict[str, OrderRecord] = {}
        self._unknown: dict[str, OrderRecord] = {}
        self._by_instrument, self._by_rule, self._exits = _Index(), _Index(), _Index()
        self._adds: dict[str, tuple[Decimal, Decimal]] = {}

    # --- what happens -----------------------------------------------------------------------------------------

    def open(
        self, order: Order, decision_id: str, rule: str, kind: str, ts: int, *, stage: str = "",
        is_full_close: bool = False, addition: Addition | None = None,
    ) -> OrderRecord:  # fmt: skip
        """An order joins; to be called in the same event in which its intent goes to the journal, before it leaves.

        `stage`: the exit stage that a fill of it completes (FX-35). `is_full_close`: it takes all that is
        left of a trade or side. `addition`: what it adds to a position, and why (SC-08). The same id again gives
        the record that is there.
        """
        known = self._records.get(order.id)
        if known is not None:
            return known
        record = OrderRecord(order, decision_id, rule, kind, ts, stage, is_full_close=is_full_close, addition=addition)
        self._records[order.id] = record
        self.last_sent_ns = ts
        self.retries.sent(rule, exit_key(order) if record.reduces else order.instrument, stage, ts)
        self._move(record, OrderEvent.STORED, ts)
        return record

    def sent(self, order_id: str, ts: int) -> list[Note]:
        """It was handed to the venue. (Optional: any answer of the venue proves it as well.)"""
        return self._step(self._records[order_id], OrderEvent.SENT, ts, 0)

    def on_update(self, update: OrderUpdate) -> list[Note]:
        """The venue, or our own time limit, says something of an order."""
        record = self._records.get(update.order_id)
        if record is None:
            found = book.order_not_known(_HERE, update.order_id, update.status.value)
            return [note(found, update.ts, update.seq, update.order_id)]
        record.venue_id = update.venue_id or record.venue_id
        if update.status is not OrderStatus.UNKNOWN:
            record.heard_ns = max(record.heard_ns, update.ts)
        if update.code or update.reason:
            record.code, record.reason = update.code, update.reason
        if update.status is OrderStatus.AMENDED:
            return self._amend(record, update)
        return self._step(record, OrderEvent(update.status.value), update.ts, update.seq)

    def _amend(self, record: OrderRecord, update: OrderUpdate) -> list[Note]:
        """It rests as the update says, so it has been accepted; lowered to what has filled it is filled. After its end
        this is old."""
        notes = self._step(record, OrderEvent.ACCEPTED, update.ts, update.seq)
        order, before = record.order, self._contribution(record)
        units = order.units if update.units is None else update.units
        price = order.price if update.price is None else update.price
        if not record.is_live or (units, price) == (order.units, order.price):
            return notes
        record.order = replace(order, units=units, price=price)
        self._count(record, before)
        notes.append(note(book.order_amended(_HERE, order.id, str(units), str(price)), update.ts, update.seq, order.id))
        if record.filled >= units:
            notes += self._step(record, OrderEvent.FILLED, update.ts, update.seq)
        return notes

    def on_fill(self, fill: Fill) -> list[Note]:
        """A fill, ours or not. One that came before is noted and not counted; a foreign one is the book's alone."""
        if not self._seen.add(fill):
            what = book.fill_again(_HERE, fill.order_id or fill.trade_id, str(fill.units), str(fill.price))
            return [note(what, fill.ts, fill.seq, fill.order_id or fill.trade_id)]
        record = self._records.get(fill.order_id)
        if record is None:
            if not fill.order_id:
                return []
            return [note(book.order_not_known(_HERE, fill.order_id, "filled"), fill.ts, fill.seq, fill.order_id)]
        before = self._contribution(record)
        record.filled += fill.units
        record.heard_ns = max(record.heard_ns, fill.ts)
        self._count(record, before)
        if record.reduces:
            self.retries.filled(record.rule, exit_key(record.order))
        is_whole = record.filled >= record.order.units
        notes = self._step(record, OrderEvent.FILLED if is_whole else OrderEvent.PART_FILLED, fill.ts, fill.seq)
        if record.filled > record.order.units:
            found = book.filled_beyond(_HERE, record.order.id, str(record.filled), str(record.order.units))
            notes.append(note(found, fill.ts, fill.seq, record.order.id))
        return notes

    def on_list(self, open_orders: Sequence[str], ts: int, seq: int) -> list[Note]:
        """The venue's list of orders that are out, heard at `ts`, held against ours. One that it has is accepted. One
        that it lacks, though it should have it by all that we heard, is unknown: only an answer about the order itself
        proves more."""
        listed, notes = set(open_orders), list[Note]()
        for record in self.live():
            name = record.order.id
            if name in listed or (record.venue_id and record.venue_id in listed):
                if record.state in _UNPROVED:
                    notes += self._step(record, OrderEvent.ACCEPTED, ts, seq)
            elif (
                record.state is not OrderState.UNKNOWN and ts > max(record.heard_ns, record.opened_ns) + LISTED_AFTER_NS
            ):
                found = hearing.order_missing(_HERE, name, str(record.order.units), record.order.instrument)
                notes.append(note(found, ts, seq, name))
                notes += self._step(record, OrderEvent.MISSING, ts, seq)
        return notes

    def is_repeated(self, fill: Fill) -> bool:
        """Was this fill counted before? (To be asked before `on_fill`.)"""
        return self._seen.has(fill)

    def _step(self, record: OrderRecord, event: OrderEvent, ts: int, seq: int) -> list[Note]:
        before, name = record.state, record.order.id
        try:
            self._move(record, event, ts)
        except ImpossibleTransition as impossible:
            found = book.impossible_transition(_HERE, name, impossible.state.value, event.value)
            return [note(found, ts, seq, name)]
        notes: list[Note] = []
        if (before, event) in CONTRADICTIONS:
            found = book.contradiction(_HERE, name, before.value, event.value, record.state.value)
            notes.append(note(found, ts, seq, name))
        if record.state is OrderState.UNKNOWN and before is not OrderState.UNKNOWN:
            found = book.order_unknown(_HERE, name, str(record.order.units), record.order.instrument)
            notes.append(note(found, ts, seq, name))
        if before is OrderState.UNKNOWN and record.state is not OrderState.UNKNOWN:
            notes.append(note(book.order_resolved(_HERE, name, record.state.value), ts, seq, name))
        return notes

    def _move(self, record: OrderRecord, event: OrderEvent, ts: int) -> None:
        before = self._contribution(record)
        record.state = step(record.state, event)
        self._index(record)
        self._count(record, before)
        if record.is_live:
            record.ended_ns = 0
            self._finished.pop(record.order.id, None)
        elif record.order.id not in self._finished:
            record.ended_ns = ts
            self._finished[record.order.id] = None
            self._tell_of_end(record, ts)
            self._prune()

    def _tell_of_end(self, record: OrderRecord, ts: int) -> None:
        if record.reduces:
            ts = max(ts, record.opened_ns)
            is_whole, has_filled = record.filled >= record.order.units, record.filled > 0
            self.retries.reduction_ended(
                record.rule, exit_key(record.order), ts, is_whole=is_whole, has_filled=has_filled
            )

    def _index(self, record: OrderRecord) -> None:
        name = record.order.id
        change = _Index.add if record.is_live else _Index.drop
        change(self._by_instrument, record.order.instrument, record)
        change(self._by_rule, record.rule, record)
        if record.reduces:
            change(self._exits, exit_key(record.order), record)
        if record.is_live:
            self._live[name] = record
        else:
            self._live.pop(name, None)
        if record.state is OrderState.UNKNOWN:
            self._unknown[name] = record
        else:
            self._unknown.pop(name, None)

    def _prune(self) -> None:
        while len(self._finished) > FINISHED_MAX:
            oldest = next(iter(self._finished))
            del self._finished[oldest], self._records[oldest]

    # --- what they may still do -------------------------------------------------------------------------------

    def _contribution(self, record: OrderRecord) -> tuple[Decimal, Decimal]:
        """Base units by which the order may still add to (long, short); reducing orders add nothing."""
        if record.reduces:
            return _ZERO, _ZERO
        left = record.left * self._contract_size[record.order.instrument]
        return (left, _ZERO) if record.order.side is Side.LONG else (_ZERO, left)

    def _count(self, record: OrderRecord, before: tuple[Decimal, Decimal]) -> None:
        after = self._contribution(record)
        if after != before:
            held = self.pending_units(record.order.instrument)
            added = (held[0] + after[0] - before[0], held[1] + after[1] - before[1])
            self._adds[record.order.instrument] = added

    def pending_units(self, instrument: str) -> tuple[Decimal, Decimal]:
        """Base units by which working and UNKNOWN orders together may still add to (long, short)."""
        return self._adds.get(instrument, (_ZERO, _ZERO))

    def pending_levered(self, instrument: str, rate: Decimal) -> Decimal:
        """Base units that they may still add, each × what 1 / its leverage is above `rate` (margin per value)."""
        return sum(
            (
                sum(self._contribution(record)) * max(1 / record.order.leverage - rate, _ZERO)
                for record in self._by_instrument.of(instrument)
                if record.order.leverage is not None
            ),
            _ZERO,
        )

    def closing_units(self, instrument: str, side: Side, trade_id: str = "") -> Decimal:
        """The venue's units that live orders may still take off a trade; without one, off the whole side."""
        return sum(
            (
                record.left
                for record in self._by_instrument.of(instrument)
                if record.reduces
                and record.order.side is side.opposite
                and (not trade_id or record.order.trade_id == trade_id)
            ),
            _ZERO,
        )

    # --- looking up -------------------------------------------------------------------------------------------

    def get(self, order_id: str) -> OrderRecord | None:
        return self._records.get(order_id)

    def live(self) -> Iterator[OrderRecord]:
        """Every order that may still fill, in the order of opening or of coming back to life."""
        yield from list(self._live.values())

    def working(self, instrument: str | None = None) -> list[OrderRecord]:
        """Orders sent and not finished, without those whose fate is unknown."""
        found = list(self._live.values()) if instrument is None else self._by_instrument.of(instrument)
        return [record for record in found if record.state is not OrderState.UNKNOWN]

    def unknown(self, instrument: str | None = None) -> list[OrderRecord]:
        """Orders that may or may not be at the venue."""
        return [r for r in self._unknown.values() if instrument is None or r.order.instrument == instrument]

    def counts(self) -> tuple[int, int]:
        """(working, unknown)."""
        return len(self._live) - len(self._unknown), len(self._unknown)

    def is_unknown(self, order_id: str) -> bool:
        return order_id in self._unknown

    def of_rule(self, rule: str) -> list[OrderRecord]:
        """Live orders of a rule."""
        return self._by_rule.of(rule)

    def exits_of(self, key: str) -> list[OrderRecord]:
        """Live reducing orders of a trade, or of a side (`position_key`)."""
        return self._exits.of(key)

    def outstanding_exit(self, rule: str, key: str) -> bool:
        """Has the rule an order out that reduces this trade or side? One at a time (SC-17)."""
        return any(record.rule == rule for record in self._exits.by.get(key, {}).values())

    # --- state ------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All of it as JSON values; `restore` continues to the bit."""
        return {
            "version": _VERSION,
            "orders": [record_to_json(record) for record in self._records.values()],
            "live": list(self._live),
            "unknown": list(self._unknown),
            "finished": list(self._finished),
            "seen": self._seen.state(),
            "retries": self.retries.state(),
            "last_sent": self.last_sent_ns,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._records = {row["order"]["id"]: record_from_json(row) for row in state["orders"]}
        self._clear_indices()
        for name in state["live"]:
            record = self._records[name]
            self._index(record)
            self._count(record, (_ZERO, _ZERO))
        self._unknown = {name: self._records[name] for name in state["unknown"]}
        self._finished = dict.fromkeys(state["finished"])
        self._seen.restore(state["seen"])
        self.last_sent_ns = state.get("last_sent", 0)
        if "retries" in state:  # a state from before they were kept has none
            self.retries.restore(state["retries"])
