"""The adapter against the served simulator: its venue, a person at the simulator's controls, and what is heard.

The simulator is its own reading of the fact sheet and shares no code with the adapter; what it counted is the truth
that the adapter's events are held against.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.oanda.venue import OandaVenue, open_venue
from adapters.wire.transport import Limits
from ruleengine.model.event import Event, Fill, LinkChange, OrderStatus, OrderUpdate, Reconciliation
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, SentOrder, VenueSetup, VenueSnapshot

BID, ASK = "1.10000", "1.10010"
_NUMBERS = count(1)
_PATIENCE_S = 15.0
_DOWN = LinkChange(0, 0, "account", False, "a new process")


class QuickClock:
    """The machine's clock, `ahead_s` before it; `pace` of its seconds pass in one."""

    def __init__(self, ahead_s: float = 0.0, pace: float = 20.0) -> None:
        self._ahead_ns, self._pace = round(ahead_s * 1e9), pace

    def now_ns(self) -> int:
        return time.time_ns() + self._ahead_ns

    def monotonic(self) -> float:
        return time.monotonic() * self._pace

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0) / self._pace)


class World:
    """One account of a served simulator, and the venue that trades it."""

    def __init__(self, address: str, person: httpx.AsyncClient, *, is_hedging: bool = False, clock: QuickClock) -> None:
        self.address, self.person, self.clock = address, person, clock
        self.token = f"key-{next(_NUMBERS)}-{time.time_ns()}"
        self.is_hedging = is_hedging
        self.account_id = ""
        self.heard: list[Event] = []
        self.sent: dict[str, SentOrder] = {}
        self._changed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def find_account(self) -> None:
        """The account of this key that is of the wanted kind."""
        headers = {"Authorization": f"Bearer {self.token}"}
        rows = (await self.person.get("/v3/accounts", headers=headers)).json()["accounts"]
        self.account_id = rows[1 if self.is_hedging else 0]["id"]

    async def open(self, *, names: Sequence[str] = ("EUR_USD",), limits: Limits | None = None) -> None:
        """As a run begins: account, instruments, what became of earlier orders, snapshot, then events."""
        access = Access("practice", self.account_id, self.address, {"token": SecretStr(self.token)})
        self.venue: OandaVenue = await open_venue(
            VenueSetup({}, (), 0, access=access),
            clock=self.clock,
            limits=limits or Limits(deadline_s=10, write_deadline_s=0.5, idle_s=2.0),
        )
        await self.venue.instruments(names)
        if self.sent:
            for event in await self.venue.recover(list(self.sent.values())):
                self._hear(event)
        self.heard += [_DOWN] if self.heard else []
        self.begun_with: VenueSnapshot = await self.venue.snapshot()
        self._listening = asyncio.create_task(self._listen())
        await self.until(
            lambda: any(isinstance(e, LinkChange) and e.channel == "account" and e.is_up for e in self.heard)
        )

    async def _listen(self) -> None:
        async for event in self.venue.events():
            self._hear(event)

    def _hear(self, event: Event) -> None:
        self.heard.append(event)
        self._changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that was heard to make it so."""
        async with asyncio.timeout(_PATIENCE_S):
            while not is_so():
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self._changed.wait()

    async def close(self) -> None:
        await self.venue.close()
        if self._listening is not None:
            await self._listening

    async def die(self) -> None:
        """The process is gone: nothing is waited for."""
        await self.venue._sending.close(0)
        await self.close()

    # --- acting -----------------------------------------------------------------------------------------------------

    async def submit(self, order: Order) -> None:
        self.sent[order.id] = SentOrder(order, self.clock.now_ns())
        await self.venue.submit(Cleared(order, "intent"), 0)

    async def cancel(self, order_id: str) -> None:
        await self.venue.submit(Cancel(order_id), 0)

    async def control(self, name: str, **body: Any) -> Any:
        reply = await self.person.post(f"/_control/{name}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    async def fault(self, kind: str, below: str = "", **more: Any) -> None:
        """A fault on this account's own paths."""
        await self.control("fault", kind=kind, path=f"/v3/accounts/{self.account_id}{below}", **more)

    async def hold(self, units: Decimal) -> None:
        """A long trade to begin with; asked for anew where a busy machine did not get to send it."""
        for number in range(5):
            name = f"rebefore{number}"
            await self.submit(Order(name, "EUR_USD", Side.LONG, units))
            await self.until(lambda name=name: self.is_over(name))  # type: ignore[misc]
            if self.end_of(name) == "filled":
                return
        raise AssertionError("the simulator never took the first order")

    # --- what is so -------------------------------------------------------------------------------------------------

    def is_linked(self, channel: str = "account") -> bool:
        """Whether a connection is up, by the last word."""
        said = [each.is_up for each in self.heard if isinstance(each, LinkChange) and each.channel == channel]
        return bool(said) and said[-1]

    def of(self, order_id: str) -> list[str]:
        """What was told of an order, in short."""
        found: list[str] = []
        for event in self.heard:
            if isinstance(event, OrderUpdate) and event.order_id == order_id:
                found.append(event.status.value)
            elif isinstance(event, Fill) and event.order_id == order_id:
                found.append(f"fill {event.units}")
        return found

    def fills(self) -> list[Fill]:
        """Each fill once, as the engine knows them."""
        found: dict[tuple[Any, ...], Fill] = {}
        for event in self.heard:
            if isinstance(event, Fill):
                found.setdefault((event.fill_id, event.trade_id, event.units, event.order_id, event.opens), event)
        return list(found.values())

    def filled(self, order_id: str) -> Decimal:
        return sum((fill.units for fill in self.fills() if fill.order_id == order_id), Decimal(0))

    def amended(self, order_id: str) -> list[OrderUpdate]:
        """What was told of changes of an order, and of those that were not made."""
        return [
            event
            for event in self.heard
            if isinstance(event, OrderUpdate) and event.order_id == order_id and event.status is OrderStatus.AMENDED
        ]

    def figures(self, order_id: str) -> tuple[Decimal, Decimal | None]:
        """Units and price of an order, as the engine has them by what was told."""
        order, changes = self.sent[order_id].order, self.amended(order_id)
        last = changes[-1] if changes else None
        if last is None or last.units is None:
            return order.units, order.price
        return last.units, last.price

    def end_of(self, order_id: str) -> str:
        """`filled`, how else it ended, or how it stands; by the last word, where a fill always counts."""
        if self.filled(order_id) >= self.figures(order_id)[0]:
            return "filled"
        said = [e.status for e in self.heard if isinstance(e, OrderUpdate) and e.order_id == order_id]
        return said[-1].value if said else "nothing"

    def is_over(self, order_id: str) -> bool:
        """Whether its end was told."""
        rests = (OrderStatus.UNKNOWN.value, OrderStatus.ACCEPTED.value, OrderStatus.AMENDED.value)
        return self.end_of(order_id) not in ("nothing", *rests)

    def has_said(self, order_id: str, code: str) -> bool:
        return any(isinstance(e, OrderUpdate) and (e.order_id, e.code) == (order_id, code) for e in self.heard)

    def held(self) -> dict[str, Decimal]:
        """Signed units a trade, by what was heard since the very first snapshot (which had nothing)."""
        units: dict[str, Decimal] = {}
        for fill in self.fills():
            moved = fill.units if fill.side is Side.LONG else -fill.units
            units[fill.trade_id] = units.get(fill.trade_id, Decimal(0)) + moved
        return {name: each for name, each in units.items() if each}

    async def book(self) -> dict[str, Decimal]:
        """The same by the simulator's own word."""
        path, headers = f"/v3/accounts/{self.account_id}/openTrades", {"Authorization": f"Bearer {self.token}"}
        rows = (await self.person.get(path, headers=headers)).json()["trades"]
        return {row["id"]: Decimal(row["currentUnits"]) for row in rows}

    async def orders_there(self) -> list[dict[str, Any]]:
        """All orders that this account ever had, by the simulator's ledger."""
        ledger = (await self.person.get("/_control/ledger")).json()
        rows: list[dict[str, Any]] = ledger["accounts"][self.account_id]["orders"]
        return rows

    async def rows_there(self, order_id: str) -> list[dict[str, Any]]:
        """Orders of an id, as the venue shows them, oldest first."""
        path, headers = f"/v3/accounts/{self.account_id}/orders", {"Authorization": f"Bearer {self.token}"}
        reply = await self.person.get(path, params={"state": "ALL"}, headers=headers)
        rows: list[dict[str, Any]] = reply.json()["orders"]
        return [row for row in reversed(rows) if row.get("clientExtensions", {}).get("id") == order_id]

    async def times_done(self, fault: str) -> int:
        """How often a kind of fault was done so far."""
        return int((await self.person.get("/_control/ledger")).json()["faults"].get(fault, 0))

    def reconciliations(self) -> list[Reconciliation]:
        return [event for event in self.heard if isinstance(event, Reconciliation)]


@asynccontextmanager
async def world(
    address: str, *, is_hedging: bool = False, ahead_s: float = 0.0, pace: float = 20.0, **opening: Any
) -> AsyncIterator[World]:
    """A fresh account and an open venue, closed at the end."""
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20, verify=False) as person:
        made = World(address, person, is_hedging=is_hedging, clock=QuickClock(ahead_s, pace))
        await made.find_account()
        await made.open(**opening)
        try:
            yield made
        finally:
            await made.close()


def of_kind(events: Iterable[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]
