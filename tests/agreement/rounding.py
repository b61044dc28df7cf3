"""How far float64 may be from the meaning: a running bound of rounding errors, node by node.

A difference that cancels keeps few of its sixteen digits in float64, all of them in Decimal; divided by, it makes a
*value* that float64 cannot know better. Where two backends' values are farther apart than the stated tolerance, this
says whether rounding explains it. Verdicts, words and unknowns get no such allowance.

    a leaf's float is within u·|v| of its decimal, u = 2⁻⁵³; each operation adds u·|result| to what its arguments bring:
    a ± b   Ea + Eb        a × b   |a|·Eb + |b|·Ea        a ÷ b   (Ea + |r|·Eb) / (|b| − Eb)
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from ruleengine.backends.trace import Evaluation
from ruleengine.facts.frames import Env
from ruleengine.graph import Block, Graph, Node
from ruleengine.model.unknown import Unknown

U = 2.0**-53


class Bounds:
    """Error bounds of a block's nodes at one state; `of` gives that of the value at a position of its result."""

    def __init__(self, graph: Graph, block: Block, env: Env) -> None:
        self.graph, self.block = graph, block
        self.evaluation = Evaluation(graph, block, env)
        self.env = env
        self.errors: dict[int, float] = {}
        for node_id in block.order:
            self.errors[node_id] = self.error(graph.nodes[node_id], self.evaluation.values, self.errors)

    def of(self, position: int) -> float:
        error = self.errors.get(self._nodes()[position], 0.0)
        return math.inf if math.isnan(error) else error  # 0 × ∞: nothing is known

    def _nodes(self) -> list[int]:
        """The node at each position of the block's result, as `graph.Block` lays it out."""
        found = [node for _, node in self.block.outputs]
        for check in self.block.checks:
            left, right = self.graph.nodes[check.node].args
            found += [side for side, place in ((left, check.left), (right, check.right)) if place >= 0]
            found.append(check.node)
        return found

    def error(self, node: Node, values: dict[int, Any], errors: dict[int, float]) -> float:
        result = _size(values[node.id])
        given = [_size(values.get(arg)) for arg in node.args]  # an aggregate has its own inside the loop
        brought = [errors.get(arg, 0.0) for arg in node.args]
        match node.op:
            case "add" | "sub" | "shift":
                return sum(brought) * (1e9 if node.op == "shift" else 1) + U * result
            case "mul":
                return given[0] * brought[1] + given[1] * brought[0] + brought[0] * brought[1] + U * result
            case "div":
                return _quotient(brought[0], given[1], brought[1], result)
            case "agg":
                return self._aggregate(node, values, errors)
            case "table":
                return len(given) * max(map(_relative, given, brought), default=0.0) * result + max(brought)
            case "call":
                return self._call(node, given, brought, result)
            case "lt" | "le" | "gt" | "ge" | "eq" | "ne" | "and" | "or" | "not" | "known":
                return 0.0
        return max(brought, default=0.0) + U * result

    def _call(self, node: Node, given: list[float], brought: list[float], result: float) -> float:
        name = node.data.name
        if name in ("floor", "ceil", "sign"):
            return 0.0
        if name in ("floor_to", "ceil_to", "round_to"):
            return _relative(given[1], brought[1]) * result + 4 * U * result
        if name == "ramp":
            return _quotient(brought[0] + brought[1], abs(given[2] - given[1]), brought[1] + brought[2], result)
        return max(brought) + U * result

    def _aggregate(self, node: Node, values: dict[int, Any], errors: dict[int, float]) -> float:
        name, collection = node.data
        elements = getattr(self.env.a, collection)
        if name in ("count", "any", "all") or isinstance(elements, Unknown):
            return 0.0
        inside = self.evaluation._inside(node)
        found: list[tuple[float, float]] = []
        for element in elements:
            local, local_errors = dict(values), dict(errors)
            for node_id in inside:
                inner = self.graph.nodes[node_id]
                local[node_id] = self.evaluation._node(inner, local, element)
                local_errors[node_id] = self.error(inner, local, local_errors)
            found.append((_size(local[node.args[0]]), local_errors.get(node.args[0], 0.0)))
        return sum(error for _, error in found) + len(found) * U * sum(size for size, _ in found)


def _size(value: Any) -> float:
    return abs(float(value)) if isinstance(value, int | Decimal) and not isinstance(value, bool) else 0.0


def _relative(size: float, error: float) -> float:
    return error / size if size else 0.0


def _quotient(above: float, below: float, below_error: float, result: float) -> float:
    return (above + result * below_error) / (below - below_error) + U * result if below > below_error else math.inf
