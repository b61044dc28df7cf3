"""`applies_to`: every key that a kind of rule has works there, and one that leaves out the rule itself is a finding."""

from __future__ import annotations

import pytest

from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from tests.typecheck.policies import MINIMAL, findings

TWO = MINIMAL.replace("  M1Scalper: {pocket: scalp}\n", "  A: {pocket: scalp}\n  B: {}\n")
TWO = TWO.replace("pockets: [scalp]", "pockets: [scalp, macro]")
ENTRY = (
    "entries:\n  - id: e\n    source: market\n    applies_to: {WORDS}\n    when: mid > 90\n    side: long\n"
    "    strategy: A\n    size: 1_000units\n"
)
SIGNAL = "entries:\n  - {id: e, source: signal, applies_to: {WORDS}, when: mid > 90}\n"
OPEN = (
    "hedges:\n  - id: h\n    applies_to: {WORDS}\n    when: mid > 90\n"
    "    open: {side: short, size: 1_000units, strategy: A}\n    pocket: macro\n"
)
REDUCE = (
    "hedges:\n  - id: h\n    applies_to: {WORDS}\n    when: mid > 90\n    reduce: {wanted: 1_000units}\n"
    "    on_unknown: {wait: 10s, then: alert}\n"
)


@pytest.mark.parametrize(
    ("rule", "words", "expected"),
    [
        (ENTRY, "strategy: A, pocket: scalp, side: long, instrument: USD_JPY", []),
        (ENTRY, "strategy: [B, A]", []),
        (ENTRY, "strategy: B", ["B"]),
        (ENTRY, "pocket: macro", ["macro"]),
        (ENTRY, "side: short", ["short"]),
        (SIGNAL, "strategy: B, pocket: macro, side: short", []),
        (OPEN, "strategy: A, pocket: macro, side: short", []),
        (OPEN, "strategy: B", ["B"]),
        (OPEN, "pocket: scalp", ["scalp"]),
        (OPEN, "side: long", ["long"]),
        (REDUCE, "side: long, instrument: USD_JPY", []),
        (REDUCE, "strategy: A", ["A"]),
        (REDUCE, "pocket: scalp", ["scalp"]),
        (REDUCE + "    pocket: scalp\n", "pocket: scalp", []),
    ],
)
def test_a_rule_that_its_own_words_leave_out_is_a_finding(rule: str, words: str, expected: list[str]) -> None:
    assert findings(rule.replace("WORDS", words), TWO) == [("RE353", word) for word in expected]


SIZING = "sizing:\n  - {id: s, applies_to: {WORDS}, size: 1_000units}\n"
GUARD = "guards:\n  - {id: g, applies_to: {WORDS}, require: mid > 90}\n"
EXIT = (
    "exits:\n  - {id: x, for_each: trade, applies_to: {WORDS}, when: trade.age > 1h, close: 100%,\n"
    "     on_unknown: {wait: 10s, then: close}}\n"
)


@pytest.mark.parametrize(
    ("rule", "words", "codes"),
    [
        (GUARD, "intent: [entry, exit], strategy: A, side: long", []),
        (GUARD, "opened_by: entry", ["RE201"]),
        (ENTRY, "intent: exit", ["RE201"]),
        (SIGNAL, "opened_by: entry", ["RE201"]),
        (OPEN, "intent: hedge_open", ["RE201"]),
        (EXIT, "opened_by: hedge_open, side: long", []),
        (EXIT, "opened_by: exit", ["RE204"]),
        (EXIT, "intent: exit", ["RE201"]),
        (SIZING, "intent: [entry, hedge_open]", []),
        (SIZING, "intent: exit", ["RE204"]),
        (SIZING, "intent: [entry, hedge_reduce]", ["RE204"]),
        (GUARD, "intent: []", ["RE208"]),
        (GUARD, "strategy: []", ["RE208"]),
        (EXIT, "opened_by: []", ["RE208"]),
        (ENTRY, "instrument: []", ["RE208"]),
    ],
)
def test_a_key_that_the_kind_of_rule_has_no_use_for_is_none_of_its_keys(
    rule: str, words: str, codes: list[str]
) -> None:
    document, _ = load_bytes((TWO + rule.replace("WORDS", words)).encode(), "policy.yaml")
    assert document is not None
    assert [each.code for each in shape(document, confirm=True)[1]] == codes


@pytest.mark.parametrize(
    ("rule", "words", "expected"),
    [
        (GUARD, "intent: ladder", ["ladder"]),
        (GUARD, "intent: [ladder, pyramid]", ["[ladder, pyramid]"]),
        (GUARD, "intent: [entry, ladder]", []),
        (SIZING, "intent: pyramid", ["pyramid"]),
        (EXIT, "opened_by: [pyramid]", ["[pyramid]"]),
        (EXIT, "opened_by: [hedge_open, pyramid]", []),
    ],
)
def test_a_rule_for_what_nothing_opens_yet_is_a_finding(rule: str, words: str, expected: list[str]) -> None:
    assert findings(rule.replace("WORDS", words), TWO) == [("RE357", place) for place in expected]
