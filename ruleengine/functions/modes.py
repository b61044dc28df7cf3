"""Modes: what state something is in, kept from one event to the next.

A switch is on or off, with its own condition for each turn. A classification is in one of several named states: by the
value of one figure (`levels`, with hysteresis on the way down), or by the first of several conditions that holds
(`choices`). All inputs are conditions, so that a mode compares as the language compares, in every backend alike.

No policy calls these; the section `modes` is written out to them (`typecheck.modes`). The first constant is the mode's
name. State: a list of JSON values, the ones below followed by the constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ruleengine.functions import _track as track
from ruleengine.functions.base import Function
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import BOOL, TEXT

State = list[Any]
Truth = bool | None
"""None: unknown."""

SWITCH, LEVELS, CHOICES = "mode.switch", "mode.levels", "mode.choices"


def _truth(value: object) -> Truth:
    return None if isinstance(value, Unknown) else bool(value)


def _lacking(values: tuple[object, ...]) -> str:
    """What the first unknown input lacks; "" where all are known."""
    return next((track.lacking(value) for value in values if isinstance(value, Unknown)), "")


# --- switches --------------------------------------------------------------------------------------------------------

ON, SINCE, ENTER, LEAVE, FED, WHY, NAME, POSTURE, STAY = range(9)
"""on (None: not known yet) · since µs · enter and leave as last fed · was it fed? · what is lacking · the mode's name ·
`on_unknown` · shortest stay µs."""


def start_switch(name: str, on_unknown: str, at_least_s: float) -> State:
    return [None, 0, None, None, False, "", name, on_unknown, track.micros(at_least_s)]


def push_switch(state: State, now_s: float, enter: object, leave: object) -> None:
    """Take what holds from now on; what became due before counts first."""
    now = track.micros(now_s)
    state[ON], state[SINCE] = _turned(state, now)
    state[ENTER], state[LEAVE], state[FED] = _truth(enter), _truth(leave), True
    state[WHY] = _lacking((enter, leave))
    state[ON], state[SINCE] = _turned(state, now)


def read_switch(state: State, now_s: float) -> bool | Unknown:
    on = _turned(state, track.micros(now_s))[0]
    return Unknown(Reason.MISSING, state[NAME], state[WHY] or "not known yet") if on is None else on


def take_over_switch(state: State, other: State) -> bool:
    """On or off as before, whatever the thresholds are now."""
    state[ON], state[SINCE] = other[ON], other[SINCE]
    return True


def _turned(state: State, now: int) -> tuple[Truth, int]:
    """(on, since) at an instant, by what was fed last. Where both conditions hold, `enter` counts; where the one that
    matters is unknown, `on_unknown` does. Only leaving waits for the shortest stay."""
    on, since = state[ON], state[SINCE]
    if not state[FED]:
        return on, since
    if on:
        if state[LEAVE] is None:
            return (False, now) if state[POSTURE] == "leave" else (True, since)
        enters = state[ENTER] or (state[ENTER] is None and state[POSTURE] == "enter")
        may_leave = state[LEAVE] and not enters and now - since >= state[STAY]
        return (False, now) if may_leave else (True, since)
    if state[ENTER] is None:
        if state[POSTURE] == "keep":
            return (False, now) if on is None and state[LEAVE] else (on, since)
        return (state[POSTURE] == "enter"), now
    return state[ENTER], now


# --- classifications -------------------------------------------------------------------------------------------------

STATE, FOUND, WAITING, SINCE_WAITING, LACKS, OWN_NAME, WORDS, CONFIRM, KEEPS = range(9)
"""the state (None: not known yet; "": none of them holds) · what the inputs say (None: unknown) · a new state that has
to be confirmed, or None · since µs · what is lacking · the mode's name · the words · confirmation µs · does it keep its
state while unknown?"""


def start_classification(name: str, words: tuple[str, ...], confirm_s: float, on_unknown: str) -> State:
    return [None, None, None, 0, "no event yet", name, list(words), track.micros(confirm_s), on_unknown == "keep"]


def push_levels(state: State, now_s: float, *reached_then_left: object) -> None:
    """For each state in rising order: is its threshold reached? Then for each: is the value below what leaves it?"""
    count = len(state[WORDS])
    truths = [_truth(value) for value in reached_then_left]

    def found(current: str | None) -> str | None:
        return None if None in truths else _level(state[WORDS], current, truths[:count], truths[count:])

    _push(state, now_s, found, _lacking(reached_then_left))


def _level(words: list[str], current: str | None, reached: list[Truth], left: list[Truth]) -> str:
    """The state that follows on `current`: up to the highest that is reached, down past every one that is left."""
    index = words.index(current) if current else -1
    top = max((place for place, is_reached in enumerate(reached) if is_reached), default=-1)
    if top > index:
        return words[top]
    while index >= 0 and left[index]:
        index -= 1
    return words[index] if index >= 0 else ""


def push_choices(state: State, now_s: float, *holds: object) -> None:
    """For each state in order: does its condition hold?"""
    truths = [_truth(value) for value in holds]

    def found(_: str | None) -> str | None:
        for word, truth in zip(state[WORDS], truths, strict=True):
            if truth is not False:
                return word if truth else None
        return ""

    _push(state, now_s, found, _lacking(holds))


def _push(state: State, now_s: float, found: Callable[[str | None], str | None], lacks: str) -> None:
    """Take what the inputs say from now on; a state whose confirmation was over before counts first."""
    now = track.micros(now_s)
    _settle(state, now)
    state[FOUND], state[LACKS] = found(state[STATE]), lacks
    if state[FOUND] is None or state[FOUND] == state[STATE]:
        state[WAITING] = None
    elif state[WAITING] != state[FOUND]:
        state[WAITING], state[SINCE_WAITING] = state[FOUND], now
    _settle(state, now)


def _settle(state: State, now: int) -> None:
    if state[WAITING] is not None and now - state[SINCE_WAITING] >= state[CONFIRM]:
        state[STATE], state[WAITING] = state[WAITING], None


def read_classification(state: State, now_s: float) -> str | Unknown:
    if state[FOUND] is None and not state[KEEPS]:
        return Unknown(Reason.MISSING, state[OWN_NAME], state[LACKS] or "no event yet")
    current, waits = state[STATE], track.micros(now_s) - state[SINCE_WAITING]
    if state[WAITING] is not None and waits >= state[CONFIRM]:
        current = state[WAITING]
    if current is None:
        if state[WAITING] is None:
            return Unknown(Reason.MISSING, state[OWN_NAME], state[LACKS] or "not known yet")
        left = f"{(state[CONFIRM] - waits) / 1e6:g} s until it is confirmed"
        return Unknown(Reason.NOT_WARM, state[OWN_NAME], left)
    return current or Unknown(Reason.MISSING, state[OWN_NAME], "none of its states holds")


def take_over_classification(state: State, other: State) -> bool:
    """The state as before, where the words are the same, whatever makes them now."""
    if state[WORDS] != other[WORDS]:
        return False
    state[STATE], state[FOUND] = other[STATE], other[FOUND]
    return True


def waits_to_leave(name: str, on_unknown: str, at_least_s: float) -> bool:
    return at_least_s > 0


def waits_to_confirm(name: str, words: tuple[str, ...], confirm_s: float, on_unknown: str) -> bool:
    return confirm_s > 0


MODES = (
    Function(
        SWITCH,
        "step",
        (),
        BOOL,
        "On from `enter` until `leave`.",
        "modes",
        source="FX-09",
        start=start_switch,
        push=push_switch,
        read=read_switch,
        take_over=take_over_switch,
        waits=waits_to_leave,
    ),
    Function(
        LEVELS,
        "step",
        (),
        TEXT,
        "The highest state whose threshold a value has reached, with hysteresis.",
        "modes",
        source="SC-15",
        start=start_classification,
        push=push_levels,
        read=read_classification,
        take_over=take_over_classification,
        waits=waits_to_confirm,
    ),
    Function(
        CHOICES,
        "step",
        (),
        TEXT,
        "The first state whose condition holds.",
        "modes",
        source="SC-15",
        start=start_classification,
        push=push_choices,
        read=read_classification,
        take_over=take_over_classification,
        waits=waits_to_confirm,
    ),
)
