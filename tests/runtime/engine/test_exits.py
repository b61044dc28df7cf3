"""Exits: stages advance on fills, unknown inputs show and have an end, restrictions hold while their condition does."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.ports.venue import TradeState, VenueSnapshot
from tests.runtime.engine.world import SECOND, T0, World, decision, order, orders, trade

STAGED = """
exits:
  - id: scale-out
    for_each: trade
    stages:
      - {when: trade.pnl_pips >= 5pips, close: 50%}
      - {when: trade.pnl_pips >= 10pips, close: 100%}
    on_unknown: {wait: 30s, then: close}
"""
DAY = 86_400


def test_stages_advance_on_fills() -> None:
    """FX-35."""
    world = World(STAGED, trades=(trade("10000"),))
    assert not orders(world.quote(157.049))
    first = order(world.quote(157.05))
    assert (int(first.units), first.trade_id, first.is_reduce_only) == (5_000, "1", True)
    assert not world.quote(157.06), "one outstanding exit per trade and rule, and nothing to say of it"
    assert world.engine.holdings.trades["1"].frame.stage == 0, "sent is not filled"
    world.fill(first, 157.05)
    assert world.engine.holdings.trades["1"].frame.stage == 1
    assert not orders(world.quote(157.06)), "a stage acts once per trade"
    second = order(world.quote(157.10))
    assert second.units == 5_000
    world.fill(second, 157.10)
    assert world.engine.holdings.trades == {}
    assert not orders(world.quote(157.2))


def test_a_rejected_stage_has_not_advanced() -> None:
    world = World(STAGED, trades=(trade("10000"),))
    first = order(world.quote(157.05))
    assert not orders(world.update(first, OrderStatus.REJECTED, code="MARKET_HALTED"))
    again = world.quote(157.05)
    assert order(again).units == 5_000
    assert order(again).id != first.id, "another decision is another order"


def test_a_stage_filled_in_part_closes_the_rest() -> None:
    world = World(STAGED, trades=(trade("10000"),))
    first = order(world.quote(157.05))
    world.fill(first, 157.05, units="2000", is_last=False)
    assert not orders(world.update(first, OrderStatus.CANCELLED))
    rest = order(world.quote(157.05))
    assert rest.units == 3_000, "not half of the 8,000 that are left"
    world.fill(rest, 157.05)
    assert world.engine.holdings.trades["1"].frame.stage == 1
    assert not orders(world.quote(157.06))


def test_a_fill_heard_after_the_cancel_counts_for_its_stage() -> None:
    """2,000 filled, cancelled; then the venue says that the other 3,000 had filled as well: half is closed."""
    world = World(STAGED, trades=(trade("10000"),))
    first = order(world.quote(157.05))
    world.fill(first, 157.05, units="2000", is_last=False)
    world.update(first, OrderStatus.CANCELLED)
    world.fill(first, 157.05, units="3000")
    assert world.engine.holdings.trades["1"].frame.units == 5_000
    assert world.engine.holdings.trades["1"].frame.stage == 1
    assert not orders(world.quote(157.06)), "what the stage wanted is closed"
    assert order(world.quote(157.10)).units == 5_000


def test_a_late_fill_takes_off_what_its_stage_still_wants() -> None:
    world = World(STAGED, trades=(trade("10000"),))
    first = order(world.quote(157.05))
    world.fill(first, 157.05, units="2000", is_last=False)
    world.update(first, OrderStatus.CANCELLED)
    world.fill(first, 157.05, units="1000", is_last=False)
    assert order(world.quote(157.06)).units == 2_000


def test_a_late_fill_of_one_order_and_a_part_of_the_next_make_up_the_stage() -> None:
    """5,000 wanted: 2,000 of the first, 2,500 of the second, then 500 of the first, late: nothing is left to close."""
    world = World(STAGED, trades=(trade("10000"),))
    first = order(world.quote(157.05, at=1))
    world.fill(first, 157.05, units="2000", is_last=False, at=2)
    world.update(first, OrderStatus.CANCELLED, at=3)
    second = order(world.quote(157.06, at=4))
    assert second.units == 3_000
    world.fill(second, 157.06, units="2500", is_last=False, at=5)
    world.update(second, OrderStatus.CANCELLED, at=6)
    world.fill(first, 157.05, units="500", is_last=False, at=7)
    assert world.engine.holdings.trades["1"].frame.units == 5_000
    assert world.engine.holdings.trades["1"].frame.stage == 1
    assert not any(orders(world.quote(157.06 + n / 1000, at=60 + n)) for n in range(5))


def test_stages_survive_a_restart() -> None:
    world = World(STAGED, trades=(trade("10000"),))
    world.fill(order(world.quote(157.05)), 157.05)
    world.restart()
    assert not orders(world.quote(157.06))
    assert order(world.quote(157.10)).units == 5_000


def test_a_jump_over_both_stages_takes_them_in_turn() -> None:
    world = World(STAGED, trades=(trade("10000"),))
    audit = world.quote(157.2)
    assert order(audit).units == 5_000
    assert [(each.outcome, each.first_blocker) for each in audit.decisions] == [("sent", ""), ("merged", "scale-out")]
    assert order(world.fill(order(audit), 157.2)).units == 5_000


def test_without_stages_it_acts_once_or_again_after_its_cooldown() -> None:
    half = """
exits:
  - {id: half, for_each: trade, when: trade.pnl_pips >= 5pips, close: 50%%, %s
     on_unknown: {wait: 30s, then: close}}
"""
    once = World(half % "", trades=(trade("10000"),))
    once.fill(order(once.quote(157.05)), 157.05)
    assert not orders(once.quote(157.06, at=100))
    again = World(half % "cooldown: 60s,", trades=(trade("10000"),))
    held = decision(again.fill(order(again.quote(157.05, at=0)), 157.05, at=1))
    assert (held.code, held.outcome) == ("RE578", "refused")
    assert not again.quote(157.06, at=3), "a refusal that stands is recorded once"
    assert order(again.timer(at=60)).units == 2_500


def test_position_and_account_exits_leave_manual_trades_alone() -> None:
    rules = """
exits:
  - {id: flat, for_each: %s, when: account.free_margin_ratio <= 50%%, close: 100%%,
     on_unknown: {wait: 30s, then: close}}
"""
    manual = trade("5000", name="9", client_id="web-7", strategy="")
    for scope in ("position", "account"):
        world = World(rules % scope, trades=(trade("30000"), trade("20000", name="2", side="short"), manual))
        found = orders(world.quote(157.0))  # (35,000) × 6.28 = 219,800: free 56 %: not yet
        assert found == []
        world = World(rules % scope, trades=(trade("50000"), trade("20000", name="2", side="short"), manual))
        found = orders(world.quote(157.0))
        assert [(each.trade_id, int(each.units), each.side.value) for each in found] == [
            ("1", 50_000, "short"), ("2", 20_000, "long"),
        ]  # fmt: skip


# --- unknown inputs (FX-23) ------------------------------------------------------------------------------------------

FADE = """
exits:
  - id: fade
    for_each: trade
    when: rsi(m1, 14) >= 70
    close: 100%
    on_unknown: {wait: 30s, then: THEN}
"""


def test_an_unknown_exit_shows_at_once_and_closes_after_its_wait() -> None:
    world = World(FADE.replace("THEN", "close"), trades=(trade("10000"),))
    onset = world.quote(157.0, at=0)
    assert [(each.before, each.now) for each in onset.changes] == [(False, None)]
    assert "not warm" in onset.changes[0].unknown
    assert [(each.level, each.code) for each in onset.notes if each.code == "RE589"] == [("warning", "RE589")]
    assert world.engine.next_timer_ns() == world._at(30)
    assert not orders(world.quote(157.0, at=29.9))
    over = world.timer(at=30)
    assert order(over).units == 10_000
    assert [each.code for each in over.notes if each.level == "alert"] == ["RE590"]
    assert "longer than the policy waits" in decision(over).message


def test_or_it_alerts_once_and_holds() -> None:
    world = World(FADE.replace("THEN", "alert"), trades=(trade("10000"),))
    world.quote(157.0, at=0)
    over = world.timer(at=30)
    assert not over.commands
    assert [each.code for each in over.notes] == ["RE590"]
    assert not world.quote(157.0, at=31)


def test_the_wait_survives_a_restart() -> None:
    world = World(FADE.replace("THEN", "close"), trades=(trade("10000"),))
    world.quote(157.0, at=0)
    world.restart()
    assert world.engine.next_timer_ns() == world._at(30)
    assert order(world.timer(at=30)).units == 10_000


def test_a_fallback_decides_at_once_while_inputs_are_unknown() -> None:
    rules = FADE.replace("then: THEN", "then: close, use: trade.pnl_pips <= -20pips")
    world = World(rules, trades=(trade("10000"),))
    world.quote(157.0, at=0)
    assert not orders(world.quote(156.81, at=1))
    audit = world.quote(156.8, at=2)
    assert order(audit).units == 10_000
    assert "fallback" in decision(audit).message


def test_a_known_fallback_keeps_the_wait_from_closing() -> None:
    rules = FADE.replace("then: THEN", "then: close, use: trade.pnl_pips <= -20pips")
    world = World(rules, trades=(trade("10000"),))
    world.quote(157.0, at=0)
    over = world.timer(at=30)
    assert [each.code for each in over.notes] == ["RE590"]
    assert not over.commands


# --- left behind (FX-13) ---------------------------------------------------------------------------------------------

LEFT = """
entries:
  - {id: from-signal, source: signal, when: "true"}
exits:
  - id: left-behind
    for_each: trade
    stages:
      - {when: trade.age > 24h and trade.pnl < 0, restrict: reduce_only}
      - {when: trade.age > 72h and trade.pnl < 0, close: 100%}
    on_unknown: {wait: 30s, then: close}
"""


def test_a_loser_left_behind_lets_its_strategy_only_reduce_on_that_side() -> None:
    world = World(LEFT, trades=(trade("1000", opened_s=-DAY + 10),))
    world.quote(156.9, at=0)
    assert order(world.signal("long", name="before", size=10.0, at=5)).units == 10
    begins = world.timer(at=10.001)
    assert [(each.rule, each.block, each.now) for each in begins.changes] == [
        ("left-behind", "exits/left-behind.stage_0", True)
    ]
    world.quote(156.9, at=11)
    refused = decision(world.signal("long", name="same", size=10.0, at=12))
    assert (refused.code, refused.first_blocker) == ("RE577", "left-behind")
    assert refused.verdicts[0].rule == "left-behind"
    assert orders(world.signal("short", name="other side", size=10.0, at=13))
    assert orders(world.signal("long", name="other strategy", size=10.0, at=14, strategy="TrendMA"))
    world.quote(157.001, at=15)
    assert orders(world.signal("long", name="in profit", size=11.0, at=16)), "it holds only while its condition does"


def test_the_trade_is_closed_when_old_enough_without_any_price_moving() -> None:
    world = World(LEFT, trades=(trade("1000", opened_s=-3 * DAY + 10),))
    world.quote(156.9, at=0)
    due = world.engine.next_timer_ns()
    assert due is not None
    assert 0 < due - world._at(10) < SECOND // 1000, "72 h after the opening, and what two numbers may differ by"
    assert not orders(world.timer(at=10))
    assert order(world.timer(at=(due - world._at(0)) / SECOND)).units == 1_000


@pytest.mark.parametrize("kind", ["units", "ratio"])
def test_close_takes_units_or_a_share(kind: str) -> None:
    close = "3_000units" if kind == "units" else "30%"
    rules = f"""
exits:
  - {{id: some, for_each: trade, when: trade.pnl_pips >= 5pips, close: {close}, on_unknown: {{wait: 1s, then: alert}}}}
"""
    world = World(rules, trades=(trade("10000"),))
    assert order(world.quote(157.1)).units == 3_000


@pytest.mark.parametrize(("units", "sent"), [("2", 1), ("3", 2)])
def test_a_part_rounds_up_and_never_to_the_whole(units: str, sent: int) -> None:
    """60 % of 2 is 1.2, of 3 is 1.8; all of it was not asked for."""
    rules = """
exits:
  - {id: some, for_each: trade, when: trade.pnl_pips >= 5pips, close: 60%, on_unknown: {wait: 1s, then: alert}}
"""
    audit = World(rules, trades=(trade(units),)).quote(157.1)
    assert order(audit).units == sent
    assert decision(audit).wanted == sent, "settled before the order gate"


NETTED = """
exits:
  - {id: cut, for_each: trade, when: trade.pnl_pips <= -20pips, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""


def netted(units: str, opened_s: float, price: str) -> TradeState:
    return trade(units, price, name="USD_JPY:long", opened_s=opened_s)


def test_a_position_opened_again_unheard_is_watched_by_its_own_figures() -> None:
    """Closed at 100.50 and opened again at 101.00 while nobody listened: at 100.79 the new one is 21 pips down."""
    world = World(NETTED, trades=(netted("20000", 0, "100"),), account={"mode": "netting"})
    world.quote(100.5, at=1)
    world.engine.adopt(VenueSnapshot(T0 + 6 * SECOND, Decimal(500_000), Decimal(0), (netted("20000", 5, "101"),)))
    assert not orders(world.quote(100.81, at=7))
    assert order(world.quote(100.79, at=8)).units == 20_000


def test_what_was_left_of_an_old_position_is_not_wanted_of_the_new_one() -> None:
    world = World(STAGED, trades=(netted("10000", 0, "157"),), account={"mode": "netting"})
    first = order(world.quote(157.05, at=1))
    world.fill(first, 157.05, units="4000", is_last=False, trade_id="USD_JPY:long", at=2)
    world.update(first, OrderStatus.CANCELLED, at=3)
    world.engine.adopt(VenueSnapshot(T0 + 60 * SECOND, Decimal(500_000), Decimal(0), (netted("20000", 50, "157"),)))
    assert order(world.quote(157.05, at=61)).units == 10_000, "half of the new one, not the 1,000 left of the old"


def test_a_flat_account_has_nothing_to_know() -> None:
    """No alert that a position's average price is missing where there is no position."""
    rules = """
exits:
  - {id: gone, for_each: position, when: position.average_price >= 158, close: "100%",
     on_unknown: {wait: 10s, then: close}}
"""
    world = World(rules)
    found = [world.quote(157.0, at=n).notes for n in range(30)]
    assert not any(found)
    assert world.engine.next_timer_ns() != world._at(10)
