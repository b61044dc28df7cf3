"""Places inside an expression: every node covers its own characters, whatever literals stand before it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.syntax import tree
from tests.syntax.reading import read

TEXTS = [
    "1.2pips + 15_000units * 92% - spread",
    "count(t for t in trades if t.pnl < -500JPY) >= 5",
    "rsi(m1, n=14) > 70 and not (side == long or strategy in ('a b', M1Scalper))",
    "  mid if m1.close[3] > 1 else 55% of bid",
    "a < b <= c != d",
    "f(x, second=24h)",
]


def nodes(value: Any) -> Iterator[Any]:
    if hasattr(value, "start"):
        yield value
    if isinstance(value, tuple):  # a node's fields, or several nodes
        for each in value:
            yield from nodes(each)


@pytest.mark.parametrize("text", TEXTS)
def test_a_nodes_own_text_reads_as_the_node(text: str) -> None:
    whole, found = read(text)
    assert found == []
    seen = 0
    for node in nodes(whole):
        part = text[node.start : node.end]
        assert part.strip() == part
        again, found = read(part)
        if isinstance(node, tree.Comprehension):
            continue
        assert found == [], part
        assert type(again) is type(node) or isinstance(again, tree.Logic | tree.OneOf | tree.Unary), part
        seen += 1
    assert seen >= 3


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1.2pips", "1.2", "pips"),
        ("92%", "92", "%"),
        ("15_000units", "15000", "units"),
        ("24h", "24", "h"),
        ("500USD", "500", "USD"),
        ("3", "3", None),
        ("0.5", "0.5", None),
        ("1_000_000", "1000000", None),
    ],
)
def test_literals(text: str, value: str, unit: str | None) -> None:
    number, found = read(text)
    assert found == []
    assert isinstance(number, tree.Number)
    assert (number.value, number.unit, number.text) == (Decimal(value), unit, text)


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ("1.2pips <= spraed + ", "RE317", "+"),
        ("spread <= 1.2pip and mid > 90", "RE307", "pip"),
        ("1.2pips + 3 pips", "RE305", "3 pips"),
        ("rsi(m1, 14", "RE304", "("),
        ("rsi(m1, 14))", "RE304", ")"),
        ("[1, 2", "RE304", "["),
        ("strategy == 'abc", "RE304", "'"),
        ("{a: 1}", "RE304", "{"),
        ("a && b", "RE310", "&&"),
        ("a || b", "RE310", "||"),
        ("a <> b", "RE310", "<>"),
        ("a => b", "RE310", "=>"),
        ("a = b", "RE310", "="),
        ("!a", "RE310", "!"),
        ("a OR b", "RE310", "OR"),
        ("8 %", "RE311", "%"),
        ("a; b", "RE312", ";"),
        ("a # b", "RE312", "#"),
        ("a ^ b", "RE312", "a ^ b"),
        ("~a", "RE312", "~a"),
        ("a is b", "RE312", "a is b"),
        ("None", "RE312", "None"),
        ("False", "RE313", "False"),
        ("m1.close[x]", "RE314", "x"),
        ("m1.close[1:2]", "RE314", "1:2"),
        ("a in b", "RE315", "b"),
        ("a in ()", "RE315", "()"),
        ("count(t for t in trades if a if b)", "RE316", "(t for t in trades if a if b)"),
        ("mid > 90 spread", "RE318", "spread"),
        ("5 mid", "RE318", "mid"),
        ("mid > > 90", "RE318", ">"),
        ("'a' 'b'", "RE312", "'a' 'b'"),
    ],
)
def test_the_caret_stands_under_the_fault(text: str, code: str, shown: str) -> None:
    tree_, found = read(text)
    assert tree_ is None
    assert (code, shown) in found, found


def test_several_faults_of_one_text_are_all_told() -> None:
    assert read("a ** 2 > 1pip")[1] == [("RE307", "pip"), ("RE312", "a ** 2")]


def test_what_is_quoted_is_no_operator() -> None:
    assert read("strategy == 'a && b = c % d'")[1] == []
