"""A market in real time that can be steered: every instrument walks its own path until somebody sets its price.

Pure: the clock object says what time it is, and the seed what the price is then; the same question gets the same
answer in any order, so candles, streams and books agree. Steering is remembered with its time, so history shows what
was shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from adapters.simulation.clock import SECOND_NS, Clock
from adapters.simulation.listing import Listing, Prices
from adapters.simulation.walk import STEP_NS, Walk
from ruleengine.market.exchanges import REGULAR, SpecialDays
from ruleengine.market.phase import Phase

_ALWAYS_NS = -(1 << 62)
_HOUR_NS = 3600 * SECOND_NS
_SEARCH_HOURS = 14 * 24


class Top(NamedTuple):
    """The best prices; `ts_ns`: since when they stand; sizes in the venue's unit."""

    ts_ns: int
    bid: Decimal
    ask: Decimal
    last: Decimal
    bid_size: Decimal
    ask_size: Decimal
    is_open: bool


class Level(NamedTuple):
    price: Decimal
    size: Decimal


class Ohlc(NamedTuple):
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class Bar(NamedTuple):
    """What a stretch came to. `volume`: in the venue's size unit; `steps`: price updates; `is_complete`: its time is
    over."""

    begin_ns: int
    end_ns: int
    bid: Ohlc
    ask: Ohlc
    last: Ohlc
    volume: Decimal
    steps: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Regime:
    """How the price is made from an instant on: set by hand, or the path moved by `shift`."""

    since_ns: int
    prices: Prices | None = None
    sizes: tuple[Decimal, Decimal] | None = None
    shift: Decimal = Decimal(0)


class UnknownListing(KeyError):
    """No instrument of that name is in this market."""


class Market:
    """Everything that trades at one simulated venue."""

    def __init__(self, seed: int, listings: Iterable[Listing], clock: Clock, days: SpecialDays = REGULAR) -> None:
        self.listings = {each.name: each for each in listings}
        self.clock = clock
        self._days = days
        self._walks = {
            name: Walk(seed, name, float(each.price), each.daily_move) for name, each in self.listings.items()
        }
        self._regimes = {name: [_Regime(_ALWAYS_NS)] for name in self.listings}
        self._phases = {each.sessions: Phase(each.sessions, days) for each in self.listings.values()}
        self._doors: list[tuple[int, bool | None]] = [(_ALWAYS_NS, None)]
        self._last_open: dict[str, tuple[int, int]] = {}

    # --- steering ----------------------------------------------------------------------------------------------------

    def set_price(self, name: str, bid: Decimal, ask: Decimal, sizes: tuple[Decimal, Decimal] | None = None) -> None:
        """From now on these prices, standing still; `sizes` at best (bid, ask) where they are not the usual ones.

        Raises  UnknownListing;  ValueError  for prices that are not 0 < bid ≤ ask."""
        listing = self._listing(name)
        if not (bid.is_finite() and ask.is_finite() and 0 < bid <= ask):
            raise ValueError(f"a price of {name} has 0 < bid <= ask, not {bid} and {ask}")
        last = min(max(listing.nearest((bid + ask) / 2), bid), ask)
        self._regimes[name].append(_Regime(self.clock.now_ns(), Prices(bid, ask, last), sizes))

    def walk(self, name: str) -> None:
        """From now on the path again, moved so that it goes on from the price that stands."""
        now = self.clock.now_ns()
        stands = self._regime(name, now).prices
        if stands is not None:
            level = Decimal(repr(self._walks[name].at(now)))
            self._regimes[name].append(_Regime(now, shift=stands.bid - self._listing(name).prices(level).bid))

    def set_open(self, is_open: bool | None) -> None:
        """From now on open or closed whatever the calendars say; None: as they say."""
        self._doors.append((self.clock.now_ns(), is_open))

    # --- the present -------------------------------------------------------------------------------------------------

    def is_open(self, name: str, ts_ns: int | None = None) -> bool:
        """Whether it trades, now or at another instant."""
        ts = self.clock.now_ns() if ts_ns is None else ts_ns
        door = self._door(ts)
        return self._phase(name).at(ts) == "open" if door is None else door

    def top(self, name: str, ts_ns: int | None = None) -> Top:
        """The best prices, now or at another instant. A closed market shows those of its last open step."""
        now = self.clock.now_ns() if ts_ns is None else ts_ns
        listing, regime = self._listing(name), self._regime(name, now)
        is_open = self.is_open(name, now)
        step = _step_of(now) if is_open else self._closing_step(name, now)
        prices = regime.prices or self._walked(listing, regime, step)
        bid_size, ask_size = regime.sizes or (listing.size, listing.size)
        return Top(max(step, regime.since_ns), *prices, bid_size, ask_size, is_open)

    def book(self, name: str, depth: int) -> tuple[list[Level], list[Level]]:
        """(bids, asks), best first, a tick apart; each level holds the best one's size times its number."""
        top, listing = self.top(name), self._listing(name)
        bids, asks = [Level(top.bid, top.bid_size)], [Level(top.ask, top.ask_size)]
        for number in range(2, depth + 1):
            below = bids[-1].price
            below -= listing.tick_of(below - listing.tick)
            if below > 0:
                bids.append(Level(below, top.bid_size * number))
            above = asks[-1].price
            asks.append(Level(above + listing.tick_of(above), top.ask_size * number))
        return bids[:depth], asks[:depth]

    def traded(self, name: str, ts_ns: int) -> Decimal:
        """Size that trades in the step that holds an instant; 0 while closed."""
        if not self.is_open(name, ts_ns):
            return Decimal(0)
        return self._listing(name).lot * self._walks[name].activity(ts_ns)

    # --- history -----------------------------------------------------------------------------------------------------

    def bar(self, name: str, begin_ns: int, end_ns: int) -> Bar | None:
        """What [begin, end) came to so far; None where nothing traded in it. Both on the grid of 250 ms steps."""
        listing, now = self._listing(name), self.clock.now_ns()
        until = min(end_ns, _step_of(now) + STEP_NS)
        parts: list[tuple[Prices, Prices, Prices, Prices]] = []
        volume, steps = Decimal(0), 0
        for first, last in self._open_spans(name, begin_ns, until):
            for regime, part_begin, part_end in self._regimes_of(name, first, last):
                span = self._walks[name].span(part_begin, part_end)
                if span is None:
                    continue
                if regime.prices is None:
                    levels = (span.open, span.high, span.low, span.close)
                    open_, high, low, close = (listing.prices(Decimal(repr(each)) + regime.shift) for each in levels)
                else:
                    open_ = high = low = close = regime.prices
                parts.append((open_, high, low, close))
                volume += listing.lot * span.activity
                steps += span.steps
        if not parts:
            return None
        bid, ask, last_price = (_merged(parts, side) for side in range(3))
        return Bar(begin_ns, end_ns, bid, ask, last_price, volume, steps, now >= end_ns)

    def bars(self, name: str, interval_ns: int, begin_ns: int, end_ns: int) -> Iterator[Bar]:
        """Bars of one length on UTC's grid that begin in [begin, end), oldest first; stretches without trading have
        none. Lengths that follow a wall clock (days of New York, weeks) are asked for one by one with `bar`."""
        start = -(-begin_ns // interval_ns) * interval_ns
        for at in range(start, min(end_ns, self.clock.now_ns() + 1), interval_ns):
            found = self.bar(name, at, at + interval_ns)
            if found is not None:
                yield found

    # --- inside ------------------------------------------------------------------------------------------------------

    def _listing(self, name: str) -> Listing:
        try:
            return self.listings[name]
        except KeyError:
            raise UnknownListing(name) from None

    def _phase(self, name: str) -> Phase:
        return self._phases[self._listing(name).sessions]

    def _walked(self, listing: Listing, regime: _Regime, ts_ns: int) -> Prices:
        return listing.prices(Decimal(repr(self._walks[listing.name].at(ts_ns))) + regime.shift)

    def _regime(self, name: str, ts_ns: int) -> _Regime:
        regimes = self._regimes[self._listing(name).name]
        return regimes[bisect_right(regimes, ts_ns, key=_since) - 1]

    def _regimes_of(self, name: str, begin_ns: int, end_ns: int) -> Iterator[tuple[_Regime, int, int]]:
        """The regimes of a stretch with their parts of it; the step in which one was set is its own."""
        regimes = self._regimes[name]
        for at, regime in enumerate(regimes):
            until = _step_of(regimes[at + 1].since_ns) if at + 1 < len(regimes) else end_ns
            first, last = max(begin_ns, _step_of(regime.since_ns)), min(end_ns, until)
            if first < last:
                yield regime, first, last

    def _door(self, ts_ns: int) -> bool | None:
        return self._doors[bisect_right(self._doors, ts_ns, key=lambda door: door[0]) - 1][1]

    def _open_spans(self, name: str, begin_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
        """Parts of a stretch in which it trades, cut to steps."""
        phase, at = self._phase(name), begin_ns
        while at < end_ns:
            door = self._door(at)
            is_open = phase.at(at) == "open" if door is None else door
            due = phase.due if door is None else end_ns
            changes = [since for since, _ in self._doors if at < since]
            until = min([end_ns, due, *changes])
            first, last = _on_grid(at), _on_grid(until)
            if is_open and first < last:
                yield first, last
            at = until

    def _closing_step(self, name: str, ts_ns: int) -> int:
        """The last open step before an instant; the instant's own where it has been closed for two weeks."""
        asked, found = self._last_open.get(name, (_ALWAYS_NS, 0))
        at = result = _step_of(ts_ns)
        for _ in range(_SEARCH_HOURS):
            if asked <= ts_ns and at <= asked:
                result = found
                break
            spans = list(self._open_spans(name, at - _HOUR_NS, at))
            if spans:
                result = spans[-1][1] - STEP_NS
                break
            at -= _HOUR_NS
        self._last_open[name] = (ts_ns, result)
        return result


def _since(regime: _Regime) -> int:
    return regime.since_ns


def _step_of(ts_ns: int) -> int:
    return ts_ns // STEP_NS * STEP_NS


def _on_grid(ts_ns: int) -> int:
    """The first step at or after an instant."""
    return -(-ts_ns // STEP_NS) * STEP_NS


def _merged(parts: list[tuple[Prices, Prices, Prices, Prices]], side: int) -> Ohlc:
    return Ohlc(
        parts[0][0][side],
        max(part[1][side] for part in parts),
        min(part[2][side] for part in parts),
        parts[-1][3][side],
    )
