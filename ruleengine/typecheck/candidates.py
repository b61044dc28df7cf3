"""Lists of candidates: their names in expressions, and each list as a block (PY-09)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import naming
from ruleengine.diagnostics.catalogue import rules as faults
from ruleengine.schema.candidates import Candidates
from ruleengine.schema.leaf import Expression
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.names import CONSTANT, INSTRUMENT, Names
from ruleengine.typecheck.policy import TypedBlock, TypedRule
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, BOOL, COUNT, DURATION, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_COLUMNS: Final = ("rank", "score")
_NO_NUMBERS: Final = ("bool", "enum", "text", "time", "bars")
_MOST_S: Final = Decimal(86_400)


def ranked(checker: Checker, name: str, column: str, place: Span) -> Expr:
    """`watchlist` (is the instrument kept?), `watchlist.rank`, `watchlist.score`."""
    names = checker.names
    names.used.add(("candidates", name))
    if column and column not in _COLUMNS:
        return checker.fail(naming.unknown_column(place, name, column, _COLUMNS))
    if not checker.has("market"):
        return checker.fail(naming.not_in_scope(place, name, "an instrument", checker.scope.spoken))
    if name in names.in_progress:
        return checker.fail(naming.cycle(place, [*names.in_progress[names.in_progress.index(name) :], name]))
    label = f"{name}.{column}" if column else name
    type_ = {"": BOOL, "rank": COUNT}.get(column) or _score(checker.inside(INSTRUMENT, 0, 0.0), name).type
    return Expr("ranked", type_, data=(name, column or "kept"), span=place, label=label)


def read_candidates(names: Names, rule: Candidates) -> TypedRule:
    """Block `rank`: eligible, score. Constants: keep, every [s]."""
    from ruleengine.typecheck.expression import Checker

    name, checker = rule.id.text, Checker(names, INSTRUMENT)
    outputs: list[tuple[str, Expr]] = []
    names.in_progress.append(name)
    if rule.eligible is not None:
        outputs.append(("eligible", fold(checker.condition(rule.eligible))))
    names.in_progress.pop()
    outputs.append(("score", fold(_score(checker, name))))
    block = TypedBlock(f"candidates/{name}.rank", INSTRUMENT.name, tuple(outputs), rule.score.node.span)
    constants = {
        "enabled": True,
        "keep": _constant(names, "keep", rule.keep, COUNT),
        "every": _constant(names, "every", rule.every, DURATION),
    }
    return TypedRule("candidates", name, rule, rule.id.node.span, {"rank": block}, constants)


def _score(checker: Checker, name: str) -> Expr:
    """The list's score, a number of any unit; one that ranks by itself is a circle."""
    names, leaf = checker.names, checker.names.rankings[name].score
    names.in_progress.append(name)
    expr = checker.check(leaf)
    names.in_progress.pop()
    if expr.type.kind in _NO_NUMBERS:
        return checker.fail(faults.score_without_order(leaf.node.span, name, str(expr.type)))
    return expr


def _constant(names: Names, key: str, leaf: Expression, wanted: Type) -> Decimal:
    from ruleengine.typecheck.expression import Checker

    expr = fold(Checker(names, CONSTANT).value(leaf, wanted))
    if expr.type == ANY:
        return Decimal(1)
    if expr.op != "const":
        names.found.append(naming.argument_not_constant(leaf.node.span, "candidates", "this value"))
        return Decimal(1)
    value = Decimal(expr.data)
    is_whole = value == value.to_integral_value()
    if key == "keep" and not (value >= 1 and is_whole):
        names.found.append(faults.out_of_bounds(leaf.node.span, key, f"{value:f}", "a whole number from 1 on"))
        return Decimal(1)
    if key == "every" and not 0 < value <= _MOST_S:
        names.found.append(faults.out_of_bounds(leaf.node.span, key, f"{value:f}s", "above 0s and at most 24h"))
        return Decimal(1)
    return value
