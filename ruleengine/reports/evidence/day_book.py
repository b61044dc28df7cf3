"""A run's days as they end: equity at start and end, its range and largest fall, open trades.

A day ends with the last event before its cut (the account's day, 17:00 New York for currencies); the reading is taken
before the first event after it. In between, equity is looked at whenever somebody reads the account (with decisions, at
the metrics' cadence), so range and fall are those of the readings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ruleengine.market.interval import Timeframe
from ruleengine.model.event import Event

E = TypeVar("E", bound=Event)
Row = dict[str, Any]


@dataclass(slots=True)
class _Day:
    open_ns: int
    close_ns: int
    equity_start: float
    flows_start: float
    equity_low: float
    equity_high: float
    peak: float
    drawdown: float = 0.0


class DayBook:
    """`read` gives the account's figures now (unknown ones left out), `flows` all money put in less taken out since the
    beginning, `end` takes each day's row."""

    def __init__(
        self,
        day: Timeframe,
        read: Callable[[], Mapping[str, float]],
        flows: Callable[[], float],
        end: Callable[[Row], None],
    ) -> None:
        self._frame, self._read, self._flows, self._end = day, read, flows, end
        self._day: _Day | None = None
        self._due = 0
        self._last: Mapping[str, float] = {}

    def follow(self, source: Iterable[E], begin: Callable[[], None] = lambda: None) -> Iterator[E]:
        """The source's events as they are; a day that is over before one of them is closed first. `begin` is called
        when the first one is asked for."""
        begin()
        for event in source:
            if event.ts >= self._due:
                self._turn(event.ts)
            yield event

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

    def _turn(self, ts: int) -> None:
        self.see(self._read())
        self._close()
        opened, self._due = self._frame.bucket(ts)
        equity = self._last.get("equity")
        if equity is None:
            self._due = ts + 1  # nothing can be read yet: look again with the next event
            return
        self._day = _Day(opened, self._due, equity, self._flows(), equity, equity, equity)

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
            }
        )
