"""What leaves for OANDA, once and in its turn, and what each answer to it comes to."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from adapters.oanda.venue import open_venue
from adapters.wire.clock import ManualClock
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSetup
from tests.adapters.oanda.payloads import access, cancelled, closing, created, filled, ok, rejected
from tests.adapters.oanda.playing import BUSY, CLOSE, ENTRY, FILLED, D, Run, fake_oanda, idle, played, sending
from tests.adapters.oanda.test_ledger import short
from tests.adapters.oanda.test_links import body, history


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
        (ok(400, errorMessage="Invalid value specified for 'instrument'"), "HTTP_400"),
        (ok(401), "HTTP_401"),
        (ok(403), "HTTP_403"),
        (ok(429), "HTTP_429"),
        (httpx.Response(400, content=b"<html>"), "HTTP_400"),
    ],
)
def test_refusals_without_a_transaction(answer: httpx.Response, code: str) -> None:
    """Plain 400s often have no `errorCode` (§5)."""
    fake = fake_oanda()
    fake.on("POST /orders", answer)
    assert sending(fake, ENTRY, 1) == [f"a rejected  {code}"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ok(503), "HTTP_503"),
        (ok(500), "HTTP_500"),
        (ok(201), "HTTP_201"),
        (httpx.Response(201, content=b"{"), "BODY"),
        (httpx.Response(302, headers={"location": "/"}), "REDIRECT"),
        (ok(201, orderCreateTransaction=created(101, "another")), "FOREIGN_ANSWER"),
    ],
)
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
        venue._tend = idle  # type: ignore[method-assign]
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
