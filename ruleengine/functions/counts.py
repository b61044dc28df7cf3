"""Counters of what happens in a price, with decay and reset; one machine for both sides, with a sign.

    retrace   a leg that went far enough, and then a retrace from its extreme: one count for each
    move      moves of at least a size in the side's direction, one after another; one the other way begins at none
    when      a condition that becomes true

A leg ends with a retrace of the size that counts, whether or not it went far enough; the next one begins at its lowest
point. Counts live by `within`: from the last one on, `decay` takes one away for each such time that passes, `reset` all
after the first. While an input is unknown, so is the count; what was counted is kept, the leg begins anew.

No policy calls these; the section `patterns` is written out to them (`typecheck.patterns`). State: a list of JSON
values, the ones below followed by the constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ruleengine.functions import _track as track
from ruleengine.functions.arithmetic import above
from ruleengine.functions.base import Function
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import COUNT

State = list[Any]

RETRACES, MOVES, TURNS = "pattern.retraces", "pattern.moves", "pattern.turns"

COUNTED, LAST, FROM, PEAK, TOP, HELD, LACKS, NAME, SIGN, WITHIN, DECAYS, RESET_AFTER, RESETS_ON_TOP = range(13)
"""counts · when the last was µs · where the leg began, and its extreme (signed prices; None: it begins with the next
one) · extreme since the first count · the condition before (None: unknown) · what is lacking · the pattern's name ·
+1 long, −1 short · `within` µs (0: none) · does it decay? · `reset_after` µs (0: none) · `reset_on_new_extreme`."""


def start(name: str, sign: int, within_s: float, then: str, reset_after_s: float, resets_on_top: bool) -> State:
    seen: State = [0, 0, None, None, None, None, "no event yet"]
    return [*seen, name, sign, track.micros(within_s), then == "decay", track.micros(reset_after_s), resets_on_top]


def push_retraces(state: State, now_s: float, price: object, retrace: object, after_run: object) -> None:
    """`retrace`, `after_run`: price distances."""
    x = _price(state, price, retrace, after_run)
    if x is None:
        return
    now = track.micros(now_s)
    if state[TOP] is not None and state[RESETS_ON_TOP] and above(x, state[TOP]):
        state[COUNTED], state[TOP] = 0, None
    if state[FROM] is None or x < state[FROM]:
        state[FROM] = state[PEAK] = x
        return
    state[PEAK] = max(state[PEAK], x)
    if above(x, state[PEAK] - float(retrace)):  # type: ignore[arg-type]
        return
    if not above(state[FROM] + float(after_run), state[PEAK]):  # type: ignore[arg-type]
        is_first = state[TOP] is None or _left(state, now) == 0
        state[TOP] = state[PEAK] if is_first else max(state[TOP], state[PEAK])
        _count(state, now)
    state[FROM] = state[PEAK] = x


def push_moves(state: State, now_s: float, price: object, size: object) -> None:
    """`size`: a price distance, from where the last move ended."""
    x = _price(state, price, size)
    if x is None:
        return
    width = float(size)  # type: ignore[arg-type]
    if state[FROM] is None:
        state[FROM] = x
    elif not above(state[FROM] + width, x):
        _count(state, track.micros(now_s))
        state[FROM] = x
    elif not above(x, state[FROM] - width):
        state[COUNTED], state[FROM] = 0, x


def push_turns(state: State, now_s: float, holds: object) -> None:
    """One count where a condition that did not hold holds."""
    state[LACKS] = track.lacking(holds)
    now_holds = None if isinstance(holds, Unknown) else bool(holds)
    if now_holds and state[HELD] is False:
        _count(state, track.micros(now_s))
    state[HELD] = now_holds


def _price(state: State, price: object, *sizes: object) -> float | None:
    """The signed price; None while anything is unknown, and then the leg begins anew."""
    state[LACKS] = next((track.lacking(each) for each in (price, *sizes) if isinstance(each, Unknown)), "")
    if state[LACKS]:
        state[FROM] = state[PEAK] = None
        return None
    return float(state[SIGN] * price)


def _count(state: State, now: int) -> None:
    state[COUNTED], state[LAST] = _left(state, now) + 1, now


def _left(state: State, now: int) -> int:
    """Counts that live."""
    passed = now - state[LAST]
    if state[COUNTED] == 0 or (state[RESET_AFTER] and passed >= state[RESET_AFTER]):
        return 0
    lost = passed // state[WITHIN] if state[WITHIN] else 0
    return max(0, state[COUNTED] - lost) if state[DECAYS] or lost == 0 else 0


def read(state: State, now_s: float) -> float | Unknown:
    if state[LACKS]:
        return Unknown(Reason.MISSING, state[NAME], state[LACKS])
    return float(_left(state, track.micros(now_s)))


def waits(name: str, sign: int, within_s: float, then: str, reset_after_s: float, resets_on_top: bool) -> bool:
    return within_s > 0 or reset_after_s > 0


def _declared(name: str, doc: str, source: str, push: Callable[..., None]) -> Function:
    return Function(
        name, "step", (), COUNT, doc, "patterns", source=source, start=start, push=push, read=read, waits=waits
    )


COUNTS = (
    _declared(RETRACES, "Retraces from an extreme after a run.", "FX-12", push_retraces),
    _declared(MOVES, "Moves in one direction, one after another.", "FX-11", push_moves),
    _declared(TURNS, "How often a condition became true.", "FX-12", push_turns),
)
