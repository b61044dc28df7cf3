"""A policy and an account as files, and the engine and the paper venue over them, made as the prompt's commands do."""

from __future__ import annotations

from pathlib import Path

from ruleengine.cli.engines import engine_of, machine_of
from ruleengine.cli.session import Session, prepare
from ruleengine.model.event import Fill, VenueEvent
from ruleengine.model.order import Command
from ruleengine.ports.journal import Recorder
from ruleengine.runtime.driving.drive import Driver, Told
from ruleengine.runtime.engine import Engine


def session_in(folder: Path, name: str, policy: str, account: str) -> Session:
    """Both texts as files in the folder, compiled and checked against each other."""
    (folder / f"{name}.policy.yaml").write_text(policy, encoding="utf-8")
    (folder / f"{name}.account.yaml").write_text(account, encoding="utf-8")
    return prepare(folder / f"{name}.policy.yaml", None, (), (), seed=1)


class Rig:
    """A driver at the start of its run. `fills`: what the venue filled, in order. `engine`: a new one if left out."""

    def __init__(
        self,
        session: Session,
        start_ns: int,
        recorder: Recorder | None,
        told: Told | None,
        engine: Engine | None = None,
    ) -> None:
        self.fills: list[Fill] = []
        self.engine = engine_of(session, recorder, "benchmark") if engine is None else engine
        venue = machine_of(session, start_ns)
        submit = venue.submit

        def overheard(command: Command, ts: int) -> tuple[VenueEvent, ...]:
            said = tuple(submit(command, ts))
            self.fills += [each for each in said if isinstance(each, Fill)]
            return said

        venue.submit = overheard  # type: ignore[method-assign]  # only to hear what it fills
        self.driver = Driver(self.engine, venue, told)
        self.driver.start(start_ns)
