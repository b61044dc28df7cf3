"""What leaves within a second, by the venue's limits (fact sheet §7): 120 requests, two new connections."""

from __future__ import annotations

import asyncio

import pytest

from adapters.simulation.limits import RateLimit
from adapters.wire.budget import Urgency
from adapters.wire.clock import NANOS, ManualClock
from tests.adapters.oanda.payloads import FakeOanda, client_of


@pytest.mark.parametrize(
    ("of", "limit"),
    [("budget", RateLimit(100, 1.0)), ("_connections", RateLimit(2, 1.09))],
    ids=["requests: the documents advise 100", "connections: by the venue they may come closer than they left"],
)
def test_no_second_has_more_than_the_venue_lets_in(of: str, limit: RateLimit) -> None:
    """One after the other, as fast as they get their turn."""

    async def run() -> list[bool]:
        clock = ManualClock(is_eager=True)
        client = client_of(FakeOanda(), clock)
        let_in = []
        for _ in range(4 * limit.count):
            await getattr(client, of).take(Urgency.EXIT)
            let_in.append(limit.take("here", round(clock.monotonic() * NANOS)))
        await client.close()
        return let_in

    assert all(asyncio.run(run()))
