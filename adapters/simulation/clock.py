"""A simulator's time: the wall's, moved by an offset, or one that a test moves by hand.

Whoever sleeps on a clock wakes when it is moved, so that an hour passes in no time. A clock belongs to the event loop
that serves the simulator; other threads move it through `/_control/clock` or `Served.call`.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

SECOND_NS = 1_000_000_000


class Clock(Protocol):
    """Nanoseconds since 1970, and sleeping until an instant of this clock."""

    def now_ns(self) -> int: ...

    def advance(self, ns: int) -> None:
        """Move it forward. Raises ValueError for a step back."""
        ...

    async def sleep_until(self, due_ns: int) -> None: ...


class _Moved:
    """Wakes every sleeper of a clock that was moved."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    async def wait(self, timeout_s: float | None) -> None:
        """Until the clock is moved, or so many seconds of the wall have passed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait((future,), timeout=timeout_s)
        finally:
            self._waiting.discard(future)

    def tell(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)


class WallClock:
    """The machine's clock and an offset."""

    def __init__(self) -> None:
        self._offset_ns = 0
        self._moved = _Moved()

    def now_ns(self) -> int:
        return time.time_ns() + self._offset_ns

    def advance(self, ns: int) -> None:
        self._offset_ns += _forward(ns)
        self._moved.tell()

    async def sleep_until(self, due_ns: int) -> None:
        while (left := due_ns - self.now_ns()) > 0:
            await self._moved.wait(left / SECOND_NS)


class ManualClock:
    """Stands still until it is advanced.

    >>> clock = ManualClock(5)
    >>> clock.advance(3)
    >>> clock.now_ns()
    8
    """

    def __init__(self, now_ns: int) -> None:
        self._now_ns = now_ns
        self._moved = _Moved()

    def now_ns(self) -> int:
        return self._now_ns

    def advance(self, ns: int) -> None:
        self._now_ns += _forward(ns)
        self._moved.tell()

    async def sleep_until(self, due_ns: int) -> None:
        while due_ns > self._now_ns:
            await self._moved.wait(None)


def _forward(ns: int) -> int:
    if ns < 0:
        raise ValueError("a simulator's clock goes forward only: give seconds of 0 or more")
    return ns
