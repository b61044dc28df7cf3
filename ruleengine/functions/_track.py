"""What a value was over the last seconds: a step function of time, held in a plain list.

A value holds from its event until the next one. So the average weighs by time, and a repeated value, another
instrument's event or a timer changes nothing, to the bit. Times are whole microseconds, values in sums whole multiples
of 2**-60 (exact for values down to 2**-7): sums are integers, the same whatever order of pushes and drops led to them.

State, a list of JSON values (indices below): the segments `[start, value]` in force at some instant of the window, a
value of None being an unknown stretch; how many leading ones are dropped; running sums over closed segments.
"""

from __future__ import annotations

from typing import Any

from ruleengine.model.unknown import Reason, Unknown

State = list[Any]

WINDOW, STARTED, LOST, HEAD, STARTS, VALUES, KNOWN, AREA, SQUARES, GAPS, WHY = range(11)
"""window µs · first push µs · µs up to which segments were dropped for want of room · index of the oldest segment ·
starts µs · values · known µs · Σ value × µs · Σ value² × µs, each over closed segments from HEAD on · how many segments
from HEAD on are unknown · what the last unknown stretch lacked as it began."""

CHANGES_MOST = 65_536
"""Changes of value held. A window that sees more of them is unknown, and says so."""

_MICRO = 1_000_000
_SCALE = 2.0**60
ONE = 1 << 60


def micros(seconds: float) -> int:
    return round(seconds * _MICRO)


def new(window_s: float, powers: int = 0) -> State:
    """An empty track. `powers`: which sums it keeps besides the known time: of values (1), of their squares too (2)."""
    return [micros(window_s), None, None, 0, [], [], 0, 0 if powers > 0 else None, 0 if powers > 1 else None, 0, ""]


def append(state: State, now_s: float, value: object) -> None:
    """Take what holds from now on."""
    now = round(now_s * _MICRO)
    held = None if isinstance(value, Unknown) else value
    starts, values = state[STARTS], state[VALUES]
    if not starts:
        state[STARTED] = now
        starts.append(now)
        values.append(held)
        state[GAPS], state[WHY] = int(held is None), lacking(value)
        return
    if held != values[-1]:
        state[WHY] = lacking(value) or state[WHY]
        if starts[-1] >= now:  # several values at one instant: the last of them holds
            state[GAPS] += (held is None) - (values[-1] is None)
            values[-1] = held
        else:
            _add_segment(state, now - starts[-1], values[-1])
            starts.append(now)
            values.append(held)
            state[GAPS] += held is None
            if len(starts) - state[HEAD] > CHANGES_MOST:
                state[LOST] = starts[state[HEAD] + 1]
                _drop_oldest(state)
                _compact(state)
    head, cutoff = state[HEAD], now - state[WINDOW]
    if head + 1 < len(starts) and starts[head + 1] <= cutoff:
        _drop_expired(state, cutoff)


def lacking(value: object) -> str:
    """What an unknown lacks, without how much of it, which moves with time; "" where the value is known."""
    return f"{value.fact} {value.reason}" if isinstance(value, Unknown) else ""


def _add_segment(state: State, width: int, value: float | None) -> None:
    """Add a value that held for so many µs; a negative width takes it away again."""
    if value is None:
        return
    state[KNOWN] += width
    if state[AREA] is not None:
        scaled = int(value * _SCALE)
        state[AREA] += scaled * width
        if state[SQUARES] is not None:
            state[SQUARES] += scaled * scaled * width


def _drop_oldest(state: State) -> None:
    head, starts = state[HEAD], state[STARTS]
    _add_segment(state, starts[head] - starts[head + 1], state[VALUES][head])
    state[GAPS] -= state[VALUES][head] is None
    state[HEAD] = head + 1


def _drop_expired(state: State, cutoff: int) -> None:
    starts = state[STARTS]
    while state[HEAD] + 1 < len(starts) and starts[state[HEAD] + 1] <= cutoff:
        _drop_oldest(state)
    _compact(state)


def _compact(state: State) -> None:
    """Let go of what was dropped once it is the larger half: O(1) amortised, each removal was paid for by an append."""
    head = state[HEAD]
    if head > 64 and head * 2 > len(state[STARTS]):
        del state[STARTS][:head], state[VALUES][:head]
        state[HEAD] = 0


def not_covered(state: State, now_s: float, name: str) -> Unknown | None:
    """Why the window cannot be answered for at this instant, or None."""
    cutoff = micros(now_s) - state[WINDOW]
    if state[STARTED] is None:
        return Unknown(Reason.NOT_WARM, name, "no value yet")
    if state[STARTED] > cutoff:
        return Unknown(Reason.NOT_WARM, name, f"needs {(state[STARTED] - cutoff) / _MICRO:g} s more")
    if state[LOST] is not None and state[LOST] > cutoff:
        return Unknown(Reason.NOT_WARM, name, f"more than {CHANGES_MOST} changes in its window")
    return None


def first_in_force(state: State, cutoff: int) -> int:
    """Index of the segment in force at `cutoff`. Pushes drop what lies before it; between them time goes on."""
    starts, index = state[STARTS], state[HEAD]
    while index + 1 < len(starts) and starts[index + 1] <= cutoff:
        index += 1
    return int(index)


def sums(state: State, now_s: float) -> State:
    """(…, known µs, Σ value × µs, Σ value² × µs) at the places of the state, over exactly the window that ends now.

    The state stays as it is: its last segment is not closed and its first not cut."""
    now = round(now_s * _MICRO)
    cutoff = now - state[WINDOW]
    starts, values = state[STARTS], state[VALUES]
    whole = state.copy()
    first = first_in_force(state, cutoff)
    for index in range(state[HEAD], first):
        _add_segment(whole, starts[index] - starts[index + 1], values[index])
    if first + 1 < len(starts) and starts[first] < cutoff:
        _add_segment(whole, starts[first] - cutoff, values[first])
    _add_segment(whole, max(0, now - max(starts[-1], cutoff)), values[-1])
    return whole


def unknown_part(state: State, now_s: float, name: str) -> Unknown | None:
    """Why a covered window can't be answered for because a part of it is unknown, or None.

    No figure tells of time in which nothing was known: what held then may have been anything. The value in force now
    counts, even if it has held for no time yet."""
    if not state[GAPS]:
        return None
    return unknown_in(sums(state, now_s), name)


def unknown_in(state: State, name: str) -> Unknown | None:
    """`unknown_part` of a state as `sums` gives it."""
    unknown = state[WINDOW] - state[KNOWN]
    if unknown <= 0 and state[VALUES][-1] is not None:
        return None
    why = f"{state[WHY]} for {unknown / _MICRO:g} s of {state[WINDOW] / _MICRO:g} s"
    return Unknown(Reason.MISSING, name, why)
