"""Time comes through this seam alone; core code reads no wall clock."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now_ns(self) -> int:
        """UTC nanoseconds since 1970."""
        ...

    async def sleep_until_ns(self, ts: int) -> None:
        """Return at `ts` by this clock (a replay at full speed returns at once)."""
        ...
