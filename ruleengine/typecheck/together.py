"""Two conditions that can't both hold: bounds of one value that don't meet, two words for one fact, a thing and its
contrary. What is said here is so; three conditions that only together exclude each other are not looked for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from decimal import Decimal
from math import inf, isinf
from typing import NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.ranges import Ranges
from ruleengine.typecheck.same import Keys
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, COMPARISON_SCALE, NOTHING

CONTRARY = {"lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "eq": "ne", "ne": "eq"}
MIRROR = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}
_SIGNS = {"lt": {-1}, "le": {-1, 0}, "gt": {1}, "ge": {0, 1}, "eq": {0}, "ne": {-1, 1}}
"""Of left − right, in which a comparison holds; the language's tolerance leaves exactly one of the three."""


class Literal(NamedTuple):
    """A condition, or its contrary."""

    expr: Expr
    holds: bool

    @property
    def place(self) -> Span | None:
        return self.expr.span


def literals(expr: Expr, holds: bool) -> list[Literal]:
    """What has to hold wherever the condition (or its contrary) does: of an `and` its parts, and so on."""
    if expr.label not in FACTS:
        if expr.op == "not":
            return literals(expr.args[0], not holds)
        if expr.op == ("and" if holds else "or"):
            return [literal for arg in expr.args for literal in literals(arg, holds)]
    return [Literal(expr, holds)]


class _Bounds(NamedTuple):
    low: float
    low_by: Literal | None
    high: float
    high_by: Literal | None


def conflict(found: Sequence[Literal], ranges: Ranges, keys: Keys) -> tuple[Literal, Literal] | None:
    """Two of them that can't both hold; None where none are known to be such."""
    if len(found) < 2:
        return None
    by_key: dict[Hashable, list[Literal]] = {}
    for literal in found:
        for key in _values(literal.expr, keys):
            by_key.setdefault(key, []).append(literal)
    for key, group in by_key.items():
        if len(group) > 1:
            pair = _contrary(group, keys) or _apart(key, group, ranges, keys)
            if pair is not None:
                return pair
    return None


def _values(expr: Expr, keys: Keys) -> Iterator[Hashable]:
    """What it says something of: both sides of a comparison, or itself."""
    words = _words(Literal(expr, True), keys)
    if words is not None:
        yield words.key
    elif expr.op in _SIGNS:
        yield from dict.fromkeys(keys.of(arg) for arg in expr.args if arg.op != "const")
    else:
        yield keys.of(expr)


# --- a thing and its contrary ----------------------------------------------------------------------------------------


def _contrary(group: Sequence[Literal], keys: Keys) -> tuple[Literal, Literal] | None:
    for index, one in enumerate(group):
        for other in group[index + 1 :]:
            if _are_contrary(one, other, keys):
                return one, other
    return _none_left(group, keys)


def _none_left(group: Sequence[Literal], keys: Keys) -> tuple[Literal, Literal] | None:
    """`intent in (entry, exit)` beside `intent != entry` and `intent != exit`."""
    said = [(literal, words) for literal in group if (words := _words(literal, keys)) is not None]
    excluded = frozenset(word for _, words in said if not words.is_one for word in words.words)
    for literal, words in said:
        if words.is_one and words.words <= excluded:
            return literal, next(each for each, other in said if not other.is_one)
    return None


def _are_contrary(one: Literal, other: Literal, keys: Keys) -> bool:
    words = _words(one, keys), _words(other, keys)
    if words[0] is not None and words[1] is not None:
        return words[0].excludes(words[1])
    if one.expr.op in _SIGNS and other.expr.op in _SIGNS:
        a, b = [keys.of(arg) for arg in one.expr.args], [keys.of(arg) for arg in other.expr.args]
        operation = _operation(other)
        if a == b[::-1] and a != b:
            operation = MIRROR[operation]
        return a in (b, b[::-1]) and not _SIGNS[_operation(one)] & _SIGNS[operation]
    return one.holds != other.holds and keys.of(one.expr) == keys.of(other.expr)


def _operation(literal: Literal) -> str:
    return literal.expr.op if literal.holds else CONTRARY[literal.expr.op]


class _Words(NamedTuple):
    """A fact is one of the words, or (`is_one` false) none of them."""

    key: Hashable
    words: frozenset[str]
    is_one: bool

    def excludes(self, other: _Words) -> bool:
        if self.key != other.key or not (self.is_one or other.is_one):
            return False
        if self.is_one and other.is_one:
            return not self.words & other.words
        one, none = (self, other) if self.is_one else (other, self)
        return one.words <= none.words


def _words(literal: Literal, keys: Keys) -> _Words | None:
    """What `side == long`, `side != long` or `strategy in (A, B)` says; None of anything else."""
    expr = literal.expr
    parts = expr.args if expr.op == "or" else (expr,)
    found = [_word(part, keys) for part in parts]
    first = found[0]
    if first is None or any(each is None or each[0] != first[0] or each[2] != first[2] for each in found):
        return None
    if len(found) > 1 and not first[2]:
        return None  # not this word or not that one: says nothing of one word
    return _Words(first[0], frozenset(each[1] for each in found if each), first[2] == literal.holds)


def _word(expr: Expr, keys: Keys) -> tuple[Hashable, str, bool] | None:
    if expr.op not in ("eq", "ne"):
        return None
    left, right = expr.args
    if left.op == "const":
        left, right = right, left
    if right.op != "const" or not isinstance(right.data, str) or left.op == "const":
        return None
    if right.label in keys.parameters:
        return None
    return keys.of(left), right.data, expr.op == "eq"


# --- bounds that don't meet ------------------------------------------------------------------------------------------


def _apart(key: Hashable, group: Sequence[Literal], ranges: Ranges, keys: Keys) -> tuple[Literal, Literal] | None:
    bounds, scale = _Bounds(-inf, None, inf, None), 0.0
    for literal in group:
        for operation, value, other in _sides(literal, key, keys):
            scale = max(scale, float(COMPARISON_SCALE.get(value.type.kind, "0")))
            bounds = _narrowed(bounds, operation, other, ranges, literal)
    if bounds.low_by is None or bounds.high_by is None or not _is_gap(bounds, scale):
        return None
    first, second = sorted((bounds.low_by, bounds.high_by), key=group.index)
    return first, second


def _sides(literal: Literal, key: Hashable, keys: Keys) -> Iterator[tuple[str, Expr, Expr]]:
    """(operation, the value, what it is compared with), where the value is the one of the key."""
    if literal.expr.op not in _SIGNS:
        return
    left, right = literal.expr.args
    if ANY in (left.type, right.type):
        return
    if keys.of(left) == key:
        yield _operation(literal), left, right
    elif keys.of(right) == key:
        yield MIRROR[_operation(literal)], right, left


def _narrowed(bounds: _Bounds, operation: str, other: Expr, ranges: Ranges, by: Literal) -> _Bounds:
    if other.op == "const" and not isinstance(other.data, Decimal):
        return bounds
    low, high = ranges.of(other)
    if operation in ("gt", "ge", "eq") and low > bounds.low:
        bounds = bounds._replace(low=low, low_by=by)
    if operation in ("lt", "le", "eq") and high < bounds.high:
        bounds = bounds._replace(high=high, high_by=by)
    return bounds


def _is_gap(bounds: _Bounds, scale: float) -> bool:
    """Is the lower bound above the upper one, by more than both comparisons let pass?"""
    if isinf(bounds.low) or isinf(bounds.high):
        return False
    return bounds.low - bounds.high > 4 * NOTHING * max(abs(bounds.low), abs(bounds.high), scale)
