"""The driver over the paper venue: one total order, the same run twice, and the live loop over the same machine."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from adapters.paper.broker import PaperVenue
from adapters.paper.live import LivePaper
from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.model.audit import Audit
from ruleengine.model.event import Event, Fill, Quote, Signal, Timer
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSetup
from ruleengine.runtime.driving.drive import Driver, merged
from ruleengine.runtime.driving.live import LiveLoop
from ruleengine.runtime.engine import Engine
from tests.runtime.engine.world import SECOND, T0, USD_JPY, plan_of

RULES = """
entries:
  - {id: dip, source: market, when: "mid < sma(m1.close, 5) - 1pips", side: long, strategy: TrendMA, size: 10_000units,
     max_open: 1, cooldown: 60s}
  - {id: from-signal, source: signal, when: signal.age <= 2s, size: 2_000units}
exits:
  - {id: profit, for_each: trade, when: trade.pnl_pips >= 3pips, close: 100%, on_unknown: {wait: 30s, then: close}}
  - {id: stop, for_each: trade, when: trade.pnl_pips <= -3pips, close: 100%, on_unknown: {wait: 30s, then: close}}
  - {id: age, for_each: trade, when: trade.age >= 90s, close: 100%, on_unknown: {wait: 30s, then: close}}
"""
ACCOUNT = {"name": "test", "currency": "JPY", "mode": "hedging", "balance": "1000000"}


def rows(count: int = 1_500) -> list[Event]:
    draw, price, ts = random.Random(3), 157.0, T0
    found: list[Event] = []
    for index in range(count):
        ts += draw.choice((1, 2, 5)) * SECOND // 2
        price = round(price + draw.choice((-0.008, -0.003, 0.003, 0.008)), 3)
        found.append(Quote(ts, ts, "USD_JPY", price, round(price + 0.006, 3)))
        if index % 100 == 50:
            found.append(Signal(ts, ts, f"s{index}", "USD_JPY", "M1Scalper", Side.LONG))
    return found


def setup(latency_s: float = 0.0, program: Any = ScalarProgram) -> tuple[Engine, PaperVenue]:
    plan, figures = plan_of(RULES, program)
    spec = [USD_JPY]
    settings = {"latency_s": latency_s, "ignore_sessions": True}
    venue = PaperVenue(VenueSetup(ACCOUNT, tuple(spec), 1, settings, T0))
    return Engine(plan, spec, ACCOUNT, None, run_id="r", policy_digest="d", figures=figures), venue


def drive(source: list[Event], latency_s: float = 0.0) -> list[tuple[Event, Audit]]:
    engine, venue = setup(latency_s)
    told: list[tuple[Event, Audit]] = []
    driver = Driver(engine, venue, lambda event, audit: told.append((event, audit)))
    driver.start(T0)
    counts = driver.run(source)
    assert counts.rows == len(source)
    assert (counts.first_ns, counts.last_ns) == (source[0].ts, source[-1].ts)
    assert counts.by_outcome["sent"] == counts.commands > 20
    return told


@pytest.mark.parametrize("latency_s", [0.0, 0.3])
def test_one_total_order(latency_s: float) -> None:
    """Times never go back, numbers always go up, and a timer stands where it was due."""
    engine, venue = setup(latency_s)
    seen: list[Event] = []
    process = engine.process

    def spy(event: Event) -> Audit:
        seen.append(event)
        return process(event)

    engine.process = spy
    driver = Driver(engine, venue)
    driver.start(T0)
    driver.run(rows())
    assert [event.ts for event in seen] == sorted(event.ts for event in seen)
    assert [event.seq for event in seen] == list(range(len(seen)))
    timers = [event.ts for event in seen if isinstance(event, Timer)]
    assert timers
    assert sum(ts % (60 * SECOND) == 0 for ts in timers) > 20, "minutes close by timers"
    fills = [event for event in seen if isinstance(event, Fill)]
    assert len(fills) > 20
    assert all(event.ts >= T0 for event in fills)


@pytest.mark.parametrize("latency_s", [0.0, 0.3])
def test_the_same_rows_give_the_same_run(latency_s: float) -> None:
    assert repr(drive(rows(), latency_s)) == repr(drive(rows(), latency_s))


def test_both_backends_give_the_same_decisions() -> None:
    """The trace is the definition; figures agree up to the last digit, verdicts and sizes exactly."""

    def gist(told: list[tuple[Event, Audit]]) -> list[Any]:
        return [
            (event.seq, event.kind, [(d.id, d.outcome, d.code, d.size_path) for d in audit.decisions],
             [(c.block, c.key, c.before, c.now) for c in audit.changes])
            for event, audit in told
        ]  # fmt: skip

    assert gist(drive_any(rows(700), ScalarProgram)) == gist(drive_any(rows(700), TraceProgram))


def drive_any(source: list[Event], program: Any) -> list[tuple[Event, Audit]]:
    engine, venue = setup(0.0, program)
    told: list[tuple[Event, Audit]] = []
    driver = Driver(engine, venue, lambda event, audit: told.append((event, audit)))
    driver.start(T0)
    driver.run(source)
    return told


def test_a_run_on_a_prefix_is_the_beginning_of_the_run() -> None:
    whole = drive(rows())
    part = drive_any(rows()[:600], ScalarProgram)
    assert len(part) > 20
    assert repr(whole[: len(part)]) == repr(part)


def test_what_the_driver_books_is_what_the_venue_holds() -> None:
    engine, venue = setup(0.3)
    driver = Driver(engine, venue)
    driver.start(T0)
    driver.run(rows())
    theirs = {trade.id: trade.units for trade in venue.snapshot().trades}
    assert {trade.id: trade.units for trade in engine.holdings.trades.values()} == theirs
    assert engine.holdings.balance == venue.snapshot().balance


def test_sources_are_merged_by_time_and_then_in_the_order_given() -> None:
    first = [Quote(ts, ts, "A", 1.0, 1.0) for ts in (1, 3, 3)]
    second = [Signal(ts, ts, str(ts), "A", "x", Side.LONG) for ts in (2, 3, 4)]
    assert [(event.ts, event.kind) for event in merged(first, second)] == [
        (1, "quote"), (2, "signal"), (3, "quote"), (3, "quote"), (3, "signal"), (4, "signal"),
    ]  # fmt: skip


# --- live ------------------------------------------------------------------------------------------------------------


class EventClock:
    """A clock whose time is the engine's: nothing is ever due before an event says so."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now_ns(self) -> int:
        return max(self._engine.position[0], T0)

    async def sleep_until_ns(self, ts: int) -> None:
        await asyncio.sleep(0.001)


def live(source: list[Event]) -> tuple[LiveLoop, list[tuple[Event, Audit]]]:
    engine, venue = setup()
    told: list[tuple[Event, Audit]] = []
    loop = LiveLoop(engine, LivePaper(venue, source, speed=0), EventClock(engine),
                    on_audit=lambda event, audit: told.append((event, audit)))  # fmt: skip
    asyncio.run(loop.run())
    return loop, told


def test_the_live_loop_decides_and_ends_with_its_feed() -> None:
    loop, told = live(rows(400))
    assert loop.counts.commands > 5
    assert [event.seq for event, _ in told] == sorted(event.seq for event, _ in told)
    assert loop.counts.timers > 5
    decided = {audit.commands[0].order.id: event.ts for event, audit in told if audit.commands}  # type: ignore[union-attr]
    filled = {event.order_id: event.ts for event, _ in told if isinstance(event, Fill)}
    assert filled
    assert all(ts == decided[name] for name, ts in filled.items()), "the feed doesn't run ahead of the decisions on it"
    held = {trade.id for trade in loop.venue.machine.snapshot().trades}  # type: ignore[attr-defined]
    assert set(loop.engine.holdings.trades) == held


def test_the_live_loop_sends_what_the_driver_sends() -> None:
    """The same orders at the same times, also where quotes come every 20 s: a timer that is due waits for the venue's
    answer to the one before it."""

    def sent(told: list[tuple[Event, Audit]]) -> list[tuple[int, list[Any]]]:
        return [(event.ts, audit.commands) for event, audit in told if audit.commands]

    source = rows(12_000)[::15]
    assert sent(live(source)[1]) == sent(drive(source))


def test_an_error_of_the_feed_ends_the_live_run() -> None:
    engine, machine = setup()

    class Broken(LivePaper):
        async def events(self) -> AsyncIterator[Event]:
            yield Quote(T0, T0, "USD_JPY", 157.0, 157.01)
            raise ConnectionError("the line is dead")

    with pytest.raises(ConnectionError, match="dead"):
        asyncio.run(LiveLoop(engine, Broken(machine, []), EventClock(engine)).run())


def test_a_trade_that_the_account_began_with_is_watched() -> None:
    account = {**ACCOUNT, "trades": [{"instrument": "USD_JPY", "side": "long", "units": "1000", "price": "156.5",
                                      "age_s": "600", "client_id": "qr-1-M1Scalper", "tag": "M1Scalper"}]}  # fmt: skip
    plan, figures = plan_of(RULES)
    venue = PaperVenue(VenueSetup(account, (USD_JPY,), 1, {"ignore_sessions": True}, T0))
    engine = Engine(plan, [USD_JPY], account, None, run_id="r", policy_digest="d", figures=figures)
    driver = Driver(engine, venue)
    driver.start(T0)
    driver.run([Quote(T0 + SECOND, T0 + SECOND, "USD_JPY", 156.51, 156.52)])
    assert venue.snapshot().trades == ()
    assert engine.holdings.balance == Decimal("1000010")
