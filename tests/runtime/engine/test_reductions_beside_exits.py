"""FX-05 beside FX-20: what an emergency exit takes off is not taken off a second time. Price 100 and 4 %: one unit ties
up 4 JPY, so that 20,000 tie up 80,000 of 85,000: 94 %."""

from __future__ import annotations

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import OrderStatus
from ruleengine.model.order import Order
from tests.runtime.engine.world import SECOND, T0, World, orders, trade

RULES = """
hedges:
  - id: relief
    when: account.margin_used_of_available >= 88%
    require: abs(position.net_units) >= 15_000units
    reduce:
      until: account.margin_used_of_available <= 82%
      at_least: 10_000units
      at_most: [55% of abs(position.net_units)]
      floor_over_cap: send_nothing
    on_unknown: {wait: 10s, then: alert}
exits:
  - id: emergency
    emergency: true
    may_lose: true
    for_each: trade
    when: account.margin_used_of_available >= 92%
    close: 50%
    cooldown: 60s
    on_unknown: {wait: 10s, then: alert}
"""


def world() -> World:
    return World(RULES, balance="85000", trades=(trade("20000", "100"),))


def sent(audit: Audit) -> list[tuple[str, int]]:
    """(rule, units) of every order."""
    return [(each.rule, int(each.order.units)) for each in audit.decisions if each.order is not None]


def refused(audit: Audit) -> list[tuple[str, str]]:
    return [(each.rule, each.code) for each in audit.decisions if each.order is None]


def exit_out(world: World) -> Order:
    """The exit takes half; the relief stands back, in the same event and after it."""
    audit = world.quote(100.0, 100.0, at=0)
    assert sent(audit) == [("emergency", 10_000)]
    assert refused(audit) == [("relief", "RE586")]  # merged
    out = orders(audit)[0]
    assert refused(world.quote(99.999, 99.999, at=0.1)) == [("relief", "RE583")]
    return out


def test_what_the_exit_left_is_judged() -> None:
    """10,000 are left, which is below the 15,000 from which a reduction is wanted."""
    one = world()
    out = exit_out(one)
    assert not sent(one.quote(99.998, 99.998, at=1))
    assert not sent(one.fill(out, 100.0, at=1.5))
    assert not sent(one.quote(100.0, 100.0, at=2))
    assert not sent(one.timer(at=6))


def test_it_goes_once_the_exit_is_refused() -> None:
    """82 % of 85,000 are 17,425 units: 2,575 are wanted, at least 10,000, at most 55 % of 20,000."""
    one = world()
    out = exit_out(one)
    assert sent(one.update(out, OrderStatus.REJECTED, at=0.2)) == [("relief", 10_000)]


@pytest.mark.parametrize("how", ["fate", "time"])
def test_it_does_not_wait_for_what_may_never_come(how: str) -> None:
    """Of the 20,000 half may go by the exit; what is asked for is a part of the rest, never all of it."""
    one = world()
    out = exit_out(one)
    if how == "fate":
        audit = one.update(out, OrderStatus.UNKNOWN, at=0.2)
    else:
        assert one.engine.wake.due <= T0 + 5 * SECOND
        assert not sent(one.timer(at=4.999_999))
        audit = one.timer(at=5)
    assert sent(audit) == [("relief", 9_999)]


def test_a_restart_waits_as_long() -> None:
    one = world()
    exit_out(one)
    one.restart()
    assert not sent(one.quote(99.999, 99.999, at=4.9))
    assert sent(one.timer(at=5)) == [("relief", 9_999)]


OTHER_SIDE = """
hedges:
  - id: relief
    when: account.margin_used_of_available >= 88%
    reduce: {until: account.margin_used_of_available <= 82%, at_least: 10_000units, floor_over_cap: send_nothing}
    on_unknown: {wait: 10s, then: alert}
exits:
  - {id: profit, for_each: trade, when: trade.pnl_pips >= 50pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""


def test_an_exit_of_the_other_side_relieves_nothing_and_is_not_waited_for() -> None:
    """20,000 long from 100, 1,000 short from 101. At 99.3 the longs lose 14,000 of 100,000 and the short gains 1,700:
    20,000 × 3.972 = 79,440 of 87,700 are 90.6 %. 82 % of 87,700 are 18,105 units: at least 10,000 go."""
    short = trade("1000", "101", name="2", side="short")
    one = World(OTHER_SIDE, balance="100000", trades=(trade("20000", "100"), short))
    assert sent(one.quote(100.0, at=0)) == [("profit", 1_000)]
    assert sent(one.quote(99.3, at=1)) == [("relief", 10_000)]


def test_all_that_is_waited_for_is_counted() -> None:
    """Each of two longs has an exit out."""
    one = World(RULES, balance="85000", trades=(trade("10000", "100"), trade("10000", "100", name="2")))
    assert sent(one.quote(100.0, at=0)) == [("emergency", 5_000), ("emergency", 5_000)]
    audit = one.quote(99.999, at=0.1)
    (waits,) = (each for each in audit.decisions if each.rule == "relief")
    counted = [each.left for verdict in waits.verdicts for each in verdict.comparisons if each.unit == "count"]
    assert counted == [2]
