"""FX-17's check values, from a starting book that gives them, through engine, dry run and journal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.asking import ACCOUNT, POLICY, ask

HOLDINGS = (  # strategy, pocket, units, entry, age in hours; longs are marked at the bid, 157.000
    ("M1Scalper", "scalp", 10_000, "158.000", 5),  # −10,000
    ("M1Scalper", "scalp", 176, "156.000", 1),  # +176: together −9,824
    ("TrendMAbu", "macro", 5_759, "158.000", 30),
    ("Donchian5", "macro", 3_176, "158.000", 40),
    ("H1Moment", "macro", 38, "158.000", 2),  # macro: −5,759 − 3,176 − 38 = −8,973
    ("VolCompre", "micro", 4_915, "158.000", 3),
    ("BBRSIlong", "micro", 190, "156.000", 4),  # micro: −4,915 + 190 = −4,725
)
MANUAL = "  - {instrument: USD_JPY, side: long, units: 2_000units, price: 150.000, age: 900h}\n"
EQUITY = 500_000 - 9_824 - 8_973 - 4_725 + 2_000 * 7
UNITS = sum(units for _, _, units, _, _ in HOLDINGS) + 2_000


@pytest.fixture
def held(world: Path) -> Path:
    """A run of a policy that leaves everything alone, over a price that stands still."""
    tags = {strategy: pocket for strategy, pocket, *_ in HOLDINGS}
    listed = ", ".join(f"{name}: {{pocket: {pocket}, has_exits: false}}" for name, pocket in tags.items())
    policy = re.sub(r"strategies: \{.*\}\n", f"strategies: {{{listed}}}\n", POLICY)
    policy = policy.replace("pockets: [scalp, macro]", "pockets: [scalp, macro, micro]")
    policy = policy.replace("strategy: TrendMA,", "strategy: TrendMAbu,")
    policy = policy.replace("pnl_pips >= 5pips", "pnl_pips >= 900pips")
    (world / "still.policy.yaml").write_text(policy)
    rows = [
        f"  - {{instrument: USD_JPY, side: long, units: {units}units, price: {entry}, age: {age}h, "
        f"strategy: {strategy}, pocket: {pocket}, client_id: qr-{at}}}\n"
        for at, (strategy, pocket, units, entry, age) in enumerate(HOLDINGS)
    ]
    (world / "still.account.yaml").write_text(ACCOUNT.replace("venue:", f"trades:\n{''.join(rows)}{MANUAL}venue:"))
    quotes = [f"{(1_767_790_800 + n) * 10**9},157.000,157.008,1000000,1000000" for n in range(3)]
    (world / "still.csv").write_text("\n".join(["ts_event_ns,bid,ask,bid_size,ask_size", *quotes]) + "\n")
    preset = ("--preset", "quotes-decoded", "--instrument", "USD_JPY", "--venue", "test")
    assert ask("import", "still.csv", *preset, "--out", "still").code == 0
    found = ask("dry-run", "--policy", "still.policy.yaml", "--data", "still", "--out", "held")
    assert found.code == 0, found.err
    return world / "held"


def exposure(*arguments: Any) -> dict[str, Any]:
    found = ask("report", "exposure", *arguments, "--format", "json")
    assert found.code == 0, found.err
    body: dict[str, Any] = json.loads(found.out)
    return body


def check(body: dict[str, Any]) -> None:
    pockets = {each["pocket"]: each["sum"] for each in body["by_pocket"]}
    assert pockets == pytest.approx({"scalp": -9_824, "macro": -8_973, "micro": -4_725}, abs=1e-6)
    strategies = {each["strategy"]: each["sum"] for each in body["by_strategy"]}
    assert strategies["M1Scalper"] == pytest.approx(-9_824, abs=1e-6)
    assert strategies["TrendMAbu"] == pytest.approx(-5_759, abs=1e-6)
    assert strategies["VolCompre"] == pytest.approx(-4_915, abs=1e-6)
    assert strategies["Donchian5"] == pytest.approx(-3_176, abs=1e-6)
    whole = body["all"]
    assert (whole["open_trades"], whole["open_trades_neg_count"], body["manual_left_out"]) == (7, 5, 1)
    assert whole["neg_sum"] == pytest.approx(-23_888, abs=1e-6)  # −10,000 − 5,759 − 3,176 − 38 − 4,915
    assert whole["pos_sum"] == pytest.approx(366, abs=1e-6)  # 176 + 190


def test_the_check_values_at_the_end_of_a_run(held: Path) -> None:
    body = exposure(held)
    check(body)
    # two seconds after the start
    ages = np.quantile([3600 * age + 2 for *_, age in HOLDINGS], 0.95)
    assert body["all"]["age_p95_s"] == pytest.approx(float(ages))
    account = body["account"]
    margin = UNITS * 157.004 * 0.04  # the larger side, at the middle; the manual trade's too
    assert account["equity"] == pytest.approx(EQUITY)
    assert account["free_margin_ratio"] == pytest.approx(1 - margin / EQUITY)
    assert account["margin_used_of_equity"] == pytest.approx(margin / EQUITY)
    assert account["margin_used_of_available"] == pytest.approx(margin / (margin + (EQUITY - margin)))


def test_the_same_at_an_instant_and_from_a_journal(held: Path) -> None:
    check(exposure(held, "--at", "2026-01-07T13:00:01"))
    found = ask("run", "--policy", "still.policy.yaml", "--data", "still", "--speed", "max", "--journal", "live")
    assert found.code == 0, found.err
    check(exposure("live"))
    check(exposure())  # the last run's
    check(exposure("live", "--at", "2026-01-07T13:00:01"))


def test_an_instant_outside_of_the_run_and_a_source_without_a_book(held: Path) -> None:
    found = ask("report", "exposure", held, "--at", "2027-01-01")
    assert found.code == 2
    assert "that run went from" in found.err
    manifest = json.loads((held / "run.json").read_text())
    manifest["summary"]["figures"]["last"] = {}
    (held / "run.json").write_text(json.dumps(manifest))
    found = ask("report", "exposure", held)
    assert (found.code, found.out) == (2, "")
    assert "does not say what was open at its end" in found.err


def test_a_trade_without_a_price_is_counted_and_not_taken_for_zero(held: Path) -> None:
    manifest = json.loads((held / "run.json").read_text())
    manifest["open_trades"][0]["result"] = None
    (held / "run.json").write_text(json.dumps(manifest))
    whole = exposure(held)["all"]
    assert (whole["open_trades"], whole["not_marked"], whole["open_trades_neg_count"]) == (7, 1, 4)
    assert whole["neg_sum"] == pytest.approx(-13_888, abs=1e-6)  # without the 10,000
