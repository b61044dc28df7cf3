"""Findings say figures and words as the author would."""

from __future__ import annotations

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check
from tests.typecheck.policies import MINIMAL, guard


def only(sections: str) -> Diagnostic:
    document, _ = load_bytes((MINIMAL + sections).encode(), "policy.yaml")
    assert document is not None
    policy, found = shape(document)
    assert policy is not None, found
    (finding,) = check(policy)[1]
    return finding


@pytest.mark.parametrize(
    ("value", "spoken"), [("400d", "400d"), ("-5s", "-5s"), ("-90s", "-90s"), ("-120s", "-2min"), ("0s - 36h", "-36h")]
)
def test_a_time_in_the_largest_unit_that_counts_it(value: str, spoken: str) -> None:
    rule = "exits:\n  - id: x\n    for_each: trade\n    when: trade.age > 1h\n    close: 50%%\n    cooldown: %s\n"
    found = only(rule % value + "    on_unknown: {wait: 10s, then: close}\n")
    assert (found.code, found.message) == ("RE354", f"`cooldown` is {spoken}")


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ("min: 10%, max: 1%", "nothing can be `p`: its `min` 10% is above its `max` 1%"),
        ("min: 10%", "`p` is 5%, it has to be at least 10%"),
        ("max: 1%", "`p` is 5%, it has to be at most 1%"),
        ("min: 10%, max: 20%", "`p` is 5%, it has to be at least 10% and at most 20%"),
    ],
)
def test_bounds_of_a_parameter(bounds: str, message: str) -> None:
    text = f"parameters:\n  p: {{unit: ratio, default: 5%, {bounds}, doc: x}}\n"
    assert only(text + guard("account.drawdown < p")).message == message


@pytest.mark.parametrize(
    ("condition", "message", "help"),
    [
        ("instrument.name == EUR_JPY", "`EUR_JPY` is no instrument", "declared under `requires.instruments`: USD_JPY"),
        ("strategy == Other", "`Other` is no strategy", "declared under `strategies`: M1Scalper"),
        ("signal.regime == bullish", "`bullish` is no regime", "declare it under `regimes`"),
        ("side == up", "`up` is no side", "side is one of long, short"),
    ],
)
def test_a_word_that_is_none_of_the_declared(condition: str, message: str, help: str) -> None:
    found = only(guard(condition))
    assert (found.code, found.message, found.help) == ("RE336", message, help)
