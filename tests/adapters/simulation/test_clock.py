"""A simulator's time: moved by hand or by an offset; sleepers wake when it is moved."""

from __future__ import annotations

import asyncio
import time

import pytest

from adapters.simulation.clock import ManualClock, WallClock

HOUR = 3600 * 1_000_000_000


@pytest.mark.parametrize("clock", [ManualClock(0), WallClock()], ids=["manual", "wall"])
def test_who_sleeps_wakes_when_the_clock_is_moved(clock: ManualClock | WallClock) -> None:
    async def main() -> list[str]:
        woken: list[str] = []

        async def sleep(name: str, until: int) -> None:
            await clock.sleep_until(until)
            woken.append(name)

        start = clock.now_ns()
        tasks = [asyncio.create_task(sleep("hour", start + HOUR)), asyncio.create_task(sleep("day", start + 24 * HOUR))]
        await asyncio.sleep(0)
        clock.advance(2 * HOUR)
        await tasks[0]
        assert woken == ["hour"]
        clock.advance(24 * HOUR)
        await tasks[1]
        return woken

    assert asyncio.run(main()) == ["hour", "day"]


def test_the_wall_clock_is_the_machines() -> None:
    assert abs(WallClock().now_ns() - time.time_ns()) < HOUR


def test_a_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        ManualClock(5).advance(-1)
