"""A value where another type is wanted: bare numbers, pips and price distances, quotients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine import units
from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck import derived
from ruleengine.typecheck.typed import BARE, Expr
from ruleengine.units import CONTRACTS, DISTANCE, HOME, PIPS, QUOTIENT, RATIO, TEXT, TIME, UNITS, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_PLAIN = ("price", "count", "number", "quotient", "bar_count")
"""What a number without a unit may stand for; 0 may stand for anything that can be added."""


def fit(checker: Checker, expr: Expr, wanted: Type) -> Expr | None:
    """`expr` as a `wanted`, where that needs no more than a change of unit; else None."""
    have, wanted = homely(checker, expr.type), homely(checker, wanted)
    if have == wanted:
        return expr
    if is_bare(expr) and takes_bare(wanted, is_zero=expr.data == 0):
        return Expr("const", wanted, data=expr.data, span=expr.span)
    if have == DISTANCE and wanted == PIPS:
        return to_pips(checker, expr)
    if have == PIPS and wanted == DISTANCE:
        return to_distance(checker, expr)
    if {have, wanted} == {CONTRACTS, UNITS} and checker.has("market") and checker.variable is None:
        return to_units(checker, expr) if have == CONTRACTS else to_contracts(checker, expr)
    if have == TEXT and wanted.kind == "enum":
        return retyped(expr, wanted) if _has_words_of(checker, expr, wanted) else None
    is_quotient = have == QUOTIENT and wanted.kind in ("ratio", "number")
    is_count = have.kind in ("bar_count", "count") and wanted.kind in ("count", "number", "bar_count")
    return retyped(expr, wanted) if is_quotient or is_count else None


def fit_declared(checker: Checker, expr: Expr, wanted: Type) -> Expr | None:
    """The same where a declaration says the unit: there a bare number may be a price distance too."""
    if is_bare(expr) and wanted == DISTANCE:
        return Expr("const", wanted, data=expr.data, span=expr.span)
    return fit(checker, expr, wanted)


def alike(checker: Checker, *exprs: Expr) -> list[Expr] | None:
    """All as one type, or None: bare numbers, quotients and text give way to whatever says more."""
    says_most = min(exprs, key=lambda expr: 2 if is_bare(expr) else expr.type in (QUOTIENT, TEXT))
    fitted = [fit(checker, expr, says_most.type) for expr in exprs]
    return None if None in fitted else [expr for expr in fitted if expr is not None]


def _has_words_of(checker: Checker, expr: Expr, wanted: Type) -> bool:
    """Is it a fact that takes declared words, each of which is a state of the mode (`signal.regime`, SC-15)?"""
    vocabulary = FACTS[expr.data.name].values if expr.op == "fact" else ""
    words = {*checker.names.vocabulary(vocabulary)} if vocabulary else set()
    is_mode = wanted.arg in checker.names.policy.modes
    return is_mode and bool(words) and words <= {*checker.names.vocabulary(wanted.arg)}


def takes_bare(wanted: Type, is_zero: bool) -> bool:
    return wanted.kind in _PLAIN or (is_zero and wanted.kind in units.NUMERIC and wanted != TIME)


def is_bare(expr: Expr) -> bool:
    """Is it a number that was written without a unit?"""
    return expr.op == "const" and expr.label == BARE


def homely(checker: Checker, type_: Type) -> Type:
    """Money in the account's stated currency is money of the account."""
    is_own = type_.kind == "money" and type_.arg != "" and type_.arg == checker.names.currency
    return HOME if is_own else type_


def retyped(expr: Expr, wanted: Type) -> Expr:
    """The same value read as another type; a bare number is bare no more."""
    label = "" if expr.label == BARE else expr.label
    return Expr(expr.op, wanted, expr.args, expr.data, expr.span, label)


def to_ratio(expr: Expr) -> Expr:
    return retyped(expr, RATIO)


def to_pips(checker: Checker, expr: Expr) -> Expr:
    if expr.op == "const" and expr.data == 0:
        return retyped(expr, PIPS)
    return Expr("div", PIPS, (expr, _pip_of(checker, expr)), span=expr.span)


def to_distance(checker: Checker, expr: Expr) -> Expr:
    return Expr("mul", DISTANCE, (expr, _pip_of(checker, expr)), span=expr.span)


def to_units(checker: Checker, expr: Expr) -> Expr:
    """Contracts in base units."""
    size = _of_instrument(checker, expr, "instrument.contract_size")
    return Expr("mul", UNITS, (expr, size), span=expr.span)


def to_contracts(checker: Checker, expr: Expr) -> Expr | None:
    """Base units in contracts; None where they may be of several instruments."""
    if any(node.op == "agg" for node in expr.walk()):
        return None
    size = _of_instrument(checker, expr, "instrument.contract_size")
    return Expr("div", CONTRACTS, (expr, size), span=expr.span)


def _pip_of(checker: Checker, expr: Expr) -> Expr:
    return _of_instrument(checker, expr, "instrument.pip")


def _of_instrument(checker: Checker, expr: Expr, name: str) -> Expr:
    """A fact of the instrument that the value is of; its place is the value's, for a finding only."""
    each = checker.is_each or _is_of_element(expr)
    found = derived.fact(checker, FACTS[name], expr.span, each)
    return Expr(found.op, found.type, found.args, found.data, None, found.label)


def _is_of_element(expr: Expr) -> bool:
    """Does it read the element of the comprehension around it? What a comprehension gives belongs to no element."""
    if expr.op == "fact":
        return expr.data.letter in ("e", "em")
    return expr.op != "agg" and any(map(_is_of_element, expr.args))
