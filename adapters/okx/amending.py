"""Another size or price of an order that rests. Source: fact sheet §6, trap 17.

The venue keeps the order, its number and its flags; it takes up a change first, and tells on the orders channel whether
it could be done (`amendResult`, under our `reqId`). A row that has the new figures says it, too, so what is told as
changed is told by the row, once, whoever changed it (`tell.py`). Here is sent, and seen to that there is an end:

    taken up, or no answer     the row is asked for until it has the new figures, or the request must have died: its
                               `expTime` has passed by the venue's clock, and two looks after that find it as it was
    refused                    told as it stands, with the venue's code
    refused, for it is gone    looked up: its end, or as it stands

Nothing is sent twice. A change is of an order that is wanted as it is, so there is no harm in one that is not done.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from itertools import count

from adapters.okx import orders as requests
from adapters.okx.api import Api, Said
from adapters.okx.errors import CLOCK, Meaning, meaning
from adapters.okx.orders import is_closing
from adapters.okx.reconcile import STOP_LIFE_S, Resolver
from adapters.okx.tell import Teller
from adapters.okx.tracked import Change, Tracked
from adapters.wire.budget import Urgency
from adapters.wire.clock import soon
from adapters.wire.outcome import NotSent, Unknown
from ruleengine import log
from ruleengine.ports.venue import VenueError

_PAUSE_S, _PAUSE_MAX_S = 0.25, 2.0
_LOOKS = 2
"""So often a request that has died is looked for."""


class Amending:
    """`order_life_s`: after which the venue drops a request that is still on its way."""

    def __init__(self, api: Api, teller: Teller, resolver: Resolver, order_life_s: float) -> None:
        self._api, self._teller, self._resolver, self._life_s = api, teller, resolver, order_life_s
        self._numbers = count(1)

    async def amend(self, tracked: Tracked, units: Decimal | None, price: Decimal | None) -> None:
        """See that it is told. One change of an order at a time; one that changes nothing (any more) is not sent."""
        await tracked.is_known.wait()
        async with tracked.changing:
            # a reduction that was cut to its position stays cut
            size = units if units is not None and units < tracked.size else None
            price = None if price == tracked.order.price else price
            if not tracked.rests or (size is None and price is None):
                self._teller.amended(tracked, self._api.venue_ms)
                return
            tracked.change = Change(f"{self._api.venue_ms}n{next(self._numbers)}", size, price)
            try:
                await self._send(tracked, tracked.change)
            finally:
                tracked.change = None

    async def _send(self, tracked: Tracked, change: Change) -> None:
        order, life_s = tracked.order, self._life_s
        call = requests.amend(order, tracked.venue_id, change)
        outcome, expires_ms = await self._api.place(
            call.path, call.body, urgency=Urgency.EXIT if is_closing(order) else Urgency.ENTRY,
            patience_s=None if is_closing(order) else life_s, life_s=0.0 if tracked.is_stop else life_s,
        )  # fmt: skip
        if not expires_ms:
            expires_ms = self._api.venue_ms + int((STOP_LIFE_S if tracked.is_stop else life_s) * 1000)
        if isinstance(outcome, NotSent):
            self._as_it_was(tracked, outcome.code, outcome.reason)
        elif isinstance(outcome, Unknown):
            await self._follow(tracked, change, expires_ms, outcome.code, outcome.reason)
        else:
            await self._judge(tracked, change, expires_ms, outcome)

    async def _judge(self, tracked: Tracked, change: Change, expires_ms: int, said: Said) -> None:
        code, message = said.code, said.message
        match meaning(code, message):
            case Meaning.DONE:
                await self._follow(tracked, change, expires_ms, "unchanged", "it was taken up and not done")
            case Meaning.UNKNOWN:
                await self._follow(tracked, change, expires_ms, code, message)
            case Meaning.GONE:
                await self._look_up(tracked)
                self._as_it_was(tracked, code, message)
            case _:
                if code in CLOCK:
                    with suppress(VenueError):
                        await self._api.sync()
                self._as_it_was(tracked, code, message)

    async def _follow(self, tracked: Tracked, change: Change, expires_ms: int, code: str, reason: str) -> None:
        """Until its result is heard or seen, or can't come any more; then it stands as it was, with this code."""
        pause_s, looks = _PAUSE_S, 0
        while looks < _LOOKS:
            with suppress(VenueError):
                await soon(change.is_told.wait(), self._api.clock, pause_s)
            if change.code:
                self._as_it_was(tracked, change.code, change.reason)
                return
            if _is_over(tracked, change):
                return
            has_died = await self._has_died(expires_ms)
            looks += await self._has_looked(tracked) and has_died
            if _is_over(tracked, change):
                return
            pause_s = min(pause_s * 2, _PAUSE_MAX_S)
        self._as_it_was(tracked, code, reason)

    async def _has_died(self, expires_ms: int) -> bool:
        """Whether a request can't arrive any more, by the venue's clock."""
        try:
            await self._api.sync()
        except VenueError:
            return False
        return self._api.venue_least_ms > expires_ms

    async def _has_looked(self, tracked: Tracked) -> bool:
        """What the venue has of the order is told. False where it could not be asked."""
        try:
            if not await self._resolver.look_after(tracked):
                self._teller.is_behind = True
        except VenueError as error:
            log.bound(venue="okx", order=tracked.order.id).warning("how it stands can't be asked for yet: {}", error)
            return False
        return True

    async def _look_up(self, tracked: Tracked) -> None:
        pause_s = _PAUSE_S
        while not await self._has_looked(tracked):
            await self._api.clock.sleep(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_MAX_S)

    def _as_it_was(self, tracked: Tracked, code: str, reason: str) -> None:
        """Its change was not done; its end, if it has come, has been told."""
        if not tracked.is_ended:
            self._teller.amended(tracked, self._api.venue_ms, code, reason)


def _is_over(tracked: Tracked, change: Change) -> bool:
    """Whether its row has told what became of it."""
    has_figures = change.size in (None, tracked.size) and change.price in (None, tracked.order.price)
    return tracked.is_ended or change.is_done or has_figures
