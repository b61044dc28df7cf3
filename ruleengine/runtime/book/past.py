"""What was told of the account's past: what the venue says twice counts once.

What happened while no engine ran is asked for at the next start, from well before the venue's last book on. So some of
it was told already: the venue's numbers say which.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ruleengine.model.event import CashChange, Event, Fill
from ruleengine.runtime.orders.seen_fills import SeenFills

BEFORE_NS = 3_600_000_000_000
"""History is read from so long before the last book: what is in it may not have been told by then."""
KEPT_MAX = 4_096
"""Changes of money that are remembered; there are no more of them in that time."""

_ZERO = Decimal(0)


class Past:
    """Of one account. `fills`: those that were told."""

    def __init__(self, fills: SeenFills) -> None:
        self._fills = fills
        self._begun_ns: int | None = None
        self._told: dict[str, None] = {}

    def begin(self, now_ns: int) -> None:
        """There is a book: what came before the first one is no news, whichever of two clocks dates it."""
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

    def untold(
        self, past: Sequence[Fill | CashChange], recovered: Iterable[Event], instruments: Container[str]
    ) -> list[Fill | CashChange]:
        """What of the venue's history came after the first book and was not told, nor is with what is `recovered`. A
        fill is known by its number and by how much of it was counted: history may not know any more which order of ours
        it was of, and a run that was killed may have counted its first part alone. What has no number may have been
        told, as may a fill from before those that are remembered. Fills of other `instruments` are somebody else's."""
        if self._begun_ns is None:
            return []
        counted, since_ns, found = self._fills.units(), self._fills.since_ns, list[Fill | CashChange]()
        besides = {(each.fill_id, each.instrument) for each in recovered if isinstance(each, Fill)}
        for each in past:
            if isinstance(each, CashChange):
                is_new = bool(each.id) and _key(each) not in self._told
            else:
                number = each.fill_id, each.instrument
                left = counted.get(number, _ZERO)
                counted[number] = left - each.units
                is_new = left <= 0 and bool(each.fill_id) and number not in besides
                is_new = is_new and each.instrument in instruments and each.ts_event > since_ns
            if is_new and each.ts_event > self._begun_ns:
                found.append(each)
        return found

    def state(self) -> dict[str, Any]:
        return {"begun": self._begun_ns, "told": list(self._told)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._begun_ns, self._told = state["begun"], dict.fromkeys(state["told"])


def _key(change: CashChange) -> str:
    """Financing of several instruments has one number."""
    return f"{change.id}|{change.instrument}"
