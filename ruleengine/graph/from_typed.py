"""TypedPolicy → Graph. Equal parts of all rules become one node; each node says what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from ruleengine.diagnostics import Span
from ruleengine.graph.lookback import bars_needed
from ruleengine.graph.node import COMPARISONS, READS, Block, Check, Graph, Node
from ruleengine.graph.normalise import normalise
from ruleengine.graph.sense import sense_of
from ruleengine.graph.steps import batches_of
from ruleengine.typecheck.policy import TypedPolicy, TypedRule
from ruleengine.typecheck.typed import BARE, WORD, Expr, SeriesCall, StepCall
from ruleengine.units import BOOL, Type

_T = TypeVar("_T")


def from_typed(typed: TypedPolicy) -> Graph:
    """The graph of all blocks of all rules, in the rules' order."""
    builder = _Builder()
    return builder.finish(builder.blocks_of(typed.rules))


def extended(graph: Graph, rules: Sequence[TypedRule]) -> Graph:
    """The graph with further blocks. Its own nodes and blocks stay what they are, so that what a backend made of them
    still holds; only the blocks that feed running figures are made anew."""
    if not rules:
        return graph
    builder = _Builder(graph)
    feeding = {batch.block for batch in graph.batches}
    kept = {name: block for name, block in graph.blocks.items() if name not in feeding}
    return builder.finish({**kept, **builder.blocks_of(rules)})


def from_expressions(outputs: dict[str, Expr], scope: str = "everything") -> Graph:
    """A graph of one block `main`; what conformance cases and generated cases evaluate."""
    builder = _Builder()
    return builder.finish({"main": builder.block("main", scope, tuple(outputs.items()), Span("<case>", 1, 1, 1, 1))})


class _Builder:
    """`base`: a graph whose nodes are there already."""

    def __init__(self, base: Graph | None = None) -> None:
        self.nodes: list[Node] = [] if base is None else [*base.nodes]
        self.known = {_key(each.op, each.type, each.args, each.data): each.id for each in self.nodes}
        self.series: dict[SeriesCall, int] = {} if base is None else _numbered(base.series)
        self.steps: dict[tuple[StepCall, tuple[int, ...]], int] = {} if base is None else _numbered(base.steps)
        self.schedules: dict[str, int] = {} if base is None else _numbered(base.schedules)
        self.ranked: dict[tuple[str, str], int] = {} if base is None else _numbered(base.ranked)
        self.names: dict[int, str] = {}
        self.places: dict[int, Span] = {}
        """How the block that is being built calls its nodes, and where; other blocks may call equal ones otherwise."""
        self.added: dict[Expr, int] = {}
        """What this block has had already: a feature's definition is one tree, wherever it is named."""
        self.normal: dict[Expr, Expr] = {}

    def add(self, expr: Expr) -> int:
        """The node of an expression; an equal one is shared."""
        if expr in self.added:
            return self.added[expr]
        node_id = self.added[expr] = self._shared(expr)
        if expr.span is not None and is_written_by_author(expr.span):
            self.places.setdefault(node_id, expr.span)
        if expr.label not in ("", BARE, WORD):
            self.names.setdefault(node_id, expr.label)
        return node_id

    def _shared(self, expr: Expr) -> int:
        args = tuple(self.add(arg) for arg in expr.args)
        data = expr.data
        if expr.op == "series":
            data = self.series.setdefault(expr.data, len(self.series))
        elif expr.op == "step":
            data = self.steps.setdefault((expr.data, args), len(self.steps))
        elif expr.op == "schedule":
            data = self.schedules.setdefault(expr.data, len(self.schedules))
        elif expr.op == "ranked":
            data = self.ranked.setdefault(expr.data, len(self.ranked))
        key = _key(expr.op, expr.type, args, data)
        if key in self.known:
            shared = self.known[key]
            if is_written_by_author(expr.span) and not is_written_by_author(self.nodes[shared].span):
                self.nodes[shared] = replace(self.nodes[shared], span=expr.span)
            return shared
        reads, in_element = self._tags(expr, args)
        node = Node(len(self.nodes), expr.op, expr.type, args, data, expr.label, expr.span, reads, in_element)
        self.nodes.append(node)
        self.known[key] = node.id
        return node.id

    def _tags(self, expr: Expr, args: tuple[int, ...]) -> tuple[frozenset[str], bool]:
        reads = frozenset().union(*(self.nodes[arg].reads for arg in args)) if args else frozenset()
        in_element = any(self.nodes[arg].in_element for arg in args)
        match expr.op:
            case "fact":
                reads |= {"constant" if expr.data.is_static else READS[expr.data.letter]}
                in_element = expr.data.letter in ("e", "em")
            case "series":
                reads |= {"market"}
            case "ranked":
                reads |= {"market", "time"}
            case "step":
                reads |= frozenset() if expr.data.is_of_account else {"market"}
            case "schedule":
                reads |= {"time"}
            case "agg":
                reads |= {"account"}
                in_element = False
        return reads - ({"constant"} if len(reads) > 1 else frozenset()), in_element

    def blocks_of(self, rules: Sequence[TypedRule]) -> dict[str, Block]:
        typed = [block for rule in rules for block in rule.blocks.values()]
        return {each.name: self.block(each.name, each.scope, each.outputs, each.place) for each in typed}

    def block(self, name: str, scope: str, typed: tuple[tuple[str, Expr], ...], place: Span) -> Block:
        self.names, self.places, self.added = {}, {}, {}
        nodes = [(output, self.add(normalise(expr, self.normal))) for output, expr in typed]
        return self._block(name, scope, tuple(nodes), place)

    def _block(self, name: str, scope: str, outputs: tuple[tuple[str, int], ...], place: Span) -> Block:
        order = self._order([node for _, node in outputs])
        checks: list[Check] = []
        position = len(outputs)
        for node_id in order:
            node = self.nodes[node_id]
            written_at = self.places.get(node_id)
            if node.op not in COMPARISONS or written_at is None:
                continue  # a comparison inside a fact's own definition is no check of the author's
            left, right = (self.nodes[arg] for arg in node.args)
            places = []
            for side in (left, right):
                places.append(-1 if side.op == "const" else position)
                position += side.op != "const"
            checks.append(
                Check(
                    node_id,
                    node.op,
                    places[0],
                    places[1],
                    position,
                    left.data if left.op == "const" else None,
                    right.data if right.op == "const" else None,
                    self.text(left.id),
                    self.text(right.id),
                    left.type,
                    written_at,
                )
            )
            position += 1
        conditions = [(output, node) for output, node in outputs if self.nodes[node].type == BOOL]
        senses = tuple([(output, sense_of(node, self.nodes, checks, self.text)) for output, node in conditions])
        return Block(name, scope, outputs, tuple(checks), place, tuple(order), senses)

    def _order(self, roots: list[int]) -> list[int]:
        """Nodes needed by `roots`, arguments first, each once; what lies inside an aggregate's loop is left to it, but
        parts of its body that don't depend on the element are computed before it."""
        order: list[int] = []
        seen: set[int] = set()

        def visit(node_id: int) -> None:
            if node_id in seen:
                return
            seen.add(node_id)
            node = self.nodes[node_id]
            for arg in node.args:
                visit(arg)
            if not node.in_element:
                order.append(node_id)

        for root in roots:
            visit(root)
        return order

    def text(self, node_id: int) -> str:
        """How a person would write the node: the name that this block has for it, where it has one."""
        node = self.nodes[node_id]
        if node_id in self.names:
            return self.names[node_id]
        if node.op == "const":
            return written(node.data, node.type.kind)
        if node.op == "series":
            return str(next(call for call, index in self.series.items() if index == node.data))
        args = [self.text(arg) for arg in node.args]
        if node.op in _SIGNS:
            if node.op == "div" and args[1] == "instrument.pip":
                return f"pips({args[0]})"
            return f"({args[0]} {_SIGNS[node.op]} {args[1]})"
        if node.op == "settled":
            return args[0]
        if node.op == "step":
            call = next(call for (call, _), index in self.steps.items() if index == node.data)
            return call.name or f"{call.function}({', '.join([*args, *(f'{c:g}' for c in call.constants)])})"
        if node.op == "neg":
            return f"-{args[0]}"
        if node.op == "agg":
            return f"{node.data[0]}({node.data[1]})"
        if node.op == "call":
            return f"{node.data.name}({', '.join(args)})"
        if node.op == "if":
            return f"({args[1]} if {args[0]} else {args[2]})"
        return f"{node.op}({', '.join(args)})"

    def finish(self, blocks: dict[str, Block]) -> Graph:
        self.names, self.places = {}, {}  # what feeds a figure is no check of the author's
        steps = tuple(self.steps)
        batches = batches_of(self.nodes, steps)
        for batch in batches:
            pairs = [(each, *fed) for each in batch.steps for fed in enumerate(steps[each][1])]
            inputs = tuple([(f"input_{each}_{at}", node) for each, at, node in pairs])
            scope = "account" if batch.is_of_account else "instrument"
            blocks = {**blocks, batch.block: self._block(batch.block, scope, inputs, Span("<steps>", 1, 1, 1, 1))}
        return Graph(
            tuple(self.nodes),
            blocks,
            tuple(self.series),
            steps,
            tuple(self.schedules),
            batches,
            tuple(self.ranked),
            bars_needed(self.series),
        )


def _key(op: str, type_: Type, args: tuple[int, ...], data: Any) -> tuple[Any, ...]:
    """What makes two nodes one. The class stands beside the value, for 1 is `True` to Python."""
    identity = data.name if op == "call" else data
    return (op, type_, args, type(identity).__name__, identity)


def _numbered(each: tuple[_T, ...]) -> dict[_T, int]:
    return {value: number for number, value in enumerate(each)}


_SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
    "elapsed": "-",
    "shift": "+",
}


def is_written_by_author(span: Span | None) -> bool:
    """Does the place lie in a policy, rather than in the definition of a fact (`<trade.pnl>`)?"""
    return span is not None and not span.file.startswith("<")


def written(value: Any, kind: str) -> str:
    """A constant as an author would write it.

    >>> written(Decimal("0.92"), "ratio"), written(Decimal("1.2"), "pips"), written(True, "bool")
    ('92%', '1.2pips', 'true')
    >>> [written(Decimal(each), "duration") for each in (45, 60, 150, 300, 5400, 86400)]
    ['45s', '60s', '150s', '5min', '90min', '24h']
    """
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, Decimal):
        return str(value)
    if kind == "ratio":
        return f"{_plain(value * 100)}%"
    if kind == "duration":
        return _span_of_time(value)
    return _plain(value) + {
        "pips": "pips",
        "units": "units",
        "contracts": "contracts",
        "bar_count": "bars",
    }.get(kind, "")


def _span_of_time(seconds: Decimal) -> str:
    """In the longest unit in which it is a whole number of several."""
    for word, length in (("h", 3600), ("min", 60)):
        if seconds and seconds % length == 0 and (abs(seconds) > length or word == "h"):
            return f"{_plain(seconds / length)}{word}"
    return f"{_plain(seconds)}s"


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
