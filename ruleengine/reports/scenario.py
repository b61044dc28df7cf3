"""Runs a scenario: a policy on a state and a market that are written down, held against what has to happen.

1. `prepared`   compile the policy with the scenario's parameters, read its account, hold them against each other
2. `played`     step engine and simulated venue through the events, without latency and without slippage
3. `run`        both, and the first difference from `expect`

No policy has a word of its own here: whatever a scenario needs of one is in its file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from ruleengine.backends.scalar.module import ScalarProgram
from ruleengine.diagnostics import Diagnostic, has_errors
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.graph.compile import Compilation, Compiled, compile_policy
from ruleengine.graph.node import Graph
from ruleengine.load import load_file
from ruleengine.model.audit import Audit, Decision, Note
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Adapter, VenueSetup
from ruleengine.reports.scenario_expect import Difference, endless, first_difference
from ruleengine.reports.scenario_given import StatingVenue, account_of, content_of, events_of, sets_of, start_ns
from ruleengine.reports.scenario_names import unknown_names
from ruleengine.resolve.requires import check_requires
from ruleengine.runtime.drive import Driver
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.figures import figures_graph
from ruleengine.runtime.plan import Program, make_plan
from ruleengine.schema.account import Account
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.shape import shape_as

ORDERS_MAX = 1_000
"""A scenario in which more orders are sent goes round in circles, within one instant perhaps: it is stopped there."""

Backend = Callable[[Graph], Program]
"""What evaluates a policy's graph; the scalar one unless a test asks for another."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scenario that can be played."""

    scenario: Scenario
    compiled: Compiled
    account: Account
    instruments: tuple[Instrument, ...]
    adapter: Adapter


@dataclass(slots=True)
class Played:
    """What was decided, in order. `is_endless`: it was stopped after `ORDERS_MAX` orders."""

    decisions: list[Decision] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    orders: int = 0
    is_endless: bool = False


class _Endless(Exception):
    """Orders follow orders without end."""


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario's outcome. `found`: what keeps it from being played, with `sources` to quote."""

    file: Path
    about: str
    cites: tuple[str, ...]
    difference: Difference | None = None
    found: tuple[Diagnostic, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def has_passed(self) -> bool:
        return self.difference is None and not has_errors(self.found)


class Runner:
    """Runs scenarios; a policy that several of them share with the same parameters is compiled once.

    `adapter_named` finds the venue that the account names."""

    def __init__(self, adapter_named: Callable[[str], Adapter], backend: Backend = ScalarProgram) -> None:
        self._adapter_named, self._backend = adapter_named, backend
        self._compiled: dict[tuple[str, ...], Compilation] = {}

    def run(self, file: Path) -> Result:
        """Play the scenario of a file and compare."""
        prepared, found, sources, scenario = self._prepared(file)
        about = "" if scenario is None else scenario.about.text
        cites = () if scenario is None else tuple(each.text for each in scenario.cites)
        difference = None
        if prepared is not None:
            played = play(prepared, self._backend)
            difference = first_difference(prepared.scenario, played.decisions, played.notes)
            if played.is_endless:
                difference = endless(prepared.scenario, played.decisions, ORDERS_MAX)
        return Result(file, about, cites, difference, tuple(found), sources)

    # --- preparation -------------------------------------------------------------------------------------------------

    def _prepared(self, file: Path) -> tuple[Prepared | None, list[Diagnostic], dict[str, str], Scenario | None]:
        document, found = load_file(file)
        if document is None:
            return None, found, {}, None
        sources = {document.file: document.source}
        scenario, more = shape_as(document, Scenario)
        found = [*found, *more]
        if scenario is None:
            return None, found, sources, None
        policy, more = policy_of(scenario, file)
        found += more
        account, more, texts = account_of(scenario.given, file)
        found, sources = [*found, *more], {**sources, **texts}
        if policy is None or account is None or has_errors(found):
            return None, found, sources, scenario
        compilation = self._compilation(scenario, file, policy)
        sources = {**sources, **compilation.sources}
        found += compilation.found
        if compilation.compiled is None:
            return None, found, sources, scenario
        prepared, more = self._fitted(scenario, compilation.compiled, account)
        found += more
        return (None if has_errors(found) else prepared), found, sources, scenario

    def _compilation(self, scenario: Scenario, file: Path, policy: Path) -> Compilation:
        overlays = [str(file.parent / each.text) for each in scenario.overlays]
        sets = sets_of(scenario.given)
        key = (str(policy.resolve()), *overlays, *sets)
        if key not in self._compiled:
            self._compiled[key] = compile_policy(policy, overlays, sets)
        return self._compiled[key]

    def _fitted(self, scenario: Scenario, compiled: Compiled, account: Account) -> tuple[Prepared, list[Diagnostic]]:
        policy = compiled.composed.policy
        adapter = self._adapter_named(account.venue.name.text)
        instruments = adapter.instruments([leaf.text for leaf in policy.requires.instruments])
        found = list(check_requires(policy, account, adapter.capabilities, [each.name for each in instruments]))
        found += unknown_names(scenario, policy)
        return Prepared(scenario, compiled, account, instruments, adapter), found


def policy_of(scenario: Scenario, file: Path) -> tuple[Path | None, list[Diagnostic]]:
    """The policy that the scenario names, or the only one of the folder above."""
    if scenario.policy is not None:
        path = file.parent / scenario.policy.text
        if path.is_file():
            return path, []
        return None, [faults.out_of_place(scenario.policy.node.span, f"no policy file at {scenario.policy.text}")]
    above = sorted(file.resolve().parent.parent.glob("*.policy.yaml"))
    if len(above) == 1:
        return above[0], []
    names = ", ".join(each.name for each in above) or "none"
    reason = f"the folder above has to hold one *.policy.yaml, or `policy:` names one; there: {names}"
    return None, [faults.out_of_place(scenario.about.node.span, reason)]


def play(prepared: Prepared, backend: Backend = ScalarProgram) -> Played:
    """Step the policy through everything that the scenario gives."""
    scenario, compiled = prepared.scenario, prepared.compiled
    given, start = scenario.given, start_ns(scenario.given)
    content = content_of(prepared.account)
    plan = make_plan(compiled.typed, compiled.graph, backend(compiled.graph))
    engine = Engine(
        plan,
        prepared.instruments,
        content,
        None,
        run_id="scenario",
        policy_digest=compiled.composed.digest,
        figures=backend(figures_graph(compiled.composed.policy)),
    )
    inner = prepared.adapter.simulated(VenueSetup(content, prepared.instruments, seed=0, start_ns=start))
    assert inner is not None, "scenarios run on venues that can be simulated"
    elsewhere = given.account.margin_used_elsewhere if given.account is not None else None
    venue = StatingVenue(inner, Decimal(0) if elsewhere is None else elsewhere.number, given.account_unreadable, start)
    played = Played()
    driver = Driver(engine, venue, lambda _event, audit: _keep(played, audit))
    driver.start(start)
    try:
        driver.run(events_of(scenario, prepared.instruments))
    except _Endless:
        played.is_endless = True
    return played


def _keep(played: Played, audit: Audit) -> None:
    played.decisions += audit.decisions
    played.notes += audit.notes
    played.orders += len(audit.commands)
    if played.orders > ORDERS_MAX:
        raise _Endless


def summary(results: Sequence[Result]) -> str:
    """
    >>> summary([])
    '0 scenarios: 0 passed, 0 failed'
    """
    failed = sum(not each.has_passed for each in results)
    plural = "" if len(results) == 1 else "s"
    return f"{len(results)} scenario{plural}: {len(results) - failed} passed, {failed} failed"
