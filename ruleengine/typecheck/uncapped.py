"""What adds to the book and no cap judges: a ladder, a pyramid, a hedge that opens (FX-34, OPS-01).

Only caps that act (switched on, enforced) count. One whose words admit some of what the rule opens is the author's
division and no finding; what only `applies_to.when` leaves out counts as judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import limits as faults
from ruleengine.schema.additions import Adding
from ruleengine.schema.guards import Cap
from ruleengine.schema.hedges import Hedge
from ruleengine.typecheck.policy import TypedPolicy, TypedRule
from ruleengine.typecheck.rules import as_list

_KINDS = {"ladders": "ladder", "pyramids": "pyramid", "hedges": "hedge_open"}


def uncapped(typed: TypedPolicy) -> list[Diagnostic]:
    """A finding for each rule that adds and that no cap admits, with a cap of entries beside it where there is one."""
    acting = [rule for rule in typed.rules if rule.section in (*_KINDS, "caps") and _acts(rule)]
    caps = [(rule, rule.source) for rule in acting if isinstance(rule.source, Cap)]
    found = []
    for rule in _adding(acting):
        kind = _KINDS[rule.section]
        if not any(_judges(cap, kind) and _may_meet(cap, rule) for _, cap in caps):
            of_entries = next((each for each, cap in caps if _judges(cap, "entry")), None)
            place = None if of_entries is None else of_entries.place
            found.append(faults.no_cap(rule.place, rule.id, kind, "" if of_entries is None else of_entries.id, place))
    return found


def _acts(rule: TypedRule) -> bool:
    return bool(rule.constants["enabled"]) and rule.source.enforcement == "enforce"


def _adding(rules: list[TypedRule]) -> Iterator[TypedRule]:
    for rule in rules:
        if isinstance(rule.source, Adding) or (isinstance(rule.source, Hedge) and rule.source.open is not None):
            yield rule


def _judges(cap: Cap, kind: str) -> bool:
    kinds = as_list(cap.applies_to.intent)
    return not kinds or kind in kinds


def _may_meet(cap: Cap, rule: TypedRule) -> bool:
    """Is there anything that the words of both admit?"""
    return all(
        not (of_cap := _words(cap.applies_to, key)) or not (of_rule := _named(rule, key)) or bool(of_cap & of_rule)
        for key in ("strategy", "pocket", "side", "instrument")
    )


def _named(rule: TypedRule, key: str) -> set[str]:
    """What the rule's trades are of, by one key; none where it may be any."""
    source = rule.source
    if isinstance(source, Hedge) and source.open is not None:
        if key == "strategy":
            return {source.open.strategy.text}
        if key == "pocket" and source.pocket is not None:
            return {source.pocket.text}
        if key == "side":
            return set()
    return _words(getattr(source, "applies_to", None), key)


def _words(words: object, key: str) -> set[str]:
    return {str(getattr(each, "text", each)) for each in as_list(getattr(words, key, None))}
