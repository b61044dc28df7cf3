"""Figures of rules: at each end of their bounds, and just beyond."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings

EXIT = (
    "exits:\n  - id: x\n    for_each: trade\n    when: trade.age > 1h\n    close: {close}\n    cooldown: {cooldown}\n"
    "    on_unknown: {{wait: {wait}, then: close}}\n"
)


@pytest.mark.parametrize(
    ("key", "value", "is_good"),
    [
        ("close", "100%", True),
        ("close", "0.01%", True),
        ("close", "500units", True),
        ("close", "50% if trade.pnl < 0 else 100%", True),
        ("close", "200%", False),
        ("close", "0%", False),
        ("close", "0% - 50%", False),
        ("close", "-5%", False),
        ("close", "0units", False),
        ("close", "-5units", False),
        ("close", "-1 * trade.units", False),
        ("wait", "0s", True),
        ("wait", "7d", True),
        ("wait", "8d", False),
        ("wait", "-30s", False),
        ("wait", "10s - 30s", False),
        ("cooldown", "0s", True),
        ("cooldown", "-5s", False),
        ("cooldown", "400d", False),
    ],
)
def test_figures_of_an_exit(key: str, value: str, is_good: bool) -> None:
    text = EXIT.format(**{"close": "50%", "cooldown": "5s", "wait": "30s", key: value})
    assert findings(text) == ([] if is_good else [("RE354", value)])


ENTRY = "entries:\n  - id: e\n    source: market\n    when: mid > 90\n    side: long\n    strategy: M1Scalper\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("    size: 1units\n", None),
        ("    size: -5units\n", "-5units"),
        ("    size: 0units\n", "0units"),
        ("    size: -3contracts\n", "-3contracts"),
        ("    size: 1units\n    max_open: 1\n", None),
        ("    size: 1units\n    max_open: 0\n", "0"),
        ("    size: 1units\n    max_open: -1\n", "-1"),
        ("    size: 1units\n    max_open: 1.5\n", "1.5"),
        ("    size: 1units\n    cooldown: -5s\n", "-5s"),
    ],
)
def test_figures_of_an_entry(more: str, expected: str | None) -> None:
    assert findings(ENTRY + more) == ([] if expected is None else [("RE354", expected)])


@pytest.mark.parametrize(
    ("reduce", "expected"),
    [
        ("{wanted: 10_000units, at_most: [90_000units]}", None),
        ("{wanted: 0units}", "0units"),
        ("{wanted: -1units}", "-1units"),
        ("{wanted: 10_000units, otherwise: 0units}", "0units"),
        ("{wanted: 10_000units, at_most: [0units]}", "0units"),
        ("{wanted: 10_000units, at_least: 0units, at_most: [5units], floor_over_cap: cap}", "0units"),
    ],
)
def test_figures_of_a_reduction(reduce: str, expected: str | None) -> None:
    rule = f"hedges:\n  - id: h\n    when: mid > 90\n    reduce: {reduce}\n"
    found = findings(rule + "    on_unknown: {wait: 10s, then: alert}\n")
    assert [place for code, place in found if code == "RE354"] == ([] if expected is None else [expected])


def test_a_parameter_is_held_to_the_bounds_of_where_it_stands() -> None:
    parameter = "parameters:\n  part: {unit: ratio, default: 120%, doc: share}\n"
    assert findings(parameter + EXIT.format(close="part", cooldown="5s", wait="30s")) == [("RE354", "part")]
    assert findings(parameter + EXIT.format(close="part * 50%", cooldown="5s", wait="30s")) == []


def test_a_scale_of_nothing_is_a_finding() -> None:
    rule = "sizing:\n  - {id: s, applies_to: {intent: entry}, scale: SCALE}\n"
    assert findings(rule.replace("SCALE", "0%")) == [("RE354", "0%")]
    assert findings(rule.replace("SCALE", "50%")) == []
