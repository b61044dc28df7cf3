"""Each limit at its boundary and one beyond; work is counted, never timed."""

from __future__ import annotations

from typing import Any

import pytest
from yaml._yaml import CParser

from ruleengine.load import MapNode, load_bytes


class Counted:
    """libyaml's parser, counting the events that were asked for."""

    asked = 0

    def __init__(self, text: str) -> None:
        self._parser = CParser(text)

    def get_event(self) -> Any:
        Counted.asked += 1
        return self._parser.get_event()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> type[Counted]:
    Counted.asked = 0
    monkeypatch.setattr("ruleengine.load.compose.CParser", Counted)
    return Counted


def codes(text: str) -> list[str]:
    return [finding.code for finding in load_bytes(text.encode(), "x.yaml")[1]]


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ("{a: ", "}")])
def test_depth(open_: str, close: str) -> None:
    assert codes("k: " + open_ * 31 + "x" + close * 31) == []  # the root map is the first level
    assert codes("k: " + open_ * 32 + "x" + close * 32) == ["RE110"]


def test_depth_in_block_style() -> None:
    def nested(depth: int) -> str:
        return "".join(f"{'  ' * level}k:\n" for level in range(depth)) + "  " * depth + "x\n"

    assert codes(nested(32)) == []
    assert codes(nested(33)) == ["RE110"]


@pytest.mark.parametrize("opening", ["[", "{", "{a: ", "- ", "? ", "[a: "])
def test_a_hundred_thousand_levels_cost_a_hundred_events(opening: str, counted: type[Counted]) -> None:
    """Row 20 of the fault table: 10⁵ levels; PyYAML's own loader ends in a RecursionError (or quadratic time)."""
    text = (opening * 100_000)[: 256 * 1024]
    assert codes(text) in (["RE110"], ["RE141"])
    assert counted.asked <= 100


def test_nodes(counted: type[Counted]) -> None:
    # the root map, its key and the list are three nodes
    assert codes("k: [" + "a," * 19_997 + "]") == []
    assert codes("k: [" + "a," * 19_998 + "]") == ["RE111"]
    counted.asked = 0
    assert codes("k: [" + "a," * 120_000 + "]") == ["RE111"]
    assert counted.asked <= 20_010


def test_aliases() -> None:
    padding = "# " + "x" * 1_000 + "\n"
    assert codes(padding + "k: [&a x" + ", *a" * 100 + "]") == []
    assert codes(padding + "k: [&a x" + ", *a" * 101 + "]") == ["RE112"]


def test_expansion_is_bounded_by_the_length_of_the_file() -> None:
    """10 aliases of a value that is the whole file are more than ten times the file; nine are not."""
    value = "x" * 1_000
    assert codes(f"k: [&a {value}" + ", *a" * 9 + "]") == []
    assert codes(f"k: [&a {value}" + ", *a" * 10 + "]") == ["RE113"]


def test_expansion_is_bounded_by_the_number_of_nodes() -> None:
    items = "a," * 4_000
    assert codes(f"k: [&a [{items}], *a, *a, *a]") == []
    assert codes(f"k: [&a [{items}], *a, *a, *a, *a]") == ["RE113"]


def test_expansion_is_bounded_by_depth() -> None:
    deep = "[" * 16 + "x" + "]" * 16
    padding = "# " + "x" * 1_000 + "\n"
    assert codes(f"{padding}a: &a {deep}\nb: " + "[" * 15 + "*a" + "]" * 15) == []
    assert codes(f"{padding}a: &a {deep}\nb: " + "[" * 16 + "*a" + "]" * 16) == ["RE113"]


def test_an_alias_bomb_is_refused_while_it_is_read(counted: type[Counted]) -> None:
    """The 254 bytes of PyYAML issue #235 (34.7 MB once written out), nine levels of nine."""
    lines = ["a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for left, right in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{right}: &{right} [{', '.join([f'*{left}'] * 9)}]")
    assert codes("\n".join(lines)) == ["RE113"]
    assert counted.asked <= 60


def test_findings_of_a_file_are_bounded() -> None:
    assert codes("a: 1\n" * 9_000) == ["RE123"] * 200


def test_a_very_long_line_costs_no_more_than_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pattern for keys takes quadratic time, so it must never see more of a line than a key can fill."""
    seen: list[int] = []

    class Watched:
        def match(self, line: str) -> None:
            seen.append(len(line))

    monkeypatch.setattr("ruleengine.load.breakage._ENTRY", Watched())
    codes("a: b\nx" + " " * 200_000 + "y\nc: d\n")
    codes("a: b\n" + "- " * 100_000 + "\nc: d\n")
    assert seen
    assert max(seen) <= 300


def test_aliased_values_are_shared_not_copied() -> None:
    document, _ = load_bytes(b"a: &a [x, y]\nb: *a\n", "x.yaml")
    assert document is not None
    assert isinstance(document.root, MapNode)
    assert document.root.entries[0].value is document.root.entries[1].value
