"""The past of a market that is about to be followed: as much as a policy's features read, or as was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ruleengine.cli.engines import engine_of
from ruleengine.cli.history import warmed_by
from ruleengine.cli.session import Session
from ruleengine.model.event import MarketEvent
from ruleengine.ports.venue import NetworkVenue
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.warm import history_ns, is_warm, warm_up

MINUTE_NS = 60_000_000_000
_HOUR_NS = 60 * MINUTE_NS
"""Longer bars may begin elsewhere than a policy's day does."""
REACH_MAX_NS = 400 * 24 * _HOUR_NS
_FURTHER = 2


def simulated_past(
    session: Session | None, rows: Callable[[int], Iterable[MarketEvent]], length_ns: int, start_ns: int
) -> Iterable[MarketEvent]:
    """Of a simulated market, which knows its past without asking anybody."""
    begin = start_ns - length_ns
    if session is not None:
        begun = [begin]

        def watched(since: int) -> Iterable[MarketEvent]:
            begun.append(since)
            return rows(since)

        warmed_by(lambda: engine_of(session, None, ""), watched, start_ns - REACH_MAX_NS, start_ns)
        begin = min(begin, begun[-1])
    return rows(begin) if begin < start_ns else ()


async def fetched_past(
    session: Session | None, venue: NetworkVenue, names: Sequence[str], length_ns: int, now_ns: Callable[[], int]
) -> tuple[list[MarketEvent], int]:
    """Of a venue over a network, out of its history; less where that goes back no further. And the instant up to which
    it goes: what closed while it was fetched is fetched, too."""
    engine = engine_of(session, None, "") if session is not None else None
    start_ns = now_ns()
    reach = max(history_ns(engine) if engine is not None else 0, length_ns)
    if not reach:
        return [], start_ns
    interval = _interval(_intervals(engine) if engine is not None else [], venue)
    found = await _reached(session, venue, names, interval, max(reach, interval), start_ns)
    while True:
        before, start_ns = start_ns, now_ns()
        found += await _fetched(venue, names, interval, before, start_ns)
        if start_ns - before < MINUTE_NS:
            return found, start_ns


async def _reached(
    session: Session | None, venue: NetworkVenue, names: Sequence[str], interval: int, reach: int, start_ns: int
) -> list[MarketEvent]:
    """So far back, and further where a policy's features do not know enough yet."""
    while True:
        found = await _fetched(venue, names, interval, start_ns - reach, start_ns)
        if session is None or reach >= REACH_MAX_NS or not _reaches(found, start_ns - reach // _FURTHER):
            return found
        engine = engine_of(session, None, "")
        warm_up(engine, found, start_ns - 1)
        if is_warm(engine):
            return found
        reach = min(reach * _FURTHER, REACH_MAX_NS)


async def _fetched(venue: NetworkVenue, names: Sequence[str], interval: int, begin: int, end: int) -> list[MarketEvent]:
    found = [bar for name in names async for bar in venue.history(name, interval, begin, end)]
    return sorted(found, key=lambda bar: bar.ts)


def _reaches(found: Sequence[MarketEvent], ts: int) -> bool:
    """Whether asking for more could give more: what came goes back at least half as far as was asked for."""
    return bool(found) and found[0].ts <= ts


def _interval(used: Sequence[int], venue: NetworkVenue) -> int:
    """The longest bars that those in use can be made of.

    A minute where nothing is in use."""
    offered = venue.history_intervals()
    fitting = [each for each in offered if each <= _HOUR_NS and all(one % each == 0 for one in used or [MINUTE_NS])]
    return max(fitting, default=min(offered))


def _intervals(engine: Engine) -> list[int]:
    return [interval for market in engine.markets.values() for interval in market.intervals.values()]
