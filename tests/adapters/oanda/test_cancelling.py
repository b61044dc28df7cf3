"""Taking orders back, and asking how they stand, against answers written here."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from adapters.oanda.outbox import Outbox
from adapters.oanda.venue import open_venue
from adapters.wire.clock import ManualClock
from ruleengine.model.event import LinkChange
from ruleengine.model.order import Cancel, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError, VenueSetup
from tests.adapters.oanda.payloads import FakeOanda, access, cancelled, created, filled, ok
from tests.adapters.oanda.playing import ENTRY, D, Run, fake_oanda, idle, played
from tests.adapters.oanda.test_ledger import short
from tests.adapters.oanda.test_links import history

LIMIT = Order("a", "EUR_USD", Side.LONG, D(1000), type="limit", price=D("1.09"))
CANCEL = "PUT /orders/101/cancel"


def cancelling(fake: FakeOanda, number: int) -> list[str]:
    fake.on("POST /orders", ok(201, orderCreateTransaction=created(101, "a", kind="LIMIT_ORDER")))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.venue.submit(Cancel("a"), 0)  # at once: it waits for the order's own answer
        await run.until(number)

    return played(fake, work)


def test_a_cancel() -> None:
    fake = fake_oanda()
    fake.on(CANCEL, ok(orderCancelTransaction=cancelled(102, 101, "CLIENT_REQUEST", "a")))
    assert cancelling(fake, 2) == ["a accepted 101", "a cancelled 101 CLIENT_REQUEST"]


def test_a_cancel_of_what_just_filled_asks_for_the_fill() -> None:
    """Trap 15."""
    fake = fake_oanda()
    fake.on(
        CANCEL,
        ok(
            404,
            errorCode="ORDER_DOESNT_EXIST",
            orderCancelRejectTransaction={"id": "103", "type": "ORDER_CANCEL_REJECT"},
        ),
    )
    fake.on("GET /orders/101", ok(order={"id": "101", "state": "FILLED", "fillingTransactionID": "102"}))
    fake.on("GET /transactions/idrange", history(created(101, "a"), filled(102, 101, "a")))
    assert cancelling(fake, 2) == ["a accepted 101", "a opens 1000 of 102"]
    assert fake.count("PUT") == 1


def test_a_cancel_that_was_lost_is_repeated_for_it_can_do_nothing_twice() -> None:
    fake = fake_oanda()
    fake.on(CANCEL, ok(503), ok(orderCancelTransaction=cancelled(102, 101, "CLIENT_REQUEST", "a")))
    fake.on("GET /orders/101", ok(order={"id": "101", "state": "PENDING", "createTime": "1"}))
    assert cancelling(fake, 2) == ["a accepted 101", "a cancelled 101 CLIENT_REQUEST"]
    assert (fake.count("PUT"), fake.count("POST")) == (2, 1)


def test_a_cancel_is_repeated_until_the_order_has_ended_and_by_one_alone() -> None:
    """An outage of minutes: 503, 429, a connection that breaks, and answers that say nothing, twelve times."""
    pending = ok(order={"id": "101", "state": "PENDING", "createTime": "1"})
    fake = fake_oanda()
    fake.on(CANCEL, *[ok(503), ok(429), ok(200)] * 4, ok(orderCancelTransaction=cancelled(102, 101, "CLIENT_REQUEST")))
    fake.on("GET /orders/101", *[ok(500)] * 9, pending)
    fake.on("POST /orders", ok(201, orderCreateTransaction=created(101, "a", kind="LIMIT_ORDER")))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        for _ in range(3):
            await run.venue.submit(Cancel("a"), 0)
        await run.until(2)

    assert played(fake, work) == ["a accepted 101", "a cancelled 101 CLIENT_REQUEST"]
    assert fake.count("PUT") == 13


@pytest.mark.parametrize(("answers", "asked"), [((ok(429), ok(503), ok(404)), 3), ((ok(404),), 1), ((ok(200),), 1)])
def test_a_cancel_of_an_order_that_is_not_known_here_is_repeated_until_it_is_answered(
    answers: tuple[httpx.Response, ...], asked: int
) -> None:
    fake = fake_oanda()
    fake.on("PUT /orders/@web/cancel", *answers)

    async def work(run: Run) -> None:
        await run.venue.submit(Cancel("web"), 0)
        while run.venue._sending._tasks:
            await asyncio.sleep(0.005)

    assert played(fake, work) == []
    assert fake.count("PUT") == asked


@pytest.mark.parametrize("asks", ["cancel", "query"])
def test_while_a_request_is_on_its_way_its_absence_proves_nothing(asks: str) -> None:
    """The answer takes its time; meanwhile the venue knows nothing of the order, and that is not said."""
    fake = fake_oanda()
    fake.on("POST /orders", ok(201, orderCreateTransaction=created(101, "a", kind="LIMIT_ORDER")))
    fake.on("GET /orders/@a", ok(404))
    fake.on("GET /orders/101", ok(order={"id": "101", "state": "PENDING"}))
    fake.on(CANCEL, ok(orderCancelTransaction=cancelled(102, 101, "CLIENT_REQUEST", "a")))

    async def run() -> list[str]:
        answered = asyncio.Event()

        async def slow(request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                await answered.wait()
            return fake(request)

        setup, clock = VenueSetup({}, (), 0, access=access()), ManualClock(is_eager=True)
        venue = await open_venue(setup, clock=clock, via=httpx.MockTransport(slow))
        venue._tend = idle  # type: ignore[method-assign]
        run = Run(venue)
        listening = asyncio.create_task(run.listen())
        await run.send(LIMIT)
        await (venue.submit(Cancel("a"), 0) if asks == "cancel" else venue.query("a"))
        await asyncio.sleep(0.05)
        assert run.heard == []
        answered.set()
        await run.until(2 if asks == "cancel" else 1)
        await venue.close()
        await listening
        return [short(event) for event in run.heard]  # type: ignore[arg-type]

    assert asyncio.run(run())[0] == "a accepted 101"


def test_a_listener_that_stands_still_is_told_before_anything_is_lost() -> None:
    async def run() -> None:
        outbox = Outbox(lambda: 0)
        for number in range(25_000):
            outbox.tell(LinkChange(number, number, "account", True))
        with pytest.raises(VenueError, match="more events wait"):
            await outbox.take()

    asyncio.run(run())


# --- asking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"state": "PENDING"}, ["a accepted 101"]),
        ({"state": "FILLED", "fillingTransactionID": "102"}, ["a opens 1000 of 102"]),
        ({"state": "CANCELLED", "cancellingTransactionID": "103"}, ["a cancelled 101 CLIENT_REQUEST"]),
    ],
)
def test_a_query_tells_again_what_the_venue_says(row: dict[str, Any], said: list[str]) -> None:
    """The engine asks because it doubts: that it was told before is no reason to say nothing."""
    fake = fake_oanda()
    fake.on("POST /orders", ok(201, orderCreateTransaction=created(101, "a", kind="LIMIT_ORDER")))
    fake.on("GET /orders/101", ok(order={"id": "101", **row}))
    rows = [created(101, "a"), filled(102, 101, "a"), cancelled(103, 101, "CLIENT_REQUEST", "a")]
    fake.on("GET /transactions/idrange", history(*rows))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        for number in (2, 3):
            await run.venue.query("a")
            await run.until(number)

    assert played(fake, work) == ["a accepted 101", *said, *said]


def test_many_questions_for_one_unknown_order_are_one() -> None:
    """The engine asks every ten seconds, for as long as the venue is away."""
    fake = fake_oanda()
    fake.on("POST /orders", ok(500))
    fake.on("GET /orders/@a", ok(503))

    async def work(run: Run) -> None:
        await run.send(ENTRY)
        await run.until(1)
        for _ in range(50):
            await run.venue.query("a")
        await asyncio.sleep(0.02)
        assert len(run.venue._sending._tasks) == 1

    assert played(fake, work, ManualClock()) == ["a unknown  HTTP_500"]


def test_a_query_of_an_order_from_elsewhere() -> None:
    fake = fake_oanda()
    fake.on("GET /orders/@x", ok(order={"id": "55", "state": "PENDING", "createTime": "1"}))

    async def work(run: Run) -> None:
        await run.venue.query("x")
        await run.until(1)
        await run.venue.query("y")
        await run.until(2)

    assert played(fake, work) == ["x accepted 55", "y unknown  NOT_PENDING"]
