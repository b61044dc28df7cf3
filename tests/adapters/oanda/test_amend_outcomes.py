"""The proof obligation of the broker outcome protocol for changes of an order that rests, against the served simulator:

    {lost before accept, accepted and reply lost, 503 of a gateway, request doubled, reply duplicated, reply late by
     0.1 to 300 s, held back by a gateway} × {live on, live on without streams, restart in between} × {netting, hedging}
    × {entry, reduction} × {units, price}, and each of them against a fill and against a cancel

For every one of them: one order was accepted, at most one took its place, and at most one rests; what we hold of it is
what the venue has; the change is told once where it was made; and trades add up to the venue's own book.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
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
from tests.adapters.oanda.test_outcomes import agree, run_all
from tests.adapters.oanda.world import ASK, BID, World, world

D = Decimal
FAULTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "lost before accept": {"kind": "lose_request"},
    "reply lost": {"kind": "lose_reply"},
    "refused by a gateway": {"kind": "status", "status": 503},
    "request doubled": {"kind": "duplicate_request"},
    "reply duplicated": {"kind": "duplicate_reply"},
    "late by 0.1 s": {"kind": "delay_reply", "seconds": 0.1},
    "late by 1 s": {"kind": "delay_reply", "seconds": 1},
    "late by 300 s": {"kind": "delay_reply", "seconds": 300},
    "stream before reply": {"kind": "reorder_fill_before_ack", "seconds": 0.1},
    "refused": {"kind": "reject", "code": "ACCOUNT_LOCKED"},
}
NEVER_DONE = {"lost before accept", "refused by a gateway", "refused"}
TOO_LATE = {"late by 1 s", "late by 300 s"}
LIMITS = Limits(deadline_s=20, write_deadline_s=0.6, idle_s=2.0)
"""Where a reply is to come too late."""
PATIENT = Limits(deadline_s=20, write_deadline_s=5.0, idle_s=2.0)
ENTRY = Order("rerests", "EUR_USD", Side.LONG, D(500), type="limit", price=D("1.09900"))
EXIT = Order(
    "rerests", "EUR_USD", Side.SHORT, D(500), type="stop", price=D("1.05000"), is_reduce_only=True,
    position_side=Side.LONG,
)  # fmt: skip


class Case(NamedTuple):
    fault: str
    is_exit: bool
    is_price: bool
    way: Literal["live", "streams away", "restarted", "restarted later"]
    is_hedging: bool


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    options = {"rate": "0", "streams": "100000", "currency": "USD", "balance": "100000", "read_lag": "0.02"}
    venue = OandaVenue(7, Options.of(options), WallClock())
    with Served(application(venue)) as served:
        yield served.address
        served.call(lambda: venue.clock.advance(400 * 10**9))  # replies that are held for 300 s, to nobody by now


async def rest(here: World, order: Order) -> str:
    """Have the order rest; its number."""
    await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
    await here.submit(order)
    await here.until(lambda: here.end_of(order.id) == "accepted")
    (row,) = await here.rows_there(order.id)
    return str(row["id"])


async def set_fault(here: World, fault: str, number: str) -> None:
    if FAULTS[fault]:
        await here.fault(below=f"/orders/{number}", method="PUT", **FAULTS[fault])


def limits_of(fault: str) -> Limits:
    return LIMITS if fault in TOO_LATE else PATIENT


async def restart(here: World, limits: Limits = LIMITS) -> None:
    await here.die()
    await here.open(limits=limits)


async def play(address: str, case: Case) -> None:
    limits = limits_of(case.fault)
    async with world(address, is_hedging=case.is_hedging, limits=limits) as here:
        order = EXIT if case.is_exit else ENTRY
        if case.is_exit:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            await here.hold(D(1000))
        number = await rest(here, order)
        await set_fault(here, case.fault, number)
        if case.way == "streams away":
            await here.fault("drop_streams")
        price = order.price - D("0.001") if case.is_price and order.price else None
        await here.venue.amend(order.id, None if case.is_price else D(300), price)
        if case.way != "restarted":
            await here.until(lambda: bool(here.amended(order.id)))
        before = 0
        if case.way.startswith("restarted"):
            await asyncio.sleep(0.05)  # long enough for the request to be there, too short for late answers
            await here.die()
            before = len(here.heard)
            await here.open(limits=limits)
        await judge(here, case, order, price, before)


async def judge(here: World, case: Case, order: Order, price: Decimal | None, before: int) -> None:
    """What rests is what we hold; then it is taken back, under whatever number it has. `before`: how much was heard
    before a restart; the record that it begins from has the old figures, so that each process tells of a change."""
    async with asyncio.timeout(15):
        while True:  # a request of the process that is gone may still be on its way through the server
            rows = await here.rows_there(order.id)
            (pending,) = [row for row in rows if row["state"] == "PENDING"]
            if here.figures(order.id) == rested(pending):
                break
            await asyncio.sleep(0.02)
    is_done = len(rows) == 2
    assert len(rows) <= 2, "one order, and one in its place"
    assert not (is_done and case.fault in NEVER_DONE)
    may_be_given_up = NEVER_DONE | TOO_LATE  # these before it was read, on a busy machine
    assert is_done or case.fault in may_be_given_up or case.way == "restarted" or here.has_said(order.id, "CONNECT")
    wanted = (order.units if case.is_price else D(300), price or order.price)
    assert rested(pending) == (wanted if is_done else (order.units, order.price))
    assert here.end_of(order.id) in ("accepted", "amended")
    for process in (here.heard[:before], here.heard[before:]):
        told = [each for each in here.amended(order.id) if each in process and (each.units, each.price) == wanted]
        assert len(told) <= is_done, "a change is told once"
    assert (pending["positionFill"] == "REDUCE_ONLY") is case.is_exit
    assert case.fault != "refused" or case.way.startswith("restarted") or here.has_said(order.id, "ACCOUNT_LOCKED")
    await here.cancel(order.id)
    await here.until(lambda: here.end_of(order.id) == "cancelled")
    assert not [row for row in await here.rows_there(order.id) if row["state"] == "PENDING"]
    await agree(here)


def rested(row: dict[str, Any]) -> tuple[Decimal, Decimal]:
    return abs(D(row["units"])), D(row["price"])


CASES = [
    Case(fault, is_exit, is_price, way, is_hedging)
    for fault, is_exit, is_price, way, is_hedging in product(
        FAULTS, (False, True), (False, True), ("live", "streams away", "restarted", "restarted later"), (False, True)
    )
    if is_exit or not is_hedging  # what an entry does on a hedging account is what it does on another
]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_one_order_rests_and_it_is_the_one_that_we_hold(address: str, fault: str) -> None:
    run_all(address, [case for case in CASES if case.fault == fault], play)


# --- against a fill, against a cancel ---------------------------------------------------------------------------------


class Race(NamedTuple):
    fault: str
    against: Literal["fill", "cancel"]
    way: Literal["change first", "change last", "together"]
    is_restarted: bool


async def race(address: str, case: Race) -> None:
    """Of an entry of 500 at 1.099, made one of 300: the price goes to it, or it is taken back."""
    limits = limits_of(case.fault)
    async with world(address, limits=limits) as here:
        number = await rest(here, ENTRY)
        await set_fault(here, case.fault, number)

        async def other() -> None:
            if case.against == "cancel":
                await here.cancel(ENTRY.id)
            else:
                await here.control("price", instrument="EUR_USD", bid="1.09880", ask="1.09890")

        if case.way == "change last":
            await other()
        change = asyncio.ensure_future(here.venue.amend(ENTRY.id, D(300)))
        if case.way == "change first":
            await change
            await asyncio.sleep(0.05)
        if case.way != "change last":
            await other()
        await change
        if case.is_restarted:
            await restart(here, limits)
            if case.against == "cancel" and not here.is_over(ENTRY.id):
                await here.cancel(ENTRY.id)  # nobody has it in mind any more
        await here.until(lambda: here.is_over(ENTRY.id))
        rows = await here.rows_there(ENTRY.id)
        assert len(rows) <= 2
        assert not [row for row in rows if row["state"] == "PENDING"]
        filled = sum(abs(D(row["units"])) for row in rows if row["state"] == "FILLED")
        assert here.filled(ENTRY.id) == filled <= D(500)
        assert here.end_of(ENTRY.id) == ("filled" if filled else "cancelled")
        assert bool(filled) is (case.against == "fill")
        await agree(here)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "late by 1 s"])
@pytest.mark.parametrize("against", ["fill", "cancel"])
def test_a_change_that_crosses_a_fill_or_a_cancel(address: str, fault: str, against: Any) -> None:
    """Traps 8 and 15. Those against a fill one after the other, for they share one market."""
    ways: tuple[Any, ...] = ("change first", "change last", "together")
    cases = [Race(fault, against, way, again) for way in ways for again in (False, True)]
    run_all(address, cases, race, at_once=1 if against == "fill" else 6)


# --- held back by a gateway -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["nothing", "another change", "cancel", "restart"])
def test_a_change_that_a_gateway_holds_back_is_told_when_it_arrives(address: str, then: str) -> None:
    """It arrives long after it was given up: where the order has another number by then, or none, nothing happens."""

    async def held(address: str, is_exit: bool) -> None:
        async with world(address, pace=4, limits=LIMITS) as here:
            order = EXIT if is_exit else ENTRY
            if is_exit:
                await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
                await here.hold(D(1000))
            number = await rest(here, order)
            before = await here.times_done("delay_request")
            await here.fault("delay_request", below=f"/orders/{number}", method="PUT", seconds=10)
            await here.venue.amend(order.id, D(300))
            await here.until(lambda: bool(here.amended(order.id)))
            assert await here.times_done("delay_request") == before + 1
            assert here.figures(order.id) == (D(500), order.price)  # given up, and the venue has it as it was
            if then == "another change":
                await here.venue.amend(order.id, D(200))
                await here.until(lambda: here.figures(order.id)[0] == 200)
            elif then == "cancel":
                await here.cancel(order.id)
                await here.until(lambda: here.end_of(order.id) == "cancelled")
            elif then == "restart":
                await restart(here)
            await here.control("clock", advance_s=10)
            if then in ("nothing", "restart"):
                await here.until(lambda: here.figures(order.id)[0] == 300)
            await asyncio.sleep(0.1)
            rests = [rested(row)[0] for row in await here.rows_there(order.id) if row["state"] == "PENDING"]
            assert rests == {"another change": [D(200)], "cancel": []}.get(then, [D(300)])
            assert not rests or here.figures(order.id)[0] == rests[0]
            await agree(here)

    run_all(address, [False, True], held, at_once=1)


# --- somebody else ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_the_id", [True, False])
@pytest.mark.parametrize("way", ["live", "streams away", "restarted"])
def test_a_change_that_a_person_makes_is_told(address: str, way: str, keeps_the_id: bool) -> None:
    """Trap 8: in the broker's page, where our id goes. What fills under the new number is ours."""

    async def changed(address: str, is_hedging: bool) -> None:
        async with world(address, is_hedging=is_hedging, limits=LIMITS) as here:
            number = await rest(here, ENTRY)
            if way == "streams away":
                await here.fault("drop_streams")
            if way == "restarted":
                await here.die()
            asked: dict[str, Any] = {"type": "LIMIT", "instrument": "EUR_USD", "units": "700", "price": "1.09800"}
            if keeps_the_id:
                asked["clientExtensions"] = {"id": ENTRY.id}
            path, headers = f"/v3/accounts/{here.account_id}/orders/{number}", {"Authorization": f"Bearer {here.token}"}
            reply = await here.person.put(path, json={"order": asked}, headers=headers)
            assert reply.status_code == 201
            if way == "restarted":
                await here.open(limits=LIMITS)
            await here.until(lambda: here.figures(ENTRY.id) == (D(700), D("1.09800")))
            assert len(here.amended(ENTRY.id)) == 1
            await here.venue.amend(ENTRY.id, D(600))  # and it is still ours to change
            await here.until(lambda: here.figures(ENTRY.id)[0] == 600)
            await here.control("price", instrument="EUR_USD", bid="1.09780", ask="1.09790")
            await here.until(lambda: here.end_of(ENTRY.id) == "filled")
            assert here.filled(ENTRY.id) == D(600)
            await agree(here)

    run_all(address, [False, True], changed, at_once=1)
