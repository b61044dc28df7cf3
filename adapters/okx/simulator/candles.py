"""Bars as the venue cuts them: short ones on UTC's grid, from six hours up at UTC+8 unless named `…utc` (trap 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from adapters.okx.simulator.instruments import LISTED_MS, Contract
from adapters.okx.simulator.wire import text
from adapters.simulation.market import Market

MS_NS = 1_000_000
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_MONDAY_MS = 4 * _DAY_MS
"""1970 began on a Thursday."""
_SHORT = {
    "1m": 60_000, "3m": 180_000, "5m": 300_000, "15m": 900_000, "30m": 1_800_000,
    "1H": _HOUR_MS, "2H": 2 * _HOUR_MS, "4H": 4 * _HOUR_MS,
}  # fmt: skip
_LONG = {
    "6H": 6 * _HOUR_MS, "12H": 12 * _HOUR_MS, "1D": _DAY_MS, "2D": 2 * _DAY_MS, "3D": 3 * _DAY_MS, "1W": 7 * _DAY_MS,
}  # fmt: skip
_MONTHS = {"1M": 1, "3M": 3}
_EASTERN_MS = 8 * _HOUR_MS
_KEPT = 100_000


def is_bar(name: str) -> bool:
    """Whether the venue has bars of this name; case matters (`1m` is a minute, `1M` a month)."""
    plain = name.removesuffix("utc")
    return name in _SHORT or plain in _LONG or plain in _MONTHS


def begin_of(name: str, at_ms: int) -> int:
    """When the bar that holds an instant begins.

    >>> begin_of("4H", 5 * 3_600_000) // 3_600_000, begin_of("1D", 17 * 3_600_000) // 3_600_000
    (4, 16)
    >>> begin_of("1Dutc", 17 * 3_600_000)
    0
    """
    if name in _SHORT:
        return at_ms // _SHORT[name] * _SHORT[name]
    plain = name.removesuffix("utc")
    shift = 0 if name.endswith("utc") else _EASTERN_MS
    local = at_ms + shift
    if plain in _MONTHS:
        day = datetime.fromtimestamp(local / 1000, UTC)
        months = (day.month - 1) // _MONTHS[plain] * _MONTHS[plain]
        return round(datetime(day.year, months + 1, 1, tzinfo=UTC).timestamp() * 1000) - shift
    anchor = _MONDAY_MS if plain == "1W" else 0
    return (local - anchor) // _LONG[plain] * _LONG[plain] + anchor - shift


def end_of(name: str, begin_ms: int) -> int:
    """When a bar that begins there ends."""
    plain = name.removesuffix("utc")
    if name in _SHORT:
        return begin_ms + _SHORT[name]
    if plain in _LONG:
        return begin_ms + _LONG[plain]
    return begin_of(name, begin_ms + _MONTHS[plain] * 31 * _DAY_MS + _DAY_MS)


class Candles:
    """Rows of bars; those that are done are kept."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._done: dict[tuple[str, str, int], list[str]] = {}

    def row(self, contract: Contract, name: str, begin_ms: int) -> list[str] | None:
        """One bar as a row of nine strings; None where nothing traded in it."""
        key = (contract.inst_id, name, begin_ms)
        row = self._done.get(key) or self._made(contract, name, begin_ms)
        if row is not None and row[-1] == "1":
            if len(self._done) >= _KEPT:
                self._done.clear()
            self._done[key] = row
        return row

    def _made(self, contract: Contract, name: str, begin_ms: int) -> list[str] | None:
        bar = self._market.bar(contract.inst_id, begin_ms * MS_NS, end_of(name, begin_ms) * MS_NS)
        if bar is None:
            return None
        base = bar.volume * contract.unit
        prices = (bar.last.open, bar.last.high, bar.last.low, bar.last.close)
        return [
            str(begin_ms),
            *(text(price) for price in prices),
            text(bar.volume),
            text(base),
            text((base * bar.last.close).quantize(Decimal("0.0001"))),
            "1" if bar.is_complete else "0",
        ]


def page(
    name: str,
    now_ms: int,
    after: int | None,
    before: int | None,
    limit: int,
    row_of: Callable[[int], list[str] | None],
) -> list[list[str]]:
    """Rows of bars by their begins, newest first, back to the listing: `after` older than an instant, `before` newer,
    both exclusive (trap 11)."""
    rows: list[list[str]] = []
    for begin in _backwards(name, now_ms if after is None else min(after - 1, now_ms)):
        if len(rows) == limit or (before is not None and begin <= before) or begin < LISTED_MS:
            break
        row = row_of(begin)
        if row is not None:
            rows.append(row)
    return rows


def _backwards(name: str, from_ms: int) -> Iterator[int]:
    begin = begin_of(name, from_ms)
    while True:
        yield begin
        begin = begin_of(name, begin - 1)


def midnight(now_ms: int, hours_east: int) -> int:
    """The last midnight of a zone that many hours east of UTC."""
    shift = round(timedelta(hours=hours_east).total_seconds() * 1000)
    return (now_ms + shift) // _DAY_MS * _DAY_MS - shift
