"""The tally and the account's line, with figures worked by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.audit import Audit, Decision, Note, Outcome, Verdict, VerdictChange
from ruleengine.model.comparison import Comparison
from ruleengine.reports.tables import Table
from ruleengine.reports.tally import ROWS_MAX, AccountLine, Tally, without_detail


def refused(distance: float | None, *, rule: str = "spread", unit: str = "pips", seq: int = 1) -> Decision:
    """An entry that a guard refused, this far from passing."""
    compared = Comparison("spread <= 1.2pips", "le", 2.0, 1.2, False, unit, distance)
    verdict = Verdict(rule, "guards", Outcome.REFUSE, "enforce", [compared], "p:1:1", "RE570")
    return Decision(
        f"d{seq}", seq, seq, "entry", "from-signals", "USD_JPY", "long", "M1Scalper", "scalp", Decimal(1000), "refused",
        code="RE570", message=f"spread is {distance}", first_blocker=rule, verdicts=[verdict],
    )  # fmt: skip


def tally(*decisions: Decision, **more: Any) -> Tally:
    made = Tally("JPY")
    made.add(Audit(decisions=list(decisions), **more))
    return made


def table(made: Tally, title: str) -> Table:
    return next(each for each in made.tables() if each.title.startswith(title))


def test_refusals_stand_with_their_distances() -> None:
    """Of 0.1, 0.2, 0.3, 0.4: the quartiles are 0.175, 0.25 and 0.325, linear between neighbours."""
    made = tally(*(refused(-each / 10, seq=each) for each in (3, 1, 4, 2)))
    (row,) = table(made, "Refusals").rows
    assert row == ["spread", "RE570", "4", "0.175pips", "0.25pips", "0.325pips"]
    plain = made.as_json()["refusals"][0]
    assert (plain["p25"], plain["p50"], plain["p75"]) == (
        pytest.approx(0.175), pytest.approx(0.25), pytest.approx(0.325),
    )  # fmt: skip


def test_what_has_no_distance_has_a_dash() -> None:
    (row,) = table(tally(refused(None)), "Refusals").rows
    assert row[3:6] == ["–", "–", "–"]


def test_the_most_frequent_refusals_come_first() -> None:
    made = tally(refused(-1.0, rule="rare"), *(refused(-1.0, rule="often", seq=n) for n in range(2, 5)))
    assert [row[0] for row in table(made, "Refusals").rows] == ["often", "rare"]


def test_the_first_of_each_kind_of_refusal_says_why() -> None:
    made = tally(refused(-0.3), refused(-0.1), refused(-1.0, rule="calm"))
    assert table(made, "Refusals, the first").rows == [
        ["spread", "RE570", "spread is -0.3"], ["calm", "RE570", "spread is -1.0"],
    ]  # fmt: skip
    assert made.as_json()["refusals"][1]["example"] == "spread is -0.3"


def test_decisions_are_counted_by_outcome() -> None:
    sent, merged = refused(None), refused(None)
    sent.outcome, merged.outcome = "sent", "merged"
    made = tally(sent, sent, merged, refused(None))
    assert table(made, "Decisions").rows == [["entry", "from-signals", "2", "1", "1", "0"]]
    assert (made.count("sent"), made.count("refused")) == (2, 1)


def test_shadow_rules_are_counted_where_they_would_have_refused() -> None:
    decision = refused(None)
    decision.verdicts.append(Verdict("thin", "guards", Outcome.REFUSE, "shadow", [], "p:2:1", "RE570"))
    decision.verdicts.append(Verdict("calm", "guards", Outcome.PASS, "shadow", [], "p:3:1"))
    assert table(tally(decision), "Shadow").rows == [["thin", "1"]]


def change(unknown: str) -> VerdictChange:
    return VerdictChange(1, 1, "fade", "exits/fade.stage_0", "7", False, None, unknown)


def test_unknowns_are_grouped_by_what_was_missing() -> None:
    """How many bars are missing differs from minute to minute and makes no group of its own."""
    changes = [change(f"unknown: (a + rsi(m1, 14)) / 2 not warm (needs {n} more bars)") for n in (3, 2, 1)]
    made = tally(changes=[*changes, change("unknown: bid stale (12 s)")])
    assert table(made, "Unknown").rows == [["fade", "(a + rsi(m1, 14)) / 2 not warm", "3"], ["fade", "bid stale", "1"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unknown: bid missing", "unknown: bid missing"),
        ("unknown: (m1.close) not warm (needs 1 more bar)", "unknown: (m1.close) not warm"),
        ("unknown: f (x) division by zero", "unknown: f (x) division by zero"),
        ("unknown: rsi(m1, 14) series defect (crossed (3))", "unknown: rsi(m1, 14) series defect"),
    ],
)
def test_only_the_detail_is_left_out(text: str, expected: str) -> None:
    assert without_detail(text) == expected


def test_notes_are_grouped_by_code_and_subject() -> None:
    notes = [Note(n, n, "warning", "RE593", f"USD_JPY: bid above ask; left out, {n} so far") for n in (1, 2, 3)]
    notes += [
        Note(9, 9, "alert", "RE590", "fade: unknown for 30 s; alert"),
        Note(9, 9, "info", "RE591", "signal a again"),
    ]
    assert table(tally(notes=notes), "Notes").rows == [
        ["alert", "RE590", "fade", "1", "fade: unknown for 30 s; alert"],
        ["warning", "RE593", "USD_JPY", "3", "USD_JPY: bid above ask; left out, 1 so far"],
        ["info", "RE591", "", "1", "signal a again"],
    ]


def test_what_a_table_leaves_out_it_says() -> None:
    notes = [Note(n, n, "info", "RE591", f"s{n}: again") for n in range(ROWS_MAX + 3)]
    found = table(tally(notes=notes), "Notes")
    assert len(found.rows) == ROWS_MAX
    assert found.note == "3 more in --format json"


# --- the account ----------------------------------------------------------------------------------------------------


def test_the_account_keeps_first_lowest_highest_and_last() -> None:
    line = AccountLine("JPY")
    for equity in (500_000.0, 480_500.4, 510_000.0, 505_000.0):
        line.see({"equity": equity, "margin_used_of_equity": equity / 1e6})
    found = line.table()
    assert found.rows == [
        ["equity", "500,000 JPY", "480,500 JPY", "510,000 JPY", "505,000 JPY"],
        ["margin used of equity", "50%", "48.05%", "51%", "50.5%"],
    ]


def test_a_figure_that_comes_later_begins_later() -> None:
    """Balance is known before the first quote; equity is not."""
    line = AccountLine("USD")
    line.see({"balance": 3_000.0})
    line.see({"balance": 3_010.5, "equity": 2_990.0})
    assert line.first == {"balance": 3_000.0, "equity": 2_990.0}
    assert line.table().rows[0] == ["balance", "3,000.00 USD", "3,000.00 USD", "3,010.50 USD", "3,010.50 USD"]


def test_unknown_figures_are_no_zeros() -> None:
    line = AccountLine("USD")
    line.see({"balance": 3_000.0, "equity": "unknown: bid missing"})
    assert line.last == {"balance": 3_000.0}


# --- which of its comparisons a refusal is short by ------------------------------------------------------------------


def compared(verdict: bool, distance: float, unit: str, decides: bool | None = None) -> Comparison:
    return Comparison("left <= right", "le", 1.0, 1.0, verdict, unit, distance, "p:1:1", decides)


def refused_by(*comparisons: Comparison) -> Decision:
    decision = refused(None)
    decision.verdicts[0].comparisons[:] = comparisons
    return decision


def test_what_passed_is_no_distance_of_a_refusal() -> None:
    made = tally(refused_by(compared(True, 5.0, "pips"), compared(False, -0.3, "pips")))
    assert table(made, "Refusals").rows[0][3:] == ["0.3pips"] * 3


def test_what_decided_counts_and_no_other_failure() -> None:
    """An alternative that failed as well, and a condition under `not`, which refuses while it holds."""
    beside = compared(False, -90.0, "price")
    made = tally(refused_by(beside, compared(True, 0.3, "pips", decides=True)))
    assert table(made, "Refusals").rows[0][3:] == ["0.3pips"] * 3
    word = Comparison("regime == calm", "eq", "wild", "calm", False, "enum", None, "p:1:1", True)
    assert table(tally(refused_by(beside, word)), "Refusals").rows[0][3:] == ["–"] * 3


def test_units_are_never_mixed() -> None:
    made = tally(refused(-1.0), refused(-3.0), refused(-60.0, unit="duration"), refused(None))
    assert [row[2:] for row in table(made, "Refusals").rows] == [
        ["2", "1.5pips", "2pips", "2.5pips"], ["1", "–", "–", "–"], ["1", "60s", "60s", "60s"],
    ]  # fmt: skip
    plain = [(each["unit"], each["n"], each.get("p50")) for each in made.as_json()["refusals"]]
    assert plain == [("", 1, None), ("duration", 1, 60.0), ("pips", 2, 2.0)]
