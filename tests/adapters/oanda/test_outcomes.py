"""The proof obligation of the broker outcome protocol for OANDA, against the served simulator:

    {lost before accept, accepted and reply lost, 503 of a gateway, reply duplicated, reply late by 0.1 to 300 s, fill
     before ack} × {live on, live on without streams, restart in between} × {netting, hedging}
    × {entry, reduction of a side, close of one trade} × {filled, refused}, cancel against fill, and requests that a
      gateway doubles or holds back

For every one of them: the venue accepted at most one order for a decision, by its own ledger; the end that is told is
the end that the ledger has; and what was heard of trades adds up to the venue's own book.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import product
from typing import Any, Literal, NamedTuple

import pytest

from adapters.oanda.simulator.application import application
from adapters.oanda.simulator.options import Options
from adapters.oanda.simulator.venue import OandaVenue
from adapters.simulation.clock import WallClock
from adapters.simulation.server import Served
from adapters.wire.transport import Limits
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.adapters.oanda.world import ASK, BID, World, world

D = Decimal
Kind = Literal["entry", "reduction", "close"]
FAULTS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "lost before accept": [{"kind": "lose_request"}],
    "reply lost": [{"kind": "lose_reply"}],
    "refused by a gateway": [{"kind": "status", "status": 503}],
    "reply duplicated": [{"kind": "duplicate_reply"}],
    "late by 0.1 s": [{"kind": "delay_reply", "seconds": 0.1}],
    "late by 1 s": [{"kind": "delay_reply", "seconds": 1}],
    "late by 300 s": [{"kind": "delay_reply", "seconds": 300}],
    "fill before ack": [{"kind": "reorder_fill_before_ack", "seconds": 0.1}],
}
LOST = {"lost before accept", "refused by a gateway"}
TOO_LATE = {"late by 1 s", "late by 300 s"}
"""Later than these cases wait."""


class Case(NamedTuple):
    fault: str
    kind: Kind
    is_refused: bool
    is_restarted: bool
    is_hedging: bool
    are_streams_away: bool

    def __str__(self) -> str:
        words = [self.fault, self.kind, "refused" if self.is_refused else "filled"]
        words += ["hedging" if self.is_hedging else "netting"]
        words += ["restarted"] * self.is_restarted + ["streams away"] * self.are_streams_away
        return ", ".join(words)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    options = {"rate": "0", "streams": "100000", "currency": "USD", "balance": "100000", "read_lag": "0.3"}
    venue = OandaVenue(7, Options.of(options), WallClock())
    with Served(application(venue)) as served:
        yield served.address
        served.call(lambda: venue.clock.advance(400 * 10**9))  # replies that are held for 300 s, to nobody by now


def the_order(case: Case, trade: str) -> Order:
    """One that fills, or one that the venue refuses: too much margin, nothing to reduce, more than the trade has."""
    name = "redecision2"
    if case.kind == "entry":
        return Order(name, "EUR_USD", Side.LONG, D(90_000_000 if case.is_refused else 700))
    if case.kind == "reduction":
        side = Side.LONG if case.is_refused else Side.SHORT
        return Order(name, "EUR_USD", side, D(400), is_reduce_only=True, position_side=side.opposite)
    return Order(name, "EUR_USD", Side.SHORT, D(4000 if case.is_refused else 400), is_reduce_only=True, trade_id=trade)


async def play(address: str, case: Case) -> None:
    limits = Limits(deadline_s=20, write_deadline_s=0.5 if case.fault in TOO_LATE else 5.0, idle_s=2.0)
    async with world(address, is_hedging=case.is_hedging, limits=limits) as here:
        await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
        await here.hold(D(1000))
        order = the_order(case, next(iter(here.held())))
        below = f"/trades/{order.trade_id}/close" if order.trade_id else "/orders"
        for fault in FAULTS[case.fault]:
            await here.fault(below=below, **fault)
        if case.are_streams_away:
            await here.fault("drop_streams")
        await here.submit(order)
        if case.is_restarted:
            await asyncio.sleep(0.05)  # long enough for the request to be there, too short for late answers
            await here.die()
            await here.open(limits=limits)
        await here.until(lambda: here.is_over(order.id))
        await judge(here, case, order)


async def judge(here: World, case: Case, order: Order) -> None:
    there = await here.orders_there()
    ours = [row for row in there if (is_close_of(row, order) if order.trade_id else row["client_id"] == order.id)]
    assert len(ours) <= 1, "accepted(decision) ≤ 1"
    end = here.end_of(order.id)
    if ours:
        assert end == {"FILLED": "filled", "CANCELLED": "rejected"}[ours[0]["state"]]
        assert (end == "rejected") is case.is_refused
    elif end == "absent":
        # a busy machine may not get to send it within half a second, or not to read it before we hang up
        assert case.fault in LOST | TOO_LATE or case.is_restarted or here.has_said(order.id, "CONNECT")
    else:
        assert (end, case.is_refused) == ("rejected", True)  # a refusal makes no order
    assert not (case.fault in LOST and ours)
    await agree(here)
    assert len({fill.fill_id for fill in here.fills() if fill.order_id == order.id}) <= 1
    assert len(await here.orders_there()) == len(there), "nothing turns up after its end was told"


async def agree(here: World) -> None:
    """What was heard of trades, what the venue states to us, and what the simulator says add up to the same."""
    await here.until(lambda: here.venue._ledger.is_at(here.venue._ledger.cursor))
    book = await here.book()
    assert here.held() == book
    stated = await here.venue.snapshot()
    assert {t.id: t.units if t.side is Side.LONG else -t.units for t in stated.trades} == book


def is_close_of(row: dict[str, Any], order: Order) -> bool:
    """A close of one trade has no id: it is the only order of its size."""
    return not row["client_id"] and abs(D(str(row["units"]))) == order.units


CASES = [
    Case(fault, kind, is_refused, is_restarted, is_hedging, are_streams_away)
    for fault, kind, is_refused, is_restarted, is_hedging, are_streams_away in product(
        FAULTS, ("entry", "reduction", "close"), (False, True), (False, True), (False, True), (False, True)
    )
    if not (is_restarted and are_streams_away)  # a restart takes its streams along
]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_at_most_one_order_a_decision_and_the_venues_position(address: str, fault: str) -> None:
    run_all(address, [case for case in CASES if case.fault == fault], play)


def run_all(address: str, cases: list[Any], play_one: Callable[[str, Any], Any], at_once: int = 8) -> None:
    """All at once, each in an account of its own; every failure with the name of its case."""

    async def run() -> list[str]:
        room = asyncio.Semaphore(at_once)

        async def one(case: Any) -> str:
            async with room:
                try:
                    await play_one(address, case)
                except Exception as error:  # noqa: BLE001 - reported with its case
                    return f"{case}: {type(error).__name__} {error}"
            return ""

        return [found for found in await asyncio.gather(*(one(case) for case in cases)) if found]

    failures = asyncio.run(run())
    assert not failures, "\n".join(failures)


# --- cancel against fill --------------------------------------------------------------------------------------------

LIMIT = Order("relimit22", "EUR_USD", Side.LONG, D(500), type="limit", price=D("1.09900"))


class Race(NamedTuple):
    fault: str
    way: Literal["cancel first", "fill first", "together"]
    is_restarted: bool


async def race(address: str, case: Race) -> None:
    async with world(address) as here:
        await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
        await here.submit(LIMIT)
        await here.until(lambda: here.end_of(LIMIT.id) == "accepted")
        for fault in FAULTS[case.fault]:
            await here.fault(below="/orders/", method="PUT", **fault)
        fill = here.control("price", instrument="EUR_USD", bid="1.09880", ask="1.09890")
        if case.way == "cancel first":
            await here.cancel(LIMIT.id)
            await asyncio.sleep(0.05)
        elif case.way == "fill first":
            await fill
            await here.cancel(LIMIT.id)
        else:
            await asyncio.gather(fill, here.cancel(LIMIT.id))
        if case.is_restarted:
            await here.die()
            await here.open()
        if case.way == "cancel first":
            await fill
        await here.until(lambda: here.is_over(LIMIT.id))
        (there,) = [row for row in await here.orders_there() if row["client_id"] == LIMIT.id]
        assert here.end_of(LIMIT.id) == there["state"].lower()
        assert case.way != "fill first" or there["state"] == "FILLED"
        await agree(here)


@pytest.mark.parametrize("fault", ["nothing", "lost before accept", "reply lost", "reply duplicated", "late by 300 s"])
def test_a_cancel_that_races_a_fill_ends_as_the_venue_says(address: str, fault: str) -> None:
    """Trap 15: the cancel of what just filled is a 404, and the fill is what is told. One after the other, for they
    share one market."""
    ways: tuple[Any, ...] = ("cancel first", "fill first", "together")
    run_all(address, [Race(fault, way, again) for way in ways for again in (False, True)], race, at_once=1)


# --- a request that is doubled on its way ---------------------------------------------------------------------------


@pytest.mark.parametrize("is_hedging", [False, True])
def test_an_entry_that_a_proxy_doubles_opens_one_trade(address: str, is_hedging: bool) -> None:
    """Trap 3: the order's id protects against pending duplicates only. The trade's id, which entries carry too, is
    refused as long as the trade is open, so that the second one fills nothing and ends nothing of the first."""

    async def doubled(address: str, kind: str) -> None:
        async with world(address, is_hedging=is_hedging) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            await here.fault("duplicate_request", below="/orders")
            if kind == "market":
                await here.submit(Order("retwice", "EUR_USD", Side.LONG, D(700)))
            else:
                await here.submit(LIMIT)
            name = "retwice" if kind == "market" else LIMIT.id
            await here.until(lambda: here.end_of(name) in ("filled", "accepted"))
            await asyncio.sleep(0.1)
            assert here.end_of(name) == ("filled" if kind == "market" else "accepted")
            assert sum((await here.book()).values()) == (700 if kind == "market" else 0)
            await agree(here)

    run_all(address, ["market", "limit"], doubled, at_once=1)


# --- a request that is held back on its way -------------------------------------------------------------------------


@pytest.mark.parametrize("is_restarted", [False, True])
def test_an_entry_that_a_gateway_holds_back_is_not_absent_before_it_arrives(address: str, is_restarted: bool) -> None:
    """It arrives more than a second after it was given up, also where the process that sent it is gone: whoever was
    told `absent` before would have entered again."""

    async def held(address: str, is_hedging: bool) -> None:
        limits = Limits(deadline_s=20, write_deadline_s=0.5, idle_s=2.0)
        async with world(address, is_hedging=is_hedging, pace=4, limits=limits) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            before = await here.times_done("delay_request")
            await here.fault("delay_request", below="/orders", method="POST", seconds=10)
            entry = Order("relate", "EUR_USD", Side.LONG, D(700))
            await here.submit(entry)
            while await here.times_done("delay_request") == before:
                await asyncio.sleep(0.01)
            if is_restarted:
                await here.die()
                await here.open(limits=limits)
            await here.until(lambda: here.end_of(entry.id) == "unknown")
            await asyncio.sleep(0.3)  # 1.2 s of the adapter's clock
            await here.control("clock", advance_s=10)
            await here.until(lambda: here.is_over(entry.id))
            assert here.end_of(entry.id) == "filled"
            assert "absent" not in here.of(entry.id)
            await agree(here)

    run_all(address, [False, True], held, at_once=1)


# --- clocks that are apart ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [-300.0, 300.0])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_clock_that_is_wrong_by_minutes_changes_no_outcome(address: str, ahead_s: float, is_restarted: bool) -> None:
    """What was sent is found by its number and its id; only closes of an earlier process go by the clock, with what
    the venue's `Date` says of ours."""

    async def apart(address: str, kind: Kind) -> None:
        async with world(address, ahead_s=ahead_s) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            await here.hold(D(1000))
            case = Case("reply lost", kind, False, is_restarted, False, False)
            order = the_order(case, next(iter(here.held())))
            await here.fault("lose_reply", below="/trades/" if order.trade_id else "/orders")
            await here.submit(order)
            if is_restarted:
                await asyncio.sleep(0.1)
                await here.die()
                await here.open()
            await here.until(lambda: here.is_over(order.id))
            await judge(here, case, order)

    run_all(address, ["entry", "reduction", "close"], apart)
