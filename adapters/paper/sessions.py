"""When the paper venue trades: the hours that the engine knows too, and the pauses in which nothing fills.

Hours follow the venue's own clock, so they move in UTC when New York's do (OANDA fact sheet §9, OPS-07).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ruleengine.market.exchanges import REGULAR, SpecialDays
from ruleengine.market.phase import Phase

NANOS = 1_000_000_000
_SEARCH = 400
_DAY = 86_400 * NANOS
_SEOUL_OFFSET = 9 * 3_600 * NANOS  # no summer time since 1988

NEW_YORK = ZoneInfo("America/New_York")
_SATURDAY = 5


class Calendar:
    """Whether one kind of market is open at a time. Raises  ValueError  for a word that names no hours."""

    def __init__(self, kind: str, days: SpecialDays = REGULAR) -> None:
        self.kind = kind
        self._phase = Phase(kind, days)
        self._is_never_closed = kind == "always" and not days.pauses

    def is_open(self, ts: int) -> bool:
        """Whether the market trades at `ts` (UTC nanoseconds)."""
        return self._is_never_closed or self._phase.at(ts) == "open"

    def next_open_ns(self, ts: int) -> int:
        """The first instant from `ts` on at which it trades.

        Raises  ValueError  where no session comes.
        """
        moment = ts
        for _ in range(_SEARCH):
            if self.is_open(moment):
                return moment
            moment = self._phase.due
        raise ValueError(f"no open session of `{self.kind}` after {datetime.fromtimestamp(ts // NANOS, UTC):%Y-%m-%d}")


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


def next_midnight_ns(ts: int) -> int:
    """The next midnight in Seoul after `ts`: the day of price limits changes there."""
    return (ts + _SEOUL_OFFSET) // _DAY * _DAY + _DAY - _SEOUL_OFFSET
