"""Words of a declared vocabulary that stand outside of expressions and of `applies_to`: they have to be declared too.

An exit that acts on a pocket sees only trades of that very word. One letter off, and a strategy's trades have no exit.
"""

from __future__ import annotations

from collections.abc import Iterator

from ruleengine.diagnostics.catalogue import naming
from ruleengine.schema.leaf import Id
from ruleengine.typecheck.names import Names


def check_words(names: Names) -> None:
    """Pockets of strategies and of hedges' orders."""
    declared = names.vocabulary("pockets")
    for leaf in _pockets(names):
        if leaf.text not in declared:
            names.found.append(naming.unknown_reference(leaf.node.span, "pocket", leaf.text, declared))


def _pockets(names: Names) -> Iterator[Id]:
    for strategy in names.policy.strategies.values():
        if strategy.pocket is not None:
            yield strategy.pocket
    for hedge in names.policy.hedges:
        if hedge.pocket is not None:
            yield hedge.pocket
