"""A run that starts within a minute has the same bars as one that watched all along: closed ones from the venue's
history, the one in progress as the venue has it, and ticks from then on.

Minutes of USD_JPY's middle, by hand: minute 0 closes at 157.3; minute 1 has 157.3, 157.6, 157.2, 157.4 when the run
starts at half of it, and has ticks of 157.7 and 157.5 after that: it closes with 157.3, 157.7, 157.2, 157.5.
Of the ticks alone it would be 157.7, 157.7, 157.5, 157.5.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ruleengine.cli import live_history
from ruleengine.model.event import BarEvent, MarketEvent, OrderStatus
from ruleengine.ports.venue import NetworkVenue, VenueError, VenueSnapshot
from ruleengine.runtime.engine import Engine
from tests.runtime.engine.world import T0, World, orders

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
        seen, missed = (157.0, 157.3, 157.0, 157.3), (157.3, 157.9, 157.2, 157.8)
        for made in (bar(T0, MINUTE, seen), bar(T0 + MINUTE, MINUTE, missed)):
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


def test_a_bar_that_the_venue_corrects_meanwhile_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked twice, and the minute that closed last has traded more by the second time."""

    class Corrected(Venue):
        volume = 40.0

        async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
            self.volume += 1.0
            async for event in super().history(name, interval_ns, begin, end):
                assert isinstance(event, BarEvent)
                yield replace(event, volume=self.volume)

    assert minute(started(Corrected(says=True), monkeypatch)) == [157.3, 157.7, 157.2, 157.5]


def test_a_bar_in_progress_of_long_ago_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a venue that goes on to tell of the last one before it closed."""

    class Old(Venue):
        async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
            return bar(T0 - 10 * MINUTE, 30 * SECOND, (140.0, 141.0, 139.0, 140.0))

    assert minute(started(Old(says=True), monkeypatch)) == [157.7, 157.7, 157.5, 157.5]


@pytest.mark.parametrize(
    ("widths", "offered", "longest"),
    [
        ((60, 300), (5, 60, 300), 60),
        ((300,), (5, 60, 300), 300),
        ((90,), (5, 60), 5),
        ((10,), (60, 3600), 60),  # none divides it: the shortest there is
    ],
)
def test_bars_are_read_as_long_as_can_be(widths: tuple[int, ...], offered: tuple[int, ...], longest: int) -> None:
    engine = SimpleNamespace(markets={"USD_JPY": SimpleNamespace(intervals=dict(enumerate(widths)))})
    assert live_history._interval(cast(Any, engine), offered) == longest


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
        (600, 40),  # its last price came at 100 s, in a minute that began after 40 s
        (400 * 86_400, 100 + 340 * 86_400),  # 60 days back at most
        (-300, None),  # our clock was set back: there is nothing to catch up with
        (-1, None),  # it was corrected, and nobody has to look
    ],
)
def test_after_a_year_no_year_is_asked_for(
    away_s: int, asked_s: int | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(RULES)
    world.quote(157.7, at=100)
    now = T0 + (100 + away_s) * SECOND
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: now)
    venue = Asked()
    asyncio.run(live_history.catch_up(world.engine, cast(NetworkVenue, venue), now))
    assert venue.begins == ([] if asked_s is None else [T0 + asked_s * SECOND, now - 1 - MINUTE])
    told = capsys.readouterr().err
    assert ("the record ends at 2023-11-14 22:15:40.000Z, which is 300 s from now" in told) == (away_s == -300)
    assert ("the record ends" in told) == (away_s == -300)


MEAN = 'metrics: {mean: {value: "sma(m1.close, 5)", for_each: instrument}}\n'
DAY = 86_400 * SECOND


class AfterAWeekend(Venue):
    """Monday's first two minutes, at 157.5 and 158; before them two days without any, and Friday's, all at 157."""

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        friday = ((T0 - 2 * DAY - number * MINUTE, 157.0) for number in range(60, 0, -1))
        for opened, price in (*friday, (T0, 157.5), (T0 + MINUTE, 158.0)):
            if begin < opened + MINUTE <= end:
                yield bar(opened, MINUTE, (price,) * 4)

    async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
        return None


def warmed(rules: str, venue: Venue, monkeypatch: pytest.MonkeyPatch, at_s: int = 120) -> World:
    world, start = World(rules), T0 + at_s * SECOND
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: start)
    make: Any = world._engine
    world.engine = asyncio.run(live_history.warm_from(make, cast(NetworkVenue, venue), start))
    return world


def test_a_start_after_a_weekend_has_the_bars_from_before_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mean of the last five closes: (3 × 157 + 157.5 + 158) / 5 = 157.3."""
    world = warmed(MEAN, AfterAWeekend(says=True), monkeypatch)
    world.quote(158.0, at=121)
    assert world.engine.finish().metrics["mean"]["USD_JPY"] == pytest.approx(157.3)
    assert "too short" not in capsys.readouterr().err


class EverySecondMinute(Venue):
    """A minute with trades, one without, as in a thin market: the one 2k minutes before T0 closes at 157 + k / 10. By
    its history a bar is of a time where all of it is."""

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        for steps in range(10, -1, -1):
            opened = T0 - 2 * steps * MINUTE
            if begin <= opened and opened + MINUTE <= end:
                yield bar(opened, MINUTE, (157.0 + steps / 10,) * 4)

    async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
        return None


def test_no_bar_is_lost_where_it_is_looked_further_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six minutes hold three of the five. (157 + 157.1 + 157.2 + 157.3 + 157.4) / 5 = 157.2."""
    world = warmed(MEAN, EverySecondMinute(says=True), monkeypatch, at_s=150)
    assert world.engine.finish().metrics["mean"]["USD_JPY"] == pytest.approx(157.2)


class OnceSilent(EverySecondMinute):
    """Of EUR_JPY it does not answer the second time that it is asked."""

    asked = 0

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        self.asked += name == "EUR_JPY"
        if name == "EUR_JPY" and self.asked == 2:
            raise VenueError("no answer within 10 s")
        async for event in super().history(name, interval_ns, begin, end):
            yield replace(cast(BarEvent, event), instrument=name)


def test_a_look_back_that_went_unanswered_leaves_no_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies there is read with what lies before it. The mean is as above, of both."""
    world, start = World(MEAN), T0 + 150 * SECOND
    both = [world.spec, replace(world.spec, name="EUR_JPY", base="EUR")]
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: start)

    def make() -> Engine:
        return Engine(world.plan, both, world.account, None, run_id="run", policy_digest="digest")

    engine = asyncio.run(live_history.warm_from(make, cast(NetworkVenue, OnceSilent(says=True)), start))
    means = engine.finish().metrics["mean"]
    assert means == {"USD_JPY": pytest.approx(157.2), "EUR_JPY": pytest.approx(157.2)}


class Days(Venue):
    """Days that begin at 17:00 in New York, which is 22:00 UTC in winter, 14 minutes before T0. By its history a bar is
    of a time where all of it is. The day came to 157, 159, 156, 158; until `now` to 157, 158.5, 156, 157."""

    began = T0 - 14 * MINUTE

    def __init__(self, now: int) -> None:
        super().__init__(says=True)
        self.now = now

    def history_intervals(self) -> tuple[int, ...]:
        return (MINUTE, DAY)

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        assert interval_ns == DAY
        for opened, ohlc in ((self.began - DAY, (155.0,) * 4), (self.began, (157.0, 159.0, 156.0, 158.0))):
            if begin <= opened and opened + DAY <= min(end, self.now):
                yield bar(opened, DAY, ohlc)

    async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
        opened = self.began if self.now < self.began + DAY else self.began + DAY
        return bar(opened, self.now - opened, (157.0, 158.5, 156.0, 157.0))


HOUR = 3_600 * SECOND
DAYS = RULES.replace("m1", "d1")


def test_the_day_that_a_run_starts_in_is_whole_wherever_the_venues_days_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten hours into it, with a last tick of 157.5; it closes at 22:00 UTC."""
    world = warmed(DAYS, Days(T0 + 10 * HOUR), monkeypatch, at_s=36_000)
    world.quote(157.5, at=36_010)
    world.timer(at=86_400)
    assert minute(world) == [157.0, 158.5, 156.0, 157.5]


def test_the_day_in_which_a_run_was_away_is_whole_wherever_the_venues_days_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It had its last price three hours into the day, and goes on two hours into the next."""
    world = warmed(DAYS, Days(T0 + 2 * HOUR), monkeypatch, at_s=7_200)
    world.quote(157.5, at=10_800)
    now = T0 + DAY + 2 * HOUR
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: now)
    asyncio.run(live_history.catch_up(world.engine, cast(NetworkVenue, Days(now)), now))
    world.quote(157.5, at=86_400 + 7_201)
    assert minute(world) == [157.0, 159.0, 156.0, 158.0]


def test_who_has_no_history_is_asked_two_months_back_and_no_further(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    venue = Asked()
    warmed(MEAN, venue, monkeypatch)
    assert min(venue.begins) == T0 + 2 * MINUTE - 60 * DAY
    assert "the venue's history is too short for some features" in capsys.readouterr().err


def test_who_does_not_answer_is_not_asked_further_and_further(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exits wait for the start."""

    class Silent(Asked):
        async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
            self.begins.append(begin)
            raise VenueError("no answer within 10 s")
            yield

    venue = Silent()
    warmed(MEAN, venue, monkeypatch)
    assert len(venue.begins) == 2, "for the past, and for the bar that we stand in"
    told = capsys.readouterr().err
    assert "history of USD_JPY: no answer within 10 s" in told
    assert "too short" in told


class OfToday(Asked):
    """Has minutes of its day alone, 90 of them, which is too few; counts the bars that it has to hand out."""

    def __init__(self) -> None:
        super().__init__()
        self.bars = 0

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        self.begins.append(begin)
        for number in range(90):
            opened = T0 - (90 - number) * MINUTE
            if begin <= opened and opened + MINUTE <= end:
                self.bars += 1
                yield bar(opened, MINUTE, (157.0,) * 4)


def test_who_has_only_a_day_is_not_asked_for_it_again_at_every_look_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exits wait for the start, and a venue may give thirty bars a call and two calls a second. All 90 once; a minute
    more at each border, and the last one again for the minute that we stand in."""
    venue = OfToday()
    rules = 'metrics: {mean: {value: "sma(m1.close, 100)", for_each: instrument}}\n'
    warmed(rules, venue, monkeypatch, at_s=1)
    assert min(venue.begins) == T0 + SECOND - 60 * DAY
    assert 90 <= venue.bars <= 90 + len(venue.begins)


def test_where_nothing_reads_the_past_nobody_is_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    venue = Asked()
    world = warmed("metrics: {price: {value: mid, for_each: instrument}}\n", venue, monkeypatch)
    world.quote(157.7, at=121)
    asyncio.run(live_history.catch_up(world.engine, cast(NetworkVenue, venue), T0 + 600 * SECOND))
    assert venue.begins == []


ENTRY = """
strategies: {M1Scalper: {pocket: micro}}
pockets: [micro, macro]
metrics: {mean: {value: "sma(m1.close, 2)", for_each: instrument}}
entries:
  - {id: buy, source: market, strategy: M1Scalper, side: long, when: mid > 0 and sma(m1.close, 2) > 0, size: 1_000units}
exits:
  - {id: out, for_each: trade, when: trade.pnl_pips <= -5000pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""


class Quoted(Venue):
    """Its bars have both sides, so their closes could be taken for a quote."""

    async def history(self, name: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        async for event in super().history(name, interval_ns, begin, end):
            assert isinstance(event, BarEvent)
            yield replace(event, price="bid", ask_ohlc=(157.1, 157.4, 157.1, 157.4))

    async def forming(self, name: str, interval_ns: int) -> BarEvent | None:
        event = await super().forming(name, interval_ns)
        return None if event is None else replace(event, price="bid", ask_ohlc=(157.4, 157.7, 157.3, 157.5))


@pytest.mark.parametrize("goes_on", [False, True])
def test_what_the_history_says_is_no_price_to_act_on(goes_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The features are known at once; but nothing is sent until a price was heard, in a run that goes on too."""
    world = World(ENTRY)
    start = T0 + 90 * SECOND
    monkeypatch.setattr("ruleengine.cli.live_history.time.time_ns", lambda: start)
    make: Any = world._engine
    venue = cast(NetworkVenue, Quoted(says=True))
    world.engine = asyncio.run(live_history.warm_from(make, venue, start))
    if goes_on:
        world.engine.adopt(VenueSnapshot(start, Decimal(500_000), Decimal(0)))
        assert len(orders(world.quote(157.5, at=91))) == 1
        world.update(world.engine.orders.working()[0].order, OrderStatus.REJECTED, at=92)
        asyncio.run(live_history.catch_up(world.engine, venue, T0 + 93 * SECOND))
    world.engine.adopt(VenueSnapshot(T0 + 93 * SECOND, Decimal(500_000), Decimal(0)))
    assert orders(world.timer(at=94)) == []
    assert len(orders(world.quote(157.6, at=95))) == 1


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
    assert asyncio.run(asked) == ([], 0)
    assert [line for line in capsys.readouterr().err.splitlines() if "history" in line] == [
        "reading the venue's history: 2 of 5 instruments so far",
        "reading the venue's history: 4 of 5 instruments so far",
    ]
