"""`ruleengine record`: a venue's market, and the signals that come meanwhile, as a recording that a dry run reads.

Nothing is ever sent but what it takes to see prices."""

from __future__ import annotations

import asyncio
import json
import signal as signals_of_the_system
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ruleengine.cli.failure import INTERRUPTED, TERMINATED, CommandError, heard_after
from ruleengine.cli.live_session import told
from ruleengine.cli.record_feed import Feed, Wish, opened_feed
from ruleengine.cli.record_progress import Progress
from ruleengine.cli.signals import followed, is_stream
from ruleengine.cli.streams import tell
from ruleengine.cli.unhindered import unhindered
from ruleengine.model.event import Event
from ruleengine.ports.venue import VenueError
from ruleengine.recordings import (
    ImportReport,
    Live,
    Origin,
    Recorder,
    RecordingProblem,
    finish_recording,
    render_report,
)

_SYNC_S = 1.0
"""At most this much is lost where the machine stops."""


def record(wish: Wish, out: Path | None, duration_s: float | None, finish: Path | None, format: str) -> int:
    """Follow until Ctrl-C, the duration or the end of the feed, then finish the recording. Exit code 0, or 143."""
    if finish is not None:
        return _finish(finish, format)
    if out is None or (wish.reach.adapter is None and wish.reach.account is None):
        raise CommandError(
            "give --adapter NAME or --account FILE, and --out FOLDER", "ruleengine record --help shows an example"
        )
    recording = _Recording(out, duration_s)
    try:
        with unhindered(), heard_after():
            code = asyncio.run(recording.run(wish))
    except asyncio.CancelledError:
        raise CommandError(
            "ended before anything came", "", INTERRUPTED if not recording.code else recording.code
        ) from None
    recording.end(format)
    return code


def _finish(folder: Path, format: str) -> int:
    try:
        report = finish_recording(folder)
    except RecordingProblem as problem:
        raise _refused(problem, "nothing was finished") from None
    _print(report, format)
    return 0


class _Recording:
    """One recording while it is made."""

    def __init__(self, out: Path, duration_s: float | None) -> None:
        self._out, self._duration_s = out, duration_s
        self._recorder: Recorder | None = None
        self._failure: CommandError | None = None
        self._stop = asyncio.Event()
        self._main: asyncio.Task[int] | None = None
        self.code = 0

    async def run(self, wish: Wish) -> int:
        """Reach the market, fetch its past, follow it; the exit code."""
        running = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        running.add_signal_handler(signals_of_the_system.SIGINT, self._end, 0)
        running.add_signal_handler(signals_of_the_system.SIGTERM, self._end, TERMINATED)
        async with opened_feed(wish) as feed:
            recorder = self._recorder = self._begun(feed)
            try:
                if not recorder.is_resumed:
                    for bar in feed.past:
                        bar.ts = min(bar.ts, feed.start_ns - 1)  # what closes at the very start is past, too
                        recorder.take(bar)
                recorder.sync()
                await self._follow(feed, recorder, wish.signals)
            except VenueError as error:
                self._failure = told(feed.venue, error)
            except OSError as error:
                raise self._told(error) from None
        return self.code

    def end(self, format: str) -> None:
        """Finish what was taken, and say what it is."""
        assert self._recorder is not None
        try:
            report = self._recorder.finish()
        except RecordingProblem as problem:
            raise self._failure or _refused(problem, "nothing was recorded") from None
        except OSError as error:
            raise self._told(error) from None
        _print(report, format)
        if self._failure is not None:
            raise self._failure

    def _begun(self, feed: Feed) -> Recorder:
        origin = Origin(feed.venue, Live(feed.start_ns, feed.trades), (f"recorded of {feed.description}",))
        try:
            recorder = Recorder(self._out, origin)
        except RecordingProblem as problem:
            raise _refused(problem, "nothing was recorded") from None
        verb = "going on with" if recorder.is_resumed else "recording to"
        sys.stderr.write(f"{verb} {self._out}: {feed.description}; Ctrl-C ends it\n")
        return recorder

    async def _follow(self, feed: Feed, recorder: Recorder, signals: str | None) -> None:
        end_ns = None
        if self._duration_s is not None:
            end_ns = feed.start_ns + round(self._duration_s * 1e9)
            if feed.is_wall:
                asyncio.get_running_loop().call_later(self._duration_s, self._end, 0)
        now_ns = feed.now_ns or (lambda: recorder.last_ns)
        with Progress(recorder, now_ns) as progress:
            tasks = [
                asyncio.create_task(self._take(feed.events, recorder, progress, end_ns), name="market"),
                asyncio.create_task(self._keep(recorder, progress), name="keep"),
            ]
            if signals is not None and is_stream(signals):
                stream = followed(signals, now_ns, progress.refused, progress.say)
                tasks.append(asyncio.create_task(self._take(stream, recorder, progress, end_ns), name="signals"))
            await self._until_over(tasks)

    async def _until_over(self, tasks: list[asyncio.Task[None]]) -> None:
        """Until the feed ends, somebody ends it, or something fails; signals may end before."""
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while not stopping.done() and not tasks[0].done():
                waiting = {each for each in tasks if not each.done()}
                done, _ = await asyncio.wait({stopping, *waiting}, return_when=asyncio.FIRST_COMPLETED)
                for task in done - {stopping}:
                    task.result()  # raises what ended it
        finally:
            for each in (stopping, *tasks):
                each.cancel()
            for each in (stopping, *tasks):
                with suppress(asyncio.CancelledError, VenueError, OSError, RecordingProblem):
                    await each

    async def _take(
        self, source: AsyncIterator[Event], recorder: Recorder, progress: Progress, end_ns: int | None
    ) -> None:
        async for event in source:
            if self._stop.is_set() or (end_ns is not None and event.ts >= end_ns):
                return
            recorder.take(event)
            progress.heard(event)

    async def _keep(self, recorder: Recorder, progress: Progress) -> None:
        """Make what was taken durable now and then, and Parquet of what is full."""
        while True:
            await asyncio.sleep(_SYNC_S)
            recorder.sync()
            await asyncio.to_thread(recorder.store_sealed)
            progress.show()

    def _end(self, code: int) -> None:
        """Somebody's wish, or the duration's: what is followed ends; what is only being reached is given up."""
        self.code = code
        self._stop.set()
        if self._recorder is None and self._main is not None:
            self._main.cancel()

    def _told(self, error: OSError) -> CommandError:
        """What was taken is in the spool, and no recording yet."""
        if self._recorder is not None:
            with suppress(OSError):
                self._recorder.close()
        reason = error.strerror or str(error)
        return CommandError(
            f"{self._out}: {reason}; what was taken before is kept, and is no recording yet",
            f"make room, then `ruleengine record --finish {self._out}`",
        )


def _refused(problem: RecordingProblem, what: str) -> CommandError:
    tell(problem.findings, {})
    return CommandError(what, "mend what is listed above")


def _print(report: ImportReport, format: str) -> None:
    print(json.dumps(asdict(report), default=str, indent=2) if format == "json" else render_report(report))
