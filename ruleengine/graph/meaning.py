"""What a node means, whatever its number is: equal in two policies where they mean the same by it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ruleengine.functions.running import LAYOUT
from ruleengine.graph.node import Graph


def meaning(graph: Graph, node_id: int) -> list[Any]:
    """A node with all that it is computed from, as JSON values."""
    node = graph.nodes[node_id]
    match node.op:
        case "step":
            return ["step", *_of_call(graph, node.data)]
        case "series":
            said = repr(graph.series[node.data])
        case "schedule":
            said = graph.schedules[node.data]
        case "call":
            said = node.data.name
        case _:
            said = repr(node.data)
    return [node.op, str(node.type), said, [meaning(graph, each) for each in node.args]]


def of_step(graph: Graph, index: int) -> str:
    """Digest of what a running figure's state depends on; its name does not count."""
    content = json.dumps([LAYOUT, _of_call(graph, index)], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _of_call(graph: Graph, index: int) -> list[Any]:
    call, inputs = graph.steps[index]
    constants = call.constants[1:] if call.name else call.constants  # the first constant of a named one is its name
    return [call.function, repr(constants), call.is_of_account, [meaning(graph, each) for each in inputs]]
