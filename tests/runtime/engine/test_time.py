"""Order, capture and time: timers close bars, defects make features unknown, no row knows what comes after it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import BarEvent, Quote, Timer, TradePrint
from ruleengine.model.order import Order
from tests.runtime.engine.world import SECOND, T0, USD_JPY, World, decision, order, orders, trade

CROSS = """
entries:
  - {id: cross, source: market, when: "sma(m1.close, 3) > sma(m1.close, 5)", side: long, strategy: TrendMA,
     size: 100units, max_open: 1}
"""


def close_minutes(world: World, closes: list[float]) -> list[Audit]:
    """One quote late in each minute, and the timer at its end."""
    found = []
    for minute, price in enumerate(closes):
        found.append(world.quote(price, at=minute * 60 + 55))
        found.append(world.timer(at=(minute + 1) * 60))
    return found


def test_a_timer_closes_the_bar_and_the_rule_acts_on_it() -> None:
    world = World(CROSS)
    audits = close_minutes(world, [157.0, 157.0, 157.0, 157.0, 157.0, 157.1])
    # closes …, 157.1: the last three average 157.0333, the last five 157.02
    assert [bool(audit.commands) for audit in audits] == [False] * 11 + [True]


def test_the_engine_says_when_the_next_bar_closes() -> None:
    world = World(CROSS)
    world.quote(157.0, at=10)
    assert world.engine.wake.due <= world._at(60)
    assert world.engine.next_timer_ns() == world._at(60)
    world.timer(at=60)
    later = world.engine.next_timer_ns()
    assert later is not None
    assert later > world._at(86_400), "a minute without ticks is no bar; what is left is the price's life"


def test_features_are_unknown_until_enough_bars_closed() -> None:
    world = World(CROSS)
    first = world.quote(157.0, at=1)
    assert [(each.now, each.unknown) for each in first.changes] == [
        (None, "unknown: sma(m1.close, 3) not warm (needs 3 more bars)")
    ]


def test_a_defect_lies_in_the_window_for_as_many_bars() -> None:
    """FX-32: a crossed quote marks its minute; five closes later the rule knows again."""
    world = World(CROSS)
    close_minutes(world, [157.0] * 5)
    crossed = world.quote(157.2, 157.1, at=5 * 60 + 10)
    assert [(note.code, note.level) for note in crossed.notes] == [("RE588", "warning")]
    assert not world.quote(157.3, 157.2, at=5 * 60 + 11).notes, "one note for a row of defects"
    known = []
    for minute in range(5, 12):
        world.quote(157.0, at=minute * 60 + 30)
        world.timer(at=(minute + 1) * 60)
        known.append(world.engine.roster.everything[0].last is False)
    assert known == [False, False, False, False, False, True, True]
    assert world.engine.markets["USD_JPY"].frame.defects == 2


def test_no_row_knows_what_comes_after_it() -> None:
    """OPS-06: what a prefix of the rows led to is a prefix of what all of them lead to."""
    draw, price, rows = random.Random(11), 157.0, []
    for index in range(400):
        price = round(price + draw.choice((-0.02, -0.01, 0.01, 0.02)), 3)
        rows.append((price, index * 7.0))

    def run(count: int) -> list[str]:
        world = World(CROSS)
        said = []
        for at_price, at in rows[:count]:
            said.append(repr(world.quote(at_price, at=at)))
        return said

    whole = run(400)
    assert any("sent" in line for line in whole)
    for count in (1, 57, 200, 333):
        assert run(count) == whole[:count]


# --- order and capture -----------------------------------------------------------------------------------------------


def test_an_older_event_is_noted_and_left_out() -> None:
    world = World(CROSS)
    world.quote(157.0, at=10)
    audit = world.quote(100.0, at=9)
    assert [note.code for note in audit.notes] == ["RE587"]
    assert world.engine.markets["USD_JPY"].frame.bid == 157.0
    late = Quote(T0 + 20 * SECOND, T0 + 20 * SECOND, "USD_JPY", 157.1, 157.1, seq=1)
    assert [note.code for note in world.engine.process(late).notes] == ["RE587"], "a number that was used"


def test_a_late_fill_counts_all_the_same() -> None:
    rules = """
entries:
  - {id: dip, source: market, when: mid <= 156.9, side: long, strategy: TrendMA, size: 100units, max_open: 1}
"""
    world = World(rules)
    sent = order(world.quote(156.9, at=10))
    world.quote(156.95, at=12)
    audit = world.fill(sent, 156.9, at=11)
    assert [(note.code, note.level) for note in audit.notes] == [("RE587", "alert")]
    assert list(world.engine.holdings.trades) == ["101"]


def test_events_are_captured_before_and_the_record_is_on_disk_after() -> None:
    rules = """
entries:
  - {id: dip, source: market, when: mid <= 156.9, side: long, strategy: TrendMA, size: 100units, max_open: 1}
"""
    world = World(rules)
    world.quote(156.9)
    assert [what for what, _ in world.recorder.lines] == ["event", "change", "decision", "order", "sync"]


def test_an_unknown_instrument_is_noted() -> None:
    world = World(CROSS)
    assert [note.code for note in world.feed(TradePrint(T0, T0, "EUR_USD", 1.1, 1.0)).notes] == ["RE593"]


# --- other kinds of market events ------------------------------------------------------------------------------------


def test_bars_of_bid_and_ask_are_quotes_and_bars() -> None:
    """The mid closes at (157.00 + 157.02) / 2; bars of five minutes are built of those of one."""
    rules = """
entries:
  - {id: up, source: market, when: "m1.close > 157 and m5.high >= 157.5", side: long, strategy: TrendMA, size: 1units,
     max_open: 1}
"""
    world = World(rules)
    minute = 60 * SECOND
    start = T0 - T0 % (5 * minute) + 5 * minute
    for index, high in enumerate((157.1, 157.6, 157.1, 157.1, 157.1)):
        ts = start + (index + 1) * minute
        ask = (157.02, high + 0.02, 157.0, 157.02)
        audit = world.feed(BarEvent(ts, ts, "USD_JPY", minute, "bid", 157.0, high, 156.98, 157.0, None, ask))
    assert world.engine.markets["USD_JPY"].frame.ask == 157.02
    assert order(audit).units == 1


def test_running_figures_follow_every_event_and_time() -> None:
    """The average of 1 pip for 30 s, 4 for 15 s, 2 for 15 s is 2 (FX-10); an unknown one refuses."""
    rules = """
entries:
  - {id: from-signal, source: signal, when: "true", size: 1units}
guards:
  - {id: spike, applies_to: {intent: entry}, require: "spread <= 1.1 * avg_over(spread, 60s)"}
"""
    world = World(rules)
    world.quote(157.0, 157.01, at=0)
    assert decision(world.signal(name="a", at=1)).code == "RE571"
    world.quote(157.0, 157.04, at=30)
    world.quote(157.0, 157.02, at=45)
    world.quote(157.0, 157.02, at=59)
    world.timer(at=60)
    found = decision(world.signal(name="b", at=60))
    comparison = found.verdicts[0].comparisons[0]
    assert (round(comparison.left, 9), round(comparison.right, 9)) == (2.0, 2.2)
    assert found.outcome == "sent"


def test_a_running_figure_moves_a_trigger_at_the_quote_itself() -> None:
    """157.0 for 6 s and 157.1 for 4 s average 157.04; one second later it is 5 s and 5 s: 157.05."""
    rules = """
entries:
  - {id: above, source: market, when: "avg_over(mid, 10s) >= 157.05", side: long, strategy: TrendMA, size: 1units,
     max_open: 1}
"""
    world = World(rules)
    for at, price in ((0, 157.0), (6, 157.1), (10, 157.1)):
        assert not orders(world.quote(price, at=at))
    assert order(world.quote(157.1, at=11)).units == 1


def test_currencies_count_their_day_from_new_york() -> None:
    """T0 is 22:14 UTC in November, 17:14 in New York: its bar of four hours began at 17:00 and closes at 21:00."""
    world = World(CROSS.replace("m1", "h4"))
    world.quote(157.0, at=0)
    assert world.engine.next_timer_ns() == T0 - 14 * 60 * SECOND + 4 * 3600 * SECOND


def test_schedules_turn_with_time_alone() -> None:
    rules = """
schedules:
  thin: {timezone: UTC, windows: [{from: "22:15", to: "22:20"}]}
exits:
  - {id: thin-hours, for_each: trade, when: thin, close: 100%, on_unknown: {wait: 1s, then: alert}}
"""
    world = World(rules, trades=(trade("100"),))  # T0 is 22:14 UTC
    assert not world.quote(157.0, at=0)
    assert world.engine.next_timer_ns() == world._at(60)
    assert order(world.timer(at=60)).units == 100


def test_metrics_have_their_own_cadence() -> None:
    rules = """
metrics:
  losers: count(t for t in trades if t.pnl < 0)
  by_strategy: {value: "sum(t.pnl for t in trades if t.strategy == strategy)", for_each: strategy}
"""
    world = World(rules, trades=(trade("100"), trade("200", name="2", side="short")), metrics_every_s=30)
    values = [world.quote(157.01, at=at).metrics for at in (0, 10, 29, 30, 31)]
    assert [bool(each) for each in values] == [True, False, False, True, False]
    assert values[3]["losers"] == 1.0
    by_strategy = values[3]["by_strategy"]  # 100 × 0.01 less 200 × 0.01
    assert {name: round(value, 9) for name, value in by_strategy.items()} == {"M1Scalper": -1.0, "TrendMA": 0.0}


def is_just_after(due: int | None, ts: int) -> bool:
    """At the instant or within a millisecond: a comparison of ages allows for the language's tolerance."""
    return due is not None and ts <= due <= ts + 1_000_000


AGED = """
entries:
  - {id: aged, source: market, when: "quote_age >= 30s", side: long, strategy: TrendMA, size: 100units, max_open: 1}
"""


def test_the_first_quote_sets_the_time_of_what_depends_on_its_age() -> None:
    """A quote that changes nothing else: the timer it brings must be known at once, and later quotes put it off."""
    world = World(AGED)
    world.timer(at=0)
    assert world.engine.next_timer_ns() is None
    world.quote(157.0, at=10)
    assert world.engine.wake.due <= world._at(40)
    assert is_just_after(world.engine.next_timer_ns(), world._at(40))
    world.quote(157.0, 157.001, at=25)
    assert not world.timer(at=40.001).commands
    assert is_just_after(world.engine.next_timer_ns(), world._at(55))
    assert world.timer(at=55.001).commands


def test_a_fill_that_leads_to_nothing_still_sets_the_time_of_its_trade() -> None:
    """A trade that no rule acts on yet has an age: the driver must wake for it though nothing was recorded."""
    world = World(
        """
exits:
  - {id: old, for_each: trade, when: "trade.age >= 300s", close: "100%", on_unknown: {wait: 30s, then: alert}}
entries:
  - {id: in, source: signal, when: signal.age <= 6s, side: long, strategy: M1Scalper, size: 100units}
"""
    )
    world.quote(157.0, at=1)
    sent = order(world.signal(at=2))
    world.engine.next_timer_ns()
    assert world.engine.wake.due > world._at(3600)
    world.fill(sent, 157.0, at=3)
    assert world.engine.wake.due <= world._at(303)
    assert is_just_after(world.engine.next_timer_ns(), world._at(303))


def test_a_price_that_was_too_old_when_it_came_does_not_stand() -> None:
    """FX-23: its life was over before it was heard; the next timer says so, whatever else is due."""
    world = World(AGED)
    life = 240 * 3600
    world.quote(157.0, at=0)
    late = Quote(world._at(life + 20), world._at(5), "USD_JPY", 157.0, 157.001)
    world.feed(late)
    due = world.engine.next_timer_ns()
    assert due == late.ts + 1
    world.feed(Timer(due))
    assert str(world.engine.markets["USD_JPY"].frame.bid).startswith("unknown")


RESTLESS = """
entries:
  - {id: calm, source: market, when: avg_over(spread, 60s) < 0.1pips, side: long, strategy: TrendMA, size: 100units}
"""


@pytest.mark.parametrize(
    ("at", "next_at"),
    [
        ("2026-01-09T21:00:00", "2026-01-09T21:00:01"),  # a Friday, open: a second on
        ("2026-01-09T22:30:00", "2026-01-11T21:59:00"),  # closed until the pause in which Sunday's week begins
        ("2026-01-08T22:01:00", "2026-01-08T22:05:00"),  # a Thursday, paused around the change of day
    ],
)
def test_what_may_change_any_second_waits_while_the_market_is_closed(at: str, next_at: str) -> None:
    """A weekend has 172,800 seconds, in none of which anything can be traded."""
    now, due = (round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) for text in (at, next_at))
    world = World(RESTLESS, spec=replace(USD_JPY, sessions="fx"))
    world.quote(157.0, 157.01, at=now - T0 // SECOND)
    assert world.engine.next_timer_ns() == due * SECOND


CALM = """
entries:
  - {id: again, source: market, when: mid > 100, side: long, strategy: TrendMA, size: 100units, cooldown: 60s}
"""


def test_a_cooldown_that_ends_with_a_bar_is_over() -> None:
    """A source's bar goes before the timer of its time, which is due still: the rule acts again a minute later."""
    world, sent = World(CALM, balance="50000000"), []
    for minute in range(1, 6):
        ts = world._at(minute * 60)
        found = timers(world, ts - 1)
        price = 157 + minute / 100
        prices = (price, price, price, price)
        found += orders(world.feed(BarEvent(ts, ts, "USD_JPY", 60 * SECOND, "bid", *prices, None, prices)))
        found += timers(world, ts)
        for each in found:
            sent.append(minute)
            world.fill(each, price, at=minute * 60)
    assert sent == [1, 2, 3, 4, 5]


def timers(world: World, until: int) -> list[Order]:
    """What every timer up to then leads to."""
    found, due = [], world.engine.next_timer_ns()
    while due is not None and due <= until:
        found += orders(world.feed(Timer(due)))
        due = world.engine.next_timer_ns()
    return found


def test_what_may_change_any_second_keeps_its_beat_whatever_happens() -> None:
    """Events every 0.3 s, each of which asks anew when something is due: the beat is a clock's, not "a second on"."""
    world = World(RESTLESS)
    world.quote(157.0, 157.01, at=0)
    dues = []
    for n in range(1, 5):
        world.engine.wake.reset()
        dues.append(world.engine.next_timer_ns())
        world.quote(157.0, 157.01 + n / 1000, at=n * 0.3)
    assert dues == [T0 + SECOND] * 4
