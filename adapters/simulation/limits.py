"""Rate limits as venues state them: so many calls in any stretch of so many seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

_SECOND_NS = 1_000_000_000


class RateLimit:
    """At most `count` calls of one key within any `window_s` seconds; 0: no limit. A refused call doesn't count.

    >>> limit = RateLimit(2, 1.0)
    >>> [limit.take("address", ns) for ns in (0, 10, 20, 999_999_999, 1_000_000_000)]
    [True, True, False, False, True]
    """

    def __init__(self, count: int, window_s: float) -> None:
        self.count = count
        self._window_ns = int(window_s * _SECOND_NS)
        self._taken: dict[Hashable, deque[int]] = {}

    def take(self, key: Hashable, now_ns: int) -> bool:
        """Whether a call now is within the limit; counts it if so."""
        if self.count <= 0:
            return True
        taken = self._taken.setdefault(key, deque(maxlen=self.count))
        if len(taken) == self.count and now_ns - taken[0] < self._window_ns:
            return False
        taken.append(now_ns)
        return True

    def used(self, key: Hashable, now_ns: int) -> int:
        """Calls that count at this instant."""
        return sum(now_ns - at < self._window_ns for at in self._taken.get(key, ()))
