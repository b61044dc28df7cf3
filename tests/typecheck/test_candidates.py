"""Lists of candidates: what their names mean in expressions, and figures that make no sense."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, typed

READ = "metrics:\n  m: {value: watchlist, for_each: instrument}\n"


def listed(more: str = "", *, score: str = "spread_ratio", keep: str = "2", every: str = "60s") -> str:
    return f"candidates:\n  - {{id: watchlist, score: {score}, keep: {keep}, every: {every}{more}}}\n"


def test_a_list_is_a_rule_with_one_block() -> None:
    policy, found = typed(listed(", eligible: spread <= 1pips") + READ)
    assert found == []
    assert policy is not None
    rule = policy.rules[0]
    assert (rule.section, rule.id, rule.constants["keep"], rule.constants["every"]) == (
        "candidates",
        "watchlist",
        2,
        60,
    )
    assert [name for name, _ in rule.blocks["rank"].outputs] == ["eligible", "score"]


@pytest.mark.parametrize(
    ("score", "condition"),
    [
        ("spread_ratio", "watchlist.score <= 0.1%"),
        ("spread", "watchlist.score <= 1pips"),
        ("mid", "watchlist.score > mid"),
        ("40% * spread_ratio + 60%", "watchlist.score >= 50% and watchlist.rank <= 3 and watchlist"),
    ],
)
def test_its_score_has_the_unit_of_its_definition(score: str, condition: str) -> None:
    metric = f"metrics:\n  m: {{value: '{condition}', for_each: instrument}}\n"
    assert findings(listed(score=score) + metric) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (listed(keep="0") + READ, [("RE354", "0")]),
        (listed(keep="1.5") + READ, [("RE354", "1.5")]),
        (listed(every="0s") + READ, [("RE354", "0s")]),
        (listed(every="25h") + READ, [("RE354", "25h")]),
        (listed(keep="account.working_orders") + READ, [("RE337", "account.working_orders")]),
        (listed(score="spread <= 1pips") + READ, [("RE359", "spread <= 1pips")]),
        (listed(score="watchlist.score + 1%") + READ, [("RE341", "watchlist.score")]),
        (listed(", eligible: watchlist.rank <= 3") + READ, [("RE341", "watchlist.rank")]),
        (listed(), [("RE348", "watchlist")]),
        (listed() + "metrics:\n  m: watchlist.rank\n", [("RE337", "watchlist.rank")]),
        (listed() + READ + "features:\n  watchlist: mid > 0\n", [("RE348", "watchlist"), ("RE349", "watchlist")]),
    ],
)
def test_what_a_list_can_not_be(text: str, expected: list[tuple[str, str]]) -> None:
    assert findings(text) == expected


def test_a_parameter_may_say_how_many() -> None:
    more = "parameters:\n  n: {unit: count, default: 3, doc: d}\n"
    policy, found = typed(listed(keep="n") + READ + more)
    assert found == []
    assert policy is not None
    assert policy.rules[0].constants["keep"] == 3


def test_one_list_may_rank_by_another() -> None:
    text = """candidates:
  - {id: liquid, score: spread_ratio, keep: 30, every: 60s}
  - {id: moving, eligible: liquid, score: liquid.rank, keep: 5, every: 60s}
metrics:
  m: {value: moving, for_each: instrument}
"""
    assert findings(text) == []
