"""Mutated bytes: whatever they are, only coded findings with a place come out, or a document."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import PAGES
from ruleengine.load import Document, ListNode, MapNode, Node, ScalarNode, load_bytes, read
from ruleengine.load.scalars import _READERS
from tests.load.mutations import POLICY, mutate

ROUNDS, EACH = 20, 150


def scalars(node: Node) -> list[ScalarNode]:
    if isinstance(node, ScalarNode):
        return [node]
    if isinstance(node, MapNode):
        return [scalar for entry in node for scalar in [entry.key, *scalars(entry.value)]]
    return [scalar for item in node for scalar in scalars(item)]


def assert_well_formed(data: bytes, document: Document | None, found: list[Diagnostic]) -> None:
    """P10 and P12 of the reliability table, for the loader's part."""
    assert document is not None or found
    lines = data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").split("\n")
    assert found == sorted(found)
    for finding in found:
        span = finding.span
        assert finding.code in PAGES
        assert finding.message
        assert finding.help
        assert 1 <= span.line <= len(lines)
        assert 1 <= span.col <= len(lines[span.line - 1]) + 1
        assert (span.line, span.col) <= (span.end_line, span.end_col)


def assert_readable(document: Document | None) -> None:
    """Every scalar can be read as anything, and its characters have places."""
    for node in scalars(document.root) if document is not None else []:
        assert len(node.offsets.starts) == len(node.offsets.ends) == len(node.text)
        for expects in _READERS:
            value, found = read(node, expects)
            assert (value is None) == bool(found)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_mutated_policies(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(EACH):
        data = mutate(POLICY, rng)
        document, found = load_bytes(data, "x.yaml")
        assert_well_formed(data, document, found)
        assert_readable(document)


def test_the_unmutated_policy_is_clean() -> None:
    document, found = load_bytes(POLICY, "x.yaml")
    assert found == []
    assert document is not None
    assert isinstance(document.root, MapNode)
    guards = document.root.get("guards")
    assert guards is not None
    assert isinstance(guards.value, ListNode)


@settings(max_examples=400)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes(data: bytes) -> None:
    document, found = load_bytes(data, "x.yaml")
    assert_well_formed(data, document, found)
    assert_readable(document)


@settings(max_examples=400)
@given(st.text(alphabet=" \n\t-:?[]{},#&*!|>'\"%@`\\ax1.é한", max_size=60))
def test_any_text_of_yamls_own_characters(text: str) -> None:
    data = text.encode()
    document, found = load_bytes(data, "x.yaml")
    assert_well_formed(data, document, found)
    assert_readable(document)
