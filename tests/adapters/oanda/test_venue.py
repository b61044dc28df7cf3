"""Opening an account, sending, asking and closing, against answers written here."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.oanda import adapter
from adapters.oanda.outbox import Outbox
from adapters.oanda.venue import OandaVenue, open_venue
from adapters.wire.clock import ManualClock
from adapters.wire.transport import Limits
from ruleengine.model.event import Event, LinkChange
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, Finding, VenueError, VenueSetup
from tests.adapters.oanda.payloads import (
    ACCOUNT,
    TOKEN,
    FakeOanda,
    access,
    account_row,
    cancelled,
    closing,
    created,
    filled,
    ok,
    rejected,
)  # fmt: skip
from tests.adapters.oanda.test_ledger import short
from tests.adapters.oanda.test_links import body, history

D = Decimal
ENTRY = Order("a", "EUR_USD", Side.LONG, D(1000))
CLOSE = Order("a", "EUR_USD", Side.SHORT, D(400), trade_id="7", is_reduce_only=True)
FILLED = ok(201, orderCreateTransaction=created(101, "a"), orderFillTransaction=filled(102, 101, "a"))
Work = Callable[["Run"], Coroutine[Any, Any, None]]


def fake_oanda(**more: Any) -> FakeOanda:
    """An account that can be opened and whose streams say nothing."""
    return FakeOanda({
        "GET !/accounts": ok(accounts=[{"id": ACCOUNT, "tags": []}]),
        "GET /summary": ok(account=account_row(**more), lastTransactionID="100"),
        "GET /transactions/stream": body(), "GET /pricing/stream": body(), "GET /transactions/sinceid": history(),
    })  # fmt: skip


class Run:
    def __init__(self, venue: OandaVenue) -> None:
        self.venue, self.heard = venue, list[Event]()

    async def send(self, order: Order) -> None:
        await self.venue.submit(Cleared(order, "i"), 0)

    async def listen(self) -> None:
        async for event in self.venue.events():
            if not isinstance(event, LinkChange):
                self.heard.append(event)

    async def until(self, number: int) -> None:
        async with asyncio.timeout(5):
            while len(self.heard) < number:
                await asyncio.sleep(0.005)


def played(fake: FakeOanda, work: Work, clock: ManualClock | None = None) -> list[str]:
    """What is told, without the links."""

    async def run() -> list[str]:
        setup = VenueSetup({}, (), 0, access=access())
        venue = await open_venue(
            setup, clock=clock or ManualClock(is_eager=True), via=httpx.MockTransport(fake), limits=Limits(deadline_s=5)
        )
        venue._tend = _nothing  # type: ignore[method-assign]  # an eager clock would have it run without end
        run = Run(venue)
        listening = asyncio.create_task(run.listen())
        try:
            await work(run)
        finally:
            await venue.close()
            await listening
        return [short(event) for event in run.heard]  # type: ignore[arg-type]

    return asyncio.run(run())


async def _nothing() -> None:
    await asyncio.Event().wait()


def sending(fake: FakeOanda, order: Order, number: int) -> list[str]:
    async def work(run: Run) -> None:
        await run.send(order)
        await run.until(number)

    return played(fake, work)


# --- opening --------------------------------------------------------------------------------------------------------


def refusal(fake: FakeOanda, given: Access | None = None) -> VenueError:
    async def run() -> VenueError:
        with pytest.raises(VenueError) as caught:
            await open_venue(
                VenueSetup({}, (), 0, access=given or access()), clock=ManualClock(is_eager=True),
                via=httpx.MockTransport(fake),
            )  # fmt: skip
        return caught.value

    return asyncio.run(run())


def test_refused_access_says_what_to_do() -> None:
    fake = FakeOanda({"GET !/accounts": ok(401, errorMessage="Insufficient authorization to perform request.")})
    error = refusal(fake)
    assert (error.code, error.is_final) == ("HTTP_401", True)
    assert "OANDA_TOKEN" in error.remedy
    assert TOKEN not in f"{error!r} {error} {error.remedy}"


def test_an_account_that_the_token_may_not_use_is_refused_with_those_that_it_may() -> None:
    fake = FakeOanda({"GET !/accounts": ok(accounts=[{"id": "001-001-1-001"}, {"id": "001-001-1-002"}])})
    assert "001-001-1-001, 001-001-1-002" in str(refusal(fake))
    assert "none of them is named" in str(refusal(fake, access(account_id="")))


def test_the_only_account_needs_no_name() -> None:
    async def run() -> str:
        setup = VenueSetup({}, (), 0, access=access(account_id=""))
        venue = await open_venue(setup, clock=ManualClock(), via=httpx.MockTransport(fake_oanda()))
        stated = await venue.account()
        await venue.close()
        return stated.id

    assert asyncio.run(run()) == ACCOUNT


@pytest.mark.parametrize("given", [{}, {"token": SecretStr("  ")}])
def test_no_token_no_request(given: dict[str, SecretStr]) -> None:
    fake = FakeOanda()
    assert refusal(fake, access(secrets=given)).remedy == "set OANDA_TOKEN"
    assert fake.asked == []


def test_keys_never_leave_in_the_clear() -> None:
    assert refusal(FakeOanda(), access(address="http://api.example.com")).code == "address"


def test_importing_the_adapter_costs_nothing_and_it_says_what_it_needs() -> None:
    assert [secret.name for secret in adapter.secrets] == ["token"]
    assert adapter.capabilities.needs_network
    assert adapter.simulated(VenueSetup({}, (), 0)) is None
    assert adapter.instruments(["EUR_USD"]) == ()


# --- sending --------------------------------------------------------------------------------------------------------


def test_a_201_that_filled_and_one_that_did_not() -> None:
    """Trap 1."""
    fake = fake_oanda()
    fake.on("POST /orders", FILLED)
    assert sending(fake, ENTRY, 2) == ["a accepted 101", "a opens 1000 of 102"]
    cancel = cancelled(102, 101, "MARKET_HALTED", "a")
    fake.on("POST /orders", ok(201, orderCreateTransaction=created(101, "a"), orderCancelTransaction=cancel))
    assert sending(fake, ENTRY, 2) == ["a accepted 101", "a rejected 101 MARKET_HALTED"]


@pytest.mark.parametrize(
    ("status", "code"), [(400, "INSUFFICIENT_MARGIN"), (400, "PRICE_PRECISION_EXCEEDED"), (404, "TRADE_DOESNT_EXIST")]
)
def test_a_refusal_is_told_once_with_the_venues_code_and_never_repeated(status: int, code: str) -> None:
    """Traps 2 and 6; item 10: what is refused is not sent again."""
    fake = fake_oanda()
    row = rejected(101, "a", code)
    fake.on("POST /orders", ok(status, orderRejectTransaction=row, errorCode=code, errorMessage="no"))
    fake.on("GET /transactions/stream", body(row))  # the stream tells of it too
    assert sending(fake, ENTRY, 1) == [f"a rejected  {code}"]
    assert fake.count("POST") == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ok(400, errorMessage="Invalid value specified for 'instrument'"), "HTTP_400"), (ok(401), "HTTP_401"),
        (ok(403), "HTTP_403"), (ok(429), "HTTP_429"), (httpx.Response(400, content=b"<html>"), "HTTP_400"),
    ],
)  # fmt: skip
def test_refusals_without_a_transaction(answer: httpx.Response, code: str) -> None:
    """Plain 400s often have no `errorCode` (§5)."""
    fake = fake_oanda()
    fake.on("POST /orders", answer)
    assert sending(fake, ENTRY, 1) == [f"a rejected  {code}"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ok(503), "HTTP_503"), (ok(500), "HTTP_500"), (ok(201), "HTTP_201"),
        (httpx.Response(201, content=b"{"), "BODY"),
        (httpx.Response(302, headers={"location": "/"}), "REDIRECT"),
        (ok(201, orderCreateTransaction=created(101, "another")), "FOREIGN_ANSWER"),
    ],
)  # fmt: skip
def test_what_does_not_tell_is_unknown_at_once_and_then_asked_for(answer: httpx.Response, code: str) -> None:
    fake = fake_oanda()
    fake.on("POST /orders", answer)
    fake.on("GET /orders/@a", ok(404))
    assert sending(fake, ENTRY, 2) == [f"a unknown  {code}", "a absent  ABSENT"]
    assert fake.count("POST") == 1


def test_nobody_there_proves_that_it_was_not_sent() -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    fake = fake_oanda()
    fake.on("POST /orders", nobody)
    assert sending(fake, ENTRY, 1) == ["a absent  CONNECT"]


def test_a_refused_duplicate_is_asked_for_not_believed() -> None:
    """Trap 3: the first one may be there."""
    fake = fake_oanda()
    row = rejected(103, "a", "CLIENT_ORDER_ID_ALREADY_EXISTS")
    fake.on("POST /orders", ok(400, orderRejectTransaction=row, errorCode="CLIENT_ORDER_ID_ALREADY_EXISTS"))
    fake.on("GET /orders/@a", ok(404))
    fake.on("GET /transactions/sinceid", history(created(101, "a"), filled(102, 101, "a"), row))
    assert [line for line in sending(fake, ENTRY, 2) if "unknown" not in line] == [
        "a accepted 101",
        "a opens 1000 of 102",
    ]


def test_an_order_id_is_never_sent_twice() -> None:
    fake = fake_oanda()
    fake.on("POST /orders", FILLED)

    async def work(run: Run) -> None:
        await run.send(ENTRY)
        await run.until(2)
        await run.send(ENTRY)
        await asyncio.sleep(0.02)

    assert played(fake, work) == ["a accepted 101", "a opens 1000 of 102"]
    assert fake.count("POST") == 1


def test_what_oanda_has_no_order_for_is_refused_here() -> None:
    order = Order("a", "EUR_USD", Side.SHORT, D(10), type="limit", price=D(1), trade_id="7")
    fake = fake_oanda()
    assert sending(fake, order, 1) == ["a rejected  UNSUPPORTED"]
    assert fake.count("POST") + fake.count("PUT") == 0


def test_a_resting_order_whose_time_is_over_is_not_sent() -> None:
    order = Order("a", "EUR_USD", Side.LONG, D(10), type="limit", price=D(1), expires_ns=5)
    fake = fake_oanda()
    assert sending(fake, order, 1) == ["a expired  EXPIRED"]
    assert fake.count("POST") == 0


def test_one_trade_is_closed() -> None:
    part = {"tradeID": "7", "units": "-400", "price": "1.1", "realizedPL": "2"}
    fake = fake_oanda()
    fake.on(
        "PUT /trades/7/close",
        ok(orderCreateTransaction=closing(101, "7", "400"), orderFillTransaction=filled(102, 101, tradesClosed=[part])),
    )
    assert sending(fake, CLOSE, 2) == ["a accepted 101", "a reduces 400 of 7"]
    assert fake.body() == {"units": "400"}


def test_the_answer_to_the_close_before_is_not_that_to_this_one() -> None:
    """Two parts of one trade, alike. The first answer came twice, and is what the second close hears."""
    part = {"tradeID": "7", "units": "-400", "price": "1.1", "realizedPL": "2"}
    first = [closing(101, "7", "400"), filled(102, 101, units="-400", tradeReduced=part)]
    second = [closing(103, "7", "400"), filled(104, 103, units="-400", tradesClosed=[part])]
    fake = fake_oanda()
    fake.on("PUT /trades/7/close", ok(orderCreateTransaction=first[0], orderFillTransaction=first[1]))

    async def work(run: Run) -> None:
        await run.send(CLOSE)
        await run.until(2)
        fake.on("GET /transactions/sinceid", history(*first, *second))
        await run.send(replace(CLOSE, id="b"))
        await run.until(5)

    assert played(fake, work) == [
        "a accepted 101", "a reduces 400 of 7", "b unknown  FOREIGN_ANSWER", "b accepted 103", "b reduces 400 of 7",
    ]  # fmt: skip


# --- turns --------------------------------------------------------------------------------------------------------


def queued(pause_s: float) -> tuple[list[str], list[str]]:
    """An entry and then a reduction while the venue wants quiet: what reached it, in order, and what was told."""
    fake, reached = fake_oanda(), list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        name = json.loads(request.content)["order"]["clientExtensions"]["id"]
        reached.append(name)
        refused = rejected(100 + len(reached), name, "ACCOUNT_LOCKED")
        return ok(400, errorCode="ACCOUNT_LOCKED", orderRejectTransaction=refused)

    async def work() -> list[str]:
        clock = ManualClock()
        setup = VenueSetup({}, (), 0, access=access())
        venue = await open_venue(setup, clock=clock, via=httpx.MockTransport(fake))
        venue._tend = _nothing  # type: ignore[method-assign]
        run = Run(venue)
        listening = asyncio.create_task(run.listen())
        await asyncio.sleep(0.02)
        venue._client.budget.pause(pause_s)
        await run.send(ENTRY)
        await run.send(Order("exit", "EUR_USD", Side.SHORT, D(10), is_reduce_only=True))
        await clock.advance(pause_s + 1)
        await run.until(2)
        await venue.close()
        await listening
        return [short(event) for event in run.heard]  # type: ignore[arg-type]

    fake.on("POST /orders", answer)
    return reached, asyncio.run(work())


def test_exits_leave_before_entries_that_were_sent_first() -> None:
    assert queued(2.0)[0] == ["exit", "a"]


def test_an_entry_gives_up_its_turn_after_five_seconds_and_an_exit_never_does() -> None:
    reached, told = queued(30.0)
    assert reached == ["exit"]
    assert told == ["a absent  QUEUE", "exit rejected  ACCOUNT_LOCKED"]


BUSY = ok(429, errorMessage="Rate limit exceeded")


def test_an_exit_that_a_busy_venue_did_not_look_at_is_sent_again() -> None:
    """OANDA promises no `Retry-After` (§7): a second of quiet after each."""
    part = {"tradeID": "7", "units": "-400", "price": "1.1", "realizedPL": "2"}
    done = ok(
        orderCreateTransaction=closing(101, "7", "400"), orderFillTransaction=filled(102, 101, tradesClosed=[part])
    )
    clock, fake = ManualClock(is_eager=True), fake_oanda()
    fake.on("PUT /trades/7/close", BUSY, BUSY, done)

    async def work(run: Run) -> None:
        before = clock.monotonic()
        await run.send(CLOSE)
        await run.until(2)
        assert clock.monotonic() - before == pytest.approx(2.0)

    assert played(fake, work, clock) == ["a accepted 101", "a reduces 400 of 7"]
    assert fake.count("PUT") == 3


def test_an_exit_is_not_sent_again_for_ever_and_an_entry_not_at_all() -> None:
    """At 0, 1, … 30 s; by then what there is to close may be another."""
    fake = fake_oanda()
    fake.on("PUT /trades/7/close", BUSY)
    fake.on("POST /orders", BUSY)
    assert sending(fake, CLOSE, 1) == ["a rejected  HTTP_429"]
    assert fake.count("PUT") == 31
    assert sending(fake, ENTRY, 1) == ["a rejected  HTTP_429"]
    assert fake.count("POST") == 1


# --- cancelling -----------------------------------------------------------------------------------------------------

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
        venue._tend = _nothing  # type: ignore[method-assign]
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


def findings(fake: FakeOanda) -> list[Finding]:
    found: list[Finding] = []

    async def work(run: Run) -> None:
        found.extend(await run.venue.check())

    played(fake, work)
    return found


def test_doctor_finds_an_account_in_order() -> None:
    fake = fake_oanda(hedgingEnabled=True)
    date = {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}  # where `ManualClock` stands
    fake.on("GET !/accounts", httpx.Response(200, json={"accounts": [{"id": ACCOUNT}]}, headers=date))
    found = findings(fake)
    assert {(each.subject, each.state) for each in found} == {
        (name, "ok") for name in ("token", "clock", "account", "margin", "book", "rates")
    }
    assert "hedging, in USD" in next(each.found for each in found if each.subject == "account")


def test_doctor_finds_what_is_wrong() -> None:
    fake = fake_oanda(marginCloseoutPercent="0.75")
    listing = ok(accounts=[{"id": ACCOUNT}])
    late = httpx.Response(
        200, json={"accounts": [{"id": "1-1-1-1"}]}, headers={"date": "Thu, 01 Jan 2026 00:00:09 GMT"}
    )
    fake.on("GET !/accounts", listing, late)
    found = {each.subject: each for each in findings(fake)}
    assert (found["token"].state, found["clock"].state, found["margin"].state) == ("failed", "failed", "warning")
    assert "9.0 s behind" in found["clock"].found
    assert all(each.remedy for each in found.values() if each.state != "ok")


def test_doctor_at_a_busy_venue() -> None:
    fake = fake_oanda()
    fake.on("GET !/accounts", ok(accounts=[{"id": ACCOUNT}]), BUSY)
    (found,) = findings(fake)
    assert (found.subject, found.state, found.remedy) == ("rates", "failed", "see what else runs here")


def test_doctor_without_a_date_and_with_a_refusal() -> None:
    fake = fake_oanda()
    fake.on("GET !/accounts", ok(accounts=[{"id": ACCOUNT}]), ok(401, errorMessage="Insufficient authorization"))
    fake.on("GET /summary", ok(account=account_row(), lastTransactionID="100"), ok(403, errorMessage="Forbidden"))
    found = {each.subject: each for each in findings(fake)}
    assert (found["token"].state, found["clock"].state, found["account"].state) == ("failed", "warning", "failed")


def test_no_secret_is_written_whatever_fails(logged: io.StringIO) -> None:
    """Every failing path with debugging on; the token is nowhere in logs, events or errors."""
    fake = fake_oanda()
    echo = {"errorMessage": f"bad header Authorization: Bearer {TOKEN}"}
    fake.on("POST /orders", ok(500, **echo), ok(400, **echo))
    fake.on("GET /orders/@a", ok(403, **echo), ok(404, **echo))
    fake.on("GET /transactions/stream", ok(401, **echo), body(b"not json " + TOKEN.encode() + b"\n"))

    async def work(run: Run) -> None:
        await run.send(ENTRY)
        await run.until(2)
        await run.send(Order("b", "EUR_USD", Side.LONG, D(1)))
        await run.until(3)
        texts.append(repr(run.heard) + repr(run.venue.__dict__) + repr(run.venue._client.__dict__))

    texts: list[str] = []
    told = played(fake, work)
    assert "b rejected  HTTP_400" in told
    assert "can't ask for an order yet" in logged.getvalue()
    assert TOKEN not in logged.getvalue() + texts[0]
