"""When a rule may send again on the same thing: a trade, a side, an instrument.

1. Nothing is sent twice in one instant: what a rule sent at an event's time keeps its next order on the same back until
   a later event. Without that, a venue that answers at once and a trigger that still holds would go round for ever.
2. A reduction that ended short (cancelled, rejected, expired, or filled in part) goes on, at a growing distance: 1 s,
   doubled with each further failure up to 60 s, and back to 1 s by any fill; and not before the market has moved, for
   the same order into the same market ends in the same way. It is never given up.

Everything follows from orders and their ends, which are in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SECOND = 1_000_000_000
FIRST_WAIT_NS, LONGEST_WAIT_NS = SECOND, 60 * SECOND
FAILURES_MAX = 1_000
"""Rules on trades or sides whose failures are remembered; the oldest is forgotten."""


class Retries:
    """`_failures`: (orders in a row that ended short, when the last one did), by rule and what it reduces. `_sent`:
    what was sent at the instant `_at`, by rule, thing and exit stage."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, int]] = {}
        self._at = -1
        self._sent: dict[str, None] = {}

    # --- what happens ------------------------------------------------------------------------------------------------

    def sent(self, rule: str, key: str, stage: str, ts: int) -> None:
        if ts != self._at:
            self._at = ts
            self._sent.clear()
        self._sent[_name(rule, key, stage)] = None

    def reduction_ended(self, rule: str, key: str, ts: int, *, is_whole: bool, has_filled: bool) -> None:
        """`key`: what it reduces (`orders.exit_key`)."""
        name = _name(rule, key)
        count, _ = self._failures.pop(name, (0, 0))
        if is_whole:
            return
        self._failures[name] = (1 if has_filled else count + 1, ts)
        if len(self._failures) > FAILURES_MAX:
            del self._failures[next(iter(self._failures))]

    def filled(self, rule: str, key: str) -> None:
        """Any fill is progress: the distance begins anew."""
        name = _name(rule, key)
        if name in self._failures:
            self._failures[name] = (1, self._failures[name][1])

    def forget(self, key: str) -> None:
        """A trade is closed."""
        for name in [name for name in self._failures if name.endswith(f"|{key}")]:
            del self._failures[name]

    # --- looking up --------------------------------------------------------------------------------------------------

    def has_just_sent(self, rule: str, key: str, now_ns: int, stage: str = "") -> bool:
        """Did the rule send an order on this at this very instant?"""
        return now_ns == self._at and _name(rule, key, stage) in self._sent

    def failure(self, rule: str, key: str) -> tuple[int, int] | None:
        """(when the last reduction ended short, before when none is sent); None where none did.

        >>> retries = Retries()
        >>> for ts in (0, SECOND):
        ...     retries.reduction_ended("scalp", "7", ts, is_whole=False, has_filled=False)
        >>> retries.failure("scalp", "7")
        (1000000000, 3000000000)
        """
        found = self._failures.get(_name(rule, key))
        if found is None:
            return None
        count, ended = found
        return ended, ended + min(FIRST_WAIT_NS << min(count - 1, 6), LONGEST_WAIT_NS)

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        failures = {name: list(each) for name, each in self._failures.items()}
        return {"failures": failures, "at": self._at, "sent": list(self._sent)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._failures = {name: (count, ended) for name, (count, ended) in state["failures"].items()}
        self._at, self._sent = state["at"], dict.fromkeys(state["sent"])


def _name(*parts: str) -> str:
    return "|".join(parts)
