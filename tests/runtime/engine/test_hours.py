"""Named hours and phases of a market, on both sides of each edge. UTC by hand from the clocks of New York and Tokyo."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ruleengine.load import load_bytes
from ruleengine.market.phase import Phase
from ruleengine.runtime.markets.hours import NamedHours, Schedules
from ruleengine.schema.declarations import Schedule
from ruleengine.schema.policy import Policy
from ruleengine.schema.shape import shape
from tests.typecheck.policies import MINIMAL

SECOND = 1_000_000_000


def ns(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def schedule(text: str) -> Schedule:
    document, found = load_bytes((MINIMAL + f"schedules:\n  thin: {text}\n").encode(), "policy.yaml")
    assert document is not None, found
    policy, found = shape(document)
    assert isinstance(policy, Policy), found
    return policy.schedules["thin"]


NIGHT = '{timezone: Asia/Tokyo, windows: [{from: "21:00", to: "06:00"}], except_dates: ["2026-12-25"]}'


@pytest.mark.parametrize(
    ("at", "holds", "change"),
    [  # Tokyo is nine hours ahead
        ("2026-12-24T11:59:59", False, "2026-12-24T12:00"),
        ("2026-12-24T12:00:00", True, "2026-12-24T21:00"),
        ("2026-12-24T20:59:59", True, "2026-12-24T21:00"),  # 05:59:59 on the 25th: it began on the 24th
        ("2026-12-25T12:00:00", False, "2026-12-26T12:00"),  # 21:00 on the 25th: none begins
        ("2026-12-25T20:00:00", False, "2026-12-26T12:00"),
        ("2026-12-26T12:00:00", True, "2026-12-26T21:00"),
    ],
)
def test_no_window_begins_on_an_excepted_date(at: str, holds: bool, change: str) -> None:
    hours = NamedHours("thin", schedule(NIGHT))
    assert hours.at(ns(at)) is holds
    assert hours.next_change(ns(at)) == ns(change)


def test_any_of_several_windows_holds_on_its_days() -> None:
    early, late = '{days: [mon], from: "08:00", to: "10:00"}', '{days: [mon, tue], from: "09:00", to: "11:00"}'
    text = f"{{timezone: UTC, windows: [{early}, {late}]}}"
    hours = Schedules(["thin"], {"thin": schedule(text)})
    found = []
    for at in ("2026-01-05T08:30", "2026-01-05T10:30", "2026-01-05T11:00", "2026-01-06T08:30", "2026-01-06T09:00"):
        hours.turn(ns(at))
        found.append((hours.truths[0], hours.due))
    assert found == [
        (True, ns("2026-01-05T09:00")),
        (True, ns("2026-01-05T11:00")),
        (False, ns("2026-01-06T09:00")),
        (False, ns("2026-01-06T09:00")),
        (True, ns("2026-01-06T11:00")),
    ]


@pytest.mark.parametrize(
    ("sessions", "at", "word", "due"),
    [
        # New York is five hours behind; the pause lasts from 16:59 to 17:05 every day
        ("fx", "2026-01-07T21:58:59", "open", "2026-01-07T21:59"),
        ("fx", "2026-01-07T21:59:00", "paused", "2026-01-07T22:00"),
        ("fx", "2026-01-07T22:04:59", "paused", "2026-01-07T22:05"),
        ("fx", "2026-01-07T22:05:00", "open", "2026-01-08T21:59"),
        ("fx", "2026-01-09T21:58:59", "open", "2026-01-09T21:59"),  # Friday: paused, and closed at 17:00
        ("fx", "2026-01-09T21:59:59", "paused", "2026-01-09T22:00"),
        ("fx", "2026-01-09T22:00:00", "closed", "2026-01-11T22:00"),
        ("fx", "2026-01-11T22:00:00", "paused", "2026-01-11T22:05"),
        ("fx", "2026-01-11T22:05:00", "open", "2026-01-12T21:59"),
        ("fx", "2026-07-08T20:59:00", "paused", "2026-07-08T21:00"),  # four hours in summer
        # 09:30 to 16:00
        ("us", "2026-01-07T14:29:59", "closed", "2026-01-07T14:30"),
        ("us", "2026-01-07T14:30:00", "open", "2026-01-07T21:00"),
        ("us", "2026-01-07T20:59:59", "open", "2026-01-07T21:00"),
        ("us", "2026-01-07T21:00:00", "closed", "2026-01-08T14:30"),
        ("us", "2026-07-08T20:00:00", "closed", "2026-07-09T13:30"),
        ("us", "2026-01-09T21:00:00", "closed", "2026-01-12T14:30"),
        # 09:00 to 15:30 in Seoul, nine hours ahead
        ("krx", "2026-01-07T06:29:59", "open", "2026-01-07T06:30"),
        ("krx", "2026-01-07T06:30:00", "closed", "2026-01-08T00:00"),
    ],
)
def test_the_phase_and_when_it_changes(sessions: str, at: str, word: str, due: str) -> None:
    phase = Phase(sessions)
    assert phase.at(ns(at)) == word
    while phase.due < ns(due):  # windows may touch without a change of phase
        assert phase.at(phase.due) == word
    assert phase.due == ns(due)


def test_a_market_that_never_closes_has_one_phase() -> None:
    phase = Phase("always")
    for day in ("2026-01-10T12:00", "2026-01-11T00:00", "2026-12-25T17:00"):
        assert phase.at(ns(day)) == "open"
