"""Orders and cancels on their way: each handed over at once, sent at most once, and followed until its end is known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import count
from typing import Any, Literal

from adapters.oanda import errors, orders
from adapters.oanda.client import Client, by_client_id
from adapters.oanda.ledger import Ledger
from adapters.oanda.reconcile import READABLE_AFTER_S, Resolver
from adapters.oanda.sent import Sent, SentOrders
from adapters.oanda.times import to_ns
from adapters.wire.clock import Clock
from adapters.wire.outcome import Answered, NotSent, Outcome, Reply, Unknown
from ruleengine import log
from ruleengine.model.event import OrderStatus, OrderUpdate, VenueEvent
from ruleengine.model.order import Order
from ruleengine.ports.venue import VenueError

Work = Callable[[], Coroutine[Any, Any, None]]
BUSY_EXIT_S = 30.0
"""How long an exit is sent again while the venue answers that there are too many requests."""
_CANCEL_AGAIN_S = (1.0, 30.0)


class Sending:
    """Of one account. A cancel may be repeated, for a second one does nothing; an order never is, but an exit that the
    venue proves not to have looked at."""

    def __init__(
        self, client: Client, ledger: Ledger, sent: SentOrders, resolver: Resolver, clock: Clock,
        tell: Callable[[VenueEvent], None], mode: Literal["netting", "hedging"],
    ) -> None:  # fmt: skip
        self._client, self._ledger, self._sent, self._resolver = client, ledger, sent, resolver
        self._clock, self._tell, self._mode = clock, tell, mode
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_way: dict[str, asyncio.Task[None]] = {}
        """Orders whose request has no outcome yet."""
        self._followed: set[str] = set()
        self._cancelling: set[str] = set()

    # --- what the listener asks for ---------------------------------------------------------------------------------

    def order(self, order: Order) -> None:
        """Hand an order over; what becomes of it is told."""
        now_ns = self._clock.now_ns()
        request = orders.request_of(order, self._mode)
        if (known := self._sent.get(order.id)) is not None:
            log.bound(order=order.id).error("an order with this id was sent before, and is not sent again")
            self.follow(known)
        elif isinstance(request, str):
            self._tell(OrderUpdate(now_ns, now_ns, order.id, OrderStatus.REJECTED, "", "UNSUPPORTED", request))
        elif order.type != "market" and order.expires_ns is not None and order.expires_ns <= now_ns:
            self._tell(OrderUpdate(now_ns, now_ns, order.id, OrderStatus.EXPIRED, "", "EXPIRED", "its time was over"))
        else:
            sent = self._sent.add(Sent(order, now_ns, self._ledger.cursor))
            task = self.spawn(partial(self._send, sent, request), sent)
            self._on_way[order.id] = task
            task.add_done_callback(lambda _: self._on_way.pop(order.id, None))

    def cancel(self, order_id: str) -> None:
        """Take an order back, trying until it has ended; what became of it is told."""
        if order_id not in self._cancelling:
            self._cancelling.add(order_id)
            task = self.spawn(partial(self._cancel, order_id), None)
            task.add_done_callback(lambda _: self._cancelling.discard(order_id))

    def is_cancelling(self, order_id: str) -> bool:
        """Whether it is being taken back, until it has ended."""
        return order_id in self._cancelling

    def query(self, order_id: str) -> None:
        """Ask for an order; what is found is told."""
        self.spawn(partial(self._query, order_id), None)

    def follow(self, sent: Sent) -> None:
        """Ask until it is known what became of an order; once for all who want to know."""
        if not sent.is_resolved and sent.order.id not in self._followed:
            self._followed.add(sent.order.id)
            task = self.spawn(partial(self.resolved, sent), None)
            task.add_done_callback(lambda _: self._followed.discard(sent.order.id))

    async def close(self, grace_s: float) -> None:
        """Let requests that are on their way get their answer, for a while; then end all."""
        if self._on_way:
            await asyncio.wait(set(self._on_way.values()), timeout=grace_s)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- orders -----------------------------------------------------------------------------------------------------

    async def _send(self, sent: Sent, request: orders.Request) -> None:
        match await self.written(sent, request):
            case Answered(reply):
                self._on_reply(sent, reply)
            case NotSent(code, reason):
                self._ledger.end(sent, OrderStatus.ABSENT, self._clock.now_ns(), code.upper(), reason)
            case Unknown(code, reason):
                self._on_silence(sent, code.upper(), reason)

    async def written(self, sent: Sent, request: orders.Request) -> Outcome:
        """What became of the request. A 429 proves that nothing was done: what reduces is sent again as soon as the
        budget lets it, but not for long, for by then something else may be there to reduce."""
        begun = self._clock.monotonic()
        while True:
            outcome = await self._client.write(request.method, request.path, request.body, reduces=request.reduces)
            is_busy = isinstance(outcome, Answered) and outcome.reply.status == 429
            if not is_busy or not request.reduces or self._clock.monotonic() - begun >= BUSY_EXIT_S:
                return outcome
            log.bound(order=sent.order.id).warning("too many requests for the venue: an exit is sent again")

    def _on_reply(self, sent: Sent, reply: Reply) -> None:
        """What the venue said. A 201 is no fill: its transactions tell (trap 1). One that tells of another order, or
        of what was before this one was sent, was not the answer to it."""
        rows = orders.transactions_in(reply.body)
        code, words = errors.words_of(reply)
        request_id = reply.headers.get("RequestID", "")
        log.bound(order=sent.order.id, request=request_id).debug("the venue answered {}", reply.status)
        if any(int(row["id"]) <= sent.cursor or not orders.is_of(row, sent.order) for row in rows):
            code = "FOREIGN_ANSWER"
        elif reply.is_good:
            for row in rows:
                if str(row.get("type", "")).endswith("_ORDER") and not sent.venue_id:
                    self._ledger.accept(sent, str(row["id"]), to_ns(row.get("time")))
        elif not errors.is_duplicate(code) and not sent.venue_id:
            time_ns = to_ns(rows[0].get("time")) if rows else self._clock.now_ns()
            self._ledger.end(sent, OrderStatus.REJECTED, time_ns, code, words)
        self._ledger.take(rows)
        if not sent.is_resolved:
            self._on_silence(sent, code, "the answer does not tell what became of it")

    def _on_silence(self, sent: Sent, code: str, reason: str) -> None:
        """Nothing was heard. The stream may have told already what the reply did not."""
        if not sent.is_resolved:
            now_ns = self._clock.now_ns()
            self._tell(OrderUpdate(now_ns, now_ns, sent.order.id, OrderStatus.UNKNOWN, "", code, reason))
            self.follow(sent)

    async def resolved(self, sent: Sent) -> None:
        """Ask until it is, after the order's own request has an outcome: while it is on its way, that the venue has
        nothing of it proves nothing."""
        if (on_way := self._on_way.get(sent.order.id)) is not None:
            await asyncio.wait({on_way})
        await self._resolver.resolve(sent)

    # --- cancels and questions --------------------------------------------------------------------------------------

    async def _cancel(self, order_id: str) -> None:
        """Once it is known whether the venue has the order."""
        sent = self._sent.get(order_id)
        if sent is not None and not sent.is_resolved:
            await self.resolved(sent)
        for attempt in count():
            if sent is not None and sent.has_ended:
                return
            name = sent.venue_id if sent is not None and sent.venue_id else by_client_id(order_id)
            request = orders.cancel_of(name)
            outcome = await self._client.write(request.method, request.path, request.body, reduces=True)
            if await self._is_cancelled(order_id, sent, outcome):
                return
            if sent is not None and sent.venue_id != name:
                continue  # a change crossed it: what is to be cancelled has another number (trap 8)
            log.bound(order=order_id).warning("the order is not cancelled yet, and is cancelled again")
            await self._clock.sleep(min(_CANCEL_AGAIN_S[0] * 2 ** min(attempt, 8), _CANCEL_AGAIN_S[1]))

    async def _is_cancelled(self, order_id: str, sent: Sent | None, outcome: Outcome) -> bool:
        """Whether nothing is left to do. A cancel of what just filled is a 404: the fill is asked for (trap 15), and so
        is the new number of what was changed (trap 8). Of an order that is not known here, the venue's answer is all
        there is."""
        if isinstance(outcome, Answered) and outcome.reply.is_good:
            self._ledger.take(orders.transactions_in(outcome.reply.body))
            return sent is None or sent.has_ended
        if isinstance(outcome, Answered) and outcome.reply.status not in (404, 429):
            code, words = errors.words_of(outcome.reply)
            log.bound(order=order_id).warning("a cancel was refused: {} {}", code, words)
        if isinstance(outcome, Unknown):
            await self._clock.sleep(READABLE_AFTER_S)
        if sent is None:
            return isinstance(outcome, Answered) and outcome.reply.status != 429
        number = sent.venue_id
        try:
            is_pending = await self._resolver.look(sent)
            return sent.has_ended or (not is_pending and sent.venue_id == number)
        except VenueError as error:
            log.bound(order=order_id).warning("can't ask for an order yet: {}", error)
            return False

    async def _query(self, order_id: str) -> None:
        if (sent := self._sent.get(order_id)) is not None:
            self.follow(sent)
            for event in await self._resolver.tell_again(sent) if sent.venue_id else ():
                self._tell(event)
            return
        found, now_ns = await self._resolver.inquire(order_id), self._clock.now_ns()
        self._tell(found or OrderUpdate(now_ns, now_ns, order_id, OrderStatus.UNKNOWN, "", "NOT_PENDING"))

    def spawn(self, work: Work, sent: Sent | None) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._guarded(work, sent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Work, sent: Sent | None) -> None:
        """Whatever breaks on the way, an order must not be left without a word."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - told as UNKNOWN and resolved by asking
            log.bound(order=sent.order.id if sent else "").opt(exception=error).warning("a request failed")
            if sent is not None:
                self._on_silence(sent, "FAILED", type(error).__name__)
