"""What a venue said of orders that were out before a scenario begins: JSON values beside the engine's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ruleengine.journal.events import from_input, to_body
from ruleengine.journal.read import InputEvent
from ruleengine.model.event import AccountRead, CashChange, Fill, OrderUpdate, VenueEvent

HEARD = "heard"
"""The key under which they stand in a file of state."""
_EXACT = frozenset({"units", "price", "realised", "fee", "amount", "balance", "margin_used"})


def words_to_json(events: Sequence[VenueEvent]) -> list[dict[str, Any]]:
    """Amounts as decimal strings."""
    rows = [{"ts": each.ts, **to_body(each)} for each in events]
    return [{name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()} for row in rows]


def words_of(kept: Mapping[str, Any] | None) -> list[VenueEvent]:
    """The venue's words in a file of state; none in most."""
    found: list[VenueEvent] = []
    for row in (kept or {}).get(HEARD, ()):
        body = {name: _value(name, value) for name, value in row.items() if name != "ts"}
        event = from_input(InputEvent(0, 0, row["ts"], row["type"], False, body))
        assert isinstance(event, OrderUpdate | Fill | CashChange | AccountRead)
        found.append(event)
    return found


def _value(name: str, value: Any) -> Any:
    return Decimal(value) if name in _EXACT and value is not None else value
