"""Calls: builtins of the language, aggregates over a collection, functions of the catalogue."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ruleengine import units
from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import measures, naming, safety
from ruleengine.facts.catalogue import COLLECTIONS, ORDERED
from ruleengine.syntax import tree
from ruleengine.typecheck import arguments
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.elements import check_one_instrument
from ruleengine.typecheck.fitting import alike, fit, homely, to_distance, to_pips, to_ratio
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, BOOL, COUNT, DISTANCE, NUMBER, PIPS, RATIO, TIME

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

AGGREGATES = ("count", "sum", "min", "max", "avg", "any", "all", "streak", "percentile")
PAIRS = tuple((name, over) for name in AGGREGATES for over in COLLECTIONS if name != "streak" or over in ORDERED)
"""Every aggregate with every collection that it may go over."""
BUILTINS = {
    "pips": "pips(distance)",
    "distance": "distance(pips)",
    "ratio": "ratio(quotient)",
    "positive": "positive(x)",
    "known": "known(x)",
    "coalesce": "coalesce(x, y)",
}
_OVER = {1: "aggregate(x for t in trades if …)", 2: "percentile((x for t in trades if …), share)"}
_EXPECTS = {"pips": "price distance", "distance": "pips", "ratio": "quotient of like units", "positive": "number"}


def call(checker: Checker, node: tree.Call) -> Expr:
    place, name_place = checker.span(node), checker.at(node.start, node.name_end)
    functions = checker.names.functions
    inside = node.arguments[0] if node.arguments else None
    if isinstance(inside, tree.Comprehension):
        if node.function in AGGREGATES:
            given, wanted = len(node.arguments) + len(node.keywords), 2 if node.function == "percentile" else 1
            if node.keywords or given != wanted:
                return checker.fail(naming.argument_count(place, node.function, _OVER[wanted], given))
            share = _share(checker, node.arguments[1]) if wanted == 2 else ()
            return (
                Expr("const", ANY, data=True)
                if share is None
                else _aggregate(checker, node.function, inside, place, share)
            )
        if node.function in functions or node.function in BUILTINS:
            return checker.fail(naming.comprehension_outside(place))
        return checker.fail(naming.unknown_function(name_place, node.function, AGGREGATES))
    if node.function in BUILTINS:
        return _builtin(checker, node, place)
    if node.function in functions:
        return arguments.apply(checker, functions[node.function], node, place)
    if node.function in AGGREGATES:
        return checker.fail(naming.needs_comprehension(name_place, node.function))
    return checker.fail(naming.unknown_function(name_place, node.function, [*functions, *AGGREGATES, *BUILTINS]))


def _builtin(checker: Checker, node: tree.Call, place: Span) -> Expr:
    given = len(node.arguments) + len(node.keywords)
    if node.keywords or given != (2 if node.function == "coalesce" else 1):
        return checker.fail(naming.argument_count(place, node.function, BUILTINS[node.function], given))
    first = checker.read(node.arguments[0])
    if first.type == ANY:
        return first
    match node.function:
        case "known":
            return Expr("known", BOOL, (first,), span=place)
        case "coalesce":
            return _coalesce(checker, first, node.arguments[1], place)
        case "positive" if first.type.kind in units.NUMERIC and first.type != TIME:
            return Expr("positive", first.type, (first,), span=place)
        case "ratio" if first.type.kind in ("quotient", "ratio", "number"):
            return Expr(*_parts(to_ratio(first)), place, to_ratio(first).label)
        case "pips" if first.type == DISTANCE:
            return Expr(*_parts(to_pips(checker, first)), place)
        case "distance" if first.type == PIPS:
            return Expr(*_parts(to_distance(checker, first)), place)
    return checker.fail(
        measures.argument_type(place, node.function, "x", _EXPECTS[node.function], str(first.type)),
    )


def _parts(expr: Expr) -> tuple[str, units.Type, tuple[Expr, ...], object]:
    return expr.op, expr.type, expr.args, expr.data


def _coalesce(checker: Checker, first: Expr, second_node: tree.Syntax, place: Span) -> Expr:
    second = checker.read(second_node)
    if second.type == ANY:
        return second
    branches = alike(checker, first, second)
    if branches is None:
        return checker.fail(measures.branches_differ(place, str(first.type), str(second.type)))
    return Expr("coalesce", homely(checker, branches[0].type), tuple(branches), span=place)


def _share(checker: Checker, node: tree.Syntax) -> tuple[Decimal] | None:
    """The share of a percentile, a constant from 0% to 100%; None with a finding."""
    read = checker.read(node)
    if read.type == ANY:
        return None
    place = read.span or checker.span(node)
    fitted = fit(checker, read, RATIO)
    if fitted is None:
        checker.fail(measures.argument_type(place, "percentile", "share", str(RATIO), str(read.type)))
        return None
    constant = fold(fitted)
    if constant.op != "const":
        checker.fail(naming.argument_not_constant(place, "percentile", "share"))
        return None
    if not 0 <= constant.data <= 1:
        checker.fail(naming.argument_bounds(place, "percentile", "share", "0 to 1"))
        return None
    return (constant.data,)


def _aggregate(
    checker: Checker, name: str, node: tree.Comprehension, place: Span, share: tuple[Decimal, ...] = ()
) -> Expr:
    """`share`: of a percentile; part of the node's data, behind the aggregate's name and its collection."""
    collection_place = checker.at(node.collection_start, node.collection_end)
    if node.collection not in COLLECTIONS:
        return checker.fail(naming.unknown_name(collection_place, node.collection, list(COLLECTIONS)))
    if not checker.has("account"):
        return checker.fail(naming.not_in_scope(collection_place, node.collection, "an account", checker.scope.spoken))
    if (name, node.collection) not in PAIRS:
        return checker.fail(safety.unordered(collection_place, name, node.collection, ORDERED))
    element, condition = _element_and_condition(checker, name, node)
    if ANY in (element.type, condition.type):
        return Expr("const", ANY, data=True, span=place)
    check_one_instrument(checker, name, node, element, condition)
    data = (name, node.collection, *share)
    if name == "count":
        one = Expr("const", NUMBER, data=Decimal(1))
        return Expr("agg", COUNT, (one, condition), data, place)
    if name in ("any", "all", "streak"):
        if element.type != BOOL:
            return checker.fail(measures.not_a_condition(checker.span(node.element), str(element.type)))
        return Expr("agg", COUNT if name == "streak" else BOOL, (element, condition), data, place)
    if element.type.kind not in units.NUMERIC or element.type == TIME:
        return checker.fail(
            measures.argument_type(checker.span(node.element), name, "element", "number", str(element.type))
        )
    return Expr("agg", element.type, (element, condition), data, place)


def _element_and_condition(checker: Checker, name: str, node: tree.Comprehension) -> tuple[Expr, Expr]:
    before, each_before = checker.variable, checker.is_each
    checker.variable, checker.is_each = (node.variable, node.collection), checker.is_definition
    condition = checker.truth(node.condition) if node.condition else Expr("const", BOOL, data=True)
    is_itself = isinstance(node.element, tree.Name) and node.element.path == node.variable
    if name == "count" and is_itself:
        element = Expr("const", NUMBER, data=Decimal(1))
    else:
        element = checker.read(node.element)
    checker.variable, checker.is_each = before, each_before
    return element, condition
