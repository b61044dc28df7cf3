"""Reductions: what `until` can be solved for, and that no bound is below zero."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings


def hedge(reduce: str) -> str:
    return (
        "hedges:\n  - id: h\n    when: account.free_margin_ratio <= 8%\n"
        f"    reduce: {{{reduce}}}\n    on_unknown: {{wait: 10s, then: alert}}\n"
    )


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("account.margin_used_of_available <= 82%", []),
        ("account.margin_used_of_equity < 82%", []),
        ("82% >= account.margin_used_of_available", []),
        ("account.free_margin_ratio >= 12%", []),
        ("account.margin_used <= 80% of account.equity", []),
        ("account.gross_exposure <= 150% and account.margin_used_of_available <= 82%", []),
        ("abs(position.net_units) <= 40_000units", []),
        ("abs(position.net_units) * mid * instrument.quote_to_home <= 5_000_000JPY", []),
        ("position.long_units <= 40_000units", []),
        ("max(position.long_units, position.short_units) <= 40_000units", []),
        ("size >= 5_000units", []),
        ("account.margin_used_of_available >= 82%", ["RE364"]),
        ("account.free_margin_ratio <= 12%", ["RE364"]),
        ("position.net_units <= 40_000units", ["RE364"]),
        ("abs(position.net_units) == 40_000units", ["RE364"]),
        ("abs(position.net_units) >= 40_000units", ["RE364"]),
        ("abs(position.net_units - 5_000units) <= 40_000units", ["RE364"]),
        ("size == 5units", ["RE364"]),
        ("size <= 5_000units", ["RE364"]),
        ("account.margin_used_of_available <= 82% or size >= 5_000units", ["RE364"]),
        ("account.margin_used_of_available <= 82% and spread <= 2pips", ["RE364"]),
        ("not account.margin_used_of_available > 82%", ["RE364"]),
        ("spread <= 2pips", ["RE346"]),
    ],
)
def test_until_is_something_that_reducing_brings_about(until: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(hedge(f'until: "{until}"'))] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("55% of position.net_units", ["RE365"]),
        ("position.net_units", ["RE365"]),
        ("0 - position.net_units / 2", ["RE365"]),
        ("10% of account.equity / instrument.quote_to_home / mid", ["RE365"]),
        ("55% of abs(position.net_units)", []),
        ("10% of max(account.equity, 0) / instrument.quote_to_home / mid", []),
        ("min(90_000units, position.long_units)", []),
        ("position.long_units if position.net_units >= 0 else position.short_units", []),
        ("coalesce(50% of bid_size, 10_000units)", []),
        ("20% of avg_over(book.bid_units, 60s)", []),
        ("m1.volume", []),
        ("3contracts", []),
    ],
)
@pytest.mark.parametrize("key", ["at_most", "at_least", "otherwise"])
def test_a_bound_is_never_below_zero(key: str, value: str, expected: list[str]) -> None:
    text = f'at_most: ["{value}"]' if key == "at_most" else f'{key}: "{value}"'
    more = ", floor_over_cap: send_nothing" if key == "at_least" else ""
    assert [code for code, _ in findings(hedge(f"wanted: 10_000units, {text}{more}"))] == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("50% of position.net_units", ["RE365"]), ("abs(position.net_units) - 40_000units", [])],
)
def test_what_is_wanted_may_come_out_below_zero_but_is_no_share_of_the_net_position(
    wanted: str, expected: list[str]
) -> None:
    assert [code for code, _ in findings(hedge(f'wanted: "{wanted}"'))] == expected
