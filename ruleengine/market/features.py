"""Values of features, computed when a bar of their timeframe closes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from ruleengine.functions.base import BarWindow, Function
from ruleengine.market.series_store import Series
from ruleengine.model.unknown import Reason, Unknown

Value = float | bool | Unknown


@dataclass(frozen=True, slots=True)
class Feature:
    """One call of a series function. `slot` is where its value goes, `label` how the policy wrote it, `column` the
    column of its bars it reads, None for whole bars; `lookback` is the N of its function for these constants."""

    slot: str
    label: str
    function: Function
    timeframe: str
    side: str
    column: str | None
    constants: tuple[float, ...]
    lookback: int


class FeatureSet:
    """The features of one instrument, by the timeframe and side that they wait for."""

    __slots__ = ("_waiting",)

    def __init__(self, features: Iterable[Feature]) -> None:
        self._waiting: dict[tuple[str, str], list[Feature]] = {}
        for feature in features:
            self._waiting.setdefault((feature.timeframe, feature.side), []).append(feature)

    def capacities(self) -> dict[tuple[str, str], int]:
        """Bars that each (timeframe, side) must hold: the longest look-back."""
        return {wanted: max(feature.lookback for feature in group) for wanted, group in self._waiting.items()}

    def slots(self) -> tuple[str, ...]:
        return tuple(feature.slot for group in self._waiting.values() for feature in group)

    def on_close(self, series: Series) -> list[tuple[str, Value]]:
        """New values of the features that read this series, in the order declared; to be called after each append."""
        group = self._waiting.get((series.key.timeframe, series.key.side), ())
        return [(feature.slot, value_of(feature, series)) for feature in group]


def value_of(feature: Feature, series: Series) -> Value:
    """The feature over the last closed bars, or why it cannot be had; the reason names the feature as written."""
    function, n = feature.function, feature.lookback
    window = series.up_to(n) if function.partial else series.window(n)
    if isinstance(window, Unknown):
        return Unknown(window.reason, feature.label, window.detail)
    value = _compute(feature, window)
    if not isinstance(value, Unknown):
        return value
    is_cut_by_defect = function.partial and series.sound_bars() < min(n, series.count)
    reason = Reason.SERIES_DEFECT if is_cut_by_defect and value.reason == Reason.NOT_WARM else value.reason
    return Unknown(reason, feature.label, value.detail)


def _compute(feature: Feature, window: BarWindow) -> Value:
    compute = feature.function.compute
    assert compute is not None, feature.function.name
    rows: Any = window if feature.column is None else getattr(window, feature.column)
    if feature.column is not None and not math.isfinite(rows.sum()):
        return Unknown(Reason.MISSING, feature.label, f"bars without {feature.column}")
    return cast("Value", compute(rows, *feature.constants))
