"""`reduce.side`: what a rule takes from the side it names (FX-15), by hand."""

from __future__ import annotations

import pytest

from ruleengine.model.side import Side
from tests.runtime.engine.world import World, decision, order, orders, trade

COMPRESSION = """
hedges:
  - id: compression
    when: position.gross_units >= 18_000units and abs(position.net_units) <= 4_000units
    reduce:
      side: {side}
      wanted: {wanted}
      at_least: 3_000units
      at_most: [18_000units]
      floor_over_cap: send_nothing
    cooldown: 45s
    on_unknown: {{wait: 10s, then: alert}}
"""
SMALLER = "short if position.net_units > 0 else long"


def book(long: str, short: str, side: str = SMALLER, wanted: str = "25% of position.short_units") -> World:
    trades = (trade(long, "100", side="long"), trade(short, "100", side="short", name="2"))
    return World(COMPRESSION.format(side=side, wanted=wanted), balance="1000000", trades=trades)


def test_the_named_side_is_reduced_though_the_net_position_is_smaller() -> None:
    """25 % of 16,000 short are 4,000, more than the net position of 2,000."""
    found = order(book("18000", "16000").quote(100.0))
    assert (found.side, found.position_side, found.is_reduce_only) == (Side.LONG, Side.SHORT, True)
    assert found.units == 4_000


def test_either_side_can_be_named() -> None:
    found = order(book("18000", "16000", side="long", wanted="5_000units").quote(100.0))
    assert (found.side, found.position_side, int(found.units)) == (Side.SHORT, Side.LONG, 5_000)


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("2_000units", 3_000),  # the floor
        ("17_999units", 9_000),  # all of that side, and no more
        ("50_000units", 9_000),
    ],
)
def test_its_bounds_are_those_of_the_side(wanted: str, sent: int) -> None:
    assert order(book("10000", "9000", wanted=wanted).quote(100.0)).units == sent


def test_a_side_on_which_nothing_stands_is_refused_with_what_there_is() -> None:
    world = World(
        COMPRESSION.format(side="short", wanted="5_000units").replace(" and abs(position.net_units) <= 4_000units", ""),
        balance="1000000",
        trades=(trade("18000", "100", side="long"),),
    )
    audit = world.quote(100.0)
    assert orders(audit) == []
    assert (decision(audit).code, decision(audit).message) == (
        "RE582",
        "nothing of ours is left on the side to reduce",
    )


def test_a_side_that_is_not_known_is_refused() -> None:
    audit = book("18000", "16000", side="long if last > 100 else short").quote(100.0)
    assert orders(audit) == []
    assert decision(audit).code == "RE575"
    assert "last missing" in decision(audit).message
