"""The phase of a market: open, closed, or paused while it is open (the change of the FX day, maintenance)."""

from __future__ import annotations

from ruleengine.market.exchanges import FX_PAUSE, REGULAR, SpecialDays, trading_hours
from ruleengine.market.sessions import Sessions

NEVER = 1 << 62
"""Later than any event."""


class Phase:
    """Whether an instrument's market is open, closed or paused. `due`: it doesn't change before."""

    __slots__ = ("_pause", "_pauses", "_sessions", "_since", "_word", "due")

    def __init__(self, sessions: str, days: SpecialDays = REGULAR) -> None:
        self._sessions = Sessions(trading_hours(sessions, days))
        self._pause = Sessions(FX_PAUSE) if sessions == "fx" else None
        self._pauses = days.pauses
        self.due, self._since, self._word = -NEVER, NEVER, ""

    def at(self, ts: int) -> str:
        """The phase at an instant, looked up only where it may be another than the last time."""
        return self._word if self._since <= ts < self.due else self.turn(ts)

    def turn(self, ts: int) -> str:
        """The phase at an instant; sets `due`."""
        changes = [self._sessions.next_change(ts)]
        is_open, is_paused = self._sessions.is_open(ts), False
        if self._pause is not None:
            changes.append(self._pause.next_change(ts))
            is_paused = self._pause.is_open(ts)
        for begin, end in self._pauses:
            changes += [each for each in (begin, end) if each > ts]
            is_paused = is_paused or begin <= ts < end
        self.due = min((change for change in changes if change is not None), default=NEVER)
        self._since, self._word = ts, "closed" if not is_open else "paused" if is_paused else "open"
        return self._word
