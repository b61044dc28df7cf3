"""What a run leaves for reports beside its decisions: how its instruments count, the book at its start and end, its
days."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ruleengine.cli.summary import Summary
from ruleengine.market.exchanges import SpecialDays
from ruleengine.market.interval import Timeframe
from ruleengine.model.event import Event
from ruleengine.reports.evidence.day_book import PUT_IN, DayBook
from ruleengine.reports.evidence.open_time import open_time_of
from ruleengine.reports.evidence.terms import book_of, terms_of


class RunRecord:
    """Follows a run's events from the first to the last. `day` and `book` take what is to be kept at once."""

    def __init__(
        self,
        summary: Summary,
        day: Callable[[dict[str, Any]], None] | None,
        book: Callable[[int, list[dict[str, Any]]], None] | None = None,
    ) -> None:
        self._summary, self._on_book = summary, book
        self._terms = terms_of(summary.session.instruments)
        self._book: list[dict[str, Any]] = []
        self._has_begun = False
        self._days = None
        if day is not None:
            session = summary.session
            open_time = open_time_of(session.instruments, SpecialDays.of(session.account))
            self._days = DayBook(
                Timeframe("d1", session.day), summary.reader.figures, self._flows, day, self._manual, open_time
            )
            summary.on_reading = self._days.see

    def follow(self, source: Iterable[Event]) -> Iterable[Event]:
        """The source as it is. By its first event the venue's book has been taken over."""
        return source if self._days is None else self._days.follow(source, self._begin)

    def look(self, ts: int) -> None:
        """The same for events that come one by one, each told of before it counts: its time."""
        if not self._has_begun:
            self._begin()
        if self._days is not None:
            self._days.look(ts)

    def _begin(self) -> None:
        self._has_begun = True
        self._book = book_of(self._summary.reader.open_lots())
        if self._on_book is not None:
            self._on_book(self._summary.first_ns, self._book)

    def close(self) -> None:
        if self._days is not None:
            self._days.close()

    def as_json(self) -> dict[str, Any]:
        return {"instruments": self._terms, "book": self._book, "open_trades": self._summary.reader.marked()}

    def _manual(self) -> float | None:
        """What open trades that are not ours have gained or lost; None where one has no price."""
        results = [each["result"] for each in self._summary.reader.marked() if each["is_manual"]]
        return None if None in results else float(sum(results))

    def _flows(self) -> float:
        return float(sum(amount for reason, amount in self._summary.fills.cash.items() if reason in PUT_IN))
