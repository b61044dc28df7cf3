"""By how much things were blocked: quartiles of what the refusing comparison measured, thresholds that would have let a
part of it through, and other figures of the same decisions.

A threshold is one that the evidence holds: the smallest change of the comparison's right side at which at least the
stated share of the blocked would have passed it, with how many they are. It says nothing of other rules; beside it
stands how many of those were refused by this rule alone.
"""

from __future__ import annotations

import math
from typing import Any

from ruleengine.reports.document import left_out
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.outcome_buckets import EQUAL, is_level, reached
from ruleengine.reports.tables import Table, figure
from ruleengine.runtime.judging.verdicts import SIGNS

SHARES = (0.25, 0.5, 0.75)
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
FIGURES_MAX = 40
"""Rows of the table of figures; JSON has all."""

_BLOCKED = """
    SELECT c.n, c.blocker, c.code, c.strategy,
           k.text, k.what, k.operator, k.unit, k.measured, k.limit_value, k.distance,
           NOT EXISTS (
               SELECT 1 FROM verdicts AS v WHERE v.n = c.n AND v.enforcement = 'enforce' AND v.rule <> c.blocker
               AND v.outcome IN ('refuse', 'unknown')
           ) AS is_alone
    FROM calls AS c JOIN compared AS k ON k.n = c.n AND k.is_decisive
    WHERE c.is_blocked AND k.measured IS NOT NULL AND k.distance IS NOT NULL
"""


def short_by(evidence: Evidence, min_count: int, strategy: str) -> tuple[Table, list[dict[str, Any]]]:
    """Per reason (of one strategy, or of all): quartiles of what was measured and of how far it was in the blocked
    zone."""
    where, values = ("AND strategy = ?", [strategy]) if strategy else ("", [])
    found = evidence.rows(
        f"""
        SELECT blocker, code, text, unit, count(*) AS found,
               quantile_cont(measured, [0.25, 0.5, 0.75]), quantile_cont(abs(distance), [0.25, 0.5, 0.75])
        FROM ({_BLOCKED}) WHERE true {where}
        GROUP BY blocker, code, text, unit ORDER BY found DESC, blocker, code, text
        """,
        values,
    )
    kept = [row for row in found if row[4] >= min_count]
    heads = ["reason", "comparison", "n", "measured: p25", "median", "p75", "short by: p25", "median", "p75"]
    table = Table(_titled("How far into the blocked zone", strategy), heads, right=tuple(range(2, 9)))
    for blocker, _code, text, unit, n, measured, short in kept:
        table.rows.append([blocker, text, f"{n:,}", *(figure(each, unit) for each in (*measured, *short))])
    wordless = _without_number(evidence, strategy)
    notes = [
        f"{wordless:,} were blocked by what is no number (an unknown value, a word, a switch)" if wordless else "",
        f"left out for their size: {len(found) - len(kept):,} comparisons" if len(found) > len(kept) else "",
    ]
    table.note = "; ".join(each for each in notes if each) if table.rows else ""
    data = [
        {
            "rule": blocker,
            "code": code,
            "comparison": text,
            "unit": unit,
            "n": n,
            "measured": _quartiles(measured),
            "short_by": _quartiles(short),
        }
        for blocker, code, text, unit, n, measured, short in kept
    ]
    return table, data


def passing(evidence: Evidence, min_count: int, strategy: str) -> tuple[Table, list[dict[str, Any]]]:
    """Per comparison: thresholds that would have let 25, 50 and 75 % of the blocked through."""
    where, values = ("AND strategy = ?", [strategy]) if strategy else ("", [])
    found = evidence.rows(
        f"""
        SELECT blocker, text, what, operator, unit, count(*) AS found, list(measured ORDER BY measured),
               quantile_cont(limit_value, 0.5), min(limit_value), max(limit_value), count(*) FILTER (is_alone),
               avg(distance) > 0, list(measured - limit_value ORDER BY measured - limit_value)
        FROM ({_BLOCKED}) WHERE operator IN ('lt', 'le', 'gt', 'ge') {where}
        GROUP BY blocker, text, what, operator, unit ORDER BY found DESC, blocker, text
        """,
        values,
    )
    small = [row for row in found if row[5] < min_count]
    found = [row for row in found if row[5] >= min_count]
    heads = ["reason", "would read", "now", "n", "for 25 %", "n", "for 50 %", "n", "for 75 %", "n", "by it alone n"]
    title = _titled("Thresholds that would have let blocked ones through", strategy)
    table = Table(title, heads, right=(2, 3, 4, 5, 6, 7, 8, 9, 10))
    data = []
    for blocker, text, what, operator, unit, n, measured, limit, lowest, highest, alone, holds, beyond in found:
        needed = _OPPOSITE[operator] if holds else operator  # one that blocked by holding has to fail
        moves = highest - lowest > EQUAL * max(abs(highest), 1.0)  # each was held against a limit of its own
        cells, rows = [], []
        for wanted in SHARES:
            threshold, passes = threshold_of(beyond if moves else measured, needed, wanted)
            cells += [("+" if moves and threshold >= 0 else "") + figure(threshold, unit), f"{passes:,}"]
            rows.append({"share": wanted, "change" if moves else "threshold": threshold, "passes": passes})
        now = figure(limit, unit) if not moves else f"{figure(lowest, unit)} … {figure(highest, unit)}"
        table.rows.append(
            [blocker, f"{what} {SIGNS[needed]} {'limit …' if moves else '…'}", now, f"{n:,}", *cells, f"{alone:,}"]
        )
        data.append({"rule": blocker, "comparison": text, "unit": unit, "n": n, "limit": limit, "limit_low": lowest,
                     "limit_high": highest, "through": rows, "alone": alone})  # fmt: skip
    is_open = any(row[3] in ("lt", "gt") for row in found)
    notes = [
        "`<` and `>` need a limit just beyond the figure" if is_open else "",
        "`limit …`: the limits differed, and the figure is what each would have to be moved by"
        if any("change" in row["through"][0] for row in data)
        else "",
        left_out(len(small), sum(row[5] for row in small), "blocked"),
    ]
    table.note = "; ".join(each for each in notes if each)
    return table, data


def threshold_of(measured: list[float], operator: str, wanted: float) -> tuple[float, int]:
    """The nearest limit at which at least this share of the measured values passes, and how many then do. `measured`
    rises.

    >>> threshold_of([1.3, 1.4, 1.4, 2.0], "le", 0.25), threshold_of([1.3, 1.4, 1.4, 2.0], "le", 0.5)
    ((1.3, 1), (1.4, 3))
    >>> threshold_of([10.0, 12.0, 18.0], "ge", 0.5)
    (12.0, 2)
    """
    count = len(measured)
    need = max(1, math.ceil(wanted * count))
    if operator in ("le", "lt"):
        threshold = measured[need - 1]
        return threshold, sum(1 for each in measured if each <= reached(threshold))
    threshold = measured[count - need]
    return threshold, sum(1 for each in measured if reached(each) >= threshold)


def figures_by_reason(evidence: Evidence, min_count: int) -> tuple[Table, list[dict[str, Any]]]:
    """Per reason: quartiles of every other number that was compared or recorded with the blocked decisions."""
    found = evidence.rows(
        """
        WITH numbers AS (
            SELECT n, what AS name, unit, measured AS value FROM compared WHERE measured IS NOT NULL
            UNION
            SELECT n, name, unit, value FROM figures WHERE value IS NOT NULL
        )
        SELECT *, max(found) OVER (PARTITION BY blocker, code) AS most FROM (
            SELECT c.blocker, c.code, f.name, f.unit, count(*) AS found, quantile_cont(f.value, [0.25, 0.5, 0.75])
            FROM calls AS c JOIN numbers AS f USING (n)
            WHERE c.is_blocked GROUP BY c.blocker, c.code, f.name, f.unit
        ) ORDER BY most DESC, blocker, code, name, unit
        """
    )
    small = [row for row in found if row[4] < min_count]
    found = [row for row in found if row[4] >= min_count]
    heads = ["reason", "figure", "n", "p25", "median", "p75"]
    table = Table("Other figures of what was blocked", heads, right=(2, 3, 4, 5))
    shown = [row for row in found if not is_level(row[3])]
    for blocker, _code, name, unit, n, quartiles, _ in shown[:FIGURES_MAX]:
        table.rows.append([blocker, name, f"{n:,}", *(figure(each, unit) for each in quartiles)])
    hidden = len(found) - len(table.rows)
    notes = [
        f"{hidden:,} more in --format json (prices and amounts among them)" if hidden else "",
        f"left out for their size: {len(small):,} figures" if small else "",
    ]
    table.note = "; ".join(each for each in notes if each)
    data = [
        {"rule": blocker, "code": code, "figure": name, "unit": unit, "n": n, **_quartiles(quartiles)}
        for blocker, code, name, unit, n, quartiles, _ in found
    ]
    return table, data


def _without_number(evidence: Evidence, strategy: str) -> int:
    where, values = ("AND strategy = ?", [strategy]) if strategy else ("", [])
    blocked = evidence.one(f"SELECT count(*) FROM calls WHERE is_blocked {where}", values)[0]
    told = evidence.one(f"SELECT count(DISTINCT n) FROM ({_BLOCKED}) WHERE true {where}", values)[0]
    return int(blocked) - int(told)


def _titled(title: str, strategy: str) -> str:
    return f"{title}: {strategy}" if strategy else title


def _quartiles(found: list[float]) -> dict[str, float]:
    return dict(zip(("p25", "median", "p75"), found, strict=True))
