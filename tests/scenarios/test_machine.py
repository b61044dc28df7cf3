"""A policy is made ready once for all scenarios on the same parameters, and what a scenario asks is laid onto that."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.backends.scalar.module import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.cli.venues import adapter_named
from ruleengine.graph.compile import compile_policy
from ruleengine.graph.from_typed import extended, from_typed
from ruleengine.graph.node import Graph
from ruleengine.reports.scenario import Runner
from ruleengine.reports.scenario_coverage import Coverage
from ruleengine.reports.scenario_leaves import as_rules, watched
from tests.scenarios.small import ACCOUNT, POLICY, ran, ran_all, written

CASES = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 4], spread: 0.8pips}}
  signals:
    - {{at: 1s, strategy: Trend, side: long}}
expect:
  - {{at: 1s, outcome: order, side: long}}
cases:
  - {{case: as it is}}
  - {{case: of the other, given.signals.0.strategy: Other}}
  - {{case: wider, given.parameters: {{spread_max: 2pips}}}}
  - {{case: as wide, given.parameters: {{spread_max: 2pips}}}}
  - case: asked
    expect: [{{at: 1s, outcome: order, side: long}}, {{at: 3s, state: {{"avg_over(mid, 2s)": "150.00 ± 0.001"}}}}]
"""


@pytest.mark.parametrize("coverage", [None, Coverage()])
def test_made_once_for_each_set_of_parameters(tmp_path: Path, coverage: Coverage | None) -> None:
    """Two sets of parameters, each with the program of the account's figures; and the question alone."""
    made: list[Graph] = []

    def backend(graph: Graph) -> ScalarProgram:
        made.append(graph)
        return ScalarProgram(graph)

    results = ran_all(tmp_path, CASES, Runner(adapter_named, backend, coverage))
    assert all(each.has_passed for each in results), [(each.difference, each.found) for each in results]
    blocks = [len(each.blocks) for each in made]
    assert len(blocks) == 5
    assert blocks[0] == blocks[2] > 5
    assert set(made[-1].blocks) == {"expect/1", "steps.inputs_0"}, "the running mean that only the question reads"


@pytest.mark.parametrize("backend", [ScalarProgram, TraceProgram])
@pytest.mark.parametrize("coverage", [None, Coverage()])
def test_what_only_a_question_reads_is_fed(tmp_path: Path, backend: type, coverage: Coverage | None) -> None:
    """The middle stands at 150.00 from 0 s and at 150.30 from 2 s: over the two seconds before 3 s half of each."""
    text = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, at: [0s, 1s, 2s, 3s], mid: [150.00 x 2, 150.30 x 2], spread: 0.8pips}}
expect:
  - {{at: 3s, state: {{"avg_over(mid, 2s)": "150.150 ± 0.0001"}}}}
"""
    result = ran(tmp_path, text, Runner(adapter_named, backend, coverage))
    assert result.has_passed, (result.difference, result.found)


def test_an_extended_graph_is_the_graph_of_all(tmp_path: Path) -> None:
    """Laid on later or built at once: the same nodes and the same blocks, and what was there stays in its place."""
    written(tmp_path, "")
    compiled = compile_policy(tmp_path / "small.policy.yaml").compiled
    assert compiled is not None
    assert POLICY in (tmp_path / "small.policy.yaml").read_text(encoding="utf-8")
    more = as_rules(watched(compiled.typed))
    later = extended(compiled.graph, more)
    at_once = from_typed(compiled.typed._replace(rules=(*compiled.typed.rules, *more)))
    assert later.blocks == at_once.blocks
    assert [(each.op, each.args, each.type) for each in later.nodes] == [
        (each.op, each.args, each.type) for each in at_once.nodes
    ]
    assert (later.series, later.steps, later.bars_needed) == (at_once.series, at_once.steps, at_once.bars_needed)
    assert later.nodes[: len(compiled.graph.nodes)] == compiled.graph.nodes
    assert extended(compiled.graph, []) is compiled.graph
