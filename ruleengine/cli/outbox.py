"""What waits to be told to people, and when: at most so many messages a minute, the rest as one.

Pure: time comes in, texts go out. `notify.py` sends them.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal

PER_MINUTE = 20
"""A chat that gets more is muted by its reader, and by Telegram."""
KEPT_MAX = 500
"""Notices that wait; more are counted and not kept."""
RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits after failed attempts; the last one again and again."""

Level = Literal["info", "warning", "alert"]
LEVELS: tuple[Level, ...] = ("info", "warning", "alert")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. `at`: when it happened, in words. `code`: "" where it has none. `always`: whatever the level
    from which people are told, and before all else where not all can be spelled out."""

    level: Level
    code: str
    text: str
    at: str
    always: bool = False

    @property
    def rank(self) -> int:
        """The higher, the sooner it must be read."""
        return len(LEVELS) if self.always else LEVELS.index(self.level)


class Outbox:
    """Notices in the order in which they came; nothing is dropped without being counted in the next message."""

    def __init__(self) -> None:
        self._waiting: deque[Notice] = deque()
        self._uncounted: Counter[str] = Counter()
        self._sent_s: deque[float] = deque()
        self._in_hand: list[Notice] = []
        self._beyond_hand: Counter[str] = Counter()
        self._failures, self._is_ending = 0, False
        self._not_before_s = 0.0
        self.delivered = 0

    def put(self, notice: Notice) -> None:
        """Where there is no room, what is least urgent is counted only."""
        if len(self._waiting) >= KEPT_MAX:
            least = min(self._waiting, key=lambda each: each.rank) if notice.rank else notice
            if least.rank >= notice.rank:
                self._uncounted[notice.code or notice.level] += 1
                return
            self._waiting.remove(least)
            self._uncounted[least.code or least.level] += 1
        self._waiting.append(notice)

    def hurry(self) -> None:
        """The end is near: no wait after a failure counts any more, nor does the limit of the minute."""
        self._is_ending, self._failures, self._not_before_s = True, 0, 0.0

    @property
    def pending(self) -> int:
        """Notices that nobody has been told of yet."""
        return len(self._waiting) + len(self._in_hand) + self._beyond_hand.total() + self._uncounted.total()

    def due_s(self, now_s: float) -> float | None:
        """When the next message may go; None where there is nothing to say."""
        if not self.pending:
            return None
        self._forget(now_s)
        full = len(self._sent_s) >= PER_MINUTE and not self._is_ending
        return max(now_s, self._not_before_s, self._sent_s[0] + 60 if full else 0.0)

    def take(self, now_s: float) -> list[Notice] | None:
        """What the next message is made of: one notice, or all that wait where one a message would be too many.

        None: nothing may be sent now. The same again until `told`."""
        due = self.due_s(now_s)
        if due is None or due > now_s:
            return None
        if not self._in_hand:
            left = PER_MINUTE - len(self._sent_s)
            is_many = len(self._waiting) >= left or bool(self._uncounted)
            count = len(self._waiting) if is_many else 1
            self._in_hand = [self._waiting.popleft() for _ in range(count)]
            self._beyond_hand, self._uncounted = self._uncounted, Counter()
        return self._in_hand

    def beyond(self) -> dict[str, int]:
        """How many more there were than could be kept, by code; to be told with the message in hand."""
        return dict(self._beyond_hand)

    def told(self, now_s: float, *, is_delivered: bool) -> None:
        """How the message in hand went."""
        if is_delivered:
            self.delivered += len(self._in_hand) + self._beyond_hand.total()
            self._in_hand, self._beyond_hand, self._failures = [], Counter(), 0
            self._sent_s.append(now_s)
        else:
            self._not_before_s = now_s + RETRY_S[min(self._failures, len(RETRY_S) - 1)]
            self._failures += 1

    def _forget(self, now_s: float) -> None:
        while self._sent_s and self._sent_s[0] + 60 <= now_s:
            self._sent_s.popleft()
