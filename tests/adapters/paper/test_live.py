"""The live loop over the machine: the same answers, in order, and a clean end."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from itertools import pairwise
from typing import Any

from adapters.paper import adapter
from adapters.paper.broker import PaperVenue
from adapters.paper.instruments import known
from adapters.paper.live import LivePaper
from adapters.paper.market import MarketSimulator
from ruleengine.model.event import Event, Quote, Signal
from ruleengine.model.order import Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSetup

ACCOUNT: dict[str, Any] = {"currency": "JPY", "balance": "800000", "mode": "hedging"}


def setup(**settings: Any) -> VenueSetup:
    return VenueSetup(ACCOUNT, known(["USD_JPY"]), 5, settings)


def order(signal: Signal) -> Cleared:
    units = Decimal(int(signal.size or 1_000))
    return Cleared(Order(f"d-{signal.id}", signal.instrument, signal.side, units), "intent")


def by_hand(machine: PaperVenue, market: MarketSimulator) -> list[Event]:
    """What a loop should hand out: dues at their time, the event, then what it did."""
    out: list[Event] = []
    for event in market:
        while (due := machine.next_due_ns()) is not None and due < event.ts:
            out += machine.advance(due)
        out.append(event)
        if isinstance(event, Signal):
            out += [*machine.submit(order(event), event.ts), *machine.advance(event.ts)]
        else:
            out += machine.on_market(event)  # type: ignore[arg-type]
    return out


async def listen(venue: LivePaper) -> list[Event]:
    heard: list[Event] = []
    async for event in venue.events():
        if event.kind == "timer":
            continue  # how far the venue's time has come; no event of its own
        heard.append(event)
        if isinstance(event, Signal):
            await venue.submit(order(event), event.ts)
    return heard


def test_a_live_loop_gives_the_same_answers_as_the_machine() -> None:
    settings = {"latency_s": "0.05", "faults": {"reply_lost": 0.2}}
    market = MarketSimulator.from_setup(setup(), {"duration_s": 600})
    heard = asyncio.run(listen(LivePaper(PaperVenue(setup(**settings)), market, speed=0)))
    assert heard == by_hand(PaperVenue(setup(**settings)), market)
    assert any(event.kind == "fill" for event in heard)
    assert all(a.ts <= b.ts for a, b in pairwise(heard))


def test_speed_paces_the_feed() -> None:
    market = MarketSimulator.from_setup(setup(), {"duration_s": 20, "signals": []})
    begun = time.monotonic()
    heard = asyncio.run(listen(LivePaper(PaperVenue(setup()), market, speed=100)))
    took = time.monotonic() - begun
    spans_s = (heard[-1].ts - heard[0].ts) / 1e9
    assert took >= spans_s / 100 * 0.95


def test_an_answer_is_heard_when_it_is_due_and_not_with_the_next_quote() -> None:
    t0 = 1_767_790_800_000_000_000
    feed: list[Event] = [
        Quote(t0, t0, "USD_JPY", 157.0, 157.008),
        Signal(t0 + 10_000_000, t0, "s", "USD_JPY", "x", Side.LONG),
        Quote(t0 + 1_500_000_000, t0, "USD_JPY", 157.0, 157.008),
    ]

    async def heard_after() -> float:
        venue = LivePaper(PaperVenue(setup(latency_s="0.05")), feed)
        begun = time.monotonic()
        async for event in venue.events():
            if isinstance(event, Signal):
                await venue.submit(order(event), event.ts)
            if event.kind == "fill":
                return time.monotonic() - begun
        raise AssertionError("no fill")

    assert 0.05 <= asyncio.run(heard_after()) < 1


def test_close_ends_a_waiting_loop_at_once() -> None:
    market = MarketSimulator.from_setup(setup(), {"signals": []})

    async def close_soon() -> float:
        venue = LivePaper(PaperVenue(setup()), market, speed=0.001)
        task = asyncio.create_task(listen(venue))
        await asyncio.sleep(0.05)
        begun = time.monotonic()
        await venue.close()
        await task
        return time.monotonic() - begun

    assert asyncio.run(close_soon()) < 1


def test_the_adapter_opens_it_with_its_own_market() -> None:
    async def first_events() -> tuple[list[str], str]:
        venue = await adapter.open(setup(profile={"duration_s": 30}, speed=0))
        kinds = [event.kind async for event in venue.events()]
        return kinds, (await venue.snapshot()).__class__.__name__

    kinds, snapshot = asyncio.run(first_events())
    assert "quote" in kinds
    assert snapshot == "VenueSnapshot"
