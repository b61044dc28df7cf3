"""The smallest adapter that trades: a venue with one account, market orders, and ids of ours on every order.

Its API, over HTTP:   GET /account          {"id", "currency", "balance"}
                      GET /price/NAME       {"bid", "ask", "time_ns"}
                      GET /orders           [{"id", "number", "instrument", "units", "price", "opens", "realised",
                                             "time_ns"}], all that filled
                      POST /orders          {"id", "instrument", "units", "until_ns"}: fills at once, or 400 and
                                            {"why"}; what reaches it after `until_ns` is refused

Numbers are strings there, units are negative for sales. The account nets: one position for each instrument.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapters.wire.budget import Budget, Urgency
from adapters.wire.clock import SystemClock
from adapters.wire.decimals import dumps, number
from adapters.wire.outcome import Answered, NotSent, Reply
from adapters.wire.transport import Transport
from ruleengine.model.event import (
    BarEvent,
    Event,
    Fill,
    LinkChange,
    MarketEvent,
    OrderStatus,
    OrderUpdate,
    Quote,
    Reconciliation,
    VenueEvent,
)
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

LIFE_NS = 5_000_000_000
"""So long the venue may take an order. Only after that its list, which lacks one, proves that it never comes."""

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
        self._out: asyncio.Queue[Event] = asyncio.Queue()
        self._sending: set[asyncio.Task[None]] = set()
        self._until: dict[str, int] = {}  # orders of which nothing is known yet, with when their time is over
        self._is_away = False

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
        held: dict[str, TradeState] = {}
        for each in orders:
            name = each["instrument"]
            held[name] = _after(held.get(name), each)
        trades = tuple(each for each in held.values() if each.units)
        last = max((int(each["time_ns"]) for each in orders), default=0)
        counted = tuple(each["number"] for each in orders if int(each["time_ns"]) == last)
        return VenueSnapshot(last, number(row["balance"], "balance"), Decimal(0), trades, (), counted)

    async def recover(self, sent: Sequence[SentOrder]) -> Sequence[VenueEvent]:
        self._until |= {each.order.id: each.sent_ns + LIFE_NS for each in sent}
        return [await self._fate(each.order.id) for each in sent]

    async def query(self, order_id: str) -> None:
        self._out.put_nowait(await self._fate(order_id))

    async def _fate(self, order_id: str) -> VenueEvent:
        """An order fills at once or never comes to be. One that is on its way still is in no list, and not absent."""
        now = self._clock.now_ns()
        for row in await self._get("/orders"):
            if row["id"] == order_id:
                return self._fill(row)
        status = OrderStatus.UNKNOWN
        if now > self._until.get(order_id, 0):
            status = OrderStatus.ABSENT
            self._until.pop(order_id, None)
        return OrderUpdate(now, now, order_id, status, reason="the venue's list lacks it")

    # --- orders -------------------------------------------------------------------------------------------------

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        """Handed over: what became of it comes by `events`. Nothing rests here, so there is nothing to cancel."""
        if isinstance(command, Cleared):
            task = asyncio.create_task(self._guarded(command.order))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _guarded(self, order: Order) -> None:
        """Nobody waits for this task: whatever breaks in it, the order has to be heard of."""
        try:
            await self._send(order)
        except Exception as error:  # noqa: BLE001 - an answer that can't be read is none
            self._say(order.id, OrderStatus.UNKNOWN, "answer", type(error).__name__)

    async def _send(self, order: Order) -> None:
        self._until[order.id] = until = self._clock.now_ns() + LIFE_NS
        units = order.units if order.side is Side.LONG else -order.units
        content = dumps({"id": order.id, "instrument": order.instrument, "units": str(units), "until_ns": until})
        is_exit = order.is_reduce_only or bool(order.trade_id)
        urgency, patience_s = (Urgency.EXIT, None) if is_exit else (Urgency.ENTRY, LIFE_NS / 1e9)
        match await self._wire.write("POST", "/orders", content, urgency=urgency, patience_s=patience_s):
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
            for event in await self._turn():
                yield event
            await self._clock.sleep(0.2)

    async def _turn(self) -> list[Event]:
        """What there is to tell now. A venue that can't be asked is away until it can: then what was missed is told,
        and its book compared."""
        found: list[Event] = []
        try:
            quotes = [await self._quote(name) for name in self._names]
            if self._is_away:
                found += [await self._fate(each) for each in list(self._until)]
                book = await self.snapshot()
                found += [Reconciliation(self._clock.now_ns(), book.ts, book), *self._links(is_up=True)]
                self._is_away = False
        except VenueError as error:
            if not self._is_away:
                found = self._links(is_up=False, detail=str(error))
            self._is_away = True
            quotes = []
        told = [self._out.get_nowait() for _ in range(self._out.qsize())]
        return [*told, *found, *quotes]

    def _links(self, *, is_up: bool, detail: str = "") -> list[Event]:
        now = self._clock.now_ns()
        return [LinkChange(now, now, "account", is_up, detail), LinkChange(now, now, "prices", is_up, detail)]

    async def _quote(self, name: str) -> Quote:
        row = await self._get(f"/price/{name}")
        bid, ask = float(number(row["bid"], "bid")), float(number(row["ask"], "ask"))
        return Quote(self._clock.now_ns(), int(row["time_ns"]), name, bid, ask)

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
        self._until.pop(row["id"], None)
        units, at = number(row["units"], "units"), int(row["time_ns"])
        return Fill(
            self._clock.now_ns(), at, row["instrument"], row["id"], Side.LONG if units > 0 else Side.SHORT, abs(units),
            number(row["price"], "price"), f"{row['instrument']}:net", bool(row["opens"]),
            number(row["realised"], "realised"), fill_id=row["number"],
        )  # fmt: skip

    def _say(self, order_id: str, status: OrderStatus, code: str, reason: str) -> None:
        if status is not OrderStatus.UNKNOWN:
            self._until.pop(order_id, None)
        now = self._clock.now_ns()
        self._out.put_nowait(OrderUpdate(now, now, order_id, status, code=code, reason=reason))


def _after(held: TradeState | None, row: dict[str, Any]) -> TradeState:
    """The position of an instrument after one more fill: what adds moves its average, what turns it begins one."""
    name, units, price = row["instrument"], number(row["units"], "units"), number(row["price"], "price")
    before = Decimal(0) if held is None else held.units * held.side.sign
    after = before + units
    side = Side.LONG if after > 0 else Side.SHORT
    if held is None or before * after <= 0:
        return TradeState(f"{name}:net", name, side, abs(after), price, int(row["time_ns"]), row["id"])
    if before * units > 0:
        price = (abs(before) * held.price + abs(units) * price) / abs(after)
    else:
        price = held.price
    return replace(held, units=abs(after), price=price)


adapter = SmallestAdapter()
