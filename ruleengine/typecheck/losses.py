"""Strategies of which nothing sure closes a trade that only ever lost (FX-16).

1. An exit *may lose* where its condition can hold of a trade that never gained (`losers`), and, for a strategy
   with `no_loss_close`, it says `may_lose: true` or `emergency: true`.
2. Such an exit is *sure* where its condition can hold whatever closed bars say, and whatever other trades do: it
   reads neither, or one of its alternatives doesn't. A result of the account that is above zero is others' doing.
3. A strategy is guarded where each of its openings, of either side, has a sure one, or sets a stop of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import Final, NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import exits as faults
from ruleengine.facts.catalogue import FACTS
from ruleengine.schema.exits import Exit
from ruleengine.schema.places import span_of
from ruleengine.typecheck.coverage import Opening, acting_exits, admits, openings
from ruleengine.typecheck.losers import Losers, Side
from ruleengine.typecheck.narrowed import leaves_something
from ruleengine.typecheck.policy import TypedPolicy, TypedRule
from ruleengine.typecheck.together import literals
from ruleengine.typecheck.typed import Expr
from ruleengine.units import BOOL

_SIDES: Final[tuple[Side, ...]] = ("long", "short")
_COMPARISONS = frozenset({"gt", "ge", "lt", "le", "eq", "ne"})


class _Closer(NamedTuple):
    rule: Exit
    place: Span
    may_lose: bool
    is_sure: bool
    spared: tuple[str, ...]
    """Strategies with `no_loss_close` that it therefore doesn't close at a loss."""


def unguarded(typed: TypedPolicy) -> list[Diagnostic]:
    """A finding for each strategy, at its line, whose losing trades nothing closes, or nothing but indicators."""
    policy, closers = typed.policy, _closers(typed)
    told: dict[str, Diagnostic] = {}
    for opening in openings(typed):
        strategy = policy.strategies.get(opening.strategy)
        if strategy is None or not strategy.has_exits or opening.has_stop or opening.strategy in told:
            continue
        found = [each for each in closers[opening.side] if admits(each.rule, opening)]
        losing = [each for each in found if each.may_lose and opening.strategy not in each.spared]
        if found and not any(each.is_sure for each in losing):
            told[opening.strategy] = _finding(typed, opening, [each.place for each in losing])
    return list(told.values())


def _finding(typed: TypedPolicy, opening: Opening, losing: list[Span]) -> Diagnostic:
    place = span_of(typed.policy, ("strategies", opening.strategy))
    if losing:
        return faults.losing_exits_need_indicators(place, opening.strategy, losing)
    return faults.no_losing_exit(place, opening.strategy, opening.by)


def _closers(typed: TypedPolicy) -> dict[str, list[_Closer]]:
    """Exits by what the conditions of their closing stages can hold of, for trades of each side. Stages have filled
    only where some stage can hold while none has."""
    exits = list(acting_exits(typed))
    found: dict[str, list[_Closer]] = {}
    for side in _SIDES:
        closers = [_closer(rule, exit_, side, stages=0.0) for rule, exit_ in exits]
        if any(each.may_lose for each in closers):
            closers = [_closer(rule, exit_, side, stages=inf) for rule, exit_ in exits]
        found[side] = closers
    return found


def _closer(rule: TypedRule, exit_: Exit, side: Side, *, stages: float) -> _Closer:
    is_of_book = exit_.for_each == "account"
    losers, conditions = Losers(side, is_of_book=is_of_book, stages=stages), list(_conditions(rule))
    alone = Losers(side, is_of_book=is_of_book, is_alone=True, stages=stages)
    may_lose = any(_can_be(losers, when, True, lambda _: False) for when in conditions)
    is_sure = any(_can_be(alone, when, True, lambda leaf: _needs_others(leaf, is_of_book)) for when in conditions)
    return _Closer(exit_, rule.place, may_lose, is_sure, rule.constants.get("no_loss", ()))


def _conditions(rule: TypedRule) -> Iterator[Expr]:
    """Of each closing stage, what has to hold: `applies_to.when` and the stage's own."""
    for block in rule.blocks.values():
        outputs = dict(block.outputs)
        if "close" in outputs:
            when = outputs["when"]
            yield Expr("and", when.type, (outputs["applies"], when)) if "applies" in outputs else when


def _can_be(losers: Losers, expr: Expr, truth: bool, withheld: Callable[[Expr], bool]) -> bool:
    """Can the condition be true (false) of a trade that only lost, also where what is `withheld` says neither?"""

    def of(part: Expr, wanted: bool) -> bool:
        return _can_be(losers, part, wanted, withheld)

    match expr.op:
        case "const":
            return expr.data is truth
        case "not":
            return of(expr.args[0], not truth)
        case "and" | "or":
            parts = (of(arg, truth) for arg in expr.args)
            if (expr.op == "and") is truth:
                return all(parts) and leaves_something(losers, literals(expr, truth))
            return any(parts)
        case "if":
            condition, then, otherwise = expr.args
            if withheld(condition):
                return of(then, truth) and of(otherwise, truth)
            return (of(condition, True) and of(then, truth)) or (of(condition, False) and of(otherwise, truth))
        case "eq" | "ne" if expr.args[0].type == BOOL:
            left, right = expr.args
            alike = (expr.op == "eq") is truth
            return any(of(left, each) and of(right, each is alike) for each in (True, False))
    if withheld(expr):
        return False
    return losers.can_be(expr, truth) if expr.op in _COMPARISONS else True


def _needs_others(expr: Expr, is_of_book: bool) -> bool:
    """Does it read indicators of closed bars, or what other trades are doing? Figures of the account are its own, and
    for a rule on the account sums over its trades are."""
    if expr.label in FACTS:
        return False
    if expr.op == "series":
        return True
    if expr.op == "agg" and not (is_of_book and not _names_a_strategy(expr)):
        return True
    return any(_needs_others(arg, is_of_book) for arg in expr.args)


def _names_a_strategy(aggregate: Expr) -> bool:
    return any(node.label.endswith(".strategy") for node in aggregate.args[1].walk())
