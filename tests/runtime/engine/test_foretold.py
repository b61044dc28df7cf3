"""When time alone changes a verdict is foretold where it can be; what it can't foretell is tried every second."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.event import Timer
from tests.runtime.engine.world import SECOND, T0, World, orders, trade

BY_TABLE = """
parameters:
  hold: {unit: duration, default: 45s, doc: shortest hold}
tables:
  holds:
    by: [trade.strategy]
    columns:
      hold_min: {unit: duration}
    rows:
      - {when: {trade.strategy: M1Scalper}, values: {hold_min: hold}}
      - {otherwise: true, values: {hold_min: 15min}}
exits:
  - id: old
    for_each: trade
    when: trade.age > holds.hold_min
    close: 100%
    on_unknown: {wait: 30s, then: alert}
"""


def test_a_hold_by_table_ends_at_one_of_the_tables_times() -> None:
    """Opened at 0: 45 s and 15 minutes are the only instants at which `old` can change, whichever row counts."""
    world = World(BY_TABLE, trades=(trade("1000"),))
    world.quote(157.0, at=1)
    dues = [world.engine.next_timer_ns()]
    sent = orders(world.timer(at=46))
    dues.append(world.engine.next_timer_ns())
    assert [due is not None and (due - T0) // SECOND for due in dues] == [45, 900]
    assert [(order.trade_id, order.units) for order in sent] == [("1", Decimal(1000))]


def test_a_hold_by_table_of_another_strategy_is_kept_too() -> None:
    """15 minutes for what isn't listed: still held at 46 s, closed just after 900."""
    world = World(BY_TABLE, trades=(trade("1000", strategy="TrendMA"),))
    world.quote(157.0, at=1)
    assert not orders(world.timer(at=46))
    assert not orders(world.timer(at=900))
    assert len(orders(world.timer(at=900.001))) == 1


BY_CHOICE = """
exits:
  - id: old
    for_each: trade
    when: trade.age > ({limit})
    close: 100%
    on_unknown: {{wait: 30s, then: alert}}
"""


@pytest.mark.parametrize(
    ("limit", "due_s"),
    [
        ("10min if trade.side == long else 20min", 600),  # of two limits the one that is met first
        ("10min if spread > 1pips else 20min", 600),
        ("min(10min, 1min * (spread / 1pips))", 2),  # moves with the market: tried a second on
        ("10min if trade.age > 5min else 20min", 2),  # which of the two counts is a matter of time itself
        ("10min if avg_over(spread, 10s) > 1pips else 20min", 2),
    ],
)
def test_a_choice_of_limits_is_foretold_unless_the_choice_itself_is_times(limit: str, due_s: int) -> None:
    world = World(BY_CHOICE.format(limit=limit), trades=(trade("1000"),))
    world.quote(157.0, at=1.5)
    due = world.engine.next_timer_ns()
    assert due is not None
    assert (due - T0) // SECOND == due_s


SHOWING = """
alerts:
  - id: under
    for_each: trade
    when: trade.pnl < 0
    message: a trade is under water
    show: [trade.age{more}]
"""


def test_what_an_alert_only_shows_asks_for_no_timer() -> None:
    """The age is read when the alert is told; that it grows meanwhile changes nothing."""
    world = World(SHOWING.format(more=""), trades=(trade("1000"),))
    world.quote(157.0, at=1)
    due = world.engine.next_timer_ns()
    assert due is None or due > T0 + 3_600 * SECOND
    audit = world.quote(156.9, at=90)
    assert "trade.age = 90s" in audit.notes[0].message


SINCE = """
alerts:
  - id: nothing-fills
    when: coalesce(account.since_last_order < account.since_last_fill, known(account.last_order_at))
    message: orders go out and nothing fills
    lasts: 60s
entries:
  - {id: dip, source: market, when: mid <= 156.9, side: long, strategy: TrendMA, size: 100units, max_open: 1}
"""


def test_which_of_two_came_later_is_no_matter_of_time() -> None:
    """An order at 10 s, and no event after it: it is looked at in the same instant, and told at 70 s. Before the order,
    and in between, there is nothing to try."""
    world = World(SINCE)
    world.quote(157.0, at=1)
    due = world.engine.next_timer_ns()
    assert due is None or due > T0 + 3_600 * SECOND
    orders(world.quote(156.9, at=10))
    assert world.engine.next_timer_ns() == T0 + 10 * SECOND + 1
    assert not world.feed(Timer(T0 + 10 * SECOND + 1)).notes
    assert world.engine.next_timer_ns() == T0 + 70 * SECOND + 1
    assert [note.code for note in world.feed(Timer(T0 + 70 * SECOND + 1)).notes] == ["RE624"]
