"""One run in a live loop: display, notices, stop conditions, and what is kept at its end. On paper and on venues over a
network it is the same."""

from __future__ import annotations

import asyncio
import signal as signals_of_the_system
from collections.abc import Callable
from pathlib import Path

from ruleengine import log
from ruleengine.cli.control import Control
from ruleengine.cli.display import Display
from ruleengine.cli.failure import HUNG_UP, TERMINATED
from ruleengine.cli.notify import Notifier
from ruleengine.cli.outbox import Level
from ruleengine.cli.run_record import RunRecord
from ruleengine.cli.signals import followed, is_stream
from ruleengine.cli.streams import say
from ruleengine.cli.summary import Summary
from ruleengine.diagnostics import Diagnostic, Severity
from ruleengine.model.audit import Audit
from ruleengine.model.event import Event
from ruleengine.ports.clock import Clock
from ruleengine.ports.venue import Venue
from ruleengine.reports.recorders import JournalRecorder
from ruleengine.reports.tables import quantity
from ruleengine.runtime.driving.inquiry import Restart
from ruleengine.runtime.driving.live import LiveLoop

_DRAW_S = 0.25


class LiveRun:
    """`journal`: its folder, by which commands find the run. `signals`: where they come from, if they come while it
    runs. `teller`: who tells people, if anybody does. `before`: told the time of each event before it counts.
    `was_stopped`: somebody, or `limit_s`, ended it; else its feed did."""

    def __init__(
        self,
        summary: Summary,
        recorder: JournalRecorder,
        kept: RunRecord,
        venue: Venue,
        clock: Clock,
        journal: Path,
        title: str,
        format: str,
        signals: str | None,
        teller: Notifier | None,
        restart: Restart | None = None,
        before: Callable[[int], None] | None = None,
    ) -> None:
        self.summary, self._recorder, self._kept, self._teller = summary, recorder, kept, teller
        self._engine = summary.engine
        self.was_stopped = False
        self._display = Display(title, summary.session.currency, is_live=format != "json")

        def now_ns() -> int:
            """The clock of a simulated or recorded market may not know the time before its first event."""
            return max(clock.now_ns(), self._now_ns())

        self._control = Control(self._engine, summary.reader, journal, title, now_ns, say)
        stream = None
        if signals is not None and is_stream(signals):
            stream = followed(signals, now_ns, self._refuse, self._signals_told)
        self._loop = LiveLoop(
            self._engine, venue, clock,
            before=before, on_audit=self._told, on_trouble=self._trouble, signals=stream,
            commands=self._control.events(), restart=restart, record_trouble=lambda: recorder.trouble,
            hide=log.unprotected,
        )  # fmt: skip

    async def run(self, limit_s: float | None) -> int:
        """Until the feed ends, the time is over, or a signal comes; the exit code."""
        code = 0
        running = asyncio.get_running_loop()

        def stop(exit_code: int) -> None:
            nonlocal code
            code, self.was_stopped = exit_code, True
            self._loop.stop()

        # Ctrl-C is how a person ends a run: a clean stop; TERM is somebody else's wish and keeps its code
        running.add_signal_handler(signals_of_the_system.SIGINT, stop, 0)
        running.add_signal_handler(signals_of_the_system.SIGTERM, stop, TERMINATED)
        if signals_of_the_system.getsignal(signals_of_the_system.SIGHUP) != signals_of_the_system.SIG_IGN:
            # the terminal was closed, or a line broke, and nobody asked for it to go on without (`nohup`)
            running.add_signal_handler(signals_of_the_system.SIGHUP, stop, HUNG_UP)
        if limit_s is not None:
            running.call_later(limit_s, stop, 0)
        try:
            with self._display:
                drawing = asyncio.create_task(self._draw())
                try:
                    async with self._control:
                        counts = await self._loop.run()
                finally:
                    drawing.cancel()
        except Exception:
            for trade in self.summary.reader.all_trades():
                what = f"{trade.instrument} {trade.side} {quantity(trade.units)} {trade.id}"
                say(f"open at the venue, and nobody sees to it: {what}")
            raise
        finally:
            for each in self._loop.out:
                say(f"left at the venue: {each.order.instrument} {each.order.units} {each.order.id}")
        self.summary.tally.events = counts.rows - self.summary.fills.events
        self.summary.close()
        self._kept.close()
        reader, ts = self.summary.reader, self._engine.position[0]
        self._recorder.open(ts, reader.marked(), reader.figures())
        self._recorder.snapshot(ts, self._engine.state())
        return code

    def _now_ns(self) -> int:
        """Of the last event; before it, when the run began."""
        return max(self._engine.position[0], self.summary.first_ns)

    def _told(self, event: Event, audit: Audit) -> None:
        self._control.told(event, audit)
        self.summary.take(audit)
        self._display.take(audit)
        if self._teller is not None:
            for each in audit.notes:
                self._teller.note(each)

    def _trouble(self, found: Diagnostic) -> None:
        """Something failed at the venue, and the run goes on."""
        say(f"{found.code} {found.message}")
        if self._teller is not None:
            level: Level = "alert" if found.severity is Severity.ERROR else "warning"
            self._teller.tell(level, found.code, found.message)

    def _refuse(self, message: str) -> None:
        say(f"signal refused: {message}")

    def _signals_told(self, message: str) -> None:
        say(message)
        if self._teller is not None:
            self._teller.tell("warning", "", message)

    async def _draw(self) -> None:
        while True:
            self.summary.tally.events = self._loop.counts.rows - self.summary.fills.events
            reader = self.summary.reader
            self._display.show(self._now_ns(), self.summary.tally, reader.figures(), reader.open_trades())
            await asyncio.sleep(_DRAW_S)
