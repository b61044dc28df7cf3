"""Overlays and `--set`: values for one environment, each within its bounds and at its own place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.schema.conftest import BASE, CHILD, Desk

HEAD = "apiVersion: ruleengine/v1\nkind: Overlay\nmetadata: {name: paper, version: 1.0.0}\n"


def test_an_overlay_changes_values_and_nothing_else(desk: Desk) -> None:
    overlay = HEAD + (
        "policy: base\n"
        "parameters: {usage_max: 80%}\n"
        "enforcement: {spread: shadow, old: warn}\n"
        "limits: {max_order_units: 20_000units, max_order_value: 3_000USD}\n"
        "requires: {currency: USD, instruments: [NZD_USD]}\n"
    )
    composed = desk.good(BASE, [overlay])
    policy = composed.policy
    assert policy.metadata.name.text == "base"
    assert policy.parameters["usage_max"].default.text == "80%"
    assert policy.parameters["usage_max"].max is not None
    assert Path(policy.parameters["usage_max"].default.node.span.file).name == "overlay0.yaml"
    assert [guard.enforcement for guard in policy.guards] == ["shadow", "enforce"]
    assert policy.exits[0].enforcement == "warn"
    assert policy.limits.max_order_units.text == "20_000units"
    assert policy.limits.quote_age_max.text == "10s"
    assert policy.requires.account == "hedging"
    assert [leaf.text for leaf in policy.requires.instruments] == ["NZD_USD"]
    assert composed.parameters["usage_max"].number == Decimal("0.8")
    assert [composed.parameters[name].is_default for name in ("usage_max", "spread_max")] == [False, True]


def test_later_overlays_win_and_the_command_line_wins_over_all(desk: Desk) -> None:
    overlays = [HEAD + f"parameters: {{usage_max: {value}}}\n" for value in ("80%", "70%")]
    assert desk.good(BASE, overlays).parameters["usage_max"].text == "70%"
    assert desk.good(BASE, overlays, ["usage_max=60%"]).parameters["usage_max"].text == "60%"


def test_overlays_reach_what_lies_below(desk: Desk) -> None:
    composed = desk.good(CHILD, [HEAD + "parameters: {usage_max: 80%}\nenforcement: {old: shadow}\n"])
    assert composed.parameters["usage_max"].number == Decimal("0.8")
    assert composed.policy.exits[0].enforcement == "shadow"


@pytest.mark.parametrize(
    ("lines", "code", "line", "column"),
    [
        ("parameters: {usage_mx: 80%}", "RE352", 4, 14),
        ("parameters: {usage_max: 95%}", "RE347", 4, 25),
        ("parameters: {usage_max: 5%}", "RE347", 4, 25),
        ("parameters: {spread_max: 2s}", "RE335", 4, 26),
        ("parameters: {spread_max: 2 pips}", "RE305", 4, 26),
        ("enforcement: {spraed: shadow}", "RE352", 4, 15),
        ("enforcement: {spread: off}", "RE204", 4, 23),
        ("policy: [other, crypto]\nparameters: {usage_max: 80%}", "RE237", 4, 10),
        ("limits: {max_units: 3}", "RE201", 4, 10),
    ],
)
def test_faults_stand_in_the_overlay(desk: Desk, lines: str, code: str, line: int, column: int) -> None:
    assert (code, "overlay0.yaml", line, column) in desk.faults(BASE, [HEAD + lines + "\n"])


def test_a_rule_is_named_without_its_section(desk: Desk) -> None:
    (found,) = desk.compose(BASE, [HEAD + "enforcement: {guards.spread: shadow}\n"])[1]
    assert (found.code, found.help) == ("RE210", "write `spread`")
    desk.good(BASE, [HEAD + "enforcement: {spread: shadow}\n"])


def test_a_policy_is_no_overlay(desk: Desk) -> None:
    assert ("RE207", "overlay0.yaml", 2, 7) in desk.faults(BASE, [BASE])


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        (["usage_max=95%"], ("RE347", "<--set>", 1, 11)),
        (["spread_max=1pips", "usage_max = 5%"], ("RE347", "<--set>", 2, 13)),
        (["spread_max=90%"], ("RE335", "<--set>", 1, 12)),
        (["spread_max=1.2"], ("RE335", "<--set>", 1, 12)),
        (["patience=10_000"], ("RE335", "<--set>", 1, 10)),
        (["usage=90%"], ("RE352", "<--set>", 1, 1)),
        (["usage_max"], ("RE238", "<--set>", 1, 1)),
        (["usage_max="], ("RE238", "<--set>", 1, 1)),
        (["=3"], ("RE238", "<--set>", 1, 1)),
        ([""], ("RE238", "<--set>", 1, 1)),
        (["usage_max=80%", "usage_max=70%"], ("RE239", "<--set>", 2, 1)),
    ],
)
def test_settings_of_the_command_line(desk: Desk, sets: list[str], expected: tuple[str, str, int, int]) -> None:
    assert desk.faults(BASE, sets=sets) == [expected]


def test_settings_are_on_the_internal_scale(desk: Desk) -> None:
    values = desk.good(BASE, sets=["patience=2d", "spread_max=0", "usage_max=9_000bps"]).parameters
    assert (values["patience"].number, values["patience"].type.kind) == (Decimal(172800), "duration")
    assert values["spread_max"].number == 0
    assert values["usage_max"].number == Decimal("0.9")


def test_settings_can_be_quoted_in_messages(desk: Desk) -> None:
    composed = desk.good(BASE, sets=["patience=2d", "usage_max=50%"])
    assert composed.sources["<--set>"].split("\n") == ["patience=2d", "usage_max=50%"]


def test_a_default_outside_of_its_own_bounds(desk: Desk) -> None:
    text = BASE.replace("default: 92%, min: 10%", "default: 93%, min: 10%")
    assert desk.faults(text) == [("RE347", "desk.policy.yaml", 7, 37)]
