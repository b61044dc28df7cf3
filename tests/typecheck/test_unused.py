"""What is declared and never read is a finding: a limit that nothing reads is no protection (SC-17)."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, guard

TABLE = """\
tables:
  t:
    by: [strategy]
    columns:
      a: {unit: count}
      b: {unit: count}
    rows:
      - otherwise: true
        values: {a: 1, b: 2}
"""
SCHEDULE = 'schedules:\n  s: {timezone: Asia/Tokyo, windows: [{from: "05:00", to: "08:00"}]}\n'


@pytest.mark.parametrize(
    ("declared", "use", "expected"),
    [
        ("parameters: {p: {unit: ratio, default: 5%, doc: x}}\n", "mid > 90", [("RE348", "5%")]),
        ("parameters: {p: {unit: ratio, default: 5%, doc: x}}\n", "account.drawdown < p", []),
        ("features: {f: bid}\n", "mid > 90", [("RE348", "bid")]),
        ("features: {f: bid}\n", "f > 90", []),
        ("features: {f: bid, g: f}\n", "mid > 90", [("RE348", "bid"), ("RE348", "f")]),
        (TABLE, "t.a > 1", [("RE348", "count")]),
        (TABLE, "t.a + t.b > 1", []),
        (SCHEDULE, "mid > 90", [("RE348", "Asia/Tokyo")]),
        (SCHEDULE, "not s", []),
        ("timeframes: {m7: {interval: 7min}}\n", "mid > 90", [("RE348", "7min")]),
        ("timeframes: {m7: {interval: 7min}}\n", "m7.close > 90", []),
        ("features: {f: spraed}\n", "mid > 90", [("RE320", "spraed"), ("RE348", "spraed")]),
    ],
)
def test_unused_names(declared: str, use: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(findings(declared + guard(use))) == sorted(expected)
