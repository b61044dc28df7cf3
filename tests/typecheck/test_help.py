"""What a finding proposes is right: taken over as it stands, the policy is clean."""

from __future__ import annotations

import re

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check
from tests.typecheck.policies import IDLE, MINIMAL, cap, findings, guard


def diagnostics(sections: str, minimal: str = MINIMAL) -> list[Diagnostic]:
    document, found = load_bytes((minimal + sections).encode(), "policy.yaml")
    assert document is not None, found
    policy, found = shape(document)
    assert policy is not None, [str(each) for each in found]
    return [each for each in check(policy)[1] if each.code not in IDLE]


@pytest.mark.parametrize(
    ("condition", "number", "proposed"),
    [
        ("account.free_margin_ratio >= 0.2", "0.2", "20%"),
        ("account.free_margin_ratio >= 0.205", "0.205", "20.5%"),
        ("natr(m1, 14) > 0.02", "0.02", "2%"),
        ("quote_age <= 5", "5", "5s"),
        ("quote_age <= 0.5", "0.5", "0.5s"),
        ("spread <= 2", "2", "2pips"),
        ("size <= 5000", "5000", "5000units"),
        ("account.equity > 500", "500", "500JPY"),
    ],
)
def test_a_unit_is_proposed_that_means_what_was_meant(condition: str, number: str, proposed: str) -> None:
    found = diagnostics(guard(condition))
    assert [each.code for each in found] == ["RE333"]
    assert found[0].help == f"write `{proposed}`"
    assert findings(guard(re.sub(rf"(?<![\w.]){re.escape(number)}$", proposed, condition))) == []


@pytest.mark.parametrize(
    ("condition", "times", "share"),
    [
        ("account.gross_exposure_after <= 1.6", "160%", "1.6%"),
        ("account.gross_exposure_after <= 25", "2500%", "25%"),
        ("account.free_margin_ratio >= 1", "100%", "1%"),
        ("account.margin_used_of_equity >= 2.50", "250%", "2.5%"),
    ],
)
def test_a_number_that_may_be_times_or_a_share_is_given_as_both(condition: str, times: str, share: str) -> None:
    (found,) = diagnostics(guard(condition))
    name, operator, number = condition.split()
    assert found.help == f"write `{times}` for {number} times, or `{share}` for {number} in a hundred"
    for written in (times, share):
        assert findings(guard(f"{name} {operator} {written}")) == []


def test_a_factor_of_more_than_one_is_given_as_both() -> None:
    def scaled(factor: str) -> str:
        return f"sizing:\n  - id: s\n    applies_to: {{intent: entry}}\n    scale: {factor}\n"

    (found,) = diagnostics(scaled("1.1"))
    assert (found.code, found.help) == ("RE362", "write `110%` for 1.1 times, or `1.1%` for 1.1 in a hundred")
    assert findings(scaled("110%")) == findings(scaled("1.1%")) == []


def test_a_distance_in_price_is_not_taken_for_pips() -> None:
    (found,) = diagnostics(guard("spread <= 0.01"))
    assert found.help == "write it in pips, such as `1pips`: a distance in price is no number of pips"
    assert findings(guard("spread <= 1pips")) == []


def test_money_needs_its_currency_and_the_accounts() -> None:
    silent = MINIMAL.replace("currency: JPY, ", "")
    (found,) = diagnostics(guard("account.equity > 300000"), silent)
    written = "write it with the account's currency, such as `300000USD`, and say which that is:"
    assert found.help == f"{written} `requires: {{currency: USD}}`"
    stated = MINIMAL.replace("currency: JPY", "currency: USD")
    assert findings(guard("account.equity > 300000USD"), stated) == []


def test_a_price_distance_is_written_in_pips_or_declared() -> None:
    (found,) = diagnostics(guard("atr(m1, 14) > 0.05"))
    assert found.help == "write it in pips, such as `5pips`, or as a parameter with `unit: distance`"
    assert findings(guard("atr(m1, 14) > 5pips")) == []
    parameter = "parameters: {far: {unit: distance, default: 0.05, min: 0.01, max: 0.1, doc: x}}\n"
    assert findings(parameter + guard("atr(m1, 14) > far")) == []
    assert findings(parameter.replace("0.05", "0.5") + guard("atr(m1, 14) > far"))[0][0] == "RE347"
    table = (
        "tables:\n  t:\n    by: [strategy]\n    columns: {far: {unit: distance}}\n"
        "    rows: [{otherwise: true, values: {far: 0.05}}]\n"
    )
    assert findings(table + guard("atr(m1, 14) > t.far")) == []


@pytest.mark.parametrize(
    ("condition", "proposed", "better"),
    [
        (
            "account.equity / mid > size",
            "divide the account's money by `instrument.quote_to_home` first, which gives money of the quote currency",
            "account.equity / instrument.quote_to_home / mid > size",
        ),
        (
            "account.equity / abs(mid - bid) > size",
            "divide the account's money by `instrument.quote_to_home` first, which gives money of the quote currency",
            "account.equity / instrument.quote_to_home / abs(mid - bid) > size",
        ),
        (
            "account.equity / size > 90",
            "divide the account's money by `instrument.quote_to_home` first, which gives money of the quote currency",
            "account.equity / instrument.quote_to_home / size > 90",
        ),
        (
            "abs(mid - bid) * instrument.quote_to_home * size > 500JPY",
            "multiply by the units first: a price times units is money of the quote currency",
            "abs(mid - bid) * size * instrument.quote_to_home > 500JPY",
        ),
        (
            "instrument.quote_to_home * mid * size > 500JPY",
            "multiply by the units first: a price times units is money of the quote currency",
            "mid * size * instrument.quote_to_home > 500JPY",
        ),
        (
            "account.equity * instrument.quote_to_home / mid > size",
            "divide by it: `instrument.quote_to_home` is account currency per quote currency",
            "account.equity / instrument.quote_to_home / mid > size",
        ),
        (
            "mid * size / instrument.quote_to_home > 500JPY",
            "multiply by it: `instrument.quote_to_home` is account currency per quote currency",
            "mid * size * instrument.quote_to_home > 500JPY",
        ),
        (
            "account.equity / instrument.quote_to_home / instrument.contract_size / mid > 3contracts",
            "divide by the price first: units `/ instrument.contract_size` are contracts",
            "account.equity / instrument.quote_to_home / mid / instrument.contract_size > 3contracts",
        ),
        (
            "mid * instrument.contract_size * 3contracts * instrument.quote_to_home > 500JPY",
            "multiply the contracts first: contracts `* instrument.contract_size` are units",
            "mid * (3contracts * instrument.contract_size) * instrument.quote_to_home > 500JPY",
        ),
        (
            "mid * 3contracts * instrument.quote_to_home > 500JPY",
            "multiply by units: contracts `* instrument.contract_size` are units",
            "mid * (3contracts * instrument.contract_size) * instrument.quote_to_home > 500JPY",
        ),
    ],
)
def test_a_product_without_meaning_is_told_which_step_is_missing(condition: str, proposed: str, better: str) -> None:
    (found,) = diagnostics(guard(condition))
    assert (found.code, found.help) == ("RE332", proposed)
    assert findings(guard(better)) == []


POSTURE = "    on_unknown: {wait: 10s, then: alert}\n"


def reduction(until: str) -> str:
    return f"hedges:\n  - id: h\n    when: mid > 90\n    reduce: {{until: '{until}'}}\n{POSTURE}"


@pytest.mark.parametrize(
    ("limit", "proposed", "better"),
    [
        (
            "account.margin_used_after / account.equity <= 50%",
            "write `positive(account.equity)`",
            "account.margin_used_after / positive(account.equity) <= 50%",
        ),
        (
            "account.margin_used_after / (account.equity - 500JPY) <= 50%",
            "write `positive(…)`",
            "account.margin_used_after / positive(account.equity - 500JPY) <= 50%",
        ),
        (
            "account.equity / 500JPY * account.margin_used_after <= 500JPY",
            "write `positive(…)`",
            "positive(account.equity / 500JPY) * account.margin_used_after <= 500JPY",
        ),
    ],
)
def test_a_limit_by_a_factor_of_unknown_sign_says_what_makes_it_solvable(
    limit: str, proposed: str, better: str
) -> None:
    (found,) = diagnostics(cap(limit))
    assert (found.code, found.help) == ("RE345", proposed)
    assert found.message.endswith("may be below zero")
    assert findings(cap(better)) == []


def test_a_reduction_by_a_factor_of_unknown_sign_says_what_makes_it_solvable() -> None:
    (found,) = diagnostics(reduction("position.margin_after / account.equity <= 50%"))
    assert (found.code, found.help) == ("RE364", "write `positive(account.equity)`")
    assert [code for code, _ in findings(reduction("position.margin_after / positive(account.equity) <= 50%"))] == []


def exit_rule(line: str) -> str:
    keys = {"close": "100%", "cooldown": "60s", "on_unknown": "{wait: 10s, then: close}"}
    keys |= {line.partition(": ")[0]: line.partition(": ")[2]}
    lines = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"exits:\n  - id: x\n    for_each: trade\n    when: trade.age > 1h\n{lines}"


def entry_rule(line: str) -> str:
    return f"entries:\n  - id: e\n    source: signal\n    when: mid > 90\n    {line}\n"


@pytest.mark.parametrize(
    ("line", "proposed", "written"),
    [
        ("close: 50", "write `50%` or `50units`", ("close: 50%", "close: 50units")),
        ("close: 1", "write `100%` or `1units`", ("close: 100%", "close: 1units")),
        ("close: 0.5", "write `50%` or `0.5units`", ("close: 50%", "close: 0.5units")),
        (
            "on_unknown: {wait: 30, then: close}",
            "write `30s`",
            ("on_unknown: {wait: 30s, then: close}",),
        ),
        ("cooldown: 45", "write `45s`", ("cooldown: 45s",)),
        ("enabled: yes", "write `true`", ("enabled: true",)),
        ("enabled: off", "write `false`", ("enabled: false",)),
        ("enabled: 1", "write `true` or `false`", ("enabled: true", "enabled: false")),
    ],
)
def test_a_figure_of_an_exit_is_given_its_unit(line: str, proposed: str, written: tuple[str, ...]) -> None:
    (found,) = diagnostics(exit_rule(line))
    assert found.help == proposed
    for each in written:
        assert findings(exit_rule(each)) == []


@pytest.mark.parametrize(
    ("line", "proposed", "written"),
    [
        ("stop: 2%", "write the distance as `mid - mid * 98%`, or in pips", "stop: mid - mid * 98%"),
        ("target: 0.25%", "write the distance as `mid - mid * 99.75%`, or in pips", "target: mid - mid * 99.75%"),
        ("size: 500", "write `500units` or `500contracts`", "size: 500units"),
    ],
)
def test_a_figure_of_an_entry_is_given_its_unit(line: str, proposed: str, written: str) -> None:
    (found,) = diagnostics(entry_rule(line))
    assert (found.code, found.help) == ("RE335", proposed)
    assert findings(entry_rule(written)) == []


def test_an_argument_is_given_its_unit() -> None:
    (found,) = diagnostics(guard("avg_over(spread, 300) < 2pips"))
    assert (found.code, found.help) == ("RE324", "write `300s`")
    assert findings(guard("avg_over(spread, 300s) < 2pips")) == []


def test_a_column_of_a_table_is_given_its_unit() -> None:
    def table(value: str) -> str:
        rows = f"    rows: [{{otherwise: true, values: {{far: {value}}}}}]\n"
        return f"tables:\n  t:\n    by: [strategy]\n    columns: {{far: {{unit: pips}}}}\n{rows}"

    (found,) = diagnostics(table("5") + guard("spread < t.far"))
    assert (found.code, found.help) == ("RE335", "write `5pips`")
    assert findings(table("5pips") + guard("spread < t.far")) == []


def test_a_column_of_no_unit_is_told_the_units() -> None:
    def table(unit: str) -> str:
        rows = "    rows: [{otherwise: true, values: {far: 5pips}}]\n"
        return f"tables:\n  t:\n    by: [strategy]\n    columns: {{far: {{unit: {unit}}}}}\n{rows}"

    (found,) = diagnostics(table("banana") + guard("spread < t.far"))
    assert found.code == "RE336"
    assert found.help is not None
    units = found.help.removeprefix("unit is one of ").split(", ")
    assert "pips" in units
    assert findings(table("pips") + guard("spread < t.far")) == []
    (found,) = diagnostics(table("pip") + guard("spread < t.far"))
    assert found.help == "did you mean `pips`?"


def test_a_clock_of_one_digit_is_proposed_as_one_of_two() -> None:
    def schedule(start: str) -> str:
        return (
            f'schedules:\n  s:\n    timezone: Asia/Tokyo\n    windows: [{{days: [mon], from: {start}, to: "16:00"}}]\n'
        )

    assert findings(schedule('"09:00"') + guard("s and mid > 90")) == []
