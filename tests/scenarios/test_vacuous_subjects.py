"""Expectations of nothing that name a side, a strategy, a trade or a limit which nothing was about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.small import ACCOUNT, POLICY, ran

# trade 7 is long and of Trend; a signal of 1 s wants a long trade, which fills as 1002; the one of 3 s meets 2 pips
GIVEN = f"""
given:
  {ACCOUNT}
  trades:
    - {{instrument: USD_JPY, side: long, units: 1_000units, price: 150.00, age: 1h, strategy: Trend, client_id: qr-1, id: "7"}}
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 3], spread: 0.8pips}}
    - {{instrument: USD_JPY, begins: 3s, every: 1s, mid: [150.00 x 3], spread: 2pips}}
  signals:
    - {{at: 1s, strategy: Trend, side: long}}
    - {{at: 3s, strategy: Trend, side: long}}
expect:
  - {{at: 1s, outcome: order, side: long, units: 10_000units}}
"""  # noqa: E501
LINE = GIVEN.count("\n") + 7


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            '{at: 2s, outcome: nothing, trade: "99"}',
            "no such trade is open at 2s, so that none could be closed: 1002 (",
        ),
        ('{at: 0s, outcome: nothing, trade: "1002"}', "no such trade is open at 0s, so that none could be closed: 7 ("),
        ("{at: 2s, outcome: nothing, intent: exit, side: long}", "no such trade is open at 2s"),
        ("{at: 2s, outcome: nothing, rule: half, strategy: Other}", "no such trade is open at 2s"),
        (
            "{at: 3s, outcome: nothing, intent: entry, side: short}",
            "no rule for the intent `entry` was asked about side short at 3s",
        ),
        (
            "{at: 3s, outcome: nothing, rule: from-signals, strategy: Other}",
            "no rule `from-signals` was asked about strategy Other at 3s",
        ),
        ("{at: 1s, outcome: nothing, rule: spread, side: short}", "no rule `spread` was asked about side short at 1s"),
        (
            "{at: 1s, outcome: nothing, rule: margin, strategy: Other}",
            "no rule `margin` was asked about strategy Other at 1s",
        ),
        ("{at: 3s, outcome: nothing, rule: limits.max_order_units}", "no such intent came as far as `limits.max_"),
        ("{at: 2s, outcome: nothing, rule: limits.price_collar}", "no such intent came as far as `limits.price_"),
        ("{at: 1s, outcome: nothing, rule: limits.quote_age_max, side: short}", "no such intent came as far as"),
        ("{at: 2s, outcome: nothing, rule: caps}", "no such intent came as far as `caps`"),
    ],
)
def test_nothing_of_what_nothing_was_about(tmp_path: Path, line: str, why: str) -> None:
    difference = ran(tmp_path, f"{GIVEN}  - {line}\n").difference
    assert difference is not None
    assert difference.place.line == LINE
    assert difference.instead[0].startswith(why)
    assert difference.instead[1].startswith("name ")


@pytest.mark.parametrize(
    "line",
    [
        '{at: 2s, outcome: nothing, trade: "7"}',
        '{at: 2s, outcome: nothing, trade: "1002", intent: exit}',
        "{at: 2s, outcome: nothing, intent: exit, side: short}",
        "{at: 2s, outcome: nothing, rule: half, strategy: Trend}",
        "{at: 1s, outcome: nothing, rule: spread, side: long}",
        "{at: 1s, outcome: nothing, rule: margin, strategy: Trend}",
        "{at: 1s, outcome: nothing, rule: limits.max_order_units}",
        "{at: 1s, outcome: nothing, rule: limits.quote_age_max, side: long}",
        "{at: 1s, outcome: nothing, rule: caps}",
    ],
)
def test_nothing_of_what_was_asked(tmp_path: Path, line: str) -> None:
    result = ran(tmp_path, f"{GIVEN}  - {line}\n")
    assert result.has_passed, (result.difference, result.found)


def test_a_trade_that_is_closed_can_be_closed_no_more(tmp_path: Path) -> None:
    """The bid 149.796 is 20.4 pips below 150.00, so `lost` closes trade 7 at 2 s; at 3 s it is gone."""
    text = GIVEN[: GIVEN.index("  signals:")].replace("mid: [150.00 x 3]", "mid: [150.00 x 2, 149.80]", 1)
    text += 'expect:\n  - {at: 2s, outcome: order, side: short, rule: lost, trade: "7"}\n'
    held, gone = text, text + '  - {at: 3s, outcome: nothing, trade: "7"}\n'
    assert ran(tmp_path, held + '  - {at: 1s, outcome: nothing, trade: "7"}\n').has_passed
    difference = ran(tmp_path, gone).difference
    assert difference is not None
    assert difference.instead[0] == "no such trade is open at 3s, so that none could be closed: none is"


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("intent: pyramid", "no rule of the policy can want the intent `pyramid`", "`entry` and `exit`"),
        ("intent: hedge_reduce", "no rule of the policy can want the intent `hedge_reduce`", "`entry` and `exit`"),
        ("rule: spread, intent: exit", "`spread` never meets the intent `exit`", "it concerns `entry`"),
        ("rule: half, intent: entry", "`half` never meets the intent `entry`", "it concerns `exit`"),
        ("rule: narrow, strategy: Trend", "`narrow` never meets the strategy `Trend`", "it concerns `Other`"),
        ("rule: narrow, side: long", "`narrow` never meets the side `long`", "it concerns `short`"),
        ("rule: told", "`told` decides nothing, it only speaks", "expect its note"),
    ],
)
def test_nothing_of_what_can_never_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, message: str, remedy: str
) -> None:
    narrow = "guards:\n  - {id: narrow, applies_to: {strategy: Other, side: short}, require: spread <= 9pips}\n"
    alert = 'alerts:\n  - {id: told, when: account.balance < 0JPY, severity: info, message: "poor"}\n'
    monkeypatch.setattr("tests.scenarios.small.POLICY", POLICY.replace("guards:\n", narrow) + alert)
    found = ran(tmp_path, f"{GIVEN}  - {{at: 1s, outcome: nothing, {line}}}\n").found
    assert [each.code for each in found] == ["RE215"], found
    assert found[0].message.startswith(message)
    assert remedy in str(found[0].help)
    assert found[0].span.line == LINE
