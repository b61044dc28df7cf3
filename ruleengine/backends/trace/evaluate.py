"""The trace backend: the graph evaluated node by node, in Decimal, on simpleeval's evaluator.

    1. `_node`      one node: its operation as a call over the values of its arguments, nothing else in reach
    2. `_fact`      a primitive fact from its frame, as the decimal a person would write
    3. `_aggregate` the nodes inside a loop, once for each element
    4. `evaluate`   all nodes of a block in order; the result has the layout that `graph.Block` states

The text of a policy never comes here: the evaluator gets calls that are made from our own nodes.
"""

from __future__ import annotations

import ast
from decimal import Decimal
from functools import partial
from typing import Any

from simpleeval import SimpleEval

from ruleengine.backends.trace.meaning import OPERATIONS, Value, aggregate, strict
from ruleengine.facts.frames import Env
from ruleengine.graph.node import COMPARISONS, Block, Graph, Node
from ruleengine.model.number import decimal_of, scale_of
from ruleengine.model.unknown import Reason, Unknown, known


class TraceProgram:
    """Evaluates the blocks of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.functions = {name: partial(self.evaluate, name) for name in graph.blocks}
        at = {name: block.position("when") for name, block in graph.blocks.items()}
        self.verdicts = {name: partial(self.output, name, position) for name, position in at.items() if position >= 0}

    def output(self, block: str, position: int, env: Env) -> Value:
        """One output of a block."""
        return self.evaluate(block, env)[position]

    def evaluate(self, block: str, env: Env) -> tuple[Value, ...]:
        """Outputs in order, then each check's left and right value and verdict."""
        return Evaluation(self.graph, self.graph.blocks[block], env).result()


class Evaluation:
    """One evaluation of one block; `values` has every node's value afterwards, for explanations."""

    def __init__(self, graph: Graph, block: Block, env: Env) -> None:
        self.graph, self.block, self.env = graph, block, env
        self.values: dict[int, Value] = {}
        for node_id in block.order:
            self.values[node_id] = self._node(graph.nodes[node_id], self.values, None)

    def result(self) -> tuple[Value, ...]:
        found = [self.values[node] for _, node in self.block.outputs]
        for check in self.block.checks:
            left, right = self.graph.nodes[check.node].args
            found += [self.values[side] for side, place in ((left, check.left), (right, check.right)) if place >= 0]
            found.append(self.values[check.node])
        return tuple(found)

    def _node(self, node: Node, values: dict[int, Value], element: Any) -> Value:
        match node.op:
            case "const":
                return node.data
            case "fact":
                return self._fact(node, element)
            case "series":
                return _value(self.env.m.f[node.data], node)
            case "step":
                frame = self.env.a if self.graph.steps[node.data][0].is_of_account else self.env.m
                return _value(frame.s[node.data], node)
            case "ranked":
                return _value(self.env.m.r[node.data], node)
            case "schedule":
                return self.env.k.s[node.data]
            case "norow":
                return Unknown(Reason.NO_ROW, node.data)
            case "agg":
                return self._aggregate(node, values)
        arguments = [values[arg] for arg in node.args]
        if node.op in COMPARISONS:
            arguments.append(scale_of(*(self.graph.nodes[arg].type for arg in node.args)))
        if node.op in ("table", "settled"):
            arguments.insert(0, node.data)
        operation = strict(node.data.in_decimal) if node.op == "call" else OPERATIONS[node.op]
        return _apply(operation, arguments)

    def _fact(self, node: Node, element: Any) -> Value:
        letter, slot = node.data.letter, node.data.slot
        frame = element if letter == "e" else element.m if letter == "em" else getattr(self.env, letter)
        return _value(getattr(frame, slot), node)

    def _aggregate(self, node: Node, values: dict[int, Value]) -> Value:
        name, collection, *share = node.data
        elements = getattr(self.env.a, collection)
        if not known(elements):
            return elements
        inside = self._inside(node)
        rows: list[tuple[Value, Value]] = []
        for element in elements:
            local = dict(values)
            for node_id in inside:
                local[node_id] = self._node(self.graph.nodes[node_id], local, element)
            rows.append((local[node.args[0]], local[node.args[1]]))
        return aggregate(name, rows, *share)

    def _inside(self, node: Node) -> list[int]:
        """Nodes of the loop's body that depend on the element, arguments first."""
        order: list[int] = []

        def visit(node_id: int) -> None:
            inner = self.graph.nodes[node_id]
            if inner.in_element and node_id not in order:
                for arg in inner.args:
                    visit(arg)
                order.append(node_id)

        for arg in node.args:
            visit(arg)
        return order


def _value(raw: Any, node: Node) -> Value:
    """A fact as Decimal; words, truths, instants and unknowns as they are."""
    is_number = isinstance(raw, float | int | Decimal) and not isinstance(raw, bool) and node.type.kind != "time"
    return decimal_of(raw) if is_number else raw


def _apply(operation: Any, arguments: list[Value]) -> Value:
    """`operation(a0, a1, …)` on simpleeval's evaluator, with these names and this one function in reach."""
    names = {f"a{index}": value for index, value in enumerate(arguments)}
    call = ast.Call(ast.Name("operation", ast.Load()), [ast.Name(name, ast.Load()) for name in names], [])
    evaluator = SimpleEval(operators={}, functions={"operation": operation}, names=names)
    return evaluator.eval("", previously_parsed=call)
