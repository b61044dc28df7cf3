"""Timeframes: into which bar an instant falls, and when that bar closes.

A day begins at a declared wall time of a declared zone; intervals are counted within it from an origin, so that bars of
seven minutes or four hours stand where traders expect them all year. A day's last bar ends with the day. Where the
origin cannot matter (the interval divides an hour and the zone's origin lies on it), the bar is plain arithmetic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time, timedelta

from ruleengine.market.zones import SECOND_NS, local_date, wall_ns, zone

HOUR_NS = 3600 * SECOND_NS
DAY_NS = 24 * HOUR_NS


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where days and intervals begin: `day` is the wall time at which a day starts, `origin` the one from which its
    intervals are counted. A stock exchange's day starts at midnight and its bars are counted from the opening."""

    zone: str
    day: time
    origin: time


FX = Anchor("America/New_York", time(17), time(17))
CRYPTO = Anchor("UTC", time(0), time(0))


def exchange(zone_name: str, opens: time) -> Anchor:
    """A stock exchange: days are calendar days of its zone, bars are counted from its opening."""
    return Anchor(zone_name, time(0), opens)


BUILT_IN = {
    "m1": 60, "m2": 120, "m5": 300, "m10": 600, "m15": 900, "m30": 1800,
    "h1": 3600, "h2": 7200, "h4": 14400, "d1": 86400,
}  # fmt: skip
"""Seconds of the names a policy may use without declaring them."""

_CUSTOM = re.compile(r"([1-9][0-9]{0,4})(s|min|h)")
_UNIT_SECONDS = {"s": 1, "min": 60, "h": 3600}


def interval_seconds(name: str) -> int:
    """Seconds of a built-in name or of an interval like `7min`, `90s`, `3h`.

    Raises  ValueError  for anything else, and for intervals longer than a day.

    >>> interval_seconds("h4"), interval_seconds("90s"), interval_seconds("7min")
    (14400, 90, 420)
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    match = _CUSTOM.fullmatch(name)
    seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0
    if not 0 < seconds <= 86400:
        raise ValueError(
            f"no interval `{name}`; write one of {', '.join(BUILT_IN)}, or a length up to a day like `90s` or `7min`"
        )
    return seconds


def is_interval(text: str) -> bool:
    """Whether bars of a declared length can be built. The built-in names are no lengths.

    >>> is_interval("7min"), is_interval("24h"), is_interval("25h"), is_interval("1d"), is_interval("0s")
    (True, True, False, False, False)
    """
    try:
        return text not in BUILT_IN and interval_seconds(text) > 0
    except ValueError:
        return False


class Timeframe:
    """One interval with its anchor. `bucket` is a pure function; the day last asked for is remembered."""

    __slots__ = ("_day_close", "_day_open", "_origin", "_zone", "anchor", "is_plain", "name", "width_ns")

    def __init__(self, name: str, anchor: Anchor = CRYPTO, interval: str | None = None) -> None:
        """`name` is what a policy calls it; `interval` how long it is, where the name does not say so."""
        self.name = name
        self.anchor = anchor
        self.width_ns = interval_seconds(name if interval is None else interval) * SECOND_NS
        self._zone = zone(anchor.zone)
        self.is_plain = _origin_cannot_matter(self.width_ns, anchor)
        self._day_open = self._day_close = self._origin = 0

    def __repr__(self) -> str:
        return f"Timeframe({self.name!r}, {self.anchor.zone})"

    def bucket(self, ts_ns: int) -> tuple[int, int]:
        """(opening, close) of the bar that holds an instant; the opening is in it, the close is not."""
        width = self.width_ns
        if self.is_plain:
            opened = ts_ns // width * width
            return opened, opened + width
        if not self._day_open <= ts_ns < self._day_close:
            self._find_day(ts_ns)
        if width >= DAY_NS:
            return self._day_open, self._day_close
        opened = self._origin + (ts_ns - self._origin) // width * width
        return max(opened, self._day_open), min(opened + width, self._day_close)

    def _find_day(self, ts_ns: int) -> None:
        """Set the day that holds an instant; one that a change of clocks makes 23 or 25 hours long is one day."""
        day = local_date(ts_ns, self._zone)
        opened = wall_ns(day, self.anchor.day, self._zone)
        if ts_ns < opened:
            day -= timedelta(days=1)
            opened = wall_ns(day, self.anchor.day, self._zone)
        self._day_open = opened
        self._day_close = wall_ns(day + timedelta(days=1), self.anchor.day, self._zone)
        self._origin = wall_ns(day, self.anchor.origin, self._zone)


def _origin_cannot_matter(width_ns: int, anchor: Anchor) -> bool:
    """Do plain steps from 1970 give the same bars, whatever the zone's offset?

    Offsets of today's zones are multiples of a quarter of an hour, and of an hour where named below."""
    if anchor.zone == "UTC":
        return DAY_NS % width_ns == 0 and anchor.day == time(0) and _on_grid(anchor.origin, width_ns)
    divisor = HOUR_NS if anchor.zone in _WHOLE_HOURS else HOUR_NS // 4
    return divisor % width_ns == 0 and _on_grid(anchor.day, width_ns) and _on_grid(anchor.origin, width_ns)


_WHOLE_HOURS = frozenset(
    {"America/New_York", "America/Chicago", "Europe/London", "Europe/Berlin", "Asia/Seoul", "Asia/Tokyo"}
)
"""Zones whose offset has been whole hours since 1970."""


def _on_grid(clock: time, width_ns: int) -> bool:
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    return seconds * SECOND_NS % width_ns == 0 and clock.microsecond == 0
