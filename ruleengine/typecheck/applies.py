"""Rules whose `applies_to` leaves out what they themselves are: they could never act, and nothing would say so.

An entry on the market and a hedge bring their strategy, pocket and side along; those of a signal are the signal's.
"""

from __future__ import annotations

from collections.abc import Iterator

from ruleengine.diagnostics.catalogue import rules
from ruleengine.schema.entries import Entry
from ruleengine.schema.hedges import Hedge
from ruleengine.schema.leaf import Expression, Id
from ruleengine.schema.places import span_of
from ruleengine.schema.rule import AppliesTo
from ruleengine.typecheck.additions import adding
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.rules import as_list

Own = dict[str, str | None]
"""What a rule's orders have, by key: "" where they have none, None where it is not known before it acts."""


def check_own_words(names: Names) -> None:
    """Hold each rule's words against its own `applies_to`."""
    for path, applies_to, own in _rules(names):
        for key, has in own.items():
            leaves = as_list(getattr(applies_to, key))
            admitted = [str(getattr(leaf, "text", leaf)) for leaf in leaves]
            if admitted and has is not None and has not in admitted:
                place = span_of(names.policy, (*path, "applies_to", key), value=True)
                names.found.append(rules.never_applies(place, key, admitted, has))


def check_kinds(names: Names) -> None:
    """No rule may apply only to additions of a kind that no rule of the policy makes."""
    policy = names.policy
    made = {kind for kind, _ in adding(policy)}
    missing = [kind for kind in ("ladder", "pyramid") if kind not in made]
    for section, key in (("guards", "intent"), ("caps", "intent"), ("sizing", "intent"), ("exits", "opened_by")):
        for index, rule in enumerate(getattr(policy, section)):
            kinds = as_list(getattr(rule.applies_to, key, None))
            if kinds and all(kind in missing for kind in kinds):
                place = span_of(policy, (section, index, "applies_to", key), value=True)
                names.found.append(rules.nothing_makes(place, key, kinds))


def _rules(names: Names) -> Iterator[tuple[tuple[str | int, ...], AppliesTo, Own]]:
    policy = names.policy
    for index, entry in enumerate(policy.entries):
        if entry.on == "market" and entry.applies_to is not None:
            yield ("entries", index), entry.applies_to, _of_entry(names, entry)
    for index, hedge in enumerate(policy.hedges):
        if hedge.applies_to is not None:
            yield ("hedges", index), hedge.applies_to, _of_hedge(hedge)


def _of_entry(names: Names, entry: Entry) -> Own:
    strategy = _text(entry.strategy)
    declared = names.policy.strategies.get(strategy)
    home = declared.pocket if declared is not None else None
    return {"strategy": strategy, "pocket": _text(entry.pocket or home), "side": _side(entry.side)}


def _of_hedge(hedge: Hedge) -> Own:
    """A reduction takes the side that is larger, whose ever the trades are."""
    strategy, side = (_text(hedge.open.strategy), _side(hedge.open.side)) if hedge.open is not None else ("", None)
    return {"strategy": strategy, "pocket": _text(hedge.pocket), "side": side}


def _side(leaf: Expression | None) -> str | None:
    """The side, where it is one word."""
    text = leaf.text.strip() if leaf is not None else ""
    return text if text in ("long", "short") else None


def _text(leaf: Id | None) -> str:
    return leaf.text if leaf is not None else ""
