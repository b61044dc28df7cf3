"""Comparisons whose answer is known before any data, and comparisons that can't hold together.

    rsi(m1, 14) > 150               never: the index is 0 to 100
    size * 0 <= 5units              always
    spread > 5pips and spread < 3pips      each for itself can hold, the two never
    spread > 3pips or spread < 5pips       one of the two always holds

Never: false or unknown, whatever the market does and whatever `--set` makes of a parameter within its bounds. Always:
true or unknown. What is said here is so; much that is so is not said, as ranges know nothing of how facts hang
together. Of facts' own definitions nothing is said: only comparisons that the author wrote are looked at.

    1. `Truths.of` gives each condition's answer, from the ranges of what it compares (`ranges.py`)
    2. joined conditions are taken apart into what has to hold with them (`together.py`), and what these say of one
       value (`same.py`) is brought together
"""

from __future__ import annotations

from collections.abc import Iterator

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import contradictions as faults
from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.ranges import Ranges, is_below
from ruleengine.typecheck.same import Keys
from ruleengine.typecheck.spoken import name_of, range_in_words
from ruleengine.typecheck.together import Literal, conflict, literals
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, COMPARISON_SCALE

ORDERED = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_READING = frozenset({"fact", "series", "step", "agg"})


class Truths:
    """What is known of conditions. True: never false; False: never true; None: not known."""

    def __init__(self, names: Names) -> None:
        self.ranges = Ranges(names.parameters, names.settable)
        self.keys = Keys(names.parameters)
        self.known: dict[Expr, bool | None] = {}
        self.named = {**FACTS, **names.features, **names.policy.modes}

    def is_named(self, expr: Expr) -> bool:
        """Is it a fact, a feature or a mode, with a definition elsewhere?"""
        return expr.label in self.named

    def of(self, expr: Expr) -> bool | None:
        if expr not in self.known:
            self.known[expr] = self._of(expr)
        return self.known[expr]

    def _of(self, expr: Expr) -> bool | None:
        if expr.op in ORDERED:
            return self._compared(expr)
        if expr.op == "not":
            inner = self.of(expr.args[0])
            return None if inner is None else not inner
        if expr.op in ("and", "or"):
            decides = expr.op == "or"
            parts = [self.of(arg) for arg in expr.args]
            if decides in parts or self.conflict(expr) is not None:
                return decides
            return not decides if all(part is not decides and part is not None for part in parts) else None
        if expr.op == "const" and isinstance(expr.data, bool) and not self.ranges.is_settable(expr):
            return expr.data
        return None

    def conflict(self, expr: Expr) -> tuple[Literal, Literal] | None:
        """Two comparisons of an `and` that can't hold together; of an `or`, two that can't both be false."""
        return conflict(literals(expr, expr.op == "and"), self.ranges, self.keys)

    def _compared(self, expr: Expr) -> bool | None:
        left, right = expr.args
        if left.type == ANY or right.type == ANY or left.type.kind not in COMPARISON_SCALE:
            return None
        scale = max(float(COMPARISON_SCALE.get(each.type.kind, "0")) for each in (left, right))
        a, b = self.ranges.of(left), self.ranges.of(right)
        is_less, is_more = is_below(a.high, b.low, scale), is_below(b.high, a.low, scale)
        is_never_less, is_never_more = not is_below(a.low, b.high, scale), not is_below(b.low, a.high, scale)
        match expr.op:
            case "lt":
                return True if is_less else False if is_never_less else None
            case "le":
                return True if is_never_more else False if is_more else None
            case "gt":
                return True if is_more else False if is_never_more else None
            case "ge":
                return True if is_never_less else False if is_less else None
        is_same = is_never_less and is_never_more
        equal = True if is_same else False if is_less or is_more else None
        return equal if equal is None or expr.op == "eq" else not equal


def contradictions(names: Names) -> Iterator[Diagnostic]:
    """A finding for each comparison, and each pair of comparisons, whose answer is known."""
    truths = Truths(names)
    seen: set[Expr] = set()
    for expr in names.read:
        yield from _found(expr, truths, seen, is_whole=True)


def _found(expr: Expr, truths: Truths, seen: set[Expr], is_whole: bool = False) -> Iterator[Diagnostic]:
    """Of one expression and its parts. A feature is looked at where it is defined."""
    if expr in seen or expr.op == "const" or truths.is_named(expr):
        return
    seen.add(expr)
    if expr.op in ("and", "or") and expr.span is not None:
        parts = list(_parts(expr, truths))
        if all(truths.of(part) is None for part in parts):
            pair = truths.conflict(expr)
            if pair is not None:
                yield _joined(expr, expr.span, pair)
        for part in parts:
            yield from _found(part, truths, seen)
        return
    if expr.op in ORDERED and expr.span is not None and _says(expr, truths, is_whole):
        answer = truths.of(expr)
        if answer is not None:
            yield _alone(expr, expr.span, answer, truths.ranges, is_whole)
    for arg in expr.args:
        yield from _found(arg, truths, seen)


def _parts(expr: Expr, truths: Truths) -> Iterator[Expr]:
    """What a chain of one word joins: its inner chains are looked at with it."""
    for arg in expr.args:
        if arg.op == expr.op and not truths.is_named(arg):
            yield from _parts(arg, truths)
        else:
            yield arg


def _says(expr: Expr, truths: Truths, is_whole: bool) -> bool:
    """Is it to be looked at? It reads something, or is a part that a parameter switches. Of constants alone a whole
    condition is RE344, and literals that are compared say nothing that the eye does not see."""
    nodes = list(expr.walk())
    return any(node.op in _READING for node in nodes) or (
        not is_whole and any(truths.ranges.is_settable(node) for node in nodes)
    )


def _alone(expr: Expr, place: Span, answer: bool, ranges: Ranges, is_whole: bool) -> Diagnostic:
    reason = " and ".join(
        f"{name_of(side, otherwise)} is {range_in_words(ranges.of(side), side.type)}"
        for side, otherwise in zip(expr.args, ("the left side", "the right side"), strict=True)
        if side.op != "const" or ranges.is_settable(side)
    )
    if not answer:
        return faults.never_holds(place, reason)
    return faults.always_holds(place, reason) if is_whole else faults.part_always_holds(place, reason)


def _joined(expr: Expr, place: Span, pair: tuple[Literal, Literal]) -> Diagnostic:
    places = (pair[0].place or place, pair[1].place or place)
    return faults.exclude_each_other(place, *places) if expr.op == "and" else faults.leave_nothing_out(place, *places)
