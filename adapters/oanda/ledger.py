"""The account's transactions, each applied once, as events. Replies, the stream and history all end here.

Numbers of transactions are one ascending sequence per account. `cursor` is the number up to which every one was
applied; those applied beyond it (a reply is often faster than the stream) are remembered until the gap is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from adapters.oanda import errors, fills, replacing
from adapters.oanda.client import int_of
from adapters.oanda.sent import Sent, SentOrders
from adapters.oanda.times import to_ns
from ruleengine import log
from ruleengine.model.event import OrderStatus, OrderUpdate, VenueEvent
from ruleengine.ports.venue import VenueError

Row = Mapping[str, Any]
_QUIET = frozenset({
    "CREATE", "CLOSE", "REOPEN", "CLIENT_CONFIGURE_REJECT", "TRANSFER_FUNDS_REJECT", "ORDER_CANCEL_REJECT",
    "ORDER_CLIENT_EXTENSIONS_MODIFY", "ORDER_CLIENT_EXTENSIONS_MODIFY_REJECT", "TRADE_CLIENT_EXTENSIONS_MODIFY",
    "TRADE_CLIENT_EXTENSIONS_MODIFY_REJECT", "RESET_RESETTABLE_PL",
})  # fmt: skip
"""Kinds that change nothing that the engine holds."""
_CONCERNING = frozenset({
    "MARGIN_CALL_ENTER", "MARGIN_CALL_EXTEND", "MARGIN_CALL_EXIT", "DELAYED_TRADE_CLOSURE", "CLIENT_CONFIGURE",
})  # fmt: skip
"""Kinds after which the account is read again, and which people should know of."""


class Ledger:
    """`tell`: takes the events. `on_doubt`: is called where a transaction can't be told in events, so that the account
    is read as a whole. `on_duplicate`: where the venue refused an id that it has already."""

    def __init__(
        self, sent: SentOrders, cursor: int, tell: Callable[[VenueEvent], None], now_ns: Callable[[], int], *,
        on_doubt: Callable[[], None] = lambda: None, on_duplicate: Callable[[Sent], None] = lambda sent: None,
    ) -> None:  # fmt: skip
        self.cursor = cursor
        self._ahead: set[int] = set()
        self._sent, self._tell, self._now_ns = sent, tell, now_ns
        self._on_doubt, self._on_duplicate = on_doubt, on_duplicate
        self.unknown: dict[str, int] = {}
        """Kinds of transactions that are not known here, and how many came."""

    def is_at(self, last_id: int) -> bool:
        """Everything up to `last_id` was applied, and nothing after it."""
        return self.cursor == last_id and not self._ahead

    def has(self, number: int) -> bool:
        return number <= self.cursor or number in self._ahead

    def take(self, rows: Iterable[Row]) -> None:
        """Apply those that were not applied yet, in the order given."""
        for row in rows:
            number = int_of(row, "id")
            if self.has(number):
                continue
            self._ahead.add(number)
            self._close_gap()
            self._apply_safely(row)

    def covers(self, last_id: int) -> None:
        """Everything up to `last_id` was given to `take`: what is missing below does not exist."""
        self.cursor = max(self.cursor, last_id)
        self._ahead = {number for number in self._ahead if number > self.cursor}
        self._close_gap()

    def accept(self, sent: Sent, venue_id: str, ts_event: int) -> None:
        """The venue has the order."""
        if sent.venue_id and sent.venue_id != venue_id:
            if int(venue_id) > int(sent.venue_id):  # else an earlier number of it
                log.bound(order=sent.order.id).warning("a second order at the venue has its id: {}", venue_id)
            self._sent.bind_another(sent, venue_id)
            return
        is_new = not sent.venue_id
        self._sent.bind(sent, venue_id)
        if is_new:
            sent.has_ended, sent.ending = False, []
            self._say(sent, OrderStatus.ACCEPTED, ts_event)

    def stands(self, sent: Sent, row: Row, ts_event: int) -> None:
        """The venue has the order as a row says: the order, or the transaction that made it. One that took its place
        is the same order of ours, changed (trap 8); told once, by whoever it was changed."""
        number = str(int_of(row, "id"))
        if row.get("replacesOrderID"):
            self._sent.move(sent, number)
        self.accept(sent, number, ts_event)
        if sent.venue_id != number or sent.has_ended or sent.order.type == "market":
            return
        if row.get("replacesOrderID"):
            sent.terms = row
        stated = replacing.as_stated(sent.order, row, sent.filled)
        if stated is None:
            reason = "an order of another side or instrument took its place"
            self.end(sent, OrderStatus.CANCELLED, ts_event, "CLIENT_REQUEST_REPLACED", reason)
        elif stated != sent.order:
            sent.order = stated
            self.tell_figures(sent, ts_event)

    def tell_figures(self, sent: Sent, ts_event: int, code: str = "", reason: str = "") -> None:
        """It rests, as it is now. `code`: why a change was not made."""
        sent.changes += 1
        said = self._update(sent, OrderStatus.AMENDED, ts_event, code, reason)
        said.units, said.price = sent.order.units, sent.order.price
        self._tell(said)

    def tell_end_again(self, sent: Sent) -> None:
        """What was told of how it ended."""
        for event in sent.ending:
            self._tell(replace(event, ts=self._now_ns()))

    def end(self, sent: Sent, status: OrderStatus, ts_event: int, code: str, reason: str = "") -> None:
        """Nothing more will fill. Said once."""
        if not sent.has_ended:
            sent.has_ended = True
            sent.ending.append(self._say(sent, status, ts_event, code, reason))

    # --- kinds ------------------------------------------------------------------------------------------------------

    def _apply_safely(self, row: Row) -> None:
        """What can't be read must not stop what comes after it: the account is read as a whole instead."""
        try:
            self._apply(row)
        except (VenueError, KeyError, TypeError, AttributeError) as error:
            log.bound(transaction=str(row.get("id"))).warning("a transaction can't be read: {}", error)
            self._on_doubt()

    def _apply(self, row: Row) -> None:
        kind = str(row.get("type", ""))
        if kind == fills.FILL:
            self._fill(row)
        elif kind == "ORDER_CANCEL":
            self._cancel(row)
        elif kind.endswith("_ORDER"):
            self._created(row)
        elif kind.endswith("_ORDER_REJECT"):
            self._rejected(row)
        elif kind == fills.FINANCING:
            for change in fills.financing_of(row, self._now_ns()):
                self._tell(change)
        elif kind == fills.TRANSFER:
            for change in fills.transfer_of(row, self._now_ns()):
                self._tell(change)
        elif kind in _CONCERNING:
            log.bound(transaction=str(row.get("id"))).warning("the venue says {}", kind)
            self._on_doubt()
        elif kind not in _QUIET:
            self._strange(kind, row)

    def _created(self, row: Row) -> None:
        sent = self._sent.of_creation(row)
        if sent is not None:
            self.stands(sent, row, to_ns(row.get("time")))

    def _rejected(self, row: Row) -> None:
        """A refusal of an id that the venue has already says nothing of the order that has it (trap 3), and one of a
        replacement says that the order stands as it did."""
        sent, reason = self._sent.of_creation(row), errors.code_of(row.get("rejectReason"))
        if sent is None:
            return
        if row.get("intendedReplacesOrderID"):
            if sent.venue_id and not sent.has_ended:
                self.tell_figures(sent, to_ns(row.get("time")), reason)
        elif errors.is_duplicate(reason):
            self._on_duplicate(sent)
        elif not sent.venue_id:
            self.end(sent, OrderStatus.REJECTED, to_ns(row.get("time")), reason)

    def _fill(self, row: Row) -> None:
        """An order fills once, or not at all; what it did not take of its units ends with it."""
        sent, now_ns = self._sent.of_order(row), self._now_ns()
        order_id = sent.order.id if sent is not None else str(row.get("clientOrderID") or "")
        found = fills.fills_of(row, order_id, now_ns)
        if not found:
            self._on_doubt()
        for fill in found:
            self._tell(fill)
            if sent is not None:
                sent.ending.append(fill)
        for change in fills.financing_of(row, now_ns):
            self._tell(change)
        if sent is None:
            return
        if not sent.venue_id:
            self._sent.bind(sent, str(row.get("orderID", "")))
        sent.filled += sum(fill.units for fill in found)
        if sent.filled < sent.order.units:
            reason = f"{sent.filled:f} of {sent.order.units:f} filled"
            self.end(sent, OrderStatus.CANCELLED, to_ns(row.get("time")), "REMAINDER_NOT_FILLED", reason)
        sent.has_ended = True

    def _cancel(self, row: Row) -> None:
        sent, reason = self._sent.of_order(row), errors.code_of(row.get("reason"))
        if sent is not None and reason == "CLIENT_REQUEST_REPLACED":
            self._replaced(sent, row)
            return
        if sent is None or (sent.venue_id and sent.venue_id != str(row.get("orderID", ""))):
            return  # not ours, or of a second order that had our id: the first one still stands
        if not sent.venue_id:
            self._sent.bind(sent, str(row.get("orderID", "")))
        self.end(sent, errors.status_of_cancel(reason), to_ns(row.get("time")), reason)

    def _replaced(self, sent: Sent, row: Row) -> None:
        """No end: another order has its place (trap 8), and says itself what it is."""
        if not sent.venue_id:
            self.accept(sent, str(int_of(row, "orderID")), to_ns(row.get("time")))
        if row.get("replacedByOrderID"):
            self._sent.move(sent, str(int_of(row, "replacedByOrderID")))

    def _strange(self, kind: str, row: Row) -> None:
        """New kinds come. One that moved money is made up for by reading the account (trap 13)."""
        if kind not in self.unknown:
            log.bound(transaction=str(row.get("id"))).info("transactions of kind {} are not known here", kind)
        self.unknown[kind] = self.unknown.get(kind, 0) + 1
        if "accountBalance" in row:
            self._on_doubt()

    def _say(
        self, sent: Sent, status: OrderStatus, ts_event: int, code: str = "", reason: str = ""
    ) -> OrderUpdate:  # fmt: skip
        said = self._update(sent, status, ts_event, code, reason)
        self._tell(said)
        return said

    def _update(self, sent: Sent, status: OrderStatus, ts_event: int, code: str, reason: str) -> OrderUpdate:
        return OrderUpdate(self._now_ns(), ts_event, sent.order.id, status, sent.venue_id, code, reason)

    def _close_gap(self) -> None:
        while self.cursor + 1 in self._ahead:
            self.cursor += 1
            self._ahead.discard(self.cursor)
