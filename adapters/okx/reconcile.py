"""What became of an order that nobody answered for, by the venue's outcome table; and after a restart.

    1. ask for it by our id: found, and its row says the rest
    2. not found (51603) proves nothing while its request may still be on its way: wait until its `expTime` has passed,
       by the venue's own clock
    3. ask again, twice with a moment between: not found, neither among orders that are open nor ended nor among fills
       proves that the venue never had it

An order that only takes off a position is then sent once more under the same id, unless it is from before a restart: a
position that stays open costs money, its `reduceOnly` (or side) keeps it from doing harm, and its first request is
proved to have died. An entry is never sent again: the moment for which it was decided has gone, and the rule that
wanted it can decide anew. (An id is not trusted to make a second order impossible: after a market order has filled the
venue takes it again.)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from adapters.okx.api import Api
from adapters.okx.errors import Meaning, meaning
from adapters.okx.instruments import SWAP
from adapters.okx.names import is_protection
from adapters.okx.orders import is_closing
from adapters.okx.rows import Row, word
from adapters.okx.tell import Teller, query_row
from adapters.okx.tracked import Tracked
from adapters.okx.truth import FILLS, ORDERS
from adapters.wire.budget import Urgency
from ruleengine import log
from ruleengine.model.event import OrderStatus
from ruleengine.ports.venue import VenueError

STOP_LIFE_S = 60.0
"""Requests of stops can't be given an end: after so long one is taken for dead."""
_MOMENT_S = 1.0
_PAUSE_MAX_S = 10.0


class Resolver:
    """`again`: send an order once more."""

    def __init__(self, api: Api, teller: Teller, again: Callable[[Tracked], Awaitable[None]]) -> None:
        self._api, self._teller, self._again = api, teller, again

    async def resolve(self, tracked: Tracked) -> None:
        """Until it is told; what the wire refuses is asked again. One at a time: two proofs of one order would each act
        on theirs."""
        if tracked.is_being_resolved:
            return
        tracked.is_being_resolved = True
        try:
            await self._resolve(tracked)
        finally:
            tracked.is_being_resolved = False

    async def _resolve(self, tracked: Tracked) -> None:
        pause_s = 0.25
        while not (tracked.is_accepted or tracked.is_ended):
            try:
                if await self.look(tracked):
                    return
                if await self.is_absent(tracked):
                    await self.absent(tracked)  # sent once more, its fate may be unknown again
                    pause_s = 0.25
            except VenueError as error:
                log.bound(venue="okx", order=tracked.order.id).warning("its fate can't be asked for yet: {}", error)
            await self._api.clock.sleep(min(pause_s, max(self._left_s(tracked), _MOMENT_S / 4)))
            pause_s = min(pause_s * 2, _PAUSE_MAX_S)

    async def look(self, tracked: Tracked) -> bool:
        """Ask for it once; what the venue has of it is told. False: it has none."""
        row = await query_row(self._api, tracked)
        if row is None:
            return False
        await (self._teller.algo(row) if tracked.is_stop else self._teller.order(row))
        return True

    async def look_after(self, tracked: Tracked) -> bool:
        """Ask for one that the venue has had. Not found twice, a minute or more after it was handed over, it ended
        unheard: a cancelled order without a fill leaves the venue's lists after two hours."""
        if await self.look(tracked):
            return True
        age_s = self._api.clock.monotonic() - tracked.handed_s
        if tracked.is_accepted and not tracked.is_stop and age_s > STOP_LIFE_S:
            await self._api.clock.sleep(_MOMENT_S)
            if not await self.look(tracked):
                await self._teller.gone(tracked)
        return False

    async def is_absent(self, tracked: Tracked) -> bool:
        """The proof, as far as it can be had now. A push that comes meanwhile ends it."""
        await self._api.sync()
        if tracked.is_on_its_way or self._left_s(tracked) > 0:
            return False
        for _ in range(2):
            if await self.look(tracked):
                return False
            await self._api.clock.sleep(_MOMENT_S)
        return not (tracked.is_accepted or tracked.is_ended or await self._is_listed(tracked))

    async def absent(self, tracked: Tracked, code: str = "51603", reason: str = "the venue never had it") -> None:
        """It is proved that it was not executed: once more for what only reduces, else its end."""
        if tracked.may_resend and is_closing(tracked.order) and not tracked.is_stop:
            tracked.may_resend = False
            log.bound(venue="okx", order=tracked.order.id).warning("proved absent; sent once more")
            await self._again(tracked)
        else:
            self._teller.ended(tracked, OrderStatus.ABSENT, self._api.venue_ms, code, reason)

    def _left_s(self, tracked: Tracked) -> float:
        """Seconds for which its request may still arrive."""
        return (tracked.expires_ms - self._api.venue_least_ms) / 1000

    async def _is_listed(self, tracked: Tracked) -> bool:
        """Whether any list of the venue names it: orders that ended (those without a fill leave it after two hours),
        fills."""
        query = {"instType": SWAP, "instId": tracked.order.instrument}
        for path in (ORDERS, FILLS):
            rows = await self._api.get(path, query, urgency=Urgency.RESOLVE)
            if any(tracked.order.id in (word(row, "clOrdId"), word(row, "algoClOrdId")) for row in rows):
                return True
        return False


async def cancel_until_told(
    api: Api, resolver: Resolver, tracked: Tracked, send: Callable[[], Awaitable[str | None]]
) -> None:
    """Cancel an order and see that its end is heard. A cancel may be sent again: it can't do anything twice. `send`:
    the venue's code, or None where nobody answered."""
    pause_s = 0.5
    while not tracked.is_ended:
        code = await send()
        if code is not None and meaning(code) is Meaning.REFUSED:
            log.bound(venue="okx", order=tracked.order.id).warning("its cancel was refused: {}", code)
            pause_s = _PAUSE_MAX_S
        await api.clock.sleep(pause_s)  # its end is pushed; asked for where that did not come
        if tracked.is_ended:
            return
        try:
            has_row = await resolver.look(tracked)
        except VenueError as error:
            log.bound(venue="okx", order=tracked.order.id).warning("its fate can't be asked for yet: {}", error)
            has_row = True
        if not has_row or (code is not None and meaning(code) is Meaning.REFUSED):
            return
        pause_s = min(pause_s * 2, _PAUSE_MAX_S)


def ids(pending: Sequence[Row], waiting: Sequence[Row]) -> list[str]:
    """Client ids of orders that are open, and of stops that wait; not of what came attached to one."""
    found = [word(row, "clOrdId") for row in pending] + [word(row, "algoClOrdId") for row in waiting]
    return [name for name in found if name and not is_protection(name)]
