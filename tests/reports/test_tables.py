"""Figures as a trader writes them, and tables that line up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ruleengine.reports.tables import Table, figure, money, quantile, quantity, shortened, text_of, when


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (1234567.891, "USD", "1,234,567.89 USD"),
        (Decimal("1234567.5"), "JPY", "1,234,568 JPY"),
        (-0.4, "JPY", "0 JPY"),
        (-0.004, "USD", "0.00 USD"),
        (-0.6, "JPY", "-1 JPY"),
        (0, "KRW", "0 KRW"),
        (Decimal("-12.345"), "USDT", "-12.34 USDT"),
    ],
)
def test_money_has_its_currencys_decimals(amount: Decimal | float, currency: str, expected: str) -> None:
    assert money(amount, currency) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.0812, "ratio", "8.12%"),
        (1.25, "pips", "1.25pips"),
        (-2.8421709430404007e-14, "pips", "0pips"),
        (12_500.0, "units", "12,500units"),
        (0.1, "contracts", "0.1contracts"),
        (45.0, "duration", "45s"),
        (600.0, "duration", "10min"),
        (5_400.0, "duration", "1.5h"),
        (259_200.0, "duration", "3d"),
        (156.904, "price", "156.904"),
        (3.0, "count", "3"),
        (-280.4, "JPY", "-280 JPY"),
        (True, "bool", "true"),
        (None, "pips", "–"),
        ("unknown: bid missing", "pips", "unknown: bid missing"),
        (Decimal("1e-7"), "units", "0units"),
    ],
)
def test_a_figure_has_its_unit(value: Any, unit: str, expected: str) -> None:
    assert figure(value, unit) == expected


def test_quantities_have_thousands_and_no_empty_decimals() -> None:
    assert [quantity(Decimal(each)) for each in ("1000000", "0.50", "12", "1E+3")] == [
        "1,000,000", "0.5", "12", "1,000",
    ]  # fmt: skip


def test_an_instant_is_utc_to_the_millisecond() -> None:
    assert when(1_767_790_831_999_999_999) == "2026-01-07 13:00:31.999Z", "cut off, never rounded into the next second"


@pytest.mark.parametrize(
    ("numbers", "share", "expected"), [([5.0], 0.75, 5.0), ([1.0, 3.0], 0.5, 2.0), ([4.0, 1.0, 2.0], 1.0, 4.0)]
)
def test_quantiles(numbers: list[float], share: float, expected: float) -> None:
    assert quantile(numbers, share) == expected


def test_columns_line_up_and_empty_tables_are_left_out() -> None:
    tables = [
        Table("empty", ["a"]),
        Table("two", ["name", "n"], [["x", "1"], ["longer", "1,000"]], right=(1,), note="a note"),
        Table("no heads", ["", ""], [["a", "b"]]),
    ]
    assert text_of(tables) == ("two\n  name        n\n  x           1\n  longer  1,000\n  a note\n\nno heads\n  a  b")


def test_shortened() -> None:
    assert [shortened("abcdef", width) for width in (6, 5, 1)] == ["abcdef", "abcd…", "…"]
