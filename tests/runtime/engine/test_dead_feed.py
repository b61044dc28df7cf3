"""Running figures on a feed that has gone quiet: prices too old to be known count as unknown from that instant on, so
no rule holds on what they were before."""

from __future__ import annotations

from typing import Any

import pytest

from ruleengine.model.unknown import Reason
from tests.runtime.engine import world as worlds
from tests.runtime.engine.world import World, decision

RULES = """
entries:
  - {id: from-signal, source: signal, when: "true", size: 1units}
guards:
  - {id: calm, applies_to: {intent: entry}, require: "max_over(spread, 20s) <= 2pips"}
  - {id: usual, applies_to: {intent: entry}, require: "avg_over(spread, 20s) <= 2pips"}
  - {id: settled, applies_to: {intent: entry}, require: "time_since(spread > 2pips) >= 5s"}
"""


@pytest.fixture(autouse=True)
def _short_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "HEAD", worlds.HEAD.replace("quote_age_max: 240h", "quote_age_max: 10s"))


def figures(world: World) -> list[Any]:
    return list(world.engine.markets["USD_JPY"].frame.s)


def fed(*, restarts: bool = False) -> World:
    """1 pip since 6 s after a moment of 3, a quote every 2 s until 30, then nothing: unknown from 40 on."""
    world = World(RULES)
    world.quote(157.0, 157.03, at=0)
    for at in range(6, 31, 2):
        world.quote(157.0, 157.01, at=at)
    if restarts:
        world.restart()
    due = world.engine.next_timer_ns()
    assert due == world._at(40)
    world.timer(at=40)
    if restarts:
        world.restart()
    return world


def test_a_window_that_reaches_into_the_silence_is_unknown() -> None:
    world = fed()
    said = [str(each) for each in figures(world)]
    assert said == [
        "unknown: max_over missing (ask stale for 0 s of 20 s)",
        "unknown: avg_over missing (ask stale for 0 s of 20 s)",
        "unknown: time_since missing (its condition is unknown: ask stale)",
    ]
    found = decision(world.signal(at=45))
    assert (found.outcome, found.code) == ("refused", "RE571")
    assert "max_over missing (ask stale for 5 s of 20 s)" in found.message


def test_it_is_known_again_when_the_silence_lies_before_the_window() -> None:
    world = fed()
    world.quote(157.0, 157.01, at=50)
    for at in range(52, 70, 2):
        world.quote(157.0, 157.01, at=at)
    assert all(each.reason is Reason.MISSING for each in figures(world))
    world.quote(157.0, 157.01, at=70)
    largest, average, since = figures(world)
    assert (round(largest, 9), round(average, 9)) == (1.0, 1.0)
    assert "its condition was unknown meanwhile: ask stale" in str(since)
    world.quote(157.0, 157.03, at=72)
    world.quote(157.0, 157.01, at=74)
    world.timer(at=75)
    assert figures(world)[2] == 1.0


def test_a_restart_in_the_silence_changes_nothing() -> None:
    for at in (45.0, 50.0):
        assert [str(each) for each in figures(fed())] == [str(each) for each in figures(fed(restarts=True))]
        one, other = fed(), fed(restarts=True)
        for world in (one, other):
            world.quote(157.0, 157.01, at=at)
        assert one.engine.state()["steps"] == other.engine.state()["steps"]
