"""What leaves within a second, by the venue's limits (fact sheet §7): 120 requests, two new connections."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from adapters.oanda.client import Client
from adapters.simulation.limits import RateLimit
from adapters.wire.budget import Urgency
from adapters.wire.clock import NANOS, ManualClock
from tests.adapters.oanda.payloads import FakeOanda, access, client_of
from tests.adapters.wire.rude_server import answer, serving


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


def test_exits_of_one_moment_do_not_each_wait_for_a_connection_of_their_own() -> None:
    """Time stands still, so that there is one connection and no other: two of the ten wait for theirs, the rest goes
    one after the other."""

    async def run() -> tuple[int, int]:
        async with serving(answer(200)) as venue:
            client = Client(access(address=venue.address), ManualClock())
            exits = [
                asyncio.create_task(client.write("PUT", f"/trades/{number}/close", {"units": "1"}, reduces=True))
                for number in range(10)
            ]
            with suppress(TimeoutError):
                async with asyncio.timeout(3):
                    while sum(each.done() for each in exits) < 8:
                        await asyncio.sleep(0.005)
            done = sum(each.done() for each in exits)
            for each in exits:
                each.cancel()
            await asyncio.gather(*exits, return_exceptions=True)
            await client.close()
            return done, venue.connections

    assert asyncio.run(run()) == (8, 1)
