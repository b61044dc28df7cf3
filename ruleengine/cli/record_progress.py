"""How a recording goes, on stderr: rows by kind and instrument, and how old the last one is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ruleengine.model.event import Event, LinkChange
from ruleengine.recordings import Recorder

_ROWS_MAX = 20


class Progress:
    """Drawn where stderr is a terminal; lost connections and refused signals are told anywhere."""

    def __init__(self, recorder: Recorder, now_ns: Callable[[], int]) -> None:
        self._recorder, self._now_ns = recorder, now_ns
        self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self._is_drawn = sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._is_drawn:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_drawn:
            self._live.stop()

    def heard(self, event: Event) -> None:
        """Tell of a connection that was lost or is back: the recording has a gap there."""
        if isinstance(event, LinkChange):
            state = "back" if event.is_up else "lost"
            self.say(f"connection for {event.channel} {state}{': ' if event.detail else ''}{event.detail}")

    def refused(self, reason: str) -> None:
        self.say(f"signal refused: {reason}")

    def say(self, line: str) -> None:
        """A line beside what is drawn."""
        if self._is_drawn:
            self._live.console.print(line, highlight=False, markup=False)
        else:
            sys.stderr.write(line + "\n")

    def show(self) -> None:
        if self._is_drawn:
            self._live.update(self._table(), refresh=True)

    def _table(self) -> Table:
        recorder = self._recorder
        table = Table("kind", "instrument", "rows", box=None)
        for (kind, instrument), count in recorder.counts.most_common(_ROWS_MAX):
            table.add_row(kind, instrument, f"{count:,}")
        age = f"{max(self._now_ns() - recorder.last_ns, 0) / 1e9:.1f} s ago" if recorder.last_ns else "none yet"
        table.add_row("", "last event", age)
        return table
