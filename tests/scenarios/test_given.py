"""What scenarios can give beside quotes and an account: bars to look back at, closed trades, other prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.small import ACCOUNT, ran

QUOTES = "    - {instrument: USD_JPY, every: 1s, mid: [150.00 x 3], spread: 0.8pips}\n"


def passes(folder: Path, text: str) -> None:
    result = ran(folder, text)
    assert result.has_passed, (result.difference, result.found)


def test_bars_to_look_back_at(tmp_path: Path) -> None:
    """The mean of the last three of four closes, 150.1, 150.2, 150.3: 150.2. A minute on another bar has closed, with
    the close 150.00: (150.2 + 150.3 + 150) / 3 = 150.1667."""
    text = f"""
given:
  {ACCOUNT}
  bars: [{{instrument: USD_JPY, timeframe: m1, closed: 0s, close: [150.00 + 0.1 x 4]}}]
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 70], spread: 0.8pips}}
expect:
  - {{at: 0s, state: {{average: 150.2, m1.close: 150.3, m1.open: 150.2}}}}
  - {{at: 61s, state: {{average: 150.1667}}}}
"""
    passes(tmp_path, text)


def test_a_bar_that_was_seen_in_part_is_none(tmp_path: Path) -> None:
    """From half a minute on, the bar that closes at the whole minute was not seen from its beginning."""
    text = f"""
given:
  {ACCOUNT}
  start: "2026-03-02T01:00:30Z"
  bars: [{{instrument: USD_JPY, timeframe: m1, closed: 30s, close: [150.00 + 0.1 x 4]}}]
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 40], spread: 0.8pips}}
expect:
  - {{at: 31s, state: {{average: 150.2}}}}
"""
    passes(tmp_path, text)


def test_two_bars_are_not_three(tmp_path: Path) -> None:
    passes(tmp_path, f"given:\n  {ACCOUNT}\n"
                     "  bars: [{instrument: USD_JPY, timeframe: m1, closed: 30s, close: [150.1, 150.2]}]\n"
                     f"  market:\n{QUOTES}expect:\n  - {{at: 0s, state: {{average: unknown}}}}\n")  # fmt: skip


def test_closed_trades(tmp_path: Path) -> None:
    """Two losses in a row after a gain; 1,000 − 500 − 300 = 200."""
    of = "{instrument: USD_JPY, side: long, units: 1_000units, strategy: Trend"
    text = f"""
given:
  {ACCOUNT}
  closed:
    - {of}, pnl: 1_000JPY, age: 3h}}
    - {of}, pnl: -500JPY, age: 2h}}
    - {of}, pnl: -300JPY, age: 1h}}
  market:
{QUOTES}expect:
  - at: 0s
    state:
      streak(c.pnl < 0 for c in closed): 2
      sum(c.pnl for c in closed): 200JPY
"""
    passes(tmp_path, text)


def test_bars_of_bid_and_ask(tmp_path: Path) -> None:
    """The close of the bid 150.00, of the ask 150.02: the middle is 150.01, the spread 2 pips."""
    text = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, interval: 1min, every: 1min,
       open: [149.90], high: [150.10], low: [149.80], close: [150.00],
       ask_open: [149.92], ask_high: [150.12], ask_low: [149.82], ask_close: [150.02]}}
expect:
  - {{at: 0s, state: {{mid: 150.01, spread: 2.0pips}}}}
"""
    passes(tmp_path, text)


def test_a_reference_price(tmp_path: Path) -> None:
    passes(tmp_path, f"given:\n  {ACCOUNT}\n  market:\n{QUOTES}"
                     "    - {instrument: USD_JPY, at: [1s], reference: [151.50]}\n"
                     "expect:\n  - {at: 0s, state: {reference: unknown}}\n"
                     "  - {at: 1s, state: {reference: 151.50, divergence: 1.0%}}\n")  # fmt: skip


def test_the_balance_of_an_account_file(tmp_path: Path) -> None:
    (tmp_path / "a.account.yaml").write_text(
        "apiVersion: ruleengine/v1\nkind: Account\nname: a\ncurrency: JPY\nbalance: 500_000JPY\nmode: hedging\n"
        "trades: [{instrument: USD_JPY, side: long, units: 1_000units, price: 150.00, client_id: qr-1}]\n",
        encoding="utf-8",
    )
    text = f"given:\n  account_file: a.account.yaml\n  market:\n{QUOTES}expect:\n"
    passes(tmp_path, text + "  - {at: 0s, state: {account.balance: 500_000JPY, position.net_units: 1_000units}}\n")
    other = text.replace("  market", "  balance: 400_000JPY\n  trades: []\n  market")
    passes(tmp_path, other + "  - {at: 0s, state: {account.balance: 400_000JPY, position.net_units: 0units}}\n")


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("instrument: USD_JPY, every", "instrument: USD_JPX, every", "RE352"),
        ("timeframe: m1", "timeframe: m3", "RE352"),
        ("  market", "  trades: [{instrument: EUR_USD, side: long, units: 1_000units, price: 1.1}]\n  market", "RE352"),
        ("close: [150.1, 150.2]", "close: [150.1, _]", "RE215"),
        ("close: [150.1, 150.2]", "close: [150.1, 150.2], high: [151], low: [149]", "RE215"),
        ("close: [150.1, 150.2]", "close: []", "RE208"),
        ("  market", "  balance: 5JPY\n  market", "RE213"),
    ],
)
def test_slips(tmp_path: Path, was: str, now: str, code: str) -> None:
    text = (
        f"given:\n  {ACCOUNT}\n  bars: [{{instrument: USD_JPY, timeframe: m1, closed: 30s, close: [150.1, 150.2]}}]\n"
        f"  market:\n{QUOTES}expect:\n  - {{at: 0s, state: {{spread: 0.8pips}}}}\n"
    )
    assert was in text
    result = ran(tmp_path, text.replace(was, now))
    assert code in [each.code for each in result.found], (result.found, result.difference)
