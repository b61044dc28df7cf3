"""Comparisons: both sides in one unit; words of enums and of declared vocabularies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine import units
from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import measures, naming
from ruleengine.facts.catalogue import FACTS
from ruleengine.syntax import tree
from ruleengine.typecheck import remedies
from ruleengine.typecheck.currencies import foreign
from ruleengine.typecheck.fitting import fit, homely, is_bare, to_contracts, to_pips
from ruleengine.typecheck.references import count_as_used
from ruleengine.typecheck.typed import WORD, Expr
from ruleengine.units import ANY, BOOL, CONTRACTS, DISTANCE, PIPS, TEXT, UNITS, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_OPERATIONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}


def compare(checker: Checker, node: tree.Compare) -> Expr:
    place = checker.span(node)
    return _compared(checker, _OPERATIONS[node.operator], node.left, _side(checker, node.left), node.right, place)


def one_of(checker: Checker, node: tree.OneOf) -> Expr:
    """`strategy in (A, B)`: equal to one of them. The item is read once."""
    item = _side(checker, node.item)
    parts = tuple([_compared(checker, "eq", node.item, item, choice, checker.span(choice)) for choice in node.choices])
    return parts[0] if len(parts) == 1 else Expr("or", BOOL, parts, span=checker.span(node))


def _compared(
    checker: Checker, op: str, left_node: tree.Syntax, left: Expr | None, right_node: tree.Syntax, place: Span
) -> Expr:
    """`left op right`; a side is None where it is a bare word that names no value."""
    right = _side(checker, right_node)
    if left is None and right is None:
        checker.read(left_node)
        return Expr("const", ANY, data=True, span=place)
    if right is not None and (left is None or (left.label == WORD and right.type != ANY)):
        left = _word(checker, left_node, right)
    elif left is not None and (right is None or (right.label == WORD and left.type != ANY)):
        right = _word(checker, right_node, left)
    assert left is not None
    assert right is not None
    pair = None if ANY in (left.type, right.type) else meet(checker, left, right, place)
    if pair is not None and pair[0].type == TEXT:
        _check_vocabulary(checker, *pair)
    if pair is None:
        return Expr("const", ANY, data=True, span=place)
    if pair[0].type.kind in ("enum", "text", "bool") and op not in ("eq", "ne"):
        return checker.fail(measures.cannot_compare(place, str(pair[0].type), str(pair[1].type)))
    return Expr(op, BOOL, pair, span=place)


def word_of(checker: Checker, node: tree.Syntax, wanted: Type) -> Expr:
    """A value of an enum, where its words may stand bare: `long`, or `long if … else short`."""
    if not _is_word(checker, node):
        return checker.read(node)
    return _word(checker, node, Expr("norow", wanted))


def _side(checker: Checker, node: tree.Syntax) -> Expr | None:
    return None if _is_word(checker, node) else checker.read(node)


def _is_word(checker: Checker, node: tree.Syntax) -> bool:
    """Is it a bare word that names no value, or a choice with such a branch?"""
    if isinstance(node, tree.Choice):
        return _is_word(checker, node.then) or _is_word(checker, node.otherwise)
    return (
        isinstance(node, tree.Name) and node.back is None and "." not in node.path and not _is_value(checker, node.path)
    )


def _is_value(checker: Checker, name: str) -> bool:
    is_variable = checker.variable is not None and checker.variable[0] == name
    return is_variable or checker.names.is_value(name)


def _word(checker: Checker, node: tree.Syntax, other: Expr) -> Expr:
    """A word compared with a value of an enum or of a declared vocabulary; or a choice of such."""
    if isinstance(node, tree.Choice):
        return _chosen(checker, node, other)
    text = node.path if isinstance(node, tree.Name) else node.value if isinstance(node, tree.Text) else ""
    place = checker.span(node)
    if other.type == ANY:
        return other
    if other.type.kind == "enum":
        kind = other.type.arg
        words = checker.names.vocabulary(kind)
        if text not in words:
            return checker.fail(naming.unknown_word(place, text, kind, words))
        return Expr("const", other.type, data=text, span=place)
    if other.type == TEXT:
        vocabulary = FACTS[other.data.name].values if other.op == "fact" else ""
        words = checker.names.vocabulary(vocabulary) if vocabulary else ()
        if vocabulary and text not in words:
            return checker.fail(naming.unknown_word(place, text, vocabulary, words))
        return Expr("const", TEXT, data=text, span=place)
    if isinstance(node, tree.Text):
        return checker.fail(measures.cannot_compare(place, str(other.type), "text"))
    count_as_used(checker.names, text, text)
    return checker.fail(naming.unknown_name(place, text, checker.names.candidates()))


def _chosen(checker: Checker, node: tree.Choice, other: Expr) -> Expr:
    place, condition = checker.span(node), checker.truth(node.condition)
    branches = [
        _word(checker, branch, other) if _is_word(checker, branch) else checker.read(branch)
        for branch in (node.then, node.otherwise)
    ]
    types = [branch.type for branch in branches]
    if ANY in (condition.type, *types):
        return Expr("const", ANY, data=True, span=place)
    if types[0] != types[1]:
        return checker.fail(measures.branches_differ(place, str(types[0]), str(types[1])))
    return Expr("if", types[0], (condition, *branches), span=place)


def _check_vocabulary(checker: Checker, left: Expr, right: Expr) -> None:
    """A parameter's text, compared with a fact that takes declared words, is one of them."""
    for fact, text in ((left, right), (right, left)):
        vocabulary = FACTS[fact.data.name].values if fact.op == "fact" else ""
        words = checker.names.vocabulary(vocabulary) if vocabulary else ()
        if vocabulary and text.label in checker.names.parameters and text.op == "const" and text.data not in words:
            assert text.span is not None
            checker.names.found.append(naming.unknown_word(text.span, text.data, vocabulary, words))


def meet(checker: Checker, left: Expr, right: Expr, place: Span) -> tuple[Expr, Expr] | None:
    """Both sides in one unit, or None with a finding."""
    lt, rt = homely(checker, left.type), homely(checker, right.type)
    if is_bare(left) != is_bare(right):
        bare, other, other_type = (left, right, rt) if is_bare(left) else (right, left, lt)
        fitted = fit(checker, bare, other_type)
        if fitted is None and other_type.kind in units.NUMERIC:
            assert bare.span is not None
            number = f"{bare.data:f}"
            remedy = remedies.of_bare(checker, other_type, bare.data)
            checker.names.found.append(measures.bare_number(bare.span, number, str(other_type), remedy))
            return None
        if fitted is not None:
            left, right = (fitted, other) if bare is left else (other, fitted)
            lt = rt = other_type
    if {lt, rt} <= {DISTANCE, PIPS} and DISTANCE in (lt, rt) and (checker.has("market") or checker.variable):
        # how finely two distances are told apart is known in pips only (units.COMPARISON_SCALE)
        return _in_pips(checker, left), _in_pips(checker, right)
    if {lt, rt} == {UNITS, CONTRACTS} and (checker.has("market") or checker.variable):
        # the units say of which instrument: a number of contracts belongs to none
        in_contracts = [to_contracts(checker, side) if side.type == UNITS else side for side in (left, right)]
        if in_contracts[0] is not None and in_contracts[1] is not None:
            return in_contracts[0], in_contracts[1]
    if units.comparable(lt, rt):
        return left, right
    fault = foreign(checker.names, place, lt, rt)
    checker.names.found.append(fault or measures.cannot_compare(place, str(lt), str(rt)))
    return None


def _in_pips(checker: Checker, expr: Expr) -> Expr:
    return to_pips(checker, expr) if expr.type == DISTANCE else expr
