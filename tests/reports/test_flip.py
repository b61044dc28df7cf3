"""What would have to become different, in words: direction, amount, and whether the limit itself does."""

from __future__ import annotations

import pytest

from ruleengine.reports.flip import needed
from ruleengine.runtime.judging.change import step_of
from ruleengine.runtime.judging.verdicts import measured


@pytest.mark.parametrize(
    ("operator", "left", "wanted", "said"),
    [
        ("le", 2.0, True, "fall by 0.8pips, to 1.2pips"),
        ("lt", 2.0, True, "fall by more than 0.8pips, to below 1.2pips"),
        ("ge", 1.0, True, "rise by 0.2pips, to 1.2pips"),
        ("gt", 1.0, True, "rise by more than 0.2pips, to above 1.2pips"),
        ("eq", 1.0, True, "change by 0.2pips, to 1.2pips"),
        ("ne", 1.2, True, "differ to other than 1.2pips"),
        ("lt", 1.2, True, "fall below 1.2pips"),
        ("gt", 1.2, True, "rise above 1.2pips"),
        # what holds has to fail: the other direction, and the limit the other way round
        ("le", 1.0, False, "rise by more than 0.2pips, to above 1.2pips"),
        ("lt", 1.0, False, "rise by 0.2pips, to 1.2pips"),
        ("ge", 2.0, False, "fall by more than 0.8pips, to below 1.2pips"),
        ("gt", 2.0, False, "fall by 0.8pips, to 1.2pips"),
    ],
)
def test_what_is_needed(operator: str, left: float, wanted: bool, said: str) -> None:
    compared = measured("spread", operator, left, 1.2, "pips", "1.2pips")
    assert compared.verdict is not wanted
    assert needed(compared, wanted) == f"spread would have to {said}"


def test_words_have_no_amount() -> None:
    compared = measured("regime", "eq", "calm", "wild", "", "wild")
    assert needed(compared, True) == "regime == wild would have to hold"
    assert needed(compared, False) == "regime == wild would have to fail"


@pytest.mark.parametrize(
    ("left", "right", "unit", "step"),
    [
        (2.0, 0.4, "pips", 1.0),
        (0.95, 0.9, "ratio", 0.01),
        (3.0, 3600.0, "duration", 60.0),
        (3.0, 0.0, "count", 1.0),
        (109.0, 200.0, "price", 0.2),
        (-50_000.0, 0.0, "JPY", 5_000.0),
        (1_000.0, 15_000.0, "units", 1_500.0),
        (0.0, 2.0, "units", 1.0),
        (72.0, 70.0, "number", 7.2),
    ],
)
def test_a_typical_step(left: float, right: float, unit: str, step: float) -> None:
    """The table of decision record 0009."""
    assert step_of(left, right, unit) == pytest.approx(step)
