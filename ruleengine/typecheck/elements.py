"""Trades of several instruments in one aggregate: their prices, distances and quote money are of different things.

150 yen and 1.08 dollars do not add up, and a trade's price says nothing beside the middle of another instrument. Money
in account currency, pips and ratios may be put together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine.diagnostics.catalogue import measures
from ruleengine.syntax import tree
from ruleengine.typecheck.typed import Expr
from ruleengine.units import QUOTE

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_PRICED = ("price", "distance", "rate")
_INSTRUMENT = ("trade.instrument", "closed.instrument")
_SIZED = ("units", "contracts", "contract_size")


def check_one_instrument(checker: Checker, name: str, node: tree.Comprehension, element: Expr, condition: Expr) -> None:
    """A finding where figures of several instruments meet, and the condition does not leave one of them only."""
    if checker.is_definition or len(checker.names.policy.requires.instruments) < 2:
        return
    fixed = [_other_side(part) for part in _parts(condition)]
    is_of_scope = any(side is not None and side.label == "instrument.name" for side in fixed)
    is_of_one = is_of_scope or any(side is not None and side.op == "const" for side in fixed)
    gathers = name in ("sum", "min", "max", "avg") and _is_priced(element)
    if gathers and not is_of_one:
        place, what = checker.span(node.element), f"a {element.type} of each"
    elif not is_of_scope and (_mixes(element) or _mixes(condition)):
        part = node.element if _mixes(element) or node.condition is None else node.condition
        place, what = checker.span(part), "it meets prices of the rule's own instrument"
    else:
        return
    checker.names.found.append(measures.several_instruments(place, node.variable, node.collection, what))


def _parts(condition: Expr) -> tuple[Expr, ...]:
    if condition.op != "and":
        return (condition,)
    return tuple(part for arg in condition.args for part in _parts(arg))


def _other_side(part: Expr) -> Expr | None:
    """What the element's instrument has to be; None where the part says nothing of it."""
    if part.op != "eq":
        return None
    left, right = part.args
    return right if left.label in _INSTRUMENT else left if right.label in _INSTRUMENT else None


def _is_priced(expr: Expr) -> bool:
    return expr.type.kind in _PRICED or expr.type == QUOTE


def _mixes(expr: Expr) -> bool:
    """Does a figure of the element meet a price of the rule's own instrument, or the reverse?"""
    if len(expr.args) > 1:
        is_product = expr.op in ("mul", "div")
        met = [arg for arg in expr.args if _is_priced(arg) or (is_product and arg.type.kind in _SIZED)]
        if any(map(_is_priced, met)) and len({owner for arg in met for owner in _owners(arg)}) > 1:
            return True
    return any(map(_mixes, expr.args))


def _owners(expr: Expr) -> set[str]:
    """Whose figures it is made of: the element's, or those of the instrument that the rule is evaluated for."""
    if expr.op == "agg":
        return set()
    if expr.op in ("series", "step"):
        return {"scope"}
    if expr.op == "fact":
        is_figure = _is_priced(expr) or expr.type.kind in _SIZED
        return {"element" if expr.data.letter in ("e", "em") else "scope"} if is_figure else set()
    return {owner for arg in expr.args for owner in _owners(arg)}
