"""When a market is open: declared windows of a zone's wall clock, holidays, late opens, early closes.

Pure: an instant goes in, the session that holds it comes out. The stretch last asked for is remembered, so that the
cost at each tick is one comparison. A session is one opening of one window; windows that touch (the FX week) follow
each other without a break, and each is a session of its own.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple

from ruleengine.market.zones import local_date, wall_ns, zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FAR_NS = 1 << 62
_SEARCH_DAYS = 400
"""No market is closed for longer; a schedule without any opening in this time counts as closed for good."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A window that opens on each of `days` (0 = Monday); closing at or before the opening means the next day."""

    days: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """A schedule as declared. Dates are those of the zone's wall calendar on which a window opens.

    No hours at all mean: always open, and a session is a day from midnight."""

    name: str
    zone: str
    hours: tuple[Hours, ...]
    holidays: Container[date] = frozenset()
    opens: Mapping[date, time] = field(default_factory=dict)
    """Days whose windows open at another time."""
    closes: Mapping[date, time] = field(default_factory=dict)
    """Days whose windows close at another time."""


class Stretch(NamedTuple):
    """From `start_ns` up to but without `end_ns` the market is open, or closed. `session_start_ns` is that of the
    session that holds it, or of the last one before it."""

    start_ns: int
    end_ns: int
    is_open: bool
    session_start_ns: int


def week(first: str, last: str) -> frozenset[int]:
    """Days from one to another, across the week's end where need be.

    >>> sorted(week("sun", "tue"))
    [0, 1, 6]
    """
    start, count = DAYS.index(first), (DAYS.index(last) - DAYS.index(first)) % 7 + 1
    return frozenset((start + step) % 7 for step in range(count))


FX_WEEK = Calendar("fx", "America/New_York", (Hours(week("sun", "thu"), time(17), time(17)),))
"""Sunday 17:00 to Friday 17:00 New York; each trading day is a session."""

KRX = Calendar("krx", "Asia/Seoul", (Hours(week("mon", "fri"), time(9), time(15, 30)),))
"""Regular session; `exchanges` adds holidays and late opens, the account file what calendar libraries get wrong."""

ALWAYS = Calendar("always", "UTC", ())


class Sessions:
    """A calendar that answers for instants."""

    __slots__ = ("_now", "_zone", "calendar")

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._zone = zone(calendar.zone)
        self._now = Stretch(0, 0, False, 0)
        _refuse_overlaps(calendar)

    def at(self, ts_ns: int) -> Stretch:
        """The open or closed stretch that holds an instant."""
        now = self._now
        if not now.start_ns <= ts_ns < now.end_ns:
            now = self._now = self._find(ts_ns)
        return now

    def is_open(self, ts_ns: int) -> bool:
        return self.at(ts_ns).is_open

    def session_start(self, ts_ns: int) -> int:
        """Opening of the session that holds the instant; outside sessions, of the last one before it."""
        return self.at(ts_ns).session_start_ns

    def next_change(self, ts_ns: int) -> int | None:
        """The next opening or close after an instant (for timers); None where there is none."""
        end = self.at(ts_ns).end_ns
        return None if end >= _FAR_NS else end

    def _find(self, ts_ns: int) -> Stretch:
        day = local_date(ts_ns, self._zone)
        closed_from, last_start = None, None
        for back in range(-1, _SEARCH_DAYS):
            for start, end in reversed(self._openings(day - timedelta(days=back))):
                if start <= ts_ns < end:
                    return Stretch(start, end, True, start)
                if end <= ts_ns and closed_from is None:
                    closed_from, last_start = end, start
            if closed_from is not None and back >= 1:
                break
        midnight = wall_ns(day, time(0), self._zone)
        start = midnight if closed_from is None else closed_from
        return Stretch(start, self._next_opening(ts_ns, day), False, midnight if last_start is None else last_start)

    def _next_opening(self, ts_ns: int, day: date) -> int:
        for ahead in range(-1, _SEARCH_DAYS):
            for start, _ in self._openings(day + timedelta(days=ahead)):
                if start > ts_ns:
                    return start
        return _FAR_NS

    def _openings(self, day: date) -> list[tuple[int, int]]:
        """(start, end) of the windows that open on a date, in order."""
        calendar = self.calendar
        if not calendar.hours:
            return [(wall_ns(day, time(0), self._zone), wall_ns(day + timedelta(days=1), time(0), self._zone))]
        if day in calendar.holidays:
            return []
        found = []
        for hours in calendar.hours:
            if day.weekday() not in hours.days:
                continue
            closing_day = day if hours.closes > hours.opens else day + timedelta(days=1)
            start = wall_ns(day, calendar.opens.get(day, hours.opens), self._zone)
            end = wall_ns(closing_day, calendar.closes.get(closing_day, hours.closes), self._zone)
            if start < end:
                found.append((start, end))
        return sorted(found)


def _refuse_overlaps(calendar: Calendar) -> None:
    """Windows of one schedule may touch, but an instant belongs to one session."""
    minutes = sorted(_week_minutes(calendar.hours))
    next_week = [(start + 10080, end + 10080) for start, end in minutes[:1]]
    for (_, end), (start, _) in pairwise(minutes + next_week):
        if start < end:
            raise ValueError(f"schedule `{calendar.name}`: two windows overlap; let one end where the next begins")


def _week_minutes(hours: Iterable[Hours]) -> Iterable[tuple[int, int]]:
    for window in hours:
        opens = window.opens.hour * 60 + window.opens.minute
        closes = window.closes.hour * 60 + window.closes.minute
        length = (closes - opens) % 1440 or 1440
        for day in sorted(window.days):
            yield day * 1440 + opens, day * 1440 + opens + length


def public_holidays(code: str, years: Iterable[int]) -> frozenset[date]:
    """Holidays of a country (`KR`, `US`) or exchange (`XNYS`) by the `holidays` library.

    The library is loaded here only: it is large. Raises  ValueError  for a code it does not know.
    """
    library: Any = import_module("holidays")
    wanted = list(years)
    try:
        is_exchange = code in library.list_supported_financial()
        look_up = library.financial_holidays if is_exchange else library.country_holidays
        found = look_up(code, years=wanted)
    except NotImplementedError:
        raise ValueError(f"no holidays known for `{code}`; use a country code like `KR` or list the dates") from None
    return frozenset(found)
