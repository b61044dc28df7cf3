"""A rate of exchange follows a price, and ages with it: once that is no longer known nothing is added by the rate, and
exits go on by the last one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ruleengine.model.audit import Audit
from tests.runtime.engine.test_accounts import EUR_USD, Run, account
from tests.runtime.engine.world import HEAD, USD_JPY

EUR_GBP, GBP_JPY = replace(EUR_USD, name="EUR_GBP", quote="GBP"), replace(USD_JPY, name="GBP_JPY", base="GBP")
BY_USD_JPY = {"USD": {"instrument": "USD_JPY"}}
ENTRY = """
entries:
  - {id: eur, source: market, applies_to: {instrument: EUR_USD}, when: mid > 1.105, side: long, strategy: TrendMA,
     size: 1_000units, max_open: 1}
"""


@pytest.fixture(autouse=True)
def _short_life(monkeypatch: pytest.MonkeyPatch) -> None:
    short = HEAD.replace("quote_age_max: 240h", "quote_age_max: 10s")
    monkeypatch.setattr("tests.runtime.engine.test_accounts.HEAD", short)


def refusals(audits: list[Audit]) -> list[str]:
    """What stood in the way of decisions, in the words of the unknown."""
    return [
        text for audit in audits for each in audit.decisions if each.outcome == "refused" for verdict in each.verdicts
        for text in verdict.unknowns
    ]  # fmt: skip


def test_an_entry_waits_for_a_rate_that_is_not_older_than_a_price_may_be() -> None:
    run = Run(ENTRY, (EUR_USD, USD_JPY), account(conversion=BY_USD_JPY))
    run.quote("USD_JPY", 150.0, 150.0)
    for _ in range(3):
        run.quote("EUR_USD", 1.1, 1.1)  # 9 s; at 12 s the rate is 12 s old, and EUR/USD 3 s
    (said,) = refusals(run.quote("EUR_USD", 1.11, 1.11))
    assert said == "unknown: instrument.quote_to_home stale (USD_JPY: no quote for 10 s)"
    assert not run.sent()
    run.quote("USD_JPY", 151.0, 151.0)
    run.quote("EUR_USD", 1.11, 1.11)
    assert [each[:3] for each in run.sent()] == [("EUR_USD", "long", 1_000)]


def test_an_exit_in_money_goes_on_by_the_last_rate() -> None:
    rules = (
        ENTRY
        + """
exits:
  - {id: gain, for_each: trade, when: trade.pnl >= 1_500JPY, close: 100%, on_unknown: {wait: 1s, then: alert}}
"""
    )
    run = Run(rules, (EUR_USD, USD_JPY), account(conversion=BY_USD_JPY))
    run.quote("USD_JPY", 150.0, 150.0)
    run.quote("EUR_USD", 1.11, 1.11)
    for _ in range(4):
        run.quote("EUR_USD", 1.11, 1.11)  # 15 s after the rate's last price
    run.quote("EUR_USD", 1.1199, 1.1199)  # 1,000 × 0.0099 × 150 = 1,485
    assert len(run.sent()) == 1
    run.quote("EUR_USD", 1.12, 1.12)  # 1,000 × 0.01 × 150 = 1,500
    assert [each[:3] for each in run.sent()[1:]] == [("EUR_USD", "short", 1_000)]


def test_what_is_held_at_an_aged_rate_keeps_entries_of_others_back() -> None:
    """Equity and margins have EUR/GBP in them: valued by GBP/JPY, which nobody hears."""
    rules = """
entries:
  - {id: gbp, source: market, applies_to: {instrument: EUR_GBP}, when: mid > 0, side: long, strategy: TrendMA,
     size: 1_000units, max_open: 1}
  - {id: jpy, source: market, applies_to: {instrument: USD_JPY}, when: mid > 151, side: long, strategy: TrendMA,
     size: 1_000units, max_open: 1}
"""
    run = Run(rules, (EUR_GBP, GBP_JPY, USD_JPY), account(conversion={"GBP": {"instrument": "GBP_JPY"}}))
    run.quote("GBP_JPY", 200.0, 200.0)
    run.quote("EUR_GBP", 0.85, 0.85)
    assert [each[0] for each in run.sent()] == ["EUR_GBP"]
    for _ in range(4):
        run.quote("USD_JPY", 150.0, 150.0)
    (said,) = refusals(run.quote("USD_JPY", 152.0, 152.0))
    assert said == "unknown: instrument.quote_to_home stale (GBP_JPY: no quote for 10 s)"
    run.quote("GBP_JPY", 200.0, 200.0)
    run.quote("USD_JPY", 152.0, 152.0)
    assert [each[0] for each in run.sent()] == ["EUR_GBP", "USD_JPY"]


@pytest.mark.parametrize("rate", [{"rate": "150"}, {"instrument": "USD_JPY", "rate": "150"}])
def test_a_rate_that_the_account_states_stands_until_a_price_was_heard(rate: dict[str, str]) -> None:
    run = Run(ENTRY, (EUR_USD, USD_JPY), account(conversion={"USD": rate}))
    for _ in range(5):
        run.quote("EUR_USD", 1.1, 1.1)
    run.quote("EUR_USD", 1.11, 1.11)
    assert [each[0] for each in run.sent()] == ["EUR_USD"]
