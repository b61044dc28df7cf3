"""Trails of a position: gains from its average or first entry, the best price kept over additions (PY-03, OPS-05)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.event import Fill
from ruleengine.model.side import Side
from tests.runtime.engine.world import World, orders, trade

RULES = """
exits:
  - id: trail
    for_each: position
    trail: {from: 1%, distance: 0.5%, basis: BASIS}
    close: 100%
    on_unknown: {wait: 30s, then: alert}
"""


def added(world: World, price: float) -> None:
    """10,000 more at a price, on another trade of the side."""
    ts = world._at(None)
    world.feed(
        Fill(
            ts,
            ts,
            "USD_JPY",
            "qr-8-micro-M1Scalper",
            Side.LONG,
            Decimal(10_000),
            Decimal(str(price)),
            "8",
            opens=True,
            fee=Decimal(0),
        )
    )


def test_it_closes_all_of_its_own_trades_at_the_fall() -> None:
    """100 → 102: 102 × 0.995 = 101.49."""
    world = World(RULES.replace("BASIS", "average"), trades=(trade("10000", "100"), trade("5000", "100", name="2")))
    world.quote(102.0)
    assert not orders(world.quote(101.50))
    assert [int(each.units) for each in orders(world.quote(101.49))] == [10_000, 5_000]


@pytest.mark.parametrize(("basis", "closes"), [("average", True), ("first_entry", True)])
def test_an_addition_never_disarms(basis: str, closes: bool) -> None:
    """100, and as much at 102: the average is 101. Best 102: 2 % over the first entry and over the average of that
    time, so it stays armed over either; 102 × 0.995 = 101.49."""
    world = World(RULES.replace("BASIS", basis), trades=(trade("10000", "100"),))
    world.quote(102.0)
    added(world, 102.0)
    assert not orders(world.quote(101.50))
    assert bool(orders(world.quote(101.49))) is closes


def test_a_restart_between_peak_and_fall_keeps_the_peak() -> None:
    world = World(RULES.replace("BASIS", "average"), trades=(trade("10000", "100"),))
    world.quote(102.0)
    world.restart()
    assert not orders(world.quote(101.50))
    assert orders(world.quote(101.49))


def test_a_flat_instrument_has_nothing_to_trail() -> None:
    world = World(RULES.replace("BASIS", "average"))
    assert not any(world.quote(100.0 + n / 10).notes for n in range(40))


@pytest.mark.parametrize("restarts", [False, True])
def test_an_armed_trail_stays_armed_after_the_average_has_come_up(restarts: bool) -> None:
    """PY-03: 100, best 101.9 (1.9 %: armed at 1 %), as much again there: the average is 100.95, and 101.9 is 0.94 %
    over it. 101.9 × 0.995 = 101.3905."""
    world = World(RULES.replace("BASIS", "average"), trades=(trade("10000", "100"),))
    world.quote(100.0)
    world.quote(101.9)
    added(world, 101.9)
    if restarts:
        world.restart()
    assert not orders(world.quote(101.40))
    assert [int(each.units) for each in orders(world.quote(101.39))] == [10_000, 10_000]


SINCE = RULES.replace("basis: BASIS", "since: addition")


@pytest.mark.parametrize("restarts", [False, True])
def test_since_an_addition_best_gain_and_fall_begin_anew(restarts: bool) -> None:
    """PY-03: 100, best 102 (armed; 101.49 would close). As much again at 101.6: the average is 100.8, and 101.6 is
    0.79 % over it. 101.9 is 1.09 %; 101.9 × 0.995 = 101.3905."""
    world = World(SINCE, trades=(trade("10000", "100"),))
    world.quote(102.0)
    world.quote(101.6)
    added(world, 101.6)
    assert not orders(world.quote(101.4))
    world.quote(101.9)
    if restarts:
        world.restart()
    assert not orders(world.quote(101.40))
    assert [int(each.units) for each in orders(world.quote(101.39))] == [10_000, 10_000]


def test_before_an_addition_it_counts_since_the_position_was_flat() -> None:
    """100 → 102: 102 × 0.995 = 101.49."""
    world = World(SINCE, trades=(trade("10000", "100"),))
    world.quote(102.0)
    assert not orders(world.quote(101.50))
    assert orders(world.quote(101.49))


@pytest.mark.parametrize(
    "when",
    [
        "position.peak_pips_over_average >= 100pips",
        "position.peak_pips_over_average_since_addition >= 100pips",
        "position.best_price_since_addition >= position.average_price + distance(100pips)",
    ],
)
def test_a_peak_alone_is_looked_at_when_a_quote_moves_it(when: str) -> None:
    """100 → 101 is 100 pips."""
    rule = "  - {id: peak, for_each: position, when: WHEN, close: 100%, on_unknown: {wait: 30s, then: alert}}"
    world = World("exits:\n" + rule.replace("WHEN", when), trades=(trade("10000", "100"),))
    world.quote(100.0)
    assert not orders(world.quote(100.99))
    assert [int(each.units) for each in orders(world.quote(101.0))] == [10_000]


def test_a_position_that_never_gained_enough_is_not_armed_by_an_addition() -> None:
    """0.9 % over 100, as much again at 100.9: 100.45, and 101.4 is 0.946 % over that; 101.46 is 1.005 %."""
    world = World(RULES.replace("BASIS", "average"), trades=(trade("10000", "100"),))
    world.quote(100.9)
    added(world, 100.9)
    world.quote(101.4)
    assert not orders(world.quote(100.0))
    world.quote(101.46)
    assert orders(world.quote(100.9))
