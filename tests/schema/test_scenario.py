"""Scenario files: written by hand beside a policy, so their slips are told as those of a policy are."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.load import load_bytes
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_series import cell_count, expand
from ruleengine.schema.shape import shape_as

# FX-05: |net| 60,000 at 157 and 4 % needs 376,800; 376,800 / 420,000 = 89.7 %, above the trigger of 88 %
RELIEF = """
apiVersion: ruleengine/v1
kind: Scenario
about: half of the long side goes when margin runs out
cites: [FX-05, FX-34]
given:
  start: "2026-03-02T01:00:00Z"
  account: {currency: JPY, balance: 420_000JPY, mode: hedging, margin_model: {model: max_side}}
  instruments:
    USD_JPY: {margin_rate: 4%, pip: 0.01}
  trades:
    - {instrument: USD_JPY, side: long, units: 60_000units, price: 157.00, age: 2h, client_id: qr-1}
  parameters: {relief_cooldown: 20s}
  market:
    - {instrument: USD_JPY, every: 1s, mid: [157.00 x 5, _, 157.01], spread: 0.8pips}
  signals:
    - {at: 2s, strategy: M1Scalper-trend-long, side: long, size: 10_000units}
expect:
  - {at: 1s, outcome: order, intent: hedge_reduce, rule: margin-relief, side: short, reduce_only: true}
  - {at: 2s, outcome: refusal, rule: margin, code: RE501, reason: margin}
"""


def shaped(text: str) -> tuple[Scenario | None, list[Diagnostic]]:
    document, found = load_bytes(text.encode(), "fx05.yaml")
    assert document is not None
    scenario, more = shape_as(document, Scenario, confirm=True)
    return scenario, [*found, *more]


def test_a_scenario_of_the_hedge_balancer() -> None:
    scenario, found = shaped(RELIEF)
    assert found == []
    assert scenario is not None
    assert scenario.given.market[0].mid is not None
    assert expand(scenario.given.market[0].mid) == [Decimal("157.00")] * 5 + [None, Decimal("157.01")]
    assert [each.outcome for each in scenario.expect] == ["order", "refusal"]
    assert scenario.and_nothing_else is True


@pytest.mark.parametrize(
    ("was", "now", "code", "line"),
    [
        ("mid: [157.00 x 5", "mid: [157.00 y 5", "RE215", 15),
        ("mid: [157.00 x 5", "bid: [157.00], mid: [157.00 x 5", "RE213", 15),
        ("every: 1s, ", "", "RE211", 15),
        ("spread: 0.8pips", "spread: 0.8s", "RE215", 15),
        ("side: short, reduce_only: true", "reduce_only: true", "RE213", 19),
        ("code: RE501", "code: R501", "RE215", 20),
        ("outcome: refusal", "outcome: refused", "RE204", 20),
        ("units: 60_000units", "units: 60pips", "RE215", 12),
        ("cites: [FX-05, FX-34]", "cites: []", "RE208", 5),
        ("  account: {", "  account_file: ../a.yaml\n  account: {", "RE212", 9),
        ("balance: 420_000JPY", "balance: 420_000 JPY", "RE164", 8),
    ],
)
def test_a_slip_is_told_on_its_line(was: str, now: str, code: str, line: int) -> None:
    assert was in RELIEF
    _, found = shaped(RELIEF.replace(was, now))
    assert (code, line) in [(each.code, each.span.line) for each in found]


def test_columns_of_different_length_are_told() -> None:
    text = RELIEF.replace("mid: [157.00 x 5, _, 157.01], spread: 0.8pips", "bid: [157.00 x 5], ask: [157.01 x 4]")
    assert [(each.code, each.message) for each in shaped(text)[1]] == [("RE215", "`ask` has 4 rows, `bid` has 5")]


def test_a_scenario_without_expectations_is_none() -> None:
    text = RELIEF.partition("expect:")[0]
    assert [each.code for each in shaped(text)[1]] == ["RE220"]
    assert "RE220" in [each.code for each in shaped(text + "expect: []\n")[1]]


def test_steps_and_gaps_of_a_series() -> None:
    text = RELIEF.replace("mid: [157.00 x 5, _, 157.01]", "mid: [157.00 + 0.01 x 3, _ x 2, 157.02 - 0.01 x 2]")
    scenario, found = shaped(text)
    assert found == []
    assert scenario is not None
    assert scenario.given.market[0].mid is not None
    values = expand(scenario.given.market[0].mid)
    assert [None if value is None else str(value) for value in values] == [
        "157.00", "157.01", "157.02", None, None, "157.02", "157.01",
    ]  # fmt: skip
    assert cell_count("_ x 2") == 2
