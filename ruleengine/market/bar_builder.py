"""Bars out of ticks, or out of smaller bars, for several timeframes of one instrument and one side of its price.

A bar holds the ticks of [opening, close). It is stamped with its close and is there at its close: `close_due` from a
timer ends it, and if none came, the next tick does. A stretch without ticks makes no bar. Ticks come in order; one that
is older than what came before is refused and marks the bar as defective, and so does whatever `soundness` refused. A
bar that had begun before the stream was watched is not whole, and is dropped: a start from longer history agrees.

Hand in the time at which a tick became available and no tick is ever late. With the venue's own time a tick that
arrives after the timer closed its bar is late, and a defect, because that bar has been acted upon.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ruleengine.market.interval import Timeframe
from ruleengine.market.sessions import Sessions


class Bar(NamedTuple):
    """A closed bar. Times: UTC ns. `volume` is NaN where the source gives none. `is_defective`: something in its time
    was refused, so its values are not the market's."""

    timeframe: str
    opened_ns: int
    closed_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    session_start_ns: int
    is_defective: bool


OPENED, CLOSES, OPEN, HIGH, LOW, CLOSE, VOLUME, DEFECT = range(8)
NO_BARS: tuple[Bar, ...] = ()
_NEVER = 1 << 62


class BarBuilder:
    """Open bars of one instrument and side. `quote`, `trade`, `accumulated` and `smaller_bar` feed it; each returns the
    bars that its time closed, earliest close first and shorter timeframes first."""

    __slots__ = (
        "_bars", "_day", "_days", "_due", "_frames", "_last", "_pending_defect", "_sessions", "_since", "_total",
        "late",
    )  # fmt: skip

    def __init__(self, timeframes: Sequence[Timeframe], sessions: Sessions) -> None:
        self._frames = sorted(timeframes, key=lambda frame: frame.width_ns)
        self._sessions = sessions
        self._days = Timeframe("d1", self._frames[0].anchor)
        self._bars: list[list[Any]] = [[] for _ in self._frames]
        """By timeframe; an empty list where none is open."""
        self._due = -_NEVER
        """No open bar closes before; lowest possible while a timeframe has no open bar: the next tick opens it."""
        self._last = -_NEVER
        self._since = _NEVER
        """The stream is watched from here on; until it is known, from the first observation."""
        self._total: float | None = None
        self._day = 0
        self._pending_defect = False
        self.late = 0
        """Ticks refused because something newer had come."""

    @property
    def intervals(self) -> dict[str, int]:
        """Nanoseconds of each timeframe, by its name."""
        return {frame.name: frame.width_ns for frame in self._frames}

    @property
    def is_waiting(self) -> bool:
        """Has some timeframe no open bar? Then the next tick opens one, and a new `due_ns` with it."""
        return self._due == -_NEVER

    def watch_from(self, ts_ns: int) -> None:
        """Say that the stream has been watched since then, though nothing came: bars begun after it are whole."""
        self._since = min(self._since, ts_ns)

    # --- feeding -----------------------------------------------------------------------------------------------------

    def quote(self, ts_ns: int, price: float) -> tuple[Bar, ...]:
        """A price without a trade: bars built of these have no volume."""
        if self._last <= ts_ns < self._due:
            self._last = ts_ns
            for bar in self._bars:
                bar[CLOSE] = price
                if price > bar[HIGH]:
                    bar[HIGH] = price
                elif price < bar[LOW]:
                    bar[LOW] = price
            return NO_BARS
        return self._turn(ts_ns, price, price, price, price, math.nan)

    def trade(self, ts_ns: int, price: float, size: float) -> tuple[Bar, ...]:
        """A trade of a size."""
        if self._last <= ts_ns < self._due:
            self._last = ts_ns
            for bar in self._bars:
                bar[CLOSE] = price
                bar[VOLUME] += size
                if price > bar[HIGH]:
                    bar[HIGH] = price
                elif price < bar[LOW]:
                    bar[LOW] = price
            return NO_BARS
        return self._turn(ts_ns, price, price, price, price, size)

    def accumulated(self, ts_ns: int, price: float, total: float) -> tuple[Bar, ...]:
        """A price with the volume traded since the day began: its increment counts (PY-06).

        The first total of a stream says nothing about its own bar, unless nothing had traded yet: that bar's volume is
        unknown. A total that falls within a day is a defect."""
        if ts_ns < self._last:
            return self.trade(ts_ns, price, 0.0)  # refused there
        before, day_before = self._total, self._day
        self._total, self._day = total, self._days.bucket(ts_ns)[0]
        if before is None:
            return self.trade(ts_ns, price, math.nan if total else 0.0)
        if self._day != day_before:
            return self.trade(ts_ns, price, total)
        if total >= before:
            return self.trade(ts_ns, price, total - before)
        closed = self.trade(ts_ns, price, math.nan)
        self.mark_defect(ts_ns)
        return closed

    def smaller_bar(
        self,
        opened_ns: int,
        closed_ns: int,
        prices: tuple[float, float, float, float],
        volume: float = math.nan,
        is_defective: bool = False,
    ) -> tuple[Bar, ...]:
        """A closed bar (open, high, low, close) of another source, taken in at its close.

        It belongs to the bars in which it opened; one that reaches beyond such a bar's close marks it as defective."""
        before = self.late
        closed = self._turn(opened_ns, *prices, volume)
        if self.late > before:
            return closed
        for bar in self._bars:
            if bar and (is_defective or closed_ns > bar[CLOSES]):
                bar[DEFECT] = True
        self._last = max(self._last, closed_ns - 1)
        return closed + self.close_due(closed_ns)

    def mark_defect(self, ts_ns: int) -> tuple[Bar, ...]:
        """Something refused stood at this instant: bars that hold it are defective, or the next if none is open."""
        closed = self.close_due(ts_ns)
        for bar in self._bars:
            if bar:
                bar[DEFECT] = True
            else:
                self._pending_defect = True
        return closed

    # --- closing -----------------------------------------------------------------------------------------------------

    def due_ns(self) -> int | None:
        """When the next open bar closes: the instant for which a timer is wanted."""
        return min((bar[CLOSES] for bar in self._bars if bar), default=None)

    def close_due(self, now_ns: int) -> tuple[Bar, ...]:
        """Close every open bar whose time is over."""
        if now_ns < self._due:
            return NO_BARS
        over = [(bar[CLOSES], place) for place, bar in enumerate(self._bars) if bar and bar[CLOSES] <= now_ns]
        if not over:
            return NO_BARS
        self._due = -_NEVER
        closed = [self._close(place) for _, place in sorted(over)]
        return tuple(bar for bar in closed if bar.opened_ns >= self._since)

    def _close(self, place: int) -> Bar:
        opened, closes, open_, high, low, close, volume, is_defective = self._bars[place]
        self._bars[place] = []
        # a bar that began before its session (a day bar from midnight) belongs to the session that it ends in
        session = max(self._sessions.session_start(opened), self._sessions.session_start(closes - 1))
        self._last = max(self._last, closes)
        name = self._frames[place].name
        return Bar(name, opened, closes, open_, high, low, close, volume, session, is_defective)

    def _turn(self, ts_ns: int, open_: float, high: float, low: float, close: float, volume: float) -> tuple[Bar, ...]:
        """The slow way: refuse a late tick, close what is over, open what is missing, merge into the rest."""
        if ts_ns < self._last:
            self.late += 1
            self.mark_defect(self._last)
            return NO_BARS
        if self._since == _NEVER:
            self._since = ts_ns
        closed = self.close_due(ts_ns)
        self._last = ts_ns
        opened_now = False
        for place, bar in enumerate(self._bars):
            if not bar:
                opened, closes = self._frames[place].bucket(ts_ns)
                self._bars[place] = [opened, closes, open_, high, low, close, volume, self._pending_defect]
                opened_now = True
            else:
                bar[CLOSE] = close
                bar[HIGH] = max(bar[HIGH], high)
                bar[LOW] = min(bar[LOW], low)
                bar[VOLUME] += volume
        if opened_now:
            self._pending_defect = False
        self._due = min(bar[CLOSES] for bar in self._bars)
        return closed

    # --- state -------------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """State as JSON values (a NaN volume as null)."""
        return {
            "bars": {frame.name: _as_json(bar) for frame, bar in zip(self._frames, self._bars, strict=True)},
            "last": self._last,
            "since": self._since,
            "total": self._total,
            "day": self._day,
            "pending_defect": self._pending_defect,
            "late": self.late,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot, to the bit; a timeframe that it lacks starts with its next tick."""
        self._bars = [_from_json(state["bars"].get(frame.name, [])) for frame in self._frames]
        self._last = state["last"]
        self._since = state["since"]
        self._total = state["total"]
        self._day = state["day"]
        self._pending_defect = state["pending_defect"]
        self.late = state["late"]
        self._due = min(bar[CLOSES] if bar else -_NEVER for bar in self._bars)


def _as_json(bar: list[Any]) -> list[Any]:
    return [None if value != value else value for value in bar]  # only NaN differs from itself


def _from_json(bar: list[Any]) -> list[Any]:
    return [math.nan if value is None else value for value in bar]
