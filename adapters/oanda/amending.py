"""Changing an order that rests: one request, sent at most once, under the number that the order has (a second one finds
no order of that number any more), and what became of it.

done                       the ledger tells of the new order when it hears of it, in the reply or before it
refused by the venue       with a transaction the ledger tells, else here: the figures as they stand, and the code
no answer, or not to this  the venue is asked; what it has by then is told
the order ended            that was told as its end, and nothing is told here
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Literal

from adapters.oanda import errors, orders, replacing
from adapters.oanda.ledger import Ledger
from adapters.oanda.reconcile import READABLE_AFTER_S, Resolver
from adapters.oanda.sending import Sending
from adapters.oanda.sent import Sent, SentOrders
from adapters.wire.changes import check_change
from adapters.wire.clock import Clock
from adapters.wire.outcome import Answered, NotSent, Outcome, Unknown
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order


class Amending:
    """Of one account. Changes of one order follow each other."""

    def __init__(
        self, sending: Sending, ledger: Ledger, sent: SentOrders, resolver: Resolver, clock: Clock,
        mode: Literal["netting", "hedging"],
    ) -> None:  # fmt: skip
        self._sending, self._ledger, self._sent, self._resolver = sending, ledger, sent, resolver
        self._clock, self._mode = clock, mode

    def amend(
        self, order_id: str, units: Decimal | None, price: Decimal | None, specs: Mapping[str, Instrument]
    ) -> None:  # fmt: skip
        """Hand a change over; what becomes of it is told. One of an order that does not rest is no request: the order
        is told as it stands. Raises  ValueError."""
        sent = self._sent.get(order_id)
        rests = sent is not None and not sent.has_ended and sent.order.type != "market"
        order = sent.order if sent is not None and rests else None
        check_change(order, None if order is None else specs.get(order.instrument), units, price)
        if sent is not None and sent.has_ended:
            self._ledger.tell_end_again(sent)
        elif sent is None or sent.order.type == "market":
            self._sending.query(order_id)
        else:
            self._sending.spawn(partial(self._amend, sent, units, price), None)

    async def _amend(self, sent: Sent, units: Decimal | None, price: Decimal | None) -> None:
        """Once it is known that the venue has the order, and no other change of it is on its way. One that is being
        cancelled, or has ended meanwhile, is told as that."""
        async with sent.turn:
            if not sent.is_resolved:
                await self._sending.resolved(sent)
            if sent.has_ended or self._sending.is_cancelling(sent.order.id):
                return
            wanted = _wanted(sent.order, units, price)
            if wanted == sent.order:
                self._ledger.tell_figures(sent, self._clock.now_ns())
            elif wanted.units > sent.order.units or wanted.units <= sent.filled:
                reason = f"{wanted.units:f} units of an order that is of {sent.order.units:f} by now"
                self._ledger.tell_figures(sent, self._clock.now_ns(), "UNITS_CHANGED", reason)
            else:
                await self._replace(sent, wanted)

    async def _replace(self, sent: Sent, wanted: Order) -> None:
        """Ask for it, and see to it that something is told: also where somebody else's change was first, and was told
        as that, for ours was refused."""
        changes, cursor = sent.changes, self._ledger.cursor
        request = replacing.replacement_of(wanted, sent.filled, self._mode, sent.venue_id, sent.terms)
        is_told, code, reason = self._heard(sent, cursor, await self._sending.written(sent, request))
        if not is_told and sent.changes == changes and not sent.has_ended:
            await self._clock.sleep(READABLE_AFTER_S)
            await self._resolver.ask(sent)
        came_late = errors.has_ended(code) and sent.order != wanted
        if not sent.has_ended and (came_late or sent.changes == changes):
            self._ledger.tell_figures(sent, self._clock.now_ns(), code, reason)

    def _heard(self, sent: Sent, cursor: int, outcome: Outcome) -> tuple[bool, str, str]:
        """(whether it says what became of it, code, words). A 404 is of an order that ended, or has another number by
        now: it is asked for, as after a cancel (trap 15)."""
        match outcome:
            case NotSent(code, reason):
                return True, code.upper(), reason
            case Unknown(code, reason):
                return False, code.upper(), reason
            case Answered(reply):
                rows = orders.transactions_in(reply.body)
                code, reason = errors.words_of(reply)
                is_foreign = any(int(row["id"]) <= cursor or not orders.is_of(row, sent.order) for row in rows)
                self._ledger.take(rows)
                if is_foreign:
                    return False, "FOREIGN_ANSWER", "the answer was to another request"
                return not reply.is_good and reply.status != 404, code, reason


def _wanted(order: Order, units: Decimal | None, price: Decimal | None) -> Order:
    return replace(order, units=order.units if units is None else units, price=order.price if price is None else price)
