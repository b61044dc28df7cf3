"""What a venue states of an account at one instant: balance, margin, open trades, orders that are out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ruleengine.model.side import Side


@dataclass(frozen=True, slots=True)
class TradeState:
    """One open trade as the venue states it. `client_id`, `tag`, `pocket`: what it carries of ours, "" if nothing."""

    id: str
    instrument: str
    side: Side
    units: Decimal
    price: Decimal
    opened_ns: int
    client_id: str = ""
    tag: str = ""
    pocket: str = ""
    stop: Decimal | None = None
    target: Decimal | None = None
    leverage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VenueSnapshot:
    """The venue's account at one instant; what start and reconciliation read. Every fill before `ts` is in it; of those
    stamped `ts` itself the ones whose numbers (`Fill.fill_id`) are in `counted`."""

    ts: int
    balance: Decimal
    margin_used: Decimal
    trades: tuple[TradeState, ...] = ()
    open_orders: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
