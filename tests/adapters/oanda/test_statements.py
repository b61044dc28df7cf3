"""The account as a whole: told in step with events, read anew on doubt, and a read that fails is told too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.oanda.ledger import Ledger
from adapters.oanda.sent import SentOrders
from adapters.oanda.statements import TRIES, Statements
from adapters.oanda.venue import open_venue
from adapters.wire.clock import ManualClock
from ruleengine.model.event import AccountRead, Event, Reconciliation, VenueEvent
from ruleengine.ports.venue import VenueError, VenueSetup
from tests.adapters.oanda.payloads import FakeOanda, access, account_row, at, client_of, filled, ok
from tests.adapters.oanda.playing import fake_oanda
from tests.adapters.oanda.test_links import beat, body, history

D = Decimal
NOW = ManualClock().now_ns()


def told_by(fake: FakeOanda, work: Callable[[Statements], Coroutine[Any, Any, Any]]) -> tuple[list[VenueEvent], Any]:
    async def run() -> tuple[list[VenueEvent], Any]:
        told: list[VenueEvent] = []
        client = client_of(fake)
        ledger = Ledger(SentOrders(), 100, told.append, lambda: NOW)
        try:
            return told, await work(Statements(client, ledger, told.append, lambda: NOW))
        finally:
            await client.close()

    return asyncio.run(run())


def summary(last: int, **more: Any) -> httpx.Response:
    return ok(account=account_row(**more), lastTransactionID=str(last))


def test_balance_and_margin_are_read() -> None:
    fake = FakeOanda({"GET /summary": summary(100, balance="303000", marginUsed="246720.0000")})
    told, is_told = told_by(fake, lambda statements: statements.read_account())
    assert (told, is_told) == ([AccountRead(NOW, NOW, D(303000), D(246720))], True)


def test_a_figure_that_is_missing_is_unknown_and_not_0() -> None:
    told, _ = told_by(FakeOanda({"GET /summary": summary(100, balance=None)}), lambda each: each.read_account())
    assert told == [AccountRead(NOW, NOW, None, D("22.0020"))]


def test_a_read_that_fails_is_told_and_raised() -> None:
    """FX-33."""

    async def work(statements: Statements) -> None:
        with pytest.raises(VenueError):
            await statements.read_account()

    told, _ = told_by(FakeOanda({"GET /summary": ok(503)}), work)
    assert told == [AccountRead(NOW, NOW, None, None, failed=True)]


def test_what_the_account_knows_more_is_told_first() -> None:
    fake = FakeOanda({
        "GET /summary": summary(102), "GET /transactions/sinceid": history(filled(101, 90, "x"), filled(102, 91, "y")),
    })  # fmt: skip
    told, is_told = told_by(fake, lambda statements: statements.read_account())
    assert [event.kind for event in told] == ["fill", "fill", "account"]
    assert is_told


def test_an_account_that_never_stands_still_is_not_told_of() -> None:
    """Each read is older than what was heard by then: it would take back what the engine knows."""
    fake = FakeOanda(
        {"GET /summary": summary(101), "GET /transactions/sinceid": history(filled(101, 1), filled(102, 2))}
    )
    told, is_told = told_by(fake, lambda statements: statements.read_account())
    assert not is_told
    assert "account" not in {event.kind for event in told}
    assert fake.count("GET", "summary") == TRIES


def test_fills_of_the_last_instant_are_counted_however_many_they_are() -> None:
    """120 fills stamped alike, beyond the fifty that are looked at first, and one before them."""
    rows = [filled(100, 1, time=at(1))] + [filled(number, 1, time=at(2)) for number in range(101, 221)]
    fake = FakeOanda({"GET ": ok(account=account_row(), lastTransactionID="220")})
    fake.on("GET /transactions/idrange", history(*rows))
    _, snapshot = told_by(fake, lambda statements: statements.snapshot())
    assert snapshot.counted == tuple(str(number) for number in range(101, 221))
    assert snapshot.ts == 1_767_225_602_000_000_001


def test_history_that_has_no_more_to_give_is_not_asked_for_ever_more() -> None:
    """A number far beyond what there is, as a damaged answer may state it."""
    fake = FakeOanda({"GET ": ok(account=account_row(), lastTransactionID="1000000000000")})
    fake.on("GET /transactions/idrange", ok(transactions=[filled(100, 1, time=at(2))]))
    _, snapshot = told_by(fake, lambda statements: statements.snapshot())
    assert snapshot.counted == ("100",)
    assert fake.count("GET", "idrange") == 1


@pytest.mark.parametrize(
    "row", [{"id": "101-001-1-002"}, {"trades": [{}]}, {"balance": ""}, {"trades": [{"id": "1"}]}, {"trades": "x"}]
)
def test_an_account_that_cannot_be_read_is_an_error_of_the_venue(row: dict[str, Any]) -> None:
    fake = FakeOanda({"GET ": ok(account=account_row(**row), lastTransactionID="100")})
    fake.on("GET /transactions/idrange", history(filled(100, 1)))

    async def work(statements: Statements) -> None:
        with pytest.raises(VenueError):
            await statements.snapshot()

    told_by(fake, work)


# --- now and then ---------------------------------------------------------------------------------------------------


def tended(fake: FakeOanda, seconds: float, steps: int = 40) -> tuple[list[Event], FakeOanda]:
    """What is told while so many seconds pass, a little at a time."""

    async def run() -> list[Event]:
        clock, heard = ManualClock(), list[Event]()
        opening = asyncio.create_task(
            open_venue(VenueSetup({}, (), 0, access=access()), clock=clock, via=httpx.MockTransport(fake))
        )
        venue = await opening

        async def listen() -> None:
            async for event in venue.events():
                heard.append(event)  # what was heard until the end counts

        listening = asyncio.create_task(listen())
        for _ in range(steps):
            await asyncio.sleep(0.002)
            await clock.advance(seconds / steps)
        await venue.close()
        await listening
        assert len(clock.pauses) < 10 * seconds, "it asks without pause"
        return heard

    return asyncio.run(run()), fake


def test_without_orders_only_balance_and_margin_are_read_each_minute() -> None:
    heard, fake = tended(fake_oanda(), 130)
    assert len([event for event in heard if isinstance(event, AccountRead)]) == 2
    assert fake.count("GET", access().account_id) == 0


def test_what_cannot_be_told_in_events_has_the_whole_account_read_at_once() -> None:
    """Trap 13: a kind of transaction that is not known here moved money."""
    fake = fake_oanda()
    strange = {"id": "101", "type": "DIVIDEND_ADJUSTMENT", "time": at(1), "accountBalance": "100012.5"}
    fake.on("GET /transactions/stream", body(strange, beat(101)))
    fake.on("GET ", ok(account=account_row(balance="100012.5"), lastTransactionID="101"))
    fake.on("GET /transactions/idrange", history(strange))
    heard, _ = tended(fake, 2)
    assert [e.snapshot.balance for e in heard if isinstance(e, Reconciliation)] == [D("100012.5")]


def test_while_the_link_is_down_nothing_is_asked_in_its_place() -> None:
    """The link reads the account itself when it comes up; doubt alone must not spin."""
    fake = fake_oanda()
    fake.on(
        "GET /transactions/stream", body({"id": "101", "type": "CLIENT_CONFIGURE", "time": at(1)}, "break"), ok(503)
    )
    heard, _ = tended(fake, 20)
    assert not [event for event in heard if isinstance(event, Reconciliation | AccountRead)]
    assert fake.count("GET", access().account_id) == 0
