"""The mean of the last values: how many, how old, what takes them away, and that a saved state goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ruleengine.functions.latest import mean_of_last, push_latest, start_latest
from ruleengine.model.unknown import Reason, Unknown

QUOTES = [(0.0, 157.001), (0.4, 157.003), (1.1, 157.002), (2.5, 157.010), (2.5, 157.012), (6.0, 157.020)]


def after(pushes: list[tuple[float, Any]], window: float = 5.0, count: int = 5) -> list[Any]:
    state = start_latest(window, count)
    for at, value in pushes:
        push_latest(state, at, value)
    return state


@pytest.mark.parametrize(
    ("window", "count", "now", "gives"),
    [
        (5.0, 5, 6.0, 157.011),  # 1.1 … 6.0: (157.002 + 157.010 + 157.012 + 157.020) / 4
        (5.0, 2, 6.0, 157.016),
        (5.0, 5, 7.5, 157.014),  # 2.5 is the far end: (157.010 + 157.012 + 157.020) / 3
        (5.0, 5, 7.500001, 157.020),
        (60.0, 5, 6.0, 157.0094),  # the first of six is not among the last five
        (60.0, 6, 6.0, 157.008),
    ],
)
def test_as_many_as_came_within_the_window_but_at_most_n(window: float, count: int, now: float, gives: float) -> None:
    assert mean_of_last(after(QUOTES, window, count), now) == pytest.approx(gives, rel=1e-15)


def test_a_value_told_again_counts_again() -> None:
    assert mean_of_last(after([(0.0, 1.0), (1.0, 4.0), (2.0, 4.0)]), 2.0) == 3.0


def test_none_within_the_window_is_unknown() -> None:
    found = mean_of_last(after(QUOTES), 11.000001)
    assert isinstance(found, Unknown)
    assert (found.reason, found.detail) == (Reason.STALE, "no value within 5 s")
    assert isinstance(mean_of_last(after([]), 0.0), Unknown)


def test_an_unknown_value_takes_those_before_it_away() -> None:
    gone = Unknown(Reason.STALE, "mid", "12 s")
    assert isinstance(mean_of_last(after([*QUOTES, (6.1, gone)]), 6.2), Unknown)
    assert mean_of_last(after([*QUOTES, (6.1, gone), (6.2, 158.0)]), 6.3) == 158.0


def test_a_saved_state_goes_on() -> None:
    state = json.loads(json.dumps(after(QUOTES[:4])))
    for at, value in QUOTES[4:]:
        push_latest(state, at, value)
    assert state == after(QUOTES)
