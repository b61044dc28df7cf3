"""A run that is over: a dry run's folder or a journal. Gives its decisions, and goes back to any instant by running the
same again: nothing is guessed from what happened to be recorded."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from ruleengine.cli.activation import specification
from ruleengine.cli.engines import engine_of, live_run_id, machine_of
from ruleengine.cli.failure import CommandError
from ruleengine.cli.recorded import Recorded, began_ns, engine_before, opened, restored
from ruleengine.cli.session import Session, prepare
from ruleengine.diagnostics.suggest import did_you_mean
from ruleengine.graph.compile import compile_policy
from ruleengine.graph.node import Graph
from ruleengine.journal import JournalReader, Row, journal_at
from ruleengine.journal.errors import JournalUnreadable
from ruleengine.journal.events import from_input
from ruleengine.model.audit import Decision
from ruleengine.model.event import Event, Signal, VenueEvent
from ruleengine.model.side import Side
from ruleengine.ports.journal import Recorder
from ruleengine.reports.record import decision_from_plain
from ruleengine.reports.recorders import Nowhere
from ruleengine.reports.standing import Standing, standings
from ruleengine.reports.tables import when
from ruleengine.runtime.driving.drive import Driver
from ruleengine.runtime.engine import Engine

_DAY_NS = 86_400_000_000_000


class Past(ABC):
    """What `why` asks of a run."""

    place: Path

    @abstractmethod
    def decisions(self) -> Iterator[Decision]: ...

    @abstractmethod
    def engine_at(self, ts: int) -> Engine:
        """An engine in the state after every event up to and including `ts`."""

    @abstractmethod
    def inputs(self, ts: int) -> Iterator[Event]:
        """What came in the run of an instant, in order; of a live run its timers and the venue's words too."""

    @abstractmethod
    def heard(self, begin: int, end: int) -> list[VenueEvent]:
        """What the venue said in the run of an instant, from one time to another."""

    @abstractmethod
    def period(self) -> tuple[int, int]:
        """Times of the run's first and last event."""

    @abstractmethod
    def manifest(self) -> dict[str, Any]:
        """What the (last) run was made of."""

    def made(self, decision: Decision) -> Past:
        """The same, confined to the run that made a decision of it."""
        return self

    def graph(self) -> Graph | None:
        """The graph of the policy that decided; None where its file has changed or is gone."""
        manifest = self.manifest()
        overlays = [Path(each) for each in manifest["overlays"]]
        compiled = compile_policy(Path(manifest["policy_file"]), overlays, manifest["sets"]).compiled
        is_same = compiled is not None and compiled.composed.digest == manifest["digest"]
        return compiled.graph if compiled is not None and is_same else None

    def standing_at(self, ts: int, instrument: str | None) -> list[Standing]:
        """What each rule's trigger came to at an instant of the run."""
        first, last = self.period()
        if not first <= ts < last + _DAY_NS:
            raise CommandError(f"that run went from {when(first)} to {when(last)}", "name an instant within it")
        engine = self.engine_at(ts)
        if instrument is not None and instrument not in engine.specs:
            near = did_you_mean(instrument, engine.specs)
            known = f"did you mean {near[0]}?" if near else f"the run has {', '.join(engine.specs)}"
            raise CommandError(f"that run has no `{instrument}`", known)
        return standings(engine, instrument)


def past_of(place: Path | None) -> Past:
    """The run at a place; the last one of any account where none is named."""
    found = place or _last()
    if (found / "run.json").is_file():
        return DryRun(found)
    try:
        return Journal(found)
    except JournalUnreadable as error:
        raise CommandError(
            f"{found}: {error}", "name a journal, or the --out folder of a dry run, with --from"
        ) from None


def _last() -> Path:
    marks = sorted(Path(".ruleengine").glob("*/last"), key=lambda mark: mark.stat().st_mtime)
    if not marks:
        raise CommandError("no run to explain", "name a journal, or the --out folder of a dry run, with --from")
    return Path(marks[-1].read_text(encoding="utf-8").strip())


def _near(path: str) -> Path:
    """The path as a person here would write it."""
    here = Path.cwd()
    return Path(path).relative_to(here) if Path(path).is_relative_to(here) else Path(path)


def _session(manifest: dict[str, Any]) -> Session:
    """The session as it was, with the account as it was; a policy that has changed since is refused, for it would
    explain another run."""
    session = prepare(
        _near(manifest["policy_file"]),
        _near(manifest["account_file"]),
        [_near(each) for each in manifest["overlays"]],
        manifest["sets"],
        int(manifest["seed"]),
        tuple(map(specification, recorded)) if (recorded := manifest.get("specifications")) else None,
    )
    if session.policy["digest"] != manifest["digest"]:
        raise CommandError(
            f"{manifest['policy_file']} has changed since that run",
            f"restore the version with digest {manifest['digest'][:12]}, or run again",
        )
    session.account.clear()
    session.account.update(manifest["account"])
    return session


def _signal(plain: dict[str, Any]) -> Signal:
    values = {name: value for name, value in plain.items() if name != "type"}
    return Signal(**{**values, "side": Side(plain["side"])})


class _Hearing(Nowhere):
    """Keeps what the venue said."""

    def __init__(self) -> None:
        self.heard: list[VenueEvent] = []

    def event(self, event: Event) -> None:
        if isinstance(event, VenueEvent):
            self.heard.append(replace(event))


class DryRun(Past):
    """`run.json`, `decisions.jsonl` of `ruleengine dry-run --out`."""

    def __init__(self, folder: Path) -> None:
        self.place = folder
        try:
            self._manifest: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            self._manifest["digest"] = self._manifest["summary"]["policy"]["digest"]
        except (ValueError, KeyError, TypeError):
            raise CommandError(f"{folder / 'run.json'} is not what a dry run writes", "run it again") from None

    def manifest(self) -> dict[str, Any]:
        return self._manifest

    def period(self) -> tuple[int, int]:
        summary = self._manifest["summary"]
        return summary["first_ns"], summary["last_ns"]

    def decisions(self) -> Iterator[Decision]:
        with (self.place / "decisions.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                yield decision_from_plain(json.loads(line))

    def inputs(self, ts: int) -> Iterator[Event]:
        from ruleengine.cli.dry_run import source_of

        session, recording, signals, begin, end = self._made_of()
        return iter(source_of(session, recording, begin, end, signals))

    def _made_of(self) -> tuple[Session, Recorded, list[Signal], int | None, int | None]:
        """Session, data, signals, and the time from and to which it went."""
        from ruleengine.cli.times import instant_ns

        manifest = self._manifest
        recording = opened([Path(each) for each in manifest["data"]])
        if recording.digest != manifest["data_digest"]:
            raise CommandError("the data has changed since that run", "restore it, or run again")
        signals = [_signal(each) for each in manifest["signals"]]
        begin = instant_ns(manifest["from"], "--from") if manifest["from"] else began_ns(recording)
        end = instant_ns(manifest["to"], "--to") if manifest["to"] else None
        return _session(manifest), recording, signals, begin, end

    def heard(self, begin: int, end: int) -> list[VenueEvent]:
        listening = _Hearing()
        self._played(end, listening)
        return [each for each in listening.heard if begin <= each.ts <= end]

    def engine_at(self, ts: int) -> Engine:
        return self._played(ts, None)

    def _played(self, ts: int, listening: Recorder | None) -> Engine:
        """The run again, up to an instant."""
        from ruleengine.cli.dry_run import names_of, run_id_of, source_of
        from ruleengine.cli.history import first_event_ns

        session, recording, signals, begin, end = self._made_of()
        first_ns = first_event_ns(recording, begin, names_of(session), signals)
        run_id = run_id_of(session, recording, first_ns, signals)
        engine = engine_before(session, listening, run_id, recording, first_ns, names_of(session))
        driver = Driver(engine, machine_of(session, first_ns))
        driver.start(first_ns)
        driver.run(takewhile(lambda event: event.ts <= ts, source_of(session, recording, begin, end, signals)))
        driver.advance(ts)  # what the venue says and what time brings about after the last price, too
        return engine


class Journal(Past):
    """A journal: its checks are the decisions; its inputs, fed again, give the same state.

    `only`: number of the one run in it that counts; runs on recorded or simulated data may begin at one instant, so
    that no time tells them apart."""

    def __init__(self, place: Path, only: int | None = None) -> None:
        self.place = place
        self._reader = JournalReader(journal_at(place))
        self._only = only

    def made(self, decision: Decision) -> Past:
        begun = [number for number, each in enumerate(self._activations()) if each.event_no < decision.seq]
        return Journal(self.place, begun[-1] if begun else 0)

    def decisions(self) -> Iterator[Decision]:
        first, end = self._rows()
        for row in self._reader.rows(kinds=["check"], from_seq=first, to_seq=end):
            yield decision_from_plain(row.body)

    def engine_at(self, ts: int) -> Engine:
        engine = self._begun(ts, None)
        for event in self.inputs(ts):
            if event.ts > ts:
                break
            engine.process(event)
        return engine

    def again(self, recorder: Recorder) -> int:
        """The whole run once more; `recorder` hears what is decided this time. The number of its last event."""
        ts, last_no = self.period()[1], 0
        engine = self._begun(ts, recorder)
        for event in self.inputs(ts):
            engine.process(event)
            last_no = event.seq
        return last_no

    def runs(self) -> list[Journal]:
        """Each run of the journal by itself."""
        return [Journal(self.place, number) for number in range(len(self._activations()))]

    def _begun(self, ts: int, recorder: Recorder | None) -> Engine:
        """The engine of the run of an instant, as it was before its first event."""
        activation, _ = self._run_at(ts)
        manifest = dict(activation.body)
        session = _session(manifest)
        begun = next(self._reader.rows(kinds=["snapshot"], from_seq=activation.seq), None)
        state = begun.body["state"] if begun is not None and begun.event_no == activation.event_no else None
        # a run that went on with an earlier one has that one's id, so that its orders keep theirs
        run_id = live_run_id(session, int(manifest["start_ns"])) if state is None else str(state["run"])
        engine = engine_of(session, recorder, run_id)
        if begun is not None and state is not None:
            restored(engine, begun.body["state"], self.place)  # warm by a past that the journal has no events of
        engine.desk.seq = activation.event_no
        if not session.adapter.capabilities.needs_network:  # else the book is the first of the inputs
            engine.adopt(machine_of(session, int(manifest["start_ns"])).snapshot())
        return engine

    def heard(self, begin: int, end: int) -> list[VenueEvent]:
        found: list[VenueEvent] = []
        for event in self.inputs(end):
            if event.ts > end:
                break
            if isinstance(event, VenueEvent) and event.ts >= begin:
                found.append(event)
        return found

    def inputs(self, ts: int) -> Iterator[Event]:
        activation, end_no = self._run_at(ts)
        for recorded in self._reader.replay(after_event=activation.event_no):
            if end_no is not None and recorded.event_no > end_no:
                return
            yield from_input(recorded)

    def manifest(self) -> dict[str, Any]:
        return dict(self._activations()[-1 if self._only is None else self._only].body)

    def period(self) -> tuple[int, int]:
        activations = self._activations()
        from_seq, to_seq = self._rows()
        lasts = self._reader.rows(kinds=["market", "event"], from_seq=from_seq, to_seq=to_seq, is_reversed=True)
        counted = activations if self._only is None else activations[self._only :][:1]
        first = min(int(each.body["start_ns"]) for each in counted)
        return first, next((row.ts_ns for row in lasts), first)

    def _activations(self) -> list[Row]:
        found = list(self._reader.rows(kinds=["activation"]))
        if not found:
            raise CommandError(f"{self.place}: no policy was activated in this journal", "name another run")
        return found

    def _rows(self) -> tuple[int, int | None]:
        """Numbers of the first and last row that count."""
        if self._only is None:
            return 1, None
        found = self._activations()[self._only :]
        return found[0].seq, found[1].seq - 1 if len(found) > 1 else None

    def _run_at(self, ts: int) -> tuple[Row, int | None]:
        """The last run in this journal that had begun at that time, and the number of its last event."""
        found = self._activations()
        begun = [number for number, each in enumerate(found) if int(each.body["start_ns"]) <= ts]
        number = self._only if self._only is not None else begun[-1] if begun else 0
        return found[number], found[number + 1].event_no if number + 1 < len(found) else None
