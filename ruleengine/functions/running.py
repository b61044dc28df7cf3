"""Running figures with explicit state: average, extremes, spread and change over a time window; how long since.

Windows are by event time and exact. A value holds until the next event (`_track`), so a figure is a function of what
held when, not of how many events told so. All are unknown until the window is covered, while any part of it is
unknown, and while it holds more changes than `CHANGES_MOST`; `change_over` reads the two ends of the window only.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from ruleengine.functions import _track as track
from ruleengine.functions.arithmetic import above
from ruleengine.functions.base import REGISTRY, Example, Function, Param
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import BOOL, COUNT, DURATION

State = list[Any]

LAYOUT = 2
"""Of the states below and `_track`'s; a saved state of another layout can't be gone on from."""

# --- average, deviation, change --------------------------------------------------------------------------------------


def start_window(window_s: float) -> State:
    return track.new(window_s)


def start_mean(window_s: float) -> State:
    return track.new(window_s, powers=1)


def start_deviation(window_s: float) -> State:
    return track.new(window_s, powers=2)


def push_value(state: State, now_s: float, value: object) -> None:
    track.append(state, now_s, value)


def avg_over(state: State, now_s: float) -> float | Unknown:
    """Time-weighted mean; exact but for the last rounding."""
    if (reason := track.not_covered(state, now_s, "avg_over")) is not None:
        return reason
    whole = track.sums(state, now_s)
    if (reason := track.unknown_in(whole, "avg_over")) is not None:
        return reason
    return float(whole[track.AREA] / (whole[track.KNOWN] * track.ONE))


def stdev_over(state: State, now_s: float) -> float | Unknown:
    """Time-weighted population deviation; the variance is an exact fraction, so it never comes out below zero."""
    if (reason := track.not_covered(state, now_s, "stdev_over")) is not None:
        return reason
    whole = track.sums(state, now_s)
    if (reason := track.unknown_in(whole, "stdev_over")) is not None:
        return reason
    known, area = whole[track.KNOWN], whole[track.AREA]
    return math.sqrt((whole[track.SQUARES] * known - area * area) / (known * known * track.ONE * track.ONE))


def change_over(state: State, now_s: float) -> float | Unknown:
    """The value now − the value in force when the window began."""
    if (reason := track.not_covered(state, now_s, "change_over")) is not None:
        return reason
    first = track.first_in_force(state, track.micros(now_s) - state[track.WINDOW])
    then, now = state[track.VALUES][first], state[track.VALUES][-1]
    if then is None or now is None:
        return Unknown(Reason.MISSING, "change_over", "now" if now is None else "when its window began")
    return float(now) - float(then)


def changes_over(state: State, now_s: float) -> float | Unknown:
    """How many times the value changed inside the window."""
    if (reason := track.not_covered(state, now_s, "changes_over")) is not None:
        return reason
    if (reason := track.unknown_part(state, now_s, "changes_over")) is not None:
        return reason
    first = track.first_in_force(state, track.micros(now_s) - state[track.WINDOW])
    pairs = pairwise(state[track.VALUES][first:])
    return float(sum(above(earlier, later) or above(later, earlier) for earlier, later in pairs))


# --- extremes --------------------------------------------------------------------------------------------------------
# state: [track, sign, candidates' values, candidates' ends µs, head]; the value in force now stands in the track only


def start_max(window_s: float) -> State:
    return [track.new(window_s), 1, [], [], 0]


def start_min(window_s: float) -> State:
    return [track.new(window_s), -1, [], [], 0]


def push_extreme(state: State, now_s: float, value: object) -> None:
    """Keep the candidates for the extreme: closed segments that nothing newer beats, the best first.

    A value joins them when its segment closes, so one that was replaced at its own instant never counts."""
    held_track, sign, values, ends, _ = state
    starts = held_track[track.STARTS]
    began, held = (starts[-1], held_track[track.VALUES][-1]) if starts else (None, None)
    track.append(held_track, now_s, value)
    starts = held_track[track.STARTS]
    if held is not None and starts[-1] != began:
        while len(values) > state[4] and sign * values[-1] <= sign * held:
            values.pop()
            ends.pop()
        values.append(held)
        ends.append(starts[-1])
    _drop_expired_candidates(state, track.micros(now_s) - held_track[track.WINDOW])


def _drop_expired_candidates(state: State, cutoff: int) -> None:
    _, _, values, ends, head = state
    while head < len(ends) and (ends[head] <= cutoff or len(ends) - head > track.CHANGES_MOST):
        head += 1
    if head > 64 and head * 2 > len(ends):
        del values[:head], ends[:head]
        head = 0
    state[4] = head


def max_over(state: State, now_s: float) -> float | Unknown:
    return _extreme(state, now_s, "max_over")


def min_over(state: State, now_s: float) -> float | Unknown:
    return _extreme(state, now_s, "min_over")


def _extreme(state: State, now_s: float, name: str) -> float | Unknown:
    held_track, sign, values, ends, head = state
    if (reason := track.not_covered(held_track, now_s, name)) is not None:
        return reason
    if (reason := track.unknown_part(held_track, now_s, name)) is not None:
        return reason
    cutoff = track.micros(now_s) - held_track[track.WINDOW]
    while head < len(ends) and ends[head] <= cutoff:
        head += 1
    held = held_track[track.VALUES][-1]
    if head == len(ends) or sign * held >= sign * values[head]:
        return float(held)
    return float(values[head])


# --- how long --------------------------------------------------------------------------------------------------------
# state: [holds now (None unknown), since when µs, when it last held µs, what is lacking now, what an unknown stretch
# since it last held lacked]


def start_condition() -> State:
    return [False, None, None, "", ""]


def push_condition(state: State, now_s: float, value: object) -> None:
    """Take what holds from now on; of several values at one instant the last one holds."""
    now = track.micros(now_s)
    holds = None if isinstance(value, Unknown) else bool(value)
    if state[1] is not None:
        if holds is state[0]:
            return
        if state[1] < now:
            _close(state, now)
    state[0], state[1], state[3] = holds, now, track.lacking(value)


def _close(state: State, now: int) -> None:
    if state[0] is None:
        state[4] = state[3]
    elif state[0]:
        state[2], state[4] = now, ""


def held_for(state: State, now_s: float) -> float | Unknown:
    """Seconds for which the condition has held without a break; 0 while it does not hold. An unknown stretch is a
    break: what the condition was meanwhile nobody knows."""
    if state[0] is None:
        return _condition_unknown("held_for", state)
    return float(track.micros(now_s) - state[1]) / 1e6 if state[0] else 0.0


def time_since(state: State, now_s: float) -> float | Unknown:
    """Seconds since the condition last held; 0 while it holds. Unknown once it was unknown, until it holds again: it
    may have held meanwhile."""
    if state[0] is None:
        return _condition_unknown("time_since", state)
    if state[0]:
        return 0.0
    if state[4]:
        return Unknown(Reason.MISSING, "time_since", f"its condition was unknown meanwhile: {state[4]}")
    if state[2] is None:
        return Unknown(Reason.EMPTY, "time_since", "its condition has not held yet")
    return float(track.micros(now_s) - state[2]) / 1e6


def _condition_unknown(name: str, state: State) -> Unknown:
    return Unknown(Reason.MISSING, name, f"its condition is unknown: {state[3]}")


_VALUE = Param("x", "T", doc="any value that changes with events")
_WINDOW = Param("window", DURATION, constant=True, doc="by event time", least=0.001, most=604_800.0)
_CONDITION = Param("condition", BOOL)
_EXAMPLE = "spread = 1@0 4@30 2@45; now = 60"
"""1 for 30 s, 4 for 15 s, 2 for 15 s: (30 + 60 + 30) / 60 = 2; squares (30 + 240 + 60) / 60 = 5.5, less 4 is 1.5."""

REGISTRY.add(
    Function(
        "avg_over",
        "step",
        (_VALUE, _WINDOW),
        "T",
        "Average over a time window, each value weighted by how long it held; unknown while any part of it is.",
        "running",
        (Example("avg_over(spread, 60s)", "2", _EXAMPLE),),
        source="FX-10",
        is_among=True,
        start=start_mean,
        push=push_value,
        read=avg_over,
    )
)
REGISTRY.add(
    Function(
        "stdev_over",
        "step",
        (_VALUE, _WINDOW),
        "spread of element",
        "Standard deviation over a time window, weighted by time; unknown while any part of it is.",
        "running",
        (Example("stdev_over(spread, 60s)", "1.224744871391589", _EXAMPLE),),
        least=0.0,
        start=start_deviation,
        push=push_value,
        read=stdev_over,
    )
)
REGISTRY.add(
    Function(
        "change_over",
        "step",
        (_VALUE, _WINDOW),
        "spread of element",
        "The value now − the value one window ago; unknown while either is.",
        "running",
        (Example("change_over(spread, 60s)", "1", _EXAMPLE),),
        source="FX-11",
        start=start_window,
        push=push_value,
        read=change_over,
    )
)
REGISTRY.add(
    Function(
        "changes_over",
        "step",
        (_VALUE, _WINDOW),
        COUNT,
        "How many times the value changed in a time window; unknown while any part of it is.",
        "running",
        (Example("changes_over(spread, 60s)", "2", _EXAMPLE),),
        least=0.0,
        start=start_window,
        push=push_value,
        read=changes_over,
    )
)
REGISTRY.add(
    Function(
        "max_over",
        "step",
        (_VALUE, _WINDOW),
        "T",
        "Largest value that held in a time window; unknown while any part of it is.",
        "running",
        (Example("max_over(spread, 60s)", "4", _EXAMPLE),),
        is_among=True,
        start=start_max,
        push=push_extreme,
        read=max_over,
    )
)
REGISTRY.add(
    Function(
        "min_over",
        "step",
        (_VALUE, _WINDOW),
        "T",
        "Smallest value that held in a time window; unknown while any part of it is.",
        "running",
        (Example("min_over(spread, 20s)", "2", _EXAMPLE),),
        is_among=True,
        start=start_min,
        push=push_extreme,
        read=min_over,
    )
)
REGISTRY.add(
    Function(
        "held_for",
        "step",
        (_CONDITION,),
        DURATION,
        "For how long a condition has held without a break; 0 while it does not. An unknown stretch is a break.",
        "running",
        (Example("held_for(calm)", "20", "calm = 0@0 1@10 0@30 1@40; now = 60"),),
        source="FX-22",
        least=0.0,
        start=start_condition,
        push=push_condition,
        read=held_for,
    )
)
REGISTRY.add(
    Function(
        "time_since",
        "step",
        (_CONDITION,),
        DURATION,
        "How long ago a condition last held; 0 while it holds. Unknown after an unknown stretch, until it holds again; "
        "`held_for(not …)` counts from the end of the stretch.",
        "running",
        (Example("time_since(calm)", "30", "calm = 0@0 1@10 0@30; now = 60"),),
        source="SC-16",
        least=0.0,
        start=start_condition,
        push=push_condition,
        read=time_since,
    )
)
