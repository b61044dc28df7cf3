"""What history tells of a time in which nobody listened: as the stream would have told it, and what a start knows by
itself is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.oanda.fills import past_of
from adapters.oanda.simulator import simulator
from adapters.oanda.venue import open_venue
from adapters.simulation.server import Served
from ruleengine.model.event import CashChange, Event, Fill
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, VenueSetup
from tests.adapters.oanda.world import ASK, BID, World, world

D = Decimal


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    options = {"rate": "0", "streams": "1000", "currency": "USD", "balance": "100000", "margin_rate": "0.02"}
    with Served(simulator.app(12, options)) as served:
        yield served.address


def moved(events: Sequence[Event]) -> list[Fill | CashChange]:
    return [event for event in events if isinstance(event, Fill | CashChange)]


async def begun(here: World) -> int:
    """A payment, from which on history is asked; its time."""
    await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
    await here.control("transfer", account=here.account_id, amount="70")
    await here.until(lambda: len(moved(here.heard)) == 1)
    return moved(here.heard)[0].ts_event


async def entered(here: World, name: str, units: int, stop: Decimal | None = None) -> None:
    await here.submit(Order(name, "EUR_USD", Side.LONG, D(units), stop=stop))
    await here.until(lambda: here.end_of(name) == "filled")


async def restarted(here: World) -> None:
    """By a run whose record knows the end of every order."""
    here.sent.clear()
    await here.die()
    await here.open()


@pytest.mark.parametrize("is_hedging", [False, True])
def test_history_tells_what_the_stream_told(address: str, is_hedging: bool) -> None:
    """Ours with its protection, a person's trade and its closing, money in and out: the same but for when it came, and
    for the name of a close, which the venue keeps none of."""

    async def run() -> None:
        async with world(address, is_hedging=is_hedging) as here:
            since_ns = await begun(here)
            await entered(here, "paentry", 1000, stop=D("1.09500"))
            trade = here.fills()[-1].trade_id
            await here.submit(Order("paless", "EUR_USD", Side.SHORT, D(400), trade_id=trade, is_reduce_only=True))
            await here.until(lambda: here.end_of("paless") == "filled")
            await here.control("trade", account=here.account_id, instrument="EUR_USD", units="70")
            await here.control("price", instrument="EUR_USD", bid="1.09490", ask="1.09500")
            await here.until(lambda: set(here.held().values()) == {D(70)})
            await here.control("transfer", account=here.account_id, amount="-1000")
            await here.until(lambda: len(moved(here.heard)) == 6)
            heard = moved(here.heard)
            await restarted(here)
            past = list(await here.venue.past(since_ns))
            assert [replace(each, ts=0) for each in past] == [
                replace(each, ts=0, order_id="") if isinstance(each, Fill) and each.order_id == "paless"
                else replace(each, ts=0)
                for each in heard[1:]
            ]  # fmt: skip
            first, *others = await here.venue.past(since_ns - 1)
            assert (replace(first, ts=0), len(others)) == (replace(heard[0], ts=0), 5)

    asyncio.run(run())


def test_what_happened_while_nobody_listened(address: str) -> None:
    """The stop at 1.09490 takes 1,000 that cost 1.10010: −5.20."""

    async def run() -> None:
        async with world(address) as here:
            since_ns = await begun(here)
            await entered(here, "paalone", 1000, stop=D("1.09500"))
            trade = here.fills()[-1].trade_id
            (heard,) = here.fills()
            here.sent.clear()
            await here.die()
            await here.control("price", instrument="EUR_USD", bid="1.09490", ask="1.09500")
            for amount in ("250.50", "-1000"):
                await here.control("transfer", account=here.account_id, amount=amount)
            await here.open()
            again, stopped, paid, drawn = await here.venue.past(since_ns)
            assert isinstance(again, Fill)
            assert (again.fill_id, again.order_id) == (heard.fill_id, "paalone")
            assert isinstance(stopped, Fill)
            assert (stopped.trade_id, stopped.units, stopped.order_id) == (trade, D(1000), "")
            assert (stopped.price, stopped.realised, stopped.reason) == (D("1.09490"), D("-5.2000"), "stop")
            assert isinstance(paid, CashChange)
            assert isinstance(drawn, CashChange)
            assert (paid.amount, paid.reason) == (D("250.50"), "deposit")
            assert (drawn.amount, drawn.reason) == (D(-1000), "withdrawal")
            assert int(heard.fill_id) < int(stopped.fill_id) < int(paid.id) < int(drawn.id)
            assert here.begun_with.balance == D(100000) + D(70) - D("5.20") + D("250.50") - D(1000)

    asyncio.run(run())


def test_what_comes_once_it_is_opened_comes_by_events_alone(address: str) -> None:
    async def run() -> None:
        async with world(address) as here:
            since_ns = await begun(here)
            access = Access("practice", here.account_id, here.address, {"token": SecretStr(here.token)})
            later = await open_venue(VenueSetup({}, (), 0, access=access), clock=here.clock)
            try:
                await here.control("transfer", account=here.account_id, amount="5")
                await here.until(lambda: len(moved(here.heard)) == 2)
                assert await later.past(since_ns) == []
                (paid,) = await later.past(since_ns - 1)
                assert isinstance(paid, CashChange)
                assert paid.amount == D(70)
            finally:
                await later.close()

    asyncio.run(run())


def test_fills_of_orders_that_are_asked_for_are_told_by_that_alone(address: str) -> None:
    async def run() -> None:
        async with world(address) as here:
            since_ns = await begun(here)
            await entered(here, "paasked", 300)
            await entered(here, "paother", 200)
            del here.sent["paother"]
            before = len(here.heard)
            await here.die()
            await here.open()
            assert [each.order_id for each in here.heard[before:] if isinstance(each, Fill)] == ["paasked"]
            assert [each.order_id for each in await here.venue.past(since_ns) if isinstance(each, Fill)] == ["paother"]

    asyncio.run(run())


def test_what_a_followed_fill_was_charged_is_told(address: str) -> None:
    """What is told of an order is its fills alone. The simulator charges nothing with a fill: it is written in."""

    async def run() -> None:
        async with world(address) as here:
            since_ns = await begun(here)
            await entered(here, "pacharged", 300)
            number = here.fills()[-1].fill_id
            await here.die()
            await here.open()
            path = f"/v3/accounts/{here.account_id}/transactions/{number}"
            reply = await here.person.get(path, headers={"Authorization": f"Bearer {here.token}"})
            row = reply.json()["transaction"] | {"financing": "-0.5"}
            body = {"transactions": [row], "lastTransactionID": number}
            await here.fault("status", "/transactions/idrange", status=200, body=body)
            (charged,) = await here.venue.past(since_ns)
            assert isinstance(charged, CashChange)
            assert (charged.amount, charged.reason, charged.id) == (D("-0.5"), "financing", number)

    asyncio.run(run())


def test_what_a_fill_and_a_day_were_charged_is_among_it() -> None:
    """In the order of the history."""
    leg = {"tradeID": "5", "units": "-10", "realizedPL": "1.5", "price": "1.1"}
    rows: list[dict[str, Any]] = [
        {"id": "7", "type": "DAILY_FINANCING", "time": "2026-01-07T22:00:00.000000000Z", "financing": "-0.25"},
        {
            "id": "8", "type": "ORDER_FILL", "time": "2026-01-07T22:00:01.000000000Z", "instrument": "EUR_USD",
            "units": "-10", "price": "1.1", "reason": "STOP_LOSS_ORDER", "financing": "-0.5", "tradesClosed": [leg],
        },
    ]  # fmt: skip
    found = past_of(rows, 0, 9)
    assert [each.kind for each in found] == ["cash", "fill", "cash"]
    assert [each.amount for each in found if isinstance(each, CashChange)] == [D("-0.25"), D("-0.5")]
    at_ns = found[0].ts_event
    assert [each.kind for each in past_of(rows, at_ns, 9)] == ["fill", "cash"], "what is as old as that was told"
