"""Modes: which forms there are, whose they are, which words may stand where, what could never be reached."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, guard, typed

TIER = "modes: {tier: {of: account.equity, states: {small: 500JPY, large: 900JPY}%s}}\n"
SWITCH = "modes: {wide: {enter: spread > 3pips, leave: spread < 2pips%s}}\n"
CHOICES = """\
modes:
  regime:
    states:
      - {name: wild, when: spread > 3pips}
      - {name: calm, otherwise: true}
"""


@pytest.mark.parametrize(
    ("sections", "require", "expected"),
    [
        (SWITCH % "", "not wide", []),
        (SWITCH % ", at_least: 10s, on_unknown: enter", "not wide", []),
        (TIER % "", "tier == small", []),
        (TIER % ", hysteresis: 5%", "tier in (small, large)", []),
        (TIER % ", hysteresis: 50JPY, begins: above, confirm: 5s, on_unknown: keep", "tier != large", []),
        (CHOICES, "regime == calm", []),
        # words
        (TIER % "", "tier == smal", [("RE336", "smal")]),
        (TIER % "", "side == small and known(tier)", [("RE336", "small")]),
        (CHOICES, "regime == trending", [("RE336", "trending")]),
        (TIER.replace("small:", "spread:") % "", "tier == large", [("RE349", "spread")]),
        (TIER.replace("tier", "spread") % "", "spread > 1pips", [("RE348", "spread"), ("RE349", "spread")]),
        (SWITCH % "", "mid > 90", [("RE348", "wide")]),
        # forms
        ("modes: {tier: {states: {small: 500JPY, large: 900JPY}}}\n", "tier == small", [("RE372", "states")]),
        (CHOICES.replace("states:", "of: spread\n    states:"), "regime == calm", [("RE372", "states")]),
        (SWITCH % ", on_unknown: unknown", "not wide", [("RE373", "unknown")]),
        (TIER % ", on_unknown: enter", "tier == small", [("RE373", "enter")]),
        (TIER.replace("900JPY", "500JPY") % "", "tier == small", [("RE374", "500JPY")]),
        (CHOICES.replace("when: spread > 3pips", "otherwise: true"), "regime == calm", [("RE375", "wild")]),
        (TIER.replace(", large: 900JPY", "") % "", "tier == small", [("RE376", "states")]),
        (TIER.replace("account.equity", "market.phase") % "", "tier == small", [("RE377", "market.phase")]),
        # figures
        (TIER.replace("900JPY", "900pips") % "", "tier == small", [("RE330", "900pips")]),
        (TIER.replace("900JPY", "spread") % "", "tier == small", [("RE337", "spread")]),
        (TIER % ", hysteresis: 100%", "tier == small", [("RE354", "100%")]),
        (TIER % ", hysteresis: 5pips", "tier == small", [("RE335", "5pips")]),
        (SWITCH % ", at_least: 2d", "not wide", [("RE354", "2d")]),
        (SWITCH % ", at_least: 5pips", "not wide", [("RE335", "5pips")]),
        (SWITCH.replace("> 3pips", "") % "", "not wide", [("RE334", "spread")]),
        (SWITCH.replace("spread > 3pips", "1 > 2") % "", "not wide", [("RE344", "1 > 2")]),
        (SWITCH.replace("spread > 3pips", "wide") % "", "not wide", [("RE341", "wide")]),
        (SWITCH.replace("spread > 3pips", "side == long") % "", "not wide", [("RE337", "side")]),
    ],
)
def test_what_is_found(sections: str, require: str, expected: list[tuple[str, str]]) -> None:
    assert findings(sections + guard(require)) == expected


def test_parameters_stand_wherever_a_constant_does() -> None:
    parameters = """\
parameters:
  small_from: {unit: JPY, default: 500JPY, doc: SC-15}
  give: {unit: ratio, default: 5%, doc: SC-15}
  wait: {unit: duration, default: 5s, doc: SC-15}
"""
    tier = TIER.replace("500JPY", "small_from") % ", hysteresis: give, confirm: wait"
    assert findings(parameters + tier + guard("tier == small")) == []


def test_a_mode_that_nothing_reads_is_checked_too() -> None:
    codes = [code for code, _ in findings(SWITCH.replace("spread > 3pips", "spraed > 3pips") % "")]
    assert sorted(codes) == ["RE320", "RE348"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(TIER % "", []), (SWITCH % "", [("RE337", "wide")])],
)
def test_the_account_has_modes_of_its_own_and_none_of_an_instrument(mode: str, expected: list[object]) -> None:
    use = "tier == small" if "tier" in mode else "wide"
    exit_ = f"""\
exits:
  - {{id: e, for_each: account, when: {use}, close: 50%, on_unknown: {{wait: 5s, then: alert}}}}
"""
    assert findings(mode + exit_) == expected


def test_a_figure_of_the_account_alone_needs_no_instrument() -> None:
    exit_ = """\
exits:
  - id: e
    for_each: account
    when: max_over(account.equity, 1h) > 5JPY
    close: 50%
    on_unknown: {wait: 5s, then: alert}
"""
    assert findings(exit_) == []


def test_a_table_by_a_mode_takes_its_words_alone() -> None:
    table = """\
tables:
  t:
    by: [tier]
    columns: {most: {unit: count}}
    rows:
      - {when: {tier: small}, values: {most: 1}}
      - {when: {tier: [large, huge]}, values: {most: 5}}
"""
    assert findings(TIER % "" + table + guard("t.most > 2")) == [("RE336", "huge")]


def test_several_rules_read_one_mode() -> None:
    result, found = typed(
        SWITCH % "" + guard("not wide") + guard("not wide").partition("\n")[2].replace("id: g", "id: h")
    )
    assert found == []
    assert result is not None
    steps = {id(node.args) for rule in result.rules for block in rule.blocks.values() for _, expr in block.outputs
             for node in expr.walk() if node.op == "step"}  # fmt: skip
    assert len(steps) == 1
