"""The day that a run without an end stood in: one that was killed, or still goes on, has not recorded it.

It is reckoned from what the journal has: the account as decisions found it, money put in or taken out, and the times of
all rows. So it ends with the last decision; what was filled after that is not in it. What manual trades brought and how
many trades were open is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ruleengine.journal import JournalReader, Row
from ruleengine.journal.events import from_body
from ruleengine.market.interval import Timeframe
from ruleengine.model.event import CashChange
from ruleengine.reports.evidence.day_book import PUT_IN, DayBook
from ruleengine.reports.evidence.open_time import OpenTime


def reckon(
    reader: JournalReader,
    day: Timeframe,
    open_time: OpenTime,
    from_seq: int,
    to_seq: int | None,
    end: Callable[[dict[str, Any]], None],
) -> None:
    """Hand the run's days from a row on to `end`; none where no decision knew the account's equity."""
    left = _Left()
    book = DayBook(day, lambda: left.figures, lambda: left.put_in, end, lambda: None, open_time)
    last_ns = 0
    for row in reader.rows(from_seq=from_seq, to_seq=to_seq):
        if row.ts_ns < last_ns:
            continue  # told of the past, as what a start takes over
        last_ns = row.ts_ns
        book.look(last_ns)
        if left.take(row):
            book.see(left.figures)
    book.close()


class _Left:
    """What rows told so far: the account's known figures, and all money put in less taken out."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        self.put_in = 0.0

    def take(self, row: Row) -> bool:
        """True where it is a reading of the account."""
        if row.kind == "event" and row.body["type"] == "cash":
            change = from_body(row.body, row.ts_ns)
            if isinstance(change, CashChange) and change.reason in PUT_IN:
                self.put_in += float(change.amount)
        if row.kind != "check":
            return False
        figures = row.body.get("figures") or {}
        self.figures = {name: value for name, value in figures.items() if isinstance(value, float)}
        return True
