"""Comparisons whose answer is known before any data: RE420–RE424, and near misses."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, guard

PARAMETERS = """\
parameters:
  free: {unit: number, default: 150, doc: without bounds}
  low: {unit: number, default: 10, min: 5, max: 20, doc: from 5 to 20}
  on: {unit: bool, default: false, doc: a switch}
"""


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("rsi(m1, 14) > 150", "RE420"),  # 0 … 100
        ("rsi(m1, 14) > 100", "RE420"),
        ("rsi(m1, 14) * 2 > 201", "RE420"),
        ("willr(m1, 14) > 5", "RE420"),  # −100 … 0
        ("account.free_margin_ratio >= 101%", "RE420"),
        ("account.drawdown < 0%", "RE420"),
        ("account.gross_exposure_after < 0%", "RE420"),
        ("abs(position.net_units) < -1units", "RE420"),
        ("min(rsi(m1, 14), 20) > 21", "RE420"),
        ("avg_over(spread, 60s) < 0pips", "RE420"),  # an average lies among what it averages
        ("sma(m1.close, 20) < 0", "RE420"),
        ("held_for(mid > 90) < 0s", "RE420"),
        ("100% - ramp(mid, 90, 100) > 120%", "RE420"),  # 0 … 100 %
        ("count(t for t in trades) < 0", "RE420"),
        ("size / -2 > 0units", "RE420"),  # 0 … ∞ by −2: −∞ … 0
        ("ask / spread_ratio < 0", "RE420"),  # by 0 … ∞, which is above 0 where there is a value
        ("size * 0 <= 5units", "RE421"),
        ("spread >= 0pips", "RE421"),
        ("not (spread >= 0pips)", "RE422"),
        ("quote_age <= 5s and size * 0 <= 5units", "RE422"),
        ("spread > 5pips and spread < 3pips", "RE423"),
        ("spread > 5pips and not (spread >= 3pips)", "RE423"),
        ("spread > 5pips and (mid > 90 and 3pips > spread)", "RE423"),
        ("spread == 1pips and spread == 2pips", "RE423"),
        ("mid > bid and mid <= bid", "RE423"),
        ("mid > bid and bid > mid", "RE423"),
        ("mid == bid and bid != mid", "RE423"),
        ("side == long and side == short", "RE423"),
        ("intent in (entry, exit) and intent == hedge_open", "RE423"),
        ("intent in (entry, exit) and intent not in (exit, entry)", "RE423"),
        ("known(bid) and not known(bid)", "RE423"),
        ("spread > 3pips or spread < 5pips", "RE424"),
        ("mid > bid or mid <= bid", "RE424"),
        ("side != long or side != short", "RE424"),
    ],
)
def test_what_is_known_before_any_data(condition: str, code: str) -> None:
    assert [each for each, _ in findings(guard(condition))] == [code]


@pytest.mark.parametrize(
    "condition",
    [
        "rsi(m1, 14) >= 100",
        "rsi(m1, 14) > 99.9",
        "trade_free or spread < 5pips",
        "account.margin_used_of_equity > 150%",  # used may be more than there is
        "account.free_margin_ratio >= 100%",
        "account.drawdown > 100%",  # equity may fall below zero
        "spread >= 3pips and spread <= 3pips",
        "spread > 3pips and spread < 5pips",
        "spread > 3pips and t3 < 3pips",
        "spread < 3pips or spread > 5pips",
        "mid >= bid and mid <= bid",
        "mid > bid or mid < bid",
        "side == long or side == short",
        "side != long and strategy != M1Scalper",
        "intent in (entry, exit) and intent in (exit, hedge_open)",
        "any(t.pnl < 0 for t in trades) and any(t.pnl > 0 for t in trades)",
        "spread - 1pips < 0pips",
        "(mid > 90 or spread < 1pips) and (mid < 80 or spread < 2pips)",
        "mid / spread_ratio > 0",
        "signal.age >= 0s",  # the sender's clock may be ahead
        "rsi(m1, 14) - rsi(m5, 14) > 50",
        "coalesce(rsi(m1, 14), 150) > 120",
        "floor(rsi(m1, 14) / 3) > 33",  # 100 / 3 by rounding
    ],
)
def test_what_can_hold_and_can_fail_is_clean(condition: str) -> None:
    features = "features: {trade_free: mid > 90, t3: spread * 3}\n"
    used = "metrics: {a: {for_each: instrument, value: trade_free}, b: {for_each: instrument, value: t3}}\n"
    assert findings(features + used + guard(condition)) == []


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ("rsi(m1, 14) > free and rsi(m1, 14) > low", []),  # `free` is set to anything
        ("rsi(m1, 14) > low * 20", ["RE420"]),  # 5 … 20 by 20: 100 or more
        ("rsi(m1, 14) > low * 19", []),
        ("rsi(m1, 14) < -low", ["RE420"]),
        ("rsi(m1, 14) > low and rsi(m1, 14) < low", ["RE423"]),
        ("rsi(m1, 14) > low and rsi(m1, 14) < 4", ["RE423"]),
        ("rsi(m1, 14) > low and rsi(m1, 14) < 6", []),  # 5 is inside of its bounds
        ("rsi(m1, 14) > low or rsi(m1, 14) < 21", ["RE424"]),
        ("rsi(m1, 14) > low or rsi(m1, 14) < 19", []),
        ("mid > 90 or on", []),
        ("mid > 90 or low >= 5", ["RE422"]),  # 5 … 20: it switches nothing off
        ("mid > 90 or low >= 6", []),
        ("mid > 90 and low > 20", ["RE420"]),
        ("mid > 90 and low > free", []),
        ("mid > 90 and (spread < 3pips if on else spread > 3pips)", []),
    ],
)
def test_a_parameter_is_all_that_it_may_be_set_to(condition: str, codes: list[str]) -> None:
    used = "metrics: {a: account.equity * free, b: account.equity * low, c: on}\n"
    assert [each for each, _ in findings(PARAMETERS + used + guard(condition))] == codes


def test_a_feature_is_told_of_once_and_where_it_is_defined() -> None:
    features = "features: {wide: spread > 5pips and spread < 3pips, high: rsi(m1, 14) > 150}\n"
    assert findings(features + guard("wide and mid > 90 and not high")) == [
        ("RE423", "spread > 5pips and spread < 3pips"),
        ("RE420", "rsi(m1, 14) > 150"),
    ]


def test_conditions_of_a_feature_and_a_rule_are_brought_together() -> None:
    assert findings("features: {wide: spread > 5pips}\n" + guard("wide and spread < 3pips")) == [
        ("RE423", "wide and spread < 3pips")
    ]


def test_levels_of_a_mode_are_no_comparisons_of_the_authors() -> None:
    """The lowest level may well begin where its value does."""
    modes = "modes: {fill: {of: position.gross_units, states: {none: 0units, some: 1units}}}\n"
    assert findings(modes + guard("fill == none")) == []
    assert findings(modes + guard("fill == none and fill == some")) == [("RE423", "fill == none and fill == some")]
    switch = "modes: {wide: {enter: spread > 5pips and spread < 3pips, leave: spread < 0pips}}\n"
    assert [code for code, _ in findings(switch + guard("wide"))] == ["RE423", "RE420"]
