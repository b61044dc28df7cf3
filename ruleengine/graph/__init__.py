"""The evaluation graph of a policy."""

from ruleengine.graph.from_typed import from_expressions, from_typed, written
from ruleengine.graph.node import Block, Check, Graph, Node

__all__ = ["Block", "Check", "Graph", "Node", "from_expressions", "from_typed", "written"]
