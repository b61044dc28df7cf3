"""Features of closed bars for one instrument: the graph's calls, given to `market.features`, into a market frame's
`f`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph.lookback import bars_of
from ruleengine.market.bar_builder import Bar
from ruleengine.market.features import Feature, FeatureSet
from ruleengine.market.series_store import Series, SeriesKey
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.typecheck.typed import SeriesCall


class Features:
    """The features of one instrument. `values` is the market frame's `f`: by the graph's index.

    A value is a function of closed bars alone, so a restart computes it anew from the bars that are kept."""

    __slots__ = ("_features", "_is_idle", "_series", "values")

    def __init__(self, instrument: str, calls: Sequence[SeriesCall], side_of: Mapping[str, str]) -> None:
        self._features = FeatureSet(_feature(index, call, side_of) for index, call in enumerate(calls))
        self._series = {
            timeframe: Series(SeriesKey(instrument, timeframe, side), capacity)
            for (timeframe, side), capacity in self._features.capacities().items()
        }
        self.values: list[Any] = [_not_warm(call) for call in calls]
        self._is_idle = False

    def on_close(self, bar: Bar) -> None:
        """Take a closed bar and set the values of the features that wait for it."""
        series = self._series[bar.timeframe]
        series.append(bar)
        if not self._is_idle:
            self._refresh(series)

    def idle(self) -> None:
        """Take bars and compute nothing, until `wake`: nobody looks at the values meanwhile."""
        self._is_idle = True

    def wake(self) -> None:
        """Compute all values from the bars that are there."""
        self._is_idle = False
        for series in self._series.values():
            if series.count:
                self._refresh(series)

    @property
    def is_warm(self) -> bool:
        """Are all bars there that any of them reads?"""
        return all(len(series) >= series.capacity for series in self._series.values())

    def _refresh(self, series: Series) -> None:
        for slot, value in self._features.on_close(series):
            self.values[int(slot)] = value

    def state(self) -> dict[str, Any]:
        return {name: series.snapshot() for name, series in self._series.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, series in self._series.items():
            if name in state:
                series.restore(state[name])
                if series.count:
                    self._refresh(series)


def _feature(index: int, call: SeriesCall, side_of: Mapping[str, str]) -> Feature:
    function = FUNCTIONS[call.function] if call.function else None
    reads = 1
    if function is not None:
        assert function.lookback is not None
        reads = function.lookback(*call.constants, cut_weight=call.cut_weight)
    return Feature(
        slot=str(index),
        label=str(call),
        function=function,
        timeframe=call.timeframe,
        side=side_of[call.timeframe],
        column=call.column or None,
        constants=call.constants,
        lookback=reads,
        back=call.back,
        warm_after=call.warm_after,
    )


def _not_warm(call: SeriesCall) -> Unknown:
    needed = bars_of(call)
    return Unknown(Reason.NOT_WARM, str(call), f"needs {needed} more bar" + ("s" if needed > 1 else ""))
