"""Numbers, words, signs, sums, products, and/or, choices."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ruleengine import units
from ruleengine.diagnostics.catalogue import measures, sense
from ruleengine.syntax import tree
from ruleengine.typecheck import currencies
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.fitting import alike, homely, is_bare, to_distance, to_pips
from ruleengine.typecheck.typed import BARE, WORD, Expr
from ruleengine.units import ANY, BOOL, DISTANCE, DURATION, NUMBER, PIPS, PRICE, TEXT, TIME

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

MULTIPLICATIONS_MAX = 16
"""Facts are below 1e18, so a product of so many stays finite in float64."""


_OPERATIONS = {"+": "add", "-": "sub", "*": "mul", "/": "div"}


def number(checker: Checker, node: tree.Number) -> Expr:
    if node.unit is None:
        return Expr("const", NUMBER, data=node.value, span=checker.span(node), label=BARE)
    unit = units.literal_unit(node.unit)
    assert unit is not None  # the literal reader knows every unit it lets pass
    if unit.type.kind == "money" and not currencies.is_known(checker.names, node.unit):
        place = checker.at(node.end - len(node.unit), node.end)
        return checker.fail(currencies.unknown(checker.names, place, node.unit))
    value = node.value * Decimal(unit.factor)
    return Expr("const", homely(checker, unit.type), data=value, span=checker.span(node))


def text(checker: Checker, node: tree.Text) -> Expr:
    return Expr("const", TEXT, data=node.value, span=checker.span(node), label=WORD)


def unary(checker: Checker, node: tree.Unary) -> Expr:
    place = checker.span(node)
    if node.operator == "not":
        return Expr("not", BOOL, (checker.truth(node.operand),), span=place)
    expr = checker.read(node.operand)
    if expr.type == ANY:
        return expr
    if expr.type.kind not in units.NUMERIC or expr.type == TIME:
        return checker.fail(measures.cannot_multiply(place, "*", "plain number", str(expr.type)))
    if expr.op == "const":
        return Expr("const", expr.type, data=-expr.data, span=place, label=expr.label)
    return Expr("neg", expr.type, (expr,), span=place)


def binary(checker: Checker, node: tree.Binary) -> Expr:
    left, right = checker.read(node.left), checker.read(node.right)
    if ANY in (left.type, right.type):
        return Expr("const", ANY, data=True, span=checker.span(node))
    if is_bare(left) and is_bare(right) and node.operator != "/":
        value = fold(Expr(_OPERATIONS[node.operator], NUMBER, (left, right))).data
        return Expr("const", NUMBER, data=value, span=checker.span(node), label=BARE)
    if node.operator in "+-":
        return _sum(checker, node, left, right)
    return _product(checker, node, left, right)


def _product(checker: Checker, node: tree.Binary, left: Expr, right: Expr) -> Expr:
    place = checker.span(node)
    operation = units.multiply if node.operator == "*" else units.divide
    lt, rt = homely(checker, left.type), homely(checker, right.type)
    result = operation(lt, rt)
    if result is None and "pips" in (lt.kind, rt.kind):
        left, right = (to_distance(checker, side) if side.type == PIPS else side for side in (left, right))
        result = operation(left.type, right.type)
    if result is None:
        return checker.fail(measures.cannot_multiply(place, node.operator, str(lt), str(rt)))
    made = Expr(_OPERATIONS[node.operator], homely(checker, result), (left, right), span=place)
    if made.size > MULTIPLICATIONS_MAX and _factors(made) > MULTIPLICATIONS_MAX:
        return checker.fail(sense.product_chain(place, MULTIPLICATIONS_MAX))
    return made


def _factors(expr: Expr) -> int:
    """How many multiplications hang together, looking through sums, signs and choices."""
    below = max(map(_factors, expr.args), default=0) if expr.op not in ("mul", "div") else sum(map(_factors, expr.args))
    return below + (expr.op in ("mul", "div"))


def _sum(checker: Checker, node: tree.Binary, left: Expr, right: Expr) -> Expr:
    minus, place = node.operator == "-", checker.span(node)
    if left.type == TIME and right.type == TIME and minus:
        return Expr("elapsed", DURATION, (left, right), span=place)
    if left.type == TIME and right.type == DURATION:
        return Expr("shift", TIME, (left, Expr("neg", DURATION, (right,)) if minus else right), span=place)
    if {left.type, right.type} == {DISTANCE, PIPS}:
        left, right = (to_pips(checker, side) if side.type == DISTANCE else side for side in (left, right))
    elif PRICE in (left.type, right.type) and PIPS in (left.type, right.type):
        left, right = (to_distance(checker, side) if side.type == PIPS else side for side in (left, right))
    elif is_bare(left) and _adds_bare(left, right):
        left = Expr("const", right.type, data=left.data, span=left.span)
    elif is_bare(right) and _adds_bare(right, left):
        right = Expr("const", left.type, data=right.data, span=right.span)
    result = units.add(homely(checker, left.type), homely(checker, right.type), minus)
    if result is None:
        return checker.fail(measures.cannot_add(place, node.operator, str(left.type), str(right.type)))
    return Expr(_OPERATIONS[node.operator], result, (left, right), span=place)


def _adds_bare(bare: Expr, other: Expr) -> bool:
    return other.type != TIME and (bare.data == 0 or other.type.kind == "count")


def logical(checker: Checker, node: tree.Logic) -> Expr:
    parts = tuple([checker.truth(operand) for operand in node.operands])
    return Expr(node.operator, BOOL, parts, span=checker.span(node))


def choice(checker: Checker, node: tree.Choice) -> Expr:
    condition = checker.truth(node.condition)
    then, otherwise = checker.read(node.then), checker.read(node.otherwise)
    place = checker.span(node)
    if ANY in (condition.type, then.type, otherwise.type):
        return Expr("const", ANY, data=True, span=place)
    branches = alike(checker, then, otherwise)
    if branches is None:
        return checker.fail(measures.branches_differ(place, str(then.type), str(otherwise.type)))
    return Expr("if", homely(checker, branches[0].type), (condition, *branches), span=place)
