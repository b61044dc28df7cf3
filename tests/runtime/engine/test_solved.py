"""Caps of several comparisons: the largest size at which all hold, by hand; USD_JPY at 157, one unit a lot."""

from __future__ import annotations

import pytest

from tests.runtime.engine.world import World, decision, order, trade

RULES = """
entries:
  - {{id: from-signal, source: signal, when: "true"}}
caps:
  - {{id: bound, applies_to: {{intent: entry}}, limit: "{limit}"}}
"""


def world(limit: str, **more: object) -> World:
    made = World(RULES.format(limit=limit), **more)  # type: ignore[arg-type]
    made.quote(157.0)
    return made


@pytest.mark.parametrize(
    "limit",
    [
        "abs(size - 10_000units) <= 5_000units",
        "5_000units <= size <= 15_000units",
        "size >= 5_000units and size < 15_001units",
        "max(size, 12_000units) <= 15_000units",
        "size + max(size - 5_000units, 0) <= 25_000units",  # 15,000 + 10,000
    ],
)
def test_a_size_above_the_interval_becomes_its_upper_end(limit: str) -> None:
    assert order(world(limit).signal(size=20_000.0)).units == 15_000
    assert order(world(limit).signal(size=6_000.0)).units == 6_000


def test_a_size_below_the_interval_is_refused() -> None:
    found = decision(world("abs(size - 10_000units) <= 5_000units").signal(size=4_999.0))
    assert (found.outcome, found.first_blocker) == ("refused", "bound")
    assert order(world("abs(size - 10_000units) <= 5_000units").signal(size=5_000.0)).units == 5_000


def test_parts_that_never_hold_together_allow_nothing() -> None:
    found = decision(world("size >= 15_000units and size <= 50units * spread / 1pips").signal(size=20_000.0))
    assert (found.outcome, found.first_blocker) == ("refused", "bound")


def test_a_part_that_falls_and_one_that_rises_meet_inside() -> None:
    """100,000 short: a long of 20,000 is the least that brings the net to 80,000, and one of 30,000 the most allowed;
    neither 0 nor the 50,000 that are wanted do."""
    limit = "abs(position.net_units_after) <= 80_000units and size <= 30_000units"
    held = world(limit, trades=(trade("100000", side="short"),), balance="10000000")
    assert order(held.signal("long", size=50_000.0)).units == 30_000
    found = decision(world(limit, trades=(trade("100000", side="short"),)).signal("long", size=19_999.0))
    assert (found.outcome, found.first_blocker) == ("refused", "bound")


def test_what_is_out_already_moves_where_the_net_position_is_zero() -> None:
    """45,000 short and a long of 20,000 on its way. With 40,000 more the net is 15,000 where that one fills, and -5,000
    where it does not: × 157 × 0.04 no more than 94,200. At none, at 25,000 and at 45,000 it may be more."""
    rules = RULES.format(limit="account.margin_used_after <= 94_200JPY")
    rules = rules.replace("intent: entry", "intent: entry, strategy: TrendMA")
    model = {"margin_model": {"model": "net"}}
    held = World(rules, trades=(trade("45000", side="short"),), account=model, balance="10000000")
    held.quote(157.0)
    assert order(held.signal("long", name="first", size=20_000.0)).units == 20_000
    assert order(held.signal("long", name="second", size=60_000.0, strategy="TrendMA")).units == 40_000
