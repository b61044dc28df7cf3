"""What became of orders that no answer was heard of. Only questions are asked here; nothing is ever sent again.

1. at least half a second after the send: a fresh order may not be readable before (fact sheet §8)
2. the order by its number, or by our id while it is pending
3. every transaction since the one that was the last before it was sent
4. found: what they say of it. Not there: asked again until it was missing in every answer over so long a time that
   nothing between here and the venue can still hold the request; only then the venue never had it

The second comes before the third: an order that fills between the two has lost its id, and is in history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from adapters.oanda import errors
from adapters.oanda.account import extensions
from adapters.oanda.client import Client, by_client_id, int_of
from adapters.oanda.ledger import Ledger
from adapters.oanda.sent import CLOCKS_APART_NS, Sent, SentOrders
from adapters.oanda.times import to_ns
from adapters.wire.budget import Urgency
from adapters.wire.clock import NANOS, Clock
from adapters.wire.decimals import BadPayload
from ruleengine import log
from ruleengine.model.event import Fill, OrderStatus, OrderUpdate, VenueEvent
from ruleengine.model.order import Order
from ruleengine.ports.venue import SentOrder, VenueError

Row = Mapping[str, Any]
READABLE_AFTER_S = 0.5
OPENING_SETTLES_S = 10.0
"""Over how long a time an order that may open has to be missing, once its request was given up. A gateway that broke
off or timed out may still pass the request on, one that stood still as soon as it goes on, and a market order carries
no time after which OANDA would drop it."""
REDUCTION_SETTLES_S = 2.0
"""The same of one that only reduces: late, it can't open anything; lost, it leaves open what should be closed."""
_SURELY_OVER_NS = 60 * NANOS
"""Age at which no request of an earlier process can still be on its way."""
_AGAIN_S = (1.0, 30.0)
_CLOCKS_NS = 600 * NANOS
"""How far before the sending history is looked at after a restart: clocks may have been apart then."""


class Resolver:
    """Of one account."""

    def __init__(self, client: Client, ledger: Ledger, sent: SentOrders, clock: Clock) -> None:
        self._client, self._ledger, self._sent, self._clock = client, ledger, sent, clock

    async def resolve(self, sent: Sent) -> None:
        """Ask until it is known what became of the order, from when its request is over; what is found is told by the
        ledger. While the venue can't be asked, nothing is missing."""
        settles_s, failures = settles_after_s(sent.order), 0
        missing_since: float | None = None
        await self._clock.sleep(READABLE_AFTER_S)
        while not sent.is_resolved:
            if not await self._ask(sent):
                missing_since = None
                await self._clock.sleep(min(_AGAIN_S[0] * 2 ** min(failures, 8), _AGAIN_S[1]))
                failures += 1
                continue
            now, failures = self._clock.monotonic(), 0
            missing_since = now if missing_since is None else missing_since
            missing_s = now - missing_since
            if missing_s >= settles_s and not sent.is_resolved:
                self._ledger.end(sent, OrderStatus.ABSENT, self._clock.now_ns(), "ABSENT", _ABSENT)
            if not sent.is_resolved:
                await self._clock.sleep(min(max(missing_s, _AGAIN_S[0]), settles_s - missing_s))

    async def ask(self, sent: Sent) -> None:
        """Look once, as soon as the venue can be asked."""
        for attempt in count():
            if sent.has_ended or await self._ask(sent):
                return
            await self._clock.sleep(min(_AGAIN_S[0] * 2 ** min(attempt, 8), _AGAIN_S[1]))

    async def _ask(self, sent: Sent) -> bool:
        """Look once. Whether the venue could be asked."""
        try:
            await self.look(sent)
        except VenueError as error:
            log.bound(order=sent.order.id).warning("can't ask for an order yet: {}", error)
            return False
        return True

    async def look(self, sent: Sent) -> bool:
        """Ask once, and tell what is found. Whether the order is pending at the venue."""
        row = await self._order(sent)
        is_pending = row is not None and row.get("state") == "PENDING"
        if row is not None and is_pending:
            self._ledger.stands(sent, row, to_ns(row.get("createTime"), "createTime"))
        elif row is not None:
            self._ledger.take(await self._ends(row))
        if not is_pending:
            rows, last_id = await self._client.since(min(sent.cursor, self._ledger.cursor))
            self._ledger.take(rows)
            self._ledger.covers(last_id)
        return is_pending

    async def tell_again(self, sent: Sent) -> list[VenueEvent]:
        """What the venue says now of an order that it is known to have, whether it was told before or not."""
        row = await self._order(sent)
        if row is None:
            return []
        now_ns = self._clock.now_ns()
        if row.get("state") == "PENDING":
            self._ledger.stands(sent, row, now_ns)
            return [OrderUpdate(now_ns, now_ns, sent.order.id, OrderStatus.ACCEPTED, sent.venue_id)]
        again, found = SentOrders(), list[VenueEvent]()
        again.add(Sent(sent.order, sent.sent_ns, 0, sent.venue_id))
        Ledger(again, 0, found.append, self._clock.now_ns).take(await self._ends(row))
        return [each for each in found if isinstance(each, OrderUpdate | Fill)]

    async def inquire(self, order_id: str) -> OrderUpdate | None:
        """Ask for an order that was not sent from here; what the venue says of it, or None where that says nothing
        (one that ended no longer has our id)."""
        reply = await self._client.ask(self._client.path(f"/orders/{by_client_id(order_id)}"), urgency=Urgency.RESOLVE)
        row = reply.body.get("order") if reply.is_good and isinstance(reply.body, dict) else None
        if not isinstance(row, dict) or row.get("state") != "PENDING":
            return None
        created_ns = to_ns(row.get("createTime"), "createTime")
        return OrderUpdate(self._clock.now_ns(), created_ns, order_id, OrderStatus.ACCEPTED, str(row["id"]))

    async def recover(
        self, orders: Sequence[SentOrder], skew_s: float, opened_ns: int = 0
    ) -> tuple[list[VenueEvent], list[Sent]]:
        """What became of orders of an earlier process, oldest first, and those that can't be told yet. History is read
        from well before the first of them, for its clock and ours may have been apart, but not from before the account
        was opened."""
        if not orders:
            return [], []
        begin_ns = min(each.sent_ns for each in orders)
        apart_ns = round(abs(skew_s) * NANOS)
        rows, newest = await self._client.between(max(begin_ns - apart_ns - _CLOCKS_NS, opened_ns))
        before = int_of(rows[0], "id") - 1 if rows else newest
        found: list[VenueEvent] = []
        wanted = [
            self._sent.add(
                Sent(each.order, each.sent_ns, before, each.venue_id, each.sent_ns - CLOCKS_APART_NS - apart_ns)
            )
            for each in orders
        ]
        ids = {each.order.id for each in wanted}
        Ledger(self._sent, before, found.append, self._clock.now_ns).take(rows)
        told = [each for each in found if isinstance(each, OrderUpdate | Fill) and each.order_id in ids]
        unsure: list[Sent] = []
        for sent in wanted:
            if not sent.has_ended:
                told += await self._still_out(sent, unsure)
        return list(told), unsure

    async def _still_out(self, sent: Sent, unsure: list[Sent]) -> list[OrderUpdate]:
        """An order that history has no end of: pending, or never there. A fresh one is asked for again: its request may
        still be on its way, or it was filled since history was read."""
        now_ns = self._clock.now_ns()

        def update(status: OrderStatus, code: str = "", reason: str = "") -> list[OrderUpdate]:
            return [OrderUpdate(now_ns, now_ns, sent.order.id, status, sent.venue_id, code, reason)]

        try:
            row = await self._order(sent)
        except VenueError as error:
            unsure.append(sent)
            return update(OrderStatus.UNKNOWN, error.code, str(error))
        if row is not None and row.get("state") == "PENDING":
            self._sent.bind(sent, str(row["id"]))
            changed: list[VenueEvent] = []
            Ledger(self._sent, 0, changed.append, self._clock.now_ns).stands(sent, row, now_ns)
            return update(OrderStatus.ACCEPTED) + [each for each in changed if isinstance(each, OrderUpdate)]
        if row is None and not sent.venue_id and now_ns - sent.sent_ns >= _SURELY_OVER_NS:
            sent.has_ended = True
            return update(OrderStatus.ABSENT, "ABSENT", _ABSENT)
        unsure.append(sent)
        return update(OrderStatus.UNKNOWN, "HISTORY_INCOMPLETE" if sent.venue_id else "NOT_SETTLED")

    async def _order(self, sent: Sent) -> Row | None:
        """The order as the venue has it now, under whatever number (trap 8); see `_row`. A number that is known and
        can't be read is a fresh one's, and is asked for once more."""
        row = await self._row(sent)
        if row is None and sent.venue_id:
            await self._clock.sleep(READABLE_AFTER_S)
            row = await self._row(sent)
        if row is None or not (sent.venue_id and row.get("replacedByOrderID")):
            return row
        if not self._sent.move(sent, str(int_of(row, "replacedByOrderID"))):
            raise BadPayload("an order was replaced by an older one")
        return await self._order(sent)

    async def _row(self, sent: Sent) -> Row | None:
        """The order as the venue has it; None where it has none of that name. A close of one trade has no name until
        its number is known. An answer without the order, or with another, is none (a reply that was doubled on its way
        is taken for the next question's)."""
        if not sent.venue_id and sent.order.trade_id:
            return None
        name = sent.venue_id or by_client_id(sent.order.id)
        reply = await self._client.ask(self._client.path(f"/orders/{name}"), urgency=Urgency.RESOLVE)
        if reply.status == 404:
            return None
        if not reply.is_good:
            raise errors.refused(reply, "the order")
        row = reply.body.get("order") if isinstance(reply.body, dict) else None
        if not isinstance(row, dict) or not _is_of(row, sent):
            raise BadPayload("the answer is not of the order that was asked for")
        return row

    async def _ends(self, row: Row) -> list[Row]:
        """The transactions that made an order and ended it."""
        first = int_of(row, "id")
        ends = [int_of(row, key) for key in ("fillingTransactionID", "cancellingTransactionID") if row.get(key)]
        found = await self._client.range(first, first)
        for number in ends:
            found += await self._client.range(number, number)
        return found


def _is_of(row: Row, sent: Sent) -> bool:
    """Whether a row can be of this order."""
    is_its_number = sent.venue_id in ("", str(row.get("id")))
    return is_its_number and extensions(row).get("id", sent.order.id) == sent.order.id


def settles_after_s(order: Order) -> float:
    """Over how long a time an order has to be missing, to be absent."""
    return REDUCTION_SETTLES_S if order.is_reduce_only or order.trade_id else OPENING_SETTLES_S


_ABSENT = "no transaction since before it was sent is of this order"
