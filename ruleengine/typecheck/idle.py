"""What is declared and can't matter: keys of tables that no row asks for, strategies and pockets that nothing opens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import limits as faults
from ruleengine.facts.catalogue import FACTS
from ruleengine.schema.hedges import Hedge
from ruleengine.schema.places import span_of
from ruleengine.schema.policy import Policy
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.rules import as_list
from ruleengine.typecheck.typed import Expr
from ruleengine.units import TEXT


def idle(names: Names) -> Iterator[Diagnostic]:
    """A finding for each."""
    yield from _keys(names)
    yield from _words(names)


def _keys(names: Names) -> Iterator[Diagnostic]:
    for name, table in names.tables.items():
        asked = {key for row in table.rows for key in row.when or {}}
        for leaf in table.by:
            if leaf.text not in asked:
                yield faults.key_never_asked(leaf.node.span, name, leaf.text)


def _words(names: Names) -> Iterator[Diagnostic]:
    """A strategy or pocket that no rule opens, no signal can name to a rule, and no rule speaks of."""
    policy = names.policy
    named, spoken = set(_named(policy)), None
    for kind, words in (("strategy", tuple(policy.strategies)), ("pocket", names.vocabulary("pockets"))):
        if _admits_any(policy, kind) or not _opens(policy):
            continue
        for number, word in enumerate(words):
            if word in named:
                continue
            if spoken is None:
                spoken = {word for expr in names.read for word in _spoken(expr)}
            if word not in spoken:
                path = ("strategies", word) if kind == "strategy" else ("pockets", number)
                yield faults.nothing_opens(span_of(policy, path), kind, word)


def _opens(policy: Policy) -> bool:
    """Does it open anything? One that does not is built upon, or looks after what others open."""
    return bool(policy.entries) or any(hedge.open is not None for hedge in policy.hedges)


def _admits_any(policy: Policy, kind: str) -> bool:
    """Does a rule take signals of any strategy (pocket)?"""
    rules: list[Any] = [*policy.entries, *policy.ladders, *policy.pyramids]
    return any(
        rule.on == "signal" and getattr(rule.applies_to, kind, None) is None and getattr(rule, kind, None) is None
        for rule in rules
    )


def _named(policy: Policy) -> Iterator[str]:
    """Words that rules and strategies name."""
    sections: tuple[Iterable[Any], ...] = (  # metrics name none
        policy.guards, policy.caps, policy.sizing, policy.entries, policy.ladders, policy.pyramids, policy.hedges,
        policy.exits, policy.protections, policy.alerts,
    )  # fmt: skip
    for section in sections:
        for rule in section:
            words = getattr(rule, "applies_to", None)
            for leaf in (*as_list(getattr(words, "strategy", None)), *as_list(getattr(words, "pocket", None))):
                yield leaf.text
            own = [getattr(rule, "strategy", None), getattr(rule, "pocket", None)]
            if isinstance(rule, Hedge) and rule.open is not None:
                own.append(rule.open.strategy)
            yield from (leaf.text for leaf in own if leaf is not None)
    yield from (each.pocket.text for each in policy.strategies.values() if each.pocket is not None)


def _spoken(expr: Expr) -> Iterator[str]:
    """Words that an expression or the rows of its tables compare with; facts' own definitions have none."""
    if expr.op == "const" and expr.type == TEXT:
        yield expr.data
    if expr.label not in FACTS:
        for arg in expr.args:
            yield from _spoken(arg)
