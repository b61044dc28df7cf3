"""How a condition is made of its checks: what its author joined with `and`, `or` and `not`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ruleengine.graph.node import Check, Node, Sense

_WORDS = frozenset({"enum", "text"})
_GIVEN = frozenset({"intent", "signal", "trade"})


def sense_of(root: int, nodes: Sequence[Node], checks: Sequence[Check], text: Callable[[int], str]) -> Sense:
    """The condition at a node. `text`: how a person would write a node that is neither a check nor made of others."""
    places = {check.node: index for index, check in enumerate(checks)}
    known: dict[int, Sense] = {}

    def sense(node_id: int) -> Sense:
        if node_id not in known:
            known[node_id] = made(nodes[node_id])
        return known[node_id]

    def made(node: Node) -> Sense:
        if node.id in places:
            return Sense("check", node.id, check=places[node.id], is_given=_is_given(node, nodes))
        if node.op in ("and", "or", "not"):
            return Sense(node.op, node.id, tuple(sense(arg) for arg in node.args))
        if node.op == "const":
            return Sense("const", node.id, truth=node.data is True)
        return Sense("other", node.id, label=node.label or text(node.id), is_given=bool(node.reads & _GIVEN))

    return sense(root)


def _is_given(node: Node, nodes: Sequence[Node]) -> bool:
    """Does it ask for a word of the intent, signal or trade itself, which nothing can change?"""
    return nodes[node.args[0]].type.kind in _WORDS and bool(node.reads) and node.reads <= _GIVEN
