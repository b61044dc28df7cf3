"""Orders handed over: sent, judged by the reply, followed until their end is told.

Nothing here waits in the caller's way: a call spawns its work, and what comes of it comes as events. Exits go before
entries in the queue of the rate budget and wait as long as it takes; an entry that gets no turn within its own life has
not left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from decimal import Decimal
from typing import Any

from adapters.okx import orders as requests
from adapters.okx.account import Mode, trade_id
from adapters.okx.amending import Amending
from adapters.okx.api import Api, Said
from adapters.okx.errors import CLOCK, Meaning, meaning
from adapters.okx.leverage import Leverages
from adapters.okx.orders import bad_id, held_side, is_closing, pos_side
from adapters.okx.protections import Protections
from adapters.okx.reconcile import STOP_LIFE_S, Resolver, cancel_until_told
from adapters.okx.rows import word
from adapters.okx.settings import Settings
from adapters.okx.tell import Teller
from adapters.okx.tracked import Tracked, TrackedOrders
from adapters.okx.truth import recent_fills
from adapters.wire.budget import Urgency
from adapters.wire.changes import check_change
from adapters.wire.clock import soon
from adapters.wire.outcome import NotSent, Unknown
from ruleengine import log
from ruleengine.model.event import OrderStatus, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.ports.venue import SentOrder, VenueError

_LATER_S = 1.0
_EXIT_WAIT_S = 2.0
"""For so long an exit waits for what would say more of its position."""
_LONG_AGO_NS = 60 * 1_000_000_000
"""A request handed over so long before a restart has left, and died, before it."""


class Desk:
    """One account's orders. `emit`: where what becomes of them goes."""

    def __init__(self, api: Api, mode: Mode, settings: Settings, emit: Callable[[VenueEvent], None]) -> None:
        self.orders = TrackedOrders()
        self._leverages = Leverages(api, mode)
        self.teller = Teller(api, mode, self.orders, emit)
        self.protections = Protections(api)
        self.teller.reduced = lambda instrument: self._spawn(self.protections.follow(instrument))
        self.resolver = Resolver(api, self.teller, self._send)
        self._amending = Amending(api, self.teller, self.resolver, settings.order_life_s)
        self._api, self._mode, self._settings = api, mode, settings
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Follow nothing any more. What is out stays out."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what is handed over ------------------------------------------------------------------------------------------

    def submit(self, order: Order) -> None:
        """Take an order. One that the venue can't be asked for is refused here, before anything is sent."""
        tracked = Tracked(order, self._api.clock.monotonic(), order.units)
        if why := bad_id(order.id):
            self.teller.ended(tracked, OrderStatus.REJECTED, self._api.venue_ms, "client_id", why)
        elif not self.orders.add(tracked):
            log.bound(venue="okx", order=order.id).error("an order with this id was sent before; this one is not sent")
        else:
            self._spawn(self._submit(tracked))

    def cancel(self, order_id: str) -> None:
        """Cancel an order of ours, once the venue is known to have it."""
        tracked = self.orders.get(order_id)
        if tracked is None:
            log.bound(venue="okx", order=order_id).warning("asked to cancel an order that was not sent from here")
        elif not tracked.is_ended:
            self._spawn(self._cancel(tracked))

    def amend(
        self, order_id: str, units: Decimal | None, price: Decimal | None, terms: Mapping[str, Instrument]
    ) -> None:
        """Change an order of ours, once the venue is known to have it. Raises  ValueError."""
        tracked = self.orders.get(order_id)
        order = tracked.order if tracked is not None and tracked.rests else None
        check_change(order, None if order is None else terms.get(order.instrument), units, price)
        if tracked is None:
            log.bound(venue="okx", order=order_id).warning("asked to change an order that was not sent from here")
        else:
            self._spawn(self._amending.amend(tracked, units, price))

    async def query(self, order_id: str) -> None:
        """Ask for an order: what is new of it is told, or how it stands as before."""
        tracked = self.orders.get(order_id)
        if tracked is None:
            log.bound(venue="okx", order=order_id).warning("asked for an order that was not sent from here")
            return
        before = tracked.told
        if not tracked.is_ended and not await self.resolver.look_after(tracked) and tracked.is_unknown:
            self._spawn(self.resolver.resolve(tracked))
        if tracked.told is before and (tracked.is_ended or not tracked.is_unknown):
            self.teller.again(tracked)

    # --- an order's way -----------------------------------------------------------------------------------------------

    async def _submit(self, tracked: Tracked) -> None:
        try:
            await self._send(tracked)
        except Exception as error:  # noqa: BLE001 - a fault of ours: it may have left, so its fate is asked for
            _tell_fault(error)
            self._not_known(tracked, "fault", f"sending it broke: {type(error).__name__}")
        if tracked.rests and tracked.order.expires_ns is not None:
            self._spawn(self._lapse(tracked, tracked.order.expires_ns))

    async def _send(self, tracked: Tracked) -> None:
        order = tracked.order
        wants = order.leverage if not is_closing(order) else None
        lock: AbstractAsyncContextManager[Any] = nullcontext()
        if wants is not None:
            lock = self._leverages.lock(order.instrument)
        try:
            if is_closing(order):
                tracked.size = await self._held(order)
            async with lock:
                if wants is not None:
                    await self._leverages.ensure(order.instrument, pos_side(order, self._mode), wants)
                if self._is_late(tracked):
                    self.teller.ended(
                        tracked, OrderStatus.ABSENT, self._api.venue_ms, "late", "it waited too long and was not sent"
                    )
                    return
                outcome = await self._place(tracked)
        except VenueError as error:
            self.teller.ended(tracked, OrderStatus.REJECTED, self._api.venue_ms, error.code, str(error))
            return
        await self._judge(tracked, outcome)

    def _is_late(self, tracked: Tracked) -> bool:
        """Whether an entry's moment has gone while it waited for its leverage, or behind another one."""
        waited_s = self._api.clock.monotonic() - tracked.handed_s
        return not is_closing(tracked.order) and waited_s > self._settings.order_life_s

    async def _place(self, tracked: Tracked) -> Said | NotSent | Unknown:
        order, life_s = tracked.order, self._settings.order_life_s
        call = requests.place(order, self._mode, tracked.size)
        urgency = Urgency.EXIT if is_closing(order) else Urgency.ENTRY
        self.protections.sent(order)
        expires_ms, tracked.is_on_its_way = 0, True
        try:
            outcome, expires_ms = await self._api.place(
                call.path, call.body, urgency=urgency, patience_s=None if is_closing(order) else life_s,
                life_s=0.0 if tracked.is_stop else life_s,
            )  # fmt: skip
            return outcome
        finally:
            tracked.is_on_its_way = False
            tracked.expires_ms = expires_ms or self._dies_ms(tracked)

    async def _judge(self, tracked: Tracked, outcome: Said | NotSent | Unknown) -> None:
        if isinstance(outcome, NotSent):
            await self.resolver.absent(tracked, outcome.code, outcome.reason)
            return
        if isinstance(outcome, Unknown):
            self._not_known(tracked, outcome.code, outcome.reason)
            return
        code, message = outcome.code, outcome.message
        match meaning(code, message):
            case Meaning.DONE:
                venue_id = word(outcome.row, "algoId" if tracked.is_stop else "ordId")
                tracked.venue_id = tracked.venue_id or venue_id
                self.orders.name(tracked, venue_id)
                self.teller.accepted(tracked, self._api.venue_ms)
            case Meaning.UNKNOWN:
                self._not_known(tracked, code, message)
            case Meaning.TAKEN:
                await self._taken(tracked, code, message)
            case Meaning.LATER:
                await self._later(tracked, code, message)
            case _:
                self._refused(tracked, code, message)

    def _not_known(self, tracked: Tracked, code: str, reason: str) -> None:
        self.teller.unknown(tracked, code, reason)
        self._spawn(self.resolver.resolve(tracked))

    def _refused(self, tracked: Tracked, code: str, message: str) -> None:
        """Proved by the venue's word, unless it was heard to have the order: then that one is looked up."""
        if tracked.is_accepted:
            self._spawn(self.query(tracked.order.id))
        else:
            self.teller.ended(tracked, OrderStatus.REJECTED, self._api.venue_ms, code, message)

    async def _later(self, tracked: Tracked, code: str, message: str) -> None:
        """Refused for now. What reduces is sent once more, which its refusal allows; an entry's moment has gone."""
        if code in CLOCK:
            await self._sync()
        if is_closing(tracked.order) and tracked.may_resend and not tracked.is_accepted:
            tracked.may_resend = False
            await self._api.clock.sleep(_LATER_S)
            await self._send(tracked)
        else:
            self._refused(tracked, code, message)

    async def _taken(self, tracked: Tracked, code: str, message: str) -> None:
        """The id is in use: by this very order, whose first answer was lost, or (then it is not ours) by no order."""
        try:
            if not await self.resolver.look(tracked):
                self._refused(tracked, code, message)
        except VenueError:
            self._not_known(tracked, code, message)

    async def _sync(self) -> None:
        try:
            await self._api.sync()
        except VenueError as error:
            log.bound(venue="okx").warning("the venue's time can't be read: {}", error)

    async def _held(self, order: Order) -> Decimal:
        """What a reducing order may ask for: never more than the position, for the venue refuses such an order whole.
        Where ours is smaller than the order, the fills that we have not heard yet are read first, if they are there
        soon."""
        side = held_side(order)
        ours = trade_id(order.instrument, side, self._mode.margin, self._mode.margin)
        if order.trade_id not in ("", ours):
            raise VenueError(f"`{order.trade_id}` is not reduced from here: our orders reduce {ours}", code="trade")
        key = (order.instrument, pos_side(order, self._mode))
        for is_last in (False, True):
            units = self.teller.book.units(*key)
            if units is None:
                return order.units
            held = max(units * side.sign if self._mode.nets else units, Decimal(0))
            if held >= order.units:
                return order.units
            if not is_last:
                try:
                    await soon(self._hear_fills(), self._api.clock, _EXIT_WAIT_S)
                except VenueError as error:
                    log.bound(venue="okx").warning("fills can't be read before a reduction: {}", error)
                    return held or order.units
        if not held:
            raise VenueError(f"there is no {side} position of {order.instrument} to reduce", code="51169")
        log.bound(venue="okx", order=order.id).warning("cut from {} to the position's {}", order.units, held)
        return held

    async def _hear_fills(self) -> None:
        await self.teller.fills(await recent_fills(self._api, self.teller.book.is_told))

    async def _cancel(self, tracked: Tracked) -> None:
        await tracked.is_known.wait()

        async def send() -> str | None:
            call = requests.cancel(tracked.order, tracked.venue_id)
            said = await self._api.post(call.path, call.body, urgency=Urgency.EXIT)
            return said.code if isinstance(said, Said) else None

        await cancel_until_told(self._api, self.resolver, tracked, send)

    async def _lapse(self, tracked: Tracked, expires_ns: int) -> None:
        """The venue knows no order that ends by itself: it is cancelled when its time is over."""
        await self._api.clock.sleep(max(expires_ns / 1e9 - self._api.venue_ms / 1000, 0.0))
        if not tracked.is_ended:
            tracked.is_lapsing = True
            await self._cancel(tracked)

    # --- after a restart ----------------------------------------------------------------------------------------------

    async def recover(self, sent: Sequence[SentOrder]) -> list[VenueEvent]:
        """What became of orders of an earlier process, oldest first. Nothing is sent; one that can't be told yet is
        followed further."""
        told: list[VenueEvent] = []
        before, self.teller.emit = self.teller.emit, told.append
        open_still: list[Tracked] = []
        try:
            for one in sent:
                tracked = self._tracked(one)
                if self.orders.add(tracked):
                    await self._recover(tracked, open_still)
        finally:
            self.teller.emit = before
        for tracked in open_still:
            self._spawn(self.resolver.resolve(tracked))
        return sorted(told, key=lambda event: event.ts_event)

    async def _recover(self, tracked: Tracked, open_still: list[Tracked]) -> None:
        if await self.resolver.look(tracked):
            if tracked.rests and tracked.order.expires_ns is not None:
                self._spawn(self._lapse(tracked, tracked.order.expires_ns))
        elif await self.resolver.is_absent(tracked):
            self.teller.ended(tracked, OrderStatus.ABSENT, self._api.venue_ms, "51603", "the venue never had it")
        elif not (tracked.is_accepted or tracked.is_ended):
            self.teller.unknown(tracked, "restart", "not at the venue yet; its request may still arrive")
            open_still.append(tracked)

    def _tracked(self, one: SentOrder) -> Tracked:
        """It left before the earlier process ended, at the latest just now."""
        tracked = Tracked(one.order, 0.0, one.order.units, is_recovered=True, may_resend=False)
        if self._api.clock.now_ns() - one.sent_ns < _LONG_AGO_NS + int(self._life_s(tracked) * 1e9):
            tracked.expires_ms = self._dies_ms(tracked)
        return tracked

    def _life_s(self, tracked: Tracked) -> float:
        """For how long a request of it may be on its way."""
        return STOP_LIFE_S if tracked.is_stop else self._settings.order_life_s

    def _dies_ms(self, tracked: Tracked) -> int:
        """The venue's time at which a request of it that has left by now has died."""
        return self._api.venue_ms + int(self._life_s(tracked) * 1000)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # what was cancelled before its first step is over, too

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """A fault of ours in one order's work is told and ends no other; the next reading of the account mends it."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not go unheard
            _tell_fault(error)
            self.teller.is_behind = True


def _tell_fault(error: Exception) -> None:
    log.bound(venue="okx").opt(exception=error).error("following an order broke: {}", type(error).__name__)
