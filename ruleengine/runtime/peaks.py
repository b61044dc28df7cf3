"""Best and worst closing price of each open trade, kept per unit of price (OPS-05), so that additions and partial
closes do not distort them. Asked on every quote, so it looks first whether anything could change at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.facts.frames import TradeFrame
from ruleengine.model.unknown import known

_INFINITY = float("inf")


class Watch:
    """Trades of one instrument, and the quotes between which none of them changes. `is_always`: look at every quote."""

    __slots__ = ("ask_high", "ask_low", "bid_high", "bid_low", "longs", "shorts")

    def __init__(self, longs: Sequence[TradeFrame], shorts: Sequence[TradeFrame], *, is_always: bool = False) -> None:
        self.longs, self.shorts = longs, shorts
        self.bid_low, self.bid_high = -_INFINITY, _INFINITY
        self.ask_low, self.ask_high = -_INFINITY, _INFINITY
        self.narrow()
        if is_always:
            self.bid_low = _INFINITY

    def narrow(self) -> None:
        """Set the bounds anew: the narrowest of all trades; none at all where a trade has seen no quote yet."""
        if not all(known(frame.best_price) for frame in (*self.longs, *self.shorts)):
            self.bid_low = _INFINITY
            return
        self.bid_low = max((frame.worst_price for frame in self.longs), default=-_INFINITY)
        self.bid_high = min((frame.best_price for frame in self.longs), default=_INFINITY)
        self.ask_low = max((frame.best_price for frame in self.shorts), default=-_INFINITY)
        self.ask_high = min((frame.worst_price for frame in self.shorts), default=_INFINITY)

    def move(self, bid: float, ask: float) -> None:
        """A long closes at the bid, a short at the ask."""
        for frame in self.longs:
            begin(frame, bid)
            frame.best_price, frame.worst_price = max(frame.best_price, bid), min(frame.worst_price, bid)
        for frame in self.shorts:
            begin(frame, ask)
            frame.best_price, frame.worst_price = min(frame.best_price, ask), max(frame.worst_price, ask)
        self.narrow()


def begin(frame: TradeFrame, price: float) -> None:
    """The first closing price that a trade sees is its best and its worst."""
    if not known(frame.best_price):
        frame.best_price = frame.worst_price = price
