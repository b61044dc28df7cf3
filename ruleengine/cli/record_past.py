"""The past of a market that is about to be followed: as much as a policy's features read, or as was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import cast

from ruleengine.cli.engines import engine_of
from ruleengine.cli.history import warmed_by
from ruleengine.cli.live_history import warm_from
from ruleengine.cli.session import Session
from ruleengine.model.event import BarEvent, MarketEvent
from ruleengine.ports.venue import NetworkVenue

MINUTE_NS = 60_000_000_000
REACH_MAX_NS = 400 * 24 * 60 * MINUTE_NS
"""How far back the past of a simulated market is read at most."""


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
    """Of a venue over a network: what a live run of the policy would warm up with, or more where more is asked for. And
    the instant up to which it goes: what closed while it was fetched is fetched, too."""
    start_ns = now_ns()
    noted = _Noted(venue, start_ns)
    if session is not None:
        await warm_from(lambda: engine_of(session, None, ""), cast(NetworkVenue, noted), start_ns)
    if start_ns - length_ns < noted.begin_ns:
        await noted.fetch(names, start_ns - length_ns, noted.begin_ns)
    while noted.rows:
        before, start_ns = start_ns, now_ns()
        await noted.fetch(names, before, start_ns)
        if start_ns - before < MINUTE_NS:
            break
    return sorted(noted.rows, key=lambda bar: bar.ts), start_ns


class _Noted:
    """A venue's history, with what was read of it, from `begin_ns` on. Bars count as of their close."""

    def __init__(self, venue: NetworkVenue, start_ns: int) -> None:
        self._venue = venue
        self._interval = 0
        self.begin_ns = start_ns
        self.rows: list[MarketEvent] = []

    async def forming(self, instrument: str, interval_ns: int) -> BarEvent | None:
        return None

    def history_intervals(self) -> tuple[int, ...]:
        return self._venue.history_intervals()

    async def history(
        self, instrument: str, interval_ns: int, begin_ns: int, end_ns: int
    ) -> AsyncIterator[MarketEvent]:
        self._interval, self.begin_ns = interval_ns, min(self.begin_ns, begin_ns)
        async for bar in self._venue.history(instrument, interval_ns, begin_ns, end_ns):
            bar.ts = bar.ts_event
            self.rows.append(bar)
            yield bar

    async def fetch(self, names: Sequence[str], begin_ns: int, end_ns: int) -> None:
        """Bars of the length that was asked for before; of a minute, or the shortest there are, where none was."""
        offered = self.history_intervals()
        interval = self._interval or (MINUTE_NS if MINUTE_NS in offered else min(offered))
        for name in names:
            async for _ in self.history(name, interval, begin_ns, end_ns):
                pass
