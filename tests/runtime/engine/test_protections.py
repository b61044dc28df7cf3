"""Protections: what trips them, what they refuse and close, when they are over, what a restart and a human do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import AccountRead, Fill, OperatorCommand, OrderStatus
from tests.runtime.engine.world import T0, World, decision, order, orders, trade

COMMON = """
sizing: [{id: base, applies_to: {intent: entry}, size: 1_000units}]
entries: [{id: take, source: signal, when: "true"}]
exits: [{id: out, for_each: trade, when: trade.pnl_pips <= -50pips, close: 100%, on_unknown: {wait: 10s, then: alert}}]
protections:
"""
DAILY = COMMON + "  - {id: daily-loss, when: account.day_pnl_ratio <= -3%, until: next_day}\n"
HELD = (trade("100000", opened_s=-60.0),)
"""100,000 long from 157: 3 % of 500,000 JPY are 15,000 JPY, 0.15 yen on these."""


def start(rules: str, **more: Any) -> World:
    """The first event, at 157: the day's start is 500,000."""
    world = World(rules, trades=HELD, **more)
    world.quote(157.0, at=0)
    return world


def notes(audit: Audit, code: str = "RE62") -> list[tuple[str, str]]:
    return [(note.code, note.message) for note in audit.notes if note.code.startswith(code)]


def rearm(world: World, by: str, reason: str, at: float, target: str = "daily-loss") -> Audit:
    return world.feed(OperatorCommand(T0 + round(at * 1e9), "rearm", by, reason, {"rule": target}))


# --- it trips --------------------------------------------------------------------------------------------------------


def test_it_trips_at_its_limit_with_an_alert_and_refuses_what_adds_risk() -> None:
    world = start(DAILY)
    tripped = world.quote(156.85, at=10)
    assert notes(tripped) == [
        (
            "RE622",
            "daily-loss/account tripped: account.day_pnl_ratio <= -3% holds: -3% against -3%; stops entry, hedge_open, "
            "ladder, pyramid until 2023-11-15T22:00:00Z",
        )
    ]
    assert [note.level for note in tripped.notes if note.code == "RE622"] == ["alert"]
    refused = decision(world.signal(at=20))
    assert (refused.outcome, refused.code, refused.first_blocker) == ("refused", "RE620", "daily-loss")
    assert "since 2023-11-14T22:14:10Z until 2023-11-15T22:00:00Z" in refused.message
    (verdict,) = [each for each in refused.verdicts if each.section == "protections"]
    (compared,) = verdict.comparisons
    assert (compared.text, compared.right) == ("account.day_pnl_ratio <= -3%", -0.03)
    assert compared.left == pytest.approx(-0.03, abs=1e-12)
    assert compared.distance == pytest.approx(0, abs=1e-12)


def test_it_does_not_trip_just_beyond_its_limit() -> None:
    """14,900 JPY of 500,000 are 2.98 %."""
    world = start(DAILY)
    assert notes(world.quote(156.851, at=10)) == []
    assert len(orders(world.signal(at=20))) == 1


def test_it_stays_on_when_the_loss_is_made_good_and_exits_go_on() -> None:
    world = start(DAILY)
    world.quote(156.85, at=10)
    world.quote(157.2, at=20)
    assert decision(world.signal(at=30)).code == "RE620"
    assert order(world.quote(156.5, at=40)).is_reduce_only


def test_it_stops_only_the_kinds_that_it_names() -> None:
    world = start(DAILY.replace("until: next_day", "until: next_day, stops: hedge_open"))
    world.quote(156.85, at=10)
    assert len(orders(world.signal(at=20))) == 1


def test_a_signal_alone_is_judged_by_the_account_as_it_is_now() -> None:
    """No event of the market comes between the last fill of a series and the signal."""
    world = World(COMMON + "  - {id: any-loss, when: count(c for c in closed if c.pnl < 0) >= 1, lasts: 60s}\n")
    world.quote(157.0, at=0)
    trip_by_closing(world, "a", 1, "-100")
    assert decision(world.signal(at=20, name="z")).code == "RE620"


@pytest.mark.parametrize(("enforcement", "sent", "codes"), [("shadow", 1, []), ("warn", 1, ["RE594"])])
def test_enforcement_says_whether_it_acts(enforcement: str, sent: int, codes: list[str]) -> None:
    world = start(DAILY.replace("until: next_day", f"until: next_day, enforcement: {enforcement}"))
    world.quote(156.85, at=10)
    audit = world.signal(at=20)
    assert len(orders(audit)) == sent
    assert [note.code for note in audit.notes] == codes


# --- what can't be told ----------------------------------------------------------------------------------------------


def unread(world: World, at: float) -> Audit:
    ts = T0 + round(at * 1e9)
    return world.feed(AccountRead(ts, ts, None, None, failed=True))


def test_while_it_cannot_be_told_it_refuses_and_says_so_once() -> None:
    world = start(DAILY)
    said = notes(unread(world, 5))
    assert [code for code, _ in said] == ["RE621"]
    assert "account.balance" in said[0][1]
    refused = decision(world.signal(at=6))
    assert (refused.code, refused.first_blocker) == ("RE621", "daily-loss")
    assert notes(world.quote(157.0, at=7)) == []


def test_on_unknown_alert_lets_pass_and_alerts() -> None:
    world = start(DAILY.replace("until: next_day", "until: next_day, on_unknown: alert"))
    audit = unread(world, 5)
    assert [note.level for note in audit.notes if note.code == "RE621"] == ["alert"]
    assert decision(world.signal(at=6)).code != "RE621"


# --- it is over ------------------------------------------------------------------------------------------------------


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - T0 / 1e9


@pytest.mark.parametrize(
    ("day", "cut"),
    # the account's day turns at 17:00 in New York: 22:00 UTC in winter, 21:00 from 8 March 2026 on
    [("2026-03-05T12:00:00", "2026-03-05T22:00:00"), ("2026-03-09T12:00:00", "2026-03-09T21:00:00")],
)
def test_until_next_day_is_the_cut_of_the_accounts_day_with_daylight_saving(day: str, cut: str) -> None:
    world, begin, end = World(DAILY, trades=HELD), moment(day), moment(cut)
    world.quote(157.0, at=begin)
    world.quote(156.85, at=begin + 10)
    assert decision(world.signal(at=end - 1, name="a")).code == "RE620"
    over = world.timer(at=end)
    assert [code for code, _ in notes(over)] == ["RE623"]
    world.quote(156.85, at=end)
    assert len(orders(world.signal(at=end + 1, name="b"))) == 1


def test_a_timer_is_wanted_for_the_end() -> None:
    world = start(DAILY)
    world.quote(156.85, at=10)
    due = world.engine.next_timer_ns()
    assert due is not None
    assert due <= T0 + 85_560 * 1_000_000_000


def test_lasts_counts_from_the_trip_and_the_instant_of_its_end_is_free() -> None:
    world = start(DAILY.replace("until: next_day", "lasts: 30min"))
    world.quote(156.85, at=10)
    assert decision(world.signal(at=1_809.9, name="a")).code == "RE620"
    assert len(orders(world.signal(at=1_810, name="b"))) == 1


def test_while_its_condition_holds_it_trips_again_only_after_a_break() -> None:
    world = start(DAILY.replace("until: next_day", "lasts: 30min"))
    world.quote(156.85, at=10)
    assert notes(world.timer(at=1_810)) == [("RE623", "daily-loss/account over: its time is over")]
    assert notes(world.quote(156.83, at=2_001)) == []
    assert notes(world.quote(156.9, at=2_002)) == []
    assert [code for code, _ in notes(world.quote(156.85, at=2_003))] == ["RE622"]


def test_until_a_condition_ends_at_the_first_event_at_which_it_holds() -> None:
    world = start(DAILY.replace("next_day", "account.day_pnl_ratio >= -1%"))
    world.quote(156.85, at=10)
    world.quote(156.949, at=20)  # −1.02 %
    assert decision(world.signal(at=21, name="a")).code == "RE620"
    assert notes(world.quote(156.95, at=22)) == [("RE623", "daily-loss/account over: its `until` holds")]
    world.quote(156.9, at=23)
    assert len(orders(world.signal(at=24, name="b"))) == 1


LATCH = DAILY.replace("until: next_day", "latch: human")


def test_a_latch_waits_for_a_human_with_a_reason() -> None:
    world = start(LATCH)
    world.quote(156.85, at=10)
    world.quote(157.0, at=100_000)
    assert "until a human re-arms it" in decision(world.signal(at=100_001, name="a")).message
    assert [note.code for note in rearm(world, "ann", "", 100_002).notes] == ["RE540"]
    assert decision(world.signal(at=100_003, name="b")).code == "RE620"
    said = notes(rearm(world, "ann", "the feed was wrong", 100_004))
    assert said == [("RE623", "daily-loss/account over: re-armed by ann: the feed was wrong")]
    assert len(orders(world.signal(at=100_005, name="c"))) == 1


def test_what_is_re_armed_while_it_holds_does_not_trip_by_the_same_again() -> None:
    world = start(LATCH)
    world.quote(156.85, at=10)
    rearm(world, "ann", "known and accepted", 11)
    world.quote(156.84, at=12)
    assert len(orders(world.signal(at=13))) == 1


def test_how_many_are_on_is_a_fact_over_restarts_too() -> None:
    world = start(LATCH)
    account = world.engine.holdings.account
    assert account.protections_on == 0
    world.quote(156.85, at=10)
    assert account.protections_on == 1
    world.restart()
    assert world.engine.holdings.account.protections_on == 1
    rearm(world, "ann", "known and accepted", 11)
    assert world.engine.holdings.account.protections_on == 0


def test_rearm_of_what_is_not_on_says_so() -> None:
    assert notes(rearm(start(LATCH), "ann", "why not", 5)) == [
        ("RE623", "rearm of `daily-loss` by ann: it is not on, and can be told")
    ]


# --- trades that ended -----------------------------------------------------------------------------------------------

SERIES = (
    COMMON
    + """
  - id: losses
    for_each: strategy
    when: streak(c.pnl < 0 for c in closed if c.strategy == strategy) >= 2
    lasts: 30min
"""
)


def trip_by_closing(world: World, name: str, at: float, realised: str, strategy: str = "M1Scalper") -> Audit:
    """A trade that an order of ours opened and the venue's stop closed, `realised` JPY."""
    opened = order(world.signal(name=name, at=at, strategy=strategy))
    world.fill(opened, 157.0, at=at, trade_id=name)
    ts = T0 + round((at + 1) * 1e9)
    return world.feed(Fill(ts, ts, "USD_JPY", "", opened.side.opposite, opened.units, Decimal("156.9"), name,
                           opens=False, realised=Decimal(realised), reason="stop"))  # fmt: skip


def test_a_losing_series_pauses_its_own_strategy_only() -> None:
    world = World(SERIES)
    world.quote(157.0, at=0)
    assert notes(trip_by_closing(world, "a", 10, "-100")) == []
    said = notes(trip_by_closing(world, "b", 20, "-100"))
    assert [code for code, _ in said] == ["RE622"]
    assert said[0][1].startswith("losses/M1Scalper tripped: ")
    assert decision(world.signal(name="c", at=30)).code == "RE620"
    assert len(orders(world.signal(name="d", at=31, strategy="TrendMA"))) == 1


def test_after_the_pause_the_same_series_does_not_stop_for_ever_and_the_next_loss_does() -> None:
    world = World(SERIES)
    world.quote(157.0, at=0)
    trip_by_closing(world, "a", 10, "-100")
    trip_by_closing(world, "b", 20, "-100")  # on from 21 s to 1821 s
    assert decision(world.signal(name="c", at=1_820.9)).code == "RE620"
    assert [code for code, _ in notes(trip_by_closing(world, "d", 1_821, "-100"))] == ["RE622"]
    assert decision(world.signal(name="e", at=3_621)).code == "RE620"
    assert [code for code, _ in notes(trip_by_closing(world, "f", 3_622, "100"))] == []


def test_a_loss_while_it_is_on_begins_its_time_anew() -> None:
    world = World(SERIES)
    world.quote(157.0, at=0)
    opened = order(world.signal(name="x", at=5))
    world.fill(opened, 157.0, at=5, trade_id="x")
    trip_by_closing(world, "a", 10, "-100")
    trip_by_closing(world, "b", 20, "-100")
    ts = T0 + 1_000 * 1_000_000_000
    last = world.feed(Fill(ts, ts, "USD_JPY", "", opened.side.opposite, opened.units, Decimal("156.9"), "x",
                           opens=False, realised=Decimal(-1), reason="stop"))  # fmt: skip
    assert "tripped again" in notes(last)[0][1]
    assert decision(world.signal(name="c", at=2_799)).code == "RE620"
    assert len(orders(world.signal(name="d", at=2_800))) == 1


# --- what it closes --------------------------------------------------------------------------------------------------

CLOSING = DAILY.replace("until: next_day", "close: 100%, until: next_day")


def test_it_closes_what_is_open_in_its_scope_once_reductions_only() -> None:
    world = start(CLOSING)
    closing = order(world.quote(156.85, at=10))
    assert (closing.is_reduce_only, closing.units, closing.trade_id) == (True, Decimal(100_000), "1")
    assert orders(world.quote(156.84, at=11)) == []
    world.fill(closing, 156.85, at=12)
    assert orders(world.quote(156.83, at=13)) == []
    assert world.engine.holdings.account.closed[0].rule == "daily-loss"


def test_what_was_rejected_is_tried_again_though_the_condition_holds_no_more() -> None:
    world = start(CLOSING)
    closing = order(world.quote(156.85, at=10))
    world.quote(157.1, at=11)
    world.update(closing, OrderStatus.REJECTED, code="X", at=12)
    again = order(world.quote(157.1, at=20))
    assert (again.is_reduce_only, again.units) == (True, Decimal(100_000))


def test_a_part_is_closed_once_for_each_trade() -> None:
    world = start(CLOSING.replace("100%", "40%"))
    closing = order(world.quote(156.85, at=10))
    assert closing.units == Decimal(40_000)
    world.fill(closing, 156.85, at=11)
    assert orders(world.quote(156.8, at=12)) == []


# --- restart ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [DAILY, LATCH, DAILY.replace("next_day", "account.day_pnl_ratio >= -1%")])
def test_a_restart_while_it_is_on_keeps_it_on_and_says_the_same(rules: str) -> None:
    world, other = start(rules), start(rules)
    for each in (world, other):
        each.quote(156.85, at=10)
    world.restart()
    for each in (world, other):
        each.quote(156.9, at=20)
    one, two = decision(world.signal(at=30)), decision(other.signal(at=30))
    assert (one.code, one.message) == (two.code, two.message) == ("RE620", one.message)
    assert notes(world.quote(156.95, at=40)) == notes(other.quote(156.95, at=40))
    assert world.engine.state() == other.engine.state()


def test_a_restart_between_trip_and_close_goes_on_closing() -> None:
    world = start(CLOSING)
    closing = order(world.quote(156.85, at=10))
    world.restart()
    world.update(closing, OrderStatus.REJECTED, code="X", at=12)
    assert order(world.quote(157.0, at=20)).units == Decimal(100_000)


def test_a_protection_that_the_policy_no_longer_has_is_told() -> None:
    world = start(DAILY)
    world.quote(156.85, at=10)
    other = World(DAILY.replace("daily-loss", "renamed"), trades=HELD)
    said = other.engine.restore(world.engine.state())
    assert [note.level for note in said] == ["alert"]
    assert "daily-loss/account" in said[0].message
