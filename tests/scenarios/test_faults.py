"""What each fault of a scenario does, in one line: arithmetic beside each."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.backends.trace import TraceProgram
from ruleengine.cli.venues import adapter_named
from ruleengine.reports.scenario import Runner
from tests.scenarios.small import ACCOUNT, ran

# the middle rises by 1 pip a second from 150.00; spread 0.8 pips, so the ask at t s is 150.004 + 0.01 t
GIVEN = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 + 0.01 x 31], spread: 0.8pips}}
  signals:
    - {{at: 2s, strategy: Trend, side: long}}
"""
SENT = "  - {at: 2s, outcome: order, side: long, units: 10_000units}\n"


def passes(folder: Path, text: str) -> None:
    result = ran(folder, GIVEN + text)
    assert result.has_passed, (result.difference, result.found)
    assert ran(folder, GIVEN + text, Runner(adapter_named, TraceProgram)).has_passed


def test_without_a_fault(tmp_path: Path) -> None:
    """Half of 10,000 goes at 10 pips of gain: the bid 149.996 + 0.01 t is 150.124 from 12.8 s on, so at 13 s."""
    passes(tmp_path, f"expect:\n{SENT}  - {{at: 3s, state: {{trade.entry_price: 150.024}}, trade: oldest}}\n"
                     "  - {at: 13s, outcome: order, rule: half, side: short, units: 5_000units}\n")  # fmt: skip


def test_a_gap(tmp_path: Path) -> None:
    """From 1 s to 8 s nothing comes: at 2 s the price is that of 0 s, 2 s old; at 7 s it is too old to enter."""
    passes(tmp_path, "  faults: [{at: 1s, gap: 7s, instrument: USD_JPY}]\n"
                     f"expect:\n{SENT}"
                     "  - {at: 7s, state: {trade.entry_price: 150.004, quote_age: 7s}, trade: oldest}\n"
                     "  - {at: 8s, state: {quote_age: 0s}}\nand_nothing_else: false\n")  # fmt: skip
    late = GIVEN.replace("at: 2s", "at: 7s") + (
        "  faults: [{at: 1s, gap: 7s}]\nexpect:\n  - {at: 7s, outcome: refusal, rule: fresh, measured: 7s, limit: 5s}\n"
    )
    assert ran(tmp_path, late).has_passed


def test_a_stale_feed(tmp_path: Path) -> None:
    """Prices go on and their own time stands still at 0 s, the last before the fault."""
    late = GIVEN.replace("at: 2s", "at: 7s") + (
        "  faults: [{at: 1s, stale: 20s}]\n"
        "expect:\n  - {at: 7s, outcome: refusal, rule: fresh, measured: 7s, limit: 5s}\n"
        "  - {at: 6s, state: {quote_age: 6s}}\n"
        "  - {at: 21s, state: {quote_age: 0s, mid: 150.21}}\n"
    )
    result = ran(tmp_path, late)
    assert result.has_passed, result.difference
    assert not ran(tmp_path, late.replace("stale: 20s", "stale: 20s, instrument: EUR_USD")).has_passed


def test_refused_by_the_venue(tmp_path: Path) -> None:
    passes(tmp_path, f"  faults: [{{at: 2s, reject: HALTED}}]\nexpect:\n{SENT}"
                     "  - {at: 3s, state: {position.net_units: 0units, account.working_orders: 0}}\n")  # fmt: skip


def test_a_fault_befalls_orders_from_its_time_on_and_no_more_of_them(tmp_path: Path) -> None:
    two = GIVEN + "    - {at: 5s, strategy: Trend, side: long}\n"
    sent = SENT + SENT.replace("2s", "5s")
    for begins, held in (("0s", 10_000), ("3s", 10_000)):
        text = f"  faults: [{{at: {begins}, reject: HALTED}}]\nexpect:\n{sent}"
        text += f"  - {{at: 6s, state: {{position.net_units: {held}units}}}}\nand_nothing_else: false\n"
        result = ran(tmp_path, two + text)
        assert result.has_passed, (begins, result.difference)


@pytest.mark.parametrize(("then", "held", "price"), [("arrived", "10_000units", "150.024"), ("lost", "0units", "")])
def test_no_answer(tmp_path: Path, then: str, held: str, price: str) -> None:
    """Unknown 2 s after it was sent; the truth 6 s after it: filled at the price of 2 s, or never there."""
    entry = f"  - {{at: 9s, trade: oldest, state: {{trade.entry_price: {price}}}}}\n" if price else ""
    passes(tmp_path, f"  faults: [{{at: 2s, no_answer: 6s, then: {then}}}]\nexpect:\n{SENT}"
                     "  - {at: 3s, state: {account.unknown_orders: 0, account.working_orders: 1}}\n"
                     "  - {at: 4s, state: {account.unknown_orders: 1, position.net_units: 0units}}\n"
                     "  - {at: 4s, note: RE555}\n"
                     "  - {at: 7s, state: {account.unknown_orders: 1}}\n"
                     f"  - {{at: 8s, state: {{account.unknown_orders: 0, position.net_units: {held}}}}}\n{entry}"
                     "and_nothing_else: false\n")  # fmt: skip


def test_a_partial_fill_whose_rest_is_cancelled(tmp_path: Path) -> None:
    """40 % of 10,000."""
    passes(tmp_path, f"  faults: [{{at: 0s, partial: 40%}}]\nexpect:\n{SENT}"
                     "  - {at: 2s, state: {position.net_units: 4_000units, account.working_orders: 0}}\n"
                     "and_nothing_else: false\n")  # fmt: skip


def test_a_partial_fill_whose_rest_comes_later(tmp_path: Path) -> None:
    """6,000 more 3 s later, at the ask of 5 s, 150.054: two trades, or one, with (4 × 150.024 + 6 × 150.054) / 10."""
    passes(tmp_path, f"  faults: [{{at: 0s, partial: 40%, rest: 3s}}]\nexpect:\n{SENT}"
                     "  - {at: 4s, state: {position.net_units: 4_000units, account.working_orders: 1}}\n"
                     "  - {at: 5s, state: {position.net_units: 10_000units, account.working_orders: 0}}\n"
                     "  - {at: 5s, state: {\"sum(t.entry_price * t.units for t in trades) / 10_000units\": 150.042}}\n"
                     "and_nothing_else: false\n")  # fmt: skip


def test_an_order_that_arrives_late(tmp_path: Path) -> None:
    """Sent at 2 s, there at 4 s, filled at the ask of 4 s."""
    passes(tmp_path, f"  faults: [{{at: 0s, delay: 2s}}]\nexpect:\n{SENT}"
                     "  - {at: 3s, state: {position.net_units: 0units, account.working_orders: 1}}\n"
                     "  - {at: 4s, trade: oldest, state: {trade.entry_price: 150.044}}\n"
                     "and_nothing_else: false\n")  # fmt: skip


@pytest.mark.parametrize("at", ["1s", "3s", "8s", "13s", "12900ms"])
def test_a_restart_goes_unnoticed(tmp_path: Path, at: str) -> None:
    """Half is closed once: stages that filled, peaks and books survive (FX-35)."""
    passes(tmp_path, f"  faults: [{{at: {at}, restart: 0s}}]\nexpect:\n{SENT}"
                     "  - {at: 13s, outcome: order, rule: half, side: short, units: 5_000units}\n"
                     "  - {at: 20s, state: {trade.best_price: 150.196, trade.stage: 1}, trade: oldest}\n")  # fmt: skip


def test_an_engine_that_is_down_hears_nothing(tmp_path: Path) -> None:
    """Down from 5 s to 15 s: the gain of 13 s is seen at 15 s. A signal that comes meanwhile is missed."""
    passes(tmp_path, "    - {at: 6s, strategy: Trend, side: long}\n"
                     f"  faults: [{{at: 5s, restart: 10s}}]\nexpect:\n{SENT}"
                     "  - {at: 15s, outcome: order, rule: half, side: short, units: 5_000units}\n")  # fmt: skip


def test_an_answer_that_comes_while_the_engine_is_down_is_found_in_the_book(tmp_path: Path) -> None:
    """Filled at 4 s while nobody listens; at 6 s the venue's book has the trade, and nothing is bought twice."""
    passes(tmp_path, f"  faults: [{{at: 2s, delay: 2s}}, {{at: 3s, restart: 3s}}]\nexpect:\n{SENT}"
                     "  - {at: 6s, state: {position.net_units: 10_000units}}\n"
                     "and_nothing_else: false\n")  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{at: 1s, gap: 5s, stale: 5s}", "RE212"),
        ("{at: 1s}", "RE211"),
        ("{at: 1s, no_answer: 5s}", "RE213"),
        ("{at: 1s, gap: 5s, times: 2}", "RE215"),
        ("{at: 1s, restart: 0s, instrument: USD_JPY}", "RE215"),
        ("{at: 1s, partial: 140%}", "RE215"),
        ("{at: 1s, gap: 5pips}", "RE215"),
    ],
)
def test_faults_that_are_none(tmp_path: Path, line: str, code: str) -> None:
    result = ran(tmp_path, GIVEN + f"  faults: [{line}]\nexpect:\n{SENT}")
    assert [each.code for each in result.found] == [code]


def test_a_divergent_price(tmp_path: Path) -> None:
    """A mark 0.8 % above the middle from 4 s to 7 s: 0.8 % of the lower one, which is the middle. With a limit of 0.5 %
    nobody knows which is wrong, and nothing is entered."""
    text = GIVEN.replace("at: 2s", "at: 5s") + "  faults: [{at: 4s, divergent: 3s, by: 0.8%}]\n"
    free = text + (
        "expect:\n  - {at: 5s, outcome: order, side: long}\n  - {at: 3s, state: {divergence: unknown}}\n"
        "  - {at: 5s, state: {divergence: 0.80%, reference: 151.2504}}\nand_nothing_else: false\n"
    )
    result = ran(tmp_path, free)
    assert result.has_passed, (result.difference, result.found)
    (tmp_path / "held.yaml").write_text(
        "apiVersion: ruleengine/v1\nkind: Overlay\nmetadata: {name: held, version: 1.0.0}\n"
        "limits: {price_divergence: 0.5%}\n",
        encoding="utf-8",
    )
    held = text + "overlays: [held.yaml]\nexpect:\n  - {at: 5s, outcome: refusal, rule: spread, code: RE571}\n"
    result = ran(tmp_path, held)
    assert result.has_passed, (result.difference, result.found)
    assert not ran(tmp_path, held.replace("by: 0.8%", "by: 0.4%")).has_passed
    assert ran(tmp_path, held.replace("by: 0.8%", "by: -0.8%")).has_passed


@pytest.mark.parametrize(
    ("restart", "unreadable"),
    [("{at: 3s, restart: 2s}", "4s"), ("{at: 5s, restart: 0s}", "4s"), ("{at: 3s, restart: 3s}", "4s")],
)
def test_an_account_that_cannot_be_read_stays_so_over_a_restart(tmp_path: Path, restart: str, unreadable: str) -> None:
    """It can't be read from 4 s on, which begins before or while the engine is down; at 12 s it can again, and 10,000
    are worth (150.116 − 150.024) × 10,000 = 920 JPY more than at their entry."""
    passes(tmp_path, f"  account_unreadable: [{{at: {unreadable}, lasts: 8s}}]\n  faults: [{restart}]\n"
                     f"expect:\n{SENT}"
                     "  - {at: 6s, state: {account.equity: unknown}}\n"
                     "  - {at: 11s, state: {account.equity: unknown}}\n"
                     "  - {at: 12s, state: {account.equity: 1_000_920JPY}}\nand_nothing_else: false\n")  # fmt: skip


def test_an_account_that_can_be_read_again_while_the_engine_is_down(tmp_path: Path) -> None:
    """From 3 s to 6 s nobody could read it; the engine that begins at 8 s can: (150.076 − 150.024) × 10,000 = 520."""
    passes(tmp_path, "  account_unreadable: [{at: 3s, lasts: 3s}]\n  faults: [{at: 4s, restart: 4s}]\n"
                     f"expect:\n{SENT}  - {{at: 8s, state: {{account.equity: 1_000_520JPY}}}}\n"
                     "and_nothing_else: false\n")  # fmt: skip


@pytest.mark.parametrize(
    ("given", "what", "why"),
    [
        ("faults: [{at: 14s, reject: HALTED, times: 3}]", "`reject`", "no order is sent from 14s on"),
        ("faults: [{at: 14s, no_answer: 8s, then: lost}]", "`no_answer`", "no order is sent from 14s on"),
        ("faults: [{at: 14s, partial: 40%}]", "`partial`", "no order is sent from 14s on"),
        ("faults: [{at: 14s, delay: 2s}]", "`delay`", "no order is sent from 14s on"),
        ("faults: [{at: 31s, gap: 60s}]", "`gap`", "no row of the market comes meanwhile"),
        ("faults: [{at: 5.1s, gap: 800ms, instrument: USD_JPY}]", "`gap`", "no row of the market of USD_JPY comes"),
        ("faults: [{at: 31s, stale: 60s}]", "`stale`", "no quote or trade of the market comes meanwhile"),
        ("faults: [{at: 31s, divergent: 9s, by: 1%}]", "`divergent`", "no quote comes meanwhile"),
        ("faults: [{at: 31s, restart: 0s}]", "`restart`", "the scenario ends at 30s"),
        ("account_unreadable: [{at: 31s, lasts: 4s}]", "`account_unreadable`", "the scenario ends at 30s"),
    ],
)
def test_a_fault_that_befalls_nothing_is_told(tmp_path: Path, given: str, what: str, why: str) -> None:
    """Orders are sent at 2 s and 13 s, and the last row of the market comes at 30 s."""
    result = ran(tmp_path, f"{GIVEN}  {given}\nexpect:\n{SENT}and_nothing_else: false\n")
    (found,) = result.found
    assert (result.has_passed, found.code) == (False, "RE223")
    assert found.message.startswith(f"{what} befalls nothing: {why}")
    assert found.span.line == GIVEN.count("\n") + 7
    assert str(found.help).endswith(", or leave it out")


@pytest.mark.parametrize(
    "given",
    [
        "faults: [{at: 30s, gap: 1s}]",
        "faults: [{at: 30s, restart: 0s}]",
        "faults: [{at: 2s, reject: HALTED, times: 3}]",
        "account_unreadable: [{at: 30s, lasts: 4s}]",
    ],
)
def test_a_fault_of_the_last_instant_is_one(tmp_path: Path, given: str) -> None:
    result = ran(tmp_path, f"{GIVEN}  {given}\nexpect:\n{SENT}and_nothing_else: false\n")
    assert result.has_passed, (result.difference, result.found)


def test_of_two_faults_the_one_that_befalls_nothing_is_told(tmp_path: Path) -> None:
    faults = "  faults:\n    - {at: 0s, reject: HALTED}\n    - {at: 0s, delay: 1s}\n"
    (found,) = ran(tmp_path, f"{GIVEN}{faults}expect:\n{SENT}").found
    assert found.message.startswith("`delay` befalls nothing")
