# A declaration holds the callables of its own kind only; tests know the kind they call.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# mypy: disable-error-code="misc,union-attr,arg-type,call-arg,attr-defined,no-any-return,operator"
"""Running figures: windows worked by hand, exactness, what is unknown and why, bounded memory."""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest

from ruleengine.functions import _track
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.model.unknown import Reason, Unknown

GONE = Unknown(Reason.STALE, "spread", "12 s")


def run(name, window, pushes, now):
    function = FUNCTIONS[name]
    state = function.start(window)
    for at, value in pushes:
        function.push(state, at, value)
    return function.read(state, now)


# 1 over 0–10, 5 over 10–20, 3 from 20 on
STEPS = [(0.0, 1.0), (10.0, 5.0), (20.0, 3.0)]


@pytest.mark.parametrize(
    ("name", "window", "now", "gives"),
    [
        ("avg_over", 20, 20.0, 3.0),  # (10·1 + 10·5) / 20
        ("avg_over", 20, 25.0, 3.5),  # 5–25: (5·1 + 10·5 + 5·3) / 20 = 70 / 20
        ("avg_over", 20, 40.0, 3.0),  # nothing but 3 is left
        ("avg_over", 20, 30.0, 4.0),  # 10–30: (10·5 + 10·3) / 20
        ("max_over", 20, 29.999, 5.0),
        ("max_over", 10, 29.999, 5.0),  # 5 held until 20, the window began at 19.999
        ("max_over", 10, 30.0, 3.0),  # the window began as 5 ended
        ("min_over", 20, 25.0, 1.0),
        ("min_over", 20, 30.0, 3.0),
        ("change_over", 20, 20.0, 2.0),  # 3 − 1
        ("change_over", 10, 25.0, -2.0),  # 3 − 5, which held at 15
        ("change_over", 10, 29.999, -2.0),
        ("change_over", 10, 30.0, 0.0),  # 3 holds from 20 on
        ("changes_over", 20, 25.0, 2.0),
        ("changes_over", 10, 25.0, 1.0),
        ("changes_over", 10, 30.0, 0.0),
        ("stdev_over", 20, 20.0, 2.0),  # half 1, half 5: each 2 from the mean of 3
    ],
)
def test_by_hand(name, window, now, gives) -> None:
    assert run(name, window, STEPS, now) == gives


def test_below_at_and_above_the_time_to_warm_up() -> None:
    assert run("avg_over", 20, STEPS[:1], 19.999).reason == Reason.NOT_WARM
    assert run("avg_over", 20, STEPS[:1], 15.0).detail == "needs 5 s more"
    assert run("avg_over", 20, STEPS[:1], 20.0) == 1.0
    assert run("avg_over", 20, STEPS[:1], 20.001) == 1.0
    assert run("max_over", 20, [], 100.0).detail == "no value yet"


FIGURES = ("avg_over", "stdev_over", "max_over", "min_over", "changes_over")


@pytest.mark.parametrize("name", FIGURES)
def test_a_window_with_an_unknown_part_is_unknown(name) -> None:
    """2 over 0–10, unknown over 10–20, 4 from 20 on: told again once the unknown stretch lies before the window."""
    pushes = [(0.0, 2.0), (10.0, GONE), (20.0, 4.0)]
    assert run(name, 10, pushes[:1], 10.0) == {"stdev_over": 0.0, "changes_over": 0.0}.get(name, 2.0)
    for now in (10.0, 10.5, 19.0, 20.0, 25.0, 29.999):
        value = run(name, 10, [each for each in pushes if each[0] <= now], now)
        assert value.reason == Reason.MISSING, now
    assert run(name, 10, pushes[:2], 13.0).detail == "spread stale for 3 s of 10 s"
    assert run(name, 10, pushes, 25.0).detail == "spread stale for 5 s of 10 s"
    assert run(name, 10, pushes, 30.0) == {"stdev_over": 0.0, "changes_over": 0.0}.get(name, 4.0)


def test_the_reason_is_that_of_the_last_stretch_as_it_began() -> None:
    missing = Unknown(Reason.MISSING, "bid")
    pushes = [(0.0, missing), (1.0, 2.0), (3.0, GONE), (4.0, missing), (5.0, 3.0)]
    assert run("max_over", 5, pushes, 6.0).detail == "spread stale for 2 s of 5 s"
    assert run("max_over", 5, pushes[:1], 2.0).reason == Reason.NOT_WARM
    at_once = [(0.0, 1.0), (3.0, missing), (3.0, 2.0), (3.0, GONE)]  # the last one of an instant holds
    assert run("max_over", 3, at_once, 4.0).detail == "spread stale for 1 s of 3 s"


def test_a_change_needs_both_ends_only() -> None:
    pushes = [(0.0, 2.0), (10.0, GONE), (20.0, 4.0)]
    assert run("change_over", 20, pushes, 25.0) == 2.0
    assert run("change_over", 20, pushes, 30.0).detail == "when its window began"
    assert run("change_over", 20, pushes[:2], 21.0).detail == "now"


def test_a_value_replaced_at_its_own_instant_never_held() -> None:
    pushes = [(0.0, 1.0), (10.0, 9.0), (10.0, 0.5), (15.0, 0.25)]
    assert run("max_over", 20, pushes, 20.0) == 1.0
    assert run("min_over", 20, pushes, 20.0) == 0.25
    assert run("changes_over", 20, [(0.0, 1.0), (10.0, 9.0), (10.0, 1.0)], 20.0) == 0.0
    assert run("avg_over", 20, pushes, 20.0) == (10 * 1.0 + 5 * 0.5 + 5 * 0.25) / 20


def _random_pushes(seed: int, count: int) -> list[tuple[float, float | Unknown]]:
    rng = random.Random(seed)
    now, pushes = 1_700_000_000.0, []
    for _ in range(count):
        now += rng.choice([0.0, 0.001, 0.05, 0.4, 3.0])
        pushes.append((now, GONE if rng.random() < 0.004 else round(rng.uniform(0.002, 0.03), 3)))
    return pushes


def _definition(pushes, window, now):
    """The same figures over all pushes, in fractions, straight from the words of the module."""
    micros = [(round(at * 1e6), value) for at, value in pushes]
    end, begin = round(now * 1e6), round(now * 1e6) - window * 1_000_000
    area = known = Fraction(0)
    held = []
    for index, (start, value) in enumerate(micros):
        stop = micros[index + 1][0] if index + 1 < len(micros) else end
        width = max(0, min(stop, end) - max(start, begin))
        if not isinstance(value, Unknown):
            area, known = area + Fraction(value) * width, known + width
            if width or index + 1 == len(micros):
                held.append(value)
    is_known = known == end - begin and not isinstance(micros[-1][1], Unknown)
    return (float(area / known), max(held), min(held)) if is_known else None


@pytest.mark.parametrize("seed", range(4))
def test_exact_over_long_streams_after_restarts_and_whatever_else_happens(seed) -> None:
    """Bit-equal with the fraction; unmoved by a JSON round trip and by pushes that repeat the value (timers)."""
    pushes = _random_pushes(seed, 1500)
    functions = [FUNCTIONS[name] for name in ("avg_over", "max_over", "min_over")]
    plain = [function.start(60) for function in functions]
    disturbed = [function.start(60) for function in functions]
    checked = 0
    for index, (at, value) in enumerate(pushes):
        for place, function in enumerate(functions):
            function.push(plain[place], at, value)
            function.push(disturbed[place], at, value)
            function.push(disturbed[place], at + 0.0002, value)
            if index % 100 == 0:
                disturbed[place] = json.loads(json.dumps(disturbed[place]))
        if index % 50 == 0 and at > pushes[0][0] + 60:
            read_at = at + 0.0003
            values = [function.read(plain[place], read_at) for place, function in enumerate(functions)]
            again = [function.read(disturbed[place], read_at) for place, function in enumerate(functions)]
            expected = _definition(pushes[: index + 1], 60, read_at)
            if expected is None:
                assert all(isinstance(value, Unknown) for value in values + again)
                continue
            assert tuple(values) == tuple(again)
            assert values[1:] == list(expected[1:])
            assert values[0] == pytest.approx(expected[0], rel=1e-15)
            checked += 1
    assert checked > 10


def test_reading_leaves_the_state_as_it_was() -> None:
    for name in ("avg_over", "stdev_over", "max_over", "changes_over"):
        function = FUNCTIONS[name]
        state = function.start(5)
        for at, value in _random_pushes(9, 200):
            function.push(state, at, value)
        before = json.dumps(state)
        function.read(state, at + 100.0)
        assert json.dumps(state) == before


def test_memory_is_bounded_and_a_window_that_outgrows_it_is_unknown(monkeypatch) -> None:
    monkeypatch.setattr(_track, "CHANGES_MOST", 100)
    average, largest = FUNCTIONS["avg_over"], FUNCTIONS["max_over"]
    states = [average.start(1000), largest.start(1000)]
    for second in range(5000):
        for function, state in zip((average, largest), states, strict=True):
            function.push(state, float(second), 5000.0 - second)
    assert len(states[0][_track.STARTS]) < 400
    assert len(states[1][2]) < 400
    for function, state in zip((average, largest), states, strict=True):
        assert function.read(state, 5000.0).detail == "more than 100 changes in its window"
        function.push(state, 7000.0, 1.0)
        assert function.read(state, 7000.0) == 1.0  # what held before, 5000 − 4999, held all the time


def test_how_long_a_condition_holds() -> None:
    held, since = FUNCTIONS["held_for"], FUNCTIONS["time_since"]
    state, other = held.start(), since.start()
    assert since.read(other, 0.0).reason == Reason.EMPTY
    for at, value in [(0.0, False), (10.0, True), (12.0, True), (15.0, False)]:
        held.push(state, at, value)
        since.push(other, at, value)
        if at == 12.0:
            assert held.read(state, 14.0) == 4.0
            assert since.read(other, 14.0) == 0.0
    assert held.read(state, 20.0) == 0.0
    assert since.read(other, 20.0) == 5.0
    held.push(state, 30.0, GONE)
    assert held.read(state, 31.0).reason == Reason.MISSING
    held.push(state, 40.0, True)
    assert held.read(state, 41.5) == 1.5  # what it was meanwhile nobody knows


def since(pushes, now):
    function = FUNCTIONS["time_since"]
    state = function.start()
    for at, value in pushes:
        function.push(state, at, value)
    state = json.loads(json.dumps(state))
    return function.read(state, now)


def test_a_condition_may_have_held_while_it_was_unknown() -> None:
    """True at 0, unknown from 10 to 50, false from 50 on: at 60 it may be 10 s or 50 s, so nobody knows."""
    pushes = [(0.0, True), (10.0, GONE), (50.0, False)]
    assert since(pushes[:1], 9.0) == 0.0
    assert since(pushes[:2], 20.0).detail == "its condition is unknown: spread stale"
    value = since(pushes, 60.0)
    assert value.reason == Reason.MISSING
    assert value.detail == "its condition was unknown meanwhile: spread stale"
    again = [*pushes, (70.0, True), (75.0, False)]
    assert since(again, 90.0) == 15.0  # it held again: what was before no longer counts
    assert since([(0.0, False), (10.0, GONE), (50.0, False)], 60.0).reason == Reason.MISSING  # it may have held then
    assert since([(0.0, GONE), (5.0, False)], 60.0).reason == Reason.MISSING
    assert since([(0.0, True), (5.0, GONE), (5.0, False)], 60.0) == 55.0  # replaced at its own instant: never unknown
