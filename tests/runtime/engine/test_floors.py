"""SC-01: a part below its floor is not closed and the trade is held; closing all is allowed at any value.

USD_JPY, entered at 157: 40 % of 1,000 units is 400 units, worth 400 × 157.05 = 62,820 JPY.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.model.instrument import Instrument
from tests.runtime.engine.world import World, decision, order, orders, trade

PART = """
exits:
  - id: part
    for_each: trade
    stages:
      - {when: trade.pnl_pips >= 5pips, close: 40%}
      - {when: trade.pnl_pips >= 10pips, close: 100%}
    floor: {FLOOR}
    on_unknown: {wait: 30s, then: close}
"""


def world(floor: str, units: str = "1000") -> World:
    return World(PART.replace("FLOOR", floor), trades=(trade(units),))


@pytest.mark.parametrize("floor", ["at_least: 400units", "worth: 62_820JPY", "at_least: 1units, worth: 1JPY"])
def test_a_part_at_its_floor_is_closed(floor: str) -> None:
    assert order(world(floor).quote(157.05)).units == 400


@pytest.mark.parametrize(
    ("floor", "left", "right", "unit"),
    [
        ("at_least: 401units", 400.0, 401.0, "units"),
        ("worth: 62_821JPY", 62_820.0, 62_821.0, "JPY"),
        ("at_least: 1units, worth: 62_821JPY", 62_820.0, 62_821.0, "JPY"),
    ],
)
def test_a_part_below_it_is_held_and_says_by_how_much(floor: str, left: float, right: float, unit: str) -> None:
    held = world(floor)
    said = decision(held.quote(157.05))
    assert (said.outcome, said.code, said.first_blocker) == ("refused", "RE640", "part")
    compared = said.verdicts[-1].comparisons[0]
    assert (compared.left, compared.right, compared.unit) == (pytest.approx(left), right, unit)
    assert compared.distance == pytest.approx(left - right)
    assert held.engine.holdings.trades["1"].frame.stage == 0, "held is not done"
    assert not held.quote(157.051).decisions, "a refusal that stands is recorded once"


def test_closing_all_is_allowed_at_any_value() -> None:
    held = world("worth: 1_000_000_000JPY")
    assert not orders(held.quote(157.05))
    assert order(held.quote(157.10)).units == 1_000


def test_a_position_below_the_floor_as_a_whole_is_not_closed_in_parts() -> None:
    """40 % of 2 units is 0.8, rounded up to 1: never the whole, and below 3."""
    held = world("at_least: 3units", units="2")
    assert decision(held.quote(157.05)).code == "RE640"
    assert order(held.quote(157.10)).units == 2


def test_what_is_left_of_a_part_filled_in_part_is_a_part_too() -> None:
    held = world("at_least: 300units")
    first = order(held.quote(157.05))
    held.fill(first, 157.05, units="200", is_last=False)
    heard = [held.update(first, OrderStatus.CANCELLED), held.quote(157.05, at=60)]
    assert not any(orders(each) for each in heard)
    said = [decision for each in heard for decision in each.decisions if decision.code == "RE640"]
    assert [each.verdicts[-1].comparisons[0].left for each in said] == [200.0]


def test_a_floor_that_can_not_be_told_holds_visibly() -> None:
    """`atr` is not warm. The trade is held, and the record says why."""
    held = world("worth: 1_000JPY * (atr(m1, 14) / instrument.pip)")
    said = decision(held.quote(157.05))
    assert (said.outcome, said.code) == ("refused", "RE641")
    assert "not warm" in said.message
    assert order(held.quote(157.10)).units == 1_000, "and keeps nothing from closing all"


def test_a_wait_that_is_over_closes_without_a_floor_that_can_not_be_told() -> None:
    rules = PART.replace("trade.pnl_pips >= 5pips", "rsi(m1, 14) >= 70").replace(
        "FLOOR", "worth: 1_000JPY * (atr(m1, 14) / instrument.pip)"
    )
    waiting = World(rules, trades=(trade("1000"),))
    waiting.quote(157.0, at=0)
    assert order(waiting.timer(at=30)).units == 400


def test_a_floor_in_contracts_counts_as_the_venue_does() -> None:
    """Contracts of 0.01 BTC, lots of 0.1: 40 % of 0.5 contracts is 0.2; 0.2 takes it, 0.3 does not."""
    perpetual = Instrument(
        "USD_JPY", "perpetual", "USD", "JPY", pip=Decimal("0.01"), tick=Decimal("0.001"), lot=Decimal("0.1"),
        min_size=Decimal("0.1"), contract_size=Decimal("0.01"), size_unit="contracts", margin_rate=Decimal("0.1"),
    )  # fmt: skip
    for floor, sent in (("0.2", ["0.2"]), ("0.3", [])):
        rules = PART.replace("FLOOR", f"at_least: {floor}contracts")
        found = orders(World(rules, trades=(trade("0.5"),), spec=perpetual).quote(157.05))
        assert [str(each.units) for each in found] == sent


def test_the_floor_survives_a_restart_as_the_rule_does() -> None:
    held = world("at_least: 401units")
    held.quote(157.05)
    held.restart()
    assert not orders(held.quote(157.06))
    assert order(held.quote(157.10)).units == 1_000
