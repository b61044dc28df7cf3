"""Aggregates over trades of several instruments."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import MINIMAL, findings, guard

TWO = MINIMAL.replace("[USD_JPY]", "[USD_JPY, EUR_USD]")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("sum(t.entry_price * t.units for t in trades) * instrument.quote_to_home > 500JPY", ["RE368"]),
        ("sum((t.best_price - t.entry_price) * t.units for t in trades) * instrument.quote_to_home > 5JPY", ["RE368"]),
        ("sum(t.entry_price for t in trades) > 300", ["RE368"]),
        ("max(t.best_price - t.entry_price for t in all_trades) > 5pips", ["RE368"]),
        ("avg(t.entry_price for t in trades if t.side == long) > mid", ["RE368"]),
        ("any(t.entry_price > mid for t in trades)", ["RE368"]),
        ("all(t.entry_price - m1.close > 5pips for t in trades)", ["RE368"]),
        ("count(t for t in trades if t.entry_price > mid) > 2", ["RE368"]),
        ("sum(t.units * mid * instrument.quote_to_home for t in trades) > 500JPY", ["RE368"]),
        ("any(t.entry_price > mid for t in trades if t.instrument == EUR_USD)", ["RE368"]),
        ("sum(p.average_price for p in positions) > 300", ["RE368"]),
        ("sum(t.entry_price for t in trades if t.instrument == EUR_USD) > 3", []),
        ("any(t.entry_price > mid for t in trades if t.instrument == instrument.name and t.side == long)", []),
        ("avg(t.entry_price for t in trades if instrument.name == t.instrument) > mid", []),
        ("sum(t.pnl for t in trades) > 500JPY", []),
        ("sum(t.pnl_pips for t in trades) > 5pips", []),
        ("any(t.pnl_pips > 5pips and t.units > size for t in trades)", []),
        ("count(t for t in trades if t.entry_price > t.best_price) > 2", []),
        ("sum(p.long_value for p in positions) > 500JPY and spread > 2pips", []),
    ],
)
def test_prices_of_several_instruments_do_not_meet(condition: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(guard(condition), TWO)] == expected
    if "EUR_USD" not in condition:
        assert findings(guard(condition)) == []
