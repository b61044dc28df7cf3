"""Strategies of which nothing sure closes a trade that only ever lost (FX-16).

    1. An exit *may lose* where its condition can hold of a trade that never gained, and, for a strategy with
       `no_loss_close`, it says `may_lose: true` or `emergency: true`.
    2. Such an exit is *sure* where its condition can hold whatever closed bars say: it reads no indicator, or one of
       its alternatives reads none.
    3. A strategy is guarded where each of its openings has a sure one, or sets a stop of its own.

Judged is the form of a condition: `trade.pnl_pips >= 5pips`, `trade.peak_ratio >= 1%` and a trail never hold of a trade
that only lost; every other comparison may.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import exits as faults
from ruleengine.schema.exits import Exit
from ruleengine.schema.places import span_of
from ruleengine.typecheck.coverage import Opening, acting_exits, admits, openings
from ruleengine.typecheck.policy import TypedPolicy, TypedRule
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.typed import Expr

_GAINS = frozenset(
    f"{of}.{each}"
    for of, names in (
        ("trade", "pnl pnl_pips pnl_after_fees gain_ratio gain_r peak_pips peak_ratio peak_r"),
        (
            "position",
            "pnl gain_over_first gain_over_average peak_over_first peak_over_average pnl_of_margin"
            " closing_gain_over_first closing_gain_over_average pips_over_first pips_over_average"
            " peak_pips_over_first peak_pips_over_average"
            " peak_over_first_since_addition peak_over_average_since_addition"
            " peak_pips_over_first_since_addition peak_pips_over_average_since_addition",
        ),
    )
    for each in names.split()
)
"""Facts that are never above zero of what only lost."""
_MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}


class _Closer(NamedTuple):
    rule: Exit
    place: Span
    may_lose: bool
    is_sure: bool
    spared: tuple[str, ...]
    """Strategies with `no_loss_close` that it therefore doesn't close at a loss."""


def unguarded(typed: TypedPolicy) -> list[Diagnostic]:
    """A finding for each strategy, at its line, whose losing trades nothing closes, or nothing but indicators."""
    policy, closers = typed.policy, [_closer(rule, exit_) for rule, exit_ in acting_exits(typed)]
    told: dict[str, Diagnostic] = {}
    for opening in openings(typed):
        strategy = policy.strategies.get(opening.strategy)
        if strategy is None or not strategy.has_exits or opening.has_stop or opening.strategy in told:
            continue
        found = [each for each in closers if admits(each.rule, opening)]
        losing = [each for each in found if each.may_lose and opening.strategy not in each.spared]
        if found and not any(each.is_sure for each in losing):
            told[opening.strategy] = _finding(typed, opening, [each.place for each in losing])
    return list(told.values())


def _finding(typed: TypedPolicy, opening: Opening, losing: list[Span]) -> Diagnostic:
    place = span_of(typed.policy, ("strategies", opening.strategy))
    if losing:
        return faults.losing_exits_need_indicators(place, opening.strategy, losing)
    return faults.no_losing_exit(place, opening.strategy, opening.by)


def _closer(rule: TypedRule, exit_: Exit) -> _Closer:
    """An exit by what the conditions of its closing stages can hold of."""
    conditions = list(_conditions(rule))
    may_lose = any(_can_hold(when, with_bars=True) for when in conditions)
    is_sure = any(_can_hold(when, with_bars=False) for when in conditions)
    return _Closer(exit_, rule.place, may_lose, is_sure, rule.constants.get("no_loss", ()))


def _conditions(rule: TypedRule) -> Iterator[Expr]:
    """Of each closing stage, what has to hold: `applies_to.when` and the stage's own."""
    for block in rule.blocks.values():
        outputs = dict(block.outputs)
        if "close" in outputs:
            when = outputs["when"]
            yield Expr("and", when.type, (outputs["applies"], when)) if "applies" in outputs else when


def _can_hold(expr: Expr, *, with_bars: bool) -> bool:
    """Can the condition hold of a trade that only lost; without `with_bars`: whatever closed bars say?"""
    match expr.op:
        case "and":
            return all(_can_hold(arg, with_bars=with_bars) for arg in expr.args)
        case "or":
            return any(_can_hold(arg, with_bars=with_bars) for arg in expr.args)
        case "gt" | "ge" | "lt" | "le" if _asks_for_gain(expr):
            return False
    return with_bars or not any(node.op == "series" for node in expr.walk())


def _asks_for_gain(compared: Expr) -> bool:
    """`trade.pnl_pips >= 5pips` and the like, either way round."""
    left, right = compared.args
    op: str = compared.op
    if left.op == "const":
        left, right, op = right, left, _MIRRORED[op]
    return left.label in _GAINS and op in ("gt", "ge") and _is_a_gain(right, op)


def _is_a_gain(limit: Expr, op: str) -> bool:
    """Is what is beyond the limit above zero?"""
    if limit.op != "const":
        return sign_of(limit) >= 0  # computed: meant as a gain unless it can be none
    return isinstance(limit.data, Decimal) and (limit.data > 0 or (limit.data == 0 and op == "gt"))
