"""Korean time: dates, the day's phases, business days. Nothing here moves; every question brings its instant.

With hours `always` every hour of every day is the regular session and every day a business day; with `krx` the hours
and holidays of KRX hold, with its auctions (fact sheet §9).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum

from ruleengine.market.exchanges import trading_hours

KST = timezone(timedelta(hours=9), "KST")
_SECOND_NS = 1_000_000_000
_HALF_HOUR, _TEN_MINUTES = timedelta(minutes=30), timedelta(minutes=10)
_MINUTES = timedelta(minutes=1)


class Phase(Enum):
    """What the exchange does with orders. `OPENING` and `CLOSING` are call auctions: orders gather, and are filled
    together at one price at the end."""

    SHUT = "shut"
    OPENING = "opening"
    REGULAR = "regular"
    CLOSING = "closing"


def kst(now_ns: int) -> datetime:
    """An instant on Korea's clock.

    >>> kst(0).isoformat()
    '1970-01-01T09:00:00+09:00'
    """
    return datetime.fromtimestamp(now_ns // _SECOND_NS, UTC).astimezone(KST)


def day_of(now_ns: int) -> date:
    return kst(now_ns).date()


def ymd(day: date) -> str:
    return day.strftime("%Y%m%d")


def hms(now_ns: int) -> str:
    return kst(now_ns).strftime("%H%M%S")


class TradingDays:
    """The calendar that the simulator keeps. `hours`: `always` or `krx`."""

    def __init__(self, hours: str) -> None:
        self.is_always = hours == "always"
        self._krx = trading_hours("krx")

    def is_business(self, day: date) -> bool:
        """Whether orders can be placed on a day."""
        return self.is_always or (day.weekday() < 5 and day not in self._krx.holidays)

    def after(self, day: date, count: int) -> date:
        """The business day that many business days after a day: settlement is two after the trade (D+2)."""
        while count:
            day += timedelta(days=1)
            count -= self.is_business(day)
        return day

    def before(self, day: date) -> Iterator[date]:
        """The business days before a day, latest first."""
        while True:
            day -= timedelta(days=1)
            if self.is_business(day):
                yield day

    def phase(self, now_ns: int) -> Phase:
        """What the exchange does at an instant."""
        if self.is_always:
            return Phase.REGULAR
        now = kst(now_ns)
        if not self.is_business(now.date()):
            return Phase.SHUT
        opens, closes = self.session(now.date())
        if opens - _HALF_HOUR <= now < opens:
            return Phase.OPENING
        if opens <= now < closes - _TEN_MINUTES:
            return Phase.REGULAR
        return Phase.CLOSING if closes - _TEN_MINUTES <= now < closes else Phase.SHUT

    def session(self, day: date) -> tuple[datetime, datetime]:
        """(opening, close) of a day's regular session. Around the clock the day's first minute is left out: clients
        that page through the minute chart step back one minute from the first row, and must stay within the day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=KST)
        if self.is_always:
            return midnight + _MINUTES, midnight + timedelta(days=1)
        (hours,) = self._krx.hours
        opens, closes = self._krx.opens.get(day, hours.opens), self._krx.closes.get(day, hours.closes)
        return datetime.combine(day, opens, KST), datetime.combine(day, closes, KST)
