"""A run that starts within a minute has the same bars as one that watched all along: closed ones from the venue's
history, the one in progress as the venue has it, and ticks from then on.

Minutes of USD_JPY's middle, by hand: minute 0 closes at 157.3; minute 1 has 157.3, 157.6, 157.2, 157.4 when the run
starts at half of it, and has ticks of 157.7 and 157.5 after that: it closes with 157.3, 157.7, 157.2, 157.5.
Of the ticks alone it would be 157.7, 157.7, 157.5, 157.5.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from ruleengine.cli import live_history
from ruleengine.model.event import BarEvent, MarketEvent
from ruleengine.ports.venue import NetworkVenue, VenueError
from tests.runtime.engine.world import T0, World

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
RULES = """
parameters: {}
metrics:
  open: {value: m1.open, for_each: instrument}
  high: {value: m1.high, for_each: instrument}
  low: {value: m1.low, for_each: instrument}
  close: {value: m1.close, for_each: instrument}
"""


def bar(opened_ns: int, width_ns: int, ohlc: tuple[float, float, float, float]) -> BarEvent:
    close = opened_ns + width_ns
    return BarEvent(close + 7, close, "USD_JPY", width_ns, "mid", *ohlc)


class Venue:
    """Its history, and whether it says what is in progress."""

    def __init__(self, *, says: bool) -> None:
        self.says = says

    def history_intervals(self) -> tuple[int, ...]:
        return (5 * SECOND, MINUTE)

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        assert interval_ns == MINUTE, "the longest bars that the policy's can be made of"
        for number in range(-10, 1):
            close = T0 + (number + 1) * MINUTE
            if begin < close <= end:
                yield bar(T0 + number * MINUTE, MINUTE, (157.0, 157.3, 157.0, 157.3))

    async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
        if not self.says:
            raise VenueError("no answer within 10 s")
        return bar(T0 + MINUTE, 30 * SECOND, (157.3, 157.6, 157.2, 157.4))


def started(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(RULES)
    start = T0 + 90 * SECOND
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: start)
    make: Any = world._engine
    world.engine = asyncio.run(live_history.warm_from(make, cast(NetworkVenue, venue), start))
    for price, second in ((157.7, 100), (157.5, 110)):
        world.quote(price, at=second)
    world.timer(at=120)
    return world


def minute(world: World) -> list[float]:
    values = world.engine.finish().metrics
    return [values[name]["USD_JPY"] for name in ("open", "high", "low", "close")]


def test_the_minute_that_a_run_starts_in_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert minute(started(Venue(says=True), monkeypatch)) == [157.3, 157.7, 157.2, 157.5]


def test_where_the_venue_does_not_say_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert minute(started(Venue(says=False), monkeypatch)) == [157.7, 157.7, 157.5, 157.5]
    assert "the bar in progress of USD_JPY: no answer within 10 s" in capsys.readouterr().err


class GoneOn(Venue):
    """Minute 1 came to 157.3, 157.9, 157.2, 157.8 by now, and minute 2 is in progress or, by `now`, over."""

    def __init__(self, now: int) -> None:
        super().__init__(says=True)
        self.now = now

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        made = bar(T0 + MINUTE, MINUTE, (157.3, 157.9, 157.2, 157.8))
        if begin < made.ts_event <= min(end, self.now):
            yield made

    async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
        if self.now < T0 + 2 * MINUTE:
            return bar(T0 + MINUTE, self.now - T0 - MINUTE, (157.3, 157.8, 157.2, 157.6))
        return bar(T0 + 2 * MINUTE, self.now - T0 - 2 * MINUTE, (157.8, 158.0, 157.8, 157.9))


@pytest.mark.parametrize(
    ("now_s", "values"),
    [
        # again within minute 1, which has 157.3, 157.8, 157.2, 157.6 by then, and ends with a tick of 157.5
        (115, [157.3, 157.8, 157.2, 157.5]),
        # minute 1 is over: minute 2 has 157.8, 158.0, 157.8, 157.9, and ends with a tick of 157.5
        (150, [157.8, 158.0, 157.5, 157.5]),
    ],
)
def test_a_run_that_goes_on_has_no_defective_bar(
    now_s: int, values: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last price is of the middle of minute 1, at 100 s. The bar of five minutes begins with minute 1 too and has
    the extremes of all that came; a defect in it would make it unknown."""
    five = [f"  five_{line.strip()}" for line in RULES.replace("m1", "m5").splitlines() if "m5" in line]
    world = World(RULES + "\n".join(five))
    start, now = T0 + 90 * SECOND, T0 + now_s * SECOND
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: start)
    make: Any = world._engine
    world.engine = asyncio.run(live_history.warm_from(make, cast(NetworkVenue, Venue(says=True)), start))
    world.quote(157.7, at=100)
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: now)
    asyncio.run(live_history.catch_up(world.engine, cast(NetworkVenue, GoneOn(now)), now))
    world.quote(157.5, at=now_s + 2)
    world.timer(at=now_s - now_s % 60 + 60)
    assert minute(world) == values
    world.timer(at=360)
    found = world.engine.finish().metrics
    highest = 157.8 if now_s < 120 else 158.0
    assert [found[f"five_{name}"]["USD_JPY"] for name in ("open", "high", "low", "close")] == [
        157.3, highest, 157.2, 157.5,
    ]  # fmt: skip


class Asked(Venue):
    """Notes from when on it is asked."""

    def __init__(self) -> None:
        super().__init__(says=True)
        self.begins: list[int] = []

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        self.begins.append(begin)
        return
        yield

    async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
        return None


@pytest.mark.parametrize(
    ("away_s", "asked_s"),
    [
        (600, 60),  # from the minute in which its last price came, at 100 s
        (400 * 86_400, 100 + 340 * 86_400),  # 60 days back at most
        (-300, None),  # our clock was set back: there is nothing to catch up with
    ],
)
def test_after_a_year_no_year_is_asked_for(away_s: int, asked_s: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(RULES)
    world.quote(157.7, at=100)
    now = T0 + (100 + away_s) * SECOND
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: now)
    venue = Asked()
    asyncio.run(live_history.catch_up(world.engine, cast(NetworkVenue, venue), now))
    assert venue.begins[:1] == ([] if asked_s is None else [T0 + asked_s * SECOND])


def test_who_waits_for_a_slow_history_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three seconds an instrument: told after two of them, and after four."""
    clock = [0.0]

    class Slow(Venue):
        async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
            clock[0] += 3.0
            return
            yield

    class Five:
        markets = dict.fromkeys("abcde")

    monkeypatch.setattr("ruleengine.cli.live_history.time.monotonic", lambda: clock[0])
    asked = live_history._rows(cast(Any, Five()), cast(NetworkVenue, Slow(says=True)), MINUTE, 0, 1)
    assert asyncio.run(asked) == []
    assert [line for line in capsys.readouterr().err.splitlines() if "history" in line] == [
        "reading the venue's history: 2 of 5 instruments so far",
        "reading the venue's history: 4 of 5 instruments so far",
    ]
