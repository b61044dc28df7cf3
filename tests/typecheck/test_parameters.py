"""Parameters: constant, of their unit, within their bounds; overrides are held to the same."""

from __future__ import annotations

import pytest

from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check
from tests.conformance.harness import leaf_of
from tests.typecheck.policies import MINIMAL, findings, guard


def parameter(body: str, use: str = "account.free_margin_ratio >= p") -> str:
    return f"parameters:\n  p: {{{body}, doc: x}}\n" + guard(use)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("unit: ratio, default: 92%, max: 92%", []),
        ("unit: ratio, default: 92.0001%, max: 92%", [("RE347", "92.0001%")]),
        ("unit: ratio, default: 10%, min: 10%", []),
        ("unit: ratio, default: 9.9%, min: 10%", [("RE347", "9.9%")]),
        ("unit: ratio, default: 46% * 2, max: 92%", []),
        ("unit: ratio, default: 46.5% * 2, max: 92%", [("RE347", "46.5% * 2")]),
        ("unit: ratio, default: 95%, max: 46% + 46%", [("RE347", "95%")]),
        ("unit: ratio, default: 5pips", [("RE335", "5pips")]),
        ("unit: ratio, default: account.drawdown", [("RE337", "account.drawdown")]),
        ("unit: ratio, default: 50% / 0", [("RE325", "50% / 0")]),
        ("unit: ration, default: 5%", [("RE336", "ration")]),
        ("unit: ratio, default: 5%, max: 5pips", [("RE335", "5pips")]),
    ],
)
def test_bounds_and_units(body: str, expected: list[tuple[str, str]]) -> None:
    assert findings(parameter(body)) == expected


@pytest.mark.parametrize(
    ("body", "use"),
    [
        ("unit: pips, default: 1.2pips", "spread <= p"),
        ("unit: price, default: 90", "mid >= p"),
        ("unit: distance, default: 0", "mid - bid >= p"),
        ("unit: duration, default: 6000ms", "quote_age <= p"),
        ("unit: units, default: 15_000units", "size >= p"),
        ("unit: contracts, default: 3contracts", "size / instrument.contract_size >= p"),
        ("unit: count, default: 3", "position.additions < p"),
        ("unit: number, default: 30", "rsi(m1, 14) > p"),
        ("unit: bars, default: 14", "rsi(m1, p) > 70"),
        ("unit: bars, default: 7 * 2", "rsi(m1, p) > 70"),
        ("unit: bool, default: true", "p and mid > 90"),
        ("unit: JPY, default: 500JPY", "account.free_margin > p"),
    ],
)
def test_every_unit_of_a_parameter_meets_what_it_is_for(body: str, use: str) -> None:
    assert findings(parameter(body, use)) == []


def test_a_parameter_may_build_on_those_before_it() -> None:
    two = "parameters:\n  a: {unit: ratio, default: 50%, doc: x}\n"
    two += "  b: {unit: ratio, default: a * 50%, max: 25%, doc: x}\n"
    assert findings(two + guard("account.drawdown < b")) == []
    assert findings(two.replace("max: 25%", "max: 24%") + guard("account.drawdown < b")) == [("RE347", "a * 50%")]


@pytest.mark.parametrize(
    ("overrides", "codes"),
    [({"p": "10%"}, []), ({"p": "95%"}, ["RE347"]), ({"p": "5pips"}, ["RE335"]), ({"q": "5%"}, ["RE352"])],
)
def test_an_override_is_held_to_the_declaration(overrides: dict[str, str], codes: list[str]) -> None:
    text = MINIMAL + parameter("unit: ratio, default: 50%, max: 92%")
    document, _ = load_bytes(text.encode(), "policy.yaml")
    assert document is not None
    policy, _ = shape(document)
    assert policy is not None
    leaves = {name: leaf_of(value) for name, value in overrides.items()}
    assert [each.code for each in check(policy, leaves)[1]] == codes
