"""A loaded document as plain values, for documents that another library's model checks."""

from __future__ import annotations

from typing import Any

from ruleengine.load.document import ListNode, MapNode, Node, ScalarNode
from ruleengine.load.scalars import read


def plain(node: Node) -> Any:
    """A loaded document as plain values."""
    match node:
        case MapNode():
            return {entry.key.text: plain(entry.value) for entry in node.entries}
        case ListNode():
            return [plain(item) for item in node.items]
        case ScalarNode():
            return _scalar(node)


def _scalar(node: ScalarNode) -> Any:
    """A plain scalar as boolean or number where it is one; quoted ones stay text."""
    if node.style != "plain":
        return node.text
    for expects in ("boolean", "integer", "number"):
        value, faults = read(node, expects)
        if not faults:
            return value
    return node.text
