"""Names: facts, parameters, features, schedules, columns of timeframes and tables, the element of a comprehension."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ruleengine import units
from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import naming, reading
from ruleengine.diagnostics.suggest import did_you_mean
from ruleengine.facts.base import Fact, Frame
from ruleengine.facts.catalogue import COLLECTIONS, FACTS
from ruleengine.schema.declarations import Feature
from ruleengine.syntax import tree
from ruleengine.typecheck import derived, modes, patterns, tables
from ruleengine.typecheck.candidates import ranked
from ruleengine.typecheck.names import COLUMNS, Names
from ruleengine.typecheck.typed import Expr, SeriesCall
from ruleengine.units import BARS, BOOL, PRICE

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker


def name(checker: Checker, node: tree.Name) -> Expr:
    place, path, names = checker.span(node), node.path, checker.names
    head, _, rest = path.partition(".")
    if checker.variable is not None and head == checker.variable[0]:
        return _element(checker, node, head, rest)
    if checker.is_definition:
        return derived.name_in_definition(checker, node)
    if head in names.timeframes:
        return _series_column(checker, node, head, rest)
    if node.back is not None:
        return checker.fail(reading.subscript(place))
    if path in FACTS:
        return derived.fact(checker, FACTS[path], place, False)
    if path in names.parameters:
        names.used.add(("parameter", path))
        known = names.parameters[path]
        return Expr(known.op, known.type, known.args, known.data, place, path)
    if path in names.features:
        return _feature(checker, path, place)
    if path in names.policy.schedules:
        names.used.add(("schedule", path))
        return Expr("schedule", BOOL, data=path, span=place, label=path)
    if path in names.policy.modes:
        return modes.read(checker, path, place)
    if head in names.policy.patterns:
        return patterns.read(checker, head, rest, place)
    if head in names.tables:
        return _table(checker, head, rest, place)
    if head in names.rankings:
        return ranked(checker, head, rest, place)
    near = [fact for fact in FACTS if "." in fact and fact.startswith(head + ".")]
    count_as_used(names, path, head)
    return checker.fail(naming.unknown_name(place, path, near or names.candidates()))


def count_as_used(names: Names, path: str, head: str) -> None:
    """What an unknown name probably meant: not to be reported as never used beside it."""
    meant = {head, *did_you_mean(path, names.candidates())}
    kinds = ("parameter", "feature", "schedule", "mode", "pattern", "timeframe", "candidates")
    names.used |= {(kind, name) for kind in kinds for name in meant}


def _element(checker: Checker, node: tree.Name, head: str, rest: str) -> Expr:
    assert checker.variable is not None
    frame, place = COLLECTIONS[checker.variable[1]], checker.span(node)
    columns = _columns(frame)
    if not rest:
        return checker.fail(naming.not_a_value(place, head, f"one {frame}", f"{head}.{columns[0]}"))
    if rest not in columns or node.back is not None:
        return checker.fail(naming.unknown_column(place, head, rest, columns))
    return derived.fact(checker, FACTS[f"{frame}.{rest}"], place, True)


@cache
def _columns(frame: Frame) -> tuple[str, ...]:
    """What may stand after the element's dot."""
    return tuple(
        known.split(".", 1)[1] for known, fact in FACTS.items() if fact.frame == frame and not _aggregates(fact)
    )


def _aggregates(fact: Fact) -> bool:
    """Does the fact's own definition go over a collection? Then it can't stand inside another comprehension."""
    return fact.definition is not None and " for " in fact.definition


def _feature(checker: Checker, wanted: str, place: Span) -> Expr:
    """The feature's definition, checked in the scope of where it is used."""
    names = checker.names
    names.used.add(("feature", wanted))
    if wanted in names.in_progress:
        return checker.fail(naming.cycle(place, names.circle(wanted)))
    feature = names.features[wanted]
    leaf = feature.value if isinstance(feature, Feature) else feature
    warm, weight = checker.warm_after, checker.cut_weight
    if isinstance(feature, Feature):
        warm = int(feature.warm_after.value.number) if feature.warm_after else warm
        weight = float(feature.cut_weight.value.number) if feature.cut_weight else weight
    key = (wanted, checker.scope.name + " after" * checker.scope.after, warm, weight)
    if key not in names.features_read:
        names.in_progress.append(wanted)
        names.features_read[key] = checker.inside(checker.scope, warm, weight).check(leaf)
        names.in_progress.pop()
    expr = names.features_read[key]
    return Expr(expr.op, expr.type, expr.args, expr.data, place, wanted)


def _table(checker: Checker, wanted: str, column: str, place: Span) -> Expr:
    names, table = checker.names, checker.names.tables[wanted]
    if column not in table.columns:
        return checker.fail(naming.unknown_column(place, wanted, column, list(table.columns)))
    names.used.update({("table", wanted), ("column", f"{wanted}.{column}")})
    if wanted in names.in_progress:
        return checker.fail(naming.cycle(place, names.circle(wanted)))
    names.in_progress.append(wanted)
    expr = tables.column(
        checker.inside(checker.scope, checker.warm_after, checker.cut_weight), wanted, table, column, place
    )
    names.in_progress.pop()
    return expr


def _series_column(checker: Checker, node: tree.Name, timeframe: str, column: str) -> Expr:
    """`m1.close` where a value is wanted: that of the last closed bar; `m1` alone: the bars themselves."""
    place = checker.span(node)
    checker.names.used.add(("timeframe", timeframe))
    if column and column not in COLUMNS:
        return checker.fail(naming.unknown_column(place, timeframe, column, COLUMNS))
    if not checker.has("market"):
        return checker.fail(naming.not_in_scope(place, timeframe, "an instrument", checker.scope.spoken))
    element = BARS if not column else units.UNITS if column == "volume" else PRICE
    label = f"{timeframe}.{column}" if column else timeframe
    call = SeriesCall("", timeframe, column, (), node.back or 0, checker.warm_after, checker.cut_weight)
    return Expr("series", element, data=call, span=place, label=label)
