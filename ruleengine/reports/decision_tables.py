"""What a policy's decision tables give for every combination of their keys, several matching rows combined (SC-04).

A column over two keys is drawn as a square: the last key of the table across, the others down. Values are those of the
parameters that are set; a value that the market decides is shown as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from ruleengine.graph import written
from ruleengine.graph.table import combine
from ruleengine.reports.tables import Table
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.grid import OTHER, Cell, Combination, Grid, Key
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.policy import TypedPolicy
from ruleengine.typecheck.table_rows import grid_of
from ruleengine.typecheck.typed import TypedColumn, TypedRow

CELLS_MAX = 2_000
"""Of more, only the number is said."""

NO_ROW, OPEN = "no row", "?"
_HOW = {
    "first": "the first row that matches counts",
    "min": "the smallest of all matching rows",
    "max": "the largest of all matching rows",
    "product": "the product of all matching rows",
}


def decision_tables(typed: TypedPolicy) -> list[Table]:
    """One table for each column that something reads; columns over one key stand side by side."""
    found: list[Table] = []
    for name, declared in typed.policy.tables.items():
        columns = {column: each for (table, column), each in typed.names.columns_read.items() if table == name}
        if columns:
            order = [leaf.text for leaf in declared.by]
            found += _of_table(typed.names, name, order, columns)
    return found


def _of_table(names: Names, name: str, order: Sequence[str], columns: dict[str, TypedColumn]) -> Iterator[Table]:
    grid = grid_of(names, list(columns.values()))
    keys = sorted(grid.keys, key=lambda key: order.index(key.name))
    if grid.size() > CELLS_MAX:
        yield Table(name, [""], note=f"{grid.size()} combinations: too many to be drawn")
    elif len(keys) < 2:
        yield _side_by_side(grid, name, keys, columns)
    else:
        for column, each in columns.items():
            yield _square(grid, f"{name}.{column}", keys, each)


def _side_by_side(grid: Grid, name: str, keys: Sequence[Key], columns: dict[str, TypedColumn]) -> Table:
    cells = [(cell,) for cell in keys[0].cells] if keys else [()]
    rows = []
    for at in cells:
        combination = _combination(keys, at)
        rows.append([*map(_said, at), *(value_at(grid, column, combination) for column in columns.values())])
    how = "; ".join(f"{column}: {_HOW[each.combine]}" for column, each in columns.items())
    heads = [*(key.name for key in keys), *columns]
    return Table(name, heads, rows, tuple(range(len(keys), len(heads))), how)


def _square(grid: Grid, title: str, keys: Sequence[Key], column: TypedColumn) -> Table:
    *down, across = keys
    rows = []
    for at in product(*(key.cells for key in down)):
        values = [value_at(grid, column, _combination(keys, (*at, cell))) for cell in across.cells]
        rows.append([*map(_said, at), *values])
    heads = [*(key.name for key in down), *(f"{across.name}: {_said(cell)}" for cell in across.cells)]
    return Table(title, heads, rows, tuple(range(len(down), len(heads))), _HOW[column.combine])


def _combination(keys: Sequence[Key], cells: Sequence[Cell]) -> Combination:
    return {key.same: cell for key, cell in zip(keys, cells, strict=True)}


def _said(cell: Cell) -> str:
    return "others" if cell.sample == OTHER else cell.text


# --- one combination -------------------------------------------------------------------------------------------------


def value_at(grid: Grid, column: TypedColumn, at: Combination) -> str:
    """What the column gives: a value, `no row`, or `?` where a row asks for more than its keys say."""
    matching: list[TypedRow] = []
    for row in column.rows:
        matches = _matches(grid, row, at)
        if matches is None:
            return OPEN
        if matches:
            matching.append(row)
            if column.combine == "first":
                break
    if not matching:
        return _alone(column.otherwise) if column.otherwise is not None else NO_ROW
    values = [fold(row.value) for row in matching]
    if all(value.op == "const" for value in values):
        pairs = [each for value in values for each in (True, value.data)]
        return written(combine(column.combine, pairs, None), column.type.kind)
    if len(matching) == 1:
        return _alone(matching[0])
    texts = list(dict.fromkeys(map(_alone, matching)))
    return " × ".join(texts) if column.combine == "product" else f"{column.combine}({', '.join(texts)})"


def _matches(grid: Grid, row: TypedRow, at: Combination) -> bool | None:
    parts = [grid.matches(condition, at, whatever_is_set=False) for _, condition in row.conditions]
    return False if False in parts else None if None in parts else True


def _alone(row: TypedRow) -> str:
    value = fold(row.value)
    return written(value.data, value.type.kind) if value.op == "const" else row.text
