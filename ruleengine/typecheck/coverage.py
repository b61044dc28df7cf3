"""Strategies that the policy enters and that none of its exit rules can close (FX-16).

    1. `openings` lists what may be opened: by which rule, of which strategy, pocket, side and instrument.
    2. `acting_exits` are the exit rules that act: switched on, enforced, with a stage that closes and can hold.
    3. A strategy is covered where each of its openings is admitted by one of them.

`has_exits: false` says that the author means it. What only `applies_to.when` leaves out counts as covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import rules as faults
from ruleengine.schema.additions import Adding
from ruleengine.schema.entries import Entry
from ruleengine.schema.exits import Exit
from ruleengine.schema.hedges import Hedge
from ruleengine.schema.places import span_of
from ruleengine.schema.policy import Policy
from ruleengine.schema.rule import AppliesTo
from ruleengine.typecheck.policy import TypedPolicy, TypedRule
from ruleengine.typecheck.rules import as_list

_SIDES = ("long", "short")
_OPENING = ("entries", "ladders", "pyramids", "hedges")


class Opening(NamedTuple):
    """What a rule may open. `strategy`: "" for signals of a policy that declares none; `is_of_any`: it is the signal's,
    and the rule admits each; `has_stop`: the rule sets a stop."""

    strategy: str
    pocket: str
    side: str
    instrument: str
    opened_by: str
    by: Span
    is_of_any: bool
    has_stop: bool


def uncovered(typed: TypedPolicy, changed: Mapping[str, Span] = MappingProxyType({})) -> list[Diagnostic]:
    """A finding for each strategy with trades that nothing here can close, at its line. `changed`: where a file above
    the policy or an overlay changed or removed something, by address (`exits.time-out`)."""
    policy, closers = typed.policy, [exit_ for _, exit_ in acting_exits(typed)]
    open_ended: dict[str, Opening] = {}
    for opening in openings(typed):
        if not any(admits(exit_, opening) for exit_ in closers):
            open_ended.setdefault(opening.strategy, opening)
    acting = {f"exits.{exit_.id.text}" for exit_ in closers}
    taken = tuple(at for each, at in changed.items() if each.startswith("exits.") and each not in acting)
    covered = [name for name in policy.strategies if name not in open_ended]
    found: list[Diagnostic] = []
    for name, opening in open_ended.items():
        if name and not policy.strategies[name].has_exits:
            continue
        others = any(admits(exit_, opening._replace(side=side)) for exit_ in closers for side in _SIDES)
        place = span_of(policy, ("strategies", name)) if name else opening.by
        instead = covered if opening.is_of_any else ()
        found.append(faults.no_exit(place, name, opening.side if others else "", opening.by, instead, taken))
    return found


# --- what may be opened ----------------------------------------------------------------------------------------------


def openings(typed: TypedPolicy) -> Iterator[Opening]:
    for rule in typed.rules:
        if rule.section in _OPENING and rule.constants["enabled"] and rule.source.enforcement == "enforce":
            if isinstance(rule.source, Entry):
                yield from _of_entry(typed.policy, rule, rule.source)
            elif isinstance(rule.source, Hedge) and rule.source.open is not None:
                yield from _of_hedge(typed.policy, rule, rule.source)
            elif isinstance(rule.source, Adding) and typed.policy.requires.account != "netting":
                yield from _of_addition(typed.policy, rule, rule.source)


def _of_entry(policy: Policy, rule: TypedRule, entry: Entry) -> Iterator[Opening]:
    words = entry.applies_to
    if entry.strategy is not None:
        strategies = [entry.strategy.text]
    else:
        strategies = _words(words, "strategy") or list(policy.strategies) or [""]
    for strategy in strategies:
        declared = policy.strategies.get(strategy)
        home = declared.pocket.text if declared is not None and declared.pocket is not None else ""
        pockets = [entry.pocket.text] if entry.pocket is not None else _words(words, "pocket") or [home]
        yield from _each(policy, rule, words, strategy, pockets, "entry")


def _of_hedge(policy: Policy, rule: TypedRule, hedge: Hedge) -> Iterator[Opening]:
    assert hedge.open is not None
    strategy = hedge.open.strategy.text
    home = policy.strategies[strategy].pocket
    pocket = hedge.pocket or home
    pockets = [pocket.text if pocket is not None else ""]
    yield from _each(policy, rule, hedge.applies_to, strategy, pockets, "hedge_open")


def _of_addition(policy: Policy, rule: TypedRule, addition: Adding) -> Iterator[Opening]:
    """Where trades stand side by side, an addition is one of its own, of its signal's or its position's strategy."""
    kind = "ladder" if rule.section == "ladders" else "pyramid"
    for strategy in _words(addition.applies_to, "strategy") or list(policy.strategies):
        home = policy.strategies[strategy].pocket if strategy in policy.strategies else None
        pockets = _words(addition.applies_to, "pocket") or [home.text if home is not None else ""]
        yield from _each(policy, rule, addition.applies_to, strategy, pockets, kind)


def _each(
    policy: Policy, rule: TypedRule, words: AppliesTo | None, strategy: str, pockets: Sequence[str], kind: str
) -> Iterator[Opening]:
    sides = _words(words, "side") or _sides(rule)
    instruments = _words(words, "instrument") or [leaf.text for leaf in policy.requires.instruments]
    source = rule.source
    is_of_any = isinstance(source, Entry) and source.strategy is None and not _words(words, "strategy")
    for pocket, side, instrument in product(pockets, sides, instruments):
        yield Opening(strategy, pocket, side, instrument, kind, rule.place, is_of_any, _has_stop(rule))


def _sides(rule: TypedRule) -> Sequence[str]:
    order = rule.blocks.get("order")
    side = None if order is None else dict(order.outputs).get("side")
    return [str(side.data)] if side is not None and side.op == "const" else _SIDES


def _has_stop(rule: TypedRule) -> bool:
    order = rule.blocks.get("order")
    return order is not None and "stop" in dict(order.outputs)


# --- what closes -----------------------------------------------------------------------------------------------------


def acting_exits(typed: TypedPolicy) -> Iterator[tuple[TypedRule, Exit]]:
    """Exit rules that are switched on, enforced, and have a stage that closes and can hold."""
    for rule in typed.rules:
        exit_ = rule.source
        if not isinstance(exit_, Exit) or not rule.constants["enabled"] or exit_.enforcement != "enforce":
            continue
        if any(_closes(dict(block.outputs)) for block in rule.blocks.values()):
            yield rule, exit_


def _closes(outputs: dict[str, Any]) -> bool:
    """Does a stage close, under a condition that can hold?"""
    when = outputs.get("when")
    return "close" in outputs and when is not None and not (when.op == "const" and when.data is False)


def admits(exit_: Exit, opening: Opening) -> bool:
    """Do the exit's words admit such a trade?"""
    words = exit_.applies_to
    return all(
        not admitted or getattr(opening, key) in admitted
        for key in ("strategy", "pocket", "side", "instrument", "opened_by")
        for admitted in (_words(words, key),)
    )


def _words(words: AppliesTo | None, key: str) -> list[str]:
    """The words of one key; none where it admits any."""
    return [str(getattr(each, "text", each)) for each in as_list(getattr(words, key, None))]
