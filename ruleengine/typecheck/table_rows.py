"""Rows of decision tables that never count, that cross each other, and combinations that no row gives.

Of each column that something reads, over the cells of its table's keys (`grid.py`):

    a row that matches nowhere, or (`combine: first`) only where a row above it matches     an error: it never counts
    two rows under `first` of which neither is the narrower, where both match               a warning: order decides
    a combination of declared words and numbers that no row gives, and no `otherwise`       a warning: unknown there

What a parameter decides counts as possible, in rows that never count; a gap is one with the values that are set now.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import table_rows as faults
from ruleengine.schema.places import span_of
from ruleengine.typecheck.grid import OTHER, Combination, Grid
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.typed import Expr, TypedColumn, TypedRow

_SHOWN = 3
_WORK_MAX = 200_000
"""Pairs of rows at all combinations. Of a larger table nothing is said: it is data, not a decision to be read."""


def rows_that_miss(names: Names) -> Iterator[Diagnostic]:
    """Findings of every table."""
    for table in dict.fromkeys(name for name, _ in names.columns_read):
        columns = {column: each for (name, column), each in names.columns_read.items() if name == table}
        if all(condition.is_sound for each in columns.values() for row in each.rows for _, condition in row.conditions):
            yield from _of_table(names, table, columns)


def grid_of(names: Names, columns: Sequence[TypedColumn]) -> Grid:
    """The keys that any row of the columns asks for."""
    return Grid(names, [condition for each in columns for row in each.rows for condition in row.conditions])


def _of_table(names: Names, table: str, columns: dict[str, TypedColumn]) -> Iterator[Diagnostic]:
    told: set[tuple[int, ...]] = set()
    gaps: dict[tuple[str, ...], list[str]] = {}
    for name, column in columns.items():
        grid = grid_of(names, [column])
        if grid.size() * len(column.rows) ** 2 > _WORK_MAX:
            continue
        at = _At(grid, column, list(grid.combinations()))
        idle = dict(_never_counting(at))
        crossing = dict(_crossing(at, idle)) if column.combine == "first" else {}
        for rows, found in {**idle, **crossing}.items():
            if rows not in told:  # rows that miss in one column mostly miss in all
                told.add(rows)
                yield found
        missing = tuple(_gaps(at)) if column.otherwise is None else ()
        if missing and is_read_bare(names.read, f"{table}.{name}"):
            gaps.setdefault(missing, []).append(name)
    for missing, without in gaps.items():
        more = len(missing) - _SHOWN
        yield faults.no_row(span_of(names.policy, ("tables", table)), table, without, missing[:_SHOWN], max(more, 0))


class _At:
    """Which rows of a column match at each combination."""

    def __init__(self, grid: Grid, column: TypedColumn, combinations: list[Combination]) -> None:
        self.grid, self.column, self.combinations = grid, column, combinations
        self.ever = [[self._match(row, at, True) for row in column.rows] for at in combinations]

    def _match(self, row: TypedRow, at: Combination, whatever_is_set: bool) -> bool | None:
        parts = [self.grid.matches(condition, at, whatever_is_set) for _, condition in row.conditions]
        return False if False in parts else None if None in parts else True

    def now(self, at: Combination) -> list[bool | None]:
        return [self._match(row, at, False) for row in self.column.rows]


Found = tuple[tuple[int, ...], Diagnostic]


def _never_counting(at: _At) -> Iterator[Found]:
    for index, row in enumerate(at.column.rows):
        where = [matches for matches in at.ever if matches[index] is not False]
        if not where:
            yield (row.number,), faults.row_matches_nothing(row.place)
            continue
        if at.column.combine != "first":
            continue
        above = [next((i for i in range(index) if matches[i]), None) for matches in where]
        if None not in above:
            places = [at.column.rows[i].place for i in dict.fromkeys(above) if i is not None]
            yield (row.number,), faults.row_hidden(row.place, places)


def _crossing(at: _At, idle: Container[tuple[int, ...]]) -> Iterator[Found]:
    """Two rows that both match somewhere, where neither is the other's special case; `idle` ones aside."""
    rows = at.column.rows
    counting = [index for index, row in enumerate(rows) if (row.number,) not in idle]
    for place, low in enumerate(counting):
        row = rows[low]
        for high in counting[:place]:
            pairs = {(matches[high], matches[low]) for matches in at.ever}
            both, upper, lower = (True, True) in pairs, (True, False) in pairs, (False, True) in pairs
            if both and upper and lower and not _is_same(rows[high].value, row.value):
                yield (rows[high].number, row.number), faults.rows_cross(row.place, rows[high].place)


def _is_same(one: Expr, other: Expr) -> bool:
    return one.op == other.op == "const" and one.data == other.data


def _gaps(at: _At) -> Iterator[str]:
    """Combinations of declared words and numbers at which no row can match, in words."""
    names = {key.same: key.name for key in at.grid.keys}
    for combination in at.combinations:
        if any(cell.sample == OTHER for cell in combination.values()):
            continue
        if not any(matches is not False for matches in at.now(combination)):
            yield " and ".join(f"{names[same]} is {cell.text}" for same, cell in combination.items())


def is_read_bare(read: Sequence[Expr], column: str) -> bool:
    """Is the column read anywhere without saying what holds where it is unknown (`coalesce`, `known`)?"""
    return any(_is_bare(expr, column) for expr in read)


def _is_bare(expr: Expr, column: str) -> bool:
    if expr.op == "table" and expr.label == column:
        return True
    if expr.op == "known":
        return False
    args = expr.args[-1:] if expr.op == "coalesce" else expr.args
    return any(_is_bare(arg, column) for arg in args)
