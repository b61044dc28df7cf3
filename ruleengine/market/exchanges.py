"""Trading hours by the word of `Instrument.sessions`, with the days on which they differ.

Regular hours stand here; closed days come from the `holidays` library, a year at a time and only where a date is asked
for. What the account file states wins over both: libraries miss elections and days that a government sets at short
notice, and know days that an exchange trades on.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from ruleengine.market.sessions import ALWAYS, FX_WEEK, KRX, Calendar, Hours, public_holidays, week

US = Calendar("us", "America/New_York", (Hours(week("mon", "fri"), time(9, 30), time(16)),))
CALENDARS: dict[str, Calendar] = {"always": ALWAYS, "fx": FX_WEEK, "krx": KRX, "us": US}
"""Regular hours, without any day that differs."""

FX_PAUSE = Calendar("fx-pause", "America/New_York", (Hours(week("sun", "fri"), time(16, 59), time(17, 5)),))
"""OANDA pauses fills around the change of every day: the week begins at 17:05 on Sunday and ends at 16:59 on Friday
(OPS-07)."""

_EXCHANGES = {"krx": "XKRX", "us": "XNYS"}
_LATE, _LATE_CLOSE = time(10), time(16, 30)
_KRX_EXAM_DAYS = frozenset(
    date(*day)
    for day in ((2021, 11, 18), (2022, 11, 17), (2023, 11, 16), (2024, 11, 14), (2025, 11, 13), (2026, 11, 19))
)  # fmt: skip
"""College exam days: KRX opens and closes one hour late. The first trading day of a year opens late only."""


@dataclass(frozen=True, slots=True)
class SpecialDays:
    """What an account file states of its market's days. `open`: trading days that a calendar takes for holidays;
    `opens`, `closes`: other hours of single days; `pauses`: maintenance, (begin, end) in UTC nanoseconds."""

    closed: frozenset[date] = frozenset()
    open: frozenset[date] = frozenset()
    opens: Mapping[date, time] = field(default_factory=dict)
    closes: Mapping[date, time] = field(default_factory=dict)
    pauses: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, account: Mapping[str, Any]) -> SpecialDays:
        """From the account file's content."""
        given: Mapping[str, Any] = account.get("calendar") or {}
        rows = [(date.fromisoformat(str(row["day"])), row) for row in given.get("hours") or ()]
        pauses = []
        for row in given.get("maintenance") or ():
            begin = _moment_ns(str(row["at"]))
            pauses.append((begin, begin + int(float(row["lasts"]) * 1_000_000_000)))
        return cls(
            _dates(given.get("closed")),
            _dates(given.get("open")) | {day for day, _ in rows},
            {day: time.fromisoformat(str(row["opens"])) for day, row in rows if row.get("opens")},
            {day: time.fromisoformat(str(row["closes"])) for day, row in rows if row.get("closes")},
            tuple(sorted(pauses)),
        )


REGULAR = SpecialDays()


def trading_hours(sessions: str, days: SpecialDays = REGULAR) -> Calendar:
    """The hours that a word of `Instrument.sessions` means on this account.

    Raises  ValueError  for a word there is none of.
    """
    regular = CALENDARS.get(sessions)
    if regular is None:
        raise ValueError(f"unknown trading hours `{sessions}`: use one of {', '.join(CALENDARS)}")
    if not regular.hours:
        return regular  # around the clock: there are pauses, and no closed days
    closed = ClosedDays(_EXCHANGES.get(sessions, ""), days.closed, days.open)
    if sessions != "krx":
        return Calendar(sessions, regular.zone, regular.hours, closed, days.opens, days.closes)
    opens: Mapping[date, time] = LateOpens(closed, days.opens)
    closes = {**dict.fromkeys(sorted(_KRX_EXAM_DAYS), _LATE_CLOSE), **days.closes}
    return Calendar(sessions, regular.zone, regular.hours, closed, opens, closes)


class ClosedDays:
    """Holidays of an exchange, and what was stated beside them: `open` wins over `closed` over the library."""

    __slots__ = ("_closed", "_exchange", "_open")

    def __init__(self, exchange: str, closed: Container[date], is_open: Container[date]) -> None:
        self._exchange, self._closed, self._open = exchange, closed, is_open

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date) or day in self._open:
            return False
        return day in self._closed or (bool(self._exchange) and day in _holidays(self._exchange, day.year))


class LateOpens(Mapping[date, time]):
    """Days on which KRX opens an hour late: exam days and the year's first trading day; a stated opening wins.

    Iterating gives the stated and the exam days; the first trading day of a year is found where it is asked for."""

    def __init__(self, closed: Container[date], stated: Mapping[date, time]) -> None:
        self._closed = closed
        self._fixed = {**dict.fromkeys(sorted(_KRX_EXAM_DAYS), _LATE), **stated}

    def __getitem__(self, day: date) -> time:
        found = self._fixed.get(day)
        if found is None and self._is_first_of_year(day):
            found = _LATE
        if found is None:
            raise KeyError(day)
        return found

    def __iter__(self) -> Iterator[date]:
        return iter(self._fixed)

    def __len__(self) -> int:
        return len(self._fixed)

    def _is_first_of_year(self, day: date) -> bool:
        if day.month != 1 or day.day > 10:
            return False
        before = (date(day.year, 1, number) for number in range(1, day.day))
        return not any(each.weekday() < 5 and each not in self._closed for each in before)


@cache
def _holidays(exchange: str, year: int) -> frozenset[date]:
    return public_holidays(exchange, [year])


def _dates(given: Iterable[Any] | None) -> frozenset[date]:
    return frozenset(date.fromisoformat(str(day)) for day in given or ())


def _moment_ns(text: str) -> int:
    since = datetime.fromisoformat(text) - datetime.fromisoformat("1970-01-01T00:00:00Z")
    return since // timedelta(microseconds=1) * 1000
