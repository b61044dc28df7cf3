"""A venue over a network, made by hand: `Wire` is the venue itself, which outlives every connection to it; `Connected`
is one connection, as an adapter gives it to the loop; `WireClock` is the time of both.

What an order comes to happens at the venue as it is taken; the connection tells of it afterwards, one thing at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from ruleengine.model.event import (
    BarEvent,
    CashChange,
    Event,
    Fill,
    MarketEvent,
    OrderStatus,
    OrderUpdate,
    Quote,
    VenueEvent,
)
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import (
    Capabilities,
    Finding,
    SentOrder,
    TradeState,
    VenueAccount,
    VenueSnapshot,
)

BALANCE = Decimal(500_000)
IDLE_TURNS = 500
"""Turns of the event loop after which nothing is about to happen."""


class Wire:
    """`outcome`: of the first order that is taken (`fill`, `partial`, `reject`, `rest`); all others are filled.
    `hears_fill_first`: the fill is told before the ack."""

    def __init__(
        self,
        quotes: Sequence[Quote],
        trades: Sequence[TradeState] = (),
        outcome: str = "fill",
        *,
        hears_fill_first: bool = False,
    ) -> None:
        self.quotes = deque(quotes)
        self.now = quotes[0].ts - 1_000_000_000
        self.book = {trade.id: trade for trade in trades}
        self.accepted: list[Order] = []
        self.doubles = 0
        self.working: dict[str, Order] = {}
        self.said: dict[str, list[VenueEvent]] = {}
        self.balance, self.past = BALANCE, list[Fill | CashChange]()
        self._outcome, self._hears_fill_first = outcome, hears_fill_first
        self._number = 100

    def tick(self) -> int:
        self.now += 1_000
        return self.now

    def take(self, order: Order) -> list[VenueEvent]:
        """An order arrives; what the venue has to say of it."""
        if order.id in self.said:
            self.doubles += 1
            return []
        self.accepted.append(order)
        outcome = self._outcome if len(self.accepted) == 1 else "fill"
        self.said[order.id] = said = self._answers(order, outcome)
        return list(said)

    def _answers(self, order: Order, outcome: str) -> list[VenueEvent]:
        if outcome == "reject":
            return [self._update(order, OrderStatus.REJECTED, "NO")]
        ack = self._update(order, OrderStatus.ACCEPTED)
        if outcome == "rest":
            self.working[order.id] = order
            return [ack]
        if outcome == "partial":
            fill = self.fill(order, order.units / 2, is_last=False)
            end = self._update(order, OrderStatus.CANCELLED, "IOC")
            return [fill, ack, end] if self._hears_fill_first else [ack, fill, end]
        whole = self.fill(order, order.units)
        return [whole, ack] if self._hears_fill_first else [ack, whole]

    def fill(self, order: Order, units: Decimal, *, is_last: bool = True) -> Fill:
        ts = self.tick()
        self._number += 1
        name = order.trade_id or str(self._number)
        if order.is_reduce_only:
            held = self.book[name]
            assert held.side is order.side.opposite
            assert units <= held.units, "a reduction is never larger than what is there"
            self.book[name] = replace(held, units=held.units - units)
            if self.book[name].units == 0:
                del self.book[name]
        else:
            self.book[name] = TradeState(
                name, order.instrument, order.side, units, Decimal(157), ts, order.id, order.strategy, order.pocket
            )
        made = Fill(
            ts, ts, order.instrument, order.id, order.side, units, Decimal(157), name, not order.is_reduce_only,
            is_last=is_last, fill_id=f"f{self._number}",
        )  # fmt: skip
        self.past.append(replace(made, order_id=""))
        return made

    def close(self, name: str, units: int, price: str) -> Fill:
        """A stop or a person closes so much of a trade."""
        ts, held = self.tick(), self.book[name]
        self._number += 1
        realised = (Decimal(price) - held.price) * units * held.side.sign
        self.balance += realised
        self.book[name] = replace(held, units=held.units - units)
        if self.book[name].units == 0:
            del self.book[name]
        made = Fill(
            ts, ts, held.instrument, "", held.side.opposite, Decimal(units), Decimal(price), name, False, realised,
            reason="stop", fill_id=f"f{self._number}",
        )  # fmt: skip
        self.past.append(made)
        return made

    def _update(self, order: Order, status: OrderStatus, code: str = "") -> OrderUpdate:
        ts = self.tick()
        return OrderUpdate(ts, ts, order.id, status, venue_id=f"v-{order.id}", code=code)

    def cancel(self, order_id: str) -> list[VenueEvent]:
        order = self.working.pop(order_id, None)
        if order is None:
            return []
        self.said[order_id].append(end := self._update(order, OrderStatus.CANCELLED))
        return [end]

    def pay(self, amount: int, number: str) -> CashChange:
        """Money comes in, or goes out below nought."""
        ts = self.tick()
        self.balance += amount
        paid = CashChange(ts, ts, Decimal(amount), "deposit" if amount > 0 else "withdrawal", id=number)
        self.past.append(paid)
        return paid

    def snapshot(self) -> VenueSnapshot:
        return VenueSnapshot(self.tick(), self.balance, Decimal(0), tuple(self.book.values()), tuple(self.working))


class WireClock:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def now_ns(self) -> int:
        return self._wire.now

    async def sleep_until_ns(self, ts: int) -> None:
        """Time passes by what happens; where nothing does, by itself."""
        for _ in range(IDLE_TURNS):
            await asyncio.sleep(0)
            if self._wire.now >= ts:
                return
        self._wire.now = max(self._wire.now, ts)


def _nothing(_: object) -> None:
    """The way of an order on a good day."""


class Connected:
    """Meets `NetworkVenue`. `before`, `after`: called with each command on its way, before and after the venue has it;
    `between`: before each thing that is told, with how many were."""

    capabilities = Capabilities(
        "wire", frozenset({"hedging"}), True, True, True, False, frozenset({"market"}), 10.0, needs_network=True
    )

    def __init__(
        self,
        wire: Wire,
        *,
        before: Callable[[Cleared | Cancel], object] = _nothing,
        after: Callable[[Cleared | Cancel], object] = _nothing,
        between: Callable[[int], object] = _nothing,
    ) -> None:
        self.wire, self._before, self._after, self._between = wire, before, after, between
        self.replies: deque[Event] = deque()
        self.told = 0
        self.asked: list[str] = []
        self.is_closed = False

    async def account(self) -> VenueAccount:
        return VenueAccount("1", "JPY", "hedging", "practice")

    async def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        return ()

    async def history(
        self, instrument: str, interval_ns: int, begin_ns: int, end_ns: int
    ) -> AsyncIterator[MarketEvent]:
        return
        yield

    async def forming(self, instrument: str, interval_ns: int) -> BarEvent | None:
        return None

    def history_intervals(self) -> tuple[int, ...]:
        return ()

    async def check(self) -> Sequence[Finding]:
        return ()

    async def snapshot(self) -> VenueSnapshot:
        return self.wire.snapshot()

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        self._before(command)
        if isinstance(command, Cancel):
            self.replies += self.wire.cancel(command.order_id)
        else:
            self.replies += self.wire.take(command.order)
        self._after(command)

    async def recover(self, sent: Sequence[SentOrder]) -> Sequence[VenueEvent]:
        found: list[VenueEvent] = []
        for each in sent:
            found += self._what_became_of(each.order.id)
        return sorted(found, key=lambda event: event.ts_event)

    async def query(self, order_id: str) -> None:
        self.asked.append(order_id)
        self.replies += self._what_became_of(order_id)

    def _what_became_of(self, order_id: str) -> list[VenueEvent]:
        now = self.wire.tick()
        if order_id not in self.wire.said:
            return [OrderUpdate(now, now, order_id, OrderStatus.ABSENT)]
        return [replace(event, ts=now) for event in self.wire.said[order_id]]

    async def events(self) -> AsyncIterator[Event]:
        while self.replies or self.wire.quotes:
            if self.replies:
                self._between(self.told)
                self.told += 1
                event = self.replies.popleft()
                event.ts = max(event.ts, self.wire.now)
            else:
                event = self.wire.quotes.popleft()
                self.wire.now = max(self.wire.now, event.ts)
            yield event

    async def close(self) -> None:
        self.is_closed = True


class Telling(Connected):
    """Its history tells what happened before it was connected (`TellsPast`), and not any more which order of ours that
    was of."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._past = list(wire.past)

    async def past(self, since_ns: int) -> Sequence[Fill | CashChange]:
        now = self.wire.tick()
        return [replace(each, ts=now) for each in self._past if each.ts_event > since_ns]


def quotes(*prices: float, start: int, every_ns: int = 3_000_000_000) -> list[Quote]:
    """Locked quotes, one each three seconds."""
    return [
        Quote(start + number * every_ns, start + number * every_ns, "USD_JPY", price, price)
        for number, price in enumerate(prices)
    ]


def by_side(trades: Sequence[TradeState]) -> dict[tuple[str, Side], Decimal]:
    found: dict[tuple[str, Side], Decimal] = {}
    for trade in trades:
        found[trade.id, trade.side] = trade.units
    return found
