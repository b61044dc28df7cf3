"""Patterns of ordered steps: a rise, its pullback, the break of its high. One machine for both sides, with a sign.

    move     from where the move before it ended, or, where there is none, from the extreme price within its window; at
             least so far, and no farther than `at_most`, or all begins anew
    beyond   past the extreme of an earlier step
    when     a condition holds

Each step has its time from the step before it (a move: from that step's extreme); when it is over, all begins anew:
what was before the present price is forgotten. While an input is unknown, so is the pattern; an unknown price makes it
begin anew. Prices are compared with the language's tolerance, at the size of prices.

No policy calls this; the section `patterns` is written out to it (`typecheck.patterns`). State: a list of JSON values,
the ones below followed by the constants.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ruleengine.functions import _track as track
from ruleengine.functions.arithmetic import above
from ruleengine.functions.base import Function
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import COUNT

State = list[Any]

SEQUENCE = "pattern.steps"

(DONE, REACHED, BEGINS, EXTREMES, EXTREME_AT, LATEST, HELD, PASSED, ENDS, COUNTS_UNTIL, LACKS, NAME, SIGN, STEPS,
 HOLDS, FARTHEST) = range(16)  # fmt: skip
"""steps done · when the last of them was µs · signed price at which each done move began · signed extreme of each done
step (None: it has none) · when the latest extreme was µs · index of the latest step with an extreme (−1: none) · signed
price in force (None: unknown) · signed prices that held before, the most extreme first, and when each ended µs · until
when a completed pattern counts µs · what is lacking · the pattern's name · +1 long, −1 short · the steps · how long a
completed one counts µs · how far the move that is waited for has gone already, signed price (None: not begun)."""


class Step(NamedTuple):
    """`direction`: +1 with the side, −1 against it. `…_at`: which input, −1: none. Times in seconds."""

    kind: str
    direction: int
    least_at: int
    least_is_ratio: bool
    most_at: int
    most_is_ratio: bool
    when_at: int
    target: int
    within_s: float


def start(name: str, sign: int, steps: tuple[Step, ...], holds_s: float) -> State:
    done: State = [0, 0, [None] * len(steps), [None] * len(steps), 0, -1, None, [], [], None, "no event yet"]
    return [*done, name, sign, [list(step) for step in steps], track.micros(holds_s), None]


def push(state: State, now_s: float, price: object, *inputs: object) -> None:
    """Take the price, sizes and conditions from now on."""
    if len(state) == FARTHEST:
        state.append(None)  # a state from before it was kept
    now = track.micros(now_s)
    lacks = track.lacking(price) or next((track.lacking(each) for each in inputs if isinstance(each, Unknown)), "")
    state[LACKS] = lacks
    if isinstance(price, Unknown):
        _begin_anew(state, None, now)
        state[COUNTS_UNTIL] = None
        return
    x = state[SIGN] * float(price)  # type: ignore[arg-type]
    _hold(state, x, now)
    if state[DONE] and _is_late(state, now):
        _begin_anew(state, x, now)
    if state[LATEST] >= 0:
        _extend(state, x, now)
        if _is_too_far(state, inputs):
            _begin_anew(state, x, now)
        elif _awaited(state).kind == "move":
            _farthest(state, _awaited(state), x)
    while state[DONE] < len(state[STEPS]) and _is_bounded(state, inputs) and _is_met(state, x, now, inputs):
        _advance(state, x, now)
    if state[DONE] == len(state[STEPS]):
        state[COUNTS_UNTIL] = now + state[HOLDS]
        _begin_anew(state, x, now)


def read(state: State, now_s: float) -> float | Unknown:
    """How many steps are done; all of them while a completed pattern counts."""
    if state[LACKS]:
        return Unknown(Reason.MISSING, state[NAME], state[LACKS])
    now = track.micros(now_s)
    if state[COUNTS_UNTIL] is not None and now < state[COUNTS_UNTIL]:
        return float(len(state[STEPS]))
    return 0.0 if state[DONE] and _is_late(state, now) else float(state[DONE])


def _begin_anew(state: State, x: float | None, now: int) -> None:
    """Nothing is done, and only the present price is known."""
    state[DONE], state[REACHED], state[LATEST] = 0, now, -1
    state[BEGINS], state[EXTREMES] = [None] * len(state[STEPS]), [None] * len(state[STEPS])
    state[HELD], state[PASSED], state[ENDS] = x, [], []
    state[FARTHEST] = None


def _hold(state: State, x: float, now: int) -> None:
    """The price holds from now on; the one before it held until now. Kept are those that no later one is below, in the
    direction of the first move: a move down begins at the highest price."""
    first = next((Step(*step) for step in state[STEPS] if step[0] == "move"), None)
    held, passed, ends = state[HELD], state[PASSED], state[ENDS]
    state[HELD] = x
    if first is None or state[LATEST] >= 0 or held is None:
        return
    while passed and first.direction * passed[-1] >= first.direction * held:
        passed.pop()
        ends.pop()
    passed.append(held)
    ends.append(now)
    cutoff = now - track.micros(first.within_s)
    while ends and (ends[0] < cutoff or len(ends) > track.CHANGES_MOST):
        del passed[0], ends[0]


def _awaited(state: State) -> Step:
    return Step(*state[STEPS][state[DONE]])


def _is_late(state: State, now: int) -> bool:
    """Is the time of the step that is waited for over? A move has its time from the extreme that it begins at."""
    step = _awaited(state)
    since = state[REACHED]
    if step.kind == "move" and state[LATEST] >= 0:
        since = max(since, state[EXTREME_AT])
    return step.within_s > 0 and now - since > track.micros(step.within_s)


def _extend(state: State, x: float, now: int) -> None:
    """The latest step with an extreme goes on."""
    index = state[LATEST]
    direction, extreme = state[STEPS][index][1], state[EXTREMES][index]
    if direction * x > direction * extreme:
        state[EXTREMES][index], state[EXTREME_AT] = x, now
        state[FARTHEST] = None  # the move after it begins here


def _is_too_far(state: State, inputs: tuple[object, ...]) -> bool:
    """Has the latest move gone farther than it may, from where it began? Asked of its extreme: it may have gone there
    while nobody knew how far it may go."""
    step = Step(*state[STEPS][state[LATEST]])
    if step.most_at < 0:
        return False
    begin, extreme = state[BEGINS][state[LATEST]], state[EXTREMES][state[LATEST]]
    most = _size(inputs[step.most_at], step.most_is_ratio, begin)
    return most is not None and above(step.direction * extreme, step.direction * begin + most)


def _is_bounded(state: State, inputs: tuple[object, ...]) -> bool:
    """Is it known that the latest move has not gone too far? Until then no step comes after it."""
    if state[LATEST] < 0:
        return True
    step = Step(*state[STEPS][state[LATEST]])
    return step.most_at < 0 or not isinstance(inputs[step.most_at], Unknown)


def _is_met(state: State, x: float, now: int, inputs: tuple[object, ...]) -> bool:
    """Is the step that is waited for done at this price?"""
    step = _awaited(state)
    match step.kind:
        case "when":
            holds = inputs[step.when_at]
            return not isinstance(holds, Unknown) and bool(holds)
        case "beyond":
            return above(step.direction * x, step.direction * state[EXTREMES][step.target])
    begin, farthest = _origin(state, step, x), _farthest(state, step, x)
    least = _size(inputs[step.least_at], step.least_is_ratio, begin)
    most = _size(inputs[step.most_at], step.most_is_ratio, begin) if step.most_at >= 0 else None
    if most is not None and above(step.direction * farthest, step.direction * begin + most):
        _begin_anew(state, x, now)
        return False
    if least is None or (step.most_at >= 0 and most is None):
        if state[LATEST] < 0 and step.most_at >= 0:
            state[PASSED], state[ENDS] = [], []  # nobody can say whether what goes on has gone too far
        return False
    return not above(step.direction * begin + least, step.direction * x)


def _origin(state: State, step: Step, x: float) -> float:
    """Where a move begins: at the extreme of the step before it, or at the extreme price within its window."""
    if state[LATEST] >= 0:
        return float(state[EXTREMES][state[LATEST]])
    extreme = min(step.direction * each for each in (*state[PASSED][:1], x))
    return float(step.direction * extreme)


def _farthest(state: State, step: Step, x: float) -> float:
    """How far the move that is waited for has gone since the extreme that it begins at; kept while that may have been
    too far, and nobody could tell."""
    if state[LATEST] < 0:
        return x
    before = state[FARTHEST]
    state[FARTHEST] = x if before is None or step.direction * x > step.direction * before else before
    return float(state[FARTHEST])


def _size(value: object, is_ratio: bool, begin: float) -> float | None:
    """A distance of prices; a ratio is one of the price at which the move began."""
    if isinstance(value, Unknown):
        return None
    size = float(value)  # type: ignore[arg-type]
    return abs(begin) * size if is_ratio else size


def _advance(state: State, x: float, now: int) -> None:
    """The step that was waited for is done."""
    index, step = state[DONE], _awaited(state)
    if step.kind == "move":
        state[BEGINS][index] = _origin(state, step, x)
    if step.kind != "when":
        state[EXTREMES][index], state[LATEST], state[EXTREME_AT] = x, index, now
    state[PASSED], state[ENDS], state[FARTHEST] = [], [], None
    state[DONE], state[REACHED] = index + 1, now


SEQUENCES = (
    Function(
        SEQUENCE,
        "step",
        (),
        COUNT,
        "How many steps of a pattern are done.",
        "patterns",
        source="PY-01",
        start=start,
        push=push,
        read=read,
    ),
)
