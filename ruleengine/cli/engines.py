"""Session → engine and venue: the scalar program, the plan, the account taken over."""

from __future__ import annotations

from typing import Any

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.cli.failure import CommandError
from ruleengine.cli.session import Session
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import SimulatedVenue
from ruleengine.reports.tables import when
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.figures import figures_graph
from ruleengine.runtime.plan import make_plan


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


def account_figures(engine: Engine) -> dict[str, Any]:
    """Account figures now, as every decision carries them, without those of one instrument."""
    name = next(iter(engine.specs))
    read = engine.figures.read(engine.desk.env(name))
    found = {key: value for key, value in read.items() if key not in ("mid", "spread", "position.net_units")}
    trades = engine.desk.own_trades()
    return {**found, "open_trades": len(trades)}


def open_trades(engine: Engine) -> list[list[str]]:
    """Open trades as rows: trade, strategy, side, units, entry, age."""
    now = engine.position[0]
    rows = []
    for trade in engine.desk.own_trades():
        age = max(now - trade.opened_at, 0) / 3.6e12 if isinstance(trade.opened_at, int) else 0.0
        rows.append(
            [trade.id, trade.strategy, trade.side, f"{trade.units:,.10g}", f"{trade.entry_price:.10g}", f"{age:.1f} h"]
        )
    return rows


def metric_rows(values: dict[str, Any]) -> list[list[str]]:
    """Metrics at one instant as rows of name and value."""
    rows: list[list[str]] = []
    for name, value in sorted(values.items()):
        if isinstance(value, dict):
            rows += [[f"{name}  {key}", _written(each)] for key, each in value.items()]
        else:
            rows.append([name, _written(value)])
    return rows


def _written(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def period(first_ns: int, last_ns: int) -> str:
    return f"{when(first_ns)} … {when(last_ns)}" if first_ns else "no events"
