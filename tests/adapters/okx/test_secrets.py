"""Nothing secret in logs, errors or reprs, whatever fails."""

from __future__ import annotations

import asyncio
import io

import httpx
import pytest
from pydantic import SecretStr

from adapters.okx.venue import connect
from adapters.wire.clock import ManualClock
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, VenueError, VenueSetup
from tests.adapters.okx.playing import make_quick, opened, order, simulated
from tests.adapters.okx.scripted import ok

SECRETS = ("canary-key-7f3a", "any-secret", "any-phrase")


def test_a_day_with_everything_that_fails_writes_no_secret(
    logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_quick(monkeypatch)

    async def course() -> str:
        with simulated() as venue:
            playing = await opened(venue, SECRETS[0])
            try:
                await playing.begin()
                for number, kind in enumerate(("lose_reply", "lose_request", "status")):
                    venue.control("fault", kind=kind, path="/api/v5/trade/order", method="POST", count=1)
                    one = order(f"o{number}", Side.LONG, "1")
                    await playing.send(one)
                    await playing.over(one)
                venue.control("fault", kind="drop_streams", path="/ws")
                await playing.until(lambda: ("account", True) in playing.book.links)
                return repr(playing.venue) + repr(playing.book) + repr(vars(playing.venue._api))
            finally:
                await playing.close()

    shown = asyncio.run(course()) + logged.getvalue()
    assert "no connection" in logged.getvalue()  # it did write
    for secret in SECRETS:
        assert secret not in shown


def test_a_venue_that_repeats_what_it_was_sent_is_not_repeated(logged: io.StringIO) -> None:
    """Its message holds key, passphrase and signature."""

    def echo(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/public/time"):
            return ok({"ts": "1767225600000"})
        return httpx.Response(401, json={"code": "50113", "msg": f"bad: {dict(request.headers)}"})

    secrets = dict(zip(("key", "secret", "passphrase"), (SecretStr(one) for one in SECRETS), strict=True))
    setup = VenueSetup({}, (), 1, access=Access(secrets=secrets))
    with pytest.raises(VenueError) as error:
        asyncio.run(connect(setup, clock=ManualClock(is_eager=True), via=httpx.MockTransport(echo)))
    shown = str(error.value) + repr(error.value) + logged.getvalue()
    assert "50113" in shown
    for secret in SECRETS:
        assert secret not in shown
