"""Named hours at run time: which schedules hold, and when that changes next.

Between two changes the truths are constants, so an event costs one comparison of integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time

from ruleengine.market.phase import NEVER
from ruleengine.market.sessions import DAYS, Calendar, Hours, Sessions
from ruleengine.schema.declarations import Schedule

__all__ = ["NEVER", "NamedHours", "Schedules"]


class NamedHours:
    """One schedule of a policy: true while one of its windows is open. Windows may overlap."""

    __slots__ = ("_windows",)

    def __init__(self, name: str, schedule: Schedule) -> None:
        closed = frozenset(date.fromisoformat(leaf.text) for leaf in schedule.except_dates)
        self._windows = [
            Sessions(
                Calendar(
                    name,
                    schedule.timezone.text,
                    (
                        Hours(
                            frozenset(DAYS.index(day) for day in window.days),
                            time.fromisoformat(window.begin.text),
                            time.fromisoformat(window.end.text),
                        ),
                    ),
                    closed,
                )
            )
            for window in schedule.windows
        ]

    def at(self, ts: int) -> bool:
        return any(window.is_open(ts) for window in self._windows)

    def next_change(self, ts: int) -> int:
        return min((window.next_change(ts) or NEVER for window in self._windows), default=NEVER)


class Schedules:
    """All schedules that the graph reads, by its index. `due`: no truth changes before."""

    __slots__ = ("_hours", "due", "truths")

    def __init__(self, wanted: Sequence[str], declared: Mapping[str, Schedule]) -> None:
        self._hours = [NamedHours(name, declared[name]) for name in wanted]
        self.truths: list[bool] = [False] * len(self._hours)
        self.due = -NEVER if self._hours else NEVER

    def turn(self, ts: int) -> None:
        """Set all truths for an instant; to be called when it is not before `due`."""
        self.truths[:] = [hours.at(ts) for hours in self._hours]
        self.due = min((hours.next_change(ts) for hours in self._hours), default=NEVER)
