"""Figures whose unit was forgotten, where the bare number would mean something else: a price, a factor."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, guard

PARAMETERS = (
    "parameters:\n  level: {unit: price, default: 150, doc: x}\n  far: {unit: pips, default: 8pips, doc: x}\n"
    "  twice: {unit: number, default: 2, doc: x}\n"
)
USES = guard("mid > level or spread > far or spread * twice > far")


def entry(more: str) -> str:
    head = "entries:\n  - id: e\n    source: signal\n    when: mid > 90\n"
    return f"{PARAMETERS}{USES}{head}    {more}\n"


def scale(value: str) -> str:
    return f"{PARAMETERS}{USES}sizing:\n  - id: s\n    applies_to: {{intent: entry}}\n    scale: {value}\n"


@pytest.mark.parametrize("key", ["stop", "target"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("8", ["RE360"]),
        ("0", ["RE360"]),
        ("-8", ["RE360"]),
        ("4 + 4", ["RE360"]),
        ("coalesce(signal.stop, 8)", ["RE360"]),
        ("signal.stop if spread > 1pips else 150", ["RE360"]),
        ("0pips", ["RE361"]),
        ("-8pips", ["RE361"]),
        ("8pips - 8pips", ["RE361"]),
        ("8pips", []),
        ("far", []),
        ("level", []),
        ("signal.stop", []),
        ("mid * 1.01", []),
        ("atr(m1, 14) * 2", []),
        ("coalesce(signal.stop, level)", []),
        ("8pips if spread > 1pips else 12pips", []),
    ],
)
def test_a_bracket_is_a_distance_with_its_unit_or_a_price_of_something(
    key: str, value: str, expected: list[str]
) -> None:
    assert [code for code, _ in findings(entry(f'{key}: "{value}"'))] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("50", ["RE362"]),
        ("1.5", ["RE362"]),
        ("25 * 2", ["RE362"]),
        ("50 if spread > 1pips else 1", ["RE362"]),
        ("0.5", []),
        ("1", []),
        ("50%", []),
        ("150%", []),
        ("twice", []),
        ("ramp(account.free_margin_ratio, 20%, 35%)", []),
    ],
)
def test_a_bare_factor_above_one_is_a_forgotten_percent_sign(value: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(scale(f'"{value}"'))] == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("size <= 50 of position.gross_units", [("RE363", "50 of")]),
        ("size <= 0.5 of position.gross_units", [("RE363", "0.5 of")]),
        ("size <= 50units of position.gross_units", [("RE363", "50units of")]),
        ("size <= 50% of position.gross_units", []),
        ("size <= 50bps of position.gross_units", []),
    ],
)
def test_of_takes_a_share(condition: str, expected: list[tuple[str, str]]) -> None:
    assert findings(guard(condition)) == expected
