"""Time and pauses of an adapter, from one object, so that tests run without waiting."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Coroutine
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar

from ruleengine.ports.venue import VenueError

_T = TypeVar("_T")
NANOS = 1_000_000_000


class Clock(Protocol):
    """What adapters take. `now_ns` may jump (the system's wall); `monotonic` may not."""

    def now_ns(self) -> int:
        """UTC nanoseconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds since some instant; for distances only."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back when `seconds` have passed."""
        ...


class SystemClock:
    """The machine's own."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


async def soon(reading: Coroutine[Any, Any, _T], clock: Clock, limit_s: float) -> _T:
    """What is read, where it is there in time; VenueError (`timeout`) where it is not, and it is read no further. For
    what somebody would like to know who must not wait for it."""
    read, limit = asyncio.ensure_future(reading), asyncio.ensure_future(clock.sleep(limit_s))
    try:
        await asyncio.wait({read, limit}, return_when=asyncio.FIRST_COMPLETED)
        if read.done():
            return read.result()
        raise VenueError(f"no answer within {limit_s:g} s", code="timeout")
    finally:
        read.cancel()
        limit.cancel()


class ManualClock:
    """Time that a test moves. `is_eager`: a pause is over at once and moves the time by its length; else whoever
    sleeps waits for `advance`."""

    def __init__(self, start_ns: int = 1_767_225_600 * NANOS, *, is_eager: bool = False) -> None:
        self._ns = start_ns
        self._elapsed = 0.0
        self._is_eager = is_eager
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self.pauses: list[float] = []
        """Lengths of all pauses that were asked for, in order."""

    def now_ns(self) -> int:
        return self._ns

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self._is_eager:
            self._move(max(seconds, 0.0))
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._count, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move on, waking who is due in order of time, each at its own instant."""
        end = self._elapsed + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            self._move(max(due - self._elapsed, 0.0))
            if not woken.done():
                woken.set_result(None)
            await _settle()
        self._move(end - self._elapsed)

    def jump_ns(self, distance_ns: int) -> None:
        """Set the wall forward or back; nothing else passes."""
        self._ns += distance_ns

    def _move(self, seconds: float) -> None:
        self._elapsed += seconds
        self._ns += round(seconds * NANOS)


async def _settle() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def date_skew_s(date: str | None, sent_ns: int, received_ns: int) -> float | None:
    """By how much our clock is ahead (positive) or behind an HTTP `Date`, in seconds; None: it says no time.

    The header has whole seconds and stands for an instant between send and receipt, so only what that can't explain
    counts.

    >>> date_skew_s("Thu, 01 Jan 1970 00:01:40 GMT", 100_200_000_000, 100_400_000_000)
    0.0
    >>> date_skew_s("Thu, 01 Jan 1970 00:01:40 GMT", 103_000_000_000, 103_400_000_000)
    2.0
    """
    if not date:
        return None
    try:
        stated = parsedate_to_datetime(date)
    except ValueError:
        return None
    if stated.tzinfo is None:
        stated = stated.replace(tzinfo=UTC)
    earliest_ns = round(stated.timestamp()) * NANOS
    latest_ns = earliest_ns + NANOS
    if sent_ns > latest_ns:
        return (sent_ns - latest_ns) / NANOS
    if received_ns < earliest_ns:
        return (received_ns - earliest_ns) / NANOS
    return 0.0
