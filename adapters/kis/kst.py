"""Korean time: KST is UTC+9 all year. Most of the venue's times have no date, and get it here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from ruleengine.ports.venue import VenueError

KST = timezone(timedelta(hours=9), "KST")
SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
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
    """The instant with this time of day that is nearest to one that is known (the receipt, mostly).

    >>> late = moment("20260305", "000001")
    >>> join("235959", late) == moment("20260304", "235959"), join("000002", late) == moment("20260305", "000002")
    (True, True)
    """
    here = moment(day_of(near_ns), clock)
    return min((here - DAY_NS, here, here + DAY_NS), key=lambda each: abs(each - near_ns))


def shifted(day: str, days: int) -> str:
    """A KST date some days later (earlier where negative).

    >>> shifted("20260301", -1)
    '20260228'
    """
    return day_of(midnight(day) + days * DAY_NS)


def _wall(ts_ns: int) -> datetime:
    return datetime.fromtimestamp(ts_ns // SECOND_NS, KST)
