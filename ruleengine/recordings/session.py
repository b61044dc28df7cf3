"""When a market is open, as far as gaps in recordings need it: weekly hours in a zone. Holidays are not modelled here.

A holiday therefore shows as an unexpected gap with its place, which is the honest reading of a recording that does not
say why nothing is there.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY_TO_FRIDAY = range(5)


@dataclass(frozen=True, slots=True)
class Span:
    """Open from a weekday (0 Monday) and local time until a time so many hours later."""

    weekday: int
    opens: time
    hours: float


@dataclass(frozen=True, slots=True)
class Session:
    """Weekly open spans in a zone; no spans: always open."""

    name: str
    zone: str
    spans: tuple[Span, ...]
    doc: str


def _daily(name: str, zone: str, opens: time, hours: float, doc: str) -> Session:
    return Session(name, zone, tuple(Span(day, opens, hours) for day in _MONDAY_TO_FRIDAY), doc)


SESSIONS: dict[str, Session] = {
    session.name: session
    for session in (
        Session("always", "UTC", (), "Never closed (crypto)."),
        Session("fx", "America/New_York", (Span(6, time(17), 120.0),), "Sunday 17:00 to Friday 17:00 New York."),
        _daily("krx", "Asia/Seoul", time(9), 6.5, "Korean shares, 09:00 to 15:30 Seoul, Monday to Friday."),
        _daily("us_equities", "America/New_York", time(4), 16.0, "US shares with early and late trading, 04:00–20:00."),
    )
}


class OpenTimes:
    """Open spans of a session between two instants, ready for many questions."""

    def __init__(self, session: Session, first_ns: int, last_ns: int) -> None:
        self._is_always_open = not session.spans
        self._spans = [] if self._is_always_open else _spans_between(session, first_ns, last_ns)
        self._starts = [start for start, _ in self._spans]

    def open_ns(self, start_ns: int, stop_ns: int) -> int:
        """How much of the time between two instants the market was open."""
        if self._is_always_open:
            return stop_ns - start_ns
        first = max(bisect_right(self._starts, start_ns) - 1, 0)
        total = 0
        for opens, closes in self._spans[first:]:
            if opens >= stop_ns:
                break
            total += max(0, min(closes, stop_ns) - max(opens, start_ns))
        return total

    def spans(self) -> list[tuple[int, int]]:
        """Open spans, in order; empty for a market that never closes."""
        return self._spans


def _spans_between(session: Session, first_ns: int, last_ns: int) -> list[tuple[int, int]]:
    zone = ZoneInfo(session.zone)
    day = _date_of(first_ns) - timedelta(days=8)
    last = _date_of(last_ns) + timedelta(days=2)
    found = []
    while day <= last:
        for span in session.spans:
            if day.weekday() == span.weekday:
                opens = datetime.combine(day, span.opens)
                # The end is wall clock as well: Friday 17:00 stays 17:00 over a change of the clocks.
                closes = opens + timedelta(hours=span.hours)
                found.append((_ns(opens.replace(tzinfo=zone)), _ns(closes.replace(tzinfo=zone))))
        day += timedelta(days=1)
    return sorted(found)


def _date_of(ns: int) -> date:
    return (_EPOCH + timedelta(seconds=ns // 1_000_000_000)).date()


def _ns(moment: datetime) -> int:
    return int((moment.astimezone(UTC) - _EPOCH).total_seconds()) * 1_000_000_000
