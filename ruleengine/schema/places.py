"""Where in the text something of a policy was written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from pydantic import BaseModel

from ruleengine.diagnostics import Span
from ruleengine.load import ListNode, MapNode, Node
from ruleengine.schema.leaf import Leaf
from ruleengine.schema.policy import Policy

Path = Sequence[str | int]


def span_of(policy: Policy, path: Path, *, value: bool = False) -> Span:
    """Place of a key: `("guards", 0, "id")`; of its value with `value=True`. Keys as in YAML or as fields of the model.

    Where the path leads to something that was not written (a default), the place of the nearest part that was.
    """
    if policy._root is None:
        return Span.of_file("<policy>")
    return span_in(policy._root, path, value=value)


def span_in(root: Node, path: Path, *, value: bool = False) -> Span:
    """Place of a key or item below a node."""
    node: Node = root
    span = _short(node.span)
    at_key = span
    for part in path:
        step = _step(node, part)
        if step is None:
            break
        at_key, node = step
        span = _short(node.span)
    return span if value else at_key


def node_at(root: Node, path: Path) -> Node | None:
    """The node at a path, or nothing where nothing was written."""
    node: Node = root
    for part in path:
        step = _step(node, part)
        if step is None:
            return None
        _, node = step
    return node


def leaf_span(leaf: Leaf) -> Span:
    """Place of a single value."""
    return leaf.node.span


def _step(node: Node, part: str | int) -> tuple[Span, Node] | None:
    """Place of the key or item, and what stands there."""
    if isinstance(part, int):
        if isinstance(node, ListNode) and 0 <= part < len(node.items):
            item = node.items[part]
            return _item_span(item), item
        return None
    if not isinstance(node, MapNode):
        return None
    entry = node.get(part) or node.get(_keys_by_field().get(part, part))
    return None if entry is None else (entry.key.span, entry.value)


def _item_span(item: Node) -> Span:
    """An item of a list is shown by its first key, or by itself."""
    if isinstance(item, MapNode) and item.entries:
        return item.entries[0].key.span
    return _short(item.span)


def _short(span: Span) -> Span:
    return span if span.line == span.end_line else Span(span.file, span.line, span.col, span.line, span.col + 1)


@lru_cache(maxsize=1)
def _keys_by_field() -> dict[str, str]:
    """Fields whose key in YAML is another word: `begin` is written `from`."""
    renamed: dict[str, str] = {}
    waiting: list[type[BaseModel]] = [Policy]
    seen: set[type[BaseModel]] = set()
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, field in model.model_fields.items():
            if field.alias:
                renamed[name] = field.alias
            waiting += _models_in(field.annotation)
    return renamed


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
