"""RE425–RE428: rows of decision tables that never count or cross, and combinations that none gives.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Related, Severity
from ruleengine.diagnostics.span import Span


@fault(
    "RE425",
    title="combination that no row gives",
    what="For some values of the table's keys no row matches, and no row is `otherwise`.",
    why="The column is unknown there: what opens is refused, what closes waits by its own `on_unknown`. Where such a "
    "combination can't come, an `otherwise` costs nothing; where it can, the refusal comes as a surprise. Nothing is "
    "done that should not be, so it is a warning. What reads the column by `coalesce(…)` or `known(…)` has its answer.",
    bad="rows: [{when: {side: long}, values: {n: 1}}]",
    good="rows: [{when: {side: long}, values: {n: 1}}, {otherwise: true, values: {n: 2}}]",
    proof="none: shown in tests/typecheck/test_table_rows.py",
    severity=Severity.WARNING,
)
def no_row(span: Span, table: str, columns: Sequence[str], where: Sequence[str], more: int) -> Wording:
    """`where`: combinations in words; `more`: how many are left out."""
    given = ", ".join(word(f"{table}.{column}") for column in columns)
    left_out = f", and {more} more" if more else ""
    at = f" where {'; '.join(where)}{left_out}" if all(where) else ""
    return says(f"no row gives {given}{at}", "add a row for it, or one that is `otherwise: true`")


@fault(
    "RE426",
    title="row that never counts",
    what="Wherever the row matches, a row above it matches too, and the column takes the first.",
    why="Its values are never used, whatever they promise: mostly the general row stands above the special one.",
    bad="rows: [{when: {spread: < 5pips}, values: {n: 1}}, {when: {spread: < 2pips}, values: {n: 2}}]",
    good="rows: [{when: {spread: < 2pips}, values: {n: 2}}, {when: {spread: < 5pips}, values: {n: 1}}]",
    proof="none: shown in tests/typecheck/test_table_rows.py",
)
def row_hidden(span: Span, above: Sequence[Span]) -> Wording:
    return says(
        "this never counts: a row above it matches wherever its own does",
        "put the narrower row first, or say how several rows combine (`combine: min`)",
        related=tuple(Related("counts instead", place) for place in above[:3]),
    )


@fault(
    "RE427",
    title="rows that cross",
    what="Two rows match at the same time, neither is a special case of the other, and the column takes the first.",
    why="Which of the two counts hangs on their order alone, which is easily changed without a thought of it.",
    bad="rows: [{when: {side: long}, values: {n: 1}}, {when: {intent: entry}, values: {n: 2}}]",
    good="rows: [{when: {side: long, intent: entry}, values: {n: 3}}, {when: {side: long}, values: {n: 1}}, …]",
    proof="none: shown in tests/typecheck/test_table_rows.py",
    severity=Severity.WARNING,
)
def rows_cross(span: Span, above: Span) -> Wording:
    return says(
        "where both rows match, the one above counts, and neither is the narrower",
        "add a row above both for where they meet, or say how several rows combine (`combine: min`)",
        related=(Related("the row above", above),),
    )


@fault(
    "RE428",
    title="row that matches nothing",
    what="Of the values that the table's keys can have, none meets what the row asks for.",
    why="Its values are never used: mostly a limit in the wrong unit or a word that stands for something else.",
    bad="rows: [{when: {spread: < 0pips}, values: {n: 1}}]",
    good="rows: [{when: {spread: < 1pips}, values: {n: 1}}]",
    proof="none: shown in tests/typecheck/test_table_rows.py",
)
def row_matches_nothing(span: Span) -> Wording:
    return says("this never counts: its row matches nothing", "compare its keys with values that they can have")
