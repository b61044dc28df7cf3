"""`ruleengine run` on a venue over a network: reached, resumed from its journal, warmed by its history, followed.

1. `live_session`  the account as the venue states it, held against file and policy
2. `sole_engine`   no other engine on that account
3. the journal     one for each account, gone on with: what a run before left open is asked for before anything else
4. history         what features read, from the venue, up to now; on a restart what passed meanwhile
5. `LiveRun`       the same loop, display and record as on paper
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruleengine.cli.activation import activate
from ruleengine.cli.engines import engine_of, live_run_id
from ruleengine.cli.failure import JOURNAL_DAMAGED, CommandError, heard_after
from ruleengine.cli.live_history import catch_up, warm_from
from ruleengine.cli.live_run import LiveRun
from ruleengine.cli.live_session import FOLDER, Reach, cache_of, opened, prepare_live
from ruleengine.cli.notify import Notifier, notifier, telling
from ruleengine.cli.outbox import Level
from ruleengine.cli.run_record import RunRecord
from ruleengine.cli.session import Session
from ruleengine.cli.signals import is_stream
from ruleengine.cli.sole_engine import sole_engine
from ruleengine.cli.streams import say, write_whole
from ruleengine.cli.summary import Summary
from ruleengine.cli.unhindered import unhindered
from ruleengine.cli.wall_clock import WallClock
from ruleengine.journal import JournalReader, JournalWriter, Places, journal_at
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import Finding, NetworkVenue
from ruleengine.reports.fills import Fills
from ruleengine.reports.recorders import JournalRecorder, Listening
from ruleengine.runtime.driving.resume import resume
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.snapshot import StateForeign


@dataclass(frozen=True)
class Wish:
    """What the prompt asks for. `limit_s`: how long at most; `notify`: the level from which people are told."""

    policy: Path
    reach: Reach
    overlays: Sequence[Path]
    sets: Sequence[str]
    signals: str | None
    limit_s: float | None
    journal: Path | None
    format: str
    notify: Level | None


def run_on_venue(wish: Wish) -> int:
    """Exit code as `ruleengine run` has it."""
    if wish.signals is not None and not is_stream(wish.signals):
        raise CommandError(
            f"--signals {wish.signals}: signals of a real venue's run come as they are made", "use - or a socket"
        )
    with ExitStack() as afterwards:  # what is left to tell people may take seconds, and nothing else waits for it then
        afterwards.enter_context(unhindered())
        with heard_after():
            return asyncio.run(_run(wish, afterwards))


async def _run(wish: Wish, afterwards: ExitStack) -> int:
    async with opened(wish.reach) as (adapter, venue, shaped):
        session = await prepare_live(wish.policy, wish.reach, wish.overlays, wish.sets, adapter, venue, shaped)
        name, account = adapter.capabilities.name, str(session.account["name"])
        with _alone(session, wish.reach):
            _hold(name, await venue.check())
            title = f"{session.policy['name']} {session.policy['version']} on {account}"
            teller = notifier(title, wish.notify)
            folder = wish.journal or FOLDER / account
            folder.mkdir(parents=True, exist_ok=True)
            ended: list[LiveRun] = []
            afterwards.callback(
                _show, ended, folder, wish.format
            )  # behind what people are told: a screen may stand still
            afterwards.enter_context(telling(teller, lambda: live.summary.in_a_line()))
            # quick: a restart with trades open must not take longer by the month; `audit` looks at all of it
            place = journal_at(folder)
            with JournalWriter(place, account, holder="ruleengine run", is_quick=True, has_reserve=True) as writer:
                (FOLDER / account).mkdir(parents=True, exist_ok=True)
                write_whole(FOLDER / account / "last", str(folder.resolve()) + "\n")
                live = await _live(session, venue, writer, folder, title, wish, teller)
                code = await live.run(wish.limit_s)
                ended.append(live)
            if writer.failure is not None:
                why = writer.failure.diagnostic
                say(f"{why.code} {why.message}: the next start takes what it lacks out of {Places(place).reserve}")
        if not live.was_stopped:
            raise CommandError(
                f"{name} tells nothing more, and nobody ended the run",
                "orders and trades stay as they are; run it again",
            )
        return code


def _show(ended: Sequence[LiveRun], folder: Path, format: str) -> None:
    """The summary of a run that got to its end."""
    for live in ended:
        live.summary.print(format, {"journal": str(folder)})
        say(f"journal: {folder}; `ruleengine why --from {folder} ID` explains a decision")


def _alone(session: Session, reach: Reach) -> AbstractContextManager[None]:
    """No other engine of this user has the account meanwhile."""
    given, name = session.account["venue"], session.adapter.capabilities.name
    environment = str(session.account.get("environment", "practice"))
    address = reach.address or str(given.get("address", ""))
    return sole_engine(cache_of(name), name, environment, str(given["account_id"]), address)


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
    wish: Wish,
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
    if resumed is not None:
        summary.begin()  # what happened meanwhile is this run's: it counts it
    kept = RunRecord(summary, recorder.day, recorder.book)
    restart = resumed.restart if resumed is not None else None
    return LiveRun(
        summary, recorder, kept, venue, WallClock(), folder, title, wish.format, wish.signals, teller, restart,
        before=kept.look,
    )  # fmt: skip


def _resumed(folder: Path, make: Any, recorder: JournalRecorder) -> Any:
    try:
        with JournalReader(journal_at(folder)) as reader:
            return resume(reader, make, recorder)
    except StateForeign as error:
        raise CommandError(str(error), "begin another journal with --journal", JOURNAL_DAMAGED) from None
