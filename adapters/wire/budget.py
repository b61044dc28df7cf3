"""How many messages may leave, and who is next: exits before entries, whatever came first."""

from __future__ import annotations

import asyncio
import heapq
from enum import IntEnum
from itertools import count

from adapters.wire.clock import Clock


class Urgency(IntEnum):
    """Lower goes first."""

    EXIT = 0
    """Reduces, cancels, protects."""
    RESOLVE = 1
    """Asks what became of an order; keeps a session alive."""
    ENTRY = 2
    READ = 3
    """Everything that can wait: history, lists."""


class Budget:
    """A bucket of messages: `per_s` flow in, at most `burst` are kept. Nothing is ever dropped: who does not wait
    (`patience_s`) is told so and has not sent."""

    def __init__(self, clock: Clock, *, per_s: float, burst: float | None = None) -> None:
        if per_s <= 0 or (burst is not None and burst < 1):
            raise ValueError(f"a budget of {per_s:g}/s, burst {burst}: needs more than 0/s and a burst of at least 1")
        self.per_s = per_s
        self.burst = max(1.0, per_s if burst is None else burst)
        self._clock = clock
        self._left = self.burst
        self._counted_at = clock.monotonic()
        self._paused_until = 0.0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = count()
        self._pump: asyncio.Task[None] | None = None

    @property
    def left(self) -> float:
        """Messages that could leave at once."""
        self._refill()
        return self._left

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(not turn.done() for _, _, turn in self._waiting)

    async def take(self, urgency: Urgency, *, patience_s: float | None = None) -> bool:
        """Wait for one's turn. False: it did not come within `patience_s` (None: wait as long as it takes)."""
        if not self._waiting and self._next_in_s() <= 0:
            self._left -= 1
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (int(urgency), next(self._number), turn))
        self._start_pump()
        given_up = asyncio.ensure_future(self._clock.sleep(patience_s)) if patience_s is not None else None
        try:
            await asyncio.wait({turn, given_up} if given_up else {turn}, return_when=asyncio.FIRST_COMPLETED)
            return turn.done() and not turn.cancelled()
        finally:
            turn.cancel()  # nothing where it was given
            if given_up:
                given_up.cancel()

    def pause(self, seconds: float) -> None:
        """The venue asks for quiet: nothing leaves for so long."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    def close(self) -> None:
        """Nobody gets a turn any more."""
        if self._pump is not None:
            self._pump.cancel()
        for _, _, turn in self._waiting:
            turn.cancel()
        self._waiting.clear()

    def _start_pump(self) -> None:
        if self._pump is None or self._pump.done():
            self._pump = asyncio.ensure_future(self._hand_out())

    async def _hand_out(self) -> None:
        """Give turns as they fall due; the most urgent of those who wait at that instant is next."""
        while self._waiting:
            wait_s = self._next_in_s()
            if wait_s > 0:
                await self._clock.sleep(wait_s)
                continue
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                self._left -= 1
                turn.set_result(None)

    def _next_in_s(self) -> float:
        self._refill()
        paused_s = self._paused_until - self._clock.monotonic()
        return max(paused_s, (1 - self._left) / self.per_s if self._left < 1 - 1e-9 else 0.0)

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._left = min(self.burst, self._left + (now - self._counted_at) * self.per_s)
        self._counted_at = now
