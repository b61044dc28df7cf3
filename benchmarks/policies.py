"""The shipped policies on their own accounts and the simulated market: events a second, and p50 and p99 of an event.

Every policy in `policies/` that has an account file beside it is taken. What is timed is what `ruleengine run` does
between two events without its journal: bars, features, facts, rules, orders, the paper venue's answers. None of that
waits for anything, so what counts is processor time, to which other work on the machine adds little. Beside it a bare
loop over the same events, which keeps the middle of each quote and nothing else, in turns.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, ratio, take_prepared_turns
from benchmarks.rig import Rig
from ruleengine.cli.engines import engine_of
from ruleengine.cli.history import warmed_by
from ruleengine.cli.run import HISTORY_MAX_NS
from ruleengine.cli.session import Session, account_beside, prepare, simulated_profile
from ruleengine.model.event import Event, Quote
from ruleengine.runtime.engine import Engine

FOLDER = Path(__file__).resolve().parents[1] / "policies"
EVENTS = 5_000
ROUNDS = 3
REPEATS = 200
"""Of the bare loop, which is over in less than a millisecond."""


def figures() -> list[Figure]:
    """Four figures of each policy."""
    return [figure for policy in shipped() for figure in _figures_of(policy)]


def shipped() -> list[Path]:
    """Policy files with an account beside them, in order of name."""
    found = sorted(FOLDER.glob("*/*.policy.yaml"))
    return [each for each in found if each.with_name(each.name.replace(".policy.", ".account.")).is_file()]


def _figures_of(policy: Path) -> list[Figure]:
    session = prepare(policy, account_beside(policy), (), (), seed=1)
    market = _market(session)
    if not session.account.get("trades"):
        session.account["trades"] = market.starting_trades()
    warm = warmed_by(lambda: _engine(session), market.history, market.start_ns - HISTORY_MAX_NS, market.start_ns)
    known = warm.state()
    taken = take_prepared_turns({"bare": lambda: _bare(session), "ours": lambda: _ours(session, known)}, ROUNDS)
    each = _each_event(session, known)
    marks = statistics.quantiles(each, n=100)
    name = f"policy {session.policy['name']}"
    return [
        Figure(f"{name}: events a second", 1e6 / statistics.mean(each), ""),
        Figure(f"{name}: an event, p50", marks[49], "µs"),
        Figure(f"{name}: an event, p99", marks[98], "µs"),
        Figure(f"{name}: an event / bare loop", ratio(taken["ours"], taken["bare"]) * REPEATS, "×"),
    ]


def _market(session: Session) -> Any:
    """The simulated market of `ruleengine run`, with signals of the policy's strategies."""
    return session.adapter.market(session.setup(0), simulated_profile(session))


def _events(session: Session) -> list[Event]:
    """The same events each time, as new objects: a run numbers them."""
    return list(islice(_market(session), EVENTS))


def _engine(session: Session) -> Engine:
    return engine_of(session, None, "benchmark")


def _bare(session: Session) -> Callable[[], object]:
    """What any program has to do at least: look at each event, and keep the middle of each quote."""
    events, middles = _events(session), dict[str, float]()

    def run() -> None:
        for _ in range(REPEATS):
            for event in events:
                if event.__class__ is Quote:
                    middles[event.instrument] = event.bid + (event.ask - event.bid) / 2

    return run


def _rig(session: Session, known: dict[str, Any]) -> Rig:
    """An engine that has seen the market's past, before the first event."""
    engine = _engine(session)
    engine.restore(known)
    return Rig(session, _market(session).start_ns, None, None, engine)


def _ours(session: Session, known: dict[str, Any]) -> Callable[[], object]:
    rig, events = _rig(session, known), _events(session)
    return lambda: rig.driver.run(events)


def _each_event(session: Session, known: dict[str, Any]) -> list[float]:
    """Microseconds of the processor from handing each event to the driver until it asks for the next one."""
    rig, taken = _rig(session, known), list[float]()
    gc.collect()
    gc.freeze()
    rig.driver.run(_clocked(_events(session), taken))
    gc.unfreeze()
    outcomes = rig.driver.counts.by_outcome
    if len(taken) < EVENTS or not outcomes.get("sent"):
        raise RuntimeError(f"{session.policy_file}: {len(taken)} events came to {outcomes}, which times nothing")
    return taken


def _clocked(events: Sequence[Event], taken: list[float]) -> Iterator[Event]:
    for event in events:
        begin = time.thread_time_ns()
        yield event
        taken.append((time.thread_time_ns() - begin) / 1e3)
