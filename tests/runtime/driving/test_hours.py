"""The venue's own word of its hours in the live loop (OPS-07): asked before the first price and once a day, in the log,
and never the end of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.market.interval import DAY_NS, HOUR_NS
from ruleengine.model.event import Event, HoursWord, Quote, Reconciliation
from ruleengine.ports.venue import VenueError
from ruleengine.runtime.driving.inquiry import Inquiry
from ruleengine.runtime.driving.live import LiveLoop
from tests.runtime.driving.killed import maker
from tests.runtime.driving.wire import Connected, Wire, WireClock, quotes
from tests.runtime.engine.world import SECOND, T0, Recorder

RISE = """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units, max_open: 1}
"""


class Telling(Connected):
    """Is shut, as it says, from `T0` − 1 min for an hour; or can't be asked (`error`)."""

    def __init__(self, wire: Wire, error: Exception | None = None) -> None:
        super().__init__(wire)
        self.error = error
        self.asked_for: list[tuple[int, int]] = []

    async def hours(self, begin_ns: int, end_ns: int) -> Sequence[HoursWord]:
        self.asked_for.append((begin_ns, end_ns))
        if self.error is not None:
            raise self.error
        now = self.wire.now
        return [HoursWord(now, now, "", T0 - 60 * SECOND, T0 + HOUR_NS, False, "status")]


def ran(venue: Connected) -> tuple[Recorder, list[str]]:
    recorder = Recorder()
    engine = maker(RISE)("run", recorder)
    engine.desk.seq = 0
    told: list[str] = []
    asyncio.run(LiveLoop(engine, venue, WireClock(venue.wire), on_trouble=lambda each: told.append(each.code)).run())
    return recorder, told


def test_the_words_of_today_and_tomorrow_come_before_the_first_price_and_refuse() -> None:
    venue = Telling(Wire(quotes(157.1, 157.1, start=T0)))
    begin = venue.wire.now
    recorder, told = ran(venue)
    kinds = [type(each) for what, each in recorder.lines if what == "event"]
    assert kinds[:3] == [Reconciliation, HoursWord, Quote]
    assert [(each - begin) // DAY_NS for each in venue.asked_for[0]] == [0, 2]
    assert [each.code for what, each in recorder.lines if what == "decision"] == ["RE543"]
    assert (venue.wire.accepted, told) == ([], [])


@pytest.mark.parametrize("error", [VenueError("no such service", code="X"), ValueError("odd")])
def test_hours_that_cannot_be_had_are_told_and_our_calendar_stands_alone(error: Exception) -> None:
    venue = Telling(Wire(quotes(157.1, 157.1, start=T0)), error)
    _, told = ran(venue)
    assert told == ["RE519"]
    assert len(venue.wire.accepted) == 1


def test_a_venue_that_does_not_answer_of_its_hours_holds_no_start_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute(Telling):
        async def hours(self, begin_ns: int, end_ns: int) -> Sequence[HoursWord]:
            await asyncio.Event().wait()
            return []

    monkeypatch.setattr("ruleengine.runtime.driving.inquiry.ASK_MAX_S", 0.02)
    venue = Mute(Wire(quotes(157.1, 157.1, start=T0)))
    assert ran(venue)[1] == ["RE519"]
    assert len(venue.wire.accepted) == 1


def test_a_run_of_a_day_asks_a_second_time() -> None:
    venue = Telling(Wire(quotes(*[157.0] * 26, start=T0, every_ns=HOUR_NS)))
    ran(venue)
    assert len(venue.asked_for) == 2


class Still:
    def __init__(self) -> None:
        self.now = T0

    def now_ns(self) -> int:
        return self.now

    async def sleep_until_ns(self, ts: int) -> None:
        raise AssertionError(ts)


@pytest.mark.parametrize(("error", "again_ns"), [(None, DAY_NS), (VenueError("away"), HOUR_NS)])
def test_they_are_asked_for_once_a_day_and_after_a_failure_in_an_hour(error: VenueError | None, again_ns: int) -> None:
    clock, venue = Still(), Telling(Wire(quotes(157.0, start=T0)), error)
    heard: list[Event] = []
    told: list[Diagnostic] = []

    async def put(event: Event) -> None:
        heard.append(event)

    inquiry = Inquiry(maker(RISE)("run", None), venue, clock, put, told.append)
    asked = []
    for now in (T0, T0 + again_ns - 1, T0 + again_ns):
        clock.now = now
        asyncio.run(inquiry.ask_hours())
        asked.append(len(venue.asked_for))
    assert asked == [1, 1, 2]
    assert (len(heard), len(told)) == ((2, 0) if error is None else (0, 2))


def test_a_venue_that_tells_nothing_is_not_asked() -> None:
    clock, venue = Still(), Connected(Wire(quotes(157.0, start=T0)))

    async def put(event: Event) -> None:
        raise AssertionError(event)

    inquiry = Inquiry(maker(RISE)("run", None), venue, clock, put, lambda found: pytest.fail(found.message))
    asyncio.run(inquiry.ask_hours())
