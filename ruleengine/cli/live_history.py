"""The market's past from a venue's own history, shown to an engine before it follows the venue. It gives bars and
running figures; prices to act on are those that the run hears.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ruleengine.cli.streams import say
from ruleengine.model.event import BarEvent, MarketEvent
from ruleengine.model.figure import when
from ruleengine.ports.venue import NetworkVenue, VenueError
from ruleengine.runtime.driving.warm import forget_prices, history_ns, is_warm, warm_up
from ruleengine.runtime.engine import Engine

FURTHER = 4
"""How much further back to look where closed hours left too few bars, or none: few steps lead over a weekend."""
TOLD_EVERY_S = 5.0
"""A venue may answer twice a second, and there may be twenty instruments: who waits is told for what."""
AHEAD_NS = 2_000_000_000
"""By less than this a clock is not wrong, it is corrected."""
REACH_MAX_NS = 60 * 86_400_000_000_000
"""Minutes of two months are more than 60 calls of any venue."""


async def warm_from(make: Callable[[], Engine], venue: NetworkVenue, now_ns: int) -> Engine:
    """A new engine that has seen as much of the venue's history as its policy's features read, as far as there is
    any. What could not be had is said; features that read it are unknown until they are warm."""
    engine = make()
    reach = history_ns(engine)
    if not reach:
        return engine
    interval = _interval(engine, venue.history_intervals())
    rows: list[MarketEvent] = []
    earliest, end = now_ns - REACH_MAX_NS, now_ns
    while True:
        begin = max(now_ns - reach, earliest)
        more, silent = await _rows(engine, venue, interval, begin, end)
        rows = _joined(engine, more, rows)
        warm_up(engine, rows, now_ns - 1)
        if is_warm(engine) or silent == len(engine.markets) or begin == earliest:
            break
        if not silent:  # else the next piece has what this one lacks, too
            end = min(begin + interval, now_ns)  # what the border divides is in neither of two that touch
        reach, engine = reach * FURTHER, make()
    await _go_on(engine, venue, interval, 0)
    is_whole = is_warm(engine)
    forget_prices(engine)
    if not is_whole:
        say("the venue's history is too short for some features; they are unknown until they are warm")
    return engine


async def catch_up(engine: Engine, venue: NetworkVenue, now_ns: int) -> None:
    """Show an engine that goes on what passed at the venue since its last event; after months only as much as a new one
    would be shown."""
    since = engine.position[0]
    if since > now_ns + AHEAD_NS:
        say(
            f"the record ends at {when(since)}, which is {(since - now_ns) / 1e9:.0f} s from now by this machine's "
            "clock: nothing is done by time until then; see whether the clock is right"
        )
    if history_ns(engine) and 0 < since < now_ns:
        interval = _interval(engine, venue.history_intervals())
        begin = max(since - interval, now_ns - REACH_MAX_NS)
        rows, _ = await _rows(engine, venue, interval, begin, now_ns)
        warm_up(engine, _unseen(rows, since), now_ns - 1)
        await _go_on(engine, venue, interval, since)
    forget_prices(engine)


async def _go_on(engine: Engine, venue: NetworkVenue, interval: int, seen_ns: int) -> None:
    """What the venue has of the bars that we stand in, and the last ones that closed while we asked. `seen_ns`: up to
    here the engine saw prices come itself."""
    since = engine.position[0]
    begin = since - interval  # a venue's days begin where it likes, and its hours with them
    late, _ = await _rows(engine, venue, interval, begin, time.time_ns())
    late = [each for each in late if each.ts > since]
    rows = _unseen(late + await _forming(engine, venue, interval, begin), seen_ns)
    warm_up(engine, rows, max([since, *(each.ts for each in rows)]))


def _unseen(rows: list[MarketEvent], seen_ns: int) -> list[MarketEvent]:
    """The rows as what came after `seen_ns`: a bar in whose middle that lies begins there, for one that begins before
    what was seen would be late, and late is a defect of every bar that holds it. Its prices are merged with those seen;
    how much of its volume was counted can't be told."""
    found: list[MarketEvent] = []
    for each in rows:
        if isinstance(each, BarEvent) and each.ts_event - each.interval_ns < seen_ns:
            if each.ts_event <= seen_ns:
                continue
            each = replace(each, interval_ns=each.ts_event - seen_ns, volume=None)
        found.append(each)
    return found


def _interval(engine: Engine, offered: tuple[int, ...]) -> int:
    """The longest bars of which all bars that rules read can be made; the shortest where none divides them."""
    widths = [width for market in engine.markets.values() for width in market.intervals.values()]
    fitting = [each for each in offered if all(width % each == 0 for width in widths)]
    return max(fitting, default=min(offered))


async def _rows(
    engine: Engine, venue: NetworkVenue, interval: int, begin: int, end: int
) -> tuple[list[MarketEvent], int]:
    """Closed bars of all instruments, in order of time, each as of its close, for so it was known then; and of how many
    instruments none could be read."""
    found: list[MarketEvent] = []
    silent = 0
    told = time.monotonic()
    for number, name in enumerate(engine.markets):
        if time.monotonic() - told >= TOLD_EVERY_S:
            say(f"reading the venue's history: {number} of {len(engine.markets)} instruments so far")
            told = time.monotonic()
        try:
            found += [replace(each, ts=each.ts_event) async for each in venue.history(name, interval, begin, end)]
        except VenueError as error:
            silent += 1
            say(f"history of {name}: {error}")
    return _in_order(engine, found), silent


async def _forming(engine: Engine, venue: NetworkVenue, interval: int, begin: int) -> list[MarketEvent]:
    """Bars in progress that began after `begin`, so that the bars we are in are whole although we come late."""
    found: list[MarketEvent] = []
    for name in engine.markets:
        try:
            made = await venue.forming(name, interval)
        except VenueError as error:
            say(f"the bar in progress of {name}: {error}")
            continue
        if made is not None and made.ts_event - made.interval_ns > begin:
            found.append(made)
    return _in_order(engine, found)


def _joined(engine: Engine, earlier: list[MarketEvent], later: list[MarketEvent]) -> list[MarketEvent]:
    """Two pieces of the past, each bar once: where they overlap the earlier one has all that the later one has."""
    ends: dict[str, int] = {}
    for each in earlier:
        ends[each.instrument] = max(each.ts, ends.get(each.instrument, 0))
    return _in_order(engine, earlier + [each for each in later if each.ts > ends.get(each.instrument, 0)])


def _in_order(engine: Engine, found: list[MarketEvent]) -> list[MarketEvent]:
    order = {name: place for place, name in enumerate(engine.markets)}
    return sorted(found, key=lambda event: (event.ts, order[event.instrument]))
