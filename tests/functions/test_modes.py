"""Modes by hand: when a switch turns, what state a value is in on the way up and down, what waits to be confirmed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ruleengine.functions.catalogue import STEPS
from ruleengine.functions.modes import CHOICES, LEVELS, SWITCH
from ruleengine.model.unknown import Reason, Unknown

GONE = Unknown(Reason.STALE, "bid", "12 s")
Fed = tuple[float, tuple[object, ...], object]


def follow(kind: str, constants: tuple[Any, ...], fed: Sequence[Fed]) -> list[Any]:
    """What it reads after each of (second, inputs, expected); through JSON each time, as over a restart."""
    function = STEPS[kind]
    assert function.start
    assert function.push
    assert function.read
    state, said = function.start(*constants), []
    for second, inputs, _ in fed:
        function.push(state, second, *inputs)
        said.append(function.read(state, second))
        state = json.loads(json.dumps(state))
    return [each.reason if isinstance(each, Unknown) else each for each in said]


def expected(fed: Sequence[Fed]) -> list[object]:
    return [each for _, _, each in fed]


@pytest.mark.parametrize(
    ("posture", "at_least", "fed"),
    [
        pytest.param(
            "keep",
            0.0,
            # 5 % in, 8 % out: between the two it stays what it was
            [(0, (False, False), False), (1, (True, False), True), (2, (False, False), True),
             (3, (False, True), False), (4, (False, False), False)],
            id="hysteresis",
        ),
        pytest.param(
            "keep", 0.0, [(0, (True, True), True), (1, (False, True), False), (2, (True, True), True)], id="enter wins"
        ),
        pytest.param(
            "keep",
            10.0,
            # on at 1: left at 11 at the soonest
            [(1, (True, False), True), (2, (False, True), True), (10.9, (False, True), True),
             (11, (False, True), False), (12, (True, False), True)],
            id="shortest stay",
        ),
        pytest.param(
            "keep",
            0.0,
            [(0, (GONE, GONE), Reason.MISSING), (1, (GONE, True), False), (2, (True, False), True),
             (3, (GONE, GONE), True), (4, (False, True), False), (5, (GONE, False), False)],
            id="kept while unknown",
        ),
        pytest.param(
            "enter",
            0.0,
            [(0, (GONE, GONE), True), (1, (False, False), True), (2, (False, True), False), (3, (GONE, True), True)],
            id="on while unknown",
        ),
        pytest.param(
            "leave",
            60.0,
            [(0, (GONE, GONE), False), (1, (True, False), True), (2, (GONE, GONE), False), (3, (True, False), True)],
            id="off while unknown, whatever the shortest stay",
        ),
    ],
)  # fmt: skip
def test_a_switch(posture: str, at_least: float, fed: list[Fed]) -> None:
    assert follow(SWITCH, ("m", posture, at_least), fed) == expected(fed)


def test_a_switch_is_left_when_its_stay_is_over_though_nothing_is_fed() -> None:
    function = STEPS[SWITCH]
    state = function.start("m", "keep", 10.0)  # type: ignore[misc]
    function.push(state, 0.0, True, False)  # type: ignore[misc]
    function.push(state, 1.0, False, True)  # type: ignore[misc]
    kept = json.dumps(state)
    assert [function.read(state, second) for second in (9.999, 10.0, 9.0)] == [True, False, True]  # type: ignore[misc]
    assert json.dumps(state) == kept, "reading leaves the state as it was"


def levels(value: float | None) -> tuple[object, ...]:
    """small from 500, medium from 1,500, large from 3,000; left 5 % below: 475, 1,425, 2,850."""
    begins, ends = (500, 1_500, 3_000), (475, 1_425, 2_850)
    if value is None:
        return (GONE,) * 6
    return (*(value >= each for each in begins), *(value < each for each in ends))


@pytest.mark.parametrize(
    ("values", "states"),
    [
        ([600, 1_499, 1_500, 1_425, 1_424], ["small", "small", "medium", "medium", "small"]),
        ([5_000, 2_850, 1_424, 476, 474, 499, 500], ["large", "large", "small", "small", Reason.MISSING, Reason.MISSING,
                                                     "small"]),
        ([1_450, None, 1_450], ["small", Reason.MISSING, "small"]),
        ([1_600, None, 1_450], ["medium", Reason.MISSING, "medium"]),
        ([None, 100], [Reason.MISSING, Reason.MISSING]),
    ],
)  # fmt: skip
def test_levels_with_hysteresis(values: list[float | None], states: list[object]) -> None:
    fed = [(float(at), levels(value), None) for at, value in enumerate(values)]
    assert follow(LEVELS, ("tier", ("small", "medium", "large"), 0.0, "unknown"), fed) == states


def test_levels_that_keep_their_state_while_unknown() -> None:
    fed: list[Fed] = [(0, levels(600), "small"), (1, levels(None), "small"), (2, levels(9_000), "large")]
    assert follow(LEVELS, ("tier", ("small", "medium", "large"), 0.0, "keep"), fed) == expected(fed)


@pytest.mark.parametrize(
    ("confirm", "fed"),
    [
        pytest.param(
            0.0,
            # the first that holds; an unknown one hides those behind it, not those before it
            [(0, (False, True, True), "trend"), (1, (True, True, True), "chop"),
             (2, (GONE, True, True), Reason.MISSING), (3, (True, GONE, True), "chop"),
             (4, (False, False, True), "range"), (5, (False, False, False), Reason.MISSING)],
            id="at once",
        ),
        pytest.param(
            60.0,
            [(0, (False, True, True), Reason.NOT_WARM), (60, (False, True, True), "trend"),
             (70, (True, True, True), "trend"), (129, (True, True, True), "trend"), (130, (True, True, True), "chop"),
             (140, (False, True, True), "chop"), (150, (True, True, True), "chop"),
             (199.9, (False, True, True), "chop"),  # begins anew: it did not hold meanwhile
             (259.8, (False, True, True), "chop"), (259.9, (False, True, True), "trend")],
            id="confirmed",
        ),
        pytest.param(
            10.0,
            [(0, (True, True, True), Reason.NOT_WARM), (10, (True, True, True), "chop"),
             (11, (False, True, True), "chop"), (12, (GONE, True, True), Reason.MISSING),
             (21, (False, True, True), "chop"), (30.9, (False, True, True), "chop"),
             (31, (False, True, True), "trend")],
            id="an unknown stretch breaks the confirmation",
        ),
    ],
)  # fmt: skip
def test_choices(confirm: float, fed: list[Fed]) -> None:
    assert follow(CHOICES, ("regime", ("chop", "trend", "range"), confirm, "unknown"), fed) == expected(fed)


def test_a_state_is_taken_over_by_an_edited_definition_with_the_same_words() -> None:
    function = STEPS[LEVELS]
    old = function.start("tier", ("small", "large"), 0.0, "unknown")  # type: ignore[misc]
    function.push(old, 0.0, True, True, False, False)  # type: ignore[misc]
    same = function.start("tier", ("small", "large"), 60.0, "unknown")  # type: ignore[misc]
    other = function.start("tier", ("small", "huge"), 0.0, "unknown")  # type: ignore[misc]
    assert function.take_over(same, old)  # type: ignore[misc]
    assert not function.take_over(other, old)  # type: ignore[misc]
    assert function.read(same, 1.0) == "large"  # type: ignore[misc]
    function.push(same, 1.0, True, False, False, False)  # type: ignore[misc]
    assert function.read(same, 1.0) == "large", "between the thresholds it stays"  # type: ignore[misc]
