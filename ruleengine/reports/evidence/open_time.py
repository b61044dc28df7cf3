"""How long the markets of a run were open between two instants: what a hole in its record is measured in."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ruleengine.market.exchanges import REGULAR, SpecialDays, trading_hours
from ruleengine.market.sessions import Sessions
from ruleengine.model.instrument import Instrument

OpenTime = Callable[[int, int], int]
"""(begin, end) in UTC ns → ns in between at which a market was open."""


def open_time_of(instruments: Iterable[Instrument], days: SpecialDays = REGULAR) -> OpenTime:
    """Of several markets the one that was open longest: where one trades, events can be expected."""
    return open_time_in({each.sessions for each in instruments}, days)


def open_time_in(hours: Iterable[str], days: SpecialDays = REGULAR) -> OpenTime:
    """The same, of the words for trading hours that `Instrument.sessions` may be."""
    markets = [Sessions(trading_hours(word, days)) for word in sorted(hours)]

    def between(begin_ns: int, end_ns: int) -> int:
        return max((_open_in(market, begin_ns, end_ns) for market in markets), default=max(end_ns - begin_ns, 0))

    return between


def _open_in(market: Sessions, begin_ns: int, end_ns: int) -> int:
    """
    >>> from ruleengine.market.sessions import FX_WEEK
    >>> friday, hour = 20_000 * 86_400_000_000_000, 3_600_000_000_000  # 2024-10-04 UTC; New York is 4 h behind
    >>> _open_in(Sessions(FX_WEEK), friday + 20 * hour, friday + 72 * hour) // hour  # to 21:00; Sunday from 21:00
    4
    """
    total, at = 0, begin_ns
    while at < end_ns:
        stretch = market.at(at)
        until = min(stretch.end_ns, end_ns)
        total += until - at if stretch.is_open else 0
        at = until
    return total
