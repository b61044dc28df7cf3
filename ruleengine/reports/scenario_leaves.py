"""Which conditions a policy is made of, and how each is watched: the groundwork of coverage.

A condition is a comparison or a bare truth (a named hour, `known(x)`, a truth of the account) where its author wrote
it. Joined by `and`, `or` and `not` they make what a rule asks. A row of a decision table is used when its value counts.

For each block of a rule `watched` gives one more block whose outputs are those conditions, so that the same backend
that runs the policy says what each of them was. Inside a comprehension a condition is asked of every element. What was
folded away when the policy was compiled is watched too: a condition that is always true is seen as that, and one whose
place nothing reaches as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.schema.policy import Policy
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.policy import TypedBlock, TypedPolicy, TypedRule
from ruleengine.typecheck.typed import Expr
from ruleengine.units import BOOL

PREFIX = "covered/"
_JOINED = frozenset({"and", "or", "not", "if", "const"})
_NO_CONDITIONS = ("metrics",)
"""Sections whose rules decide nothing."""
_CERTAIN = frozenset({"now", "side", "intent", "size", "reduce_only", "intent.net_change", "intent.long_change",
                      "intent.short_change", "signal.side", "signal.time", "trade.id", "trade.instrument", "trade.side",
                      "trade.sign", "trade.units", "trade.initial_units", "trade.entry_price", "trade.opened_at",
                      "trade.owner", "trade.stage"})  # fmt: skip
"""Facts that are known wherever there is an intent, a signal or a trade to ask of."""


Rows = dict[tuple[str, int, int], Span]
"""Where each value of a table begins → its row."""


class Condition(NamedTuple):
    """A condition of a block: its place, and the outputs that say what it was. Inside a comprehension there are three:
    is it true, false, unknown of any element; none where it is never evaluated; else one."""

    place: Span
    outputs: tuple[str, ...]
    can_be_unknown: bool


class Choice(NamedTuple):
    """A use of a table's column: the rows in order, with the output that says whether each matches. `last`: the row for
    everything else, if there is one."""

    rows: tuple[Span, ...]
    matches: tuple[str, ...]
    last: Span | None
    is_first: bool


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched of one block."""

    block: TypedBlock
    conditions: tuple[Condition, ...]
    choices: tuple[Choice, ...]


@dataclass(slots=True)
class _Found:
    outputs: dict[str, Expr] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)

    def output(self, expr: Expr) -> str:
        name = f"o{len(self.outputs)}"
        self.outputs[name] = expr
        return name


def watched(typed: TypedPolicy) -> dict[str, Watched]:
    """By block: what is watched of it. Rules that are switched off are left out."""
    rows = dict(_rows_by_value(typed.policy))
    found: dict[str, Watched] = {}
    for rule in typed.rules:
        if rule.section in _NO_CONDITIONS or not rule.constants.get("enabled", True):
            continue
        for block in rule.blocks.values():
            here = _Found()
            seen: set[tuple[int, int]] = set()
            for _, expr in block.outputs:
                _visit(expr, None, here, rows, seen)
            _add_folded(block, here)
            if here.outputs or here.conditions:
                here.outputs = here.outputs or {"none": Expr("const", BOOL, data=True)}
                of = TypedBlock(PREFIX + block.name, block.scope, tuple(here.outputs.items()), block.place)
                found[block.name] = Watched(of, tuple(here.conditions), tuple(here.choices))
    return found


def as_rules(watching: dict[str, Watched]) -> list[TypedRule]:
    """The blocks as the graph takes them in."""
    return [
        TypedRule("covered", each.block.name, None, each.block.place, {"covered": each.block}, {})
        for each in watching.values()
    ]


def _add_folded(block: TypedBlock, found: _Found) -> None:
    """Conditions that are written in a block and that its compiled form has no more."""
    there = {(each.place.file, each.place.line, each.place.col) for each in found.conditions}
    for expr in _leaves(block.written):
        place = expr.span
        if place is None or (place.file, place.line, place.col) in there:
            continue
        there.add((place.file, place.line, place.col))
        value = fold(expr)
        outputs = (found.output(value),) if value.op == "const" else ()
        found.conditions.append(Condition(place, outputs, can_be_unknown=False))


def _leaves(roots: tuple[Expr, ...]) -> Iterator[Expr]:
    """The conditions at and below each of some nodes, in their author's order."""
    to_come, seen = [*reversed(roots)], set[int]()
    while to_come:
        expr = to_come.pop()
        if id(expr) in seen:
            continue
        seen.add(id(expr))
        if _is_condition(expr):
            yield expr
        args = (*expr.args[1:-1:2], expr.args[-1]) if expr.op == "table" else expr.args
        to_come.extend(reversed(args))


def _is_condition(expr: Expr) -> bool:
    return expr.type == BOOL and expr.op not in _JOINED | {"table"} and _is_written(expr.span) and not _is_whole(expr)


def _visit(expr: Expr, loop: Expr | None, found: _Found, rows: Rows, seen: set[tuple[int, int]]) -> None:
    """All conditions at and below a node. `loop`: the comprehension around it."""
    if (id(expr), id(loop)) in seen:
        return
    seen.add((id(expr), id(loop)))
    if expr.op == "table":
        _choice(expr, found, rows)
        for value in (*expr.args[1:-1:2], expr.args[-1]):
            _visit(value, loop, found, rows, seen)
        return
    if _is_condition(expr):
        _condition(expr, loop, found)
    inner = expr if expr.op == "agg" else loop
    for arg in expr.args:
        _visit(arg, inner, found, rows, seen)


def _condition(expr: Expr, loop: Expr | None, found: _Found) -> None:
    assert expr.span is not None
    place, can = expr.span, _can_be_unknown(expr)
    if loop is None or not _reads_element(expr):
        found.conditions.append(Condition(place, (found.output(expr),), can))
        return
    always, collection = Expr("const", BOOL, data=True), ("any", loop.data[1])
    was = [
        expr,
        Expr("not", BOOL, (expr,)),
        Expr("not", BOOL, (Expr("known", BOOL, (expr,)),)),
    ]
    outputs = [found.output(Expr("agg", BOOL, (each, always), collection)) for each in was]
    found.conditions.append(Condition(place, tuple(outputs), can))


def _choice(expr: Expr, found: _Found, rows: Rows) -> None:
    if any(_reads_element(arg) for arg in expr.args):
        return  # a table that each element of a comprehension asks anew says nothing outside of it
    places = [_row_of(value, rows) for value in expr.args[1:-1:2]]
    matches = [found.output(match) for match in expr.args[0:-1:2]]
    known = [(place, match) for place, match in zip(places, matches, strict=True) if place is not None]
    found.choices.append(
        Choice(
            tuple(place for place, _ in known),
            tuple(match for _, match in known),
            None if expr.args[-1].op == "norow" else _row_of(expr.args[-1], rows),
            expr.data == "first",
        )
    )


def _row_of(value: Expr, rows: Rows) -> Span | None:
    return None if value.span is None else rows.get((value.span.file, value.span.line, value.span.col))


def _rows_by_value(policy: Policy) -> Iterator[tuple[tuple[str, int, int], Span]]:
    """Where each value of each row begins → the place of the row's first value."""
    for table in policy.tables.values():
        for row in table.rows:
            spans = [leaf.node.span for leaf in row.values.values()]
            for span in spans:
                yield (span.file, span.line, span.col), spans[0]


def _is_written(span: Span | None) -> bool:
    return span is not None and not span.file.startswith("<")


def _is_whole(expr: Expr) -> bool:
    """A choice between truths, or a table of them, is no leaf."""
    return expr.op in ("coalesce", "agg") and any(arg.type == BOOL and arg.op != "const" for arg in expr.args)


def _reads_element(expr: Expr) -> bool:
    if expr.op == "fact":
        return expr.data.letter in ("e", "em")
    return expr.op != "agg" and any(map(_reads_element, expr.args))


def _can_be_unknown(expr: Expr) -> bool:
    if expr.op == "known":
        return False
    if expr.op == "fact":
        return not expr.data.is_static and expr.data.name not in _CERTAIN
    if expr.op in ("series", "step", "norow", "div"):
        return True
    return any(map(_can_be_unknown, expr.args))
