"""FX-29, row by row. Expected figures are worked by hand, quartiles by numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.guard_quantities import threshold_of
from ruleengine.reports.guard_report import GuardAsk, guard_report
from tests.reports.hand_made import DAY_NS, T0, call, compared, evidence_of

SPREADS = [1.3, 1.4, 1.4, 1.5, 1.6, 1.8, 2.0, 3.2]
"""Eight spreads in pips that a guard `spread <= 1.2pips` blocked."""
ALL = GuardAsk(days=None)
Rows = list[tuple[str, dict[str, Any]]]


def blocked_spreads(strategy: str = "A", begin: int = 0) -> Rows:
    rows: Rows = []
    for at, spread in enumerate(SPREADS, begin):
        rows.append(call(at, strategy=strategy, outcome="refused", code="RE570", blocker="spread"))
        rows.append(compared(at, "spread", "le", spread, 1.2))
    return rows


def report(rows: Rows, ask: GuardAsk = ALL) -> dict[str, Any]:
    with evidence_of(rows) as evidence:
        return guard_report(evidence, ask).data


def test_block_rate_by_strategy_pocket_and_reason() -> None:
    # A: 8 blocked of 10; B: 1 blocked of 6, on the short side; C: 2 calls, fewer than 5
    rows = [*blocked_spreads(), call(8), call(9), *(call(n, strategy="B", pocket="macro") for n in range(10, 15))]
    rows.append(call(15, strategy="B", pocket="macro", side="short", outcome="refused", code="RE571", blocker="warm"))
    rows += [call(16, strategy="C"), call(17, strategy="C")]
    found = report(rows)
    assert (found["calls"], found["blocked"], found["blocked_long"]) == (18, 9, 8)
    assert [(each["strategy"], each["calls"], each["blocked"]) for each in found["strategies"]] == [
        ("A", 10, 8),
        ("B", 6, 1),
    ]
    assert found["strategies"][0]["most_often"] == {"rule": "spread", "code": "RE570", "n": 8}
    assert {each["pocket"]: each["rate"] for each in found["pockets"]} == {
        "scalp": pytest.approx(8 / 12),
        "macro": pytest.approx(1 / 6),
    }
    assert found["reasons"] == [
        {"rule": "spread", "code": "RE570", "blocked": 8, "share": 8 / 9, "rate": 8 / 18, "long": 8}
    ]


def judged(n: int, rule: str, outcome: str, section: str = "guards", **more: Any) -> tuple[str, dict[str, Any]]:
    return "verdicts", {"n": n, "rule": rule, "section": section, "enforcement": "enforce", "outcome": outcome, **more}


def test_each_gate_says_what_it_decided_and_why_it_could_not() -> None:
    """Of three calls `trend` could tell none; `spread` all, and refused one; the cap was asked of one, and cut it."""
    rows: Rows = [call(0), call(1, outcome="refused", code="RE571", blocker="trend"), call(2), call(3, kind="exit")]
    rows += [judged(n, "trend", "unknown", unknown=f"adx(h1, 14) not warm (needs {n} more bars)") for n in (0, 1)]
    rows += [judged(2, "trend", "unknown", unknown="bid stale (no quote for 10 s)")]
    rows += [judged(0, "spread", "pass"), judged(1, "spread", "refuse"), judged(2, "spread", "pass")]
    rows += [judged(0, "margin", "shrink", "caps"), judged(3, "margin", "refuse", "caps")]  # an exit is no call
    with evidence_of(rows) as evidence:
        made = guard_report(evidence, ALL)
    assert [list(each.values()) for each in made.data["gates"]] == [
        ["trend", "guards", 3, 0, 0, 3, "adx(h1, 14) not warm"],
        ["spread", "guards", 3, 2, 1, 0, ""],
        ["margin", "caps", 1, 1, 0, 0, ""],
    ]
    (table,) = [each for each in made.tables if each.title == "Gates: decided or unknown"]
    assert table.rows[0] == ["trend", "guards", "3", "0", "0", "3", "adx(h1, 14) not warm"]


def test_of_an_entrys_own_conditions_only_refusals_are_known() -> None:
    """Of three calls of `in` two were sent, without a word on its own conditions; the third was refused by them."""
    rows: Rows = [call(0), call(1), call(2, outcome="refused", code="RE575", blocker="in")]
    rows += [judged(2, "in", "refuse", "entries"), judged(0, "size", "pass", "sizing")]
    with evidence_of(rows) as evidence:
        made = guard_report(evidence, ALL)
    assert {each["gate"]: (each["judged"], each["passed"], each["refused"]) for each in made.data["gates"]} == {
        "in": (None, None, 1), "size": (1, 1, 0),
    }  # fmt: skip
    (table,) = [each for each in made.tables if each.title == "Gates: decided or unknown"]
    assert ["in", "entries", "–", "–", "1", "0", "–"] in table.rows
    assert table.note == "–: only what did not pass is recorded"


def test_a_guard_in_shadow_refused_nothing() -> None:
    """Both calls were sent; `night` would have refused one of them while it was in shadow, and passed one later."""
    rows: Rows = [call(0), call(1), judged(0, "night", "refuse", enforcement="shadow"), judged(1, "night", "pass")]
    rows += [judged(n, "spread", "pass") for n in (0, 1)]
    with evidence_of(rows) as evidence:
        made = guard_report(evidence, ALL)
    counts = {each["gate"]: (each["judged"], each["passed"], each["refused"]) for each in made.data["gates"]}
    assert counts == {"spread": (2, 2, 0), "night": (1, 1, 0)}
    assert [(each["rule"], each["n"], each["went_through"]) for each in made.data["shadow"]] == [("night", 1, 1)]
    (table,) = [each for each in made.tables if each.title == "Gates: decided or unknown"]
    assert table.note == "without 1 in shadow: see `Shadow rules would have blocked`"


def test_what_is_left_out_for_its_size_is_counted() -> None:
    rows = [*blocked_spreads(), call(8, strategy="C"), call(9, strategy="C", outcome="refused", code="X", blocker="r")]
    with evidence_of(rows) as evidence:
        tables = {each.title: each for each in guard_report(evidence, ALL).tables}
    assert tables["Blocked by strategy"].note == "left out for their size: 1 group with 2 calls together"
    assert tables["Blocked by reason"].note == "left out for their size: 1 group with 1 blocked together"
    assert len(report(rows, GuardAsk(days=None, min_count=1))["strategies"]) == 2


def test_merged_and_shadow_intents_and_exits_are_no_calls() -> None:
    rows = [call(0), call(1, outcome="merged"), call(2, outcome="shadow"), call(3, kind="exit", outcome="refused")]
    assert report(rows)["calls"] == 1
    assert report(rows, GuardAsk(days=None, kinds=("exit",)))["blocked"] == 1


def test_quartiles_are_those_of_numpy() -> None:
    (short,) = report(blocked_spreads())["short_by"]
    assert short["n"] == 8
    measured = np.quantile(SPREADS, [0.25, 0.5, 0.75])
    assert [short["measured"][name] for name in ("p25", "median", "p75")] == pytest.approx(measured.tolist())
    beyond = np.quantile([each - 1.2 for each in SPREADS], [0.25, 0.5, 0.75])
    assert [short["short_by"][name] for name in ("p25", "median", "p75")] == pytest.approx(beyond.tolist())


def test_thresholds_let_at_least_their_share_through() -> None:
    # of 8: two pass at 1.4 (three do, for two are alike), four at 1.5, six at 1.8
    (found,) = report(blocked_spreads())["thresholds"]
    assert [(each["share"], each["threshold"], each["passes"]) for each in found["through"]] == [
        (0.25, 1.4, 3),
        (0.5, 1.5, 4),
        (0.75, 1.8, 6),
    ]
    assert (found["limit"], found["alone"]) == (1.2, 8)


def test_a_share_that_is_no_whole_number_is_rounded_up() -> None:
    # a quarter of five is 1.25: two have to pass; three quarters are 3.75: four
    assert threshold_of([1.0, 2.0, 3.0, 4.0, 5.0], "le", 0.25) == (2.0, 2)
    assert threshold_of([1.0, 2.0, 3.0, 4.0, 5.0], "ge", 0.75) == (2.0, 4)


def test_thresholds_of_a_lower_limit_fall() -> None:
    # blocked by `adx >= 20`: 18, 15, 12, 9; one of four passes at 18, two at 15, three at 12
    rows: Rows = []
    for at, adx in enumerate((12.0, 18.0, 9.0, 15.0)):
        rows += [call(at, outcome="refused", code="RE570", blocker="spread"), compared(at, "adx", "ge", adx, 20)]
    (found,) = report(rows, GuardAsk(days=None, min_count=4))["thresholds"]
    assert [each["threshold"] for each in found["through"]] == [18, 15, 12]
    assert [each["passes"] for each in found["through"]] == [1, 2, 3]


def test_a_comparison_that_blocked_by_holding_has_to_fail() -> None:
    # `require: not (rsi > 70)`: it held at 72, 75, 80, 90, so a limit of 75 makes `rsi <= 75` true for two
    rows: Rows = []
    for at, rsi in enumerate((72.0, 75.0, 80.0, 90.0)):
        rows += [call(at, outcome="refused", code="RE570", blocker="spread"), compared(at, "rsi", "gt", rsi, 70)]
    (found,) = report(rows, GuardAsk(days=None, min_count=4))["thresholds"]
    assert [(each["threshold"], each["passes"]) for each in found["through"]] == [(72, 1), (75, 2), (80, 3)]
    (short,) = report(rows, GuardAsk(days=None, min_count=4))["short_by"]
    assert short["short_by"]["median"] == pytest.approx(7.5)  # 2, 5, 10, 20 beyond 70


def test_another_rule_that_refused_too_is_told() -> None:
    rows = [*blocked_spreads(), ("verdicts", {"n": 0, "rule": "margin", "enforcement": "enforce", "outcome": "refuse"})]
    rows += [("verdicts", {"n": 1, "rule": "night", "enforcement": "shadow", "outcome": "refuse"})]
    (found,) = report(rows)["thresholds"]
    assert (found["n"], found["alone"]) == (8, 7)


def test_the_most_blocked_strategies_one_by_one() -> None:
    rows = [*blocked_spreads(), *blocked_spreads("B", 8), *blocked_spreads("B", 16)]
    found = report(rows, GuardAsk(days=None, top=1))["most_blocked"]
    assert [(each["strategy"], each["thresholds"][0]["n"]) for each in found] == [("B", 16)]


def test_figures_of_what_was_blocked_beside_what_blocked_it() -> None:
    rows = blocked_spreads()
    for at in range(8):
        rows.append(compared(at, "rsi(m1, 14)", "lt", 60.0 + at, 70, refused=False, unit="number"))
        rows.append(("figures", {"n": at, "name": "gap_atr", "value": at / 10, "unit": "quotient"}))
    figures = {each["figure"]: each for each in report(rows)["figures"]}
    assert (figures["rsi(m1, 14)"]["n"], figures["rsi(m1, 14)"]["median"]) == (8, 63.5)  # 60 … 67
    quartiles = np.quantile(np.arange(8) / 10, [0.25, 0.75])
    assert [figures["gap_atr"][name] for name in ("p25", "p75")] == pytest.approx(quartiles.tolist())


def test_inputs_seen_of_inputs_asked_for() -> None:
    rows = blocked_spreads()
    for at in range(8):
        unknown = "rsi(m1, 14) not warm (needs 3 more bars)" if at == 5 else None
        rows.append(compared(at, "rsi(m1, 14)", "lt", None if unknown else 50.0, 70, refused=False, unknown=unknown))
    inputs = {each["input"]: each for each in report(rows)["inputs"]}
    assert inputs["rsi(m1, 14)"] == {"input": "rsi(m1, 14)", "asked": 8, "known": 7, "because": "rsi(m1, 14) not warm"}
    assert inputs["spread"]["known"] == inputs["spread"]["asked"] == 8


def test_limits_that_differ_are_moved_and_not_pooled() -> None:
    # 1.5 against 1, 3 against 2, 2.2 against 2, 8 against 4: short by 0.5, 1, 0.2, 4; half pass at limit + 0.5
    rows: Rows = []
    for at, (spread, limit) in enumerate(((1.5, 1.0), (3.0, 2.0), (2.2, 2.0), (8.0, 4.0))):
        rows.append(call(at, outcome="refused", code="RE570", blocker="spread"))
        rows.append(compared(at, "spread", "le", spread, limit, text="spread <= 0.3 * atr"))
    with evidence_of(rows) as evidence:
        told = guard_report(evidence, GuardAsk(days=None, min_count=4))
    (found,) = told.data["thresholds"]
    assert [(each["change"], each["passes"]) for each in found["through"]] == [
        (pytest.approx(0.2), 1), (pytest.approx(0.5), 2), (pytest.approx(1.0), 3),
    ]  # fmt: skip
    (table,) = [each for each in told.tables if each.title.startswith("Thresholds") and ":" not in each.title]
    assert (table.rows[0][1], table.rows[0][2], table.rows[0][6]) == ("spread <= limit …", "1pips … 4pips", "+0.5pips")


def test_comparisons_and_figures_left_out_for_their_size_are_told() -> None:
    rows = [*blocked_spreads(), call(8, outcome="refused", code="RE570", blocker="atr"), compared(8, "atr", "le", 4, 3)]
    rows += [("figures", {"n": 8, "name": "gap_atr", "value": 1.0, "unit": "quotient"})]
    with evidence_of(rows) as evidence:
        notes = {each.title: each.note for each in guard_report(evidence, ALL).tables}
    thresholds = notes["Thresholds that would have let blocked ones through"]
    assert thresholds == "left out for their size: 1 group with 1 blocked together"
    assert notes["Other figures of what was blocked"] == "left out for their size: 2 figures"  # atr, gap_atr


def test_an_unknown_limit_is_no_unknown_input() -> None:
    # 8 spreads against 0.3 * atr, which was unknown twice
    rows = blocked_spreads()
    for at in range(8):
        why = "atr not warm (2 more)" if at < 2 else None
        rows[2 * at + 1][1].update(against="0.3 * atr", unknown_limit=why)
    inputs = {each["input"]: each for each in report(rows)["inputs"]}
    assert inputs["spread"]["known"] == inputs["spread"]["asked"] == 8
    assert inputs["0.3 * atr"] == {"input": "0.3 * atr", "asked": 8, "known": 6, "because": "atr not warm"}


def test_shadow_rules_and_the_venues_own_refusals() -> None:
    rows = [call(0), call(1, fate="rejected", venue_code="INSUFFICIENT_MARGIN"), call(2, outcome="refused")]
    for at in range(3):
        outcome = "unknown" if at == 1 else "refuse"
        rows.append(("verdicts", {"n": at, "rule": "night", "enforcement": "shadow", "outcome": outcome}))
    found = report(rows)
    assert found["shadow"] == [{"rule": "night", "n": 3, "unknown": 1, "went_through": 2}]
    assert found["venue_refusals"] == [{"code": "INSUFFICIENT_MARGIN", "strategy": "A", "n": 1, "sent": 2}]


def test_seven_days_back_from_the_last_decision() -> None:
    rows = [call(0, ts=T0), call(1, ts=T0 + DAY_NS + 1), call(2, ts=T0 + 8 * DAY_NS)]
    assert report(rows, GuardAsk())["calls"] == 2
    assert report(rows, GuardAsk(days=None))["calls"] == 3


def test_raw_tags_where_they_are_asked_for() -> None:
    rows = [call(n, strategy="TrendMA", tag="TrendMAbu" if n % 2 else "TrendMAbe") for n in range(10)]
    assert [each["strategy"] for each in report(rows)["strategies"]] == ["TrendMA"]
    names = {each["strategy"] for each in report(rows, GuardAsk(days=None, by_tag=True))["strategies"]}
    assert names == {"TrendMAbu", "TrendMAbe"}


def test_nothing_in_that_time_is_told() -> None:
    with evidence_of([call(0)]) as evidence, pytest.raises(EvidenceProblem, match="no decisions in that time"):
        guard_report(evidence, GuardAsk(begin_ns=T0 + DAY_NS))
