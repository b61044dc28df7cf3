"""The venue's own word of its hours against our calendar (OPS-07): where they are against each other nothing is added,
exits go on, the account file's day wins, and all of it follows from the log.

The instrument stands for a share of KRX where days matter: Thursday 2026-11-19 in Seoul is 2026-11-18T15:00Z up to
2026-11-19T15:00Z; it is the exam day, open 10:00–16:30 (01:00Z–07:30Z)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import HoursWord, Quote
from tests.runtime.engine.world import SECOND, USD_JPY, World, decision, order, orders, trade

RULES = """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units}
exits:
  - {id: cut, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""
KRX = replace(USD_JPY, sessions="krx")
EXAM_DAY = ("2026-11-18T15:00", "2026-11-19T15:00")
HOLIDAY = ("2026-10-04T15:00", "2026-10-05T15:00")
"""Monday 2026-10-05, the day off for National Foundation Day, by the library and in fact."""


def ns(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * SECOND


def world_at(at: str, account: dict[str, Any] | None = None) -> World:
    """A world whose first price, 157.0, comes at that time."""
    found = World(RULES, spec=KRX, account=account, trades=(trade("1000", "157"),))
    quote(found, 157.0, at)
    return found


def quote(world: World, price: float, at: str) -> Audit:
    return world.feed(Quote(ns(at), ns(at), "USD_JPY", price, price))


def word(
    world: World,
    is_open: bool,
    at: str,
    stretch: tuple[str, str | None] = EXAM_DAY,
    *,
    of: str = "",
    source: str = "list",
) -> Audit:
    begin, end = stretch
    event = HoursWord(ns(at), ns(at), of, ns(begin), None if end is None else ns(end), is_open, source)
    return world.feed(event)


def codes(audit: Audit) -> list[tuple[str, str]]:
    return [(note.level, note.code) for note in audit.notes]


# --- a day ------------------------------------------------------------------------------------------------------------


def test_a_day_that_the_venue_calls_closed_is_told_the_day_before_and_refuses_entries() -> None:
    world = world_at("2026-11-18T01:00")
    said = word(world, False, "2026-11-18T02:00", source="chk-holiday 20261119")
    assert codes(said) == [("alert", "RE543")]
    assert "between 2026-11-18 15:00:00.000Z and 2026-11-19 15:00:00.000Z" in said.notes[0].message
    refused = decision(quote(world, 157.1, "2026-11-19T02:00"))
    assert (refused.outcome, refused.code, refused.first_blocker) == ("refused", "RE543", "limits.hours")
    assert "chk-holiday 20261119" in refused.message
    (held,) = refused.verdicts[-1].comparisons
    assert (held.left, held.right, held.verdict) == ("open", "closed", False)


def test_exits_go_on() -> None:
    world = world_at("2026-11-19T01:30")
    word(world, False, "2026-11-19T01:31")
    assert order(quote(world, 156.9, "2026-11-19T01:32")).is_reduce_only


def test_where_both_are_closed_they_agree() -> None:
    """2026-10-05 is closed by the holidays too."""
    world = world_at("2026-10-04T15:30")
    assert codes(word(world, False, "2026-10-04T15:31", HOLIDAY)) == []


def test_a_day_that_only_the_venue_calls_open_refuses_entries_the_whole_day() -> None:
    world = world_at("2026-10-05T00:30")
    assert codes(word(world, True, "2026-10-05T00:31", HOLIDAY)) == [("alert", "RE543")]
    refused = decision(quote(world, 157.1, "2026-10-05T02:00"))
    assert (refused.code, refused.verdicts[-1].comparisons[0].right) == ("RE543", "open")


def test_an_open_day_agrees_also_outside_of_its_hours() -> None:
    """The word is about the day: it trades at some time of it."""
    world = world_at("2026-11-18T16:00")
    assert codes(word(world, True, "2026-11-18T16:01")) == []
    assert order(quote(world, 157.1, "2026-11-18T16:02")).units == 3000


@pytest.mark.parametrize(("at", "is_refused"), [("2026-11-18T14:59:59", False), ("2026-11-19T00:59:59", False),
                                                ("2026-11-19T01:00:00", True), ("2026-11-19T07:29:59", True),
                                                ("2026-11-19T07:30:00", False)])  # fmt: skip
def test_it_refuses_while_they_are_against_each_other(at: str, is_refused: bool) -> None:
    """Late opening at 10:00 in Seoul and late close at 16:30: 01:00Z and 07:30Z."""
    world = world_at("2026-11-18T10:00")
    word(world, False, "2026-11-18T10:01")
    assert (orders(quote(world, 157.1, at)) == []) is is_refused


def test_the_same_word_again_says_nothing_and_a_later_one_takes_its_place() -> None:
    world = world_at("2026-11-18T01:00")
    assert codes(word(world, False, "2026-11-18T02:00")) == [("alert", "RE543")]
    assert codes(word(world, False, "2026-11-18T03:00")) == []
    assert codes(word(world, True, "2026-11-18T04:00")) == [("info", "RE546")]
    assert order(quote(world, 157.1, "2026-11-19T02:00")).units == 3000


def test_two_sources_are_two_words() -> None:
    world = world_at("2026-11-18T01:00")
    word(world, False, "2026-11-18T02:00", source="one")
    word(world, True, "2026-11-18T02:01", source="two")
    assert decision(quote(world, 157.1, "2026-11-19T02:00")).code == "RE543"


# --- the account file -------------------------------------------------------------------------------------------------


def test_the_account_files_day_wins_and_that_is_said() -> None:
    world = world_at("2026-11-18T01:00", {"calendar": {"open": ["2026-11-19"]}})
    assert codes(word(world, False, "2026-11-18T02:00")) == [("warning", "RE545")]
    assert order(quote(world, 157.1, "2026-11-19T02:00")).units == 3000


def test_a_day_that_the_file_closes_wins_over_an_open_word() -> None:
    world = world_at("2026-11-18T01:00", {"calendar": {"closed": ["2026-11-19"]}})
    assert codes(word(world, True, "2026-11-18T02:00")) == [("warning", "RE545")]
    assert order(quote(world, 157.1, "2026-11-19T02:00")).units == 3000


def test_another_day_of_the_file_says_nothing_of_this_one() -> None:
    world = world_at("2026-11-18T01:00", {"calendar": {"open": ["2026-11-20"]}})
    assert codes(word(world, False, "2026-11-18T02:00")) == [("alert", "RE543")]


# --- around the clock -------------------------------------------------------------------------------------------------

MAINTENANCE = ("2026-01-14T06:00", "2026-01-14T06:30")


def around_the_clock(**account: Any) -> World:
    found = World(RULES, spec=replace(USD_JPY, sessions="always"), account=account)
    quote(found, 157.0, "2026-01-14T05:00")
    return found


@pytest.mark.parametrize(("at", "is_refused"), [("05:59:59", False), ("06:00:00", True), ("06:29:59", True),
                                                ("06:30:00", False)])  # fmt: skip
def test_a_maintenance_is_told_ahead_and_refuses_while_it_lasts(at: str, is_refused: bool) -> None:
    world = around_the_clock()
    assert codes(word(world, False, "2026-01-14T05:01", MAINTENANCE)) == [("alert", "RE543")]
    assert (orders(quote(world, 157.1, f"2026-01-14T{at}")) == []) is is_refused


def test_a_maintenance_that_the_account_file_states_is_no_disagreement() -> None:
    world = around_the_clock(calendar={"maintenance": [{"at": "2026-01-14T06:00:00Z", "lasts": 1800}]})
    assert codes(word(world, False, "2026-01-14T05:01", MAINTENANCE)) == []


def test_a_maintenance_longer_than_the_file_states_is_one_behind_it() -> None:
    world = around_the_clock(calendar={"maintenance": [{"at": "2026-01-14T06:00:00Z", "lasts": 600}]})
    assert codes(word(world, False, "2026-01-14T05:01", MAINTENANCE)) == [("alert", "RE543")]
    assert decision(quote(world, 157.1, "2026-01-14T06:10:00")).code == "RE543"


# --- now --------------------------------------------------------------------------------------------------------------


def test_what_does_not_trade_now_refuses_until_it_trades_again() -> None:
    world = around_the_clock()
    now = ("2026-01-14T05:01", None)
    assert codes(word(world, False, "2026-01-14T05:01", now, of="USD_JPY")) == [("warning", "RE544")]
    refused = decision(quote(world, 157.1, "2026-01-20T00:00"))
    assert (refused.code, refused.first_blocker) == ("RE544", "limits.hours")
    back = ("2026-01-20T00:01", None)
    assert codes(word(world, True, "2026-01-20T00:01", back, of="USD_JPY")) == [("info", "RE546")]
    assert order(quote(world, 157.11, "2026-01-20T00:02")).units == 3000


def test_no_file_makes_tradeable_what_is_not() -> None:
    world = world_at("2026-11-19T01:00", {"calendar": {"open": ["2026-11-19"]}})
    assert codes(word(world, False, "2026-11-19T01:10", ("2026-11-19T01:10", None))) == [("warning", "RE544")]
    assert decision(quote(world, 157.1, "2026-11-19T02:00")).code == "RE544"


def test_not_tradeable_in_the_days_pause_is_no_disagreement() -> None:
    """Wednesday 2026-01-14, 16:59 to 17:05 in New York (UTC−5): 21:59Z to 22:05Z."""
    world = World(RULES, spec=replace(USD_JPY, sessions="fx"))
    quote(world, 157.0, "2026-01-14T21:00")
    assert codes(word(world, False, "2026-01-14T21:59:05", ("2026-01-14T21:59:05", None), of="USD_JPY")) == []
    assert decision(quote(world, 157.1, "2026-01-14T22:05:00")).code == "RE544"  # it should trade again by now


def test_a_word_of_an_instrument_that_this_run_has_not_is_noted() -> None:
    assert [each.level for each in word(around_the_clock(), False, "2026-01-14T05:01", of="EUR_USD").notes] == [
        "warning"
    ]


# --- the log ----------------------------------------------------------------------------------------------------------


def test_a_restart_keeps_it() -> None:
    world = world_at("2026-11-18T01:00")
    word(world, False, "2026-11-18T02:00")
    word(world, False, "2026-11-18T02:01", ("2026-11-18T02:01", None), of="USD_JPY", source="state")
    world.restart()
    assert codes(word(world, False, "2026-11-18T03:00")) == []
    word(world, True, "2026-11-18T03:01", ("2026-11-18T02:01", None), of="USD_JPY", source="state")
    assert decision(quote(world, 157.1, "2026-11-19T02:00")).code == "RE543"


def test_a_state_of_before_goes_on_without_it() -> None:
    world = world_at("2026-11-18T01:00")
    state = world.engine.state()
    del state["gate"]["hours"]
    world.engine.restore(state)
    assert order(quote(world, 157.1, "2026-11-19T02:00")).units == 3000


def test_the_same_log_gives_the_same_decisions() -> None:
    world = world_at("2026-11-18T01:00")
    word(world, False, "2026-11-18T02:00")
    live = [decision(quote(world, 157.1, "2026-11-19T02:00"))]
    again = World(RULES, spec=KRX, trades=(trade("1000", "157"),))
    events = [each for what, each in world.recorder.lines if what == "event"]
    replayed = [each for event in events for each in again.engine.process(event).decisions]
    assert replayed == live
    assert [each.code for each in replayed] == ["RE543"]


def test_words_that_are_over_are_forgotten() -> None:
    world = world_at("2026-11-18T01:00")
    word(world, False, "2026-11-18T02:00")
    word(world, True, "2026-11-19T15:00", ("2026-11-19T15:00", "2026-11-20T15:00"), source="next")
    assert [each[1] for each in world.engine.state()["gate"]["hours"]] == ["next"]
