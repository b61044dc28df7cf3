"""When a venue trades: the FX week, the Korean and the US regular session, or always.

Hours follow the venue's own clock, so they move in UTC when New York's do (OANDA fact sheet §9, OPS-07). All limits of
these sessions stand on whole minutes.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

NANOS = 1_000_000_000
_MINUTE = 60 * NANOS

NEW_YORK = ZoneInfo("America/New_York")
SEOUL = ZoneInfo("Asia/Seoul")

_FX_CLOSE, _FX_OPEN = time(16, 59), time(17, 5)
_KRX_OPEN, _KRX_LATE_OPEN, _KRX_CLOSE = time(9, 0), time(10, 0), time(15, 30)
_US_OPEN, _US_CLOSE = time(9, 30), time(16, 0)
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


def is_fx_open(local: datetime) -> bool:
    """The FX week by New York's clock: Sunday 17:05 to Friday 16:59, no fills 16:59–17:05 on any day."""
    day, clock = local.weekday(), local.time()
    if day == _SATURDAY:
        return False
    if day == _FRIDAY:
        return clock < _FX_CLOSE
    if day == _SUNDAY:
        return clock >= _FX_OPEN
    return not _FX_CLOSE <= clock < _FX_OPEN


@cache
def exchange_holidays(market: str, year: int) -> frozenset[date]:
    """Closed days of an exchange (`XKRX`, `XNYS`) in a year."""
    import holidays  # 0.15 s to import, and FX and crypto never need it

    return frozenset(holidays.financial_holidays(market, years=year))


class Calendar:
    """Whether one kind of market is open at a time; answers by the minute and remembers the last."""

    def __init__(self, kind: str, closed: Collection[date] = (), late: Collection[date] = ()) -> None:
        if kind not in ("always", "fx", "krx", "us"):
            raise ValueError(f"unknown trading hours `{kind}`: use `always`, `fx`, `krx` or `us`")
        self.kind = kind
        self._closed = frozenset(closed)
        self._late = frozenset(late)
        self._minute = -1
        self._is_open = True

    def is_open(self, ts: int) -> bool:
        """Whether the market trades at `ts` (UTC nanoseconds)."""
        if self.kind == "always":
            return True
        minute = ts // _MINUTE
        if minute != self._minute:
            self._minute = minute
            self._is_open = self._open_at(datetime.fromtimestamp(minute * 60, UTC))
        return self._is_open

    def next_open_ns(self, ts: int) -> int:
        """The first whole minute from `ts` on at which it trades; `ts` itself where it does. Looks ahead two weeks."""
        if self.is_open(ts):
            return ts
        moment = datetime.fromtimestamp((ts // _MINUTE + 1) * 60, UTC)
        for _ in range(14 * 24 * 60):
            if self._open_at(moment):
                return int(moment.timestamp()) * NANOS
            moment += timedelta(minutes=1)
        raise ValueError(f"no open session of `{self.kind}` within two weeks of {moment:%Y-%m-%d}")

    def _open_at(self, moment: datetime) -> bool:
        if self.kind == "fx":
            return is_fx_open(moment.astimezone(NEW_YORK))
        if self.kind == "us":
            local = moment.astimezone(NEW_YORK)
            return self._is_business_day(local.date(), "XNYS") and _US_OPEN <= local.time() < _US_CLOSE
        local = moment.astimezone(SEOUL)
        today = local.date()
        if not self._is_business_day(today, "XKRX"):
            return False
        opens = _KRX_LATE_OPEN if today in self._late or self._is_first_of_year(today) else _KRX_OPEN
        return opens <= local.time() < _KRX_CLOSE

    def _is_business_day(self, day: date, market: str) -> bool:
        return day.weekday() < _SATURDAY and day not in self._closed and day not in exchange_holidays(market, day.year)

    def _is_first_of_year(self, day: date) -> bool:
        """KRX opens an hour late on the year's first trading day."""
        if day.month != 1:
            return False
        return not any(self._is_business_day(date(day.year, 1, number), "XKRX") for number in range(1, day.day))


def next_rollover_ns(ts: int) -> tuple[int, int]:
    """The next daily financing after `ts`, and the days it charges: 17:00 New York, Monday to Friday; Wednesday carries
    three days, for the weekend (OANDA fact sheet §4.6, §9)."""
    local = datetime.fromtimestamp(ts // NANOS, UTC).astimezone(NEW_YORK)
    day = local.date()
    while True:
        moment = datetime.combine(day, time(17, 0), NEW_YORK)
        at = int(moment.astimezone(UTC).timestamp()) * NANOS
        if at > ts and day.weekday() < _SATURDAY:
            return at, 3 if day.weekday() == 2 else 1
        day += timedelta(days=1)
