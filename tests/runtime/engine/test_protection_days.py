"""A daily loss is each day's own: a gap over the cut leaves no blind day behind it.

100,000 long at 157, 500,000 JPY. At 156.84 the loss is 16,000, 3.2 %. The next day begins with 484,000; at 156.60 it
has lost 24,000 more, 4.96 %; at 156.70 14,000, 2.89 %. The day is cut at 22:00 UTC (17:00 in New York in winter).
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ruleengine.model.event import AccountRead
from tests.runtime.engine.test_protections import COMMON, HELD, notes
from tests.runtime.engine.world import T0, World, decision, orders

RULE = COMMON + "  - {id: daily-loss, when: account.day_pnl_ratio <= -3%, until: next_day}\n"
NOON, CUT = (
    datetime.fromisoformat(f"2026-03-05T{hour}:00:00").replace(tzinfo=UTC).timestamp() - T0 / 1e9
    for hour in ("12", "22")
)


def tripped(rules: str = RULE) -> World:
    world = World(rules, trades=HELD)
    world.quote(157.0, at=NOON)
    assert [code for code, _ in notes(world.quote(156.84, at=NOON + 10))] == ["RE622"]
    return world


@pytest.mark.parametrize("has_timer", [True, False])
@pytest.mark.parametrize("restarts", [True, False])
def test_a_gap_over_the_cut_trips_on_the_new_day(has_timer: bool, restarts: bool) -> None:
    world = tripped()
    if restarts:
        world.restart()
    if has_timer:
        assert [code for code, _ in notes(world.timer(at=CUT))] == ["RE623"]
    if restarts:
        world.restart()
    assert notes(world.quote(156.60, at=CUT + 3))[-1][0] == "RE622"
    assert world.engine.holdings.account.day_start_equity == pytest.approx(484_000)
    assert decision(world.signal(at=CUT + 60)).code == "RE620"


def test_it_trips_though_nothing_was_known_at_the_cut() -> None:
    world = tripped()
    ts = T0 + round((CUT - 5) * 1e9)
    world.feed(AccountRead(ts, ts, None, None, failed=True))
    world.timer(at=CUT)
    assert decision(world.signal(at=CUT + 1)).code == "RE621"
    world.quote(156.60, at=CUT + 2)
    ts = T0 + round((CUT + 3) * 1e9)
    audit = world.feed(AccountRead(ts, ts, world.engine.holdings.balance, world.engine.holdings.reported_margin))
    assert [code for code, _ in notes(audit)] == ["RE622"]


@pytest.mark.parametrize("end", ["until: next_day", "lasts: 24h", "latch: human"])
def test_yesterdays_loss_is_not_todays(end: str) -> None:
    """It is judged after the day has turned: 2.89 % of the new day trip nothing."""
    world = tripped(RULE.replace("until: next_day", end))
    said = [code for code, _ in [*notes(world.timer(at=CUT)), *notes(world.quote(156.70, at=CUT + 3))]]
    assert said == (["RE623"] if end == "until: next_day" else [])


def test_the_day_turns_at_its_cut_for_a_signal_too() -> None:
    """13,000 of 500,000 are 2.6 %; right after the cut nothing of the new day is lost."""
    world = World(RULE.replace("-3%", "-2.7%"), trades=HELD)
    world.quote(157.0, at=NOON)
    world.quote(156.87, at=NOON + 10)
    assert len(orders(world.signal(at=CUT + 1))) == 1
    assert world.engine.holdings.account.day_start_equity == pytest.approx(487_000)


def test_a_condition_that_is_not_about_the_day_trips_once() -> None:
    """A drawdown of 3.2 % stays what it is, whatever the date (decision 0012)."""
    world = World(RULE.replace("account.day_pnl_ratio <= -3%", "account.drawdown >= 3%"), trades=HELD)
    world.quote(157.0, at=NOON)
    world.quote(156.84, at=NOON + 10)
    assert [code for code, _ in notes(world.timer(at=CUT))] == ["RE623"]
    assert notes(world.quote(156.60, at=CUT + 3)) == []


def test_a_mode_on_the_days_loss_is_about_the_day() -> None:
    modes = (
        "modes: {bad: {enter: account.day_pnl_ratio <= -3%, leave: account.day_pnl_ratio >= 1%, on_unknown: keep}}\n"
    )
    world = tripped(modes + RULE.replace("account.day_pnl_ratio <= -3%", "bad"))
    world.timer(at=CUT)
    assert decision(world.signal(at=CUT + 60)).code == "RE620"
