"""The smallest adapter that trades: a venue with one account, market orders, and ids of ours on every order.

Its API, over HTTP:   GET /account          {"id", "currency", "balance"}
                      GET /price/NAME       {"bid", "ask", "time_ns"}
                      GET /orders           [{"id", "number", "instrument", "units", "price", "opens", "realised",
                                             "time_ns"}], all that filled
                      POST /orders          {"id", "instrument", "units"}: fills at once, or 400 and {"why"}

Numbers are strings there, units are negative for sales. The account nets: one position for each instrument.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

from adapters.wire.budget import Budget, Urgency
from adapters.wire.clock import SystemClock
from adapters.wire.decimals import dumps, number
from adapters.wire.outcome import Answered, NotSent, Reply
from adapters.wire.transport import Transport
from ruleengine.model.event import BarEvent, Event, Fill, MarketEvent, OrderStatus, OrderUpdate, Quote, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import (
    Capabilities,
    Finding,
    SecretName,
    SentOrder,
    TradeState,
    VenueAccount,
    VenueError,
    VenueSetup,
    VenueSnapshot,
)

CAPABILITIES = Capabilities(
    name="smallest", account_modes=frozenset({"netting"}), has_client_ids=True, has_reduce_only=False,
    has_partial_close=True, has_attached_stops=False, order_types=frozenset({"market"}), rate_per_s=50,
    needs_network=True,
)  # fmt: skip


class SmallestAdapter:
    """What the entry point names. The three methods that a venue over a network has no use for say so."""

    capabilities = CAPABILITIES
    secrets = (SecretName("key", "the account's key"),)

    def simulated(self, setup: VenueSetup) -> None:
        return None

    def market(self, setup: VenueSetup, profile: dict[str, Any]) -> None:
        return None

    def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        return ()

    def live(self, machine: object, feed: object, speed: float) -> Any:
        raise TypeError("it has no machine without a network")

    async def open(self, setup: VenueSetup) -> SmallestVenue:
        return SmallestVenue(setup)


class SmallestVenue:
    """Meets `NetworkVenue`."""

    capabilities = CAPABILITIES

    def __init__(self, setup: VenueSetup) -> None:
        key = setup.access.secrets["key"]
        self._clock = SystemClock()
        budget = Budget(self._clock, per_s=CAPABILITIES.rate_per_s)
        self._wire = Transport(
            setup.access.address, self._clock, budget, lambda request: {"X-Key": key.get_secret_value()}
        )
        self._names: tuple[str, ...] = ()
        self._told: set[str] = set()
        self._out: asyncio.Queue[Event] = asyncio.Queue()
        self._sending: set[asyncio.Task[None]] = set()

    # --- what is asked before anything is followed --------------------------------------------------------------

    async def account(self) -> VenueAccount:
        row = await self._get("/account")
        return VenueAccount(row["id"], row["currency"], "netting", "practice", "net")

    async def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """It trades currencies alone, all alike."""
        known = [name for name in names if len(name) == 7 and name[3] == "_"]
        self._names = tuple(known)
        pip = Decimal("0.01")
        return tuple(
            Instrument(name, "fx", name[:3], name[4:], pip, pip / 10, margin_rate=Decimal("0.04"), sessions="always")
            for name in known
        )

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        return
        yield  # it has no history: features are unknown until they are warm

    async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
        return None

    def history_intervals(self) -> tuple[int, ...]:
        return (60_000_000_000,)

    async def check(self) -> Sequence[Finding]:
        row = await self._get("/account")
        return [Finding("key", "ok", f"account {row['id']}")]

    # --- the book -----------------------------------------------------------------------------------------------

    async def snapshot(self) -> VenueSnapshot:
        row, orders = await self._get("/account"), await self._get("/orders")
        held: dict[str, Decimal] = {}
        cost: dict[str, Decimal] = {}
        opened: dict[str, dict[str, Any]] = {}
        for each in orders:
            name, units = each["instrument"], number(each["units"], "units")
            if held.get(name, Decimal(0)) == 0:
                opened[name], cost[name] = each, number(each["price"], "price")
            held[name] = held.get(name, Decimal(0)) + units
        trades = tuple(
            TradeState(
                f"{name}:net", name, Side.LONG if units > 0 else Side.SHORT, abs(units), cost[name],
                int(opened[name]["time_ns"]), opened[name]["id"],
            )
            for name, units in held.items() if units
        )  # fmt: skip
        last = max((int(each["time_ns"]) for each in orders), default=0)
        counted = tuple(each["number"] for each in orders if int(each["time_ns"]) == last)
        self._told.update(each["number"] for each in orders)
        return VenueSnapshot(last, number(row["balance"], "balance"), Decimal(0), trades, (), counted)

    async def recover(self, sent: Sequence[SentOrder]) -> Sequence[VenueEvent]:
        """Every order fills at once or never comes to be, so its list tells of each what became of it."""
        found: list[VenueEvent] = []
        orders = {each["id"]: each for each in await self._get("/orders")}
        for each in sent:
            row = orders.get(each.order.id)
            found.append(self._absent(each.order.id) if row is None else self._fill(row))
        return found

    async def query(self, order_id: str) -> None:
        rows = [each for each in await self._get("/orders") if each["id"] == order_id]
        self._out.put_nowait(self._fill(rows[0]) if rows else self._absent(order_id))

    # --- orders -------------------------------------------------------------------------------------------------

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        """Handed over: what became of it comes by `events`. Nothing rests here, so there is nothing to cancel."""
        if isinstance(command, Cleared):
            task = asyncio.create_task(self._send(command.order))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, order: Order) -> None:
        units = order.units if order.side is Side.LONG else -order.units
        content = dumps({"id": order.id, "instrument": order.instrument, "units": str(units)})
        urgency = Urgency.EXIT if order.is_reduce_only or order.trade_id else Urgency.ENTRY
        match await self._wire.write("POST", "/orders", content, urgency=urgency):
            case Answered(reply) if reply.is_good:
                self._out.put_nowait(self._fill(reply.body))
            case Answered(reply):
                self._say(order.id, OrderStatus.REJECTED, str(reply.status), self._why(reply))
            case NotSent(code, reason):
                self._say(order.id, OrderStatus.ABSENT, code, reason)
            case unknown:  # it may have come: it is asked for, and never sent again
                self._say(order.id, OrderStatus.UNKNOWN, unknown.code, unknown.reason)

    # --- events -------------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[Event]:
        while True:
            while not self._out.empty():
                yield self._out.get_nowait()
            for name in self._names:
                row = await self._get(f"/price/{name}")
                bid, ask = float(number(row["bid"], "bid")), float(number(row["ask"], "ask"))
                yield Quote(self._clock.now_ns(), int(row["time_ns"]), name, bid, ask)
            await self._clock.sleep(0.2)

    async def close(self) -> None:
        for task in list(self._sending):
            await task
        await self._wire.close()

    # --- words --------------------------------------------------------------------------------------------------

    async def _get(self, path: str) -> Any:
        reply = await self._wire.read(path)
        if not reply.is_good:
            raise VenueError(self._why(reply), code=str(reply.status), is_final=reply.status < 500)
        return reply.body

    def _why(self, reply: Reply) -> str:
        return str(reply.body["why"]) if isinstance(reply.body, dict) and "why" in reply.body else "no reason given"

    def _fill(self, row: dict[str, Any]) -> Fill:
        """The same fill has the same fields, whether from a reply or out of the list: the engine counts it once."""
        units, at = number(row["units"], "units"), int(row["time_ns"])
        return Fill(
            self._clock.now_ns(), at, row["instrument"], row["id"], Side.LONG if units > 0 else Side.SHORT, abs(units),
            number(row["price"], "price"), f"{row['instrument']}:net", bool(row["opens"]),
            number(row["realised"], "realised"), fill_id=row["number"],
        )  # fmt: skip

    def _absent(self, order_id: str) -> OrderUpdate:
        now = self._clock.now_ns()
        return OrderUpdate(now, now, order_id, OrderStatus.ABSENT, reason="the venue's list lacks it")

    def _say(self, order_id: str, status: OrderStatus, code: str, reason: str) -> None:
        now = self._clock.now_ns()
        self._out.put_nowait(OrderUpdate(now, now, order_id, status, code=code, reason=reason))


adapter = SmallestAdapter()
