"""FX-20: in principle exits take profit; a losing close needs a rule that says so. Fees count: 0.05 % of the value.

A long of 10,000 at 157 (opening not heard: 785 JPY by the account's terms). At 157.15 it has gained 1,500 and closing
costs 785.75: 1,500 − 785 − 785.75 = −70.75. At 157.16: 1,600 − 785 − 785.80 = 29.20.
"""

from __future__ import annotations

import pytest

from tests.runtime.engine.world import HEAD, World, decision, order, orders, trade

EXITS = """
parameters:
  keeps: {unit: bool, default: KEEPS, doc: FX-20}
exits:
  - id: timeout
    for_each: SCOPE
    when: account.equity > 0
    close: 100%
    on_unknown: {wait: 30s, then: close}
  - id: hard-stop
    for_each: trade
    when: trade.pnl_pips <= -50pips
    close: 100%
    may_lose: true
    on_unknown: {wait: 30s, then: close}
"""
FEES = {"fees": {"taker": "0.0005"}}
DECLARED = HEAD.replace("M1Scalper: {aliases", "M1Scalper: {no_loss_close: keeps, aliases")


@pytest.fixture(autouse=True)
def _declare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.runtime.engine.world.HEAD", DECLARED)


def world(scope: str = "trade", keeps: str = "true", strategy: str = "M1Scalper") -> World:
    rules = EXITS.replace("SCOPE", scope).replace("KEEPS", keeps)
    return World(rules, trades=(trade("10000", strategy=strategy),), account=FEES)


@pytest.mark.parametrize("scope", ["trade", "position", "account"])
def test_a_loss_after_fees_is_not_taken_and_a_profit_is(scope: str) -> None:
    kept = world(scope)
    said = decision(kept.quote(157.15))
    assert (said.outcome, said.code, said.first_blocker) == ("refused", "RE642", "timeout")
    compared = said.verdicts[-1].comparisons[0]
    assert (compared.left, compared.right, compared.unit) == (pytest.approx(-70.75), 0.0, "JPY")
    assert compared.distance == pytest.approx(-70.75)
    assert order(kept.quote(157.16)).units == 10_000


def test_an_exit_that_may_lose_does() -> None:
    kept = world()
    assert not orders(kept.quote(156.51))
    found = kept.quote(156.50)
    assert order(found).units == 10_000
    assert [each.rule for each in found.decisions if each.outcome == "sent"] == ["hard-stop"]


EMERGENCY = """
  - id: emergency
    for_each: account
    emergency: true
    when: account.margin_used_of_equity >= 12%
    close: 100%
    on_unknown: {wait: 30s, then: close}
"""


def test_an_emergency_asks_for_no_price() -> None:
    """10,000 at 157 take 62,800 JPY of margin, 12.56 % of 500,000; the loss at 156.90 is 1,000 JPY."""
    rules = EXITS.replace("SCOPE", "trade").replace("KEEPS", "true").replace("account.equity > 0", "trade.age > 24h")
    kept = World(rules + EMERGENCY, trades=(trade("10000"),))
    found = kept.quote(156.90)
    assert order(found).units == 10_000
    assert decision(found).rule == "emergency"


def test_other_strategies_and_a_parameter_that_is_off_close_as_ever() -> None:
    assert orders(world(strategy="TrendMA").quote(156.9))
    assert orders(world(keeps="false").quote(156.9))


def test_what_would_be_left_is_unknown() -> None:
    """Without a price nothing says whether it would lose: it is held, visibly, and closes once it can be told."""
    rules = EXITS.replace("SCOPE", "trade").replace("KEEPS", "true").replace("account.equity > 0", "trade.age > 10s")
    kept = World(rules, trades=(trade("10000"),), account=FEES)
    held = kept.timer(at=11)
    assert [(each.outcome, each.code) for each in held.decisions] == [("refused", "RE643")]
    kept.quote(157.15, at=11.5)
    assert not orders(kept.timer(at=12)), "a loss of 70.75, by a trigger that no price moves: a timer looks again"
    kept.quote(157.16, at=12.5)
    assert order(kept.timer(at=14)).units == 10_000


def test_it_survives_a_restart() -> None:
    kept = world()
    kept.quote(157.15)
    kept.restart()
    assert not orders(kept.quote(157.15))
    assert order(kept.quote(157.16)).units == 10_000
