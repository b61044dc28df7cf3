"""In which order running figures are fed, and which events concern them.

A figure whose inputs read another one comes after it in the same event: a mode over `avg_over(spread, 60s)` has no lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ruleengine.graph.node import Batch, Node
from ruleengine.typecheck.typed import StepCall

Steps = Sequence[tuple[StepCall, tuple[int, ...]]]


def batches_of(nodes: Sequence[Node], steps: Steps) -> tuple[Batch, ...]:
    """All figures, by how many others stand below them, and then by what moves their inputs."""
    levels = _levels(nodes, steps)
    kinds = [(levels[index], *_kind(nodes, *step)) for index, step in enumerate(steps)]
    in_order = sorted(range(len(steps)), key=lambda index: kinds[index])
    found: list[Batch] = []
    for kind, together in groupby(in_order, key=lambda index: kinds[index]):
        found.append(Batch(f"steps.inputs_{len(found)}", tuple(together), *kind[1:]))
    return tuple(found)


def _kind(nodes: Sequence[Node], call: StepCall, inputs: tuple[int, ...]) -> tuple[bool, bool, bool]:
    """(is_of_account, reads_account, moves) of one figure."""
    reads = frozenset().union(*(nodes[each].reads for each in inputs))
    moves = "time" in reads or any(_has_step(nodes, each) for each in inputs)
    return call.is_of_account, "account" in reads, moves


def _has_step(nodes: Sequence[Node], node_id: int) -> bool:
    node = nodes[node_id]
    return node.op == "step" or any(_has_step(nodes, each) for each in node.args)


def _levels(nodes: Sequence[Node], steps: Steps) -> list[int]:
    """For each figure: 0 where it reads no other one, else one more than the highest below it."""
    below: list[int] = []
    """For each node: how many figures stand on each other in it."""
    for node in nodes:
        deepest = max((below[each] for each in node.args), default=0)
        below.append(deepest + (node.op == "step"))
    return [max((below[each] for each in inputs), default=0) for _, inputs in steps]
