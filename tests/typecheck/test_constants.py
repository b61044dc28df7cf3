"""Parts that only constants decide and that have no value."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, guard


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("1 / 0 > 1", [("RE371", "1 / 0")]),
        ("spread <= 5pips / 0", [("RE371", "5pips / 0")]),
        ("mid > 90 and 50% / (2 - 2) > 1%", [("RE371", "50% / (2 - 2)")]),
        ("ramp(20%, 5%, 5%) > 1% or mid > 90", [("RE371", "ramp(20%, 5%, 5%)")]),
        ("spread <= 5pips / 2", []),
        ("spread / spread > 1", []),
        ("count(t for t in trades) > 1", []),
        ("sum(t.pnl for t in trades if t.pnl > 0) / 2 > 1JPY", []),
        ("coalesce(avg_over(spread, 60s), 1pips) <= 5pips", []),
        ("known(mid)", []),
        ("(positive(5) > 3) == (mid > 90)", []),
    ],
)
def test_what_constants_decide_has_a_value(condition: str, expected: list[tuple[str, str]]) -> None:
    assert findings(guard(condition)) == expected
