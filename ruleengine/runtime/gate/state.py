"""What the order gate goes by: limits and their policy lines, counters, switches; and how it words a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.model.comparison import Comparison
from ruleengine.model.number import decimal_of
from ruleengine.model.order import Refused
from ruleengine.runtime.gate.contact import Contact
from ruleengine.runtime.gate.counters import SECOND, Breaker, Bucket, Latch
from ruleengine.runtime.gate.draft import Draft
from ruleengine.runtime.gate.switches import Switches
from ruleengine.runtime.gate.venue_hours import VenueHours

REPEAT_NS = 2 * SECOND
"""Within this time the same rule does not send the same size on the same side twice for the same reason."""
ORDERS_PER_SECOND, ORDERS_PER_MINUTE = 5, 60
"""Message budget where neither policy nor account states one (RTS 6 art. 15 asks for a throttle, not for a figure)."""

_VERSION = 1


class GateState:
    """`limits`: internal units; `places`: the policy line of each. `recent`: what was sent last, by its key; `allowed`:
    until when a limit is lifted."""

    def __init__(
        self, limits: Mapping[str, float], currency: str, places: Mapping[str, Span], hours: VenueHours
    ) -> None:
        self.limits = {name: decimal_of(value) for name, value in limits.items()}
        self.currency, self.places = currency, dict(places)
        self.switches, self.contact, self.hours = Switches(), Contact(), hours
        self.budgets = (
            (Bucket(self._count("orders_per_second", ORDERS_PER_SECOND), SECOND), "orders_per_second", "second"),
            (Bucket(self._count("orders_per_minute", ORDERS_PER_MINUTE), 60 * SECOND), "orders_per_minute", "minute"),
        )
        self.latch = Latch(self._count("repeated_execution.orders", 1), self._time_ns("repeated_execution.within", 60))
        self.breaker = Breaker(
            self._count("refusals.count", 3), self._time_ns("refusals.within", 60), self._time_ns("refusals.pause", 300)
        )
        self.recent: dict[str, int] = {}
        self.allowed: dict[str, int] = {}

    def _count(self, name: str, default: int) -> int:
        return max(int(self.limits.get(name, Decimal(default))), 1)

    def _time_ns(self, name: str, default_s: int) -> int:
        return int(self.limits.get(name, Decimal(default_s)) * SECOND)

    def refused(
        self,
        draft: Draft,
        name: str,
        found: Diagnostic,
        comparison: Comparison | None = None,
        *,
        unknown: str = "",
    ) -> Refused:
        """A refusal with what was measured, or with what could not be had (OPS-03)."""
        lines = (line for path, line in self.places.items() if path == name or path.startswith(f"{name}."))
        place = next(lines, None)
        return Refused(
            intent_id=draft.intent.id,
            code=found.code,
            rule=f"limits.{name}",
            message=found.message,
            place="" if place is None else str(place),
            comparison=comparison,
            unknown=unknown,
        )

    def state(self) -> dict[str, Any]:
        """All that is not the policy's, as JSON values; `restore` continues to the bit."""
        return {
            "version": _VERSION,
            "budgets": [bucket.state() for bucket, _, _ in self.budgets],
            "latch": self.latch.state(),
            "breaker": self.breaker.state(),
            "switches": self.switches.state(),
            "contact": self.contact.state(),
            "hours": self.hours.state(),
            "recent": dict(self.recent),
            "allowed": dict(self.allowed),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for (bucket, _, _), saved in zip(self.budgets, state["budgets"], strict=True):
            bucket.restore(saved)
        self.latch.restore(state["latch"])
        self.breaker.restore(state["breaker"])
        self.switches.restore(state["switches"])
        if "contact" in state:  # a state from before venues over a network has none
            self.contact.restore(state["contact"])
        self.hours.restore(state.get("hours", ()))
        self.recent, self.allowed = dict(state["recent"]), dict(state["allowed"])


def repeat_key(draft: Draft) -> str:
    """What makes two orders the same: instrument, side, size, rule; and the signal, for two signals are two reasons."""
    intent = draft.intent
    return "|".join((draft.instrument.name, intent.side.value, text(draft.units), intent.rule, intent.signal_id))


def pace_scope(rule: str, key: str) -> str:
    """Under which the venue's refusals of a rule's reductions of one trade or side are counted."""
    return f"{rule}|{key}"


def text(figure: Decimal) -> str:
    """Plain digits, at most eight after the point, no trailing zeros.

    >>> text(Decimal("1E+3")), text(Decimal("0.0050")), text(Decimal(1) / 3)
    ('1000', '0.005', '0.33333333')
    """
    shown = f"{figure:.8f}"
    return shown.rstrip("0").rstrip(".")
