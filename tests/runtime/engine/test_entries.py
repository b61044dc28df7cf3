"""Entries: signals are taken once and by their base tag; the market's own entries keep their pace."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.event import OrderStatus
from tests.runtime.engine.world import SECOND, T0, World, decision, order, orders, trade

SIGNAL = """
entries:
  - {id: fresh, source: signal, applies_to: {strategy: M1Scalper}, when: signal.age <= 2s, size: 100units}
"""


def test_a_signal_is_taken_once() -> None:
    world = World(SIGNAL)
    world.quote(157.0)
    assert order(world.signal(name="a")).units == 100
    again = world.signal(name="a")
    assert not again.commands
    assert [note.code for note in again.notes] == ["RE591"]
    world.restart()
    assert not world.signal(name="a").commands, "also after a restart"


def test_raw_tags_mean_their_strategy() -> None:
    """FX-16."""
    world = World(SIGNAL)
    world.quote(157.0)
    found = decision(world.signal(strategy="M1Scalper-trend-long"))
    assert (found.outcome, found.strategy, found.signal_id) == ("sent", "M1Scalper", "s1")


@pytest.mark.parametrize(("age", "outcome", "code"), [(2.0, "sent", ""), (2.5, "refused", "RE584")])
def test_an_old_signal_has_no_life_left(age: float, outcome: str, code: str) -> None:
    world = World(SIGNAL)
    world.quote(157.0)
    found = decision(world.signal(age=age))
    assert (found.outcome, found.code) == (outcome, code)
    assert found.trigger[0].left == pytest.approx(age)
    assert found.trigger[0].distance == pytest.approx(2.0 - age)


def test_a_signal_that_no_rule_takes_is_noted() -> None:
    world = World(SIGNAL)
    world.quote(157.0)
    audit = world.signal(strategy="TrendMA")
    assert [note.code for note in audit.notes] == ["RE592"]
    assert not audit.decisions


def test_one_rule_takes_it_and_the_others_say_so() -> None:
    rules = """
entries:
  - {id: late, source: signal, when: signal.age >= 1h, size: 1units}
  - {id: first, source: signal, when: "true", size: 2units}
  - {id: second, source: signal, when: "true", size: 3units}
"""
    world = World(rules)
    world.quote(157.0)
    audit = world.signal()
    assert order(audit).units == 2
    assert [(each.rule, each.outcome, each.first_blocker) for each in audit.decisions] == [
        ("late", "refused", "late"), ("first", "sent", ""), ("second", "merged", "first"),
    ]  # fmt: skip


def test_size_and_confidence_come_from_the_signal() -> None:
    rules = """
entries:
  - {id: any, source: signal, when: signal.confidence >= 0.5}
"""
    world = World(rules)
    world.quote(157.0)
    assert decision(world.signal(name="a", size=10.0)).code == "RE585", "what it doesn't say is unknown"
    assert decision(world.signal(name="b", size=10.0, confidence=0.4)).code == "RE584"
    assert order(world.signal(name="c", size=10.0, confidence=0.5)).units == 10
    assert decision(world.signal(name="d", confidence=0.9)).code == "RE574", "no size anywhere"


@pytest.mark.parametrize(
    ("side", "stop", "target"),
    [("long", "156.921", "157.120"), ("short", "157.079", "156.880")],
)
def test_stop_and_target_lie_on_the_tick_grid_toward_the_entry(side: str, stop: str, target: str) -> None:
    """A long would fill at 157.002: less 8.12 pips is 156.9208, plus 11.85 is 157.1205; a short at 157.000."""
    rules = """
entries:
  - {id: bracket, source: signal, when: "true", size: 10units, stop: 8.12pips, target: 11.85pips}
"""
    world = World(rules)
    world.quote(157.0, 157.002)
    found = order(world.signal(side))
    # short: 157.000 + 0.0812 = 157.0812 down to 157.081; 157.000 − 0.1185 = 156.8815 up to 156.882
    expected = (Decimal(stop), Decimal(target)) if side == "long" else (Decimal("157.081"), Decimal("156.882"))
    assert (found.stop, found.target) == expected


DIP = """
entries:
  - {id: dip, source: market, when: mid <= 156.9, side: long, strategy: TrendMA, pocket: micro, size: 100units,
     max_open: %d, cooldown: %s}
"""


def test_no_more_open_trades_than_allowed() -> None:
    world = World(DIP % (2, "0s"))
    first = order(world.quote(156.9, at=0))
    assert not orders(world.quote(156.9, at=3)), "its order is on its way"
    second = order(world.fill(first, 156.9, at=6))
    audit = world.fill(second, 156.9, at=9)
    assert (decision(audit).code, decision(audit).message) == ("RE579", "2 open, at most 2")
    assert not world.quote(156.8, at=12)
    assert world.engine.holdings.trades["101"].frame.strategy == "TrendMA"


def test_its_pace_is_kept_by_a_timer_alone() -> None:
    world = World(DIP % (5, "60s"))
    first = order(world.quote(156.9, at=0))
    world.fill(first, 156.9, at=1)
    assert world.engine.next_timer_ns() == world._at(60)
    world.quote(156.9, at=59.9)
    assert order(world.timer(at=60)).id != first.id


def test_an_order_of_unknown_fate_keeps_new_risk_back() -> None:
    world = World(DIP % (5, "0s"))
    first = order(world.quote(156.9, at=0))
    world.update(first, OrderStatus.UNKNOWN, at=2)
    assert not orders(world.quote(156.9, at=5))
    assert order(world.update(first, OrderStatus.ABSENT, at=8)).id != first.id


def test_ids_are_made_from_the_decision() -> None:
    """FX-36: the same log gives the same ids; another event another one."""
    ids = []
    for _ in range(2):
        world = World(SIGNAL)
        world.quote(157.0)
        found = decision(world.signal(name="a"))
        assert found.order is not None
        assert found.order.id == found.id
        ids.append(found.id)
    assert ids[0] == ids[1]
    world.quote(157.0, at=10)
    assert order(world.signal(name="b")).id != ids[0]


def test_two_signals_are_no_repeat_of_each_other() -> None:
    """Quick signals of a scalper, equal in all but their id."""
    world = World(SIGNAL)
    world.quote(157.0, at=0)
    assert order(world.signal(name="a", at=0.1)).units == 100
    assert order(world.signal(name="b", at=0.2)).units == 100


BY_POCKET = """
regimes: [calm]
entries:
  - {id: micro-only, source: signal, applies_to: {pocket: micro}, when: "true", size: 100units}
"""


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ({"pocket": "nope"}, "signal s1 can't be used: signal.pocket is `nope`; declared: micro, macro"),
        ({"pocket": "micro", "regime": "nope"}, "signal s1 can't be used: signal.regime is `nope`; declared: calm"),
    ],
)
def test_a_signal_with_a_word_that_the_policy_lacks_is_refused_by_name(word: dict[str, Any], message: str) -> None:
    """A trade of an undeclared pocket would stand without the exits of every pocket."""
    world = World(BY_POCKET)
    world.quote(157.0)
    audit = world.signal(**word)
    found = decision(audit)
    assert not audit.commands
    assert (found.outcome, found.code, found.message) == ("refused", "RE569", message)
    assert order(world.signal(name="good", pocket="micro", regime="calm")).units == 100


def test_regimes_are_anything_where_the_policy_declares_none() -> None:
    world = World(SIGNAL)
    world.quote(157.0)
    assert order(world.signal(regime="storm")).units == 100


def test_a_rule_gives_a_signal_another_strategy() -> None:
    """The trade is of the rule's strategy; filters and conditions see the signal's own."""
    rules = """
entries:
  - {id: as-trend, source: signal, applies_to: {strategy: M1Scalper}, strategy: TrendMA, when: "signal.age <= 2s",
     size: 100units}
"""
    world = World(rules)
    world.quote(157.0)
    found = decision(world.signal())
    assert (found.outcome, found.strategy) == ("sent", "TrendMA")


@pytest.mark.parametrize(("side", "units"), [("short", 100), ("long", None)])
def test_a_reduction_applies_to_the_side_that_it_would_send(side: str, units: int | None) -> None:
    """1,000 long are reduced by a short order."""
    rules = f"""
hedges:
  - id: relief
    applies_to: {{side: {side}}}
    when: abs(position.net_units) >= 500units
    reduce: {{wanted: 100units}}
    on_unknown: {{wait: 10s, then: alert}}
"""
    world = World(rules, trades=(trade("1000", "157"),))
    audit = world.quote(157.0)
    if units is not None:
        assert order(audit).units == units
        return
    found = decision(audit)
    assert (found.outcome, found.code, found.message) == ("refused", "RE584", "it applies to long only")


def test_an_entry_whose_side_the_market_decides_applies_to_one_only() -> None:
    """Refused while it would be short, and looked at again when the price makes it long."""
    rules = """
entries:
  - {id: turn, source: market, applies_to: {side: long}, when: mid > 100, strategy: TrendMA, size: 100units,
     side: "long if mid > 157.5 else short"}
"""
    world = World(rules)
    found = decision(world.quote(157.0))
    assert (found.outcome, found.code, found.message) == ("refused", "RE584", "it applies to long only")
    assert order(world.quote(158.0)).units == 100


def test_an_entry_that_no_price_triggers_is_looked_at_again_within_a_second() -> None:
    """Its `when` reads the book alone, so that no quote brings it up; what refused it reads the price. It goes as soon
    as a timer finds the price good, and the refusal is recorded once."""
    rules = """
guards:
  - {id: cheap, applies_to: {intent: entry}, require: ask <= 156}
entries:
  - {id: flat, source: market, side: long, when: position.net_units == 0, strategy: TrendMA, size: 100units}
"""
    world = World(rules)
    assert decision(world.quote(157.0, at=10)).first_blocker == "cheap"
    assert world.engine.next_timer_ns() == T0 + 11 * SECOND
    assert not world.timer(at=11).decisions
    world.quote(155.0, at=11.5)
    assert world.engine.next_timer_ns() == T0 + 12 * SECOND
    assert order(world.timer(at=12)).units == 100
