"""Figures of a refusal and ratios of the state pass only in the unit in which they are measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.small import ACCOUNT, ran

# a spread of 1.6 pips against 1.2 is 0.4 too wide; the quote of 1 s is 6 s old at 7 s, one more than 5 s;
# 170,000 units are 70,000 more than an order may have
WIDE = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 2], spread: 1.6pips}}
  signals:
    - {{at: 1s, strategy: Trend, side: long}}
    - {{at: 7s, strategy: Trend, side: long}}
expect:
"""


@pytest.mark.parametrize(
    "line",
    [
        "{at: 1s, outcome: refusal, rule: spread, measured: 1.6pips, limit: 1.2pips, distance: 0.4pips}",
        "{at: 1s, outcome: refusal, rule: spread, measured: 2pips}",
        "{at: 7s, outcome: refusal, rule: fresh, measured: 6s, limit: 5s, distance: 1000ms}",
    ],
)
def test_figures_in_their_unit(tmp_path: Path, line: str) -> None:
    result = ran(tmp_path, f"{WIDE}  - {line}\n")
    assert result.has_passed, (result.difference, result.found)


@pytest.mark.parametrize(
    ("line", "what", "remedy"),
    [
        ("{at: 1s, outcome: refusal, rule: spread, measured: 2}", "measured", "as 1.6pips"),
        ("{at: 1s, outcome: refusal, rule: spread, measured: 1.6}", "measured", "as 1.6pips"),
        ("{at: 1s, outcome: refusal, rule: spread, limit: 1.2}", "limit", "as 1.6pips"),
        ("{at: 1s, outcome: refusal, rule: spread, distance: 0}", "distance", "as 1.6pips"),
        ("{at: 7s, outcome: refusal, rule: fresh, measured: 6}", "measured", "as 6s"),
    ],
)
def test_a_bare_number_is_no_figure_of_a_unit(tmp_path: Path, line: str, what: str, remedy: str) -> None:
    difference = ran(tmp_path, f"{WIDE}  - {line}\n").difference
    assert difference is not None
    ((name, _, found),) = difference.differs
    assert name == what
    assert found.endswith(f"a figure of it is stated with its unit, {remedy}")


@pytest.mark.parametrize(("stated", "percent"), [("0", "0%"), ("1", "100%")])
def test_a_ratio_is_no_whole_number(tmp_path: Path, stated: str, percent: str) -> None:
    """A whole number is held to a half of it: with `0` any usage of margin below 50 % would pass."""
    for line in (f"state: {{account.margin_used_of_equity: {stated}}}", f"metrics: {{used: {stated}}}"):
        (found,) = ran(tmp_path, f"{WIDE}  - {{at: 1s, {line}}}\n").found
        assert found.code == "RE215"
        assert f"`{percent}`" in str(found.help)
    assert ran(tmp_path, f"{WIDE}  - {{at: 1s, state: {{account.margin_used_of_equity: 0%}}}}\n").has_passed
    assert ran(tmp_path, f"{WIDE}  - {{at: 1s, state: {{account.margin_used_of_equity: 0.0}}}}\n").has_passed
