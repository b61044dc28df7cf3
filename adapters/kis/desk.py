"""The desk: sends our orders, one at a time for each share and side.

    1. `place`     wait for the lane; read which numbers are there; send once; say what came back
    2. `cancel`    asks for it until the venue's notice or order list ends the order
    3. `amend`     changes one that rests (`amending.py`)
    4. `recover`   orders of a run before this one

Nothing is sent twice (`client.send` says when a call may be repeated). What became of an order without an answer is
found out in `search.py`; what the venue says of orders by itself is dealt with in `standing.py`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from adapters.kis import errors, kst, orders
from adapters.kis.account import AccountReader
from adapters.kis.amending import Amending, Change
from adapters.kis.client import Client, Sent
from adapters.kis.errors import Answer, Meaning
from adapters.kis.fills import FillBook
from adapters.kis.hosts import AccountNumber
from adapters.kis.ledger import LedgerReader
from adapters.kis.numbers import NumberFile
from adapters.kis.placements import CLOCK_MARGIN_NS, Placement, Stage
from adapters.kis.search import Search
from adapters.kis.services import CANCEL
from adapters.kis.standing import Standing
from adapters.wire.budget import Urgency
from adapters.wire.changes import check_change
from adapters.wire.clock import NANOS, Clock, soon
from adapters.wire.outcome import NotSent, Unknown
from ruleengine import log
from ruleengine.model.event import Fill, OrderStatus, OrderUpdate
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import SentOrder, VenueError

CANCEL_AGAIN_S, CANCEL_ANSWERED_S = 0.5, 20.0
"""A cancel without an answer is sent again so soon, and one that the venue answered and that changed nothing."""
WAIT_S = 5.0
"""So long an entry may wait for its lane, for the order list, and again for its turn; then it is not sent: its price is
of another time. An exit waits as long for what is read before it, and is then sent without."""
_ZERO = Decimal(0)
_T = TypeVar("_T")


class Desk:
    """Of one account."""

    def __init__(
        self,
        client: Client,
        account: AccountNumber,
        ledgers: LedgerReader,
        accounts: AccountReader,
        fills: FillBook,
        specs: Mapping[str, Instrument],
        clock: Clock,
        emit: Callable[[OrderUpdate | Fill], None],
        kept: NumberFile,
        wait_s: float = WAIT_S,
    ) -> None:
        self._client, self._account, self._ledgers, self._accounts = client, account, ledgers, accounts
        self._fills, self._specs, self._clock = fills, specs, clock
        self.standing = Standing(fills, clock, emit, self._is_working, kept)
        self.register = self.standing.register
        self._search = Search(ledgers, accounts, self.standing, specs, clock)
        self.base_day = ""
        """The KST date whose base prices the specifications have."""
        self._amending = Amending(client, account, ledgers, self._search, self.standing, self._cancel, clock, wait_s)
        self._wait_s = wait_s
        self._lanes: dict[tuple[str, Side], asyncio.Lock] = {}
        self._unsure: set[str] = set()
        """Shares of which the venue refused a sale: what can be sold is read before the next."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = log.bound(venue="kis")

    # --- sending ------------------------------------------------------------------------------------------------

    def place(self, order: Order) -> None:
        """Hand an order over; what becomes of it is told. An id that was handed over before is not sent again."""
        if self.register.get(order.id) is not None:
            self._log.error("order {} was handed over before; it is not sent again", order.id)
            self.standing.tell_again(order.id)
            return
        spec = self._specs.get(order.instrument)
        refused = orders.refusal(order, spec, is_base_today=self._is_base_today())
        if refused is not None or spec is None:
            code, why = refused or ("INSTRUMENT_UNKNOWN", "")
            self.standing.say(order.id, OrderStatus.REJECTED, code=code, reason=why)
            return
        placement = Placement(order, self._clock.now_ns(), orders.request_of(order, spec))
        self.register.add(placement)
        self._spawn(self._place(placement, spec))
        self._watch_expiry(order)

    def cancel(self, order_id: str) -> None:
        """Hand a cancel over."""
        self._spawn(self._cancel(order_id))

    def amend(self, order_id: str, units: Decimal | None, price: Decimal | None) -> None:
        """Hand a change over; one that can't be sent is told as the order stands.

        Errors   ValueError for what is no change of it (`wire.changes`).
        """
        placement = self.register.get(order_id)
        spec = self._specs.get(placement.request.symbol) if placement is not None else None
        is_out = placement is not None and placement.stage not in (Stage.DONE, Stage.ABSENT)
        check_change(placement.order if placement is not None and is_out else None, spec, units, price)
        if placement is None or spec is None or not is_out:
            self.standing.tell_again(order_id)
            return
        bounds = spec.limits_of(spec.base_price) if self._is_base_today() and spec.base_price is not None else None
        self._spawn(self._amend(placement, Change(units, price, bounds, self._clock.monotonic())))

    async def _amend(self, placement: Placement, change: Change) -> None:
        async with self._lane(placement):
            await self._amending.amend(placement, change)

    async def _place(self, placement: Placement, spec: Instrument) -> None:
        """A fault of ours must not leave an order of which nobody ever hears again."""
        try:
            await self._sent(placement, spec)
        except Exception as error:  # noqa: BLE001 - whatever it is, what is told depends on whether the order left
            self._log.opt(exception=error).error("an order's course ended in an error")
            self.standing.doubt.set()
            if placement.stage is Stage.WAITING:
                self._not_sent(placement, "ERROR", type(error).__name__)
            elif placement.stage is Stage.SENT:
                placement.stage = Stage.UNKNOWN
                self.standing.say(placement.order.id, OrderStatus.UNKNOWN, code="ERROR", reason=type(error).__name__)
                self._spawn(self._resolve_in_lane([placement]))

    def _is_base_today(self) -> bool:
        return self.base_day == kst.day_of(self._clock.now_ns())

    async def _sent(self, placement: Placement, spec: Instrument) -> None:
        begun = self._clock.monotonic()
        async with self._lane(placement):
            if self._is_late(placement, begun, "LANE", "an order before it to be answered"):
                return
            begun = self._clock.monotonic()
            if not await self._prepare(placement, spec):
                return
            if self._is_late(placement, begun, "LEDGER", "the order list before it"):
                return
            placement.stage, placement.sent_ns = Stage.SENT, self._clock.now_ns()
            placement.early_ns = self._early_ns()
            await self._answered(placement, await self._send(placement))

    def _is_late(self, placement: Placement, begun: float, code: str, what: str) -> bool:
        """Has an entry waited for too long? That was said then."""
        waited_s = self._clock.monotonic() - begun
        is_late = not placement.reduces and waited_s > self._wait_s
        if is_late:
            self._not_sent(placement, code, f"waited {waited_s:.0f} s for {what}")
        return is_late

    def _early_ns(self) -> int:
        """How much earlier than our send the venue's time of the order may seem: it has whole seconds, and our clock
        may be ahead."""
        return CLOCK_MARGIN_NS + int(max(self._client.skew_s or 0.0, 0.0) * NANOS)

    async def _send(self, placement: Placement) -> Sent:
        return await self._client.send(
            placement.request.service, placement.request.body(self._account),
            urgency=Urgency.EXIT if placement.reduces else Urgency.ENTRY,
            patience_s=None if placement.reduces else self._wait_s,
        )  # fmt: skip

    async def _prepare(self, placement: Placement, spec: Instrument) -> bool:
        """What has to be known before a send; False: it is not sent, and that was said."""
        order = placement.order
        try:
            await self._read_numbers(placement)
        except VenueError as error:
            if not placement.reduces:
                self._not_sent(placement, error.code or "LEDGER", f"the order list can't be read before: {error}")
                return False
            self._log.warning("an exit is sent without the order list: {}", error)
        else:
            placement.has_baseline = True
        if placement.reduces:
            most = await self._sellable(placement)
            if most <= 0:
                self.standing.end(
                    placement, OrderStatus.REJECTED, "NOTHING_TO_SELL", f"no {order.instrument} can be sold"
                )
                return False
            placement.request = orders.request_of(order, spec, most)
        if placement.is_cancelling:
            self.standing.end(placement, OrderStatus.CANCELLED, "", "cancelled before it was sent")
            return False
        return True

    async def _read_numbers(self, placement: Placement) -> None:
        symbol = placement.request.symbol
        if placement.reduces:
            ledger = await self._soon(self._ledgers.today(symbol, urgency=Urgency.EXIT))
        else:
            ledger = await self._ledgers.today(symbol, urgency=Urgency.ENTRY)
        self.standing.apply(ledger)

    async def _sellable(self, placement: Placement) -> Decimal:
        """Units that may be sold: never more than is held and free (trap 15)."""
        symbol, wanted = placement.request.symbol, placement.order.units
        known = self._fills.held(symbol) - self.register.selling(symbol)
        if wanted <= known and symbol not in self._unsure:
            return wanted
        try:
            balance = await self._soon(self._accounts.balance(urgency=Urgency.EXIT))
            self._unsure.discard(symbol)
            return balance.sellable(symbol)
        except VenueError as error:
            self._log.warning("what can be sold can't be read, so what we know of is: {}", error)
            return max(known, _ZERO)

    async def _soon(self, reading: Coroutine[Any, Any, _T]) -> _T:
        """Errors   VenueError also where it is not there in time."""
        return await soon(reading, self._clock, self._wait_s)

    async def _answered(self, placement: Placement, came: Sent) -> None:
        """What came back of a send. While nobody knows, the lane stays closed."""
        match came:
            case Answer(meaning=Meaning.DONE):
                number = orders.number_of(came, self._clock.now_ns())
                if number is not None:
                    self.standing.adopt(placement, number)
                    return
                came = Unknown("PAYLOAD", "the venue took an order and told no number")
            case Answer():
                if placement.reduces:
                    self._unsure.add(placement.request.symbol)
                self.standing.end(placement, OrderStatus.REJECTED, came.code, errors.said(came))
                self.standing.release()
                return
            case NotSent():
                self._not_sent(placement, came.code, came.reason)
                self.standing.release()
                return
        placement.stage = Stage.UNKNOWN
        self.standing.say(placement.order.id, OrderStatus.UNKNOWN, code=came.code, reason=came.reason)
        await self._search.resolve([placement])

    async def _cancel(self, order_id: str) -> None:
        """It names what is left of one number, so sending it again harms nothing: it is, while any is left."""
        placement = self.register.get(order_id)
        if placement is None or placement.stage in (Stage.DONE, Stage.ABSENT):
            self._log.info("nothing to cancel of order {}", order_id)
            return
        placement.is_cancelling = True
        if placement.stage is not Stage.WORKING or placement.cancel_due == math.inf:
            return  # done when it has a number, or before it is sent
        placement.cancel_due, again_s, named = math.inf, CANCEL_AGAIN_S, placement.resting
        try:
            body = orders.cancel_body(self._account, named[-1], placement.request.kind)
            came = await self._client.send(CANCEL, body, urgency=Urgency.EXIT)
            again_s = CANCEL_ANSWERED_S if isinstance(came, Answer) and placement.resting == named else CANCEL_AGAIN_S
            if not (isinstance(came, Answer) and came.meaning is Meaning.DONE):
                why = errors.said(came) if isinstance(came, Answer) else came.reason
                self._log.warning("cancel of order {}: {}; the order list will tell", order_id, why)
        finally:
            placement.cancel_due = self._clock.monotonic() + again_s
            self.standing.doubt.set()

    def _is_working(self, placement: Placement) -> None:
        if placement.is_cancelling and placement.is_live and placement.cancel_due <= self._clock.monotonic():
            self.cancel(placement.order.id)

    def _watch_expiry(self, order: Order) -> None:
        if order.expires_ns is not None:
            self._spawn(self._expire(order.id, order.expires_ns))

    async def _expire(self, order_id: str, at_ns: int) -> None:
        await self._clock.sleep(max(at_ns - self._clock.now_ns(), 0) / NANOS)
        await self._cancel(order_id)

    # --- after a restart ----------------------------------------------------------------------------------------

    async def recover(self, sent: Sequence[SentOrder]) -> None:
        """What became of orders of a run before. Nothing is sent."""
        undecided: dict[tuple[str, Side], list[Placement]] = {}
        for placement in await self._search.recover(sent, self._early_ns()):
            if placement.is_undecided:
                undecided.setdefault((placement.request.symbol, placement.request.side), []).append(placement)
            if placement.is_live:
                self._watch_expiry(placement.order)
        for placements in undecided.values():
            self._spawn(self._resolve_in_lane(placements))

    async def _resolve_in_lane(self, placements: Sequence[Placement]) -> None:
        """Of one share and side."""
        async with self._lane(placements[0]):
            await self._search.resolve(placements)

    def _not_sent(self, placement: Placement, code: str, why: str) -> None:
        self.standing.end(placement, OrderStatus.ABSENT, code, f"not sent: {why}")

    # --- tasks --------------------------------------------------------------------------------------------------

    def _lane(self, placement: Placement) -> asyncio.Lock:
        """One order in flight for each share and side, so that a new number can be told whose it is."""
        return self._lanes.setdefault((placement.request.symbol, placement.request.side), asyncio.Lock())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._log.opt(exception=task.exception()).error("an order's course ended in an error; the list will tell")
            self.standing.doubt.set()

    @property
    def is_sending(self) -> bool:
        """Is anything on its way, or waiting for its lane?"""
        return bool(self._tasks)

    async def close(self) -> None:
        """Stop; what is out stays out."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
