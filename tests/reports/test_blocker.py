"""Which verdict refused a decision, and which of its figures says by how much."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.audit import Audit, Decision, Outcome, Verdict
from ruleengine.model.comparison import Comparison
from ruleengine.reports.blocker import blocking, decisive
from ruleengine.reports.record import decision_from_plain, decision_to_plain
from ruleengine.reports.tally import Tally
from ruleengine.reports.tree import decision_tree
from ruleengine.runtime.judging.verdicts import measured, waited

PASSED = measured("size", "le", 5, 10, "units", "cap")
SHORT = measured("size", "le", 30, 10, "units", "cap")
SMALL = measured("size", "ge", 10, 50, "units", "the venue's smallest order")
OFF = measured("switch account", "eq", "off", "on", "", "on")


def verdict(rule: str, section: str, outcome: Outcome, code: str, *comparisons: Comparison, **more: Any) -> Verdict:
    return Verdict(rule, section, outcome, "enforce", list(comparisons), "p.yaml:1:1", code, **more)


def refused(code: str, blocker: str, *verdicts: Verdict, **more: Any) -> Decision:
    return Decision(
        "d1", 1, 1, "entry", "from-signals", "USD_JPY", "long", "M1Scalper", "scalp", Decimal(30), "refused",
        code=code, message="said", first_blocker=blocker, verdicts=list(verdicts), **more,
    )  # fmt: skip


def test_of_several_verdicts_of_a_rule_the_one_that_refused_counts() -> None:
    """A hedge whose `require` holds and whose floor lies above its bound."""
    crossed = measured("at_least", "le", 10_000, 8_250, "units", "at_most")
    found = refused(
        "RE580", "relief", verdict("relief", "hedges", Outcome.PASS, "", PASSED),
        verdict("relief", "hedges", Outcome.REFUSE, "RE580", crossed),
    )  # fmt: skip
    assert blocking(found) is found.verdicts[1]
    assert decisive(found) is crossed


def test_a_cap_that_leaves_too_little_is_told_by_what_it_compared() -> None:
    found = refused(
        "RE576", "cap", verdict("cap", "caps", Outcome.SHRINK, "RE572", SHORT, size=Decimal(10)),
        verdict("limits.min_size", "gate", Outcome.REFUSE, "RE532", SMALL),
    )  # fmt: skip
    assert decisive(found) is SHORT
    lines = decision_tree(found).splitlines()
    assert "├ gate" in lines
    assert "│       ✗ size = 10units >= 50units   40units too low" in lines
    assert lines[-2:] == [
        "├ first blocker: cap RE576  said",
        "└ smallest change: size would have to rise by 40units, to 50units",
    ]


def test_a_scale_that_leaves_too_little_is_told_by_the_venues_minimum() -> None:
    found = refused(
        "RE576", "half", verdict("half", "sizing", Outcome.SHRINK, ""),
        verdict("limits.min_size", "gate", Outcome.REFUSE, "RE532", SMALL),
    )  # fmt: skip
    assert decisive(found) is SMALL


def test_what_restricts_is_told_by_what_holds() -> None:
    """An exit keeps the strategy from opening while its own condition is true: 30 h against 24 h."""
    old = measured("trade.age", "gt", 108_000, 86_400, "duration", "24h")
    found = refused("RE577", "left-behind", verdict("left-behind", "exits", Outcome.REFUSE, "RE577", old))
    held = decisive(found)
    assert held is not None
    assert held.distance == 21_600.0


def test_a_trigger_that_failed_is_told_by_what_it_compared() -> None:
    late = measured("signal.age", "le", 7.5, 5, "duration", "5s")
    assert decisive(refused("RE584", "from-signals", trigger=[late])) is late


@pytest.mark.parametrize(
    "found",
    [
        refused("RE531", "limits.switches", verdict("limits.switches", "gate", Outcome.REFUSE, "RE531", OFF)),
        refused("RE526", "limits.quote", verdict("limits.quote", "gate", Outcome.UNKNOWN, "RE526", unknowns=["u"])),
        refused("RE586", "another"),
    ],
)
def test_where_there_is_no_number_there_is_none(found: Decision) -> None:
    assert decisive(found) is None
    made = Tally("JPY")
    made.add(Audit(decisions=[found]))
    table = next(each for each in made.tables() if each.title.startswith("Refusals by"))
    assert table.rows[0][3:] == ["–", "–", "–"]
    assert table.note == "–: no number to be short of (an unknown value, a word, a switch)"
    assert "p50" not in made.as_json()["refusals"][0]


def test_what_was_sent_has_no_blocker() -> None:
    sent = refused("", "", verdict("cap", "caps", Outcome.SHRINK, "RE572", SHORT))
    sent.outcome = "sent"
    assert decisive(sent) is None


def test_a_word_and_a_number_come_back_from_the_record() -> None:
    found = refused(
        "RE531", "limits.switches", verdict("limits.switches", "gate", Outcome.REFUSE, "RE531", OFF),
        verdict("limits.min_size", "gate", Outcome.REFUSE, "RE532", SMALL),
    )  # fmt: skip
    assert decision_from_plain(decision_to_plain(found, {"name": "p"}, "account")) == found


@pytest.mark.parametrize(
    ("left", "limit", "unit", "holds", "distance"),
    [
        (1_000.000_000_9, 1_000, "units", True, -9e-7),  # equal for the language: 1000 × 2⁻³⁰ = 0.93e-6
        (1_000.000_001, 1_000, "units", False, -1e-6),
        (1_000, 1_000, "units", True, 0.0),
        (0.000_000_9, 0, "JPY", True, -9e-7),  # a millionth of money
        (0.000_001, 0, "JPY", False, -1e-6),
    ],
)
def test_the_engines_own_comparisons_follow_the_language(
    left: float, limit: float, unit: str, holds: bool, distance: float
) -> None:
    found = measured("value", "le", left, limit, unit, "limit")
    assert found.verdict is holds
    assert found.distance == pytest.approx(distance, rel=1e-3)


def test_a_wait_that_began_under_another_limit_says_what_is_left() -> None:
    found = waited("time since its last order", 5, 8, "cooldown")
    assert (found.left, found.right, found.distance, found.verdict) == (8.0, 0.0, -8.0, False)


def test_a_nanosecond_that_is_left_is_left() -> None:
    found = waited("time since its last order", 20, Decimal("1e-9"), "cooldown")
    assert found.verdict is False
    assert found.distance == pytest.approx(-1e-9)


def test_what_was_refused_as_unknown_is_told_by_no_figure() -> None:
    """`gap <= 2 or align_min > 3`: the gap is unknown, and the parameter's 1 below 3 refused nothing by itself."""
    gap = Comparison("gap <= 2", "le", "unknown: ma not warm", 2.0, None, "number")
    constant = Comparison("align_min > 3", "gt", 1.0, 3.0, False, "number", -2.0, decides=True)
    unknown = verdict("aligned", "guards", Outcome.UNKNOWN, "RE571", gap, constant)
    assert decisive(refused("RE571", "aligned", unknown)) is None
    known = verdict("aligned", "guards", Outcome.REFUSE, "RE570", constant)
    assert decisive(refused("RE570", "aligned", known)) is constant
