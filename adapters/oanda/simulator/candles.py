"""Candles (fact sheet §4.3): granularities, alignment to a wall clock, which rows a request means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from adapters.oanda.simulator.catalogue import CATALOGUE
from adapters.oanda.simulator.errors import BadRequest, Refusal
from adapters.oanda.simulator.formats import Moment, read_time
from adapters.oanda.simulator.requests import Terms
from adapters.simulation.clock import SECOND_NS
from adapters.simulation.market import Bar, Market, Ohlc
from ruleengine.market.zones import local_date, wall_ns, zone

_SECONDS = {
    "S5": 5, "S10": 10, "S15": 15, "S30": 30, "M1": 60, "M2": 120, "M4": 240, "M5": 300, "M10": 600, "M15": 900,
    "M30": 1800, "H1": 3600, "H2": 7200, "H3": 10800, "H4": 14400, "H6": 21600, "H8": 28800, "H12": 43200,
}  # fmt: skip
_CALENDAR = ("D", "W", "M")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOUR = 3600
MOST, USUAL = 5000, 500
_EMPTY_MOST = 60_000
"""Stretches without a row that are looked through for one request: more than a weekend of five seconds."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where candles begin. Up to an hour they follow UTC; longer ones the wall clock of a zone, from an hour of its
    day; weeks from a day of the week."""

    granularity: str
    where: ZoneInfo
    hour: int
    weekday: int

    def begin(self, ts_ns: int) -> int:
        """Begin of the candle that holds an instant."""
        length = _SECONDS.get(self.granularity)
        if length is not None and length <= _HOUR:
            return ts_ns - ts_ns % (length * SECOND_NS)
        day = local_date(ts_ns, self.where)
        if self._of_day(day) > ts_ns:
            day -= timedelta(days=1)
        start = self._of_day(day)
        if length is not None:
            return start + (ts_ns - start) // (length * SECOND_NS) * length * SECOND_NS
        if self.granularity == "W":
            return self._of_day(day - timedelta(days=(day.weekday() - self.weekday) % 7))
        return start if self.granularity == "D" else self._of_day(day.replace(day=1))

    def end(self, begin_ns: int) -> int:
        """End of the candle that begins there: the next one's begin."""
        length = _SECONDS.get(self.granularity)
        if length is not None and length <= _HOUR:
            return begin_ns + length * SECOND_NS
        day = local_date(begin_ns, self.where)
        if self._of_day(day) > begin_ns:
            day -= timedelta(days=1)
        if length is not None:
            return min(begin_ns + length * SECOND_NS, self._of_day(day + timedelta(days=1)))
        if self.granularity == "D":
            return self._of_day(day + timedelta(days=1))
        if self.granularity == "W":
            return self._of_day(day + timedelta(days=7))
        return self._of_day((day.replace(day=1) + timedelta(days=32)).replace(day=1))

    def _of_day(self, day: date) -> int:
        return wall_ns(day, time(self.hour), self.where)


def candles(market: Market, instrument: str, query: Mapping[str, str]) -> Terms:
    """The reply of a candles endpoint. Raises BadRequest that names the parameter, Refusal for too many rows."""
    if instrument not in CATALOGUE:
        raise BadRequest("instrument")
    granularity = query.get("granularity", "S5")
    sides = query.get("price", "M")
    if granularity not in _SECONDS and granularity not in _CALENDAR:
        raise BadRequest("granularity")
    if not sides or set(sides) - set("MBA"):
        raise BadRequest("price")
    grid = _grid(granularity, query)
    is_smooth = _flag(query, "smooth", "False")
    rows, close = [], None
    for bar in _bars(market, instrument, grid, query):
        rows.append(_row(bar, sides, CATALOGUE[instrument].tick, close if is_smooth else None))
        close = bar
    return {"instrument": instrument, "granularity": granularity, "candles": rows}


def _bars(market: Market, instrument: str, grid: _Grid, query: Mapping[str, str]) -> list[Bar]:
    """The bars that a request means, oldest first."""
    now = market.clock.now_ns()
    begin = read_time(query["from"], "from") if "from" in query else None
    end = min(read_time(query["to"], "to"), now) if "to" in query else now + 1
    count = _count(query)
    if begin is not None and begin > now:
        raise BadRequest("from")
    if begin is not None and "to" in query:
        if "count" in query:
            raise Refusal(400, "'count' cannot be specified when 'to' and 'from' are set")
        if begin > end:
            raise Refusal(400, "Invalid value specified for 'to'. Time is earlier than 'from'")
        count = None
    if begin is None:
        return _last(market, instrument, grid, end, count or USUAL)
    found: list[Bar] = []
    for bar in _onward(market, instrument, grid, begin, end, _flag(query, "includeFirst", "True")):
        found.append(bar)
        if count is not None and len(found) == count:
            break
        if len(found) > MOST:
            raise Refusal(400, "Maximum value for 'count' exceeded")
    return found


def _onward(market: Market, instrument: str, grid: _Grid, begin: int, end: int, includes_first: bool) -> Iterator[Bar]:
    at = grid.begin(begin)
    if not includes_first:
        at = grid.end(at)
    empty = 0
    while at < end and empty < _EMPTY_MOST:
        until = grid.end(at)
        bar = market.bar(instrument, at, until)
        if bar is not None:
            yield bar
        else:
            empty += 1
        at = until


def _last(market: Market, instrument: str, grid: _Grid, end: int, count: int) -> list[Bar]:
    """The last rows before an instant."""
    found: list[Bar] = []
    empty, at = 0, grid.begin(end - 1)
    while len(found) < count and empty < _EMPTY_MOST:
        bar = market.bar(instrument, at, grid.end(at))
        if bar is not None:
            found.append(bar)
        else:
            empty += 1
        at = grid.begin(at - 1)
    return found[::-1]


def _row(bar: Bar, sides: str, tick: Decimal, before: Bar | None) -> Terms:
    """`before`: the bar whose close is this one's open, for smooth candles."""
    found: Terms = {"complete": bar.is_complete, "volume": int(bar.volume), "time": Moment(bar.begin_ns)}
    for letter, name in (("B", "bid"), ("M", "mid"), ("A", "ask")):
        if letter in sides:
            own = _side(bar, letter, tick)
            first = own.open if before is None else _side(before, letter, tick).close
            found[name] = {"o": first, "h": max(own.high, first), "l": min(own.low, first), "c": own.close}
    return found


def _side(bar: Bar, letter: str, tick: Decimal) -> Ohlc:
    if letter == "B":
        return bar.bid
    if letter == "A":
        return bar.ask
    return Ohlc(*(((bid + ask) / 2).quantize(tick, ROUND_HALF_UP) for bid, ask in zip(bar.bid, bar.ask, strict=True)))


def _grid(granularity: str, query: Mapping[str, str]) -> _Grid:
    try:
        where = zone(query.get("alignmentTimezone", "America/New_York"))
    except ValueError:
        raise BadRequest("alignmentTimezone") from None
    hour = query.get("dailyAlignment", "17")
    if not hour.isdigit() or int(hour) > 23:
        raise BadRequest("dailyAlignment")
    weekday = query.get("weeklyAlignment", "Friday")
    if weekday not in _DAYS:
        raise BadRequest("weeklyAlignment")
    return _Grid(granularity, where, int(hour), _DAYS.index(weekday))


def _count(query: Mapping[str, str]) -> int | None:
    text = query.get("count")
    if text is None:
        return USUAL if "to" not in query or "from" not in query else None
    if not text.isdigit() or int(text) == 0:
        raise BadRequest("count")
    if int(text) > MOST:
        raise Refusal(400, "Maximum value for 'count' exceeded")
    return int(text)


def _flag(query: Mapping[str, str], name: str, usual: str) -> bool:
    text = query.get(name, usual).lower()
    if text not in ("true", "false"):
        raise BadRequest(name)
    return text == "true"
