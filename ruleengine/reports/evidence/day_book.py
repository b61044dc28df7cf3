"""A run's days as they end: equity at start and end, its range and largest fall, open trades, and how whole the record
of the day is.

A day ends with the last event before its cut (the account's day, 17:00 New York for currencies); the reading is taken
before the first event after it. In between, equity is looked at whenever somebody reads the account (with decisions, at
the metrics' cadence), so range and fall are those of the readings. Every event is looked at for the time since the one
before it, counted in time at which the market was open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ruleengine.market.interval import Timeframe
from ruleengine.model.event import Event
from ruleengine.reports.evidence.open_time import OpenTime

E = TypeVar("E", bound=Event)
Row = dict[str, Any]
_SECOND_NS = 1e9
PUT_IN = ("deposit", "withdrawal")
"""Why money comes or goes that is no result."""


@dataclass(slots=True)
class _Day:
    open_ns: int
    close_ns: int
    equity_start: float
    flows_start: float
    manual_start: float | None
    equity_low: float
    equity_high: float
    peak: float
    drawdown: float = 0.0


class DayBook:
    """`read` gives the account's figures now (unknown ones left out), `flows` all money put in less taken out since the
    beginning, `end` takes each day's row. `manual`: what open trades that are not ours have gained or lost by now;
    None where one of them has no price. `open_time`: by default the market never rests."""

    def __init__(
        self,
        day: Timeframe,
        read: Callable[[], Mapping[str, float]],
        flows: Callable[[], float],
        end: Callable[[Row], None],
        manual: Callable[[], float | None] = lambda: 0.0,
        open_time: OpenTime = lambda begin_ns, end_ns: end_ns - begin_ns,
    ) -> None:
        self._frame, self._read, self._flows, self._end = day, read, flows, end
        self._manual, self._open_time = manual, open_time
        self._day: _Day | None = None
        self._due = 0
        self._last: Mapping[str, float] = {}
        self._opened_ns = self._first_ns = self._last_ns = 0
        self._gap = self._gap_ns = 0
        """The widest hole of the day (open time) and when it began."""

    def follow(self, source: Iterable[E], begin: Callable[[], None] = lambda: None) -> Iterator[E]:
        """The source's events as they are; a day that is over before one of them is closed first. `begin` is called
        when the first one is asked for."""
        begin()
        for event in source:
            ts = event.ts
            if ts >= self._due:
                self._turn(ts)
            elif ts - self._last_ns > self._gap:
                self._hole(ts)
            self._last_ns = ts
            yield event

    def look(self, ts: int) -> None:
        """An event is about to come: a day that is over before it is closed first."""
        if ts >= self._due:
            self._turn(ts)
        elif ts - self._last_ns > self._gap:
            self._hole(ts)
        self._last_ns = ts

    def see(self, figures: Mapping[str, float]) -> None:
        """A reading within the day."""
        equity = figures.get("equity")
        if equity is None:
            return
        self._last, day = figures, self._day
        if day is None:
            return
        day.equity_low, day.equity_high = min(day.equity_low, equity), max(day.equity_high, equity)
        day.peak = max(day.peak, equity)
        if day.peak > 0:
            day.drawdown = max(day.drawdown, (day.peak - equity) / day.peak)

    def close(self) -> None:
        """The end of the run ends the day that it stands in."""
        self.see(self._read())
        self._close()

    def _hole(self, ts: int) -> None:
        width = self._open_time(self._last_ns, ts)
        if width > self._gap:
            self._gap, self._gap_ns = width, self._last_ns

    def _turn(self, ts: int) -> None:
        self.see(self._read())
        self._close()
        opened, self._due = self._frame.bucket(ts)
        if opened != self._opened_ns:
            self._opened_ns, self._first_ns, self._gap, self._gap_ns = opened, ts, 0, ts
        else:
            self._hole(ts)
        equity = self._last.get("equity")
        if equity is None:
            self._due = ts + 1  # nothing can be read yet: look again with the next event
            return
        close_ns = self._due
        self._day = _Day(opened, close_ns, equity, self._flows(), self._manual(), equity, equity, equity)

    def _close(self) -> None:
        day, self._day = self._day, None
        if day is None:
            return
        self._end(
            {
                "open_ns": day.open_ns,
                "close_ns": day.close_ns,
                "equity_start": day.equity_start,
                "equity_end": self._last["equity"],
                "equity_low": day.equity_low,
                "equity_high": day.equity_high,
                "drawdown": day.drawdown,
                "flows": self._flows() - day.flows_start,
                "open_trades": self._last.get("open_trades"),
                "basis": "equity",
                "manual_start": day.manual_start,
                "manual_end": self._manual(),
                **self._wholeness(day),
            }
        )

    def _wholeness(self, day: _Day) -> Row:
        """Open time in seconds: of the day, before its first event, after its last, and its widest hole."""
        between = self._open_time
        return {
            "first_ns": self._first_ns,
            "last_ns": self._last_ns,
            "hours": between(day.open_ns, day.close_ns) / _SECOND_NS,
            "lead": between(day.open_ns, self._first_ns) / _SECOND_NS,
            "tail": between(self._last_ns, day.close_ns) / _SECOND_NS,
            "gap": self._gap / _SECOND_NS,
            "gap_ns": self._gap_ns,
        }
