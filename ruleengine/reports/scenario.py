"""Runs a scenario: a policy on a state and a market that are written down, held against what has to happen.

1. `prepared`   compile the policy with the scenario's parameters, read its account, hold them against each other
2. `play`       step engine and simulated venue through the events, without latency and without slippage
3. `run`        both, and the first difference from `expect`

No policy has a word of its own here: whatever a scenario needs of one is in its file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruleengine.backends.scalar.module import ScalarProgram
from ruleengine.diagnostics import Diagnostic, has_errors
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.graph.compile import Compilation, compile_policy
from ruleengine.load import Node, load_file
from ruleengine.ports.venue import Adapter
from ruleengine.reports.scenario_asked import questions_of
from ruleengine.reports.scenario_cases import Variant, shape_of, variants_of
from ruleengine.reports.scenario_coverage import Coverage
from ruleengine.reports.scenario_expect import Difference, endless, first_difference, line_of, note_line
from ruleengine.reports.scenario_given import account_of, sets_of, start_ns
from ruleengine.reports.scenario_impossible import impossible
from ruleengine.reports.scenario_machine import Backend, Machines
from ruleengine.reports.scenario_names import unknown_names
from ruleengine.reports.scenario_play import ORDERS_MAX, KeptUnusable, Played, Prepared, play
from ruleengine.resolve.requires import check_requires
from ruleengine.schema.account import Account
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.shape import shape_as


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario's outcome. `case`: its name among those of the file. `found`: what keeps it from being played, with
    `sources` to quote."""

    file: Path
    case: str
    about: str
    cites: tuple[str, ...]
    difference: Difference | None = None
    found: tuple[Diagnostic, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    played: Played | None = None
    begin_ns: int = 0

    @property
    def time_line(self) -> list[str]:
        """Decisions and notes in order, a line each, with their times from the first instant."""
        if self.played is None:
            return []
        lines = [(each.seq, line_of(each, self.begin_ns)) for each in self.played.decisions]
        lines += [(each.seq, note_line(each, self.begin_ns)) for each in self.played.notes]
        return [line for _, line in sorted(lines, key=lambda each: each[0])]

    @property
    def name(self) -> str:
        """File and case."""
        return f"{self.file}: {self.case}" if self.case else str(self.file)

    @property
    def has_passed(self) -> bool:
        return self.difference is None and not has_errors(self.found)


class Runner:
    """Runs scenarios; a policy that several of them share with the same parameters is compiled once.

    `adapter_named` finds the venue that the account names. `coverage` collects what conditions were seen to be."""

    def __init__(
        self,
        adapter_named: Callable[[str], Adapter],
        backend: Backend = ScalarProgram,
        coverage: Coverage | None = None,
    ) -> None:
        self._adapter_named, self.coverage = adapter_named, coverage
        self._machines = Machines(backend, coverage)
        self._compiled: dict[tuple[str, ...], Compilation] = {}

    def run(self, file: Path) -> Result:
        """The scenario of a file; of several cases the first that fails, else the last."""
        results = list(self.results(file))
        return next((each for each in results if not each.has_passed), results[-1])

    def results(self, file: Path) -> Iterator[Result]:
        """Play every case of a file and compare, one after the other."""
        document, found = load_file(file)
        if document is None:
            yield Result(file, "", "", (), None, tuple(found))
            return
        scenario, more = shape_as(document, Scenario)
        found = [*found, *more]
        variants: list[Variant] = []
        if scenario is not None:
            variants, more = variants_of(document)
            found += more
        if not variants or has_errors(found):
            about = "" if scenario is None else scenario.about.text
            cites = () if scenario is None else tuple(each.text for each in scenario.cites)
            yield Result(file, "", about, cites, None, tuple(found), {document.file: document.source})
            return
        for variant in variants:
            yield self._result(file, variant, found)

    def _result(self, file: Path, variant: Variant, found: list[Diagnostic]) -> Result:
        prepared, more, sources, scenario = self._prepared(file, variant)
        about = "" if scenario is None else scenario.about.text
        cites = () if scenario is None else tuple(each.text for each in scenario.cites)
        difference, played = None, None
        if prepared is not None:
            try:
                played = play(prepared, self._machines)
                difference = first_difference(prepared.scenario, played)
                more += played.idle
            except KeptUnusable as error:
                more.append(_unusable(prepared.scenario, str(error)))
        if prepared is not None and played is not None and played.is_endless:
            difference = endless(prepared.scenario, played.decisions, ORDERS_MAX)
        begin = 0 if scenario is None else start_ns(scenario.given)
        return Result(file, variant.name, about, cites, difference, (*found, *more), sources, played, begin)

    # --- preparation -------------------------------------------------------------------------------------------------

    def _prepared(
        self, file: Path, variant: Variant
    ) -> tuple[Prepared | None, list[Diagnostic], dict[str, str], Scenario | None]:
        document = variant.document
        sources = {document.file: document.source}
        scenario, found = shape_of(variant)
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
        prepared, more = self._fitted(scenario, document.root, policy, compilation, account)
        found += more
        return (None if has_errors(found) else prepared), found, sources, scenario

    def _compilation(self, scenario: Scenario, file: Path, policy: Path) -> Compilation:
        overlays = [str(file.parent / each.text) for each in scenario.overlays]
        sets = sets_of(scenario.given)
        key = (str(policy.resolve()), *overlays, *sets)
        if key not in self._compiled:
            self._compiled[key] = compile_policy(policy, overlays, sets)
        return self._compiled[key]

    def _fitted(
        self, scenario: Scenario, root: Node, file: Path, compilation: Compilation, account: Account
    ) -> tuple[Prepared, list[Diagnostic]]:
        compiled = compilation.compiled
        assert compiled is not None
        policy = compiled.composed.policy
        adapter = self._adapter_named(account.venue.name.text)
        wanted = [leaf.text for leaf in policy.requires.instruments]
        rates = [each.instrument.text for each in account.conversion.values() if each.instrument is not None]
        instruments = adapter.instruments(list(dict.fromkeys([*wanted, *rates])))
        found = list(check_requires(policy, account, adapter.capabilities, instruments))
        found += unknown_names(scenario, policy)
        found += impossible(scenario, compiled.typed)
        asked, more = questions_of(scenario, root, compiled.typed)
        kept, unread = kept_of(scenario, Path(scenario.about.node.span.file))
        prepared = Prepared(
            scenario, compiled, account, instruments, adapter, file, compilation.sources, tuple(asked), kept
        )
        return prepared, [*found, *more, *unread]


def kept_of(scenario: Scenario, file: Path) -> tuple[Mapping[str, Any] | None, list[Diagnostic]]:
    """The engine's state that the scenario begins with, read from its file."""
    leaf = scenario.given.kept
    if leaf is None:
        return None, []
    try:
        kept = json.loads((file.parent / leaf.text).read_text(encoding="utf-8"))
        if not isinstance(kept, dict) or "holdings" not in kept:
            return None, [_unusable(scenario, "it holds something else")]
        return kept, []
    except (OSError, ValueError) as error:
        return None, [_unusable(scenario, str(error))]


def _unusable(scenario: Scenario, why: str) -> Diagnostic:
    leaf = scenario.given.kept
    place = scenario.about.node.span if leaf is None else leaf.node.span
    return faults.out_of_place(
        place, f"this is no state of an engine: {why}", "capture the decision again: `ruleengine test --from-decision`"
    )


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


def summary(results: Sequence[Result]) -> str:
    """
    >>> summary([])
    '0 scenarios: 0 passed, 0 failed'
    """
    failed = sum(not each.has_passed for each in results)
    plural = "" if len(results) == 1 else "s"
    return f"{len(results)} scenario{plural}: {len(results) - failed} passed, {failed} failed"
