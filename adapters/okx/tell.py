"""What rows of orders and fills say, told to the engine once: each fill, and each step of an order's life.

Rows come from replies, pushes and queries, in any order and more than once. A step that was told is not told again; an
order's end is told after its fills, which are completed from the venue's list where its cumulative figure is ahead of
what was heard (a `canceled` order may have fills, trap 14).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from adapters.okx.account import Mode
from adapters.okx.api import Api
from adapters.okx.errors import NOT_FOUND
from adapters.okx.fills import Facts, FillBook, Print, of_push
from adapters.okx.orders import is_closing
from adapters.okx.rows import MS, Row, is_true, maybe, time_ms, word
from adapters.okx.tracked import Tracked, TrackedOrders
from adapters.okx.truth import fills_of
from adapters.wire.budget import Urgency
from ruleengine import log
from ruleengine.model.event import Fill, OrderStatus, OrderUpdate, VenueEvent
from ruleengine.ports.venue import VenueError

ORDER = "/api/v5/trade/order"
_LAGS_S = (0.0, 0.2, 0.5, 1.0, 2.0)
"""Fills follow the order's state by moments: how long each look for them waits."""
_FACTS_MAX = 4_000
_ENDED = frozenset({"canceled", "mmp_canceled", "filled"})
_CANCEL_SOURCES = MappingProxyType({
    "": "", "0": "by the venue", "1": "cancelled by the user", "2": "the market order found no more to take",
    "3": "by the venue's risk control", "6": "the margin fell short", "9": "the position is being liquidated",
    "13": "not filled at once and in full", "14": "not filled at once", "17": "the position is closed",
    "20": "by the dead-man switch", "31": "it would have taken",
})  # fmt: skip


class Teller:
    """`emit`: where events go; may be another place for a while (`Recovery`)."""

    def __init__(self, api: Api, mode: Mode, orders: TrackedOrders, emit: Callable[[VenueEvent], None]) -> None:
        self.book, self.emit = FillBook(mode.margin), emit
        self.reduced: Callable[[str], None] = lambda instrument: None
        """Hears of each fill that took something off a position."""
        self.begun_ms = 0
        """Fills of others up to here are in the first snapshot."""
        self.is_behind = False
        """A fill that the venue's figures prove was not found: the account is to be read anew."""
        self._api, self._mode, self._orders = api, mode, orders
        self._facts: dict[str, Facts] = {}

    # --- rows ---------------------------------------------------------------------------------------------------------

    async def order(self, row: Row) -> None:
        """A row of an order: of the orders channel, or of a query."""
        if not await self._filled(row, self.standing(row)):
            self.is_behind = True
            return
        tracked = self._orders.of_row(row)
        if tracked is not None and word(row, "state") in _ENDED:
            self._end(tracked, row)

    def standing(self, row: Row) -> Facts:
        """Of an order of ours: that the venue has it, in which size and at which price. To be told before its fills,
        which may be more than it was over before."""
        tracked, venue_id = self._orders.of_row(row), word(row, "ordId")
        if tracked is not None:
            if not tracked.is_stop:
                tracked.venue_id = venue_id
            if self._orders.name(tracked, venue_id) and tracked.is_recovered:
                self.book.forget_told(venue_id)
            self._stands(tracked, row, is_its_own=not tracked.is_stop)
        return self._remember(row, tracked)

    async def algo(self, row: Row) -> None:
        """A row of a stop: waiting, triggered (it has become an order), cancelled, or failed."""
        tracked = self._orders.of_row(row)
        if tracked is None:
            return
        state, at_ms = word(row, "state"), time_ms(row, "uTime", "cTime")
        tracked.venue_id = word(row, "algoId") or tracked.venue_id
        self._orders.name(tracked, word(row, "algoId"))
        if state == "order_failed":
            self.ended(tracked, OrderStatus.REJECTED, at_ms, word(row, "failCode"), "the stop's order was refused")
            return
        self._stands(tracked, row, is_its_own=True)
        if state in ("effective", "partially_effective"):
            await self._child(tracked, row)
        elif state == "canceled":
            self._cancelled(tracked, at_ms, "", "")

    async def fills(self, fills: Sequence[tuple[Print, Row]]) -> None:
        """Fills of the venue's list, oldest first: those that were not heard are told."""
        for printed, _ in fills:
            self.book.learn(printed, is_told=False)
        fresh = [(printed, row) for printed, row in fills if not self.book.is_told(printed.id)]
        await self._raised(fresh)
        for printed, facts in await self._explained(fresh):
            self.fill(printed, facts)

    async def past(self, fills: Sequence[tuple[Print, Row]], orders: Sequence[Row], since_ms: int) -> list[Fill]:
        """Of the venue's list, whole from a time on and oldest first: what came after that time, up to the first
        reading. Fills of orders that are followed are left out: what becomes of those is told by itself. `orders`: of
        that time, whose fills need no question each."""
        for row in orders:
            self._remember(row, self._orders.of_row(row))
        if fills:
            self.book.known_back_to(fills[0][0])
        for printed, _ in fills:
            self.book.learn(printed, is_told=False)
        wanted = [(printed, row) for printed, row in fills if since_ms < printed.ms <= self.begun_ms]
        found: list[Fill] = []
        for printed, facts in await self._explained(wanted):
            if not facts.order_id:
                found += self.book.events(printed, facts, self._api.clock.now_ns())
        return found

    # --- steps --------------------------------------------------------------------------------------------------------

    def fill(self, printed: Print, facts: Facts) -> None:
        """Tell a fill, once. Another's that the first snapshot has is only remembered."""
        if self.book.is_told(printed.id):
            return
        self.book.learn(printed, is_told=True)
        if facts.order_id or printed.ms > self.begun_ms:
            for made in self.book.events(printed, facts, self._api.clock.now_ns()):
                self.emit(made)
                if not made.opens:
                    self.reduced(made.instrument)

    def accepted(self, tracked: Tracked, at_ms: int) -> None:
        """The venue has it; told once, and not of one that has ended."""
        if tracked.is_accepted or tracked.is_ended:
            return
        tracked.is_accepted, tracked.is_unknown = True, False
        tracked.is_known.set()
        self._update(tracked, OrderStatus.ACCEPTED, at_ms)

    def amended(self, tracked: Tracked, at_ms: int, code: str = "", reason: str = "") -> None:
        """It rests as is known of it: changed, or with the `code` for which it was not. Of one that has ended, and of
        one that never rests: how it stands."""
        if not tracked.rests:
            self.again(tracked)
            return
        tracked.order = replace(tracked.order, units=tracked.size)
        stands = (tracked.size, tracked.order.price)
        self._update(tracked, OrderStatus.AMENDED, at_ms, code, log.redact(reason), stands)

    def unknown(self, tracked: Tracked, code: str, reason: str) -> None:
        """It may have reached the venue; told once."""
        if tracked.is_accepted or tracked.is_ended or tracked.is_unknown:
            return
        tracked.is_unknown = True
        self._update(tracked, OrderStatus.UNKNOWN, self._api.venue_ms, code, reason)

    def ended(self, tracked: Tracked, status: OrderStatus, at_ms: int, code: str = "", reason: str = "") -> None:
        """Its end, told once."""
        if tracked.is_ended:
            return
        self._orders.ended(tracked)
        self._update(tracked, status, at_ms, code, log.redact(reason))

    async def gone(self, tracked: Tracked) -> None:
        """The venue no longer lists an order that it had: what it filled, then its end."""
        order = tracked.order
        facts = Facts(order.id, self._mode.margin, units=tracked.whole, only_reduces=is_closing(order))
        for printed in await fills_of(self._api, order.instrument, tracked.venue_id):
            self.fill(printed, facts)
        self.ended(tracked, OrderStatus.CANCELLED, self._api.venue_ms, NOT_FOUND, "the venue no longer lists it")

    def _stands(self, tracked: Tracked, row: Row, *, is_its_own: bool) -> None:
        """`is_its_own`: not of the order that a stop has become. When an order was changed that is heard of first now
        nobody says: it goes before its fills."""
        at_ms = time_ms(row, "uTime", "cTime") if tracked.is_accepted else time_ms(row, "cTime", "uTime")
        is_changed = is_its_own and tracked.rests and tracked.hear(row)
        self.accepted(tracked, at_ms)
        if is_changed:
            self.amended(tracked, at_ms)

    def _update(
        self, tracked: Tracked, status: OrderStatus, at_ms: int, code: str = "", reason: str = "",
        stands: tuple[Decimal | None, Decimal | None] = (None, None),
    ) -> None:  # fmt: skip
        tracked.told = OrderUpdate(
            self._api.clock.now_ns(), at_ms * MS, tracked.order.id, status, tracked.venue_id, code, reason,
            units=stands[0], price=stands[1],
        )  # fmt: skip
        self.emit(tracked.told)

    def again(self, tracked: Tracked) -> None:
        """Say once more how it stands: to somebody who asks."""
        if tracked.told is not None:
            self.emit(replace(tracked.told, ts=self._api.clock.now_ns()))

    def _end(self, tracked: Tracked, row: Row) -> None:
        at_ms = time_ms(row, "uTime", "cTime")
        if word(row, "state") != "filled":
            self._cancelled(tracked, at_ms, word(row, "cancelSource"), word(row, "cancelSourceReason"))
        elif (maybe(row, "accFillSz") or Decimal(0)) < tracked.order.units:
            self.ended(tracked, OrderStatus.CANCELLED, at_ms, "cut", "the position was smaller than the order")
        else:
            self._orders.ended(tracked)  # its fills have said it

    def _cancelled(self, tracked: Tracked, at_ms: int, source: str, reason: str) -> None:
        status = OrderStatus.EXPIRED if tracked.is_lapsing else OrderStatus.CANCELLED
        self.ended(tracked, status, at_ms, source, reason or _CANCEL_SOURCES.get(source, f"cancel source {source}"))

    # --- what rows leave out ------------------------------------------------------------------------------------------

    async def _filled(self, row: Row, facts: Facts) -> bool:
        """Tell what an order's row says was filled, oldest first: a push's own fill waits for those before it that were
        missed, for what is told of it follows from them. False where its sum is ahead of the fills that can be found.
        """
        printed, venue_id = of_push(row) if "fillFee" in row else None, word(row, "ordId")
        total = maybe(row, "accFillSz") or Decimal(0)
        if printed is not None and self.book.filled(venue_id) + printed.size >= total:
            self.fill(printed, facts)
        if self.book.filled(venue_id) >= total:
            return True
        is_whole = await self._complete(row, facts, total)
        if printed is not None:
            self.fill(printed, facts)
        return is_whole

    async def _complete(self, row: Row, facts: Facts, total: Decimal) -> bool:
        """Find the fills that an order's cumulative figure is ahead by; False where they don't show in time."""
        venue_id = word(row, "ordId")
        for lag_s in _LAGS_S:
            await self._api.clock.sleep(lag_s)
            try:
                found = await fills_of(self._api, word(row, "instId"), venue_id)
            except VenueError as error:
                log.bound(venue="okx").warning("fills of an order can't be read: {}", error)
                continue
            for printed in found:
                self.book.learn(printed, is_told=self.book.is_told(printed.id))
            for printed in found:
                self.fill(printed, facts)
            if self.book.filled(venue_id) >= total:
                return True
        return False

    async def _raised(self, fresh: Sequence[tuple[Print, Row]]) -> None:
        """Where more has filled than an order is known to be over, somebody has raised it: that goes first."""
        sums = {printed.venue_id: self.book.filled(printed.venue_id) for printed, _ in fresh}
        for printed, row in fresh:
            sums[printed.venue_id] += printed.size
            tracked = self._orders.of_row(row)
            if tracked is None or not tracked.rests or sums[printed.venue_id] <= tracked.size:
                continue
            if found := await self._api.find(ORDER, {"instId": printed.instrument, "ordId": printed.venue_id}):
                self.standing(found)

    async def _child(self, tracked: Tracked, row: Row) -> None:
        """A stop has become an order, whose fills are the stop's."""
        listed = row.get("ordIdList") or ()
        venue_id = word(row, "ordId") or (str(listed[0]) if listed else "")
        if not venue_id:
            return
        self._orders.name(tracked, venue_id)
        query = {"instId": word(row, "instId"), "ordId": venue_id}
        if child := await self._api.find(ORDER, query):
            await self.order(child)

    async def _explained(self, fills: Sequence[tuple[Print, Row]]) -> list[tuple[Print, Facts]]:
        """With what they don't say of their orders; those of the other margin mode are out of our position by then."""
        found = [(printed, await self._facts_of(row)) for printed, row in fills]
        for printed, facts in found:
            self.book.assign(printed, facts)
        return found

    async def _facts_of(self, row: Row) -> Facts:
        """Of the order behind a fill's row; asked for where it was not heard of."""
        venue_id = word(row, "ordId")
        if venue_id in self._facts:
            return self._facts[venue_id]
        found = await self._api.find(ORDER, {"instId": word(row, "instId"), "ordId": venue_id})
        if found is None:
            return Facts("", "")
        return self._remember(found, self._orders.of_row(found))

    def _remember(self, row: Row, tracked: Tracked | None) -> Facts:
        facts = Facts(
            tracked.order.id if tracked else "", word(row, "tdMode"), word(row, "category") or "normal",
            tracked is None and bool(word(row, "algoId")), tracked.whole if tracked else Decimal(0),
            is_true(row, "reduceOnly"),
        )  # fmt: skip
        self._facts[word(row, "ordId")] = facts
        if len(self._facts) > _FACTS_MAX:
            del self._facts[next(iter(self._facts))]
        return facts


async def query_row(api: Api, tracked: Tracked) -> Row | None:
    """The venue's row of an order of ours, by our id; None where it says that there is none (51603)."""
    if tracked.is_stop:
        return await api.find("/api/v5/trade/order-algo", {"algoClOrdId": tracked.order.id}, urgency=Urgency.RESOLVE)
    query = {"instId": tracked.order.instrument, "clOrdId": tracked.order.id}
    return await api.find(ORDER, query, urgency=Urgency.RESOLVE)
