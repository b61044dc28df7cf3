"""What a policy's graph reads, so that the runtime keeps up only that."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from ruleengine.functions.catalogue import STEPS
from ruleengine.graph.node import Block, Graph, Node
from ruleengine.model.number import compare, decimal_of, scale_of
from ruleengine.runtime.book.positions import PEAKS
from ruleengine.units import DURATION, NOTHING

_EQUAL = Decimal(NOTHING)
_NANOS = 1_000_000_000
_SCALE = scale_of(DURATION)

ACCOUNT_LETTERS = frozenset({"a", "e", "em"})
"""Frames that change with the price of any instrument the account holds."""

SHOWN = "show_"
"""How outputs begin that an alert shows, and that decide nothing."""


def nodes_of(graph: Graph, block: Block) -> list[Node]:
    """Every node that a block needs, those inside aggregates' loops too, by id."""
    seen: dict[int, None] = {}
    todo = [node for _, node in block.outputs]
    while todo:
        node_id = todo.pop()
        if node_id not in seen:
            seen[node_id] = None
            todo.extend(graph.nodes[node_id].args)
    return [graph.nodes[node_id] for node_id in sorted(seen)]


def reads_facts(graph: Graph, block: Block, *facts: tuple[str, str]) -> bool:
    """Does a block read one of these primitive facts (letter, slot), itself or through a running figure?"""
    seen: set[int] = set()
    todo = [node for _, node in block.outputs]
    while todo:
        node_id = todo.pop()
        if node_id in seen:
            continue
        seen.add(node_id)
        node = graph.nodes[node_id]
        if node.op == "fact" and (node.data.letter, node.data.slot) in facts:
            return True
        todo.extend(node.args)
        if node.op == "step":
            todo.extend(graph.steps[node.data][1])
    return False


def letters_of(nodes: list[Node]) -> frozenset[str]:
    """Letters of the frames that nodes read; an aggregate reads the account."""
    found = [node.data.letter for node in nodes if node.op == "fact" and not node.data.is_static and not _is_past(node)]
    found += ["a" for node in nodes if node.op == "agg" and not _is_past(node)]
    return frozenset(found)


def reads_account(graph: Graph, block: Block) -> bool:
    """Can another instrument's price change this block's result?"""
    return bool(letters_of(nodes_of(graph, block)) & ACCOUNT_LETTERS)


def reads_market(graph: Graph, block: Block) -> bool:
    """Can an event of the market change this block's result, beside the time it brings?

    What only fills, orders and time move (a trade's age, a position's size, named hours) is looked at when they do."""
    for node in nodes_of(graph, block):
        if _is_past(node):
            continue
        if node.op in ("series", "step", "agg"):
            return True
        if node.op == "fact" and not node.data.is_static:
            letter, slot = node.data.letter, node.data.slot
            if letter not in ("k", "t", "p") or slot in PEAKS:  # a trade's peaks have the names of a position's
                return True
    return False


def _is_past(node: Node) -> bool:
    """Is it of trades that ended? Only fills change those."""
    if node.op == "agg":
        return bool(node.data[1] == "closed")
    return node.op == "fact" and node.data.letter == "e" and node.data.name.startswith("closed.")


@dataclass(frozen=True, slots=True)
class TimeFlip:
    """A comparison of time since an instant (`letter`, `slot`: the fact that holds it) with a constant number of ns."""

    letter: str
    slot: str
    after_ns: int


def time_flips(graph: Graph, block: Block) -> tuple[tuple[TimeFlip, ...], bool]:
    """How a block's result may change by time alone: at known instants, and (True) in ways that only trying tells.

    `trade.age > 24h` flips 24 h after the trade's opening, `trade.age > table.hold` at one of the table's times;
    `now - x < y` with a y that moves can't be foretold. What an alert only shows is read when it is told."""
    nodes = nodes_of(graph, block)
    by_time = {node.id for node in nodes if _is_now(node) or (node.op == "step" and _waits(graph, node))}
    found = {node.id: _flips(graph, node, by_time) for node in nodes if node.op in ("lt", "le", "gt", "ge")}
    flips = {node_id: each for node_id, each in found.items() if each}
    still = [node.id for node in nodes if node.op in ("lt", "le", "gt", "ge") and _is_order(graph, node)]
    known = dict.fromkeys([*flips, *still], False)
    decides = [root for name, root in block.outputs if not name.startswith(SHOWN)]
    is_open = any(_reaches(graph, root, by_time, known) for root in decides)
    return tuple(dict.fromkeys(flip for each in flips.values() for flip in each)), is_open


def _waits(graph: Graph, node: Node) -> bool:
    """Can time alone change what a running figure reads, besides what it is fed?"""
    call = graph.steps[node.data][0]
    waits = STEPS[call.function].waits
    return waits is None or waits(*call.constants)


def _is_now(node: Node) -> bool:
    return node.op == "fact" and node.data.letter == "k" and node.data.slot == "now"


def _flips(graph: Graph, node: Node, by_time: set[int]) -> tuple[TimeFlip, ...]:
    """Where a comparison is one of time since an instant with a constant, or with a choice of them: its flips."""
    left, right = (graph.nodes[arg] for arg in node.args)
    for since, limit in ((left, right), (right, left)):
        if since.op == "elapsed" and _is_now(graph.nodes[since.args[0]]):
            origin, limits = graph.nodes[since.args[1]], _choice(graph, limit, by_time)
            if origin.op == "fact" and origin.data.letter in ("t", "m", "p", "g"):
                return tuple(TimeFlip(origin.data.letter, origin.data.slot, passed_ns(each)) for each in limits)
    return ()


def _is_order(graph: Graph, node: Node) -> bool:
    """Does a comparison ask which of two instants came first, by the times since them? Time passes for both alike."""
    left, right = (graph.nodes[arg] for arg in node.args)
    return (
        left.op == right.op == "elapsed"
        and left.args[0] == right.args[0]
        and not any(_is_now(graph.nodes[each.args[1]]) for each in (left, right))
    )


def _choice(graph: Graph, node: Node, by_time: set[int]) -> tuple[Decimal, ...]:
    """The constants of which a node is always one (or unknown); none where it may be anything else, or where which of
    them it is changes by time alone."""
    if node.op == "const":
        return (decimal_of(node.data),)
    if node.op == "if":
        choosing, chosen = node.args[:1], node.args[1:]
    elif node.op == "table" and node.data != "product":
        choosing, chosen = node.args[:-1:2], (*node.args[1:-1:2], node.args[-1])
    else:
        return ()
    found = [_choice(graph, each, by_time) for each in (graph.nodes[arg] for arg in chosen) if each.op != "norow"]
    is_steady = not any(_reaches(graph, arg, by_time, {}) for arg in choosing)
    return tuple(limit for each in found for limit in each) if is_steady and all(found) else ()


def passed_ns(limit_s: Decimal) -> int:
    """The first whole nanosecond at which a time is longer than a limit, by the language's own measure of equal; and a
    little more for the rounding of seconds in binary.

    >>> passed_ns(Decimal(1)) - 1_000_000_000, passed_ns(Decimal(3_600)) - 3_600_000_000_000
    (2, 3354)
    """
    limit = limit_s * _NANOS
    scale = max(abs(limit), _SCALE * _NANOS)
    first = int((limit + scale * _EQUAL).to_integral_value(ROUND_FLOOR))
    while not compare("gt", Decimal(first) / _NANOS, limit_s, _SCALE):
        first += 1
    return first + 1 + (first >> 51)


def _reaches(graph: Graph, node_id: int, by_time: set[int], known: dict[int, bool]) -> bool:
    """Does a node depend on time other than through the comparisons whose instants are known (they are in `known`)?"""
    if node_id not in known:
        args = graph.nodes[node_id].args
        known[node_id] = node_id in by_time or any(_reaches(graph, arg, by_time, known) for arg in args)
    return known[node_id]


def slots_read(graph: Graph) -> frozenset[tuple[str, str]]:
    """(frame letter, slot) of every primitive fact that any block reads; an element's market counts as a market."""
    letters = {"em": "m"}
    return frozenset(
        (letters.get(node.data.letter, node.data.letter), node.data.slot) for node in graph.nodes if node.op == "fact"
    )


def reads_slot(read: frozenset[tuple[str, str]], letter: str, *slots: str) -> bool:
    return any((letter, slot) in read for slot in slots)
