"""The account, read whole and made known: what was missed is told, fills are counted from the positions that were read,
orders that are no longer listed are asked for. What it comes to is the snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from adapters.okx import account
from adapters.okx.account import MarginMode
from adapters.okx.api import Api
from adapters.okx.bills import Bills
from adapters.okx.desk import Desk
from adapters.okx.reconcile import ids
from adapters.okx.rows import MS
from adapters.okx.truth import PAGE, Truth, ended_since, fills_since, read
from ruleengine.model.event import Fill
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import VenueSnapshot


class Reader:
    """`lock`: to be held around its calls, and by who tells a snapshot until that is told."""

    def __init__(self, api: Api, desk: Desk, bills: Bills, margin: MarginMode) -> None:
        self.lock = asyncio.Lock()
        self._api, self._desk, self._bills, self._margin = api, desk, bills, margin
        self._has_begun = False

    async def begin(self) -> None:
        """The first reading, where there was none: what it has was before us."""
        if not self._has_begun:
            await self._take(await self._read())

    async def past(self, since_ns: int) -> list[Fill]:
        """Fills of a time before the first reading; see `Teller.past`. Raises  VenueError."""
        await self.begin()
        since_ms = since_ns // MS
        fills = await fills_since(self._api, since_ms)
        orders = await ended_since(self._api, since_ms) if fills else ()
        return await self._desk.teller.past(fills, orders, since_ms)

    async def snapshot(self, terms: Mapping[str, Instrument]) -> VenueSnapshot:
        """Read all of it. `terms`: for what the venue leaves out. Raises  VenueError."""
        truth = await self._read()
        await self._take(truth)
        fills = [(printed.ms, printed.id) for printed, _ in truth.fills]
        open_orders = ids(truth.pending, truth.waiting)
        return account.snapshot(truth.held, truth.cash, open_orders, truth.waiting, fills, terms, self._margin)

    async def _read(self) -> Truth:
        if self._has_begun:
            return await read(self._api, self._desk.teller.book.is_told)
        await self._bills.begin()  # before the balance: what comes between the two is told
        return await read(self._api, None)

    async def _take(self, truth: Truth) -> None:
        teller = self._desk.teller
        teller.is_behind = False
        try:
            await self._tell(truth)
        except BaseException:
            teller.is_behind = True  # what was missed still is
            raise

    async def _tell(self, truth: Truth) -> None:
        teller = self._desk.teller
        if not self._has_begun:
            teller.begun_ms = truth.as_of_ms
            for printed, _ in truth.fills:
                teller.book.learn(printed, is_told=True)
            if len(truth.fills) >= PAGE:
                teller.book.known_from(truth.fills[0][0])
            self._has_begun = True
        teller.book.anchor(truth.held, truth.as_of_ms)
        for row in truth.pending:
            teller.standing(row)
        await teller.fills(truth.fills)
        for row in truth.pending:
            await teller.order(row)
        for row in truth.waiting:
            await teller.algo(row)
        await self._desk.protections.read(truth.held, truth.waiting)
        listed = set(ids(truth.pending, truth.waiting))
        for tracked in self._desk.orders.live():
            if tracked.is_accepted and tracked.order.id not in listed:
                await self._desk.resolver.look_after(tracked)
