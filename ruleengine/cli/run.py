"""`ruleengine run`: a policy on the paper venue as a live loop, until Ctrl-C, `--duration`, or the end of the data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ruleengine.cli.activation import activate
from ruleengine.cli.documents import Refused
from ruleengine.cli.engines import engine_of, live_run_id, machine_of
from ruleengine.cli.failure import POLICY_REFUSED, CommandError, heard_after
from ruleengine.cli.history import warmed_by
from ruleengine.cli.live_run import LiveRun
from ruleengine.cli.live_session import Reach, is_far
from ruleengine.cli.notify import Notifier, notifier, telling
from ruleengine.cli.outbox import Level
from ruleengine.cli.run_record import RunRecord
from ruleengine.cli.session import Session, prepare, simulated_profile
from ruleengine.cli.signals import from_file, is_stream
from ruleengine.cli.streams import say, write_whole
from ruleengine.cli.summary import Summary
from ruleengine.cli.times import seconds_of, speed_of
from ruleengine.journal import JournalWriter, journal_at
from ruleengine.model.event import Event, MarketEvent
from ruleengine.reports.fills import Fills
from ruleengine.reports.recorders import JournalRecorder, Listening
from ruleengine.runtime.driving.drive import merged
from ruleengine.runtime.engine import Engine

DEFAULT_FOLDER = Path(".ruleengine")
_LOOK_S = 0.25
HISTORY_MAX_NS = 400 * 86_400_000_000_000
"""How far back the past of a simulated market is read at most."""


def run(
    policy: Path,
    data: Sequence[Path],
    account: Path | None,
    signals: str | None,
    speed: str | None,
    duration: str | None,
    seed: int | None,
    journal: Path | None,
    sets: Sequence[str],
    overlays: Sequence[Path],
    format: str,
    notify: Level | None = None,
    reach: Reach | None = None,
) -> int:
    limit_s = seconds_of(duration, "--duration") if duration else None
    try:
        if reach is not None and is_far(reach):
            from ruleengine.cli.run_venue import Wish, run_on_venue

            if data or speed is not None or seed is not None:
                raise CommandError("--data, --speed and --seed are of the paper venue", "leave them out")
            return run_on_venue(Wish(policy, reach, overlays, sets, signals, limit_s, journal, format, notify))
    except Refused as refusal:
        raise CommandError(refusal.message, refusal.help, POLICY_REFUSED) from None
    pace, seed = speed_of(speed or "60"), 1 if seed is None else seed
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
    with (
        telling(teller, lambda: live.summary.in_a_line()),
        JournalWriter(journal_at(folder), str(session.account["name"]), holder="ruleengine run") as writer,
    ):
        last.parent.mkdir(parents=True, exist_ok=True)
        write_whole(last, str(folder.resolve()) + "\n")
        activate(writer, session, description, start_ns)
        live = _on_paper(session, writer, folder, feed, description, start_ns, pace, signals, format, history, teller)
        with heard_after():
            code = asyncio.run(live.run(limit_s))
    live.summary.print(format, {"journal": str(folder)})
    say(f"journal: {folder}; `ruleengine why --from {folder} ID` explains a decision")
    return code


def _on_paper(
    session: Session,
    writer: JournalWriter,
    folder: Path,
    feed: Iterable[Event],
    description: str,
    start_ns: int,
    speed: float,
    signals: str | None,
    format: str,
    history: History | None,
    teller: Notifier | None,
) -> LiveRun:
    """The run on the paper venue, over a market that is simulated or recorded."""
    fills = Fills(session.currency)
    recorder = JournalRecorder(writer, session.policy, str(session.account["name"]), "1")
    run_id = live_run_id(session, start_ns)

    def make() -> Engine:
        return engine_of(session, Listening(fills, recorder), run_id)

    engine = make() if history is None else warmed_by(make, history, start_ns - HISTORY_MAX_NS, start_ns)
    # an event's number is its place in the journal, so ids stay unique where a journal is gone on with
    engine.desk.seq = writer.event_no
    if history is not None:
        recorder.snapshot(start_ns, engine.state())  # where the journal's own events go on from
    machine = machine_of(session, start_ns)
    summary = Summary(session, engine, fills, machine.assumptions(), description, start_ns)
    kept = RunRecord(summary, recorder.day, recorder.book)
    venue = session.adapter.live(machine, kept.follow(feed), speed)
    return LiveRun(summary, recorder, kept, venue, EventClock(), folder, _title(session), format, signals, teller)


def _title(session: Session) -> str:
    return f"{session.policy['name']} {session.policy['version']} on {session.account['name']} (paper)"


History = Callable[[int], Iterable[MarketEvent]]
"""Market events before the run, from an instant on."""


def _feed(session: Session, data: Sequence[Path]) -> tuple[Iterable[Event], str, int, History | None]:
    """The market: a recording, or the simulator that the adapter brings, which has a past of its own."""
    if data:
        from ruleengine.cli.dry_run import source_of
        from ruleengine.cli.recorded import began_ns, described, opened, past_of, with_book

        recording = opened(data)
        with_book(session, recording)
        begin = began_ns(recording)
        source = source_of(session, recording, begin, None, [])
        return source, described(recording), begin or recording.first_ns, past_of(session, recording)
    try:
        market = session.adapter.market(session.setup(0), simulated_profile(session))
    except ValueError as error:
        raise CommandError(f"the simulated market: {error}", "give a recording with --data") from None
    if market is None:
        raise CommandError("this venue brings no simulated market", "give a recording with --data")
    if "trades" not in session.account:
        session.account["trades"] = market.starting_trades()
        if session.account["trades"]:
            brought = f"the simulated market begins with {len(session.account['trades'])}"
            say(f"{session.account_file} names no trades: {brought}; `trades: []` for none")
    return market, market.description, market.start_ns, market.history


class EventClock:
    """The clock of a live loop over a simulated or recorded market: time is that of its events alone, which the paper
    venue paces. So a live run decides as a dry run over the same market does."""

    def now_ns(self) -> int:
        return 0

    async def sleep_until_ns(self, ts: int) -> None:
        await asyncio.sleep(_LOOK_S)
