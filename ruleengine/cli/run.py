"""`ruleengine run`: a policy on the paper venue as a live loop, until Ctrl-C, `--duration`, or the end of the data."""

from __future__ import annotations

import asyncio
import json
import signal as signals_of_the_system
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ruleengine.cli.display import Display
from ruleengine.cli.documents import Refused
from ruleengine.cli.engines import engine_of, live_run_id, machine_of
from ruleengine.cli.failure import POLICY_REFUSED, TERMINATED, CommandError
from ruleengine.cli.history import warmed_by
from ruleengine.cli.notify import Notifier, notifier, telling
from ruleengine.cli.outbox import Level
from ruleengine.cli.run_record import RunRecord
from ruleengine.cli.session import Session, prepare, simulated_profile
from ruleengine.cli.signals import from_file, from_stream, is_stream
from ruleengine.cli.streams import write_whole
from ruleengine.cli.summary import Summary
from ruleengine.cli.times import seconds_of, speed_of
from ruleengine.journal import JournalWriter, journal_at
from ruleengine.market.days import as_stated
from ruleengine.model.audit import Audit
from ruleengine.model.event import Event, MarketEvent
from ruleengine.reports.evidence.terms import terms_of
from ruleengine.reports.fills import Fills
from ruleengine.reports.recorders import JournalRecorder, Listening
from ruleengine.runtime.drive import merged
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.live import LiveLoop

DEFAULT_FOLDER = Path(".ruleengine")
_DRAW_S = 0.25
HISTORY_MAX_NS = 400 * 86_400_000_000_000
"""How far back the past of a simulated market is read at most."""


def run(
    policy: Path,
    data: Sequence[Path],
    account: Path | None,
    signals: str | None,
    speed: str,
    duration: str | None,
    seed: int,
    journal: Path | None,
    sets: Sequence[str],
    overlays: Sequence[Path],
    format: str,
    notify: Level | None = None,
) -> int:
    pace = speed_of(speed)
    limit_s = seconds_of(duration, "--duration") if duration else None
    try:
        session = prepare(policy, account, overlays, sets, seed)
    except Refused as refusal:
        raise CommandError(refusal.message, refusal.help, POLICY_REFUSED) from None
    teller = notifier(_title(session), notify)
    feed, description, start_ns, history = _feed(session, data)
    if signals is not None and not is_stream(signals):
        feed = merged(feed, from_file(signals))  # type: ignore[arg-type]  # market events and signals
    folder = journal or DEFAULT_FOLDER / str(session.account["name"]) / datetime.now(UTC).strftime(
        "run-%Y%m%d-%H%M%S-%f"
    )
    folder.mkdir(parents=True, exist_ok=True)
    last = DEFAULT_FOLDER / str(session.account["name"]) / "last"
    with JournalWriter(journal_at(folder), str(session.account["name"]), holder="ruleengine run") as writer:
        last.parent.mkdir(parents=True, exist_ok=True)
        write_whole(last, str(folder.resolve()) + "\n")
        _activate(writer, session, description, start_ns)
        live = _Live(session, writer, feed, description, start_ns, pace, signals, format, history, teller)
        with telling(teller, lambda: live.summary.in_a_line()):
            code = asyncio.run(live.run(limit_s))
    live.summary.print(format, {"journal": str(folder)})
    sys.stderr.write(f"journal: {folder}; `ruleengine why --from {folder} ID` explains a decision\n")
    return code


def _title(session: Session) -> str:
    return f"{session.policy['name']} {session.policy['version']} on {session.account['name']} (paper)"


History = Callable[[int], Iterable[MarketEvent]]
"""Market events before the run, from an instant on."""


def _feed(session: Session, data: Sequence[Path]) -> tuple[Iterable[Event], str, int, History | None]:
    """The market: a recording, or the simulator that the adapter brings, which has a past of its own."""
    if data:
        from ruleengine.cli.dry_run import described, opened, source_of

        recording = opened(data)
        return source_of(session, recording, None, None, []), described(recording), recording.first_ns, None
    try:
        market = session.adapter.market(session.setup(0), simulated_profile(session))
    except ValueError as error:
        raise CommandError(f"the simulated market: {error}", "give a recording with --data") from None
    if market is None:
        raise CommandError("this venue brings no simulated market", "give a recording with --data")
    if not session.account.get("trades"):
        session.account["trades"] = market.starting_trades()
    return market, market.description, market.start_ns, market.history


def _activate(writer: JournalWriter, session: Session, description: str, start_ns: int) -> None:
    """The journal says which policy decides, with its text, so that it explains itself."""
    policy = session.policy
    body = {
        "policy": f"{policy['name']}@{policy['version']}",
        "digest": policy["digest"],
        "text": session.compiled.composed.sources,
        "parameters": {name: each.text for name, each in session.compiled.composed.parameters.items()},
        "market": description,
        "policy_file": str(session.policy_file.resolve()),
        "account_file": str(session.account_file.resolve()),
        "overlays": [str(each.resolve()) for each in session.overlays],
        "sets": list(session.sets),
        "start_ns": start_ns,
        "account": session.account,
        "instruments": terms_of(session.instruments),
        "day": as_stated(session.day),
        "seed": session.seed,
    }
    writer.append("activation", start_ns, policy["name"], json.loads(json.dumps(body, default=str)))


class EventClock:
    """The clock of a live loop over a simulated or recorded market: time is that of its events alone, which the paper
    venue paces. So a live run decides as a dry run over the same market does."""

    def now_ns(self) -> int:
        return 0

    async def sleep_until_ns(self, ts: int) -> None:
        await asyncio.sleep(_DRAW_S)


class _Live:
    """One live run: loop, display, stop conditions."""

    def __init__(
        self,
        session: Session,
        writer: JournalWriter,
        feed: Iterable[Event],
        description: str,
        start_ns: int,
        speed: float,
        signals: str | None,
        format: str,
        history: History | None,
        teller: Notifier | None,
    ) -> None:
        fills = Fills(session.currency)
        self._recorder = JournalRecorder(writer, session.policy, str(session.account["name"]), "1")
        run_id = live_run_id(session, start_ns)

        def make() -> Engine:
            return engine_of(session, Listening(fills, self._recorder), run_id)

        self._engine = make() if history is None else warmed_by(make, history, start_ns - HISTORY_MAX_NS, start_ns)
        # an event's number is its place in the journal, so ids stay unique where a journal is gone on with
        self._engine.desk.seq = writer.event_no
        if history is not None:
            self._recorder.snapshot(start_ns, self._engine.state())  # where the journal's own events go on from
        machine = machine_of(session, start_ns)
        self.summary = Summary(session, self._engine, fills, machine.assumptions(), description, start_ns)
        self._kept = RunRecord(self.summary, self._recorder.day, self._recorder.book)
        self._venue = session.adapter.live(machine, self._kept.follow(feed), speed)
        self._clock = EventClock()
        self._display = Display(_title(session), session.currency, is_live=format != "json")
        self._teller = teller
        stream = None
        if signals is not None and is_stream(signals):
            stream = from_stream(signals, self._clock.now_ns, self._refuse)
        self._loop = LiveLoop(self._engine, self._venue, self._clock, on_audit=self._told, signals=stream)

    async def run(self, limit_s: float | None) -> int:
        """Until the feed ends, the time is over, or a signal comes; the exit code."""
        code = 0
        running = asyncio.get_running_loop()

        def stop(exit_code: int) -> None:
            nonlocal code
            code = exit_code
            self._loop.stop()

        # Ctrl-C is how a person ends a run: a clean stop; TERM is somebody else's wish and keeps its code
        running.add_signal_handler(signals_of_the_system.SIGINT, stop, 0)
        running.add_signal_handler(signals_of_the_system.SIGTERM, stop, TERMINATED)
        if limit_s is not None:
            running.call_later(limit_s, stop, 0)
        with self._display:
            drawing = asyncio.create_task(self._draw())
            try:
                counts = await self._loop.run()
            finally:
                drawing.cancel()
        self.summary.tally.events = counts.rows - self.summary.fills.events
        self.summary.close()
        self._kept.close()
        reader, ts = self.summary.reader, self._engine.position[0]
        self._recorder.open(ts, reader.marked(), reader.figures())
        self._recorder.snapshot(self._engine.position[0], self._engine.state())
        return code

    def _told(self, event: Event, audit: Audit) -> None:
        self.summary.take(audit)
        self._display.take(audit)
        if self._teller is not None:
            for each in audit.notes:
                self._teller.note(each)

    def _refuse(self, message: str) -> None:
        sys.stderr.write(f"signal refused: {message}\n")

    async def _draw(self) -> None:
        while True:
            self.summary.tally.events = self._loop.counts.rows - self.summary.fills.events
            reader, now_ns = self.summary.reader, max(self._engine.position[0], self.summary.first_ns)
            self._display.show(now_ns, self.summary.tally, reader.figures(), reader.open_trades())
            await asyncio.sleep(_DRAW_S)
