"""Which changes of money were told: what is paid in or out moves the bases of drawdown and the day's result, once.

What was paid while no engine ran is asked for at the next start, from well before the venue's last book on. So some of
it was told already: the venue's numbers say which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruleengine.model.event import CashChange

BEFORE_NS = 3_600_000_000_000
"""History is read from so long before the last book: a payment that is in it may not have been told by then."""
KEPT_MAX = 4_096
"""Changes that are remembered; there are no more of them in that time."""


class Transfers:
    """Of one account."""

    def __init__(self) -> None:
        self._begun_ns: int | None = None
        self._told: dict[str, None] = {}

    def begin(self, now_ns: int) -> None:
        """There is a book: what was paid before the first one is no news, whichever of two clocks dates it."""
        if self._begun_ns is None:
            self._begun_ns = now_ns

    def take(self, change: CashChange) -> bool:
        """Remember it; False where it was told. One without a number never was."""
        key = _key(change)
        if key in self._told:
            return False
        if change.id:
            self._told[key] = None
        if len(self._told) > KEPT_MAX:
            del self._told[next(iter(self._told))]
        return True

    def since_ns(self, as_of_ns: int) -> int | None:
        """From when on to ask the venue, whose last book is of `as_of_ns`; None before the first one."""
        return None if self._begun_ns is None else max(as_of_ns - BEFORE_NS, 0)

    def is_untold(self, change: CashChange) -> bool:
        """Of what history has: was it paid since the first book, and not told?"""
        return self._begun_ns is not None and change.ts_event > self._begun_ns and _key(change) not in self._told

    def state(self) -> dict[str, Any]:
        return {"begun": self._begun_ns, "told": list(self._told)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._begun_ns, self._told = state["begun"], dict.fromkeys(state["told"])


def _key(change: CashChange) -> str:
    """Financing of several instruments has one number."""
    return f"{change.id}|{change.instrument}"
