"""Expectations of values, figures and notes pass where they should, and fail with what was found instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.backends.trace import TraceProgram
from ruleengine.cli.venues import adapter_named
from ruleengine.reports.scenario import Runner
from tests.scenarios.small import ACCOUNT, ran

# long 10,000 at the ask 150.004 at 1s; at 3s the middle is 150.10, the bid 150.096:
# gain (150.096 − 150.004) × 10,000 = 920 JPY = 9.2 pips; equity 1,000,920
# margin 10,000 × 150.10 × 4 % = 60,040, of equity 60,040 / 1,000,920 = 5.99848 %
HELD = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, at: [0s, 1s, 3s], mid: [150.00 x 2, 150.10], spread: 0.8pips}}
    - {{instrument: USD_JPY, interval: 1min, begins: 0s, every: 1min, close: [150.00], spread: 0.8pips}}
  signals:
    - {{at: 1s, strategy: Trend, side: long}}
expect:
  - {{at: 1s, outcome: order, side: long, units: 10_000units, size_path: {{sizing: 10_000units}}}}
"""


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("position.net_units", "10_000units"),
        ("account.equity", "1_000_920JPY"),
        ("account.equity", "1_000_900JPY ± 20JPY"),
        ("account.equity", "1_000_000JPY ± 0.1%"),
        ("account.margin_used_of_equity", "6.0%"),
        ("account.margin_used_of_equity", "5.9985%"),
        ("trade.pnl_pips", "9.2pips"),
        ("trade.side", "long"),
        ("trade.strategy", "Trend"),
        ("trade.opened_at", "1s"),
        ("trade.opened_at", '"2026-03-03T01:00:01Z"'),
        ("trade.age", "3s"),
        ("average", "unknown"),
        ("average", "unknown bars"),
        ("trade.stop", "unknown"),
        ('"spread <= spread_max"', "true"),
        ('"count(t for t in trades if t.pnl > 0)"', "1"),
        ("account.balance + trade.pnl", "account.equity"),
    ],
)
def test_values_as_of_an_instant(tmp_path: Path, what: str, value: str) -> None:
    text = f"  - {{at: 4s, trade: oldest, state: {{{what}: {value}}}}}\n"
    result = ran(tmp_path, HELD + text)
    assert result.has_passed, (result.difference, result.found)
    assert ran(tmp_path, HELD + text, Runner(adapter_named, TraceProgram)).has_passed


@pytest.mark.parametrize(
    ("what", "value", "found"),
    [
        ("position.net_units", "10_001units", "10,000units"),
        ("account.equity", "1_000_921JPY", "1,000,920 JPY"),
        ("account.equity", "1_000_900JPY ± 19JPY", "1,000,920 JPY"),
        ("account.equity", "1_000_000JPY ± 0.09%", "1,000,920 JPY"),
        ("account.margin_used_of_equity", "5.9984%", "5.998%"),
        ("trade.side", "short", "long"),
        ("trade.strategy", "Other", "Trend"),
        ("trade.opened_at", "2s", "2026-03-03 01:00:01.000Z"),
        ("trade.age", "4s", "3s"),
        ("average", "150", "bars"),
        ("average", "unknown spread", "bars"),
        ("spread", "unknown", "0.8pips"),
        ('"spread <= spread_max"', "false", "true"),
    ],
)
def test_other_values_are_told(tmp_path: Path, what: str, value: str, found: str) -> None:
    result = ran(tmp_path, HELD + f"  - {{at: 4s, trade: oldest, state: {{{what}: {value}}}}}\n")
    assert result.difference is not None, result.found
    ((name, stated, have),) = result.difference.differs
    assert (name, stated) == (what.strip('"'), value)
    assert found in have


def test_the_instant_counts(tmp_path: Path) -> None:
    """Before the signal nothing is held; what is asked of 2 s is not what holds at the end."""
    early = "  - {at: 0s, state: {position.net_units: 0units}}\n"
    early += "  - {at: 2s, state: {trade.pnl_pips: -0.8pips}, trade: newest}\n"
    assert ran(tmp_path, HELD + early).has_passed
    assert not ran(tmp_path, HELD + "  - {at: 0s, state: {position.net_units: 10_000units}}\n").has_passed


def test_a_trade_that_is_not_there(tmp_path: Path) -> None:
    result = ran(tmp_path, HELD + "  - {at: 0s, trade: oldest, state: {trade.units: 10_000units}}\n")
    assert result.difference is not None
    assert result.difference.differs == [("trade", "oldest", "open are none")]


def test_figures_of_the_policy(tmp_path: Path) -> None:
    held = "  - {at: 4s, metrics: {open_units.Trend: 10_000units, open_units.Other: 0units, used: 6.0%}}\n"
    assert ran(tmp_path, HELD + held).has_passed
    result = ran(tmp_path, HELD + held.replace("6.0%", "6.1%"))
    assert result.difference is not None
    assert result.difference.differs == [("used", "6.1%", "5.998%")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{at: 4s, state: {acount.equity: 1JPY}}", "RE3"),
        ("{at: 4s, state: {account.equity: 1pips}}", "RE3"),
        ("{at: 4s, state: {trade.pnl: 1JPY}}", "RE3"),
        ("{at: 4s, state: {account.equity: 1JPY ± much}}", "RE215"),
        ("{at: 4s, state: {trade.opened_at: noon}, trade: oldest}", "RE215"),
        ("{at: 4s, metrics: {opn_units.Trend: 1units}}", "RE3"),
        ("{at: 4s, metrics: {open_units: 1units}}", "RE3"),
        ("{at: 4s, metrics: {used.Trend: 1%}}", "RE3"),
        ("{at: 4s, state: {}}", "RE220"),
        ("{at: 4s, state: {spread: 1pips}, rule: spread}", "RE215"),
        ("{at: 4s, outcome: order, side: long, level: alert}", "RE215"),
        ("{at: 4s, note: RE588, units: 1units}", "RE215"),
        ("{at: 4s, outcome: nothing, note: RE588}", "RE212"),
        ("{at: 4s, note: RE200}", "RE215"),
    ],
)
def test_what_nothing_can_be_held_against_is_refused(tmp_path: Path, line: str, code: str) -> None:
    result = ran(tmp_path, HELD + f"  - {line}\n")
    assert not result.has_passed
    assert [each.code for each in result.found if each.code.startswith(code)], (result.found, result.difference)
    last = (HELD + line).count("\n") + 7
    assert {each.span.line for each in result.found} <= {last - 1, last}


# three refusals of the venue within 60 s pause the rule for 300 s: a note of the third, refused from then on
REFUSED = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 10], spread: 0.8pips}}
  signals:
    - {{at: 1s, strategy: Trend, side: long}}
    - {{at: 2s, strategy: Trend, side: long}}
    - {{at: 3s, strategy: Trend, side: long}}
    - {{at: 4s, strategy: Trend, side: long}}
  faults:
    - {{at: 0s, reject: HALTED, times: 3}}
expect:
  - {{at: 1s, outcome: order, side: long}}
  - {{at: 2s, outcome: order, side: long}}
  - {{at: 3s, outcome: order, side: long}}
  - {{at: 4s, outcome: refusal, code: RE530}}
"""


def test_notes(tmp_path: Path) -> None:
    good = "  - {at: 3s, note: RE530, level: alert, about: from-signals, reason: HALTED}\n"
    good += "  - {at: 2s, note: RE530, times: 0}\n  - {at: 9s, note: RE530, times: 1}\n"
    result = ran(tmp_path, REFUSED + good)
    assert result.has_passed, result.difference
    for bad in ("{at: 2s, note: RE530}", "{at: 9s, note: RE530, times: 0}", "{at: 3s, note: RE530, level: info}",
                "{at: 3s, note: RE530, about: spread}", "{at: 3s, note: RE530, reason: HALTET}"):  # fmt: skip
        assert ran(tmp_path, REFUSED + f"  - {bad}\n").difference is not None, bad


def test_a_scenario_without_expectations_fails(tmp_path: Path) -> None:
    for text in (HELD.partition("expect:")[0], HELD.partition("expect:")[0] + "expect: []\n"):
        result = ran(tmp_path, text)
        assert not result.has_passed
        assert [each.code for each in result.found] == ["RE220"]


def test_a_rule_in_shadow(tmp_path: Path) -> None:
    text = HELD.replace("outcome: order, side: long, units: 10_000units, size_path: {sizing: 10_000units}",
                        "outcome: shadow, rule: from-signals")  # fmt: skip
    result = ran(tmp_path, text)
    assert result.difference is not None, "it is enforced"
    (tmp_path / "shadow.yaml").write_text(
        "apiVersion: ruleengine/v1\nkind: Overlay\nmetadata: {name: s, version: 1.0.0}\n"
        "enforcement: {from-signals: shadow}\n",
        encoding="utf-8",
    )
    result = ran(tmp_path, "overlays: [shadow.yaml]\n" + text)
    assert result.has_passed, (result.difference, result.found)
