"""Values of features, computed when a bar of their timeframe closes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from ruleengine.functions.base import BarWindow, Function
from ruleengine.market.series_store import Series, bars_in_words
from ruleengine.model.unknown import Reason, Unknown

Value = float | bool | Unknown


@dataclass(frozen=True, slots=True)
class Feature:
    """One call of a series function, or, where `function` is None, one value of a column.

    `slot` is where its value goes, `label` how the policy wrote it. `column`: which column of its bars it reads, None
    for whole bars. `lookback`: the N of its function for these constants (1 for a plain column). `back`: bars before
    the last closed one at which it stands. `warm_after`: it stays unknown until so many bars are there."""

    slot: str
    label: str
    function: Function | None
    timeframe: str
    side: str
    column: str | None
    constants: tuple[float, ...]
    lookback: int
    back: int = 0
    warm_after: int = 0

    @property
    def bars(self) -> int:
        """Closed bars, counted from the last one back, that must be there."""
        return max(self.lookback, self.warm_after) + self.back


class FeatureSet:
    """The features of one instrument, by the timeframe and side that they wait for."""

    __slots__ = ("_waiting",)

    def __init__(self, features: Iterable[Feature]) -> None:
        self._waiting: dict[tuple[str, str], list[Feature]] = {}
        for feature in features:
            self._waiting.setdefault((feature.timeframe, feature.side), []).append(feature)

    def capacities(self) -> dict[tuple[str, str], int]:
        """Bars that each (timeframe, side) must hold: the longest look-back."""
        return {wanted: max(feature.bars for feature in group) for wanted, group in self._waiting.items()}

    def slots(self) -> tuple[str, ...]:
        return tuple(feature.slot for group in self._waiting.values() for feature in group)

    def on_close(self, series: Series) -> list[tuple[str, Value]]:
        """New values of the features that read this series, in the order declared; to be called after each append."""
        group = self._waiting.get((series.key.timeframe, series.key.side), ())
        return [(feature.slot, value_of(feature, series)) for feature in group]


def value_of(feature: Feature, series: Series) -> Value:
    """The feature over closed bars, or why it cannot be had; the reason names the feature as written."""
    is_partial = feature.function is not None and feature.function.partial
    held = series.up_to(feature.bars) if is_partial else series.window(feature.bars)
    if isinstance(held, Unknown):
        return Unknown(held.reason, feature.label, held.detail)
    end = len(held.close) - feature.back
    if end < 1:
        return Unknown(Reason.NOT_WARM, feature.label, f"needs {bars_in_words(1 - end)} more")
    value = _compute(feature, _rows(held, max(0, end - feature.lookback), end))
    if not isinstance(value, Unknown):
        return value
    is_cut_by_defect = is_partial and series.sound_bars() < min(feature.bars, series.count)
    reason = Reason.SERIES_DEFECT if is_cut_by_defect and value.reason == Reason.NOT_WARM else value.reason
    return Unknown(reason, feature.label, value.detail)


def _rows(window: BarWindow, start: int, end: int) -> BarWindow:
    if start == 0 and end == len(window.close):
        return window
    columns: list[Any] = [column[start:end] for column in window]
    return BarWindow(*columns)


def _compute(feature: Feature, window: BarWindow) -> Value:
    rows: Any = window if feature.column is None else getattr(window, feature.column)
    if feature.column is not None and not math.isfinite(rows.sum()):
        return Unknown(Reason.MISSING, feature.label, f"bars without {feature.column}")
    if feature.function is None:
        return float(rows[-1])
    compute = feature.function.compute
    assert compute is not None, feature.function.name
    return cast("Value", compute(rows, *feature.constants))
