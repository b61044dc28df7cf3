"""Trailing stops: armed by the best gain, closed by the fall from it, and never moved by anything but prices (OPS-05).

FX-21's micro profit exit: trail from 2.8 pips with 0.9 back-off and 0.4 kept. A long entered at 157.000 arms at
157.028; from a best price of 157.040 it closes at 157.031 (0.9 pips below).
"""

from __future__ import annotations

import pytest

from ruleengine.backends.trace import TraceProgram
from tests.runtime.engine.world import World, decision, order, orders, trade

MICRO = """
exits:
  - id: micro-trail
    for_each: trade
    trail: {from: 2.8pips, distance: 0.9pips, lock: 0.4pips}
    close: 100%
    on_unknown: {wait: 30s, then: close}
"""


def test_it_closes_at_its_fall_from_the_best_price_and_not_before() -> None:
    world = World(MICRO, trades=(trade("10000"),))
    assert not orders(world.quote(157.04))
    assert not orders(world.quote(157.032)), "a fall of 0.8 pips"
    audit = world.quote(157.031)
    assert order(audit).units == 10_000
    assert [(each.text, each.left, each.right, each.verdict) for each in decision(audit).trigger] == [
        ("trade.peak_pips >= 2.8pips", pytest.approx(4.0), 2.8, True),
        ("trade.back_off >= 0.9pips", pytest.approx(0.9), 0.9, True),
        ("trade.pnl_pips <= 0.4pips", pytest.approx(3.1), 0.4, False),
    ]


def test_below_the_arming_gain_no_fall_closes() -> None:
    world = World(MICRO, trades=(trade("10000"),))
    world.quote(157.027)
    assert not orders(world.quote(156.9))
    world.quote(157.028)
    assert orders(world.quote(156.9)), "armed at exactly 2.8 pips"


def test_a_short_trails_the_other_way() -> None:
    """The ask closes it: best 156.96, 0.9 pips above that 156.969."""
    world = World(MICRO, trades=(trade("10000", side="short"),))
    world.quote(156.95, 156.96)
    assert not orders(world.quote(156.958, 156.968))
    assert order(world.quote(156.959, 156.969)).side.value == "long"


def test_what_is_locked_is_kept_where_the_distance_is_wider() -> None:
    world = World(MICRO.replace("distance: 0.9pips", "distance: 20pips"), trades=(trade("10000"),))
    world.quote(157.03)
    assert not orders(world.quote(157.005))
    assert orders(world.quote(157.004)), "a gain of 0.4 pips is all that is left"


@pytest.mark.parametrize("program", [None, TraceProgram])
def test_a_distance_may_follow_the_gain(program: object) -> None:
    """PY-04: after +1 % a fall of 1 % closes, from +3 % on one of 0.5 %, both of the best price.

    100 → 102: 102 × 0.99 = 100.98. 100 → 104: 104 × 0.995 = 103.48."""
    rules = """
exits:
  - id: trail
    for_each: trade
    trail:
      from: 1%
      distance: 0.5% if trade.peak_ratio >= 3% else 1%
    close: 100%
    on_unknown: {wait: 30s, then: close}
"""
    more = {} if program is None else {"program": program}
    world = World(rules, trades=(trade("10000", "100"),), **more)  # type: ignore[arg-type]
    world.quote(102.0)
    assert not orders(world.quote(100.99))
    assert orders(world.quote(100.98))
    world = World(rules, trades=(trade("10000", "100"),), **more)  # type: ignore[arg-type]
    world.quote(104.0)
    assert not orders(world.quote(103.49))
    assert orders(world.quote(103.48))


def test_a_restart_between_peak_and_fall_keeps_the_peak() -> None:
    """FX-35."""
    world = World(MICRO, trades=(trade("10000"),))
    world.quote(157.04)
    world.restart()
    assert not orders(world.quote(157.032))
    assert orders(world.quote(157.031))


def test_a_part_that_closes_moves_neither_peak_nor_fall() -> None:
    """OPS-05: in money the open gain halves with the units; per unit of price nothing happens."""
    half = """
  - {id: half, for_each: trade, when: trade.pnl_pips >= 4pips, close: 50%, on_unknown: {wait: 30s, then: close}}
"""
    world = World(MICRO + half, trades=(trade("10000"),))
    part = order(world.quote(157.04))
    assert part.units == 5_000
    assert not orders(world.fill(part, 157.04))
    assert not orders(world.quote(157.032))
    assert order(world.quote(157.031)).units == 5_000


def test_a_close_filled_in_part_goes_on_though_the_price_comes_back() -> None:
    world = World(MICRO, trades=(trade("10000"),))
    world.quote(157.04)
    first = order(world.quote(157.031))
    world.fill(first, 157.031, units="4000")
    rest = orders(world.quote(157.031, at=60))
    assert sum(int(each.units) for each in rest) in (0, 6_000)


def test_an_unknown_distance_shows_and_waits() -> None:
    """Armed, and nobody can say how far the fall may go: the posture decides (FX-23)."""
    rules = MICRO.replace("distance: 0.9pips", "distance: 2 * atr(m1, 14)")
    world = World(rules, trades=(trade("10000"),))
    armed = world.quote(157.04, at=0)
    assert not armed.commands
    assert [each.code for each in armed.notes] == ["RE589"]
    assert order(world.timer(at=30)).units == 10_000


def test_an_unknown_distance_does_not_matter_before_it_arms() -> None:
    world = World(MICRO.replace("distance: 0.9pips", "distance: 2 * atr(m1, 14)"), trades=(trade("10000"),))
    assert not world.quote(157.02, at=0).notes
    assert not world.timer(at=40).commands
