"""Closed candles as bars, oldest first: bid and ask where OANDA has both, else the middle (fact sheet §4.3).

Periods without a tick have no candle and so no bar. The last candle is usually still open and is left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from adapters.oanda.client import Client
from adapters.oanda.times import to_ns, to_text
from adapters.wire.clock import NANOS
from adapters.wire.decimals import BadPayload, number, objects, optional
from ruleengine.market.interval import FX, Timeframe
from ruleengine.model.event import BarEvent
from ruleengine.ports.venue import VenueError

Row = Mapping[str, Any]
Ohlc = tuple[float, float, float, float]
PAGE = 2000
"""Candles asked for at once; 5000 are allowed."""
_GRANULARITIES = {
    5: "S5", 10: "S10", 15: "S15", 30: "S30", 60: "M1", 120: "M2", 240: "M4", 300: "M5", 600: "M10", 900: "M15",
    1800: "M30", 3600: "H1", 7200: "H2", 10800: "H3", 14400: "H4", 21600: "H6", 28800: "H8", 43200: "H12", 86400: "D",
}  # fmt: skip
"""By seconds. Weeks and months are left out: they have no fixed length."""
_ALIGNED = {"dailyAlignment": "17", "alignmentTimezone": "America/New_York"}
INTERVALS_NS = tuple(seconds * NANOS for seconds in _GRANULARITIES)


async def bars(
    client: Client, instrument: str, interval_ns: int, begin_ns: int, end_ns: int
) -> AsyncIterator[BarEvent]:
    """Bars that close after `begin_ns` and up to `end_ns`. Days, and the hours counted from them, begin at 17:00 in
    New York. Raises VenueError for a length that OANDA has not."""
    granularity = _granularity(interval_ns)
    frame = Timeframe(granularity, FX, f"{interval_ns // NANOS}s")
    sides, since_ns = "BA", max(frame.bucket(begin_ns)[0], 0)
    while since_ns < end_ns:
        rows = await _page(client, instrument, granularity, sides, since_ns)
        if sides == "BA" and rows and not any("bid" in row and "ask" in row for row in rows):
            sides = "M"
            continue
        last_ns = -1
        for row in rows:
            last_ns = to_ns(row.get("time"))
            opened_ns, close_ns = frame.bucket(last_ns)
            if row.get("complete") is True and opened_ns >= since_ns and begin_ns < close_ns <= end_ns:
                yield _bar(row, instrument, interval_ns, close_ns)
        if len(rows) < PAGE or last_ns < since_ns or rows[-1].get("complete") is not True:
            return
        since_ns = frame.bucket(last_ns)[1]


async def forming(client: Client, instrument: str, interval_ns: int) -> BarEvent | None:
    """The candle in progress, as of when it was stated. Raises VenueError for a length that OANDA has not."""
    granularity = _granularity(interval_ns)
    frame = Timeframe(granularity, FX, f"{interval_ns // NANOS}s")
    query = {"price": "BA", "granularity": granularity, "count": "1", **_ALIGNED}
    reply = await client.ask(client.path(f"/instruments/{instrument}/candles"), query)
    if not reply.is_good or not isinstance(reply.body, dict):
        return None
    rows = objects(reply.body.get("candles"), "candles")
    if not rows or rows[-1].get("complete") is not False:
        return None
    opened_ns, close_ns = frame.bucket(to_ns(rows[-1].get("time")))
    now = reply.received_ns
    return _bar(rows[-1], instrument, now - opened_ns, now) if opened_ns < now < close_ns else None


def _granularity(interval_ns: int) -> str:
    found = _GRANULARITIES.get(interval_ns // NANOS) if interval_ns % NANOS == 0 else None
    if found is None:
        raise VenueError(
            f"OANDA has no candles of {interval_ns / NANOS:g} s", code="interval", is_final=True,
            remedy=f"it has {', '.join(_GRANULARITIES.values())}",
        )  # fmt: skip
    return found


async def _page(client: Client, instrument: str, granularity: str, sides: str, since_ns: int) -> Sequence[Row]:
    query = {
        "price": sides, "granularity": granularity, "from": to_text(since_ns), "count": str(PAGE), **_ALIGNED
    }  # fmt: skip
    body = await client.get(client.path(f"/instruments/{instrument}/candles"), f"candles of {instrument}", query)
    return objects(body.get("candles"), "candles")


def _bar(row: Row, instrument: str, interval_ns: int, close_ns: int) -> BarEvent:
    volume = optional(row.get("volume"), "volume")
    count = None if volume is None else float(volume)
    if "bid" in row and "ask" in row:
        return BarEvent(
            close_ns, close_ns, instrument, interval_ns, "bid", *_ohlc(row["bid"]), count, _ohlc(row["ask"])
        )
    return BarEvent(close_ns, close_ns, instrument, interval_ns, "mid", *_ohlc(row.get("mid")), count)


def _ohlc(prices: Any) -> Ohlc:
    if not isinstance(prices, dict):
        raise BadPayload("a candle has no prices")
    opened, high, low, close = (float(number(prices.get(key), key)) for key in "ohlc")
    return opened, high, low, close
