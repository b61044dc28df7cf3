"""Wall clocks of time zones, and nanoseconds since 1970.

Zones are read from the tzdata package, whose version is pinned, before the machine's own files: the same recording must
give the same bars on any machine. A wall time that occurs twice (clocks go back) means its first occurrence; one that
never occurs (clocks go forward) means the instant of the jump.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

SECOND_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises  ValueError  where there is none.
    """
    parts = name.split("/")
    if all(part and part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in parts):
        source = resources.files("tzdata").joinpath("zoneinfo", *parts)
        if source.is_file():
            with source.open("rb") as file:
                return ZoneInfo.from_file(file, key=name)
    raise ValueError(f"no time zone `{name}`; zones have IANA names like `America/New_York` or `Asia/Seoul`")


def is_zone(name: str) -> bool:
    """Whether `zone` has one of that name: the one question for policies, sessions and recordings alike.

    >>> is_zone("Asia/Tokyo"), is_zone("UTC"), is_zone("localtime"), is_zone("posix/UTC"), is_zone("leapseconds")
    (True, True, False, False, False)
    """
    try:
        zone(name)
    except ValueError:
        return False
    return True


def zone_names() -> list[str]:
    """Every name that `zone` takes, for suggestions."""
    return sorted(resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def local_date(ts_ns: int, where: ZoneInfo) -> date:
    """The date on a wall calendar in that zone."""
    return datetime.fromtimestamp(ts_ns // SECOND_NS, where).date()


def wall_ns(day: date, clock: time, where: ZoneInfo) -> int:
    """UTC nanoseconds of a wall time.

    >>> new_york = zone("America/New_York")
    >>> eve, day = (wall_ns(date(2024, 3, day), time(17), new_york) for day in (9, 10))
    >>> (day - eve) // (3600 * SECOND_NS)
    23
    """
    wall = datetime.combine(day, clock, tzinfo=where)
    instant = wall.astimezone(UTC)
    if instant.astimezone(where).replace(tzinfo=None) != wall.replace(tzinfo=None):
        instant = _jump(wall.replace(fold=1).astimezone(UTC), instant, where)
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


def _jump(before: datetime, after: datetime, where: ZoneInfo) -> datetime:
    """The second between two instants at which the zone's offset changes."""
    old = before.astimezone(where).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while low < high:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(where).utcoffset() == old:
            low = middle + 1
        else:
            high = middle
    return before + timedelta(seconds=low)
