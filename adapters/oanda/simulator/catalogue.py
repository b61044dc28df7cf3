"""The instruments of the simulated venue, their precision and limits (fact sheet §4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.simulation.listing import Listing

_BIG = Decimal(100_000_000)
_WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_DAYS_CHARGED = (1, 1, 3, 1, 1, 0, 0)
"""Of financing at 17:00 New York; Wednesday carries the weekend (fact sheet §4.6)."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One instrument. `pip_location`: pip = 10^this; `digits`: decimals of a price; `margin_rate`: ratio;
    `spread_ticks`: usual spread; `long_rate`, `short_rate`: financing a year as a ratio, positive is paid to the
    holder."""

    name: str
    price: Decimal
    pip_location: int
    digits: int
    margin_rate: Decimal
    spread_ticks: int
    kind: str = "CURRENCY"
    unit_digits: int = 0
    liquidity: Decimal = Decimal(1_000_000)
    long_rate: Decimal = Decimal("-0.01")
    short_rate: Decimal = Decimal("-0.02")

    @property
    def base(self) -> str:
        return self.name.partition("_")[0]

    @property
    def quote(self) -> str:
        return self.name.partition("_")[2]

    @property
    def tick(self) -> Decimal:
        return Decimal(1).scaleb(-self.digits)

    @property
    def minimum_units(self) -> Decimal:
        return Decimal(1).scaleb(-self.unit_digits)

    @property
    def maximum_units(self) -> Decimal:
        return _BIG

    @property
    def trailing_distances(self) -> tuple[Decimal, Decimal]:
        """(least, most): 5 pips and 10,000 pips."""
        pip = Decimal(1).scaleb(self.pip_location)
        return (5 * pip).quantize(self.tick), (10_000 * pip).quantize(self.tick)

    def row(self, account_rate: Decimal) -> dict[str, Any]:
        """As `GET /accounts/{a}/instruments` has it; the rate that counts is the larger one."""
        least, most = self.trailing_distances
        days = [{"dayOfWeek": day, "daysCharged": days} for day, days in zip(_WEEK, _DAYS_CHARGED, strict=True)]
        return {
            "name": self.name,
            "type": self.kind,
            "displayName": self.name.replace("_", "/"),
            "pipLocation": self.pip_location,
            "displayPrecision": self.digits,
            "tradeUnitsPrecision": self.unit_digits,
            "minimumTradeSize": self.minimum_units,
            "maximumTrailingStopDistance": most,
            "minimumTrailingStopDistance": least,
            "maximumPositionSize": "0",
            "maximumOrderUnits": self.maximum_units,
            "marginRate": max(self.margin_rate, account_rate),
            "guaranteedStopLossOrderMode": "DISABLED",
            "tags": [{"type": "ASSET_CLASS", "name": self.kind}],
            "financing": {"longRate": self.long_rate, "shortRate": self.short_rate, "financingDaysOfWeek": days},
        }

    def listing(self, sessions: str) -> Listing:
        """As the simulated market lists it. A step of trading is one tick of volume, as OANDA counts it."""
        return Listing(
            self.name, self.price, self.tick, self.liquidity, spread_ticks=self.spread_ticks, sessions=sessions
        )


def _fx(name: str, price: str, spread_ticks: int, rate: str = "0.04") -> Spec:
    is_yen = name.endswith("_JPY")
    return Spec(name, Decimal(price), -2 if is_yen else -4, 3 if is_yen else 5, Decimal(rate), spread_ticks)


# 0.8 pips are the usual spread of USD/JPY at fills (fact sheet §14)
_ALL = (
    _fx("USD_JPY", "154.200", 8), _fx("EUR_USD", "1.08500", 8), _fx("GBP_USD", "1.27000", 12),
    _fx("AUD_USD", "0.65500", 9), _fx("NZD_USD", "0.60500", 11), _fx("USD_CAD", "1.36500", 12),
    _fx("USD_CHF", "0.88500", 11), _fx("EUR_JPY", "167.300", 14), _fx("GBP_JPY", "195.800", 20),
    _fx("AUD_JPY", "101.000", 12), _fx("NZD_JPY", "93.290", 14), _fx("CAD_JPY", "112.970", 14),
    _fx("CHF_JPY", "174.240", 18), _fx("EUR_GBP", "0.85430", 10), _fx("EUR_CHF", "0.96020", 14),
    _fx("EUR_AUD", "1.65650", 18), _fx("GBP_CHF", "1.12400", 24), _fx("AUD_NZD", "1.08260", 18),
    Spec("XAU_USD", Decimal("2350.000"), -2, 3, Decimal("0.05"), 350, "METAL", liquidity=Decimal(2_000)),
    Spec("US30_USD", Decimal("39500.0"), 0, 1, Decimal("0.1"), 25, "CFD", 1, Decimal(100)),
)  # fmt: skip

CATALOGUE: Mapping[str, Spec] = {spec.name: spec for spec in _ALL}
