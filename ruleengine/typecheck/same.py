"""Which expressions are the same value: equal keys for trees that are written alike, whatever they are called."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.typed import Expr


class Keys:
    """Keys of one policy's expressions. A parameter is itself, not the value that it has now."""

    def __init__(self, parameters: Mapping[str, Expr]) -> None:
        self.parameters = parameters
        self.known: dict[Expr, Hashable] = {}

    def of(self, expr: Expr) -> Hashable:
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self._of(expr)
        return found

    def _of(self, expr: Expr) -> Hashable:
        if expr.label in FACTS:
            return expr.label, _letter(expr)
        if expr.op == "const" and expr.label in self.parameters:
            return "parameter", expr.label, expr.data == self.parameters[expr.label].data
        data = expr.data.name if expr.op == "call" else expr.data
        name = expr.label if expr.op == "table" else ""
        return expr.op, expr.type, type(data).__name__, data, name, tuple(map(self.of, expr.args))


def _letter(expr: Expr) -> str:
    """Whose fact it is: `trade.pnl` of the trade in scope, or of a comprehension's element."""
    return next((str(node.data.letter) for node in expr.walk() if node.op == "fact"), "")
