"""At most one accepted order per decision, and the venue's position is ours: over the ways an order's answer can go
wrong, for entries and reductions, filled, filled in part and refused, in both position modes, with a restart in between
and without. What was accepted and what is held is read from the simulator's own ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest

from adapters.okx import api
from ruleengine.model.event import OrderStatus
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.adapters.okx.playing import BTC, Ledger, Playing, Simulated, make_quick, opened, order, sent, simulated

MODES = ("net_mode", "long_short_mode")
LONG = f"{BTC}:long"
ORDER_PATH = "/api/v5/trade/order"
FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "lost before accept": {"kind": "lose_request"},
    "reply lost": {"kind": "lose_reply"},
    "reply duplicated": {"kind": "duplicate_reply"},
    "refused by a gateway": {"kind": "status", "status": 503},
    "reply late by 0.1 s": {"kind": "delay_reply", "seconds": 0.1},
    "reply late by 5 s": {"kind": "delay_reply", "seconds": 5},
    "reply late by 300 s": {"kind": "delay_reply", "seconds": 300},
    "fill before ack": {"kind": "reorder_fill_before_ack"},
}
NEVER_ARRIVED = ("lost before accept", "refused by a gateway")


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that is not there within 0.6 s of the wall is not waited for; a busy machine may need half of it."""
    monkeypatch.setattr(api, "WRITE_S", 0.6)
    make_quick(monkeypatch)


@pytest.fixture(scope="module", params=MODES)
def venue(request: pytest.FixtureRequest) -> Iterator[Simulated]:
    with simulated(position_mode=request.param, depth="1") as found:
        yield found


async def restarted(playing: Playing, key: str, venue: Simulated, book: Ledger, *open_orders: Order) -> Playing:
    """The process ends and another begins, with what a journal has."""
    await playing.close()
    again = await opened(venue, key, book)
    for event in await again.venue.recover([sent(one, venue, book) for one in open_orders]):
        book.hear(event)
    await again.begin()
    return again


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restart"])
@pytest.mark.parametrize("kind", ["entry", "reduce"])
@pytest.mark.parametrize("fault", FAULTS)
def test_at_most_one_accepted_order_and_the_same_position(
    venue: Simulated, fault: str, kind: str, restarts: bool
) -> None:
    """Filled, filled in part and refused, one after the other on one account."""
    key = _word(f"key {fault} {kind} {restarts}")

    async def play() -> None:
        book = Ledger()
        playing = await opened(venue, key, book)
        try:
            await playing.begin()
            for result in ("fill", "partial", "reject"):
                playing = await _decide(venue, playing, key, fault, kind, result, restarts)
        finally:
            await playing.close()

    asyncio.run(play())


async def _decide(
    venue: Simulated, playing: Playing, key: str, fault: str, kind: str, result: str, restarts: bool
) -> Playing:
    """One decision: 3 contracts. Before a reduction 5 are bought; what the market shows bounds a part to 2."""
    book, is_entry = playing.book, kind == "entry"
    one = order(_word(f"{result}{fault}{kind}{restarts}"), Side.LONG if is_entry else Side.SHORT, "3",
                is_reduce_only=not is_entry)  # fmt: skip
    venue.control("faults/clear")
    venue.price()
    if not is_entry:
        first = order(_word(f"x{one.id}"), Side.LONG, "5")
        await playing.send(first)
        await playing.over(first)
    before = book.held.get(LONG, Decimal(0))
    if result == "partial":
        venue.price(size="2")
    if result == "reject":
        venue.control("fault", kind="reject", path=ORDER_PATH, method="POST", code="51008", count=2)
    if FAULTS[fault]:
        venue.control("fault", path=ORDER_PATH, method="POST", count=1, **FAULTS[fault])
    await playing.send(one)
    if restarts:
        await asyncio.sleep(0.02)
        playing = await restarted(playing, key, venue, book, *(() if book.is_over(one) else (one,)))
    if fault == "reply late by 300 s":
        await asyncio.sleep(0.1)
        venue.control("clock", advance_s=300)
    await playing.over(one)
    accepted, told = venue.accepted(one.id), book.updates[one.id]
    assert accepted <= 1
    amount = {"fill": Decimal(3), "partial": Decimal(2), "reject": Decimal(0)}[result]
    # A request that never arrived is the end of an entry. A reduction is sent once more, unless its process has ended.
    if fault in NEVER_ARRIVED and (is_entry or restarts) and not accepted:
        amount = Decimal(0)
        assert told[-1] is OrderStatus.ABSENT
    else:
        assert accepted == (result != "reject"), book.events
    await _holds(venue, playing, key, before + amount if is_entry else before - amount)
    assert told.count(OrderStatus.ACCEPTED) <= 1 + restarts
    if fault in NEVER_ARRIVED and not restarts:
        assert told[0] is OrderStatus.UNKNOWN  # at once: nothing was proved yet
    return playing


async def _holds(venue: Simulated, playing: Playing, key: str, left: Decimal) -> None:
    """So many contracts are held: by the venue's ledger, by the fills that were told, by the snapshot."""
    expected = {LONG: left} if left else {}
    assert venue.held(key) == expected
    assert playing.book.positions() == expected
    stated = await playing.venue.snapshot()
    assert {trade.id: trade.units for trade in stated.trades} == expected


def _word(text: str) -> str:
    """An id or key of letters and digits, its own for each text."""
    kept = "".join(filter(str.isalnum, text))
    return f"{kept[:20]}{crc32(text.encode()):08x}"


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restart"])
@pytest.mark.parametrize("race", ["fill first", "cancel first", "together"])
@pytest.mark.parametrize("fault", ["none", "lost before accept", "reply lost", "reply late by 300 s"])
@pytest.mark.parametrize("kind", ["entry", "reduce"])
def test_a_cancel_that_races_a_fill_ends_in_the_venues_position(
    venue: Simulated, kind: str, fault: str, race: str, restarts: bool
) -> None:
    """A limit order rests; the market reaches its price while it is being cancelled."""
    key = _word(f"race {kind} {fault} {race} {restarts}")
    is_entry = kind == "entry"
    side, price = (Side.LONG, "59900") if is_entry else (Side.SHORT, "60100")
    one = order(key, side, "3", type="limit", price=Decimal(price), is_reduce_only=not is_entry)

    def reach() -> None:
        venue.price("59800", "59810") if is_entry else venue.price("60200", "60210")

    async def play() -> None:
        venue.control("faults/clear")
        venue.price()
        book = Ledger()
        playing = await opened(venue, key, book)
        try:
            await playing.begin()
            if not is_entry:
                first = order(f"x{key}", Side.LONG, "5")
                await playing.send(first)
                await playing.over(first)
            await playing.send(one)
            await playing.until(lambda: OrderStatus.ACCEPTED in book.updates.get(one.id, []))
            if FAULTS[fault]:
                venue.control("fault", path="/api/v5/trade/cancel-order", method="POST", count=1, **FAULTS[fault])
            if race == "fill first":
                reach()
            await playing.cancel(one.id)
            if race == "together":
                reach()
            if restarts:
                open_orders = () if book.is_over(one) else (one,)
                playing = await restarted(playing, key, venue, book, *open_orders)
                if not book.is_over(one):
                    await playing.cancel(one.id)  # the rule still wants it gone
            if fault == "reply late by 300 s":
                await asyncio.sleep(0.05)
                venue.control("clock", advance_s=300)
            await playing.over(one)
            filled = book.filled.get(one.id, Decimal(0))
            assert venue.accepted(one.id) == 1
            assert filled in (Decimal(0), Decimal(3))
            if race != "together":
                assert filled == (Decimal(3) if race == "fill first" else Decimal(0))
            await _holds(venue, playing, key, filled if is_entry else 5 - filled)
        finally:
            await playing.close()

    asyncio.run(play())
