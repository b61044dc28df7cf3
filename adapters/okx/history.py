"""Closed bars from the venue's history, oldest first. Source: fact sheet §4, §4.2.

Rows come newest first; `after` asks for older ones and `before` for newer ones, both without the time that they name
(trap 11). With both of them a window is named, so that history is walked forwards, a page at a time. Days and longer
bars are those cut at UTC (trap 12).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import MappingProxyType

from adapters.okx.api import Api, unreadable
from adapters.okx.rows import MS
from adapters.wire.decimals import BadPayload, number
from ruleengine.model.event import BarEvent
from ruleengine.ports.venue import VenueError

_MINUTE = 60 * 1_000 * MS
BARS = MappingProxyType({
    _MINUTE: "1m", 3 * _MINUTE: "3m", 5 * _MINUTE: "5m", 15 * _MINUTE: "15m", 30 * _MINUTE: "30m",
    60 * _MINUTE: "1H", 120 * _MINUTE: "2H", 240 * _MINUTE: "4H", 360 * _MINUTE: "6Hutc", 720 * _MINUTE: "12Hutc",
    1440 * _MINUTE: "1Dutc",
})  # fmt: skip
"""By length in ns: as the venue names them, letter by letter (`1m` is a minute, `1M` a month)."""
_RECENT, _OLDER = ("/api/v5/market/candles", 300), ("/api/v5/market/history-candles", 100)
_RECENT_BARS = 1_400
"""How many of the last ones the first of the two calls has (1,440)."""


async def history(api: Api, instrument: str, interval_ns: int, begin_ns: int, end_ns: int) -> AsyncIterator[BarEvent]:
    """Closed bars that begin at `begin_ns` or later and have closed by `end_ns`; VenueError for a length that the venue
    has not."""
    if interval_ns not in BARS:
        raise VenueError(
            f"OKX has no bars of {interval_ns / _MINUTE:g} minutes", code="interval", is_final=True,
            remedy=f"it has {', '.join(BARS.values())}",
        )  # fmt: skip
    interval_ms = interval_ns // MS
    at_ms, end_ms = -(-begin_ns // MS), end_ns // MS
    while at_ms + interval_ms <= end_ms:
        is_recent = at_ms > api.venue_ms - _RECENT_BARS * interval_ms
        path, limit = _RECENT if is_recent else _OLDER
        until_ms = min(at_ms + limit * interval_ms, end_ms)
        query = {
            "instId": instrument, "bar": BARS[interval_ns], "limit": str(limit), "before": str(at_ms - 1),
            "after": str(until_ms),
        }  # fmt: skip
        rows = await api.get(path, query)
        for row in reversed(rows):
            made = bar(row, instrument, interval_ns)
            if made is not None and at_ms * MS <= made.ts - interval_ns and made.ts <= end_ns:
                yield made
        at_ms = until_ms


async def forming(api: Api, instrument: str, interval_ns: int) -> BarEvent | None:
    """The candle in progress, as of now by our clock."""
    query = {"instId": instrument, "bar": BARS[interval_ns], "limit": "1"}
    rows = await api.get(_RECENT[0], query)
    now = api.clock.now_ns()
    if not rows or len(rows[0]) < 9 or rows[0][8] != "0":
        return None
    made = bar([*rows[0][:8], "1"], instrument, interval_ns)
    opened = 0 if made is None else made.ts - interval_ns
    if made is None or not opened < now < opened + interval_ns:
        return None
    return replace(made, ts=now, ts_event=now, interval_ns=now - opened)


def bar(row: Sequence[str], instrument: str, interval_ns: int) -> BarEvent | None:
    """A row of nine as a bar of last prices, available at its close; None while it still forms (`confirm` 0).

    Units    volume: contracts (trap 1).
    """
    try:
        if len(row) < 9:
            raise BadPayload(f"a candle has {len(row)} of its 9 values")
        if row[8] != "1":
            return None
        close_ns = int(number(row[0], "ts")) * MS + interval_ns
        o, h, low, c, volume = (float(number(value, "candle")) for value in row[1:6])
    except BadPayload as error:
        raise unreadable(error, f"candles of {instrument}") from None
    return BarEvent(close_ns, close_ns, instrument, interval_ns, "last", o, h, low, c, volume)
