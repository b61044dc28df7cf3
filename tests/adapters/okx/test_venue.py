"""The venue's own wiring against the simulator: pushes that break, what is missing, others' trades."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from adapters.okx.streams import Push
from adapters.wire.conflate import Received
from ruleengine.model.event import Fill, HoursWord, OrderStatus
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError
from tests.adapters.okx.playing import BTC, Ledger, Playing, Simulated, make_quick, opened, order, sent, simulated
from tests.adapters.okx.test_instruments import row as terms

ETH = "ETH-USDT-SWAP"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture(scope="module")
def venue() -> Iterator[Simulated]:
    with simulated() as found:
        yield found


def run(venue: Simulated, key: str, work: Any, **settings: Any) -> None:
    async def play() -> None:
        venue.control("faults/clear")
        venue.price()
        playing = await opened(venue, key, **settings)
        try:
            await playing.begin()
            await work(playing)
        finally:
            await playing.close()

    asyncio.run(play())


def test_a_push_that_breaks_is_logged_and_the_account_read_anew(venue: Simulated) -> None:
    """One row without what it must have; the next push is heard as ever."""

    async def work(playing: Playing) -> None:
        before = len(playing.book.statements)
        await _inject(
            playing,
            "private",
            Push("orders", "", [{"instId": BTC, "ordId": "1", "tradeId": "1", "fillSz": "1", "fillFee": "0"}]),
        )
        await _inject(playing, "public", Push("bbo-tbt", BTC, [{"bids": [["x"]], "asks": [["y"]], "ts": "1"}]))
        await playing.until(lambda: len(playing.book.statements) > before)
        one = order("o1", Side.LONG, "1")
        await playing.send(one)
        await playing.over(one)

    run(venue, "broken-push", work)


def test_an_instrument_whose_terms_change_is_told_as_closed(venue: Simulated) -> None:
    """A push of the instruments channel with another contract value; others' rows don't matter."""

    async def work(playing: Playing) -> None:
        rows = [terms("DOGE-USDT-SWAP", ctVal="7"), terms(ctVal="0.1")]
        await _inject(playing, "public", Push("instruments", "", rows))
        words = [each for each in playing.book.events if isinstance(each, HoursWord)]
        assert [(each.instrument, each.is_open) for each in words if "terms" in each.source] == [(BTC, False)]

    run(venue, "other-terms", work)


async def _inject(playing: Playing, name: str, push: Push) -> None:
    socket = playing.venue._sockets[name]
    socket.buffer.put(Received(1, push))
    await asyncio.sleep(0.01)


def test_a_reading_that_breaks_as_the_link_comes_back_is_made_again(venue: Simulated) -> None:
    """Given up, it would leave the account unheard for ever: nothing else says that the link is up."""

    async def work(playing: Playing) -> None:
        reconcile, errors = playing.venue._reconcile, [AttributeError("a row is no object"), VenueError("busy")]

        async def breaking() -> None:
            if errors:
                raise errors.pop(0)
            await reconcile()

        playing.venue._reconcile = breaking  # type: ignore[method-assign]
        venue.control("fault", kind="drop_streams", path="/ws/v5")
        await playing.until(lambda: ("account", True) in playing.book.links)
        assert not errors

    run(venue, "breaks-once", work)


def test_a_reading_that_breaks_is_made_again(venue: Simulated) -> None:
    """What was missed is still missing, and nothing else would ask for it while no order is out."""

    async def work(playing: Playing) -> None:
        teller, errors = playing.venue._desk.teller, [VenueError("busy")]
        fills, before = teller.fills, len(playing.book.statements)

        async def breaking(*some: Any) -> None:
            if errors:
                raise errors.pop(0)
            await fills(*some)

        teller.fills = breaking  # type: ignore[method-assign, assignment]
        teller.is_behind = True
        await playing.until(lambda: len(playing.book.statements) > before, seconds=20)
        assert not errors

    run(venue, "breaks-midway", work)


def test_a_reading_that_never_helps_is_done_less_and_less_often(venue: Simulated) -> None:
    """Behind for 60 s: read after 1, 2, 4, 8, 16 and 30 s more, not 60 times."""

    async def work(playing: Playing) -> None:
        teller = playing.venue._desk.teller
        before = len(playing.book.statements)
        for _ in range(60):
            teller.is_behind = True
            venue.skip(1)
            await asyncio.sleep(0.03)
        assert 3 <= len(playing.book.statements) - before <= 8

    run(venue, "never-helps", work)


def test_trades_of_others_in_other_instruments_are_stated_and_told(venue: Simulated) -> None:
    """ETH is not followed; a manual trade there is a foreign fill and part of the snapshot."""

    async def work(playing: Playing) -> None:
        venue.control("price", instrument=ETH, bid="3000", ask="3001", bid_size="1000", ask_size="1000")
        venue.control("trade", account="other-hands", instId=ETH, side="buy", sz="2")
        await playing.until(lambda: playing.book.filled.get("") == 2)
        (fill,) = [event for event in playing.book.events if isinstance(event, Fill)]
        assert (fill.instrument, fill.order_id, fill.trade_id) == (ETH, "", f"{ETH}:long")
        (trade,) = (await playing.venue.snapshot()).trades
        assert (trade.instrument, trade.units) == (ETH, Decimal(2))

    run(venue, "other-hands", work)


def test_a_resting_order_outlives_the_process_and_its_fills_come_to_the_next(venue: Simulated) -> None:
    """It fills in part before the end, in part while nobody is there, and the rest afterwards."""

    async def work(playing: Playing) -> None:
        one = order("rests1", Side.LONG, "3", type="limit", price=Decimal(59_900))
        await playing.send(one)
        await playing.until(lambda: OrderStatus.ACCEPTED in playing.book.updates.get("rests1", []))
        book = playing.book
        await playing.close()
        venue.price("59800", "59810", size="2")
        again = await opened(venue, "outlives", book)
        try:
            for event in await again.venue.recover([sent(one, venue, book)]):
                book.hear(event)
            await again.begin()
            venue.price("59790", "59800", size="2")
            await again.over(one)
            assert book.filled["rests1"] == 3
            assert book.positions() == venue.held("outlives") == {f"{BTC}:long": Decimal(3)}
            assert venue.accepted("rests1") == 1
        finally:
            await again.close()

    run(venue, "outlives", work)


def test_an_id_is_never_sent_twice(venue: Simulated) -> None:
    async def work(playing: Playing) -> None:
        one = order("twice1", Side.LONG, "1")
        for _ in range(2):
            await playing.send(one)
            await playing.over(one)
        await asyncio.sleep(0.05)
        assert venue.accepted("twice1") == 1

    run(venue, "sent-twice", work)


def test_quotes_are_conflated_while_nobody_listens_and_fills_are_not(venue: Simulated) -> None:
    async def play() -> None:
        venue.price()
        playing = await opened(venue, "slow-listener")
        try:
            await playing.venue.snapshot()
            stream, waiting = playing.venue.events(), playing.venue._out._waiting
            await anext(stream)
            for number in range(20):
                venue.price(str(60_000 + number), str(60_010 + number))
                one = order(f"slow{number}", Side.LONG, "1")
                await playing.send(one)
                await asyncio.sleep(0.02)
            await playing.until(lambda: 60_019.0 in {getattr(one.data, "bid", 0) for one in waiting.values()})
            book = Ledger()
            quotes = 0
            while book.filled.keys() != {f"slow{number}" for number in range(20)}:
                async with asyncio.timeout(5):
                    event = await anext(stream)
                quotes += event.kind == "quote"
                book.hear(event)
            assert quotes <= 2
            assert playing.venue._out.replaced > 0
        finally:
            await playing.close()

    asyncio.run(play())


@pytest.mark.parametrize(("fault", "end"), [("lose_reply", OrderStatus.ACCEPTED), ("lose_request", OrderStatus.ABSENT)])
def test_a_stop_without_an_answer_is_looked_up_and_never_sent_again(
    venue: Simulated, fault: str, end: OrderStatus
) -> None:
    """Its request can't be given an end, so it is absent only after 60 s."""

    async def work(playing: Playing) -> None:
        venue.control("fault", kind=fault, path="/api/v5/trade/order-algo", method="POST", count=1)
        name = "stop" + fault.replace("_", "")
        begun = venue.clock.monotonic()
        await playing.send(order(name, Side.LONG, "1", type="stop", price=Decimal(61_000)))
        await playing.until(lambda: playing.book.updates.get(name, [])[-1:] == [end])
        before = playing.book.updates[name][:-1]  # a push can be quicker than the loss
        assert before == [OrderStatus.UNKNOWN] or (fault == "lose_reply" and not before)
        assert (venue.clock.monotonic() - begun > 60) == (end is OrderStatus.ABSENT)
        stated = await playing.venue.snapshot()
        assert stated.open_orders == ((name,) if end is OrderStatus.ACCEPTED else ())

    run(venue, f"stop-{fault}", work)


@pytest.mark.parametrize(("environment", "works"), [("demo", True), ("live", False)])
def test_practice_is_the_venues_demo(environment: str, works: bool) -> None:
    """Trap 8: REST asks for the demo in a header, also where nothing is signed; 50101 says that the key is of the
    other one."""

    async def play(found: Simulated) -> None:
        playing = await opened(found, "demo-or-live")
        await playing.begin()
        await playing.close()

    with simulated(environment=environment) as found:
        if works:
            asyncio.run(play(found))
            return
        with pytest.raises(VenueError) as error:
            asyncio.run(play(found))
    assert error.value.code == "50101"


def test_funding_while_the_first_reading_is_made_is_counted(venue: Simulated) -> None:
    """Where the ledger begins is asked before the balance: what comes between the two is told, and the engine knows by
    the time of the balance whether that has it."""

    async def play() -> None:
        playing = await opened(venue, "begins-early")
        asked: list[str] = []
        read = playing.venue._api.get

        async def noted(path: str, *more: Any, **named: Any) -> Any:
            asked.append(path.rpartition("/")[2])
            return await read(path, *more, **named)

        playing.venue._api.get = noted  # type: ignore[method-assign]
        try:
            await playing.venue.snapshot()
        finally:
            await playing.close()
        assert asked.index("bills") < asked.index("balance")

    asyncio.run(play())
