"""The word that was probably meant."""

from __future__ import annotations

import pytest

from ruleengine.diagnostics.suggest import did_you_mean, edit_distance, help_line


@pytest.mark.parametrize(
    ("left", "right", "slips"),
    [
        ("spread", "spread", 0),
        ("spread", "spred", 1),  # lost
        ("spread", "sspread", 1),  # added
        ("spread", "spread"[::-1][::-1], 0),
        ("spread", "sprecd", 1),  # changed
        ("spread", "psread", 1),  # swapped
        ("spread", "psraed", 2),
        ("", "ab", 2),
        ("ab", "", 2),
        ("ca", "abc", 3),  # each place is edited once: Damerau's restricted distance, 2 with the full one
        ("kitten", "sitting", 3),
        ("abcdef", "ghijkl", 3),  # stands for anything farther than the limit
    ],
)
def test_distance(left: str, right: str, slips: int) -> None:
    assert edit_distance(left, right) == slips
    assert edit_distance(right, left) == slips


def test_nearest_first_and_otherwise_in_the_order_given() -> None:
    assert did_you_mean("sizee", ["side", "size", "seize", "sizes"]) == ["size", "sizes", "side"]
    assert did_you_mean("sizee", ["sizes", "seize", "size", "side"]) == ["sizes", "size", "seize"]


def test_short_words_allow_one_slip() -> None:
    assert did_you_mean("mid", ["bid", "ask", "tied", "mid_price"]) == ["bid"]


def test_case_is_no_slip_and_the_word_itself_no_suggestion() -> None:
    assert did_you_mean("M1scalper", ["M1Scalper"]) == ["M1Scalper"]
    assert did_you_mean("spread", ["spread"]) == []


def test_nothing_near_gives_nothing() -> None:
    assert did_you_mean("equity", ["spread", "mid"]) == []
    assert help_line("equity", ["spread", "mid"]) is None


def test_the_help_line_says_something_else_only_where_nothing_is_near() -> None:
    assert help_line("equity", ["spread", "mid"], "facts are listed") == "facts are listed"
    assert help_line("sprad", ["spread"], "facts are listed") == "did you mean `spread`?"


@pytest.mark.parametrize(
    ("word", "candidates", "line"),
    [
        ("sprad", ["spread"], "did you mean `spread`?"),
        ("sied", ["side", "size"], "did you mean `side` or `size`?"),
        ("sizee", ["size", "sizes", "seize"], "did you mean `size`, `sizes` or `seize`?"),
    ],
)
def test_help_line(word: str, candidates: list[str], line: str) -> None:
    assert help_line(word, candidates) == line


def test_repeated_candidates_count_once() -> None:
    assert did_you_mean("sprad", iter(["spread", "spread"])) == ["spread"]
