"""The time of a run over a network."""

from __future__ import annotations

import asyncio
import time

SET_BACK_NS = 1_000_000_000
"""A machine's clock that loses more than this between two looks was set back; less is a correction in small steps."""


class WallClock:
    """Meets `ports.clock.Clock`: the machine's own time, that never goes back. Where the clock is set back, time goes
    on from where it was: ages and timers would stand still otherwise, and an old price pass for a fresh one. That it
    is apart from the venue's then is found by the next answer (RE512)."""

    def __init__(self) -> None:
        self._ahead = 0
        self._last, self._steady = time.time_ns(), time.monotonic_ns()

    def now_ns(self) -> int:
        steady, wall = time.monotonic_ns(), time.time_ns() + self._ahead
        lost = self._last + steady - self._steady - wall
        if lost > SET_BACK_NS:
            self._ahead += lost
            wall += lost
        self._last, self._steady = max(self._last, wall), steady
        return self._last

    async def sleep_until_ns(self, ts: int) -> None:
        await asyncio.sleep(max((ts - self.now_ns()) / 1e9, 0.0))
