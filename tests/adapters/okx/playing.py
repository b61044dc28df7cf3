"""An engine's book-keeping in small, and the venue behind it: what tests of whole round trips are made of.

Where adapter or venue wait for time to pass, it is skipped for both, so that nobody waits and nothing is outrun.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.okx import limits, truth
from adapters.okx.simulator import Venue
from adapters.okx.simulator import settings as simulator_settings
from adapters.okx.venue import OkxVenue, connect
from adapters.simulation.server import Served
from ruleengine.model.event import (
    Event,
    Fill,
    LinkChange,
    OrderStatus,
    OrderUpdate,
    Quote,
    Reconciliation,
    Reference,
    TradePrint,
)
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, SentOrder, VenueSetup, VenueSnapshot
from ruleengine.runtime.orders.seen_fills import fill_key

BTC = "BTC-USDT-SWAP"
SKIP_S = 1.0
PATIENCE_S, BETWEEN_S = 0.2, 0.05
"""So long on the wall nothing may come before time is skipped, a second at once, for venue and adapter alike; and so
long from one skip to the next."""
_TLS = ssl.create_default_context()
_ENDS = {OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.ABSENT}


class Moved:
    """The adapter's time: the machine's, and what a test skipped of it."""

    def __init__(self) -> None:
        self._skipped = 0.0
        self._sleepers: set[asyncio.Future[None]] = set()

    def now_ns(self) -> int:
        return time.time_ns() + int(self._skipped * 1e9)

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        due = self.monotonic() + seconds
        while (left := due - self.monotonic()) > 0:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers.add(woken)
            try:
                await asyncio.wait((woken,), timeout=left)
            finally:
                self._sleepers.discard(woken)

    def skip(self, seconds: float) -> None:
        self._skipped += seconds
        for woken in self._sleepers:
            if not woken.done():
                woken.set_result(None)


class Simulated:
    """A simulator on a port, and its control routes. BTC stands at 60,000 / 60,010 with plenty to take."""

    def __init__(self, served: Served) -> None:
        self.served, self.address, self.clock = served, served.address, Moved()
        self._http = httpx.Client(base_url=served.address, trust_env=False, timeout=10)
        self.price()

    def control(self, name: str, **body: Any) -> Any:
        reply = self._http.post(f"/_control/{name}", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def price(self, bid: str = "60000", ask: str = "60010", size: str = "1000") -> None:
        self.control("price", instrument=BTC, bid=bid, ask=ask, bid_size=size, ask_size=size)

    def ledger(self) -> Any:
        return self._http.get("/_control/ledger").json()

    def skip(self, seconds: float) -> None:
        """Time passes for both sides."""
        self.control("clock", advance_s=seconds)
        self.clock.skip(seconds)

    def held(self, key: str) -> dict[str, Decimal]:
        """What the venue says the account holds: contracts by our name of the side."""
        found: dict[str, Decimal] = {}
        for name, size in self.ledger()["accounts"][key]["positions"].items():
            instrument, _, pos_side = name.split(":")
            signed = Decimal(size)
            is_short = pos_side == "short" or signed < 0
            found[f"{instrument}:{'short' if is_short else 'long'}"] = abs(signed)
        return found

    def resting(self, key: str, order_id: str) -> list[tuple[Decimal, Decimal, Decimal]]:
        """(units, filled, price) of the account's orders of this id that are open."""
        return [
            (abs(Decimal(row["units"])), Decimal(row["filled"]), Decimal(row["price"]))
            for row in self.ledger()["accounts"][key]["orders"]
            if row["client_id"] == order_id and row["state"] in ("live", "partially_filled")
        ]

    def accepted(self, order_id: str) -> int:
        return int(self.ledger()["accepted"].get(order_id, 0))

    def close(self) -> None:
        self._http.close()


@contextmanager
def simulated(**options: str) -> Iterator[Simulated]:
    """`options`: as `--set` gives them."""
    settings = simulator_settings.read({"limits": "off", **options})
    with Served(Venue(7, settings).app()) as served:
        found = Simulated(served)
        try:
            yield found
        finally:
            found.close()


@dataclass
class Ledger:
    """What an engine would know: order states, and positions by the fills that it counted once each."""

    updates: dict[str, list[OrderStatus]] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    stands: dict[str, tuple[Decimal | None, Decimal | None]] = field(default_factory=dict)
    """(units, price) of orders that were told as amended."""
    filled: dict[str, Decimal] = field(default_factory=dict)
    held: dict[str, Decimal] = field(default_factory=dict)
    links: list[tuple[str, bool]] = field(default_factory=list)
    statements: list[VenueSnapshot] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    last: dict[str, Event] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    repeated: int = 0

    def hear(self, event: Event) -> None:
        """Keep what is said of the account; of the market only what came last."""
        if isinstance(event, Quote | TradePrint | Reference):
            self.last[event.kind] = event
            return
        self.events.append(event)
        if isinstance(event, OrderUpdate):
            self.updates.setdefault(event.order_id, []).append(event.status)
            self.codes[event.order_id] = event.code or self.codes.get(event.order_id, "")
            if event.status is OrderStatus.AMENDED:
                self.stands[event.order_id] = (event.units, event.price)
        elif isinstance(event, Fill):
            self._fill(event)
        elif isinstance(event, LinkChange):
            self.links.append((event.channel, event.is_up))
        elif isinstance(event, Reconciliation):
            self.statements.append(event.snapshot)

    def _fill(self, fill: Fill) -> None:
        if fill_key(fill) in self.keys:
            self.repeated += 1
            return
        self.keys.add(fill_key(fill))
        self.filled[fill.order_id] = self.filled.get(fill.order_id, Decimal(0)) + fill.units
        signed = fill.units if fill.opens else -fill.units
        self.held[fill.trade_id] = self.held.get(fill.trade_id, Decimal(0)) + signed

    def positions(self) -> dict[str, Decimal]:
        return {name: units for name, units in self.held.items() if units}

    def is_over(self, order: Order) -> bool:
        """Whether nothing more is to come of it."""
        last = self.updates.get(order.id, [])
        units = self.stands.get(order.id, (order.units, None))[0] or order.units
        return bool(last and last[-1] in _ENDS) or self.filled.get(order.id, Decimal(0)) >= units


class Playing:
    """A venue that is open, with what it says kept in `book`."""

    def __init__(self, simulated: Simulated, venue: OkxVenue, book: Ledger) -> None:
        self.simulated, self.venue, self.book = simulated, venue, book
        self._listening: asyncio.Future[None] | None = None

    async def begin(self) -> VenueSnapshot:
        """As a live loop does: the account once, then events."""
        first = await self.venue.snapshot()
        before = len(self.book.statements)
        self._listening = asyncio.ensure_future(self._listen())
        await self.until(lambda: len(self.book.statements) > before)
        return first

    async def _listen(self) -> None:
        async for event in self.venue.events():
            self.book.hear(event)

    async def send(self, order: Order) -> None:
        await self.venue.submit(Cleared(order, "intent"), 0)

    async def cancel(self, order_id: str) -> None:
        await self.venue.submit(Cancel(order_id), 0)

    async def until(self, is_so: Callable[[], bool], seconds: float = 120.0) -> None:
        """Wait for it, at most so many seconds of the venue's time."""
        begun = self.simulated.clock.monotonic()
        heard, quiet_since = -1, time.monotonic()
        while not is_so():
            if self.simulated.clock.monotonic() - begun > seconds:
                raise AssertionError(f"it did not come about; told: {self.book.events}")
            await asyncio.sleep(0.005)
            if len(self.book.events) != heard:
                heard, quiet_since = len(self.book.events), time.monotonic()
            if time.monotonic() - quiet_since > PATIENCE_S:
                self.simulated.skip(SKIP_S)
                await asyncio.sleep(BETWEEN_S)

    async def over(self, order: Order) -> None:
        await self.until(lambda: self.book.is_over(order))

    async def close(self) -> None:
        await self.venue.close()
        if self._listening is not None:
            await self._listening


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading certificates costs a tenth of a second a client, and nothing here is asked over TLS; the adapter's own
    rate budget, which `test_api.py` is about, half a second a reading; the simulator's lists never lag."""
    monkeypatch.setattr("httpx._transports.default.create_ssl_context", lambda **_: _TLS)
    monkeypatch.setattr(limits, "_PER_2_S", {})
    monkeypatch.setattr(limits, "_OTHERS", 10_000.0)
    monkeypatch.setattr(truth, "SETTLED_MS", -truth._APART_MS)


async def opened(simulated: Simulated, key: str, book: Ledger | None = None, **settings: Any) -> Playing:
    """The account of a key, opened."""
    secrets = {"key": SecretStr(key), "secret": SecretStr("any-secret"), "passphrase": SecretStr("any-phrase")}
    access = Access("practice", "", simulated.address, secrets)
    setup = VenueSetup({}, (), 1, {"dead_man_s": 0, **settings}, access=access)
    venue = await connect(setup, clock=simulated.clock)
    try:
        await venue.instruments([BTC])
    except BaseException:
        await venue.close()
        raise
    return Playing(simulated, venue, book if book is not None else Ledger())


def order(order_id: str, side: Side, units: str, **more: Any) -> Order:
    return Order(order_id, BTC, side, Decimal(units), **more)


def sent(one: Order, simulated: Simulated, book: Ledger) -> SentOrder:
    """As a journal has it at a restart."""
    return SentOrder(one, simulated.clock.now_ns(), filled=book.filled.get(one.id, Decimal(0)))
