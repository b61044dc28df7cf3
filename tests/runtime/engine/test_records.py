"""What stands is recorded once, and again when something changed; a trigger that comes and goes adds nothing."""

from __future__ import annotations

import pytest

from tests.runtime.engine.world import World, decision, order, trade

HEDGE = """
hedges:
  - id: relief
    when: position.net_units >= 10_000units and mid >= 90
    REQUIRE
    reduce: {wanted: 4_000units, floor_over_cap: cap}
    ENFORCEMENT
    on_unknown: {wait: 10s, then: alert}
"""


@pytest.mark.parametrize(
    ("require", "enforcement", "outcome"),
    [
        ("", "enforcement: shadow", "shadow"),
        ("", "enforcement: warn", "shadow"),
        ("require: mid >= 158", "", "refused"),
        ("require: mid >= 158", "enforcement: shadow", "refused"),
    ],
)
def test_a_hedge_that_is_not_sent_is_recorded_once(require: str, enforcement: str, outcome: str) -> None:
    rules = HEDGE.replace("REQUIRE", require).replace("ENFORCEMENT", enforcement)
    world = World(rules, trades=(trade("10000"),))
    first = world.quote(157.0, at=0)
    assert decision(first).outcome == outcome
    for step in range(1, 20):
        assert not world.quote(157.0 + step / 1000, at=step)
    world.restart()
    assert not world.quote(157.0, at=21)


ENTRY = """
entries:
  - {id: cheap, source: market, when: mid <= 157, side: long, strategy: TrendMA, size: 1_000units, MORE}
"""


def test_a_rule_that_only_warns_says_so_once() -> None:
    rules = """
guards:
  - {id: wide, applies_to: {intent: entry}, require: spread <= 1pips, enforcement: warn}
  - {id: never, applies_to: {intent: entry}, require: mid <= 100}
"""
    world = World(ENTRY.replace("MORE", "max_open: 1") + rules)
    first = world.quote(156.9, 156.95, at=0)
    assert [note.code for note in first.notes] == ["RE594"]
    assert decision(first).first_blocker == "never"
    for step in range(1, 5):
        assert not world.quote(156.9, 156.95, at=step)


def toggled(world: World, times: int, *, begin: float) -> list[str]:
    """Codes of what is recorded while the trigger comes and goes."""
    found = []
    for step in range(times):
        found += [each.code for each in world.quote(157.1, at=begin + step).decisions]
        found += [each.code for each in world.quote(156.9, at=begin + step + 0.5).decisions]
    return found


@pytest.mark.parametrize("restarts", [False, True])
def test_one_refusal_a_cooldown(restarts: bool) -> None:
    world = World(ENTRY.replace("MORE", "cooldown: 30s"))
    world.fill(order(world.quote(156.9, at=0)), 156.9, at=0.1)
    assert toggled(world, 4, begin=1) == [], "the fill's own event recorded it"
    if restarts:
        world.restart()
    assert toggled(world, 4, begin=10) == []
    world.quote(157.1, at=29)
    again = world.quote(156.9, at=31)
    assert decision(world.fill(order(again), 156.9, at=31.1)).code == "RE578", "held back by another cooldown"
    assert toggled(world, 3, begin=32) == []


@pytest.mark.parametrize("restarts", [False, True])
def test_one_refusal_for_the_time_the_places_are_taken(restarts: bool) -> None:
    world = World(ENTRY.replace("MORE", "max_open: 1"))
    first = world.fill(order(world.quote(156.9, at=0)), 156.9, at=0.1)
    assert decision(first).code == "RE579"
    if restarts:
        world.restart()
    assert toggled(world, 5, begin=1) == []


def test_another_holding_is_another_time() -> None:
    rules = """
exits:
  - {id: out, for_each: trade, when: mid >= 157.2, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""
    world = World(ENTRY.replace("MORE", "max_open: 1") + rules)
    for begin in (0, 100):
        held = world.fill(order(world.quote(156.9, at=begin)), 156.9, at=begin + 0.1)
        assert decision(held).code == "RE579"
        assert toggled(world, 3, begin=begin + 1) == []
        world.fill(order(world.quote(157.2, at=begin + 10)), 157.2, at=begin + 11)


def test_one_refusal_while_all_of_it_is_on_its_way() -> None:
    rules = """
exits:
  - {id: first, for_each: trade, when: trade.age >= 1min, close: 100%, on_unknown: {wait: 30s, then: alert}}
  - {id: cheap, for_each: trade, when: mid <= 157, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""
    world = World(rules, trades=(trade("10000", opened_s=-100),))
    assert order(world.quote(157.1, at=0)).units == 10_000
    assert toggled(world, 4, begin=1) == ["RE583"]
