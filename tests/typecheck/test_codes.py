"""Codes of the language that need a whole policy to be shown: each with the change that brings it, and near misses."""

from __future__ import annotations

import pytest

from ruleengine.diagnostics import Span
from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.syntax import parse
from ruleengine.typecheck.check import check

BASE = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: codes, version: 1.0.0}
requires: {account: hedging, instruments: [USD_JPY]}
strategies:
  A: {aliases: [A-long]}
  B: {aliases: [B-long]}
parameters:
  cap: {unit: ratio, default: 90%, max: 92%, doc: usage}
features:
  gap: abs(mid - m1.close)
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 5, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 10s
guards:
  - id: near
    applies_to: {intent: entry, strategy: A}
    require: gap <= 5pips
caps:
  - id: margin
    applies_to: {intent: entry}
    limit: account.margin_used_of_equity_after <= cap
sizing:
  - id: base
    applies_to: {intent: entry}
    size: 1_000units
"""


def codes(text: str) -> list[str]:
    document, found = load_bytes(text.encode(), "codes.policy.yaml")
    assert document is not None, found
    policy, found = shape(document)
    assert policy is not None, [each.message for each in found]
    return [each.code for each in check(policy)[1]]


def test_the_base_is_clean() -> None:
    assert codes(BASE) == []


REQUIRE, LIMIT = "require: gap <= 5pips", "limit: account.margin_used_of_equity_after <= cap"
LONG = "gap <= 5pips" + " and mid > 0" * 200
MANY = "gap <= 5pips and " + " and ".join(["mid>0"] * 90)
CHAIN = "gap <= 5pips and mid" + " * 2" * 17 + " > 0"


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("RE301", REQUIRE, f"require: {LONG}"),
        ("RE309", REQUIRE, f"require: {MANY}"),
        ("RE335", "size: 1_000units", "size: 5pips"),
        ("RE341", "gap: abs(mid - m1.close)", "gap: abs(wide)\n  wide: gap * 2"),
        ("RE343", REQUIRE, f"{REQUIRE} and account.free_margin > 500USD"),
        ("RE344", REQUIRE, f"{REQUIRE}\n    unless: 1 > 2"),
        ("RE345", LIMIT, "limit: account.margin_used_of_equity_after >= cap"),
        ("RE346", LIMIT, "limit: account.margin_used_of_equity <= cap"),
        ("RE347", "default: 90%", "default: 95%"),
        ("RE348", REQUIRE, "require: spread <= 5pips"),
        ("RE349", "gap: abs(mid - m1.close)", "gap: abs(mid - m1.close)\n  mid: bid"),
        ("RE350", REQUIRE, f"require: {CHAIN}"),
        ("RE351", "aliases: [B-long]", "aliases: [A-long]"),
        ("RE352", "strategy: A}", "strategy: C}"),
    ],
)
def test_the_change_brings_the_code(code: str, old: str, new: str) -> None:
    assert BASE.count(old) == 1
    assert code in codes(BASE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (REQUIRE, "require: gap <= 5pips" + " and mid > 0" * 60),
        (REQUIRE, "require: gap <= 5pips and mid" + " * 2" * 12 + " > 0"),
        ("requires: {account: hedging,", "requires: {account: hedging, currency: USD,"),
        ("default: 90%", "default: 92%"),
        (LIMIT, "limit: cap >= account.margin_used_of_equity_after"),
        (LIMIT, "limit: account.free_margin_ratio_after >= 1% and account.margin_used_of_equity_after <= cap"),
    ],
)
def test_near_misses_are_clean(old: str, new: str) -> None:
    assert BASE.count(old) == 1
    assert codes(BASE.replace(old, new)) == []


def test_an_empty_expression_has_its_code() -> None:
    """The schema refuses an empty scalar before; a blank one in quotes comes here from other callers."""
    assert [each.code for each in parse("  ", Span("a", 1, 1, 1, 3))[1]] == ["RE302"]


def test_a_condition_that_a_parameter_switches_off_is_no_fault() -> None:
    text = BASE.replace("features:", "  is_on: {unit: bool, default: false, doc: a switch}\nfeatures:")
    assert codes(text.replace(REQUIRE, f"{REQUIRE}\n    unless: is_on and mid > 90")) == []
