"""`ruleengine run` on a venue over a network: reached, resumed from its journal, warmed by its history, followed.

1. `live_session`  the account as the venue states it, held against file and policy
2. the journal     one for each account, gone on with: what a run before left open is asked for before anything else
3. history         what features read, from the venue, up to now; on a restart what passed meanwhile
4. `LiveRun`       the same loop, display and record as on paper
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruleengine.cli.activation import activate
from ruleengine.cli.engines import engine_of, live_run_id
from ruleengine.cli.failure import JOURNAL_DAMAGED, CommandError
from ruleengine.cli.live_history import catch_up, warm_from
from ruleengine.cli.live_run import LiveRun
from ruleengine.cli.live_session import FOLDER, Reach, opened, prepare_live
from ruleengine.cli.notify import Notifier, notifier, telling
from ruleengine.cli.outbox import Level
from ruleengine.cli.run_record import RunRecord
from ruleengine.cli.session import Session
from ruleengine.cli.signals import is_stream
from ruleengine.cli.streams import say, write_whole
from ruleengine.cli.summary import Summary
from ruleengine.journal import JournalReader, JournalWriter, journal_at
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import Finding, NetworkVenue
from ruleengine.reports.fills import Fills
from ruleengine.reports.recorders import JournalRecorder, Listening
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.resume import resume
from ruleengine.runtime.snapshot import StateForeign


class WallClock:
    """Meets `ports.clock.Clock`: the machine's own time."""

    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until_ns(self, ts: int) -> None:
        await asyncio.sleep(max((ts - time.time_ns()) / 1e9, 0.0))


def run_on_venue(
    policy: Path,
    reach: Reach,
    overlays: Sequence[Path],
    sets: Sequence[str],
    signals: str | None,
    limit_s: float | None,
    journal: Path | None,
    format: str,
    notify: Level | None,
) -> int:
    """Exit code as `ruleengine run` has it."""
    if signals is not None and not is_stream(signals):
        raise CommandError(
            f"--signals {signals}: signals of a real venue's run come as they are made", "use - or a socket"
        )
    return asyncio.run(_run(policy, reach, overlays, sets, signals, limit_s, journal, format, notify))


async def _run(
    policy: Path,
    reach: Reach,
    overlays: Sequence[Path],
    sets: Sequence[str],
    signals: str | None,
    limit_s: float | None,
    journal: Path | None,
    format: str,
    notify: Level | None,
) -> int:
    async with opened(reach) as (adapter, venue, shaped):
        session = await prepare_live(policy, reach, overlays, sets, adapter, venue, shaped)
        _hold(adapter.capabilities.name, await venue.check())
        title = f"{session.policy['name']} {session.policy['version']} on {session.account['name']}"
        teller = notifier(title, notify)
        folder = journal or FOLDER / str(session.account["name"])
        folder.mkdir(parents=True, exist_ok=True)
        with (
            telling(teller, lambda: live.summary.in_a_line()),
            JournalWriter(journal_at(folder), str(session.account["name"]), holder="ruleengine run") as writer,
        ):
            write_whole(FOLDER / str(session.account["name"]) / "last", str(folder.resolve()) + "\n")
            live = await _live(session, venue, writer, folder, title, signals, format, teller)
            code = await live.run(limit_s)
        live.summary.print(format, {"journal": str(folder)})
        say(f"journal: {folder}; `ruleengine why --from {folder} ID` explains a decision")
        return code


def _hold(name: str, found: Sequence[Finding]) -> None:
    """What `doctor` would say: warnings are told, and nothing starts on what has failed."""
    for each in found:
        if each.state == "warning":
            say(f"{name}: {each.subject}: {each.found}; {each.remedy}")
    failed = [each for each in found if each.state == "failed"]
    if failed:
        told = "; ".join(f"{each.subject}: {each.found}" for each in failed)
        raise CommandError(f"{name}: {told}", failed[0].remedy or f"`ruleengine doctor --adapter {name}` says more")


async def _live(
    session: Session,
    venue: NetworkVenue,
    writer: JournalWriter,
    folder: Path,
    title: str,
    signals: str | None,
    format: str,
    teller: Notifier | None,
) -> LiveRun:
    """The run, gone on with or begun anew, right before its first event."""
    fills = Fills(session.currency)
    recorder = JournalRecorder(writer, session.policy, str(session.account["name"]), "1")
    start_ns = time.time_ns()

    def make(run_id: str, record: Recorder | None) -> Engine:
        return engine_of(session, None if record is None else Listening(fills, record), run_id)

    resumed = _resumed(folder, make, recorder)
    activate(writer, session, session.adapter.capabilities.name, start_ns)
    if resumed is None:
        run_id = live_run_id(session, start_ns)
        engine = await warm_from(lambda: make(run_id, recorder), venue, start_ns)
    else:
        engine = resumed.engine
        fills.go_on(engine.orders)
        await catch_up(engine, venue, start_ns)
        for each in resumed.notes:
            say(f"{each.code} {each.message}")
    engine.desk.seq = writer.event_no  # an event's number is its place in the journal
    summary = Summary(session, engine, fills, [], session.adapter.capabilities.name, start_ns)
    kept = RunRecord(summary, recorder.day, recorder.book)
    restart = resumed.restart if resumed is not None else None
    return LiveRun(
        summary, recorder, kept, venue, WallClock(), title, format, signals, teller, restart, before=kept.look
    )


def _resumed(folder: Path, make: Any, recorder: JournalRecorder) -> Any:
    try:
        with JournalReader(journal_at(folder)) as reader:
            return resume(reader, make, recorder)
    except StateForeign as error:
        raise CommandError(str(error), "begin another journal with --journal", JOURNAL_DAMAGED) from None
