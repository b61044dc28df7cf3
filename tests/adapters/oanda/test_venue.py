"""Opening an account, and keeping its token to ourselves, against answers written here."""

from __future__ import annotations

import asyncio
import io

import httpx
import pytest
from pydantic import SecretStr

from adapters.oanda import adapter
from adapters.oanda.venue import open_venue
from adapters.wire.clock import ManualClock
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, VenueError, VenueSetup
from tests.adapters.oanda.payloads import ACCOUNT, TOKEN, FakeOanda, access, ok
from tests.adapters.oanda.playing import ENTRY, D, Run, fake_oanda, played
from tests.adapters.oanda.test_links import body


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
