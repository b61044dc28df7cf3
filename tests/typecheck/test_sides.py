"""Bare words where an enum is wanted: of a side that depends on the market, and beside a value."""

from __future__ import annotations

import pytest

from tests.runtime.engine.world import World, order
from tests.typecheck.policies import findings, guard

ENTRY = """
entries:
  - {id: e, source: market, when: mid > 90, side: "SIDE", strategy: M1Scalper, size: 1_000units}
"""


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ("long", []),
        ("long if spread > 1pips else short", []),
        ("long if mid > 150 else short if mid > 100 else long", []),
        ("(long if mid > 150 else short)", []),
        ("long if mid > 150 else lonng", ["RE336"]),
        ("lonng", ["RE336"]),
        ("long if mid else short", ["RE334"]),
        ("long if mid > 150 else 5pips", ["RE342"]),
        ("5pips", ["RE335"]),
        ("mid > 150", ["RE335"]),
    ],
)
def test_a_side_may_depend_on_the_market(side: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(ENTRY.replace("SIDE", side))] == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("side == (long if mid > 150 else short)", []),
        ("(M1Scalper if mid > 150 else M1Scalper) == strategy", []),
        ("side == (long if mid > 150 else shrt)", ["RE336"]),
        ("mid > (long if mid > 150 else short)", ["RE320", "RE320"]),
    ],
)
def test_a_choice_of_words_is_compared_like_a_word(condition: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(guard(condition))] == expected


@pytest.mark.parametrize(("price", "side"), [(151.0, "long"), (149.0, "short")])
def test_the_order_is_on_the_side_that_holds_now(price: float, side: str) -> None:
    world = World(ENTRY.replace("SIDE", "long if mid > 150 else short"))
    assert order(world.quote(price)).side == side
