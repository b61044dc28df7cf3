"""Session → engine and venue: the scalar program, the plan, the account taken over."""

from __future__ import annotations

import hashlib

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.cli.failure import CommandError
from ruleengine.cli.session import Session
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import SimulatedVenue
from ruleengine.reports.tables import when
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.figures import figures_graph
from ruleengine.runtime.plan.plan import make_plan


def engine_of(session: Session, recorder: Recorder | None, run_id: str, backend: str = "scalar") -> Engine:
    """An engine over the session's policy and account. `backend`: scalar, or trace (slow, for comparison)."""
    program = ScalarProgram if backend == "scalar" else TraceProgram
    compiled = session.compiled
    plan = make_plan(compiled.typed, compiled.graph, program(compiled.graph))
    figures = program(figures_graph(compiled.composed.policy))
    return Engine(
        plan,
        session.instruments,
        session.account,
        recorder,
        run_id=run_id,
        policy_digest=session.policy["digest"],
        figures=figures,
    )


def live_run_id(session: Session, start_ns: int) -> str:
    """Of a live run: ids of its orders begin from this, so that a replay of its journal makes the same ones."""
    return hashlib.sha256(f"{session.policy['digest']}{start_ns}{session.seed}".encode()).hexdigest()[:16]


def machine_of(session: Session, start_ns: int) -> SimulatedVenue:
    """The venue without a network. A setting it can't work with is the user's to mend."""
    try:
        machine = session.adapter.simulated(session.setup(start_ns))
    except ValueError as error:
        raise CommandError(f"{session.account_file}: {error}", "mend the account file") from None
    if machine is None:
        name = session.adapter.capabilities.name
        raise CommandError(
            f"venue `{name}` has no machine without a network", "use an account with `venue: {name: paper}`"
        )
    return machine


def period(first_ns: int, last_ns: int) -> str:
    return f"{when(first_ns)} … {when(last_ns)}" if first_ns else "no events"
