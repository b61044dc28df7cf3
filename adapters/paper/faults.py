"""Injected faults: what happens to a message on its way, drawn once per message from the venue's seeded stream.

request lost   the venue never has the order; UNKNOWN after the timeout, ABSENT once it is asked
reply lost     the venue has it and acts on it; its answers are held, UNKNOWN after the timeout, the truth once asked
delay          the order arrives late, and after the orders sent behind it
reject         the venue refuses without a reason of the account's
outage         requests are lost and answers are held until it is over
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.paper.codec import event_from_json, event_to_json
from adapters.paper.rng import SplitMix64
from adapters.paper.settings import Faults
from ruleengine.model.event import Fill, OrderUpdate, VenueEvent


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request."""

    is_request_lost: bool = False
    is_reply_lost: bool = False
    is_rejected: bool = False
    delay_ns: int = 0


def draw(faults: Faults, rng: SplitMix64) -> Fate:
    """The fate of the next request. Always draws as many numbers, so that one rate doesn't move another's draws."""
    if not faults.is_any:
        return Fate()
    lost, silent, reject, late = rng.unit(), rng.unit(), rng.unit(), rng.unit()
    return Fate(
        is_request_lost=lost < faults.request_lost,
        is_reply_lost=silent < faults.reply_lost,
        is_rejected=reject < faults.reject,
        delay_ns=faults.delay_ns if late < faults.delay else 0,
    )


class Silence:
    """Answers that were produced but have not reached us: by order, or all of them during an outage."""

    def __init__(self) -> None:
        self.held: dict[str, list[VenueEvent]] = {}
        self._trades: dict[str, str] = {}
        self.during_outage: list[VenueEvent] = []
        self.is_outage = False

    def silence(self, order_id: str) -> None:
        """Hold what concerns this order from now on."""
        self.held.setdefault(order_id, [])

    def passes(self, event: VenueEvent) -> bool:
        """Whether an event reaches us now; if not, it is kept."""
        order_id = self._silent_order(event)
        if order_id is not None:
            self.held[order_id].append(event)
            return False
        if self.is_outage:
            self.during_outage.append(event)
            return False
        return True

    def release(self, order_id: str) -> list[VenueEvent]:
        """Everything held for an order, which is heard again from now on."""
        self._trades = {trade: order for trade, order in self._trades.items() if order != order_id}
        return self.held.pop(order_id, [])

    def end_outage(self) -> list[VenueEvent]:
        self.is_outage = False
        events, self.during_outage = self.during_outage, []
        return events

    def _silent_order(self, event: VenueEvent) -> str | None:
        if isinstance(event, OrderUpdate):
            return event.order_id if event.order_id in self.held else None
        if isinstance(event, Fill):
            if event.order_id in self.held:
                self._trades[event.trade_id] = event.order_id
                return event.order_id
            return self._trades.get(event.trade_id)
        return None

    def state(self) -> dict[str, Any]:
        return {
            "held": [[order_id, [event_to_json(event) for event in events]] for order_id, events in self.held.items()],
            "trades": [list(pair) for pair in self._trades.items()],
            "during_outage": [event_to_json(event) for event in self.during_outage],
            "is_outage": self.is_outage,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.held = {order_id: [event_from_json(row) for row in rows] for order_id, rows in state["held"]}
        self._trades = dict(state["trades"])
        self.during_outage = [event_from_json(row) for row in state["during_outage"]]
        self.is_outage = state["is_outage"]
