"""A run that is killed at a place of an order's life, and what goes on from what is on the disk by then."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruleengine.diagnostics import Diagnostic
from ruleengine.journal import JournalReader, JournalWriter, journal_at
from ruleengine.model.audit import Decision
from ruleengine.model.order import Command
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.reports.recorders import JournalRecorder
from ruleengine.runtime.driving.live import LiveLoop
from ruleengine.runtime.driving.resume import Resumed, resume
from ruleengine.runtime.engine import Engine
from tests.runtime.driving.wire import Connected, Telling, Wire, WireClock
from tests.runtime.engine.world import HEAD, USD_JPY, plan_of

ACCOUNT = {"name": "test", "currency": "JPY", "mode": "hedging", "balance": "500000"}


class Killed(BaseException):
    """The process is no more. No `Exception`: nothing may catch it."""


@dataclass(frozen=True)
class Place:
    """Where a run is killed, with regard to its first order. `reply`: before so many replies were heard, counted from
    1. `is_on_disk`: what was buffered had been written by then."""

    at: str
    reply: int = 0
    is_on_disk: bool = False
    hears_fill_first: bool = False

    def __str__(self) -> str:
        words = [self.at, f"reply {self.reply}" if self.reply else "", "on disk" if self.is_on_disk else ""]
        return "-".join(word for word in [*words, "fill first" if self.hears_fill_first else ""] if word)


class Trap:
    """A recorder of a journal that is killed at its place."""

    def __init__(self, recorder: JournalRecorder, writer: JournalWriter, place: Place | None) -> None:
        self._inner, self._writer, self._place = recorder, writer, place
        self.event, self.change, self.note = recorder.event, recorder.change, recorder.note
        self.metrics, self.snapshot, self.sync = recorder.metrics, recorder.snapshot, recorder.sync

    def decision(self, decision: Decision) -> None:
        self._spring("decided", decision.order is not None)
        self._inner.decision(decision)
        self._spring("intent", decision.order is not None)

    def order(self, command: Command, ts: int) -> None:
        self._inner.order(command, ts)
        self._spring("sending", True)

    def flush(self) -> None:
        """Not done: of what no order waited for, a kill is to find nothing, or all (`is_on_disk`)."""

    def command(self, at: str) -> Callable[[Any], None]:
        return lambda _: self._spring(at, True)

    def reply(self, told: int) -> None:
        if self._place is not None and told == self._place.reply:
            self._spring("reply", True)

    def _spring(self, at: str, is_order: bool) -> None:
        if self._place is None or not is_order or self._place.at != at:
            return
        if self._place.is_on_disk:
            self._writer.flush()
        raise Killed


@cache
def plan(rules: str) -> Any:
    return plan_of(rules, head=HEAD.replace("account: any", "account: hedging"))


def maker(rules: str, digest: str = "digest") -> Callable[[str, Recorder | None], Engine]:
    compiled, figures = plan(rules)
    return lambda run_id, recorder: Engine(
        compiled, [USD_JPY], ACCOUNT, recorder, run_id=run_id, policy_digest=digest, figures=figures
    )


def recorder_of(writer: JournalWriter, digest: str = "digest") -> JournalRecorder:
    return JournalRecorder(writer, {"name": "test", "version": "1.0.0", "digest": digest}, "test", "1")


class Dying(Telling):
    """Killed once the past is told, before the venue's book; `copy`: what was on the disk then."""

    def __init__(self, wire: Wire, folder: Path, copy: Path) -> None:
        super().__init__(wire)
        self._folder, self._copy = folder, copy

    async def snapshot(self) -> VenueSnapshot:
        shutil.copytree(self._folder, self._copy)
        raise Killed


def run(folder: Path, rules: str, wire: Wire, place: Place | None = None) -> Engine:
    """A run from the beginning; raises  Killed  where it is."""
    folder.mkdir()
    with JournalWriter(journal_at(folder), "test") as writer:
        trap = Trap(recorder_of(writer), writer, place)
        engine = maker(rules)("run", trap)
        engine.desk.seq = writer.event_no
        venue = Connected(wire, before=trap.command("synced"), after=trap.command("submitted"), between=trap.reply)
        try:
            asyncio.run(LiveLoop(engine, venue, WireClock(wire)).run())
        except Killed:
            _copy(folder, folder / "killed")
            raise
        finally:
            assert venue.is_closed
    return engine


def _copy(folder: Path, to: Path) -> None:
    """What is on the disk at this moment."""
    to.mkdir()
    for name in ("journal.sqlite", "journal.sqlite-wal", "journal.head"):
        if (folder / name).exists():
            shutil.copy(folder / name, to / name)


def go_on(
    folder: Path, rules: str, wire: Wire, digest: str = "digest", *, venue: Connected | None = None,
    on_trouble: Callable[[Diagnostic], None] | None = None,
) -> tuple[Resumed, LiveLoop]:  # fmt: skip
    """Resume from the journal of a folder, and follow the venue to the end of its prices."""
    with JournalWriter(journal_at(folder), "test") as writer, JournalReader(journal_at(folder), "test") as reader:
        found = resume(reader, maker(rules, digest), recorder_of(writer, digest))
        assert found is not None
        assert found.engine.position[1] == writer.event_no
        loop = LiveLoop(
            found.engine, venue or Connected(wire), WireClock(wire), restart=found.restart, on_trouble=on_trouble,
        )  # fmt: skip
        asyncio.run(loop.run())
    return found, loop
