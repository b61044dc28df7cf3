"""A column of a decision table → one expression: which rows match, and how several matches combine."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import measures, naming, sense
from ruleengine.schema.leaf import Expression
from ruleengine.schema.tables import Row, Table
from ruleengine.syntax import parse, tree
from ruleengine.typecheck.fitting import fit_declared
from ruleengine.typecheck.parameters import UNIT_WORDS, type_of_unit
from ruleengine.typecheck.remedies import of_value
from ruleengine.typecheck.typed import Expr, TypedColumn, TypedRow
from ruleengine.units import ANY, BOOL, NUMERIC, SCALARS

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_CONDITION = re.compile(r"\s*(<=|>=|<|>|==|!=)")


def column(checker: Checker, name: str, table: Table, column_name: str, place: Span) -> Expr:
    """`table.column` at `place`. Rows are tried from the top; `otherwise` rows count where no other row matches."""
    declared = table.columns[column_name]
    wanted = type_of_unit(declared.unit.text)
    if wanted is None:
        return checker.fail(naming.unknown_word(declared.unit.node.span, declared.unit.text, "unit", tuple(UNIT_WORDS)))
    takes = SCALARS if declared.combine == "product" else NUMERIC
    if declared.combine != "first" and wanted.kind not in takes:
        return checker.fail(measures.cannot_combine(declared.unit.node.span, str(wanted), declared.combine))
    rows: list[TypedRow] = []
    otherwise: TypedRow | None = None
    for number, row in enumerate(table.rows):
        if column_name not in row.values:
            continue
        leaf = row.values[column_name]
        value = checker.check(leaf)
        fitted = value if value.type == ANY else fit_declared(checker, value, wanted)
        if fitted is None:
            remedy = of_value(checker, value, wanted)
            checker.names.found.append(measures.wrong_value_type(leaf.node.span, str(wanted), str(value.type), remedy))
            continue
        if row.otherwise:
            if otherwise is not None:
                checker.names.found.append(sense.second_otherwise(leaf.node.span, column_name))
            otherwise = otherwise or TypedRow(number, (), fitted, leaf.text, leaf.node.span)
        else:
            rows.append(TypedRow(number, _conditions(checker, table, row), fitted, leaf.text, leaf.node.span))
    combine = declared.combine
    if combine == "most_conservative":
        combine = "max" if declared.conservative == "high" else "min"
    if len(rows) + (otherwise is not None) == sum(column_name in row.values for row in table.rows):  # none has a fault
        found = TypedColumn(combine, wanted, tuple(rows), otherwise)
        checker.names.columns_read.setdefault((name, column_name), found)
    last = otherwise.value if otherwise else Expr("norow", wanted, data=f"{name}.{column_name}")
    parts = [part for row in rows for part in (_match(row), row.value)]
    return Expr("table", wanted, (*parts, last), combine, place, f"{name}.{column_name}")


def _match(row: TypedRow) -> Expr:
    """All keys of the row hold; a row without `when` always matches."""
    conditions = tuple([condition for _, condition in row.conditions])
    if not conditions:
        return Expr("const", BOOL, data=True)
    return conditions[0] if len(conditions) == 1 else Expr("and", BOOL, conditions)


def _conditions(checker: Checker, table: Table, row: Row) -> tuple[tuple[str, Expr], ...]:
    """What the row asks of each of its keys."""
    keys = {leaf.text: leaf for leaf in table.by}
    conditions: list[tuple[str, Expr]] = []
    for key, wanted in (row.when or {}).items():
        if key not in keys:
            where = wanted[0] if isinstance(wanted, list) else wanted
            checker.names.found.append(naming.unknown_reference(where.node.span, "key fact", key, list(keys)))
            continue
        choices = wanted if isinstance(wanted, list) else [wanted]
        alternatives = [_one(checker, keys[key], choice) for choice in choices]
        condition = alternatives[0] if len(alternatives) == 1 else Expr("or", BOOL, tuple(alternatives))
        conditions.append((key, condition))
    return tuple(conditions)


def _one(checker: Checker, key: Expression, choice: Expression) -> Expr:
    """`strategy: M1Scalper` is `strategy == M1Scalper`; `balance: "< 500USD"` is `balance < 500USD`."""
    text = choice.text.strip()
    match = _CONDITION.match(text)
    operator, operand = (match[1], text[match.end() :]) if match else ("==", text)
    sides = [_syntax(checker, side, choice) for side in (key.text, operand)]
    if None in sides:
        return Expr("const", ANY, data=True, span=choice.node.span)
    # the two stand at other columns than in the file: faults in them are shown at the choice as a whole
    before, checker.place = checker.place, Expression(choice.text, _Whole(choice))  # type: ignore[arg-type]
    matched = checker.read(tree.Compare(operator, sides[0], sides[1], 0, 0))  # type: ignore[arg-type]
    checker.place = before
    return _unplaced(matched)


def _syntax(checker: Checker, text: str, choice: Expression) -> tree.Syntax | None:
    syntax, found = parse(text, Span("", 1, 1, 1, len(text) + 1))
    checker.names.found += [replace(each, span=choice.node.span) for each in found]
    return syntax


def _unplaced(expr: Expr) -> Expr:
    """The same without places: which row a table took is no check of the author's, and is not recorded as one."""
    args = tuple(_unplaced(arg) for arg in expr.args)
    return Expr(expr.op, expr.type, args, expr.data, None, expr.label)


class _Whole:
    """Stands for a scalar node whose every part is shown at the whole scalar."""

    def __init__(self, leaf: Expression) -> None:
        self.span = leaf.node.span

    def span_at(self, start: int, end: int) -> Span:
        return self.span
