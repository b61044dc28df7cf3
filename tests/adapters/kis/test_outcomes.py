"""At most one accepted order a decision, and the venue's position at the end, over all interleavings (issue 4, item 9).

What goes wrong on the way × side × what the exchange does with the order × a restart in between. Orders are counted
by the simulator's own ledger; the position is what was held before and every fill heard, each number once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from adapters.kis.simulator.simulator import KisSimulator
from adapters.simulation.server import Served
from ruleengine.model.event import Fill, OrderUpdate, Reconciliation
from ruleengine.model.order import Order
from ruleengine.ports.venue import SentOrder
from tests.adapters.kis.servers import Desk, QuickClock, held

Market = tuple[Served, QuickClock, Iterator[int]]
HELD = 20
"""Shares of the account before."""
UNITS = 10
ORDER_PATH = "/uapi/domestic-stock/v1/trading/order-cash"

FAULTS: dict[str, dict[str, Any] | None] = {
    "nothing goes wrong": None,
    "request lost": {"kind": "lose_request"},
    "reply lost": {"kind": "lose_reply"},
    "reply twice": {"kind": "duplicate_reply"},
    "reply 0.1 s late": {"kind": "delay_reply", "seconds": 0.1},
    "reply 300 s late": {"kind": "delay_reply", "seconds": 300},
    "fill before reply": {"kind": "reorder_fill_before_ack"},
    "gateway timeout": {"kind": "status", "status": 500, "body": '{"rt_cd":"1","msg_cd":"EGW00301","msg1":""}'},
}
PRICES = {"buy": (71_900, 72_000), "sell": (71_900, 72_000)}


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    """One simulator for all cases; each has an account and a key of its own."""
    clock = QuickClock(pace=60)
    app = KisSimulator().app(7, {"mock_per_s": "0", "step_ms": "5000", "holdings": f"005930:{HELD}@70000"}, clock)
    with Served(app) as served:
        yield served, clock, count(10_000_001)


@asynccontextmanager
async def account(market: Market, folder: Path) -> AsyncIterator[Desk]:
    served, clock, numbers = market
    on = Desk(served, clock, folder, next(numbers))
    try:
        await started(on)
        yield on
    finally:
        await on.control("faults/clear")
        await on.close()


async def started(on: Desk) -> None:
    await on.open(deadline_s=1.0)
    await on.price(*PRICES["buy"])
    assert on.venue is not None
    await on.venue.snapshot()
    await on.follow()
    await on.until(lambda: any(isinstance(each, Reconciliation) for each in on.heard), "the first statement")


async def restarted(on: Desk, order: Order, sent_ns: int) -> None:
    """The process dies and another goes on from what the journal has: the order, its number if heard, its fills."""
    await on.leave()
    told = [e.venue_id for e in on.of() if isinstance(e, OrderUpdate) and e.venue_id]
    is_ended = any(status in ("rejected", "absent", "cancelled") for status in on.statuses())
    venue = await on.open(deadline_s=1.0)
    if not is_ended and on.filled() < UNITS:
        sent = SentOrder(order, sent_ns, told[0] if told else "", Decimal(on.filled()))
        on.heard += await venue.recover([sent])
    listed = (await venue.snapshot()).open_orders
    assert on.statuses()[-1:] != ["unknown"] or order.id not in listed, "what is in the list counts as accepted"
    await on.follow()


async def settled(on: Desk, expected: int) -> None:
    """Until the order's end is known: all that the exchange fills has been heard, or it is not there."""
    ends = ("rejected", "absent", "cancelled")
    await on.until(lambda: on.filled() >= expected or (on.statuses() or [""])[-1] in ends, "the order's end")


async def judged(on: Desk, side: str, *, accepted_max: int = 1) -> None:
    """The proof obligation."""
    orders = await on.orders()
    assert len(orders) <= accepted_max, orders
    fills = [e for e in on.of() if isinstance(e, Fill)]
    numbers = [fill.fill_id for fill in fills]
    assert len(set(numbers)) == len(numbers), numbers
    sign = 1 if side == "buy" else -1
    venue_says = await on.position()
    await on.until(lambda: HELD + sign * on.filled() == venue_says, f"all fills; the venue holds {venue_says}")
    assert on.venue is not None
    assert held(await on.venue.snapshot()) == venue_says
    assert on.statuses()[-1:] != ["unknown"], on.story()


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restart"])
@pytest.mark.parametrize("exchange", ["fills", "fills a part", "refuses"])
@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_decision_is_one_order_at_most(
    fault: str, side: str, exchange: str, restarts: bool, tmp_path: Path, market: Market
) -> None:  # fmt: skip
    async def course() -> None:
        async with account(market, tmp_path) as on:
            given = FAULTS[fault]
            if given is not None:
                await on.control("fault", path=ORDER_PATH, **given)
            if exchange == "refuses":
                await on.control("fault", kind="reject", path=ORDER_PATH, code="APBK0952")
            price = None
            if exchange == "fills a part":
                await on.price(*PRICES[side], size=4)
                price = 72_000 if side == "buy" else 71_900
            sent_ns = on.clock.now_ns()
            order = await on.send(side, UNITS, price)
            if restarts:
                await asyncio.sleep(0.15)
                await restarted(on, order, sent_ns)
            if exchange == "fills a part":
                await settled(on, 1)
                if on.statuses()[-1] not in ("absent", "rejected"):
                    await on.cancel()
                    await settled(on, UNITS)
            else:
                await settled(on, UNITS)
            if fault == "reply 300 s late":
                await on.control("clock", advance_s=300)
            await judged(on, side)
            if fault == "request lost":
                assert await on.orders() == []
                assert restarts or on.story() == ["unknown", "absent"]
            elif exchange == "fills" and fault != "gateway timeout" and not restarts:
                assert on.filled() == UNITS

    asyncio.run(course())


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restart"])
@pytest.mark.parametrize("size", [4, 1_000], ids=["a part fills", "all fills"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_cancel_and_a_fill_at_once(side: str, size: int, restarts: bool, tmp_path: Path, market: Market) -> None:
    async def course() -> None:
        async with account(market, tmp_path) as on:
            sent_ns = on.clock.now_ns()
            order = await on.send(side, UNITS, 71_000 if side == "buy" else 73_000)
            await on.until(lambda: on.statuses()[-1:] == ["accepted"], "the order")
            meets = (70_900, 71_000) if side == "buy" else (73_000, 73_100)
            await asyncio.gather(on.cancel(), on.price(*meets, size=size))
            if restarts:
                await restarted(on, order, sent_ns)
                await on.cancel()
            await settled(on, UNITS)
            await judged(on, side)

    asyncio.run(course())
