"""Local clock times to UTC, as SQL over a column of local nanoseconds; times that a zone has twice or never are named.

The table of offsets is taken from the time-zone database through `zoneinfo`, so that the SQL needs no extension.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ruleengine.market.zones import zone

SECOND_NS = 1_000_000_000
_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Local times from `start_ns` on, up to the next stretch: their offset from UTC, and whether they are doubtful.

    Doubtful are times that occur twice (the first of the two is taken) and times that a clock never shows.
    """

    start_ns: int
    offset_ns: int
    is_doubtful: bool


def zone_named(name: str) -> ZoneInfo | None:
    """The zone, or None where the database has none of that name."""
    try:
        return zone(name)
    except ValueError:
        return None


def stretches(zone: ZoneInfo, first_local_ns: int, last_local_ns: int) -> list[Stretch]:
    """All stretches of constant offset between two local times, in order.

    >>> [s.offset_ns // SECOND_NS for s in stretches(ZoneInfo("Asia/Seoul"), 0, 1)]
    [32400]
    """
    start = first_local_ns // SECOND_NS - 2 * _DAY_S
    stop = last_local_ns // SECOND_NS + 2 * _DAY_S
    before = _offset_s(zone, start)
    found = [Stretch(start * SECOND_NS, before * SECOND_NS, False)]
    for day in range(start, stop, _DAY_S):
        after = _offset_s(zone, day + _DAY_S)
        if after != before:
            change = _change_between(zone, day, day + _DAY_S, before)
            doubtful_from, settled_from = sorted((change + before, change + after))
            found.append(Stretch(doubtful_from * SECOND_NS, before * SECOND_NS, True))
            found.append(Stretch(settled_from * SECOND_NS, after * SECOND_NS, False))
            before = after
    return found


def offset_sql(local: str, found: list[Stretch]) -> str:
    """SQL of the offset to subtract from the local nanoseconds that the expression `local` gives."""
    return _by_stretch(local, found, [str(stretch.offset_ns) for stretch in found])


def doubtful_sql(local: str, found: list[Stretch]) -> str:
    """SQL of whether the zone has that local time twice or never."""
    if not any(stretch.is_doubtful for stretch in found):
        return "false"
    return _by_stretch(local, found, ["true" if stretch.is_doubtful else "false" for stretch in found])


def _by_stretch(local: str, found: list[Stretch], results: list[str]) -> str:
    cases = [
        f"WHEN {local} < {later.start_ns} THEN {result}" for later, result in zip(found[1:], results[:-1], strict=True)
    ]
    return f"(CASE {' '.join(cases)} ELSE {results[-1]} END)" if cases else results[-1]


def _offset_s(zone: ZoneInfo, utc_s: int) -> int:
    # By timedelta: fromtimestamp refuses years before 1970 on some systems.
    offset = (_EPOCH + timedelta(seconds=utc_s)).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _change_between(zone: ZoneInfo, low: int, high: int, before: int) -> int:
    """The UTC second at which the offset stops being `before`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_s(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def utc_offset_sql(utc: str, zone: ZoneInfo, first_utc_ns: int, last_utc_ns: int) -> str:
    """SQL of the offset to add to the UTC nanoseconds that the expression `utc` gives, to have local ones."""
    start, stop = first_utc_ns // SECOND_NS - _DAY_S, last_utc_ns // SECOND_NS + 2 * _DAY_S
    before = _offset_s(zone, start)
    found = [Stretch(start * SECOND_NS, before * SECOND_NS, False)]
    for day in range(start, stop, _DAY_S):
        after = _offset_s(zone, day + _DAY_S)
        if after != before:
            change = _change_between(zone, day, day + _DAY_S, before)
            found.append(Stretch(change * SECOND_NS, after * SECOND_NS, False))
            before = after
    return offset_sql(utc, found)
