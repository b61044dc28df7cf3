"""The simulator on a real port, and the adapter against it, both on one clock that runs many times as fast."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.kis import kst
from adapters.kis.simulator.simulator import KisSimulator
from adapters.kis.venue import KisVenue
from adapters.simulation.server import Served
from ruleengine.model.event import Event, Fill, OrderUpdate
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, VenueSetup, VenueSnapshot

MORNING = kst.moment("20260304", "100000")
"""Wednesday 2026-03-04, 10:00 in Seoul."""
APPSECRET = "s" * 180
SAMSUNG = "005930"
PATIENCE_S = 20.0
"""Of the wall, for what has to come."""


class QuickClock:
    """Time of the adapter and of the simulator: `pace` times as fast as the wall, and moved by hand besides."""

    def __init__(self, start_ns: int = MORNING, pace: float = 40) -> None:
        self._start_ns, self._pace, self._begun, self._moved_ns = start_ns, pace, time.monotonic(), 0

    def now_ns(self) -> int:
        return self._start_ns + int((time.monotonic() - self._begun) * self._pace * 1e9) + self._moved_ns

    def monotonic(self) -> float:
        return (self.now_ns() - self._start_ns) / 1e9

    def advance(self, ns: int) -> None:
        self._moved_ns += ns

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.now_ns() + int(seconds * 1e9))

    async def sleep_until_ns(self, ts: int) -> None:
        await self.sleep_until(ts)

    async def sleep_until(self, due_ns: int) -> None:
        while (left := due_ns - self.now_ns()) > 0:
            await asyncio.sleep(min(left / 1e9 / self._pace, 0.02))


class Desk:
    """A simulator and the adapter's venues on its one account; `heard`: all events of all of them, in order."""

    def __init__(self, served: Served, clock: QuickClock, folder: Path | None, number: int = 12_345_678) -> None:
        """`number`: of the account, which has a key of its own."""
        self.served, self.clock, self._folder = served, clock, folder
        self.account, self._appkey = f"{number:08d}-01", f"{number:08d}".rjust(36, "P")
        self.heard: list[Event] = []
        self.venue: KisVenue | None = None
        self._listening: asyncio.Task[None] | None = None
        self._control = httpx.AsyncClient(base_url=served.address, trust_env=False, verify=False, timeout=10)
        self.specs: tuple[Instrument, ...] = ()

    async def open(self, *, names: tuple[str, ...] = (SAMSUNG,), hts_id: str = "HTSID01", **more: Any) -> KisVenue:
        """Connect, and know the instruments; nothing is followed yet."""
        setup = VenueSetup({"fees": {"taker": "0.00015", "sell_tax": "0.002"}}, (), 1, access=self.access(hts_id))
        # the clock runs so fast that a busy machine would make entries late
        self.venue = await KisVenue.connect(setup, clock=self.clock, wait_s=1_000.0, **more)
        self.specs = await self.venue.instruments(names)
        return self.venue

    def access(self, hts_id: str = "HTSID01") -> Access:
        secrets = {"appkey": self._appkey, "appsecret": APPSECRET, "hts_id": hts_id}
        return Access(
            "practice", self.account, self.served.address,
            {name: SecretStr(value) for name, value in secrets.items() if value}, self._folder,
        )  # fmt: skip

    async def follow(self) -> None:
        """Listen to events from here on."""
        venue = self.venue
        assert venue is not None

        async def listen() -> None:
            async for event in venue.events():
                self.heard.append(event)

        self._listening = asyncio.create_task(listen())

    async def leave(self) -> None:
        """The process ends: nothing of the adapter is left."""
        if self.venue is not None:
            await self.venue.close()
            self.venue = None
        if self._listening is not None:
            async with asyncio.timeout(PATIENCE_S):
                await self._listening
            self._listening = None

    async def close(self) -> None:
        await self.leave()
        await self._control.aclose()

    async def send(self, side: str, units: int, price: int | None = None, *, name: str = "o1") -> Order:
        order = Order(
            name, SAMSUNG, Side.LONG if side == "buy" else Side.SHORT, Decimal(units),
            "market" if price is None else "limit", None if price is None else Decimal(price),
            is_reduce_only=side == "sell",
        )  # fmt: skip
        assert self.venue is not None
        await self.venue.submit(Cleared(order, "intent"), self.clock.now_ns())
        return order

    async def cancel(self, name: str = "o1") -> None:
        assert self.venue is not None
        await self.venue.submit(Cancel(name), self.clock.now_ns())

    async def amend(self, units: int | None = None, price: int | None = None, *, name: str = "o1") -> None:
        assert self.venue is not None
        await self.venue.amend(
            name, None if units is None else Decimal(units), None if price is None else Decimal(price)
        )  # fmt: skip

    async def until(self, is_so: Callable[[], bool], what: str = "") -> None:
        """Wait for something to be heard."""
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(f"not heard in time: {what or is_so}; heard: {self.story()}")
            await asyncio.sleep(0.005)

    # --- what was heard -----------------------------------------------------------------------------------------

    def of(self, name: str = "o1") -> list[OrderUpdate | Fill]:
        return [e for e in self.heard if isinstance(e, OrderUpdate | Fill) and e.order_id == name]

    def story(self, name: str = "o1") -> list[str]:
        return [f"fill {e.units}" if isinstance(e, Fill) else str(e.status) for e in self.of(name)]

    def filled(self, name: str = "o1") -> int:
        return int(sum((e.units for e in self.of(name) if isinstance(e, Fill)), Decimal(0)))

    def statuses(self, name: str = "o1") -> list[str]:
        return [str(e.status) for e in self.of(name) if isinstance(e, OrderUpdate)]

    # --- the venue's side ---------------------------------------------------------------------------------------

    async def control(self, name: str, **body: Any) -> dict[str, Any]:
        answer = await self._control.post(f"/_control/{name}", json=body)
        found: dict[str, Any] = answer.json()
        assert answer.status_code == 200, found
        return found

    async def price(self, bid: int, ask: int, size: int = 1_000) -> None:
        await self.control("price", instrument=SAMSUNG, bid=bid, ask=ask, bid_size=size, ask_size=size)

    async def orders(self) -> list[dict[str, Any]]:
        """Orders that the venue accepted: without cancels."""
        return [each for each in await self.numbered() if each["state"] != "cancel"]

    async def numbered(self) -> list[dict[str, Any]]:
        """All that has an order's number: orders, revisions, cancels."""
        ledger = (await self._control.get("/_control/ledger")).json()
        found: list[dict[str, Any]] = ledger["accounts"][self.account]["orders"]
        return found

    async def position(self) -> int:
        ledger = (await self._control.get("/_control/ledger")).json()
        return int(ledger["accounts"][self.account]["positions"].get(SAMSUNG, {"units": "0"})["units"])


def held(snapshot: VenueSnapshot) -> int:
    """Units of Samsung in a statement."""
    return int(sum((trade.units for trade in snapshot.trades if trade.instrument == SAMSUNG), Decimal(0)))


@asynccontextmanager
async def desk(folder: Path | None = None, *, pace: float = 40, **options: str) -> AsyncIterator[Desk]:
    clock = QuickClock(pace=pace)
    app = KisSimulator().app(7, {"mock_per_s": "0", **options}, clock)
    with Served(app) as served:
        made = Desk(served, clock, folder)
        try:
            yield made
        finally:
            await made.close()
