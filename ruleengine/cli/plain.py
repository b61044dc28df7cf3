"""A YAML file as plain values, read by our own loader: for documents that another library's model checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruleengine.cli.documents import refusal
from ruleengine.cli.streams import tell
from ruleengine.load import ListNode, MapNode, Node, ScalarNode, load_file, read


def plain_document(path: Path) -> Any:
    document, found = load_file(path)
    if document is None or found:
        sources = {document.file: document.source} if document is not None else {}
        tell(found, sources)
        raise refusal(path, found)
    return plain(document.root)


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
