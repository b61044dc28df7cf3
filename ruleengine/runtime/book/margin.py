"""An account's margin model (FX-01) as three weights, and what our own positions need by it.

The figure is `account.own_margin` of the fact catalogue, needed here once: at the moment of a venue's statement, to
know how much of the stated margin is somebody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ruleengine.facts.frames import MarketFrame
from ruleengine.model.unknown import known


@dataclass(frozen=True, slots=True)
class MarginWeights:
    """Weights of |long − short|, of the larger side, and of long + short."""

    net: float
    max_side: float
    gross: float

    @classmethod
    def of(cls, model: Literal["net", "max_side", "gross", "hedged_pct"], share: float = 1.0) -> MarginWeights:
        """
        >>> MarginWeights.of("hedged_pct", 0.5)  # |net| + 0.5 × min, where min = (gross − |net|) / 2
        MarginWeights(net=0.75, max_side=0.0, gross=0.25)
        """
        if model == "hedged_pct":
            return cls(1.0 - share / 2, 0.0, share / 2)
        return cls(float(model == "net"), float(model == "max_side"), float(model == "gross"))

    def units(self, long_units: float, short_units: float) -> float:
        """Units that margin is asked for.

        >>> MarginWeights.of("max_side").units(50_000.0, 45_000.0), MarginWeights.of("net").units(50_000.0, 45_000.0)
        (50000.0, 5000.0)
        """
        return (
            self.net * abs(long_units - short_units)
            + self.max_side * max(long_units, short_units)
            + self.gross * (long_units + short_units)
        )


def own_margin(market: MarketFrame, units: float, rate: float, entry_price: float, *, is_home: bool) -> float | None:
    """Margin for `units` (`MarginWeights.units`) in account currency, at the middle, though it be an old one; before
    the first quote, at `entry_price`. None while the rate of its currency is unknown.

    Units    rate: margin per value; result: account currency. `is_home`: quoted in account currency.
    """
    if not units:
        return 0.0
    to_home = 1.0 if is_home else market.quote_to_home
    if not known(to_home):
        return None
    if has_price(market):
        price = market.bid + (market.ask - market.bid) / 2
    else:
        price = market.marked if known(market.marked) else entry_price
    return float(price * units * to_home * rate)


def has_price(market: MarketFrame) -> bool:
    """Is there a price of now?"""
    return known(market.bid) and known(market.ask)
