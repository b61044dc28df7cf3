"""What can be traded, with the venue's grids. Static for a run; all figures Decimal, as the venue states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ruleengine.model.ticks import TickTable, daily_limits, tick_at


@dataclass(frozen=True, slots=True)
class Instrument:
    """Units: `pip`, `tick` quote currency; `lot`, `min_size`, `max_size` base units (contracts where `contract_size` is
    not 1); `min_value`, `base_price` quote currency; `margin_rate`, `price_limit` ratio; `contract_size` base units a
    contract."""

    name: str
    kind: Literal["fx", "perpetual", "stock"]
    base: str
    quote: str
    pip: Decimal
    tick: Decimal
    lot: Decimal = Decimal(1)
    min_size: Decimal = Decimal(1)
    max_size: Decimal | None = None
    min_value: Decimal = Decimal(0)
    margin_rate: Decimal = Decimal(1)
    contract_size: Decimal = Decimal(1)
    size_unit: Literal["units", "contracts"] = "units"
    sessions: str = "always"
    """Name of the trading calendar: `fx`, `krx`, `always` …"""
    ticks: TickTable = "fixed"
    """`fixed`: `tick` holds at every price; else the exchange's table does."""
    can_short: bool = True
    """False: nothing may be sold that is not held (a cash account in stocks)."""
    price_limit: Decimal | None = None
    """How far from the base price a day's prices may go; None: as far as they like."""
    base_price: Decimal | None = None
    """Base of the first day's price limits where it is stated; later days have the close before them."""

    def tick_at(self, price: Decimal) -> Decimal:
        """The price step that holds at a price."""
        return self.tick if self.ticks == "fixed" or not price.is_finite() else tick_at(self.ticks, self.tick, price)

    def limits_of(self, base: Decimal) -> tuple[Decimal, Decimal] | None:
        """(lowest, highest) price of a day with this base price; None where the exchange sets no limits."""
        if self.price_limit is None:
            return None
        return daily_limits(base, self.price_limit, self.ticks, self.tick)


def stated_terms(own: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `Instrument` that an account file's terms state in words: hours, tick table, whether it may be sold
    short. A tick of its own replaces an exchange's table.

    >>> stated_terms({"tick": "0.5", "can_short": True})
    {'ticks': 'fixed', 'can_short': True}
    """
    found: dict[str, Any] = {}
    if own.get("sessions"):
        found["sessions"] = str(own["sessions"])
    if own.get("ticks") or own.get("tick") is not None:
        found["ticks"] = own.get("ticks") or "fixed"
    if own.get("can_short") is not None:
        found["can_short"] = bool(own["can_short"])
    return found
