"""Is what arrives a price? One checker per stream of one instrument, live and in recordings alike.

An exact repeat is dropped and counted, no more. A repeat of a stamp with other values, disorder, a crossed or
non-positive quote, a value that is no number, a bar whose extremes do not hold its prices, a jump of scale: each is a
defect. It is counted and not passed on, and the bars of its instant are marked (`BarBuilder.mark_defect`), so that
features are unknown while it lies in their window (FX-32). Gaps between sessions and quiet minutes are no defects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Finding(IntEnum):
    """What one observation is. `SOUND` and `REPEAT` are no defects; of a repeat nothing is passed on either."""

    SOUND = 0
    REPEAT = 1
    CONFLICT = 2
    DISORDER = 3
    CROSSED = 4
    NOT_POSITIVE = 5
    NOT_FINITE = 6
    JUMP = 7
    BAR_SHAPE = 8

    @property
    def is_defect(self) -> bool:
        return self > Finding.REPEAT


SPOKEN = {
    Finding.SOUND: "sound",
    Finding.REPEAT: "exact repeat, dropped",
    Finding.CONFLICT: "same time, other values",
    Finding.DISORDER: "older than what came before",
    Finding.CROSSED: "bid above ask",
    Finding.NOT_POSITIVE: "price not above zero",
    Finding.NOT_FINITE: "not a number",
    Finding.JUMP: "jump of scale",
    Finding.BAR_SHAPE: "high or low does not hold open and close",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stream declares about itself.

    `jump_factor`: more than this many times the last sound price, or less than one part of it, is a jump.
    `settles_after`: so many observations in a row that jump but agree with each other are the new scale (a split); the
    way there stays a defect. `has_unique_stamps`: one observation per stamp (bars, sequenced feeds); otherwise several
    of one stamp are a burst, and only an exact repeat counts."""

    jump_factor: float = 2.0
    settles_after: int = 20
    has_unique_stamps: bool = False


SOUND = Finding.SOUND
"""Nearly every answer; looked up on its class each time it would cost as much as the judgement."""


class StreamChecker:
    """Judges one observation after the other; remembers the last one seen and the last sound price."""

    __slots__ = ("_factor", "_last", "_limits", "_price", "_settling", "_settling_price", "_ts", "counts")

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._factor = self._limits.jump_factor
        self._ts = -(1 << 62)
        self._last: tuple[float, ...] = ()
        self._price = 0.0
        """Last sound price; 0 before the first."""
        self._settling = 0
        self._settling_price = 0.0
        self.counts = [0] * len(Finding)
        """How many of each finding, by its number; sound ones are not counted."""

    def quote(self, ts_ns: int, bid: float, ask: float) -> Finding:
        """A bid and an ask; a locked quote (bid = ask) is sound."""
        price = self._price
        if ts_ns > self._ts and 0.0 < bid <= ask < price * self._factor and bid * self._factor > price:
            self._ts = ts_ns
            self._last = (bid, ask)
            self._price = bid
            self._settling = 0
            return SOUND
        return self._judge(ts_ns, (bid, ask), Finding.CROSSED if bid > ask else Finding.SOUND)

    def price(self, ts_ns: int, price: float, size: float = 0.0) -> Finding:
        """A trade, or any single price; `size` only tells repeats from bursts."""
        return self._judge(ts_ns, (price,), Finding.SOUND, (size,))

    def bar(self, opened_ns: int, open_: float, high: float, low: float, close: float, volume: float = 0.0) -> Finding:
        """A bar of another source, by its opening."""
        shape = Finding.SOUND if low <= open_ <= high and low <= close <= high else Finding.BAR_SHAPE
        return self._judge(opened_ns, (open_, high, low, close), shape, (volume,))

    def _judge(self, ts_ns: int, prices: tuple[float, ...], shape: Finding, more: tuple[float, ...] = ()) -> Finding:
        observed = prices + more
        finding = self._place_in_time(ts_ns, observed)
        if finding is Finding.SOUND:
            self._ts, self._last = ts_ns, observed
            finding = self._value(prices, shape)
        if finding is Finding.SOUND:
            self._price, self._settling = prices[0], 0
        else:
            self.counts[finding] += 1
        return finding

    def _place_in_time(self, ts_ns: int, observed: tuple[float, ...]) -> Finding:
        if ts_ns > self._ts:
            return Finding.SOUND
        if ts_ns < self._ts:
            return Finding.DISORDER
        if observed == self._last:
            return Finding.REPEAT
        return Finding.CONFLICT if self._limits.has_unique_stamps else Finding.SOUND

    def _value(self, prices: tuple[float, ...], shape: Finding) -> Finding:
        if not all(map(math.isfinite, prices)):
            return Finding.NOT_FINITE
        if min(prices) <= 0.0:
            return Finding.NOT_POSITIVE
        if shape is not Finding.SOUND:
            return shape
        return self._scale(prices)

    def _scale(self, prices: tuple[float, ...]) -> Finding:
        low, high = min(prices), max(prices)
        if self._price == 0.0:
            # nothing to compare with but itself: a first quote far apart has no scale yet
            return Finding.SOUND if high < low * self._factor else Finding.JUMP
        if high < self._price * self._factor and low * self._factor > self._price:
            return Finding.SOUND
        agrees = high < self._settling_price * self._factor and low * self._factor > self._settling_price
        self._settling = self._settling + 1 if agrees and self._settling else 1
        self._settling_price = prices[0]
        if self._settling > self._limits.settles_after and high < low * self._factor:
            return Finding.SOUND
        return Finding.JUMP

    # --- state -------------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """State as JSON values (a value that is no number as text)."""
        return {
            "ts": self._ts,
            "last": [value if math.isfinite(value) else repr(value) for value in self._last],
            "price": self._price,
            "settling": self._settling,
            "settling_price": self._settling_price,
            "counts": list(self.counts),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._ts = state["ts"]
        self._last = tuple(float(value) for value in state["last"])
        self._price = state["price"]
        self._settling = state["settling"]
        self._settling_price = state["settling_price"]
        self.counts = list(state["counts"])
