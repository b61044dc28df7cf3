"""Closed trades by gate value: in buckets of each figure, winners against losers, and what a limit would have kept.

A bucket holds its upper edge and not its lower one, so that `<= edge` says the same as the rule would.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ruleengine.model.figure import figure
from ruleengine.reports.document import left_out
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.performance import HEADS, SQL, Performance
from ruleengine.reports.tables import Table

Edges = Mapping[str, tuple[float, ...]]
Part = tuple[Table, list[dict[str, Any]]]
EQUAL = 1e-9
"""The language's measure of equality (`model.number`), of a value of one or more."""
ROWS_MAX = 60
"""Rows of a table of buckets; JSON has all."""


def reached(edge: float) -> float:
    """What still counts as the edge: two numbers that the language takes for equal are equal here.

    >>> 0.2000000000009 <= reached(0.2), 0.2001 <= reached(0.2)
    (True, False)
    """
    return edge + EQUAL * max(abs(edge), 1.0)


def is_level(unit: str) -> bool:
    """Prices, sizes and amounts of the account say little across days: tables leave them out unless they are asked for.

    >>> is_level("JPY"), is_level("price"), is_level("pips")
    (True, True, False)
    """
    return unit in ("price", "units", "contracts") or unit.isupper()


def numbers_of(evidence: Evidence, only: Sequence[str]) -> None:
    """Make the table `gates`: a row for each closed trade and figure of its opening decision."""
    evidence.connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE gates AS
        SELECT c.id, c.strategy, c.pips, c.result, g.name, g.unit, g.value, g.word, g.is_after
        FROM closed AS c JOIN (
            SELECT n, name, any_value(unit) AS unit, any_value(value) AS value, any_value(word) AS word,
                   bool_and(is_after) AS is_after FROM (
                SELECT n, what AS name, unit, measured AS value, word, false AS is_after FROM compared
                WHERE unknown IS NULL
                UNION ALL SELECT n, name, unit, value, word, coalesce(is_after, false) FROM figures
                WHERE unknown IS NULL
            ) GROUP BY n, name
        ) AS g ON g.n = c.decision
        WHERE len(?) = 0 OR list_contains(?, g.name)
        """,
        [list(only), list(only)],
    )


def by_number(evidence: Evidence, min_count: int, edges: Edges, by_strategy: bool, asked: Collection[str]) -> Part:
    heads = ["figure", *(["strategy"] if by_strategy else []), "bucket", *HEADS]
    table = Table("By gate value", heads, right=tuple(range(len(heads) - 6, len(heads))))
    data: list[dict[str, Any]] = []
    small, rows_small = 0, 0
    for name, unit, strategy in _figures(evidence, min_count, by_strategy):
        where, values = _of(name, strategy)
        cuts = edges.get(name) or _quartiles(evidence, where, values)
        for low, high in _intervals(cuts):
            bounds = [] if low is None else [f"value > {reached(low)!r}"]
            bounds += [] if high is None else [f"value <= {reached(high)!r}"]
            row = evidence.one(f"SELECT {SQL} FROM gates WHERE {' AND '.join([where, *bounds])}", values)
            if row[0] < min_count:
                small, rows_small = small + (row[0] > 0), rows_small + row[0]
                continue
            found = Performance.of(row)
            bucket = interval_text(low, high, unit)
            cells = [name, *([strategy or "all"] if by_strategy else []), bucket]
            if name in asked or not is_level(unit):
                table.rows.append([*cells, *found.cells(evidence.currency)])
            data.append({"figure": name, "unit": unit, "strategy": strategy, "above": low, "up_to": high,
                         **found.as_json()})  # fmt: skip
    _cut(table)
    _small(table, left_out(small, rows_small, "trades"))
    later = _later(evidence)
    _small(table, f"known only when it was done, no gate values: {', '.join(later)}" if later and data else "")
    return table, data


def limits(evidence: Evidence, min_count: int, edges: Edges, by_strategy: bool, asked: Collection[str]) -> Part:
    """For each edge: the trades at or below it, and those above: what `<= edge` would have kept and left out."""
    heads = ["figure", *(["strategy"] if by_strategy else []), "limit", "kept n", "pips: mean", "sum", "left out n",
             "pips: mean", "sum"]  # fmt: skip
    later = _later(evidence)
    table = Table("What a limit would have kept", heads, right=tuple(range(len(heads) - 7, len(heads))))
    data: list[dict[str, Any]] = []
    for name, unit, strategy in _figures(evidence, min_count, by_strategy):
        where, values = _of(name, strategy)
        if name in later:
            continue
        for edge in edges.get(name) or _quartiles(evidence, where, values):
            sides = [
                Performance.of(
                    evidence.one(f"SELECT {SQL} FROM gates WHERE {where} AND value {sign} {reached(edge)!r}", values)
                )
                for sign in ("<=", ">")
            ]
            cells = [name, *([strategy or "all"] if by_strategy else []), f"<= {figure(edge, unit)}"]
            for each in sides:
                n, pips, _, total, *_ = each.cells(evidence.currency)
                cells += [n, pips, total]
            if name in asked or not is_level(unit):
                table.rows.append(cells)
            data.append({"figure": name, "unit": unit, "strategy": strategy, "limit": edge,
                         "kept": sides[0].as_json(), "left_out": sides[1].as_json()})  # fmt: skip
    _cut(table)
    return table, data


def by_word(evidence: Evidence, min_count: int) -> Part:
    """By words: a side, a phase, a regime. A word that every trade has parts nothing, and is left out."""
    found = evidence.rows(
        f"""
        SELECT name, word, {SQL} FROM gates WHERE word IS NOT NULL
        AND name IN (SELECT name FROM gates WHERE word IS NOT NULL GROUP BY name HAVING count(DISTINCT word) > 1)
        GROUP BY name, word ORDER BY name, 3 DESC, word
        """
    )
    small = [row[2] for row in found if row[2] < min_count]
    table = Table("By word", ["figure", "word", *HEADS], right=tuple(range(2, 8)))
    data = []
    for name, word, *row in found:
        if row[0] < min_count:
            continue
        each = Performance.of(row)
        table.rows.append([name, word, *each.cells(evidence.currency)])
        data.append({"figure": name, "word": word, **each.as_json()})
    _small(table, left_out(len(small), sum(small), "trades"))
    return table, data


def winners_and_losers(evidence: Evidence, min_count: int, asked: Collection[str]) -> Part:
    found = evidence.rows(
        """
        SELECT name, any_value(unit), count(*) FILTER (result > 0), median(value) FILTER (result > 0),
               count(*) FILTER (result < 0), median(value) FILTER (result < 0)
        FROM gates WHERE value IS NOT NULL GROUP BY name
        HAVING count(DISTINCT value) > 1
        ORDER BY name
        """
    )
    heads = ["figure", "winners n", "median", "losers n", "median"]
    table = Table("Winners against losers", heads, right=(1, 2, 3, 4))
    data, small = [], 0
    for name, unit, won, of_won, lost, of_lost in found:
        if min(won, lost) < min_count:
            small += 1
            continue
        if name in asked or not is_level(unit):
            table.rows.append([name, f"{won:,}", figure(of_won, unit), f"{lost:,}", figure(of_lost, unit)])
        data.append({"figure": name, "unit": unit, "winners": {"n": won, "median": of_won},
                     "losers": {"n": lost, "median": of_lost}})  # fmt: skip
    _small(table, f"left out, as too few won or lost: {small:,} figures" if small else "")
    return table, data


def interval_text(low: float | None, high: float | None, unit: str) -> str:
    """
    >>> interval_text(None, 0.8, "quotient"), interval_text(0.8, 1.2, "quotient"), interval_text(1.2, None, "pips")
    ('<= 0.8', '0.8 … 1.2', '> 1.2pips')
    """
    if low is None:
        return f"<= {figure(high, unit)}"
    return f"> {figure(low, unit)}" if high is None else f"{figure(low, unit)} … {figure(high, unit)}"


def _figures(evidence: Evidence, min_count: int, by_strategy: bool) -> list[tuple[str, str, str | None]]:
    """(figure, unit, strategy): with more than one value, and trades enough. Over all strategies first."""
    grouping = "GROUPING SETS ((name), (name, strategy))" if by_strategy else "name"
    strategy = "strategy" if by_strategy else "NULL"
    found = evidence.rows(
        f"""
        SELECT name, any_value(unit), {strategy} AS one FROM gates WHERE value IS NOT NULL
        GROUP BY {grouping} HAVING count(DISTINCT value) > 1 AND count(*) >= {int(min_count)}
        ORDER BY name, one NULLS FIRST
        """
    )
    return [(name, unit, one) for name, unit, one in found]


def _later(evidence: Evidence) -> list[str]:
    """Figures of which no gate could have asked: an answer told them."""
    return [str(name) for (name,) in evidence.rows("SELECT DISTINCT name FROM gates WHERE is_after ORDER BY name")]


def _of(name: str, strategy: str | None) -> tuple[str, list[Any]]:
    where = "value IS NOT NULL AND name = ?"
    return (where, [name]) if strategy is None else (f"{where} AND strategy = ?", [name, strategy])


def _quartiles(evidence: Evidence, where: str, values: Sequence[Any]) -> tuple[float, ...]:
    found = evidence.one(f"SELECT quantile_cont(value, [0.25, 0.5, 0.75]) FROM gates WHERE {where}", values)[0]
    return tuple(dict.fromkeys(found))


def _intervals(cuts: Sequence[float]) -> list[tuple[float | None, float | None]]:
    """
    >>> _intervals([1.0, 2.0])
    [(None, 1.0), (1.0, 2.0), (2.0, None)]
    """
    bounds = [None, *cuts, None]
    return list(pairwise(bounds))


def _small(table: Table, said: str) -> None:
    """What was left out for its size, beside what the table says already."""
    table.note = "; ".join(each for each in (table.note, said) if each)


def _cut(table: Table) -> None:
    if len(table.rows) > ROWS_MAX:
        table.note = f"{len(table.rows) - ROWS_MAX:,} more rows in --format json; --figure NAME shows one figure"
        del table.rows[ROWS_MAX:]
