"""Decision tables: what combines, which rows can count, what a row may say of its keys."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, guard

ALL_ROWS = "[{when: {strategy: M1Scalper}, values: {v: %s}}, {otherwise: true, values: {v: %s}}]"


def table(column: str, rows: str, by: str = "[strategy, account.balance]", use: str = "known(t.v)") -> str:
    return f"tables:\n  t:\n    by: {by}\n    columns: {{v: {{{column}}}}}\n    rows: {rows}\n" + guard(use)


@pytest.mark.parametrize(
    ("unit", "value", "combine", "expected"),
    [
        ("text", "'\"a\"'", "product", ["RE366"]),
        ("text", "'\"a\"'", "min", ["RE366"]),
        ("bool", "mid > 90", "max", ["RE366"]),
        ("pips", "2pips", "product", ["RE366"]),
        ("JPY", "5JPY", "product", ["RE366"]),
        ("duration", "5s", "product", ["RE366"]),
        ("duration", "5s", "min", []),
        ("pips", "2pips", "most_conservative, conservative: low", []),
        ("ratio", "50%", "product", []),
        ("count", "5", "product", []),
        ("number", "5", "product", []),
        ("text", "'\"a\"'", "first", []),
        ("bool", "mid > 90", "first", []),
    ],
)
def test_a_column_combines_as_its_unit_can(unit: str, value: str, combine: str, expected: list[str]) -> None:
    text = table(f"unit: {unit}, combine: {combine}", ALL_ROWS % (value, value))
    assert [code for code, _ in findings(text)] == expected


def test_only_the_first_otherwise_of_a_column_counts() -> None:
    rows = "[{otherwise: true, values: {v: 1}}, {otherwise: true, values: {v: 2}}]"
    assert findings(table("unit: count", rows)) == [("RE367", "2")]
    other = "[{otherwise: true, values: {v: 1}}, {otherwise: true, values: {w: 2}}]"
    text = table("unit: count}, w: {unit: count", other, use="t.v > t.w")
    assert findings(text) == []


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("account.balance: '< 500_000JPY or true'", ["RE330", "RE334"]),
        ("account.balance: '< 500_000JPY and spread > 1pips'", ["RE330", "RE334"]),
        ("account.balance: '< 500_000JPY'", []),
        ("account.balance: '>= account.equity * 2'", []),
        ("account.balance: '< '", ["RE302"]),
        ("account.balance: '< (5'", ["RE304"]),
        ("strategy: M1Scalper or true", ["RE320", "RE330"]),
        ("strategy: M1Scalper", []),
        ("strategy: '!= M1Scalper'", []),
    ],
)
def test_a_key_is_compared_with_one_value(when: str, expected: list[str]) -> None:
    rows = f"[{{when: {{{when}}}, values: {{v: 1}}}}, {{otherwise: true, values: {{v: 2}}}}]"
    found = [code for code, _ in findings(table("unit: count", rows))]
    assert found == expected
