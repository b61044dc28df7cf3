"""The adapter's whole day against the served simulator: start, look back, prices, trade, protect, reduce, close, lose
the connection, restart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from adapters.oanda.simulator import simulator
from adapters.simulation.server import Served
from ruleengine.model.event import BarEvent, CashChange, LinkChange, Quote, Reconciliation
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError
from tests.adapters.oanda.world import ASK, BID, World, of_kind, world

D = Decimal
MINUTE = 60_000_000_000


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    options = {"rate": "0", "streams": "1000", "currency": "USD", "balance": "100000", "margin_rate": "0.02"}
    with Served(simulator.app(11, options)) as served:
        yield served.address


async def buy(here: World, name: str, units: int, **more: Any) -> str:
    """A market entry; the number of the trade that it opened."""
    await here.submit(Order(name, "EUR_USD", Side.LONG, D(units), **more))
    await here.until(lambda: here.end_of(name) == "filled")
    return next(fill.trade_id for fill in here.fills() if fill.order_id == name)


def quotes(here: World) -> list[tuple[str, float, float]]:
    return [(event.instrument, event.bid, event.ask) for event in here.heard if isinstance(event, Quote)]


@pytest.mark.parametrize("is_hedging", [False, True])
def test_a_whole_day(address: str, is_hedging: bool) -> None:
    async def day() -> None:
        async with world(address, is_hedging=is_hedging) as here:
            venue = here.venue
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)

            # what the account is, by its own word
            stated = await venue.account()
            assert (stated.id, stated.currency) == (here.account_id, "USD")
            assert stated.mode == ("hedging" if is_hedging else "netting")
            (eur_usd,) = await venue.instruments(["EUR_USD", "NO_SUCH"])
            assert (eur_usd.pip, eur_usd.tick, eur_usd.lot) == (D("0.0001"), D("0.00001"), D(1))
            assert {finding.state for finding in await venue.check()} <= {"ok"}

            # look-back: closed minutes, oldest first, bid and ask
            now = here.clock.now_ns()
            bars = [bar async for bar in venue.history("EUR_USD", MINUTE, now - 30 * MINUTE, now)]
            assert all(isinstance(bar, BarEvent) and bar.ask_ohlc is not None for bar in bars)
            closes = [bar.ts for bar in bars]
            assert closes == sorted(set(closes))
            assert len(closes) >= 25
            assert closes[-1] <= now

            # prices
            await here.until(lambda: ("EUR_USD", 1.1, 1.1001) in quotes(here))

            # an entry with a protective stop: units, price and protection as the venue has them
            trade = await buy(
                here, "reentry", 1000, stop=D("1.09500"), target=D("1.12000"), strategy="trend", pocket="core"
            )
            assert here.of("reentry") == ["accepted", "fill 1000"]
            (held,) = (await venue.snapshot()).trades
            assert (held.id, held.client_id, held.tag, held.pocket) == (trade, "reentry", "trend", "core")
            assert (held.side, held.units, held.price) == (Side.LONG, D(1000), D("1.10010"))
            assert (held.stop, held.target) == (D("1.09500"), D("1.12000"))

            # less of that trade: sold at the bid, 0.00010 below what was paid, for 400 units: −0.04 USD
            await here.submit(Order("reless", "EUR_USD", Side.SHORT, D(400), trade_id=trade, is_reduce_only=True))
            await here.until(lambda: here.end_of("reless") == "filled")
            (less,) = [fill for fill in here.fills() if fill.order_id == "reless"]
            assert (less.opens, less.trade_id, less.price, less.realised) == (False, trade, D("1.10000"), D("-0.0400"))

            # the stop does the rest at 1.09490: 600 × (1.09490 − 1.10010) = −3.12
            await here.control("price", instrument="EUR_USD", bid="1.09490", ask="1.09500")
            await here.until(lambda: not here.held())
            stopped = here.fills()[-1]
            assert (stopped.order_id, stopped.reason, stopped.opens, stopped.units) == ("", "stop", False, D(600))
            assert stopped.realised == D("-3.1200")
            assert (await venue.snapshot()).balance == D("100000") - D("0.04") - D("3.12")
            assert await here.book() == {}

    asyncio.run(day())


def test_a_side_is_reduced_oldest_first_and_never_turned(address: str) -> None:
    async def run() -> None:
        async with world(address) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            first, second = await buy(here, "reone", 100), await buy(here, "retwo", 200)
            await here.submit(Order("reducing", "EUR_USD", Side.SHORT, D(150), is_reduce_only=True))
            await here.until(lambda: here.end_of("reducing") == "filled")
            parts = [(f.trade_id, f.units, f.opens) for f in here.fills() if f.order_id == "reducing"]
            assert parts == [(first, D(100), False), (second, D(50), False)]

            # more than is left: the venue refuses it, or takes only what is there; nothing opens
            await here.submit(Order("toomuch", "EUR_USD", Side.SHORT, D(500), is_reduce_only=True))
            await here.until(lambda: here.is_over("toomuch"))
            book = await here.book()
            assert all(units >= 0 for units in book.values())
            assert here.held() == book

    asyncio.run(run())


def test_a_reversal_on_a_netting_account_is_two_fills(address: str) -> None:
    async def run() -> None:
        async with world(address) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            long = await buy(here, "relong", 100)
            await here.submit(Order("returned", "EUR_USD", Side.SHORT, D(250)))
            await here.until(lambda: here.end_of("returned") == "filled")
            closed, opened = [fill for fill in here.fills() if fill.order_id == "returned"]
            assert (closed.trade_id, closed.opens, closed.units) == (long, False, D(100))
            assert (opened.opens, opened.units, opened.side) == (True, D(150), Side.SHORT)
            assert await here.book() == {opened.trade_id: D(-150)}

    asyncio.run(run())


def test_a_restart_finds_what_happened_while_it_was_away(address: str) -> None:
    """A resting order fills and another does not, while nobody listens; a third is cancelled by hand."""

    async def run() -> None:
        async with world(address) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            for name, price in (("refills", "1.09900"), ("rerests", "1.05000"), ("retaken", "1.04000")):
                await here.submit(Order(name, "EUR_USD", Side.LONG, D(300), type="limit", price=D(price)))
                await here.until(lambda name=name: here.end_of(name) == "accepted")  # type: ignore[misc]
            assert set((await here.venue.snapshot()).open_orders) == {"refills", "rerests", "retaken"}
            await here.die()
            await here.control("price", instrument="EUR_USD", bid="1.09880", ask="1.09890")
            headers = {"Authorization": f"Bearer {here.token}"}
            path = f"/v3/accounts/{here.account_id}/orders/@retaken/cancel"
            assert (await here.person.put(path, headers=headers)).status_code == 200
            before = len(here.heard)
            await here.open()
            assert here.end_of("refills") == "filled"
            assert here.end_of("retaken") == "cancelled"
            assert here.end_of("rerests") == "accepted"
            assert len(here.heard) > before
            assert here.held() == await here.book()
            assert set(here.begun_with.open_orders) == {"rerests"}

            await here.cancel("rerests")  # and the order of the earlier process is still ours to cancel
            await here.until(lambda: here.end_of("rerests") == "cancelled")

    asyncio.run(run())


def test_streams_that_drop_cost_nothing(address: str) -> None:
    """What happens while they are away is told first, then the whole account, then that it is up."""

    async def run() -> None:
        async with world(address) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            await buy(here, "rebefore", 100)
            await here.fault("drop_streams")
            await here.control("trade", account=here.account_id, instrument="EUR_USD", units="70")
            await here.until(lambda: bool(here.reconciliations()) and here.is_linked() and here.is_linked("prices"))
            assert here.held() == await here.book()
            kinds = [
                e.kind for e in here.heard if e.kind in ("link", "fill", "reconciliation") and not _is_of_prices(e)
            ]
            assert kinds[-1] == "link"
            assert kinds.index("reconciliation") > max(i for i, kind in enumerate(kinds) if kind == "fill")
            whole = here.reconciliations()[0].snapshot
            assert {trade.id: trade.units for trade in whole.trades} == await here.book()

    asyncio.run(run())


def _is_of_prices(event: Any) -> bool:
    return isinstance(event, LinkChange) and event.channel == "prices"


def test_events_that_come_twice_count_once(address: str) -> None:
    async def run() -> None:
        async with world(address) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            await here.fault("duplicate_events", below="/transactions", count=50)
            for number in range(3):
                await buy(here, f"renumber{number}", 100)
            await here.control("transfer", account=here.account_id, amount="250")
            await here.until(lambda: bool(of_kind(here.heard, "cash")))
            await asyncio.sleep(0.1)
            assert [e.amount for e in here.heard if isinstance(e, CashChange)] == [D(250)]
            assert len([e for e in here.heard if e.kind == "fill"]) == 3

    asyncio.run(run())


def test_while_orders_are_out_the_whole_account_is_told_now_and_then(address: str) -> None:
    async def run() -> None:
        async with world(address) as here:
            await here.control("price", instrument="EUR_USD", bid=BID, ask=ASK)
            order = Order("rerests", "EUR_USD", Side.LONG, D(300), type="limit", price=D("1.05"))
            await here.submit(order)
            await here.until(lambda: bool(here.reconciliations()))
            event = here.reconciliations()[0]
            assert isinstance(event, Reconciliation)
            assert event.snapshot.open_orders == ("rerests",)

    asyncio.run(run())


@pytest.mark.parametrize("refusal", ["cancel", "reject"])
def test_the_operators_situation_is_refused_once_and_not_repeated(refusal: str) -> None:
    """Item 10 and fact sheet §14: 40,000 short and 20,000 long of USD_JPY on a hedging account worth some 303,000 JPY.
    Margin counts the larger side: 50,000 × 154.2 × 0.04 = 308,400 is more than there is; a buy of 10,000 raises the
    smaller side only and costs no margin."""

    async def run(address: str) -> None:
        async with world(address, is_hedging=True, names=("USD_JPY",)) as here:
            await here.control("price", instrument="USD_JPY", bid="154.196", ask="154.204")
            for name, side, units in (("reshort", Side.SHORT, 40_000), ("relong", Side.LONG, 20_000)):
                await here.submit(Order(name, "USD_JPY", side, D(units)))
                await here.until(lambda name=name: here.end_of(name) == "filled")  # type: ignore[misc]
            await here.submit(Order("resell", "USD_JPY", Side.SHORT, D(10_000)))
            await here.until(lambda: here.is_over("resell"))
            assert here.end_of("resell") == "rejected"
            assert here.has_said("resell", "INSUFFICIENT_MARGIN")  # trap 2: the same word either way
            await here.submit(Order("rebuy", "USD_JPY", Side.LONG, D(10_000)))
            await here.until(lambda: here.end_of("rebuy") == "filled")
            asked = [row for row in await here.orders_there() if row["client_id"] == "resell"]
            assert len(asked) <= 1
            assert sorted((await here.book()).values()) == [-40_000, 10_000, 20_000]  # trap 14: both sides stand

    options = {"rate": "0", "currency": "JPY", "balance": "303000", "margin_rate": "0.04", "margin_refusal": refusal}
    with Served(simulator.app(3, options)) as served:
        asyncio.run(run(served.address))


def test_a_wrong_key_is_refused_with_a_remedy(address: str) -> None:
    async def run() -> None:
        async with world(address) as here:
            here.account_id = "101-001-9999999-001"
            with pytest.raises(VenueError) as caught:
                await here.open()
            assert caught.value.is_final
            assert caught.value.remedy

    asyncio.run(run())
