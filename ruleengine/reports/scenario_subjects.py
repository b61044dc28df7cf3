"""What rules were asked about while a scenario is played (a trade, a signal, an intent), and what orders they can want.

An expectation of nothing names a side, a strategy or a trade: it is one only where a rule was asked about such.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ruleengine.facts.frames import Env
from ruleengine.model.audit import Decision
from ruleengine.model.order import OPENING
from ruleengine.model.unknown import Unknown
from ruleengine.schema.scenario_expect import Expected
from ruleengine.typecheck.policy import TypedRule

KINDS = frozenset({"entry", "ladder", "pyramid", "hedge_open", "hedge_reduce", "exit"})
_OWN = {"entries": "entry", "ladders": "ladder", "pyramids": "pyramid"}
PROPOSING = ("entries", "ladders", "pyramids", "hedges", "exits", "protections")
"""Sections whose rules want orders."""
_OPPOSITE = {"long": "short", "short": "long"}


class Subject(NamedTuple):
    """What a block was evaluated for; empty where that isn't known, or where it is for no one thing. `side`: of the
    order that could come of it. `of`: trade, signal or intent."""

    of: str = ""
    instrument: str = ""
    kind: str = ""
    side: str = ""
    strategy: str = ""
    trade: str = ""


def subject_of(env: Env) -> Subject:
    """The intent of an environment, else its trade, else its signal."""
    instrument = _word(env.m.name)
    trade = _word(env.t.id)
    if _word(env.i.intent):
        return Subject("intent", instrument, _word(env.i.intent), _word(env.i.side), _word(env.i.strategy), trade)
    if trade:
        return of_trade(env.t)
    return Subject("signal", instrument, "", _word(env.g.side), _word(env.g.strategy))


def of_trade(trade: Any) -> Subject:
    """An open trade, as an exit speaks of it: its order is on the other side."""
    side = _OPPOSITE.get(_word(trade.side), "")
    return Subject("trade", _word(trade.instrument), "", side, _word(trade.strategy), _word(trade.id))


def of_decision(decision: Decision) -> Subject:
    return Subject("intent", decision.instrument, decision.kind, decision.side, decision.strategy, decision.trade_id)


def _word(value: Any) -> str:
    return "" if value is None or isinstance(value, Unknown) else str(value)


def is_narrow(expected: Expected) -> bool:
    """Does it name more than a rule and a kind of intent?"""
    return any(each is not None for each in (expected.instrument, expected.side, expected.strategy, expected.trade))


def fits(expected: Expected, subject: Subject, rule: TypedRule | None = None) -> bool:
    """Could an order as the expectation describes it come of a rule that was asked about this?"""
    source: Any = None if rule is None else rule.source
    opened = getattr(source, "open", None)
    strategy = getattr(source, "strategy", None) or getattr(opened, "strategy", None)
    named = subject.strategy if strategy is None else str(strategy.text)
    adds = rule is not None and rule.section in ("ladders", "pyramids")
    is_restricting = rule is not None and _restricts(rule)
    is_other = adds or is_restricting or getattr(source, "side", None) is not None
    has = {
        "instrument": subject.instrument,
        "intent": subject.kind,
        "side": "" if is_other else subject.side,
        "strategy": "" if adds or is_restricting else named,
        "trade": "" if is_restricting else subject.trade,
    }
    for name, found in has.items():
        stated = getattr(expected, name)
        text = None if stated is None else str(getattr(stated, "text", stated))
        if text is not None and found and text != found:
            return False
    return True


def any_fits(expected: Expected, subjects: Iterable[Subject], rule: TypedRule | None = None) -> bool:
    return any(fits(expected, each, rule) for each in subjects)


def wants(rule: TypedRule, kind: str) -> bool:
    """Can a rule want an order of that kind?"""
    source: Any = rule.source
    if rule.section in ("exits", "protections"):
        return kind == "exit" and (rule.section == "exits" or source.close is not None)
    return rule.section in PROPOSING and kind in kinds_of(rule)


def closes_trades(rule: TypedRule) -> bool:
    """Is it an exit that closes trades one by one, and does nothing else?"""
    source: Any = rule.source
    return rule.section == "exits" and source.for_each == "trade" and not _restricts(rule)


def kinds_of(rule: TypedRule) -> frozenset[str]:
    """Kinds of intents that a rule can want, or refuse."""
    source: Any = rule.source
    if rule.section in _OWN:
        return frozenset({_OWN[rule.section]})
    match rule.section:
        case "hedges":
            return frozenset({"hedge_open" if source.reduce is None else "hedge_reduce"})
        case "exits":
            return KINDS if _restricts(rule) else frozenset({"exit"})
        case "protections":
            stopped = {str(getattr(each, "text", each)) for each in listed(source.stops)} or set(OPENING)
            return frozenset(stopped | ({"exit"} if source.close is not None else set()))
        case "guards" | "caps" | "sizing":
            applies = source.applies_to
            named = None if applies is None else getattr(applies, "intent", None)
            kinds = OPENING if named is None else frozenset(str(getattr(each, "text", each)) for each in listed(named))
            return kinds | {"ladder", "pyramid"} if rule.section == "sizing" else kinds  # their base may be an entry's
    return frozenset()


def _restricts(rule: TypedRule) -> bool:
    """Is it an exit with a stage that refuses what adds, whatever its side?"""
    source: Any = rule.source
    stages = source.stages or () if rule.section == "exits" else ()
    return any(stage.restrict is not None for stage in stages)


def listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]
