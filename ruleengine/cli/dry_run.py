"""`ruleengine dry-run`: a policy over recorded data, as fast as the machine, with the same decisions as live."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ruleengine.cli.engines import live_run_id, machine_of
from ruleengine.cli.failure import CommandError
from ruleengine.cli.history import first_event_ns
from ruleengine.cli.journal_data import JournalData
from ruleengine.cli.out_folder import RUN_FILE, stage
from ruleengine.cli.recorded import Recorded, began_ns, described, engine_before, opened, with_book
from ruleengine.cli.run_record import RunRecord
from ruleengine.cli.session import Session, prepare
from ruleengine.cli.signals import from_file
from ruleengine.cli.streams import write_whole
from ruleengine.cli.summary import Summary
from ruleengine.cli.times import instant_ns
from ruleengine.journal.events import to_body
from ruleengine.market.days import as_stated
from ruleengine.model.event import Event, Signal
from ruleengine.reports.fills import Fills
from ruleengine.reports.recorders import FilesRecorder, Listening
from ruleengine.reports.tables import when
from ruleengine.runtime.driving.drive import Driver, merged

_STEP = 16_384


def dry_run(
    policy: Path,
    data: Sequence[Path],
    account: Path | None,
    signals: str | None,
    from_: str | None,
    to: str | None,
    sets: Sequence[str],
    overlays: Sequence[Path],
    out: Path | None,
    force: bool,
    seed: int,
    format: str,
) -> int:
    session = prepare(policy, account, overlays, sets, seed)
    recording = opened(data)
    with_book(session, recording)
    begin = instant_ns(from_, "--from") if from_ else began_ns(recording)
    end = instant_ns(to, "--to") if to else None
    first_ns = max(recording.first_ns, begin or recording.first_ns)
    last_ns = min(recording.last_ns, end or recording.last_ns)
    if first_ns > last_ns:
        raise CommandError(
            f"the data has nothing in that time: it goes from {when(recording.first_ns)} to {when(recording.last_ns)}",
            "choose --from and --to within it",
        )
    given = [] if signals is None else from_file(signals)
    first_ns = first_event_ns(recording, begin, names_of(session), given)
    machine = machine_of(session, first_ns)
    fills = Fills(session.currency)
    run_id = run_id_of(session, recording, first_ns, given)
    with ExitStack() as stack:
        work = stack.enter_context(stage(out, data, force)) if out is not None else None
        with _files_in(work, session) as files:
            listening = Listening(fills, files)
            engine = engine_before(session, listening, run_id, recording, first_ns, names_of(session))
            summary = Summary(session, engine, fills, machine.assumptions(), described(recording), first_ns)
            driver = Driver(engine, machine, lambda _event, audit: summary.take(audit))
            driver.start(first_ns)
            summary.begin()
            kept = RunRecord(summary, files.day if files is not None else None)
            with _progress(first_ns, last_ns) as follow:
                counts = driver.run(kept.follow(follow(source_of(session, recording, begin, end, given))))
            summary.tally.events = counts.rows
            summary.close()
            kept.close()
        if work is not None:
            write_manifest(work, session, data, from_, to, given, summary.as_json(), recording.digest, kept.as_json())
    summary.print(format, {"data_digest": recording.digest, "run": run_id})
    if out is not None:
        sys.stderr.write(
            f"decisions and fills: {out}/*.parquet and .jsonl; `ruleengine why --from {out} ID` explains one\n"
        )
    return 0


def _files_in(folder: Path | None, session: Session) -> AbstractContextManager[FilesRecorder | None]:
    if folder is None:
        return nullcontext()
    return FilesRecorder(folder, session.policy, str(session.account["name"]), session.currency)


def source_of(
    session: Session, recording: Recorded, begin: int | None, end: int | None, signals: Sequence[Signal]
) -> Iterable[Event]:
    """Market events of the policy's instruments in order, with the signals of that time among them."""
    wanted = names_of(session)
    present = [name for name in wanted if name in recording.instruments]
    if not present:
        raise CommandError(
            f"the data has {', '.join(recording.instruments)}, the policy acts on {', '.join(wanted)}",
            "name the recording of its instruments, or lay an overlay over the policy",
        )
    market = _events(recording, begin, end, present)
    first_ns, last_ns = begin or recording.first_ns, recording.last_ns if end is None else end - 1
    given = [each for each in signals if first_ns <= each.ts <= last_ns]
    if len(given) < len(signals):
        left = len(signals) - len(given)
        sys.stderr.write(f"{left} of {len(signals)} signals lie outside of the data's period and are left out\n")
    if not given:
        return market
    return merged(market, given)  # type: ignore[arg-type]  # a recording's events are the market's or signals


def names_of(session: Session) -> list[str]:
    return [each.name for each in session.instruments]


def _events(recording: Recorded, begin: int | None, end: int | None, names: list[str]) -> Iterator[Event]:
    if isinstance(recording, JournalData):
        return recording.inputs(begin, end, names)
    return recording.events(begin, end, names)


def run_id_of(session: Session, recording: Recorded, first_ns: int, signals: Sequence[Signal]) -> str:
    """The same run has the same ids: of policy, account, data, start, signals and seed. Its end is no part of it, so
    that a run which ends earlier makes the same orders until then. Of a journal from its beginning: that run's own."""
    if isinstance(recording, JournalData) and first_ns == recording.first_ns and not signals:
        return live_run_id(session, first_ns)
    parts = [
        session.policy["digest"],
        json.dumps(session.account, sort_keys=True),
        recording.digest,
        first_ns,
        session.seed,
        json.dumps([to_body(each) for each in signals], sort_keys=True, default=str),
    ]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def write_manifest(
    out: Path,
    session: Session,
    data: Sequence[Path],
    from_: str | None,
    to: str | None,
    signals: Sequence[Signal],
    summary: dict[str, Any],
    digest: str,
    kept: dict[str, Any],
) -> None:
    """`run.json`: what it takes to run the same again, which `why` does; signals as they were taken."""
    manifest = {
        "policy_file": str(session.policy_file.resolve()),
        "account_file": str(session.account_file.resolve()),
        "overlays": [str(each.resolve()) for each in session.overlays],
        "sets": list(session.sets),
        "data": [str(each.resolve()) for each in data],
        "account": session.account,
        "day": as_stated(session.day),
        "signals": [{"ts": each.ts, **to_body(each)} for each in signals],
        "from": from_,
        "to": to,
        "seed": session.seed,
        "data_digest": digest,
        **kept,
        "summary": summary,
    }
    write_whole(out / RUN_FILE, json.dumps(manifest, indent=2, default=str, ensure_ascii=False) + "\n")


class _progress:  # noqa: N801  used as a function
    """A progress bar over event time on stderr, where that is a terminal."""

    def __init__(self, first_ns: int, last_ns: int) -> None:
        self._span = max(last_ns - first_ns, 1)
        self._first = first_ns
        columns = (
            TextColumn("dry run"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[rows]:,} rows"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)

    def __enter__(self):  # type: ignore[no-untyped-def]
        if not sys.stderr.isatty():
            return lambda source: source
        self._bar.start()
        self._task = self._bar.add_task("", total=self._span, rows=0)
        return self._follow

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            self._bar.stop()

    def _follow(self, source: Iterable[Event]) -> Iterator[Event]:
        for rows, event in enumerate(source):
            if rows % _STEP == 0:
                self._bar.update(self._task, completed=event.ts - self._first, rows=rows)
            yield event
