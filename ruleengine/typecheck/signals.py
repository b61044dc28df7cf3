"""Guards, caps and sizing that read the signal of an intent which has none: they would refuse every such intent.

Only entries, ladders and pyramids with `source: signal` come of a signal; of exits, hedges and rules on the market
nothing of it is known. A rule is refused where, for a kind of intent that it applies to, its condition can't hold (or
its size can't be known) while every fact of the signal is unknown: `not known(signal.time) or signal.age <= 6s`
is fine.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial, reduce
from itertools import product
from typing import Any

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import rules as faults
from ruleengine.schema.policy import Policy
from ruleengine.typecheck.additions import adding
from ruleengine.typecheck.policy import TypedBlock, TypedRule
from ruleengine.typecheck.rules import as_list
from ruleengine.typecheck.typed import Expr
from ruleengine.units import BOOL

_SIGNAL = "g"
"""The letter of facts of the signal."""

Outcomes = frozenset[bool | None]
"""What a part may be: true, false, or None for unknown. Of a part that is no condition: whether it is known."""

_UNKNOWN: Outcomes = frozenset({None})
_FALSE: Outcomes = frozenset({False})
_ANY: Outcomes = frozenset({True, False, None})


def never_of_a_signal(policy: Policy, rules: tuple[TypedRule, ...]) -> Iterator[Diagnostic]:
    """A finding for each rule that some kind of intent can't pass."""
    for rule in rules:
        if rule.section not in ("guards", "caps", "sizing"):
            continue
        kinds = _without_signal(policy, rule)
        for block in rule.blocks.values() if kinds else ():
            read = next((node for _, expr in block.outputs for node in expr.walk() if _is_of_signal(node)), None)
            if read is not None and not _passes(block):
                yield faults.signal_never_known(read.span or block.place, rule.section, rule.id, kinds)


def _without_signal(policy: Policy, rule: TypedRule) -> list[str]:
    """Kinds of intent that the rule applies to and that come of no signal."""
    sources = {entry.on for entry in policy.entries}
    opens = any(hedge.open is not None for hedge in policy.hedges)
    source: Any = rule.source
    named = as_list(source.applies_to.intent)
    is_hit = {
        "entry": sources == {"market"} and (not named or "entry" in named),
        "hedge_open": "hedge_open" in named or (opens and not named),
        "hedge_reduce": "hedge_reduce" in named,
        "exit": "exit" in named,
    }
    for kind in ("ladder", "pyramid"):
        sources = {rule.on for made, rule in adding(policy) if made == kind}
        is_hit[kind] = sources == {"market"} and (not named or kind in named)
    return [kind for kind, hit in is_hit.items() if hit]


def _is_of_signal(node: Expr) -> bool:
    return node.label.startswith("signal.") or (node.op == "fact" and node.data.letter == _SIGNAL)


def _passes(block: TypedBlock) -> bool:
    """Can an intent without a signal pass? Where the rule does not apply, it does; unknown counts as applying."""
    found = {name: outcomes(expr) for name, expr in block.outputs}
    if found.get("applies") == _FALSE or True in found.get("unless", ()):
        return True
    if "require" in found or "limit" in found:
        return True in found.get("require", found.get("limit", ()))
    return all(found[name] != _UNKNOWN for name in ("size", "scale") if name in found)


def outcomes(expr: Expr) -> Outcomes:
    """What a part may turn out to be while nothing of the signal is known."""
    args = expr.args
    match expr.op:
        case "fact":
            return _UNKNOWN if expr.data.letter == _SIGNAL else _ANY
        case "const":
            return frozenset({expr.data}) if expr.type == BOOL else _ANY
        case "known":
            return _FALSE if outcomes(args[0]) == _UNKNOWN else frozenset({True, False})
        case "not":
            return frozenset(None if each is None else not each for each in outcomes(args[0]))
        case "and" | "or":
            return reduce(partial(_joined, decides=expr.op == "or"), map(outcomes, args))
        case "if":
            met = outcomes(args[0])
            return frozenset().union(
                *(outcomes(branch) for branch, when in ((args[1], True), (args[2], False)) if when in met),
                _UNKNOWN if None in met else (),
            )
        case "coalesce":
            return _UNKNOWN if all(outcomes(arg) == _UNKNOWN for arg in args) else _ANY
        case "table":
            return _UNKNOWN if all(outcomes(value) == _UNKNOWN for value in (*args[1:-1:2], args[-1])) else _ANY
        case "agg" | "step" | "series" | "norow":
            return _ANY
    return _UNKNOWN if any(outcomes(arg) == _UNKNOWN for arg in args) else _ANY


def _joined(left: Outcomes, right: Outcomes, decides: bool) -> Outcomes:
    """`and`, `or` of two: the deciding value wins, then unknown."""
    return frozenset(
        decides if decides in pair else None if None in pair else not decides for pair in product(left, right)
    )
