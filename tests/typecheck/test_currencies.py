"""Amounts: codes of currencies, and what is said where they meet the account's."""

from __future__ import annotations

import pytest

from ruleengine.facts.currencies import CURRENCIES, ISO_4217
from tests.typecheck.policies import MINIMAL, findings, guard
from tests.typecheck.test_help import diagnostics

MINIMAL_USD = MINIMAL.replace("currency: JPY", "currency: USD")


@pytest.mark.parametrize(
    ("condition", "code", "place", "remedy"),
    [
        ("account.equity > 500JYP", "RE370", "JYP", "did you mean `JPY` or `SYP`?"),
        ("spread <= 1.2PIPS", "RE370", "PIPS", "write `pips`"),
        ("quote_age <= 5MIN", "RE370", "MIN", "write `min`"),
        ("account.equity > 500usd", "RE307", "usd", "write `500USD`"),
        ("quote_age <= 5m", "RE307", "m", "write `5min`"),
        ("quote_age <= 5sec", "RE307", "sec", "write `5s`"),
    ],
)
def test_a_unit_that_is_none_is_shown_with_the_one_that_was_meant(
    condition: str, code: str, place: str, remedy: str
) -> None:
    assert findings(guard(condition)) == [(code, place)]
    assert diagnostics(guard(condition))[0].help == remedy


def test_an_account_in_another_currency_is_named_with_the_line_that_says_so() -> None:
    (found,) = diagnostics(guard("account.equity > 500USD"))
    assert (found.code, found.message) == ("RE369", "money in USD meets account money, which is in JPY")
    assert found.help == "write the amount in JPY, or correct `requires: {currency: JPY}` (policy.yaml:4:36)"
    limit = MINIMAL_USD.replace("limits:\n", "limits:\n  max_order_value: 5_000JPY\n")
    (found,) = diagnostics(guard("mid > 90"), limit)
    assert (found.code, found.message) == ("RE369", "money in JPY meets account money, which is in USD")


def test_a_currency_that_is_not_stated_is_asked_for() -> None:
    limit = MINIMAL.replace(", currency: JPY", "").replace("limits:\n", "limits:\n  max_order_value: 5_000JPY\n")
    (found,) = diagnostics(guard("mid > 90"), limit)
    assert (found.code, found.help) == ("RE343", "add `requires: {currency: JPY}`")


def test_the_account_currency_is_written_in_capitals() -> None:
    found = diagnostics(guard("mid > 90"), MINIMAL.replace("currency: JPY", "currency: jpy"))
    assert [(each.code, each.help) for each in found] == [("RE370", "write `JPY`")]


@pytest.mark.parametrize("unit", ["JYP", "PIPS"])
def test_a_parameter_is_in_a_currency_that_there_is(unit: str) -> None:
    text = f"parameters: {{p: {{unit: {unit}, default: 5, doc: x}}}}\n" + guard("known(p) and mid > 90")
    assert findings(text) == [("RE370", unit)]


def test_what_the_policy_declares_is_a_currency() -> None:
    doge = MINIMAL.replace("currency: JPY", "currency: DOGE")
    assert findings(guard("account.equity > 500DOGE"), doge) == []
    pepe = MINIMAL.replace("[USD_JPY]", "[USD_JPY, PEPE_USDT]")
    assert [code for code, _ in findings(guard("account.equity > 500PEPE"), pepe)] == ["RE369"]


def test_the_list_is_of_codes() -> None:
    assert all(len(code) == 3 and code.isupper() for code in ISO_4217)
    assert {"USD", "EUR", "JPY", "KRW", "GBP", "CHF", "NZD", "BTC", "ETH", "USDT", "USDC"} <= CURRENCIES
    assert "JYP" not in CURRENCIES
