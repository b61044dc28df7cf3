"""The limits of the expression contract: 2,048 characters, 256 nodes, depth 24; the last that passes, the first that
does not. RE301, RE302, RE308, RE309."""

from __future__ import annotations

import pytest

from ruleengine.syntax.parse import CHARACTERS_MAX, DEPTH_MAX, NODES_MAX
from tests.syntax.reading import codes, read


def test_the_limits_are_those_of_the_contract() -> None:
    assert (CHARACTERS_MAX, NODES_MAX, DEPTH_MAX) == (2048, 256, 24)


def test_characters() -> None:
    assert codes("mid > 1" + " " * 2041) == []
    assert codes("mid > 1" + " " * 2042) == ["RE301"]
    assert codes("x" * 100_000) == ["RE301"]


def test_nothing_written() -> None:
    assert codes("") == ["RE302"]
    assert codes("   ") == ["RE302"]


def test_nodes() -> None:
    # `a or b …` is one node and its operands
    assert codes(" or ".join(["a"] * 255)) == []
    assert codes(" or ".join(["a"] * 256)) == ["RE309"]


@pytest.mark.parametrize("opening", ["(", "abs(", "not (", "-("])
def test_brackets(opening: str) -> None:
    assert codes(opening * 11 + "a" + ")" * 11) == []
    assert "RE308" in codes(opening * 25 + "a" + ")" * 25)
    assert set(codes(opening * 200 + "a" + ")" * 200)) <= {"RE308"}


@pytest.mark.parametrize("prefix", ["not ", "-", "+", "- "])
def test_signs(prefix: str) -> None:
    assert codes(prefix * 23 + "a") == []
    assert set(codes(prefix * 24 + "a")) == {"RE308"}
    assert set(codes(prefix * 480 + "a")) == {"RE308"}


def test_a_chain_of_operators_nests_as_it_is_read() -> None:
    assert codes(" + ".join(["a"] * 24)) == []
    assert set(codes(" + ".join(["a"] * 25))) == {"RE308"}


def test_thirty_digits() -> None:
    assert codes("9" * 30 + " > a") == []
    assert codes("9" * 31 + " > a") == ["RE306"]


def test_offsets() -> None:
    assert codes("m1.close[10000]") == []
    assert read("m1.close[10001]")[1] == [("RE314", "10001")]
