"""Pyramids: an addition to a winner, by a size, once a position and once a day (PY-01, PY-02)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.event import Fill, OrderStatus
from ruleengine.model.side import Side
from tests.runtime.engine.world import SECOND, T0, World, decision, order, orders, trade

NETS = {"mode": "netting"}
DAY = 86_400
RULES = """
pyramids:
  - id: win
    source: market
    when: position.gain_over_first >= 2%
    size: 50% of position.initial_units
    most: 1
    per_day: 1
"""


def _held(rules: str = RULES, *, units: str = "1000") -> World:
    """Units at 100, flat at −1 %."""
    world = World(rules, account=NETS, trades=(trade(units, "100"),))
    world.quote(99.0, at=0)
    return world


def _close(world: World, trade_id: str, units: str, *, at: float) -> None:
    ts = T0 + round(at * SECOND)
    world.feed(Fill(ts, ts, "USD_JPY", "", Side.SHORT, Decimal(units), Decimal(102), trade_id, opens=False))


@pytest.mark.parametrize(("price", "sends"), [(101.999, False), (102.0, True)])
def test_it_adds_from_the_gain_over_the_first_entry_on(price: float, sends: bool) -> None:
    """PY-01: 2 % over 100."""
    assert bool(orders(_held().quote(price))) is sends


@pytest.mark.parametrize(("units", "added"), [("1000", "500"), ("7", "3")])
def test_half_of_the_initial_size_down_to_the_lot(units: str, added: str) -> None:
    """PY-02: 50 % of 7 shares are 3.5, so 3."""
    assert str(order(_held(units=units).quote(102.0)).units) == added


def test_once_a_position_whatever_is_closed_in_between() -> None:
    world = _held()
    audit = world.quote(102.0)
    assert (decision(audit).kind, decision(audit).addition.base_of) == ("pyramid", "")  # type: ignore[union-attr]
    added = world.fill(order(audit), 102.0, trade_id="2")
    assert (decision(added).code, decision(added).message) == ("RE603", "1 made, at most 1")
    _close(world, "1", "600", at=20)
    assert not orders(world.quote(104.0, at=21))


def test_once_a_day_over_positions_and_again_on_the_next_one() -> None:
    """PY-02: closed in full and bought again at 100; the account's day is that of USD/JPY, 17:00 New York."""
    world = _held()
    first = order(world.quote(102.0, at=1))
    world.fill(first, 102.0, trade_id="2", at=2)
    world.restart()
    _close(world, "1", "1000", at=3)
    _close(world, "2", "500", at=4)
    ts = T0 + 5 * SECOND
    again = Fill(ts, ts, "USD_JPY", "qr-again", Side.LONG, Decimal(1000), Decimal(100), "3", opens=True)
    found = decision(world.feed(again))
    assert (found.code, found.message) == ("RE605", "1 made today, at most 1")
    close = DAY - 840  # the world begins 22:14 UTC, the day at 22:00
    assert not world.timer(at=close - 0.1).commands
    assert world.engine.next_timer_ns() == T0 + close * SECOND
    assert order(world.timer(at=close)).units == 500


@pytest.mark.parametrize("end", [OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.EXPIRED])
def test_an_order_that_came_to_nothing_is_no_addition(end: OrderStatus) -> None:
    world = _held()
    first = order(world.quote(102.0))
    assert order(world.update(first, end, at=5)).id != first.id


def test_its_cooldown_keeps_it_from_asking_again_at_once() -> None:
    world = _held(RULES + "    cooldown: 30s\n")
    first = order(world.quote(102.0, at=1))
    assert decision(world.update(first, OrderStatus.REJECTED, at=2)).code == "RE578"
    assert not orders(world.quote(102.0, at=30.9))
    assert order(world.timer(at=31)).units == 500


def test_an_unknown_input_is_no_addition() -> None:
    """The middle is not known while there is no quote; a size that can't be told refuses with its name."""
    world = World(RULES, account=NETS, trades=(trade("1000", "100"),))
    assert not orders(world.timer(at=1))
    sized = _held(RULES.replace("50% of position.initial_units", "10% of book.bid_units"))
    found = decision(sized.quote(102.0))
    assert (found.code, found.first_blocker) == ("RE601", "win")
    assert "book.bid_units" in found.message


def test_two_rules_of_one_event_add_once() -> None:
    """SC-07: the ladder stands first; the pyramid of the same event is merged into it."""
    rules = RULES + (
        "sizing:\n  - {id: base, applies_to: {intent: entry}, size: 300units}\n"
        "ladders:\n  - {id: step, source: market, when: position.gain_over_first >= 2%, steps: [100%]}\n"
    )
    world = _held(rules)
    audit = world.quote(102.0)
    assert [(each.rule, each.outcome) for each in audit.decisions] == [("step", "sent"), ("win", "merged")]
    refused = decision(world.quote(102.1))
    assert (refused.rule, refused.code) == ("win", "RE602")


def test_a_signal_may_start_it_and_sizing_rules_bound_it() -> None:
    rules = RULES.replace("source: market", "source: signal") + (
        "sizing:\n  - {id: most, applies_to: {}, size: 200units}\n"
        'entries:\n  - {id: open, source: signal, when: "true"}\n'
    )
    world = _held(rules)
    world.quote(102.0)
    found = decision(world.signal(name="a"))
    assert (found.kind, found.rule, str(found.order.units)) == ("pyramid", "win", "200")  # type: ignore[union-attr]
