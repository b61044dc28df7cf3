"""What plays a policy in scenarios: its graph and program with what coverage watches, and its plan.

All that is made once for every scenario on the same parameters. A scenario that asks for values gets a graph with its
questions laid onto that one, so that the features they read are kept, and only what is new is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruleengine.facts.frames import Env
from ruleengine.graph.compile import Compiled
from ruleengine.graph.from_typed import extended
from ruleengine.graph.node import Graph
from ruleengine.reports.scenario_coverage import Coverage
from ruleengine.reports.scenario_subjects import Subject, subject_of
from ruleengine.runtime.figures import figures_graph
from ruleengine.runtime.plan.plan import Plan, Program, make_plan
from ruleengine.runtime.plan.rules import Result
from ruleengine.typecheck.policy import TypedRule

Backend = Callable[[Graph], Program]
"""What evaluates a policy's graph; the scalar one unless a test asks for another."""


@dataclass(slots=True)
class Told:
    """Blocks that were evaluated since it was last cleared; where `is_narrow`, also what each was asked about."""

    blocks: set[str] = field(default_factory=set)
    subjects: set[tuple[str, Subject]] = field(default_factory=set)
    is_narrow: bool = False

    def clear(self) -> None:
        self.blocks.clear()
        self.subjects.clear()


@dataclass(frozen=True, slots=True)
class Machine:
    """A policy as an engine runs it. `figures`: the program of the account's figures in decisions. `asked`: blocks of
    rules that were evaluated since it was last cleared."""

    graph: Graph
    program: Program
    plan: Plan
    figures: Program
    asked: Told


@dataclass(frozen=True, slots=True)
class _Joined:
    functions: Mapping[str, Callable[[Env], Result]]
    verdicts: Mapping[str, Callable[[Env], Any]]


@dataclass(slots=True)
class Machines:
    """`coverage` is told what conditions were."""

    backend: Backend
    coverage: Coverage | None = None
    _made: dict[int, tuple[Compiled, Machine]] = field(default_factory=dict)

    def of(
        self, compiled: Compiled, policy: Path, sources: Mapping[str, str], asked: Sequence[TypedRule] = ()
    ) -> Machine:
        """The machine of a compiled policy with the questions of a scenario."""
        if id(compiled) not in self._made:
            self._made[id(compiled)] = (compiled, self._new(compiled, policy, sources))
        machine = self._made[id(compiled)][1]
        return self._asked(machine, compiled, asked) if asked else machine

    def _new(self, compiled: Compiled, policy: Path, sources: Mapping[str, str]) -> Machine:
        rules = [] if self.coverage is None else self.coverage.rules(policy, compiled, sources)
        graph = extended(compiled.graph, rules)
        program = self.backend(graph)
        if self.coverage is not None:
            program = self.coverage.watching(compiled, program, graph)
        asked = Told()
        program = _telling(program, compiled, asked)
        figures = self.backend(figures_graph(compiled.composed.policy))
        return Machine(graph, program, make_plan(compiled.typed, graph, program), figures, asked)

    def _asked(self, machine: Machine, compiled: Compiled, asked: Sequence[TypedRule]) -> Machine:
        graph = extended(machine.graph, asked)
        new = {name: block for name, block in graph.blocks.items() if machine.graph.blocks.get(name) != block}
        more, own = self.backend(replace(graph, blocks=new)), machine.program
        program = _Joined({**own.functions, **more.functions}, {**own.verdicts, **more.verdicts})
        return replace(machine, graph=graph, program=program, plan=make_plan(compiled.typed, graph, program))


def _telling(program: Program, compiled: Compiled, asked: Told) -> Program:
    """The program, whose blocks of rules say that they were evaluated."""

    def telling(name: str, run: Callable[[Env], Any]) -> Callable[[Env], Any]:
        def run_and_tell(env: Env) -> Any:
            asked.blocks.add(name)
            if asked.is_narrow:
                asked.subjects.add((name, subject_of(env)))
            return run(env)

        return run_and_tell

    of_rules = {block.name for rule in compiled.typed.rules for block in rule.blocks.values()}
    functions, verdicts = dict(program.functions), dict(program.verdicts)
    for name in of_rules:
        functions[name] = telling(name, functions[name])
        if name in verdicts:
            verdicts[name] = telling(name, verdicts[name])
    return _Joined(functions, verdicts)
