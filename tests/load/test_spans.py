"""Places are exact: of nodes, and of characters inside texts of every style."""

from __future__ import annotations

import random

import pytest
import yaml

from ruleengine.diagnostics import Span
from ruleengine.load import Document, Entry, ListNode, MapNode, Node, ScalarNode, load_bytes


def load(text: str) -> Document:
    document, found = load_bytes(text.encode(), "x.yaml")
    assert found == []
    assert document is not None
    return document


def entry(document: Document, key: str) -> Entry:
    assert isinstance(document.root, MapNode)
    found = document.root.get(key)
    assert found is not None
    return found


def scalar(text: str, key: str = "k") -> ScalarNode:
    node = entry(load(text), key).value
    assert isinstance(node, ScalarNode)
    return node


def at(span: Span) -> tuple[int, int, int, int]:
    return (span.line, span.col, span.end_line, span.end_col)


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("k: rsi(m1, 14) > 70", "14", (1, 12, 1, 14)),
        ('k: "rsi(m1, 14) > 70"', "14", (1, 13, 1, 15)),
        ("k: 'rsi(m1, 14) > 70'", "14", (1, 13, 1, 15)),
        ("k: 'it''s 14'", "14", (1, 11, 1, 13)),
        ("k: 'it''s 14'", "'", (1, 7, 1, 9)),
        ('k: "\\u0041 \\x42 \\"c\\" 14"', "B", (1, 12, 1, 16)),
        ('k: "\\u0041 \\x42 \\"c\\" 14"', "14", (1, 23, 1, 25)),
        ('k: "a \\\n   b 14"', "14", (2, 6, 2, 8)),
        ("k: a >\n   b and\n   c", "c", (3, 4, 3, 5)),
        ("k: a >\n   b and\n   c", "b and", (2, 4, 2, 9)),
        ("k: a >\n   b and\n   c", "> b", (1, 6, 2, 5)),
        ("k: |\n  one\n    two\n  three", "two", (3, 5, 3, 8)),
        ("k: |2-\n   one\n  two", "two", (3, 3, 3, 6)),
        ("k: >\n  one\n  two\n\n  three\n", "two", (3, 3, 3, 6)),
        ("k: >\n  one\n  two\n\n  three\n", "three", (5, 3, 5, 8)),
        ("k: 한국 😀 x", "x", (1, 9, 1, 10)),
        ("k: &a !x".replace(" !x", " word"), "word", (1, 7, 1, 11)),
        ("k: &a\n  word", "word", (2, 3, 2, 7)),
        ("k: a\r\n  b", "b", (2, 3, 2, 4)),
        ("k: a\n\n\n  b", "\n", (2, 1, 4, 3)),
    ],
)
def test_a_word_inside_a_text_has_its_place_in_the_file(text: str, word: str, place: tuple[int, ...]) -> None:
    node = scalar(text)
    start = node.text.index(word)
    assert at(node.span_at(start, start + len(word))) == place


def test_offsets_outside_of_a_text_are_moved_to_its_ends() -> None:
    node = scalar("k: abc")
    assert at(node.span_at(-5, 99)) == (1, 4, 1, 7)
    assert at(node.span_at(3, 3)) == (1, 7, 1, 7)
    assert at(node.span_at(1, 1)) == (1, 5, 1, 5)
    assert at(scalar('k: ""').span_at(0, 0)) == (1, 5, 1, 5)
    assert at(scalar("k:").span_at(0, 0)) == (1, 3, 1, 3)


def test_spans_of_nodes_end_where_their_text_ends() -> None:
    document = load(
        "a: 1\nlist:\n- x\n- z: [1,\n    2]\n\n# comment\nmap: {b: {c: d}}  # more\nblock: |\n  t\n\nlast: 'q'\n"
    )
    spans = {item.key.text: at(item.value.span) for item in document.root} if isinstance(document.root, MapNode) else {}
    assert spans == {
        "a": (1, 4, 1, 5),
        "list": (3, 1, 5, 7),
        "map": (8, 6, 8, 17),
        "block": (9, 8, 10, 4),
        "last": (12, 7, 12, 10),
    }
    assert at(document.root.span) == (1, 1, 12, 10)
    assert at(entry(document, "a").span) == (1, 1, 1, 5)
    assert at(entry(document, "a").key.span) == (1, 1, 1, 2)


def test_a_repeated_value_has_the_place_where_it_was_written() -> None:
    document = load("a: &a [x]\nb: *a\n")
    assert at(entry(document, "b").value.span) == (1, 7, 1, 10)
    assert at(entry(document, "b").span) == (2, 1, 2, 2)


def test_a_joined_expression_keeps_places_inside() -> None:
    document, found = load_bytes(b"rule: {when: rsi(m1, 14) > 70, id: a}", "x.yaml")
    assert [finding.code for finding in found] == ["RE125"]
    assert document is not None
    rule = entry(document, "rule").value
    assert isinstance(rule, MapNode)
    assert rule.keys() == ("when", "id")
    when = rule.entries[0].value
    assert isinstance(when, ScalarNode)
    assert when.text == "rsi(m1, 14) > 70"
    assert at(when.span_at(8, 10)) == (1, 22, 1, 24)


def scalars(node: Node) -> list[ScalarNode]:
    if isinstance(node, ScalarNode):
        return [node]
    if isinstance(node, MapNode):
        return [leaf for item in node for leaf in [item.key, *scalars(item.value)]]
    assert isinstance(node, ListNode)
    return [leaf for item in node for leaf in scalars(item)]


@pytest.mark.parametrize("style", [None, "'", '"', "|", ">"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_character_of_a_dumped_text_points_at_its_own_source(style: str | None, line_end: str) -> None:
    """PyYAML's emitter writes texts in every style; a character of the value must be the one its offsets point at."""
    rng = random.Random(f"{style}{line_end}")
    alphabet = "ab  \n\t'\"\\:#-한😀é.,[]{}%&*!|>x1\n"
    for _ in range(150):
        text = "".join(rng.choice(alphabet) for _ in range(rng.randint(0, 30)))
        width = rng.choice([6, 80])
        dumped = yaml.dump({"k": {"v": [text, "z"]}}, default_style=style, allow_unicode=True, width=width)
        written = dumped.replace("\n", line_end)
        document = load(written)
        read_back = yaml.load(written, Loader=yaml.CSafeLoader)["k"]["v"][0]  # folding is the emitter's affair
        texts = scalars(document.root)
        assert [node.text for node in texts] == ["k", "v", read_back, "z"]
        for node in texts:
            for char, start, end in zip(node.text, node.offsets.starts, node.offsets.ends, strict=True):
                source = document.source[start:end]
                is_fold = char in " \n" and source[:1] in "\r\n"
                is_escape = (node.style == "double" and source[0] == "\\") or (
                    node.style == "single" and source == "''"
                )
                assert source == char or is_fold or is_escape
