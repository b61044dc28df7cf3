"""What the keys of a decision table can be, cut where its rows tell them apart.

    strategy            each declared word, and one for all others
    side, a mode        each word
    account.balance     `< 500USD`, `>= 500USD`: between the limits that rows name, inside of the key's own range
    a condition         true, false

A combination takes one cell of each key. Whether a row matches there: True, False, or None where the cells don't say,
as of `>= account.equity * 2`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby, product
from math import inf, prod
from typing import Any, NamedTuple

from ruleengine.facts.catalogue import FACTS
from ruleengine.model.number import compare, scale_of
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.ranges import Range, Ranges
from ruleengine.typecheck.same import Keys
from ruleengine.typecheck.spoken import in_words
from ruleengine.typecheck.typed import Expr
from ruleengine.units import BOOL, NUMERIC, Type

OTHER = "\0other"
"""Stands for every word that the policy does not declare."""

_ONE = Decimal(1)
_MIRROR = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}


class Cell(NamedTuple):
    """`sample` stands for all its values; `text` says them."""

    sample: Any
    text: str


class Key(NamedTuple):
    """One key of the table; `name` as written under `by`."""

    same: Hashable
    name: str
    cells: tuple[Cell, ...]


Combination = Mapping[Hashable, Cell]


class Check(NamedTuple):
    """`value operation limit`; `limit` None where it is no constant, `is_settable` where a parameter gives it."""

    same: Hashable
    name: str
    value: Expr
    operation: str
    limit: Any
    is_settable: bool


class Grid:
    """The keys of one table and their cells."""

    def __init__(self, names: Names, conditions: Sequence[tuple[str, Expr]]) -> None:
        """`conditions`: what any row asks of a key, by the key's name."""
        self.names = names
        self.ranges, self.sames = Ranges(names.parameters, names.settable), Keys(names.parameters)
        checks: dict[Hashable, list[Check]] = {}
        for name, condition in conditions:
            for each in _comparisons(condition):
                check = self.check(each, name)
                checks.setdefault(check.same, []).append(check)
        self.keys = tuple(Key(same, group[0].name, tuple(self._cells(group))) for same, group in checks.items())

    def size(self) -> int:
        """How many combinations there are."""
        return prod(len(key.cells) for key in self.keys)

    def combinations(self) -> Iterator[Combination]:
        """Every combination of cells."""
        sames = [key.same for key in self.keys]
        return (dict(zip(sames, cells, strict=True)) for cells in product(*(key.cells for key in self.keys)))

    def check(self, expr: Expr, name: str = "") -> Check:
        value, limit, operation = expr.args[0], expr.args[1], expr.op
        if value.op == "const":
            value, limit, operation = limit, value, _MIRROR[operation]
        known = limit.data if limit.op == "const" else None
        return Check(self.sames.of(value), name, value, operation, known, self.ranges.is_settable(limit))

    def matches(self, condition: Expr, at: Combination, whatever_is_set: bool) -> bool | None:
        """Does the condition hold at a combination? `whatever_is_set`: with every value that `--set` may give."""
        if condition.op in ("and", "or"):
            parts = [self.matches(arg, at, whatever_is_set) for arg in condition.args]
            decides = condition.op == "or"
            return decides if decides in parts else None if None in parts else not decides
        if condition.op == "const":
            return bool(condition.data)
        check = self.check(condition)
        if check.limit is None or check.same not in at or (whatever_is_set and check.is_settable):
            return None
        return _holds(check, at[check.same].sample)

    # --- the cells of one key -----------------------------------------------------------------------------------------

    def _cells(self, checks: list[Check]) -> list[Cell]:
        value = checks[0].value
        if value.type == BOOL:
            return [Cell(True, "true"), Cell(False, "false")]
        if value.type.kind not in NUMERIC:
            return [Cell(word, word) for word in self._words(value, checks)]
        limits = sorted({each.limit for each in checks if isinstance(each.limit, Decimal)})
        return list(_pieces(limits, checks, self.ranges.of(value), value.type))

    def _words(self, value: Expr, checks: list[Check]) -> list[str]:
        if value.type.kind == "enum":
            words = self.names.vocabulary(value.type.arg)
        else:
            vocabulary = FACTS[value.label].values if value.label in FACTS else ""
            words = (*(self.names.vocabulary(vocabulary) if vocabulary else ()), OTHER)
        named = [each.limit for each in checks if isinstance(each.limit, str)]
        return list(dict.fromkeys([*words, *named]))


def _comparisons(condition: Expr) -> Iterator[Expr]:
    if condition.op in ("and", "or"):
        for arg in condition.args:
            yield from _comparisons(arg)
    elif condition.op in _MIRROR:
        yield condition


def _holds(check: Check, sample: Any) -> bool:
    if not isinstance(check.limit, Decimal):
        return bool(sample == check.limit) == (check.operation == "eq")
    return compare(check.operation, sample, check.limit, scale_of(check.value.type))


class _Piece(NamedTuple):
    low: Decimal | None
    high: Decimal | None
    sample: Decimal
    has_low: bool
    has_high: bool


def _pieces(limits: list[Decimal], checks: list[Check], values: Range, type_: Type) -> Iterator[Cell]:
    """A number's cells: pieces between limits and the limits themselves, joined where every row takes them alike."""

    def answers(piece: _Piece) -> tuple[bool, ...]:
        return tuple(_holds(each, piece.sample) for each in checks if isinstance(each.limit, Decimal))

    for _, group in groupby(_cut(limits, values), answers):
        pieces = list(group)
        first, last = pieces[0], pieces[-1]
        whole = _Piece(first.low, last.high, first.sample, first.has_low, last.has_high)
        yield Cell(whole.sample, _said(whole, values, type_))


def _cut(limits: list[Decimal], values: Range) -> Iterator[_Piece]:
    """Limits that a key's own range leaves out cut nothing."""
    before: Decimal | None = None
    for limit in limits:
        if not values.low <= float(limit) <= values.high:
            continue
        if before is not None:
            yield _Piece(before, limit, (before + limit) / 2, False, False)
        elif values.low < float(limit):
            below = limit - max(abs(limit), _ONE) if values.low == -inf else (Decimal(values.low) + limit) / 2
            yield _Piece(None, limit, below, False, False)
        yield _Piece(limit, limit, limit, True, True)
        before = limit
    if before is None:
        yield _Piece(None, None, _inside(values), False, False)
    elif float(before) < values.high:
        above = before + max(abs(before), _ONE) if values.high == inf else (before + Decimal(values.high)) / 2
        yield _Piece(before, None, above, False, False)


def _inside(values: Range) -> Decimal:
    """Any value of a range."""
    return Decimal(values.low if values.low != -inf else values.high if values.high != inf else 0.0)


def _said(piece: _Piece, values: Range, type_: Type) -> str:
    low = None if piece.low is None or (float(piece.low) <= values.low and values.low != -inf) else piece.low
    high = None if piece.high is None or float(piece.high) >= values.high else piece.high
    if low is not None and low == high:
        return in_words(float(low), type_)
    parts = []
    if low is not None:
        parts.append(f"{'>=' if piece.has_low else '>'} {in_words(float(low), type_)}")
    if high is not None:
        parts.append(f"{'<=' if piece.has_high else '<'} {in_words(float(high), type_)}")
    return ", ".join(parts) or "any"
