"""FX-29's outcome report: closed trades by gate value. Expected figures by hand and by numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ruleengine.reports.outcome_report import OutcomeAsk, outcome_report
from tests.reports.hand_made import T0, call, evidence_of

Rows = list[tuple[str, dict[str, Any]]]
TRADES = [  # gap in ATR at the opening, pips, result
    (0.3, 12.0, 1200.0),
    (0.5, 8.0, 800.0),
    (0.8, 4.0, 400.0),
    (0.9, -6.0, -600.0),
    (1.2, 2.0, 200.0),
    (1.4, -9.0, -900.0),
    (1.6, -3.0, -300.0),
    (2.0, 0.0, 0.0),
]


def trade(at: int, pips: float | None, result: float, **more: Any) -> tuple[str, dict[str, Any]]:
    common = {"source": 0, "id": f"t{at}", "instrument": "USD_JPY", "side": "long", "units": 10_000.0, "tag": "A",
              "strategy": "A", "pocket": "macro", "opened_ns": T0 + at, "closed_ns": T0 + 1000 + at, "pips": pips,
              "result": result, "fees": 0.0, "opened_by": f"d{at}", "closed_by": "take",
              "is_manual": False}  # fmt: skip
    return "trades", {**common, **more}


def book(strategy: str = "A") -> Rows:
    rows: Rows = []
    for at, (gap, pips, result) in enumerate(TRADES):
        rows += [call(at, ts=T0 + at, strategy=strategy), trade(at, pips, result, strategy=strategy)]
        rows.append(("figures", {"n": at, "name": "gap_atr", "value": gap, "unit": "quotient"}))
        rows.append(("figures", {"n": at, "name": "h1", "word": "up" if at < 4 else "down", "unit": "enum"}))
    return rows


def report(rows: Rows, **asked: Any) -> dict[str, Any]:
    with evidence_of(rows) as evidence:
        return outcome_report(evidence, OutcomeAsk(**{"min_count": 1, **asked})).data


def test_the_whole_with_its_n() -> None:
    found = report(book())["all"]
    # won 1200 + 800 + 400 + 200 = 2600, lost 600 + 900 + 300 = 1800; the one at zero is neither
    assert (found["n"], found["won"], found["lost"]) == (8, 4, 3)
    assert found["win_rate"] == 0.5
    assert found["profit_factor"] == pytest.approx(2600 / 1800)
    assert found["result_sum"] == 800
    assert found["pips_mean"] == pytest.approx(1.0)  # 8 / 8
    # 50 % × 650 − 37.5 % × 600
    assert found["expectancy"] == pytest.approx(325 - 225)


def test_the_period_is_from_the_first_to_the_last_close() -> None:
    found = report(book())
    assert found["closed"] == {"first_ns": T0 + 1000, "last_ns": T0 + 1007}
    with evidence_of(book()) as evidence:
        lead = outcome_report(evidence, OutcomeAsk(min_count=1)).lead[1]
    assert lead.startswith("closed from 2024-10-04 00:00:00 to 2024-10-04 00:00:00")


def test_buckets_left_out_for_their_size_are_told() -> None:
    # at or below 0.3 lies one trade, above it seven; four went up, four down
    with evidence_of(book()) as evidence:
        told = outcome_report(evidence, OutcomeAsk(min_count=5, edges={"gap_atr": (0.3,)})).tables
    notes = {each.title: each.note for each in told}
    assert notes["By gate value"] == "left out for their size: 1 group with 1 trades together"
    assert notes["By word"] == "left out for their size: 2 groups with 8 trades together"
    assert notes["Winners against losers"] == "left out, as too few won or lost: 1 figures"  # four and three


def test_what_was_known_only_afterwards_could_not_be_limited() -> None:
    rows = book()
    for at in range(8):
        late = {"n": at, "name": "spread at fill", "value": at / 10, "unit": "pips", "is_after": True}
        rows.append(("figures", late))
    with evidence_of(rows) as evidence:
        told = outcome_report(evidence, OutcomeAsk(min_count=1))
    assert {each["figure"] for each in told.data["by_number"]} == {"gap_atr", "spread at fill"}
    assert {each["figure"] for each in told.data["limits"]} == {"gap_atr"}
    (table,) = [each for each in told.tables if each.title == "By gate value"]
    assert table.note == "known only when it was done, no gate values: spread at fill"


def test_buckets_part_at_the_edges_that_were_asked_for() -> None:
    found = report(book(), edges={"gap_atr": (0.8, 1.2)})["by_number"]
    assert [(each["above"], each["up_to"], each["n"]) for each in found] == [
        (None, 0.8, 3),
        (0.8, 1.2, 2),
        (1.2, None, 3),
    ]
    assert [each["pips_mean"] for each in found] == [pytest.approx(each) for each in (8.0, -2.0, -4.0)]


def test_an_edge_that_the_arithmetic_missed_still_counts() -> None:
    rows = book()
    at = next(n for n, (table, row) in enumerate(rows) if table == "figures" and row.get("value") == 0.8)
    rows[at][1]["value"] = 0.8000000000004  # as 0.1 + 0.7 and the like come out
    found = report(rows, edges={"gap_atr": (0.8,)})["by_number"]
    assert found[0]["n"] == 3


def test_what_a_limit_would_have_kept() -> None:
    first, second = report(book(), edges={"gap_atr": (0.8, 1.2)})["limits"]
    # ≤ 0.8: 12, 8, 4; above: −6, 2, −9, −3, 0
    assert (first["kept"]["n"], first["kept"]["pips_mean"]) == (3, 8.0)
    assert (first["left_out"]["n"], first["left_out"]["pips_mean"]) == (5, pytest.approx(-3.2))
    assert (second["kept"]["n"], second["kept"]["result_sum"]) == (5, 2000)


def test_without_edges_the_quartiles_part_them() -> None:
    cuts = np.quantile([gap for gap, _, _ in TRADES], [0.25, 0.5, 0.75]).tolist()
    found = report(book())["by_number"]
    assert [each["up_to"] for each in found][:3] == pytest.approx(cuts)
    assert [each["n"] for each in found] == [2, 2, 2, 2]


def test_winners_against_losers_by_their_medians() -> None:
    (found,) = report(book())["winners_and_losers"]
    assert found["winners"] == {"n": 4, "median": pytest.approx(np.median([0.3, 0.5, 0.8, 1.2]))}
    assert found["losers"] == {"n": 3, "median": pytest.approx(1.4)}  # 0.9, 1.4, 1.6


def test_words_part_trades_too() -> None:
    found = {each["word"]: each for each in report(book())["by_word"]}
    assert found["up"]["pips_mean"] == pytest.approx((12 + 8 + 4 - 6) / 4)
    assert (found["down"]["n"], found["down"]["pips_mean"]) == (4, pytest.approx((2 - 9 - 3) / 4))


def test_each_strategy_for_itself() -> None:
    rows = book()
    for table, row in rows[-8:]:
        if table in ("trades", "decisions"):
            row["strategy"] = "B"
    found = report(rows, edges={"gap_atr": (1.0,)}, by_strategy=True)["by_number"]
    assert {(each["strategy"], each["up_to"]): each["n"] for each in found} == {
        (None, 1.0): 4, (None, None): 4, ("A", 1.0): 4, ("A", None): 2, ("B", None): 2,
    }  # fmt: skip


def test_small_groups_are_left_out_and_counted() -> None:
    rows = [*book(), trade(20, 1.0, 100.0, strategy="Rare", opened_by=None)]
    with evidence_of(rows) as evidence:
        found = outcome_report(evidence, OutcomeAsk(min_count=5))
    (table,) = [each for each in found.tables if each.title == "By strategy"]
    assert [row[0] for row in table.rows] == ["A"]
    assert table.note == "left out for their size: 1 group with 1 trades together"
    assert found.data["matched"] == 8
    assert found.data["all"]["n"] == 9


def test_manual_trades_are_left_out_and_a_trade_without_pips_is_said() -> None:
    rows = [*book(), trade(20, 50.0, 9e5, is_manual=True), trade(21, None, 100.0)]
    found = report(rows)
    assert (found["all"]["n"], found["all"]["pips_n"], found["manual_left_out"]) == (9, 8, 1)


def test_nothing_lost_is_no_profit_factor() -> None:
    found = report([call(0), trade(0, 5.0, 100.0)])["all"]
    assert found["profit_factor"] is None
