"""Korean time: KST is UTC+9 all year. Most of the venue's times have no date, and get it here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from ruleengine.ports.venue import VenueError

KST = timezone(timedelta(hours=9), "KST")
SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
AHEAD_MAX_NS = 3_600 * SECOND_NS
"""So far the venue's clock may be ahead of ours."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_of(ts_ns: int) -> str:
    """The KST date of an instant.

    >>> day_of(1_772_582_400 * SECOND_NS - 1), day_of(1_772_582_400 * SECOND_NS + 15 * 3600 * SECOND_NS)
    ('20260304', '20260305')
    """
    return _wall(ts_ns).strftime("%Y%m%d")


def clock_of(ts_ns: int) -> str:
    """HHMMSS on a Korean wall."""
    return _wall(ts_ns).strftime("%H%M%S")


def midnight(day: str) -> int:
    """The instant at which a KST date begins."""
    return moment(day, "000000")


def moment(day: str, clock: str) -> int:
    """UTC nanoseconds of a KST date (YYYYMMDD) and time (HHMMSS, leading zeros may be missing).

    Errors   VenueError for what is no time.

    >>> moment("20260304", "090000") == 1_772_582_400 * SECOND_NS
    True
    """
    text = day.strip() + clock.strip().zfill(6)
    try:
        wall = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=KST)
    except ValueError:
        raise VenueError(f"the venue states a time that is none: `{day}` `{clock}`", code="PAYLOAD") from None
    return (wall - _EPOCH) // timedelta(microseconds=1) * 1000


def join(clock: str, near_ns: int) -> int:
    """The last instant with this time of day before one that is known (the receipt): nothing is heard before it
    happens, but for clocks that disagree. Yesterday's closing book, heard in the morning, is yesterday's.

    >>> late, morning = moment("20260305", "000001"), moment("20260305", "090000")
    >>> join("235959", late) == moment("20260304", "235959"), join("000002", late) == moment("20260305", "000002")
    (True, True)
    >>> join("153000", morning) == moment("20260304", "153000")
    True
    """
    latest_ns = near_ns + AHEAD_MAX_NS
    here = moment(day_of(latest_ns), clock)
    return here if here <= latest_ns else here - DAY_NS


def shifted(day: str, days: int) -> str:
    """A KST date some days later (earlier where negative).

    >>> shifted("20260301", -1)
    '20260228'
    """
    return day_of(midnight(day) + days * DAY_NS)


def _wall(ts_ns: int) -> datetime:
    return datetime.fromtimestamp(ts_ns // SECOND_NS, KST)
