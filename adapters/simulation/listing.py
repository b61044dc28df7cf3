"""What trades on a simulated market, and the prices on its grid that a level of the path means."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from ruleengine.model.ticks import TickTable, tick_at


class Prices(NamedTuple):
    """`last`: what trades print at."""

    bid: Decimal
    ask: Decimal
    last: Decimal


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument of the market.

    Units    price, tick: quote currency; spread_ticks: ticks between bid and ask; size: at the best price of each side,
             in the venue's size unit; lot: size that trades in a quiet step; daily_move: ratio.
    `ticks`: `fixed`, or an exchange's table by price. `sessions`: as `Instrument.sessions`."""

    name: str
    price: Decimal
    tick: Decimal
    size: Decimal
    lot: Decimal = Decimal(1)
    spread_ticks: int = 1
    ticks: TickTable = "fixed"
    daily_move: float = 0.005
    sessions: str = "always"

    def tick_of(self, price: Decimal) -> Decimal:
        """The price step that holds at a price."""
        return tick_at(self.ticks, self.tick, price)

    def prices(self, level: Decimal) -> Prices:
        """Bid, ask and last of a level. None of them falls where the level rises, also across bands of a tick table:
        so a bar's high is its highest step's.

        >>> Listing("X", Decimal(100), Decimal("0.01"), Decimal(1), spread_ticks=2).prices(Decimal("100.006"))
        Prices(bid=Decimal('100.00'), ask=Decimal('100.02'), last=Decimal('100.01'))
        """
        step = self.tick_of(level)
        bid = (level / step).to_integral_value(ROUND_FLOOR) * step
        return Prices(bid, bid + self.tick_of(bid) * self.spread_ticks, self.nearest(level))

    def nearest(self, price: Decimal) -> Decimal:
        """The price of the grid that is nearest."""
        step = self.tick_of(price)
        return (price / step).to_integral_value(ROUND_HALF_UP) * step
