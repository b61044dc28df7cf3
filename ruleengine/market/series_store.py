"""Closed bars, as windows that features read.

Each series keeps its last bars in arrays of twice its capacity: bars are appended, and when the arrays are full the
last ones move to the front, so that every window is a contiguous view and a bar is copied once per `capacity` bars. A
window is unknown while bars are too few, or while a defective one lies in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ruleengine.functions.base import BarWindow
from ruleengine.market.bar_builder import Bar
from ruleengine.model.unknown import Reason, Unknown


class SeriesKey(NamedTuple):
    """`side`: which price the bars are of: mid, bid, ask or last."""

    instrument: str
    timeframe: str
    side: str


_VALUES = ("open", "high", "low", "close", "volume")
_STAMPS = ("opened_ns", "closed_ns", "session_start_ns")


class Series:
    """The last `capacity` closed bars of one instrument, timeframe and side."""

    __slots__ = ("_end", "_held", "_last_defect", "_stamps", "_values", "capacity", "count", "key")

    def __init__(self, key: SeriesKey, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a series holds at least one bar, not {capacity}")
        self.key = key
        self.capacity = capacity
        self.count = 0
        """Bars appended since the beginning, also those that no longer fit."""
        self._end = self._held = 0
        self._last_defect = -1
        """Number of the last defective bar, counted like `count`; −1 for none."""
        self._values = np.empty((len(_VALUES), 2 * capacity), dtype=np.float64)
        self._stamps = np.empty((len(_STAMPS), 2 * capacity), dtype=np.int64)

    def __len__(self) -> int:
        """Bars that can be read now."""
        return self._held

    def append(self, bar: Bar) -> None:
        """Take a closed bar; views given out before are not valid any more."""
        end = self._end
        if end == 2 * self.capacity:
            kept = self.capacity - 1
            self._values[:, :kept] = self._values[:, end - kept : end]
            self._stamps[:, :kept] = self._stamps[:, end - kept : end]
            end = kept
        self._values[:, end] = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        self._stamps[:, end] = (bar.opened_ns, bar.closed_ns, bar.session_start_ns)
        if bar.is_defective:
            self._last_defect = self.count
        self._end = end + 1
        self._held = min(self._held + 1, self.capacity)
        self.count += 1

    def window(self, n: int) -> BarWindow | Unknown:
        """The last n bars, oldest first, as views; or why not."""
        if self.count - self._last_defect <= n and self._last_defect >= 0:
            clear_in = n - self.sound_bars()
            return Unknown(Reason.SERIES_DEFECT, self.key.timeframe, f"clear after {bars_in_words(clear_in)} more")
        if n > self.capacity:
            raise ValueError(f"{self.key} holds {self.capacity} bars, not {n}: a look-back was not declared")
        if self._held < n:
            return Unknown(Reason.NOT_WARM, self.key.timeframe, f"needs {bars_in_words(n - self._held)} more")
        return self._view(n)

    def sound_bars(self) -> int:
        """Bars held that came after the last defective one."""
        return min(self._held, self.count - 1 - self._last_defect)

    def up_to(self, n: int) -> BarWindow | Unknown:
        """The last bars, at most n, as far back as they are held and sound."""
        rows = min(n, self.sound_bars())
        return self._view(rows) if rows else self.window(1)

    def _view(self, n: int) -> BarWindow:
        end = self._end
        values, stamps = self._values[:, end - n : end], self._stamps[:, end - n : end]
        return BarWindow(
            values[0], values[1], values[2], values[3], values[4],
            opened_at=stamps[0], closed_at=stamps[1], session_start=stamps[2],
        )  # fmt: skip

    # --- state -------------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """State as JSON values: the bars held, a NaN volume as null."""
        rows, end = len(self), self._end
        columns = {
            name: [None if math.isnan(value) else value for value in self._values[row, end - rows : end].tolist()]
            for row, name in enumerate(_VALUES)
        }
        stamps = {name: self._stamps[row, end - rows : end].tolist() for row, name in enumerate(_STAMPS)}
        return {"count": self.count, "last_defect": self._last_defect, **columns, **stamps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot. Where it holds more than this capacity the newest are kept; where it holds fewer than
        this capacity needs, windows stay unknown until enough have come."""
        rows = min(len(state["close"]), self.capacity)
        for row, name in enumerate(_VALUES):
            kept = state[name][len(state[name]) - rows :]
            self._values[row, :rows] = [math.nan if value is None else value for value in kept]
        for row, name in enumerate(_STAMPS):
            self._stamps[row, :rows] = state[name][len(state[name]) - rows :]
        self._end = self._held = rows
        self.count, self._last_defect = state["count"], state["last_defect"]


class SeriesStore:
    """The series that a policy reads, each as long as its longest look-back, or as long as was asked for (PY-06)."""

    __slots__ = ("_series",)

    def __init__(self, capacities: Mapping[SeriesKey, int]) -> None:
        self._series = {key: Series(key, capacity) for key, capacity in capacities.items()}

    def __getitem__(self, key: SeriesKey) -> Series:
        return self._series[key]

    def __contains__(self, key: SeriesKey) -> bool:
        return key in self._series

    def keys(self) -> tuple[SeriesKey, ...]:
        return tuple(self._series)

    def snapshot(self) -> list[dict[str, Any]]:
        return [{"key": list(key), **series.snapshot()} for key, series in self._series.items()]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Take over the series that are still wanted; others are left behind, new ones start empty."""
        for one in state:
            key = SeriesKey(*one["key"])
            if key in self._series:
                self._series[key].restore(one)


def bars_in_words(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"
