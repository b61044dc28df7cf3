"""The market of one instrument as the venue sees it now, and the bounds outside of which something must be looked at.

Prices are floats as they came; whoever computes money takes them through `exact`. The four bounds make the common case
cheap: while bid and ask stay strictly inside them, no order, stop, target or margin close-out can be due.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.paper.ticks import exact

JUMP = 1.5
"""A price this many times away from the last one is a jump of scale until the next one confirms it."""

_WIDER = 1e-9
"""Prices this close (relative) are equal; bounds are wider by it, so that the exact comparison decides."""


@dataclass(slots=True)
class MarketView:
    """`bid` 0: no price yet. `has_quotes`: a real bid and ask was seen, so prints no longer move it. Sizes at the top;
    `used_*`: what our own orders took of them at `used_ts`. `suspect`: a bid too far off to be believed so far. `last`:
    the last print, 0: none yet. `base`: base price of the day's price limits, where there are any and it is known."""

    bid: float = 0.0
    ask: float = 0.0
    ts: int = 0
    bid_size: float | None = None
    ask_size: float | None = None
    bid_lo: float = 0.0
    bid_hi: float = math.inf
    ask_lo: float = 0.0
    ask_hi: float = math.inf
    bids: tuple[tuple[float, float], ...] = ()
    asks: tuple[tuple[float, float], ...] = ()
    book_ts: int = -1
    has_quotes: bool = False
    used_ts: int = -1
    used_bid: Decimal = Decimal(0)
    used_ask: Decimal = Decimal(0)
    suspect: float = 0.0
    last: float = 0.0
    base: Decimal | None = None

    @property
    def is_priced(self) -> bool:
        return self.bid > 0.0

    @property
    def mid(self) -> Decimal:
        return (exact(self.bid) + exact(self.ask)) / 2

    def close_day(self) -> None:
        """The day is over: its last print, or else the middle, is the base of the next one's price limits."""
        if self.last > 0.0:
            self.base = exact(self.last)
        elif self.is_priced:
            self.base = self.mid

    def is_inside(self, bid: float, ask: float) -> bool:
        """Whether nothing can be due at these prices."""
        return self.bid_lo < bid < self.bid_hi and self.ask_lo < ask < self.ask_hi

    def widen(self) -> None:
        """Bounds that only a jump of scale leaves."""
        self.bid_lo, self.bid_hi = self.bid / JUMP, self.bid * JUMP
        self.ask_lo, self.ask_hi = self.ask / JUMP, self.ask * JUMP

    def is_jump(self, bid: float) -> bool:
        """Whether a price is too far from the last one to be believed before another one confirms it; the same one
        again is no other one."""
        is_confirmed = self.suspect and bid != self.suspect and _is_near(bid, self.suspect)
        near = self.suspect if is_confirmed else self.bid
        if self.bid <= 0 or _is_near(bid, near):
            self.suspect = 0.0
            return False
        self.suspect = bid
        return True

    def watch_always(self) -> None:
        """Look at every price (something is due already)."""
        self.bid_lo = math.inf

    def watch_bid_at_most(self, price: Decimal | float) -> None:
        self.bid_lo = max(self.bid_lo, float(price) * (1 + _WIDER))

    def watch_bid_at_least(self, price: Decimal | float) -> None:
        self.bid_hi = min(self.bid_hi, float(price) * (1 - _WIDER))

    def watch_ask_at_most(self, price: Decimal | float) -> None:
        self.ask_lo = max(self.ask_lo, float(price) * (1 + _WIDER))

    def watch_ask_at_least(self, price: Decimal | float) -> None:
        self.ask_hi = min(self.ask_hi, float(price) * (1 - _WIDER))

    def take(self, is_buy: bool, units: Decimal) -> None:
        """Remember that an order of ours took this much of what is shown."""
        if self.used_ts != self.ts:
            self.used_ts, self.used_bid, self.used_ask = self.ts, Decimal(0), Decimal(0)
        if is_buy:
            self.used_ask += units
        else:
            self.used_bid += units

    def used(self, is_buy: bool) -> Decimal:
        """What our orders already took of the price shown now."""
        if self.used_ts != self.ts:
            return Decimal(0)
        return self.used_ask if is_buy else self.used_bid

    def state(self) -> dict[str, Any]:
        """All of it but the bounds, which follow from prices, orders and trades."""
        return {
            "bid": self.bid,
            "ask": self.ask,
            "ts": self.ts,
            "bid_size": self.bid_size,
            "ask_size": self.ask_size,
            "bids": [list(level) for level in self.bids],
            "asks": [list(level) for level in self.asks],
            "book_ts": self.book_ts,
            "has_quotes": self.has_quotes,
            "used_ts": self.used_ts,
            "used_bid": str(self.used_bid),
            "used_ask": str(self.used_ask),
            "suspect": self.suspect,
            "last": self.last,
            "base": None if self.base is None else str(self.base),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> MarketView:
        values = dict(state)
        values["bids"] = tuple((price, size) for price, size in state["bids"])
        values["asks"] = tuple((price, size) for price, size in state["asks"])
        values["used_bid"], values["used_ask"] = Decimal(state["used_bid"]), Decimal(state["used_ask"])
        values["base"] = None if state["base"] is None else Decimal(state["base"])
        return cls(**values)


def _is_near(price: float, other: float) -> bool:
    return other / JUMP < price < other * JUMP
