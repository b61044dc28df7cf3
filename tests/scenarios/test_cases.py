"""Cases and accounts: one file stands for several scenarios, each counted and named as its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruleengine.cli.documents import check_document
from ruleengine.cli.test import Wish
from ruleengine.cli.test import test as command
from tests.scenarios.small import ACCOUNT, HEAD, ran_all, written

# the cap leaves half of the equity for margin: 60,000 / 2 / (150.00 × 4 %) = 5,000 units
TABLE = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 5], spread: 0.8pips}}
  signals:
    - {{at: 1s, strategy: Trend, side: long, size: 10_000units}}
expect:
  - {{at: 1s, outcome: order, side: long, units: 10_000units}}
vary:
  balance: given.account.balance
  sent: expect.0.units
  spread: given.market.0.spread
cases:
  - {{case: enough}}
  - {{case: half of it, balance: 60_000JPY, sent: 5_000units}}
  - {{case: spread at the limit, spread: 1.2pips}}
  - {{case: spread beyond it, spread: 1.3pips, sent: _, expect.0.side: _, expect.0.outcome: refusal,
     expect.0.rule: spread, expect.0.measured: 1.3pips}}
  - {{case: other expectations, expect: [{{at: 2s, outcome: nothing}}, {{at: 1s, outcome: order, side: long}}]}}
  - {{case: a short one, given.signals.0.side: short, expect.0.side: short}}
"""


def test_every_case_is_a_scenario(tmp_path: Path) -> None:
    results = ran_all(tmp_path, TABLE)
    assert [each.case for each in results] == [
        "enough", "half of it", "spread at the limit", "spread beyond it", "other expectations", "a short one",
    ]  # fmt: skip
    assert [each.case for each in results if not each.has_passed] == [], [
        each.difference or each.found for each in results
    ]


def test_a_wrong_case_fails_alone_and_is_told_at_its_own_line(tmp_path: Path) -> None:
    results = ran_all(tmp_path, TABLE.replace("sent: 5_000units", "sent: 5_001units"))
    assert [each.case for each in results if not each.has_passed] == ["half of it"]


def test_an_expression_holds_dots_and_is_found(tmp_path: Path) -> None:
    text = TABLE.partition("vary:")[0].replace(
        "expect:\n", "expect:\n  - {at: 3s, state: {position.net_units: 10_000units}}\n"
    )
    text += "cases:\n  - {case: a}\n  - {case: b, expect.0.state.position.net_units: 10_001units}\n"
    assert [each.has_passed for each in ran_all(tmp_path, text.replace("expect.0.units", "expect.1.units"))] == [
        True,
        False,
    ]


def test_one_name_for_several_places(tmp_path: Path) -> None:
    text = TABLE.replace("vary:\n", "vary:\n  side: [given.signals.0.side, expect.0.side]\n")
    text = text.replace("given.signals.0.side: short, expect.0.side: short", "side: short")
    assert all(each.has_passed for each in ran_all(tmp_path, text))


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("{case: half of it, balance", "{case: half of it, balanse", "RE221"),
        ("spread: given.market.0.spread", "spread: given.market.1.spread", "RE221"),
        ("spread: given.market.0.spread", "spread: given.markets.0.spread", "RE221"),
        ("case: half of it", "case: enough", "RE222"),
        ("balance: 60_000JPY", "balance: 60_000 JPY", "RE164"),
        ("balance: 60_000JPY", "balance: 60_000pips", "RE215"),
        ("given.signals.0.side: short", "given.signals.0.sied: short", "RE201"),
    ],
)
def test_slips(tmp_path: Path, was: str, now: str, code: str) -> None:
    assert was in TABLE
    text = TABLE.replace(was, now)
    results = ran_all(tmp_path, text)
    found = [each for result in results for each in result.found]
    assert [each.code for each in found] == [code]
    lines = (HEAD + text).splitlines()
    row = next(n for n, line in enumerate(lines, start=1) if now.split(",")[-1].split(":")[0].strip("{ ") in line)
    assert found[0].span.line >= row


def test_a_case_that_expects_nothing_fails(tmp_path: Path) -> None:
    results = ran_all(tmp_path, TABLE.replace("{case: enough}", "{case: enough, expect: []}"))
    assert [(each.case, [d.code for d in each.found]) for each in results if each.found] == [("enough", ["RE220"])]


def test_expectations_may_stand_in_cases_alone(tmp_path: Path) -> None:
    before = TABLE.partition("expect:\n")[0]
    case = "cases:\n  - {case: one, expect: [{at: 1s, outcome: order, side: long}]}\n"
    results = ran_all(tmp_path, before + case)
    assert [each.has_passed for each in results] == [True]


# --- accounts --------------------------------------------------------------------------------------------------------

# 60,000 JPY allow 5,000 units (see above); an account with 10,000 units open at 150.00 has 60,000 JPY of margin in use,
# the half of its 120,000: nothing more
SEVERAL = """
given:
  accounts:
    large: {currency: JPY, balance: 1_000_000JPY, mode: hedging}
    small: {currency: JPY, balance: 60_000JPY, mode: hedging}
    full:
      currency: JPY
      balance: 120_000JPY
      mode: hedging
      trades: [{instrument: USD_JPY, side: long, units: 10_000units, price: 150.00, client_id: qr-1, strategy: Trend}]
  market:
    - {instrument: USD_JPY, every: 1s, mid: [150.00 x 5], spread: 0.8pips}
  signals:
    - {at: 1s, strategy: Trend, side: long, size: 10_000units}
expect:
  - {at: 1s, account: large, outcome: order, side: long, units: 10_000units}
  - {at: 1s, account: small, outcome: order, side: long, units: 5_000units}
  - {at: 1s, account: full, outcome: refusal, rule: margin}
  - {at: 1s, state: {spread: 0.8pips}}
"""


def test_a_scenario_on_several_accounts(tmp_path: Path) -> None:
    results = ran_all(tmp_path, SEVERAL)
    assert [each.case for each in results] == ["large", "small", "full"]
    assert [each.case for each in results if not each.has_passed] == [], [
        each.difference or each.found for each in results
    ]
    wrong = ran_all(tmp_path, SEVERAL.replace("units: 5_000units", "units: 5_001units"))
    assert [each.case for each in wrong if not each.has_passed] == ["small"]


def test_cases_on_each_account(tmp_path: Path) -> None:
    text = (
        SEVERAL
        + "cases:\n  - {case: a}\n  - {case: wide, given.market.0.spread: 1.3pips, expect.3.state.spread: 1.3pips}\n"
    )
    results = ran_all(tmp_path, text)
    assert [each.case for each in results] == [
        "a / large", "a / small", "a / full", "wide / large", "wide / small", "wide / full",
    ]  # fmt: skip
    assert [each.has_passed for each in results] == [True, True, True, False, False, False]


def test_an_account_that_is_not_there(tmp_path: Path) -> None:
    (result,) = ran_all(tmp_path, SEVERAL.replace("account: small,", "account: smal,"))
    assert [(each.code, each.help) for each in result.found] == [("RE352", "did you mean `small`?")]


def test_an_account_of_which_nothing_is_expected(tmp_path: Path) -> None:
    results = ran_all(
        tmp_path,
        SEVERAL.replace("  - {at: 1s, state: {spread: 0.8pips}}\n", "").replace("account: small", "account: large"),
    )
    assert [(each.case, [d.code for d in each.found]) for each in results if each.found] == [("small", ["RE220"])]


# --- the command -----------------------------------------------------------------------------------------------------


def test_each_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, TABLE)
    assert command([file], Wish("text")) == 0
    out = capsys.readouterr().out
    assert "6 scenarios: 6 passed, 0 failed" in out
    assert f"PASS {file}: spread at the limit " in out
    assert command([file], Wish("json")) == 0
    rows = json.loads(capsys.readouterr().out)["scenarios"]
    assert [row["case"] for row in rows][:2] == ["enough", "half of it"]


def test_validate_looks_at_cases_too(tmp_path: Path) -> None:
    file = written(tmp_path, TABLE)
    assert check_document(file, [], [], None, None)[0] == []
    for was, now, code in (("balance: 60_000JPY", "balance: 60_000pips", "RE215"), ("sent: _", "snt: _", "RE221")):
        file.write_text((HEAD + TABLE).replace(was, now), encoding="utf-8")
        assert [each.code for each in check_document(file, [], [], None, None)[0]] == [code]
