"""The floor of partial closes: its units, and where it bounds nothing."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings


def exit_with(floor: str, close: str = "40%", for_each: str = "trade") -> str:
    return (
        f"exits:\n  - id: x\n    for_each: {for_each}\n    when: account.free_margin_ratio < 50%\n    close: {close}\n"
        f"    floor: {{{floor}}}\n    on_unknown: {{wait: 10s, then: close}}\n"
    )


@pytest.mark.parametrize("for_each", ["trade", "position", "account"])
@pytest.mark.parametrize(
    "floor", ["at_least: 1_000units", "at_least: 0.1contracts", "worth: 500JPY", "at_least: 5% of trade.initial_units"]
)
def test_a_floor_is_a_size_a_value_or_both(floor: str, for_each: str) -> None:
    """It is judged trade by trade, so that it may read the trade whatever the rule looks at."""
    assert findings(exit_with(floor, for_each=for_each)) == []


@pytest.mark.parametrize(
    ("floor", "code", "place"),
    [
        ("at_least: 5", "RE335", "5"),
        ("at_least: 500JPY", "RE335", "500JPY"),
        ("worth: 5pips", "RE335", "5pips"),
        ("worth: 0JPY", "RE354", "0JPY"),
        ("at_least: 0units", "RE354", "0units"),
        ("at_least: 50% of position.net_units", "RE365", "50% of position.net_units"),
    ],
)
def test_a_floor_that_is_none(floor: str, code: str, place: str) -> None:
    assert findings(exit_with(floor)) == [(code, place)]


def test_a_floor_needs_a_part() -> None:
    assert findings(exit_with("worth: 500JPY", close="100%")) == [("RE652", "500JPY")]
