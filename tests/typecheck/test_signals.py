"""Guards, caps and sizing that need a signal, for intents that have none."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings

SIGNAL = "entries:\n  - {id: s, source: signal, when: true}\n"
MARKET = "entries:\n  - {id: e, source: market, when: mid > 90, side: long, strategy: M1Scalper, size: 1_000units}\n"
OPENS = "hedges:\n  - {id: h, when: mid > 90, open: {side: short, size: 1_000units, strategy: M1Scalper}}\n"
FRESH = "signal.age <= 6s"


def rule(section: str, words: str, condition: str) -> str:
    key = {"guards": "require", "caps": "limit", "sizing": "size"}[section]
    return f'{section}:\n  - id: r\n    applies_to: {words}\n    {key}: "{condition}"\n'


@pytest.mark.parametrize(
    ("words", "rest", "is_good"),
    [
        ("{intent: entry}", SIGNAL, True),
        ("{}", SIGNAL, True),
        ("{intent: entry}", SIGNAL + MARKET.removeprefix("entries:\n"), True),
        ("{intent: entry}", "", True),  # a policy that others build on
        ("{intent: entry}", SIGNAL + OPENS, True),
        ("{intent: entry}", MARKET, False),
        ("{}", MARKET, False),
        ("{}", SIGNAL + OPENS, False),
        ("{intent: hedge_open}", SIGNAL, False),
        ("{intent: hedge_reduce}", SIGNAL, False),
        ("{intent: exit}", SIGNAL, False),
        ("{intent: [entry, exit]}", SIGNAL, False),
    ],
)
def test_a_guard_on_the_signal_is_for_what_signals_open(words: str, rest: str, is_good: bool) -> None:
    assert findings(rest + rule("guards", words, FRESH)) == ([] if is_good else [("RE358", "signal.age")])


@pytest.mark.parametrize(
    ("condition", "is_good"),
    [
        ("signal.age <= 6s and spread <= 2pips", False),
        ("not (signal.age > 6s)", False),
        ("spread <= 2pips if signal.age <= 6s else true", False),
        ("spread <= 2pips if known(signal.time) else signal.age <= 6s", False),
        ("known(signal.time) and spread <= 2pips", False),
        ("signal.age <= 6s or spread <= 2pips", True),
        ("not known(signal.time) or signal.age <= 6s", True),
        ("signal.age <= 6s if known(signal.time) else true", True),
        ("coalesce(signal.age, 0s) <= 6s", True),
        ("coalesce(signal.stop, signal.target) > 90", False),
    ],
)
def test_what_can_hold_without_a_signal_is_fine(condition: str, is_good: bool) -> None:
    found = findings(SIGNAL + rule("guards", "{intent: exit}", condition))
    assert [code for code, _ in found] == ([] if is_good else ["RE358"])


def test_where_it_does_not_apply_or_lets_pass_nothing_is_refused() -> None:
    assert findings(SIGNAL + rule("guards", "{intent: exit, when: known(signal.time)}", FRESH)) == []
    assert findings(SIGNAL + rule("guards", "{intent: exit}", FRESH) + "    unless: spread <= 2pips\n") == []
    assert findings(SIGNAL + rule("guards", "{intent: exit}", FRESH) + "    unless: signal.age > 9s\n") != []


@pytest.mark.parametrize(
    ("section", "condition"),
    [("caps", "size <= signal.size"), ("sizing", "signal.size"), ("sizing", "min(signal.size, 5_000units)")],
)
def test_caps_and_sizes_are_held_to_the_same(section: str, condition: str) -> None:
    assert findings(SIGNAL + rule(section, "{intent: entry}", condition)) == []
    assert findings(SIGNAL + rule(section, "{intent: hedge_open}", condition)) == [("RE358", "signal.size")]
    known = condition.replace("signal.size", "coalesce(signal.size, 1_000units)")
    assert findings(SIGNAL + rule(section, "{intent: hedge_open}", known)) == []
