"""Best and worst closing price of each open trade, kept per unit of price (OPS-05), so that additions and partial
closes do not distort them. Asked on every quote, so it looks first whether anything could change at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruleengine.facts.frames import TradeFrame
from ruleengine.model.unknown import Unknown

_INFINITY = float("inf")


class Watch:
    """Trades of one instrument, and the quotes between which none of them changes. `is_always`: look at every quote."""

    __slots__ = ("ask_high", "ask_low", "bid_high", "bid_low", "longs", "shorts")

    def __init__(self, longs: Sequence[TradeFrame], shorts: Sequence[TradeFrame], *, is_always: bool = False) -> None:
        self.longs, self.shorts = longs, shorts
        self.bid_low, self.bid_high = _common([(f.worst_price, f.best_price) for f in longs])
        self.ask_low, self.ask_high = _common([(f.best_price, f.worst_price) for f in shorts])
        if is_always:
            self.bid_low = _INFINITY

    def move(self, bid: float, ask: float) -> None:
        """A long closes at the bid, a short at the ask."""
        ranges: list[tuple[float, float]] = []
        for frame in self.longs:
            begin(frame, bid)
            if bid > frame.best_price:
                frame.best_price = bid
            elif bid < frame.worst_price:
                frame.worst_price = bid
            ranges.append((frame.worst_price, frame.best_price))
        self.bid_low, self.bid_high = _common(ranges)
        ranges = []
        for frame in self.shorts:
            begin(frame, ask)
            if ask < frame.best_price:
                frame.best_price = ask
            elif ask > frame.worst_price:
                frame.worst_price = ask
            ranges.append((frame.best_price, frame.worst_price))
        self.ask_low, self.ask_high = _common(ranges)


def _common(ranges: Sequence[tuple[Any, Any]]) -> tuple[float, float]:
    """What lies in all of the ranges; nothing at all where one of them is unknown: no quote has been seen yet."""
    low, high = -_INFINITY, _INFINITY
    for least, most in ranges:
        if least.__class__ is Unknown:
            return _INFINITY, -_INFINITY
        if least > low:
            low = least
        if most < high:
            high = most
    return low, high


def begin(frame: TradeFrame, price: float) -> None:
    """The first closing price that a trade sees is its best and its worst."""
    if frame.best_price.__class__ is Unknown:
        frame.best_price = frame.worst_price = price
