"""An instrument's trading day: its open, extremes and volume, the close before it, and the prices it may reach.

A day's first price makes it; what came last before is then the previous close. Where an exchange sets price limits they
follow from that close, on the first day from the base price that the account file states (PY-14). Where steps of the
price come from a table, `instrument.tick` follows the price.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from ruleengine.facts.frames import MarketFrame
from ruleengine.market.days import anchor_of
from ruleengine.market.interval import Timeframe
from ruleengine.model.instrument import Instrument
from ruleengine.model.number import decimal_of
from ruleengine.model.ticks import band_at
from ruleengine.model.unknown import Reason, Unknown

SLOTS = ("open", "high", "low", "volume", "previous_close", "limit_up", "limit_down")
"""What it keeps in the frame of the market."""


class TradingDay:
    """Writes the slots of its day into a market's frame."""

    __slots__ = ("_band", "_close", "_closes_ns", "_frame", "_opens_ns", "_spec", "_timeframe")

    def __init__(self, spec: Instrument, frame: MarketFrame) -> None:
        self._spec, self._frame = spec, frame
        self._timeframe = Timeframe("d1", anchor_of(spec))
        self._opens_ns = self._closes_ns = 0
        self._close = math.nan
        self._band = (0.0, math.inf) if spec.ticks == "fixed" else (0.0, 0.0)
        if spec.base_price is not None:
            self._base(float(spec.base_price))

    def take(self, ts: int, open_: float, high: float, low: float, close: float, volume: float) -> None:
        """A trade, or a bar that opened at `ts`. `volume` NaN: no sizes are known."""
        frame = self._frame
        if not self._band[0] <= close < self._band[1]:
            self._set_tick(close)
        if not self._opens_ns <= ts < self._closes_ns:
            self._opens_ns, self._closes_ns = self._timeframe.bucket(ts)
            if self._close == self._close:
                self._base(self._close)
            frame.open, frame.high, frame.low = open_, high, low
            frame.volume = volume if volume == volume else Unknown(Reason.MISSING, "day.volume", "no trade sizes")
        else:
            frame.high = max(frame.high, high)
            frame.low = min(frame.low, low)
            if volume == volume and frame.volume.__class__ is not Unknown:
                frame.volume += volume
        self._close = close

    def stated(self, high: float | None, low: float | None, volume: float | None) -> None:
        """What the source itself says of the day so far: it has seen trades that we have not (KIS feeds, PY-06)."""
        frame = self._frame
        if high is not None:
            frame.high = max(frame.high, high)
        if low is not None and low > 0.0:
            frame.low = min(frame.low, low)
        if volume is not None:
            frame.volume = volume

    def _base(self, price: float) -> None:
        frame = self._frame
        frame.previous_close = price
        limits = self._spec.limits_of(decimal_of(price))
        if limits is not None:
            frame.limit_down, frame.limit_up = float(limits[0]), float(limits[1])

    def _set_tick(self, price: float) -> None:
        low, below, tick = band_at(self._spec.ticks, self._spec.tick, Decimal(repr(price)))
        self._band = (float(low), float(below))
        self._frame.tick = float(tick)

    def state(self) -> list[float | int | None]:
        """The day's bounds and the last price; what stands in the frame is kept with it."""
        return [self._opens_ns, self._closes_ns, None if math.isnan(self._close) else self._close]

    def restore(self, state: Sequence[float | int | None]) -> None:
        opens, closes, close = state
        self._opens_ns, self._closes_ns = int(opens or 0), int(closes or 0)
        self._close = math.nan if close is None else float(close)
        if close is not None and self._spec.ticks != "fixed":
            self._set_tick(self._close)


def keeps_day(spec: Instrument, *, is_read: bool) -> bool:
    """Is there a reason to follow the day: a rule that reads it, or price limits that hold orders back?"""
    return is_read or spec.price_limit is not None or spec.ticks != "fixed"
