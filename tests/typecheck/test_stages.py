"""Stages of an exit, and what a full close leaves to those behind it."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (["close: 50%", "close: 100%"], []),
        (["close: 100%", "close: 50%"], ["trade.age > 2h"]),
        (["close: 50% + 50%", "close: 10units", "close: 5%"], ["trade.age > 2h", "trade.age > 3h"]),
        (["close: 100%", "restrict: reduce_only"], []),
        (["restrict: reduce_only", "close: 100%"], []),
        (["close: 100%", "close: 100%"], []),  # a stop and a target: whichever comes first
        (["close: 50%", "close: 100%", "close: 100%"], []),
        (["close: 100%", "close: 100%", "close: 50%"], ["trade.age > 3h"]),
        (["close: 100%", "close: 50%", "close: 100%"], ["trade.age > 2h"]),
    ],
)
def test_no_part_is_closed_behind_a_stage_that_closes_all(stages: list[str], expected: list[str]) -> None:
    lines = "".join(f"      - when: trade.age > {n}h\n        {each}\n" for n, each in enumerate(stages, 1))
    text = f"exits:\n  - id: x\n    for_each: trade\n    stages:\n{lines}    on_unknown: {{wait: 10s, then: close}}\n"
    assert findings(text) == [("RE356", place) for place in expected]
