"""A venue over a faked OANDA: an account that can be opened, orders that are sent to it, and what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import httpx

from adapters.oanda.venue import OandaVenue, open_venue
from adapters.wire.clock import ManualClock
from adapters.wire.transport import Limits
from ruleengine.model.event import Event, LinkChange
from ruleengine.model.order import Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSetup
from tests.adapters.oanda.payloads import ACCOUNT, FakeOanda, access, account_row, created, filled, ok
from tests.adapters.oanda.test_ledger import short
from tests.adapters.oanda.test_links import body, history

D = Decimal
ENTRY = Order("a", "EUR_USD", Side.LONG, D(1000))
CLOSE = Order("a", "EUR_USD", Side.SHORT, D(400), trade_id="7", is_reduce_only=True)
FILLED = ok(201, orderCreateTransaction=created(101, "a"), orderFillTransaction=filled(102, 101, "a"))
BUSY = ok(429, errorMessage="Rate limit exceeded")
Work = Callable[["Run"], Coroutine[Any, Any, None]]


def fake_oanda(**more: Any) -> FakeOanda:
    """An account that can be opened and whose streams say nothing."""
    return FakeOanda({
        "GET !/accounts": ok(accounts=[{"id": ACCOUNT, "tags": []}]),
        "GET /summary": ok(account=account_row(**more), lastTransactionID="100"),
        "GET /transactions/stream": body(), "GET /pricing/stream": body(), "GET /transactions/sinceid": history(),
    })  # fmt: skip


class Run:
    def __init__(self, venue: OandaVenue) -> None:
        self.venue, self.heard = venue, list[Event]()

    async def send(self, order: Order) -> None:
        await self.venue.submit(Cleared(order, "i"), 0)

    async def listen(self) -> None:
        async for event in self.venue.events():
            if not isinstance(event, LinkChange):
                self.heard.append(event)

    async def until(self, number: int) -> None:
        async with asyncio.timeout(5):
            while len(self.heard) < number:
                await asyncio.sleep(0.005)


def played(fake: FakeOanda, work: Work, clock: ManualClock | None = None) -> list[str]:
    """What is told, without the links."""

    async def run() -> list[str]:
        setup = VenueSetup({}, (), 0, access=access())
        venue = await open_venue(
            setup, clock=clock or ManualClock(is_eager=True), via=httpx.MockTransport(fake), limits=Limits(deadline_s=5)
        )
        venue._tend = idle  # type: ignore[method-assign]  # an eager clock would have it run without end
        run = Run(venue)
        listening = asyncio.create_task(run.listen())
        try:
            await work(run)
        finally:
            await venue.close()
            await listening
        return [short(event) for event in run.heard]  # type: ignore[arg-type]

    return asyncio.run(run())


async def idle() -> None:
    await asyncio.Event().wait()


def sending(fake: FakeOanda, order: Order, number: int) -> list[str]:
    async def work(run: Run) -> None:
        await run.send(order)
        await run.until(number)

    return played(fake, work)
