"""Running figures over the last values told, each counted once however long it held.

Unlike the figures of `running`, which weigh by time, these count events: the mean of the last five quotes is that of
five quotes. State: window in microseconds, how many at most, times of the last values and the values, oldest first.
"""

from __future__ import annotations

import math
from typing import Any

from ruleengine.functions import _track as track
from ruleengine.functions.base import REGISTRY, Example, Function, Param
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import COUNT, DURATION

State = list[Any]

COUNT_MOST = 1_000


def start_latest(window_s: float, count: float) -> State:
    return [track.micros(window_s), int(count), [], []]


def push_latest(state: State, now_s: float, value: object) -> None:
    """Take a value; an unknown one takes those before it away: they are not the last ones any more."""
    _, most, times, values = state
    if isinstance(value, Unknown):
        times.clear()
        values.clear()
        return
    times.append(track.micros(now_s))
    values.append(value)
    if len(values) > most:
        del times[0], values[0]


def mean_of_last(state: State, now_s: float) -> float | Unknown:
    """Mean of those that came within the window, its far end included; the sum is exact before its one rounding."""
    window, _, times, values = state
    since = track.micros(now_s) - window
    within = [value for ts, value in zip(times, values, strict=True) if ts >= since]
    if not within:
        return Unknown(Reason.STALE, "mean_of_last", f"no value within {window / 1e6:g} s")
    return math.fsum(within) / len(within)


REGISTRY.add(
    Function(
        "mean_of_last",
        "step",
        (
            Param("x", "T", doc="any value that comes with events"),
            Param("window", DURATION, constant=True, doc="by event time", least=0.001, most=604_800.0),
            Param("n", COUNT, constant=True, default="5", doc="how many at most", least=1, most=COUNT_MOST),
        ),
        "T",
        "Mean of the last values, as many as came within a window but at most n, each counted once; unknown where none "
        "came, and while the value is unknown.",
        "running",
        (Example("mean_of_last(spread, 60s, 3)", "2", "spread = 9@0 1@20 4@30 1@45; now = 60"),),
        source="FX-05",
        is_among=True,
        start=start_latest,
        push=push_latest,
        read=mean_of_last,
    )
)
