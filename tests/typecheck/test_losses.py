"""Strategies of which nothing sure closes a trade that only ever lost (FX-16, FX-20)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.graph.compile import compile_policy
from tests.typecheck.policies import MINIMAL

HEAD = MINIMAL.replace("M1Scalper: {pocket: scalp}", "A: {pocket: scalp}")
ENTRY = """
entries:
  - {id: e, source: market, when: mid > 90, side: long, strategy: A, size: 1_000units}
exits:
"""


def exit_rule(when: str, *, more: str = "", close: str = "100%", name: str = "x") -> str:
    return (
        f"  - id: {name}\n    for_each: trade\n    {when}\n    close: {close}\n{more}"
        "    on_unknown: {wait: 10s, then: close}\n"
    )


def found(folder: Path, rules: str, head: str = HEAD, entry: str = ENTRY) -> list[tuple[str, str]]:
    file = folder / "a.policy.yaml"
    text = head + entry + rules
    file.write_text(text, encoding="utf-8")
    compiled, findings, _ = compile_policy(file)
    assert compiled is not None, "a warning refuses nothing"
    lines = text.split("\n")
    return [(each.code, lines[each.span.line - 1].strip()) for each in findings]


@pytest.mark.parametrize(
    "when",
    [
        "when: trade.age > 72h",
        "when: trade.pnl_pips <= -20pips",
        "when: trade.pnl_pips >= -20pips and trade.age > 1h",
        "when: trade.pnl_pips >= 5pips or trade.age > 72h",
        "when: trade.pnl < 0 and account.free_margin_ratio <= 12%",
        "when: rsi(m1, 14) >= 70 and trade.pnl < 0 or trade.pnl_pips <= -20pips",
        "when: spread_ratio > 1% and trade.age > 60s",
        "when: not (trade.pnl_pips > -20pips)",
        "when: -trade.pnl_pips >= 20pips",
        "when: min(trade.pnl_pips, 3pips) <= -5pips",
        "when: abs(trade.pnl_pips) >= 20pips",
        "when: trade.gain_ratio * 100 <= -1",
        "when: sign(trade.pnl_pips) < 0 and trade.age > 1h",
        "when: trade.exit_price <= trade.stop",
        "when: trade.exit_price < trade.break_even and trade.exit_price > trade.break_even - 5pips or trade.age > 72h",
        "when: trade.side == long and trade.exit_price <= trade.entry_price or trade.side == short and trade.age > 1h",
        "when: 'trade.pnl_pips <= -5pips if trade.age > 1h else false'",
        "when: (trade.pnl_pips >= 5pips) == false and trade.age > 1h",
        "when: abs(trade.exit_price - trade.entry_price) >= 20pips",
        "when: trade.exit_price / trade.entry_price <= 1.01 and trade.age > 1h",
        "when: account.unrealised <= -5_000JPY",
        "when: known(trade.target) and trade.age >= 1h",
        # a loss, however small, and what lies at the losing side of the entry
        "when: trade.pnl <= 0JPY",
        "when: trade.pnl_pips >= -5pips and abs(trade.pnl_pips) >= 1pips",
        "when: sign(trade.pnl_pips) == -1 and trade.age > 1h",
        "when: trade.exit_price / trade.entry_price < 1",
        "when: trade.worst_price < trade.entry_price",
        "when: mid <= trade.entry_price - 20pips",
        "when: mid > 90 and trade.exit_price > 90 and trade.age > 1h",  # a price is no distance
        "when: reference <= trade.entry_price - 20pips",
        "when: day.low + 10pips >= trade.entry_price and trade.age > 1h",
        "when: trade.back_off >= 20pips",
        "when: (trade.exit_price - trade.entry_price) * trade.sign <= -20pips",
        "when: account.day_pnl < 0JPY and account.unrealised < 0JPY",
        "when: trade.pnl_pips <= -20pips and account.equity > 0JPY",
    ],
)
def test_an_exit_that_loses_without_an_indicator_guards(tmp_path: Path, when: str) -> None:
    assert found(tmp_path, exit_rule(when)) == []


@pytest.mark.parametrize(
    "when",
    [
        "when: trade.pnl_pips >= 5pips",
        "when: 5pips <= trade.pnl_pips",
        "when: trade.pnl > 0 and trade.age > 72h",
        "when: trade.peak_ratio >= 1% and trade.back_off >= 2pips",
        "when: trade.gain_ratio >= 1% or trade.pnl_pips > 10pips",
        # the same, in disguise
        "when: not (trade.pnl_pips < 5pips)",
        "when: trade.pnl_pips - 2pips >= 0pips",
        "when: -trade.pnl_pips <= -5pips",
        "when: max(trade.pnl_pips, -3pips) >= 5pips",
        "when: trade.gain_ratio * 100 >= 1",
        "when: sign(trade.pnl_pips) > 0",
        "when: trade.exit_price >= trade.target",
        "when: trade.exit_price > trade.break_even",
        "when: trade.stage >= 1",
        "when: 'trade.pnl_pips >= 5pips if trade.age > 1h else false'",
        "when: (trade.pnl_pips >= 5pips) == true",
        "when: not (trade.age < 1h or trade.pnl_pips < 5pips)",
        "when: trade.best_price - trade.entry_price >= 10pips",
        "when: trade.exit_price / trade.entry_price - 1 >= 0.01",
        "when: trade.exit_price >= trade.entry_price * 1.01",
        "when: trade.pnl >= 2 * trade.fees",
        "when: 2 * trade.fees <= trade.pnl",
        # at break-even nothing has only lost
        "when: trade.pnl >= 0JPY",
        "when: trade.pnl == 0JPY",
        "when: not (trade.pnl < 0JPY)",
        "when: trade.pnl_pips >= 0pips and trade.age > 1h",
        "when: trade.gain_ratio >= 0%",
        "when: trade.pnl_after_fees >= 0JPY",
        "when: trade.exit_price >= trade.entry_price",
        "when: trade.entry_price <= trade.best_price",
        "when: trade.exit_price / trade.entry_price >= 1",
        "when: sign(trade.pnl_pips) >= 0",
        "when: abs(trade.pnl_pips) <= 0pips",
        "when: bid >= trade.entry_price",
        "when: mid > trade.target",
        "when: last > trade.target",
        "when: (trade.exit_price - trade.entry_price) * trade.sign > 0pips",
        "when: trade.back_off > 5pips and trade.back_off < trade.peak_pips",
        # each for itself can hold, the two never
        "when: abs(trade.pnl_pips) >= 5pips and trade.pnl_pips > -1pips",
        "when: not (5pips > abs(trade.pnl_pips) or -trade.pnl_pips >= 1pips)",
        "trail: {from: 2pips, distance: 1pips}",
        "trail: {from: '2 * atr(m1, 14)', distance: '3 * atr(m1, 14)'}",
    ],
)
def test_exits_that_all_wait_for_a_gain(tmp_path: Path, when: str) -> None:
    assert found(tmp_path, exit_rule(when)) == [("RE654", "A: {pocket: scalp}")]


@pytest.mark.parametrize(
    "when",
    [
        "when: rsi(m1, 14) >= 70",
        "when: trade.pnl_pips <= -5pips and rsi(m1, 14) >= 70",
        "when: m1.close < 150 or rsi(m1, 14) >= 70",
        "when: trade.pnl_pips >= 5pips or rsi(m1, 14) >= 70",
        "when: not (rsi(m1, 14) < 70)",
        # another's agreement
        "when: count(t for t in trades if t.strategy == A) >= 1",
        "when: trade.pnl_pips <= -5pips and any(t.pnl > 0 for t in trades)",
        "when: any(c.side == trade.side and c.age < 60s for c in closed)",
        # of a book in which nothing gains none of these holds
        "when: account.unrealised > 0JPY",
        "when: account.day_pnl >= 0JPY",
        "when: account.day_pnl_ratio >= 1% and trade.pnl_pips <= -5pips",
        "when: account.day_peak_ratio >= 1% and trade.age > 1h",
    ],
)
def test_losing_exits_that_all_need_indicators(tmp_path: Path, when: str) -> None:
    assert found(tmp_path, exit_rule(when)) == [("RE655", "A: {pocket: scalp}")]
    assert found(tmp_path, exit_rule(when) + exit_rule("when: trade.age > 72h", name="late")) == []


@pytest.mark.parametrize(
    ("each", "when", "expected"),
    [
        ("account", "account.day_pnl_ratio >= 5%", "RE654"),
        ("account", "account.equity >= 600_000JPY", "RE654"),
        ("account", "sum(t.pnl for t in trades) >= 1_000JPY", "RE654"),
        ("account", "sum(t.pnl for t in trades) >= 0JPY", "RE654"),
        ("account", "account.unrealised >= 0JPY", "RE654"),
        ("account", "account.day_pnl_ratio >= 0%", "RE654"),
        ("position", "position.pnl >= 0JPY", "RE654"),
        ("position", "position.closing_gain_over_average >= 0%", "RE654"),
        ("position", "position.exit_price >= position.average_price", "RE654"),
        ("position", "position.exit_price >= position.first_entry_price", "RE654"),
        ("position", "position.exit_price > position.break_even", "RE654"),
        ("position", "not (position.gain_over_first < 2%)", "RE654"),
        ("account", "account.day_pnl_ratio <= -3%", ""),
        ("account", "account.equity <= 400_000JPY", ""),
        ("account", "sum(t.pnl for t in trades) <= -1_000JPY", ""),
        ("account", "account.margin_used_of_equity >= 92%", ""),
        ("account", "account.free_margin_ratio <= 8%", ""),
        ("position", "position.exit_price < position.average_price", ""),
        ("position", "position.exit_price < position.first_entry_price", ""),
        ("account", "account.day_peak_ratio <= 0%", ""),
        (
            "account",
            "account.day_peak_ratio >= 0% and account.unrealised <= -1_000JPY",
            "",
        ),  # the day's start is a peak
        ("account", "sum(t.pnl for t in trades if t.age > 1h) >= 0JPY", ""),  # of none it is 0
        ("position", "position.gain_over_first <= -2%", ""),
    ],
)
def test_positions_and_the_account_that_only_lose(tmp_path: Path, each: str, when: str, expected: str) -> None:
    rules = exit_rule(f"when: {when}").replace("for_each: trade", f"for_each: {each}")
    assert [code for code, _ in found(tmp_path, rules)] == ([expected] if expected else [])


def test_each_side_needs_its_own(tmp_path: Path) -> None:
    """Of a short trade that loses what closes it lies above its entry: a limit below guards the long ones alone."""
    below = exit_rule("when: trade.exit_price <= trade.entry_price - 20pips")
    assert found(tmp_path, below) == []
    assert found(tmp_path, below, entry=ENTRY.replace("side: long", "side: short")) == [("RE654", "A: {pocket: scalp}")]


def test_the_middle_lies_at_the_losing_side(tmp_path: Path) -> None:
    below = exit_rule("when: mid <= trade.entry_price - 20pips")
    assert found(tmp_path, below, entry=ENTRY.replace("side: long", "side: short")) == [("RE654", "A: {pocket: scalp}")]
    at_the_ask = exit_rule("when: ask <= trade.entry_price")
    assert found(tmp_path, at_the_ask, entry=ENTRY.replace("side: long", "side: short")) == [
        ("RE654", "A: {pocket: scalp}")
    ]
    assert found(tmp_path, at_the_ask) == []


def test_a_later_stage_counts_where_an_earlier_one_may_lose(tmp_path: Path) -> None:
    half = exit_rule("when: trade.pnl_pips <= -5pips and rsi(m1, 14) >= 70", close="50%", name="half")
    rest = exit_rule("when: trade.stage >= 1 and trade.age > 1h")
    assert found(tmp_path, half + rest) == []
    gained = exit_rule("when: trade.pnl_pips >= 5pips", close="50%", name="half")
    assert found(tmp_path, gained + rest) == [("RE654", "A: {pocket: scalp}")]


def test_what_applies_to_an_exit_is_part_of_its_condition(tmp_path: Path) -> None:
    words = "    applies_to: {when: 'adx(m1, 14) >= 25'}\n"
    assert found(tmp_path, exit_rule("when: trade.age > 72h", more=words)) == [("RE655", "A: {pocket: scalp}")]


def test_a_stop_of_its_own_or_a_word_guards(tmp_path: Path) -> None:
    target = exit_rule("when: trade.pnl_pips >= 5pips")
    assert found(tmp_path, target, entry=ENTRY.replace("1_000units}", "1_000units, stop: 20pips}")) == []
    meant = HEAD.replace("A: {pocket: scalp}", "A: {pocket: scalp, has_exits: false}")
    assert found(tmp_path, target, head=meant) == []


def test_a_strategy_without_losses_needs_an_exit_that_may(tmp_path: Path) -> None:
    """FX-20: its exceptions are named."""
    keeping = HEAD.replace("A: {pocket: scalp}", "A: {pocket: scalp, no_loss_close: true}")
    old = exit_rule("when: trade.age > 72h")
    assert found(tmp_path, old, head=keeping) == [("RE654", "A: {pocket: scalp, no_loss_close: true}")]
    assert found(tmp_path, exit_rule("when: trade.age > 72h", more="    may_lose: true\n"), head=keeping) == []
    assert (
        found(tmp_path, old, head=HEAD.replace("A: {pocket: scalp}", "A: {pocket: scalp, no_loss_close: false}")) == []
    )
