"""The algebra of dimensions as a table, and money in the account's currency."""

from __future__ import annotations

import pytest

from ruleengine import units
from ruleengine.units import (
    BAR_COUNT,
    CONTRACTS,
    COUNT,
    DISTANCE,
    DURATION,
    HOME,
    NUMBER,
    PIPS,
    PRICE,
    QUOTE,
    QUOTE_TO_HOME,
    QUOTIENT,
    RATIO,
    TIME,
    UNITS,
    UNITS_PER_CONTRACT,
    Type,
)  # fmt: skip
from tests.typecheck.policies import MINIMAL, cap, findings, guard, typed

ALL = (
    PRICE, DISTANCE, PIPS, RATIO, DURATION, TIME, UNITS, CONTRACTS, COUNT, NUMBER, QUOTIENT, BAR_COUNT, HOME, QUOTE,
    QUOTE_TO_HOME, UNITS_PER_CONTRACT,
)  # fmt: skip
SCALARS = (RATIO, COUNT, NUMBER, QUOTIENT)
PLUS: dict[tuple[Type, Type], Type] = {
    (PRICE, DISTANCE): PRICE, (DISTANCE, PRICE): PRICE, (TIME, DURATION): TIME, (COUNT, NUMBER): NUMBER,
    (NUMBER, COUNT): NUMBER, (QUOTIENT, RATIO): RATIO, (RATIO, QUOTIENT): RATIO, (QUOTIENT, NUMBER): NUMBER,
    (NUMBER, QUOTIENT): NUMBER, (QUOTIENT, COUNT): COUNT, (COUNT, QUOTIENT): COUNT,
} | {(each, each): each for each in ALL if each not in (PRICE, TIME)}  # fmt: skip
MINUS = {pair: result for pair, result in PLUS.items() if pair != (DISTANCE, PRICE)} | {
    (PRICE, PRICE): DISTANCE,
    (TIME, TIME): DURATION,
}
TIMES: dict[tuple[Type, Type], Type] = {
    (PRICE, UNITS): QUOTE, (DISTANCE, UNITS): QUOTE, (QUOTE, QUOTE_TO_HOME): HOME,
    (CONTRACTS, UNITS_PER_CONTRACT): UNITS,
}  # fmt: skip
OVER: dict[tuple[Type, Type], Type] = {
    (DISTANCE, PRICE): RATIO, (PRICE, DISTANCE): QUOTIENT, (QUOTE, PRICE): UNITS, (QUOTE, UNITS): PRICE,
    (QUOTE, DISTANCE): UNITS,
    (HOME, QUOTE_TO_HOME): QUOTE, (UNITS, UNITS_PER_CONTRACT): CONTRACTS,
}  # fmt: skip
PAIRS = [(left, right) for left in ALL for right in ALL]


@pytest.mark.parametrize(("left", "right"), PAIRS, ids=[f"{a.kind}-{a.arg}-{b.kind}-{b.arg}" for a, b in PAIRS])
def test_every_pair_of_dimensions_gives_what_the_table_says_or_nothing(left: Type, right: Type) -> None:
    assert units.add(left, right, minus=False) == PLUS.get((left, right))
    assert units.add(left, right, minus=True) == MINUS.get((left, right))
    if left in SCALARS and right in SCALARS:
        same = left if left == right else NUMBER if {left, right} == {COUNT, NUMBER} else QUOTIENT
        assert units.multiply(left, right) == same
        assert units.divide(left, right) == (QUOTIENT if left == right else NUMBER if left == COUNT else left)
        return
    scaled = right if left in SCALARS else left
    is_scaled = (left in SCALARS or right in SCALARS) and scaled != TIME
    assert units.multiply(left, right) == (scaled if is_scaled else TIMES.get((left, right), TIMES.get((right, left))))
    if right in SCALARS:
        assert units.divide(left, right) == (None if left == TIME else left)
    elif left == right:
        assert units.divide(left, right) == (None if left == TIME else QUOTIENT)
    else:
        assert units.divide(left, right) == OVER.get((left, right))


def test_a_size_follows_from_risk_over_the_distance_of_the_stop() -> None:
    def sized(size: str) -> str:
        return f"sizing:\n  - id: s\n    applies_to: {{intent: entry}}\n    size: {size}\n"

    assert findings(sized("1% * account.equity / instrument.quote_to_home / abs(mid - signal.stop)")) == []
    assert findings(sized("1% * account.equity / instrument.quote_to_home / 20pips")) == []


@pytest.mark.parametrize(
    "rule",
    [
        guard("size <= 0.1contracts"),
        guard("0.1contracts < size"),
        guard("max(size, 0.1contracts) < 3contracts"),
        guard("max(3contracts, size) > 4contracts"),
        guard("count(t for t in trades if t.units > 3contracts) < 2"),
        cap("position.long_units_after <= 3contracts"),
        cap("abs(position.net_units_after) <= 5_000units and size <= 3contracts"),
        "exits:\n  - id: x\n    for_each: trade\n    when: trade.units >= 1contracts and trade.age > 1h\n"
        "    close: 0.1contracts\n    on_unknown: {wait: 10s, then: close}\n",
    ],
)
def test_contracts_meet_units_through_the_contract_of_the_instrument(rule: str) -> None:
    assert findings(rule) == []


def test_contracts_of_no_instrument_stay_contracts() -> None:
    assert [code for code, _ in findings(guard("sum(t.units for t in trades) < 3contracts"))] == ["RE330"]
    needs = "  - id: x\n    for_each: account\n    when: sum(t.units for t in trades) > 3contracts\n"
    rest = "    close: 100%\n    on_unknown: {wait: 10s, then: close}\n"
    assert [code for code, _ in findings(f"exits:\n{needs}{rest}")] == ["RE330"]
    parameter = "parameters: {most: {unit: units, default: 3contracts, doc: x}}\n"
    assert [code for code, _ in findings(parameter + guard("size < most"))] == ["RE335"]


def test_contracts_inside_an_aggregate_are_those_of_its_element() -> None:
    policy, _ = typed(guard("count(t for t in trades if t.units > 3contracts) < 2"))
    assert policy is not None
    outputs = dict(policy.rules[0].blocks["judge"].outputs)
    sizes = [node for node in outputs["require"].walk() if node.label == "instrument.contract_size"]
    assert [node.data.letter for node in sizes] == ["em"]


@pytest.mark.parametrize("other", ["USD", "EUR"])
def test_money_of_another_currency_does_not_meet_the_accounts(other: str) -> None:
    assert findings(guard(f"account.free_margin > 500{other}")) == [("RE369", f"account.free_margin > 500{other}")]
    assert findings(guard("account.free_margin > 500JPY")) == []


def test_an_amount_needs_the_accounts_currency_to_be_stated() -> None:
    silent = MINIMAL.replace("currency: JPY, ", "")
    assert findings(guard("account.free_margin > 500JPY"), silent) == [("RE343", "account.free_margin > 500JPY")]
    assert findings(guard("account.free_margin > 0"), silent) == []


def test_a_chain_of_products_is_bounded_through_features_and_sums() -> None:
    factors = " * ".join(["confidence"] * 18)
    assert findings(guard(f"{factors} > 1")) == [("RE350", factors)]
    chain = "features:\n  a: confidence * confidence * confidence\n  b: a * a + 1\n  c: b * b * b * b * b\n"
    assert [code for code, _ in findings(chain + guard("c > 1"))] == ["RE350"]
    assert findings(guard(" * ".join(["confidence"] * 17) + " > 1")) == []
