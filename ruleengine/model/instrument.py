"""What can be traded, with the venue's grids. Static for a run; all figures Decimal, as the venue states them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Instrument:
    """Units: `pip`, `tick` quote currency; `lot`, `min_size`, `max_size` base units (contracts where `contract_size` is
    not 1); `min_value` quote currency; `margin_rate` ratio; `contract_size` base units a contract."""

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
