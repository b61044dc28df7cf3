"""Named hours at run time: which schedules hold, and when that changes next.

Between two changes the truths are constants, so an event costs one comparison of integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time

from ruleengine.market.sessions import ALWAYS, DAYS, FX_WEEK, KRX, Calendar, Hours, Sessions, week
from ruleengine.schema.policy import Schedule

NEVER = 1 << 62
"""Later than any event."""

US = Calendar("us", "America/New_York", (Hours(week("mon", "fri"), time(9, 30), time(16)),))
CALENDARS: dict[str, Calendar] = {"always": ALWAYS, "fx": FX_WEEK, "krx": KRX, "us": US}
"""Trading hours by the word of `Instrument.sessions`."""

FX_PAUSE = Calendar("fx-pause", "America/New_York", (Hours(week("mon", "thu"), time(16, 59), time(17, 5)),))
"""OANDA pauses fills around the change of day (OPS-07)."""


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


class Phase:
    """Whether an instrument's market is open, closed or paused. `due`: it doesn't change before."""

    __slots__ = ("_pause", "_sessions", "_since", "_word", "due")

    def __init__(self, sessions: str) -> None:
        self._sessions = Sessions(CALENDARS[sessions])
        self._pause = Sessions(FX_PAUSE) if sessions == "fx" else None
        self.due, self._since, self._word = -NEVER, NEVER, ""

    def at(self, ts: int) -> str:
        """The phase at an instant, looked up only where it may be another than the last time."""
        return self._word if self._since <= ts < self.due else self.turn(ts)

    def turn(self, ts: int) -> str:
        """The phase at an instant; sets `due`."""
        changes = [self._sessions.next_change(ts)]
        word = "open" if self._sessions.is_open(ts) else "closed"
        if self._pause is not None:
            changes.append(self._pause.next_change(ts))
            if word == "open" and self._pause.is_open(ts):
                word = "paused"
        self.due = min((change for change in changes if change is not None), default=NEVER)
        self._since, self._word = ts, word
        return word
