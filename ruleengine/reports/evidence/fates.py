"""What became of each order at the venue, out of its fills and of what the venue said when it was done with it.

An order of which anything was filled is filled, whatever ended the rest of it: the code of that end stays beside it.
Which of the two came first does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruleengine.reports.evidence.flatten import Fate

ENDS = {"rejected": "rejected", "absent": "rejected", "cancelled": "cancelled", "expired": "cancelled"}
"""States that end an order without a fill → what the one form calls them."""


class Fates:
    """Fed with fills and with changes of state, in any order; `of` gives what they come to."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[str, str]] = {}
        self._filled: dict[str, tuple[float, float]] = {}

    def ended(self, row: Mapping[str, Any]) -> None:
        """A change of state (`order_id`, `status`, `code`, `reason`); those that end nothing don't matter here."""
        end = ENDS.get(str(row["status"]))
        if end is not None:
            self._ends[str(row["order_id"])] = end, str(row["code"] or row["reason"])

    def filled(self, order_id: str, units: float, price: float) -> None:
        """A part of it, or all."""
        before, worth = self._filled.get(order_id, (0.0, 0.0))
        self._filled[order_id] = before + units, worth + units * price

    def of(self, order_id: str) -> Fate:
        """
        >>> fates = Fates()
        >>> fates.filled("o1", 300, 150.0); fates.filled("o1", 100, 154.0)
        >>> fates.ended({"order_id": "o1", "status": "cancelled", "code": "", "reason": "time"})
        >>> fates.of("o1").word, fates.of("o1").price, fates.of("o1").code, fates.of("o2").word
        ('filled', 151.0, 'time', None)
        """
        end, code = self._ends.get(order_id, (None, None))
        units, worth = self._filled.get(order_id, (0.0, 0.0))
        if not units:
            return Fate(end, code)
        return Fate("filled", code, worth / units)
