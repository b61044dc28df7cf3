"""What is declared and never read is a finding: a limit that nothing reads is no protection (SC-17)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.resolve import compose
from ruleengine.typecheck.check import check
from tests.typecheck.policies import MINIMAL, findings, guard

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
        ("parameters: {p: {unit: ratio, default: 5%, doc: x}}\n", "mid > 90", [("RE348", "p")]),
        ("parameters: {p: {unit: ratio, default: 5%, doc: x}}\n", "account.drawdown < p", []),
        ("features: {f: bid}\n", "mid > 90", [("RE348", "f")]),
        ("features: {f: bid}\n", "f > 90", []),
        ("features: {f: bid, g: f}\n", "mid > 90", [("RE348", "f"), ("RE348", "g")]),
        (TABLE, "t.a > 1", [("RE348", "b")]),
        (TABLE, "t.a + t.b > 1", []),
        (SCHEDULE, "mid > 90", [("RE348", "s")]),
        (SCHEDULE, "not s", []),
        ("timeframes: {m7: {interval: 7min}}\n", "mid > 90", [("RE348", "m7")]),
        ("timeframes: {m7: {interval: 7min}}\n", "m7.close > 90", []),
        ("features: {gap: bid}\n", "gapp > 90", [("RE320", "gapp")]),
        ("features: {f: bid}\n", "f.x > 90", [("RE320", "f.x")]),
        ("features: {f: spraed}\n", "mid > 90", [("RE320", "spraed"), ("RE348", "f")]),
    ],
)
def test_unused_names(declared: str, use: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(findings(declared + guard(use))) == sorted(expected)


def test_what_a_policy_above_orphans_is_told_the_line_that_removes_it(tmp_path: Path) -> None:
    declared = "parameters: {p: {unit: pips, default: 2pips, doc: x}}\n"
    (tmp_path / "base.policy.yaml").write_text(MINIMAL + declared + guard("spread <= p"), encoding="utf-8")
    head = (
        "apiVersion: ruleengine/v1\nkind: Policy\nmetadata: {name: top, version: 1.0.0}\nextends: ./base.policy.yaml\n"
    )
    top = tmp_path / "top.policy.yaml"
    top.write_text(head + "removes: [guards.g]\n", encoding="utf-8")
    composed, found = compose(top)
    assert composed is not None, found
    assert [(each.code, each.help) for each in check(composed.policy)[1]] == [
        ("RE348", "it stands in a policy below: use it, or add `removes: [parameters.p]`")
    ]
    top.write_text(head + "removes: [guards.g, parameters.p]\n", encoding="utf-8")
    composed, found = compose(top)
    assert composed is not None, found
    assert check(composed.policy)[1] == []
