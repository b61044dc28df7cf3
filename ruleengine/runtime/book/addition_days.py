"""How often an instrument was added to since the account's day began, over positions that are closed too (PY-02).

An addition counts when its order first fills, at the venue's time of that fill. They are kept whether a rule reads them
or not, so that a policy that begins to knows of those before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ruleengine.market.interval import Timeframe
from ruleengine.market.phase import NEVER
from ruleengine.runtime.book.positions import Positions

NOT_KNOWN = ""
"""Whose an addition was can't be told: it counts against every rule, so that a lost message never repeats one."""
OUTSIDE = "(outside)"
"""Heard of, and not of an order of ours."""
KEPT_MAX = 512
"""Additions of an instrument that are remembered; a count reaches no further."""


class AdditionDays:
    """`day`: the account's. `is_read`: some rule asks, so that the day's turn is waited for."""

    def __init__(self, day: Timeframe, positions: Positions, *, is_read: bool) -> None:
        self._day, self._positions, self.is_read = day, positions, is_read
        self._start, self._close = -NEVER, -NEVER
        self._kept: dict[str, list[tuple[int, str]]] = {}

    def add(self, instrument: str, ts: int, rule: str) -> None:
        """The order of a rule (`NOT_KNOWN`, `OUTSIDE`) added to a position at `ts`."""
        kept = self._kept.setdefault(instrument, [])
        kept.append((ts, rule))
        del kept[:-KEPT_MAX]
        self._show(instrument)

    def forget(self, instrument: str, ts: int) -> None:
        """One of `ts`, of which nobody knew whose it was, is told under its own name."""
        kept = self._kept.get(instrument, [])
        if (ts, NOT_KNOWN) in kept:
            kept.remove((ts, NOT_KNOWN))
        self._show(instrument)

    def count(self, instrument: str, rule: str | None = None) -> int:
        """Additions of the day; `rule`: by that one alone, and those that may have been by it."""
        return sum(
            ts >= self._start and (rule is None or by in (rule, NOT_KNOWN)) for ts, by in self._kept.get(instrument, ())
        )

    @property
    def period(self) -> str:
        """Names the day."""
        return str(self._close)

    def turn(self, now: int) -> int:
        """The day of `now` begins, where it is another one; when it ends. Far away where nobody reads it."""
        if not self.is_read:
            return NEVER
        if now >= self._close:
            self._start, self._close = self._day.bucket(now)
            for name in self._positions.frames:
                self._show(name)
        return self._close

    def _show(self, instrument: str) -> None:
        count = self.count(instrument)
        for frame in self._positions.all_frames(instrument):
            frame.additions_today = count

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"start": self._start, "close": self._close, "kept": {n: list(k) for n, k in self._kept.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._start, self._close = state["start"], state["close"]
        kept: Mapping[str, Sequence[Sequence[Any]]] = state["kept"]
        self._kept = {name: [(ts, rule) for ts, rule in rows] for name, rows in kept.items()}
        for name in self._positions.frames:
            self._show(name)
