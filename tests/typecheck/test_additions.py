"""Ladders and pyramids that can't add what they say, and rules that ask too much of them."""

from __future__ import annotations

import pytest

from ruleengine.typecheck.coverage import uncovered
from tests.typecheck.policies import MINIMAL, findings, typed

EXIT = (
    "exits:\n  - id: x\n    for_each: trade\n    when: trade.age > 1h\n    close: 100%\n"
    "    on_unknown: {wait: 30s, then: close}\n"
)
SIZE = "sizing:\n  - {id: base, applies_to: {intent: entry}, size: 10_000units}\n"
LADDER = "ladders:\n  - id: scale-in\n    source: {source}\n    when: position.gain_over_first < 0%\n{more}"
PYRAMID = "pyramids:\n  - id: win\n    source: {source}\n    when: position.gain_over_first >= 2%\n{more}"


def _ladder(*lines: str, source: str = "signal", sections: str = SIZE) -> list[tuple[str, str]]:
    return findings(sections + EXIT + LADDER.format(source=source, more="".join(f"    {line}\n" for line in lines)))


def _pyramid(*lines: str, source: str = "market", sections: str = "") -> list[tuple[str, str]]:
    return findings(sections + EXIT + PYRAMID.format(source=source, more="".join(f"    {line}\n" for line in lines)))


@pytest.mark.parametrize(
    ("base", "sections", "found"),
    [
        ("", SIZE, []),
        ("", "", [("RE390", "scale-in")]),
        ("base: new_position", "", [("RE390", "new_position")]),
        ("base: initial_position", "", []),
        ("base: 40% of position.side_units", "", []),
        ("", SIZE.replace("intent: entry", "intent: hedge_open"), [("RE390", "scale-in")]),
        ("", SIZE.replace("size: 10_000units", "scale: 50%"), [("RE390", "scale-in")]),
    ],
)
def test_a_ladder_on_the_market_needs_a_base_that_it_can_have(base: str, sections: str, found: object) -> None:
    lines = ["steps: [100%]", *([base] if base else [])]
    assert _ladder(*lines, source="market", sections=sections) == found


def test_the_entry_that_opened_the_position_may_give_the_base() -> None:
    entry = (
        "entries:\n  - id: dip\n    source: market\n    when: mid <= 150\n    side: long\n    strategy: M1Scalper\n"
        "    size: 10_000units\n"
    )
    assert _ladder("steps: [100%]", source="market", sections=entry) == []


def test_a_signal_may_state_the_size_that_is_the_base() -> None:
    assert _ladder("steps: [100%]", sections="") == []


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ("[100%, 0.01%]", []),
        ("[100%, 0%]", ["0%"]),
        ("[0% - 5%, 10%]", ["0% - 5%"]),
        ("[-1 * position.additions / position.additions * 1%]", ["-1 * position.additions / position.additions * 1%"]),
    ],
)
def test_a_step_is_above_nothing(steps: str, found: list[str]) -> None:
    codes = [each for each in _ladder(f"steps: {steps}") if each[0] == "RE391"]
    assert codes == [("RE391", each) for each in found]


@pytest.mark.parametrize(
    ("most", "found"),
    [("2", []), ("0", []), ("3", [("RE392", "3")]), ("-1", [("RE354", "-1")]), ("1.5", [("RE354", "1.5")])],
)
def test_no_more_additions_than_steps(most: str, found: object) -> None:
    assert _ladder("steps: [100%, 50%]", f"most: {most}") == found


def test_the_longest_choice_counts_for_most() -> None:
    choices = (
        "choices:",
        "  - {when: account.equity < 100_000JPY, coefficients: [100%]}",
        "  - {otherwise: true, coefficients: [100%, 50%]}",
    )
    assert _ladder(*choices, "most: 2") == []
    assert _ladder(*choices, "most: 3") == [("RE392", "3")]


def test_a_choice_behind_otherwise_is_never_looked_at() -> None:
    found = _ladder(
        "choices:",
        "  - {otherwise: true, coefficients: [100%]}",
        "  - {when: account.equity < 100_000JPY, coefficients: [50%]}",
    )
    assert found == [("RE393", "50%")]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("interval: 60s", []),
        ("interval: 0s - 5s", [("RE354", "0s - 5s")]),
        ("interval: 400d", [("RE354", "400d")]),
        ("interval: 60", [("RE335", "60")]),
        ("per_day: 1", []),
        ("per_day: 0", [("RE354", "0")]),
        ("most: 100%", [("RE335", "100%")]),
        ("stop: 8pips", []),
    ],
)
def test_figures_of_an_addition(line: str, found: object) -> None:
    codes = _pyramid("size: 50% of position.initial_units", line)
    assert [code for code, _ in codes] == [code for code, _ in found]  # type: ignore[attr-defined]


def test_a_pyramid_on_the_market_has_no_signal() -> None:
    assert [code for code, _ in _pyramid("size: signal.size")] == ["RE337"]
    assert _pyramid("size: signal.size", source="signal") == []


@pytest.mark.parametrize(("intent", "source", "found"), [("ladder", "market", ["RE358"]), ("ladder", "signal", [])])
def test_a_guard_of_ladders_on_the_market_has_no_signal(intent: str, source: str, found: list[str]) -> None:
    guard = f"guards:\n  - {{id: g, applies_to: {{intent: {intent}}}, require: signal.age <= 6s}}\n"
    assert [code for code, _ in _ladder("steps: [100%]", source=source, sections=SIZE + guard)] == found


def test_a_rule_of_additions_alone_needs_a_rule_that_adds() -> None:
    guard = "guards:\n  - {id: g, applies_to: {intent: ladder}, require: spread <= 2pips}\n"
    assert findings(guard) == [("RE357", "ladder")]
    assert _ladder("steps: [100%]", sections=SIZE + guard) == []
    assert [code for code, _ in _pyramid("size: 1_000units", sections=guard)] == ["RE357"]


@pytest.mark.parametrize(("account", "found"), [("hedging", ["RE355"]), ("any", ["RE355"]), ("netting", [])])
def test_where_trades_stand_side_by_side_an_addition_needs_an_exit_of_its_own(account: str, found: list[str]) -> None:
    """On a netting account it is part of the position, which is the entry's."""
    sections = SIZE + EXIT + LADDER.format(source="signal", more="    steps: [100%]\n")
    sections = sections.replace("for_each: trade\n", "for_each: trade\n    applies_to: {opened_by: entry}\n")
    minimal = MINIMAL.replace("account: any", f"account: {account}")
    result, found_first = typed(sections, minimal)
    assert result is not None, found_first
    assert [each.code for each in uncovered(result)] == found


@pytest.mark.parametrize(("leverage", "found"), [("3", []), ("0", ["RE354"]), ("300%", ["RE335"])])
def test_the_leverage_of_an_entry(leverage: str, found: list[str]) -> None:
    entry = f"entries:\n  - id: e\n    source: signal\n    when: signal.age <= 2s\n    leverage: {leverage}\n"
    assert [code for code, _ in findings(EXIT + entry)] == found
