"""What came over a connection and was not taken yet. Putting never waits, and what waits is bounded.

LATEST   a newer one of the same key takes its place: an old quote is worth nothing once there is a newer
KEPT     never dropped: fills, orders, balances. More of them than `kept_max` is a listener that stands still:
         `put` says so, and the connection counts as lost, so that all of it is read from the venue's history
SHED     prints of the market: the oldest are dropped, and counted, when more than `shed_max` wait
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Worth(Enum):
    """What may become of an item that waits."""

    LATEST = "latest"
    KEPT = "kept"
    SHED = "shed"


@dataclass(frozen=True, slots=True)
class Received:
    """One thing that came. `ts`: when its frame was read, UTC ns. `key`: what a newer one takes the place of."""

    ts: int
    data: Any
    worth: Worth = Worth.KEPT
    key: Hashable = ""


class Conflated:
    """A queue that holds the latest of each key, every kept item and the last prints, in the order they came. An item
    that took another's place stands where the older one stood, so that a busy instrument can't hold up a quiet one."""

    def __init__(self, *, kept_max: int = 20_000, shed_max: int = 5_000) -> None:
        self.kept_max, self.shed_max = kept_max, shed_max
        self.replaced = self.shed = 0
        """How many were not handed out because newer ones came."""
        self._waiting: OrderedDict[Hashable, Received] = OrderedDict()
        self._prints: deque[int] = deque()
        self._kept = self._number = 0
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: Received) -> bool:
        """Add it; False where a kept one found no room: from here on something is missing."""
        self._number += 1
        if item.worth is Worth.LATEST:
            name: Hashable = (Worth.LATEST, item.key)
            self.replaced += name in self._waiting
        else:
            name = self._number
        if item.worth is Worth.KEPT:
            if self._kept >= self.kept_max:
                return False
            self._kept += 1
        self._waiting[name] = item
        if item.worth is Worth.SHED:
            self._prints.append(self._number)
            self._drop_oldest_print()
        self._filled.set()
        return True

    async def take(self) -> Received:
        """The one that waits longest; waits for one."""
        while (item := self.pop()) is None:
            self._filled.clear()
            await self._filled.wait()
        return item

    def pop(self) -> Received | None:
        """The one that waits longest, or None."""
        if not self._waiting:
            return None
        name, item = self._waiting.popitem(last=False)
        self._kept -= item.worth is Worth.KEPT
        if item.worth is Worth.SHED and self._prints and self._prints[0] == name:
            self._prints.popleft()
        return item

    def clear(self) -> None:
        """Forget all that waits."""
        self._waiting.clear()
        self._prints.clear()
        self._kept = 0

    def _drop_oldest_print(self) -> None:
        if len(self._prints) > self.shed_max:
            del self._waiting[self._prints.popleft()]
            self.shed += 1
