"""The guard report (FX-29): what was blocked, how often and by what, by how much, and what would have let it through.

Asked of the evidence's tables with SQL. Guard calls are decisions on which a guard could say no: those sent and those
refused, of the kinds asked for (what opens risk, by default). Merged and shadow intents are no calls.

1. `calls`, `reasons`     who was asked, and how many were blocked
2. `guard_quantities`     by how much: quartiles of what was measured, thresholds that would have let some through
3. `guard_inputs`         what each gate could decide, and whether what the guards read could be had at all
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruleengine.reports.charts import bars
from ruleengine.reports.document import Report, Section, left_out, share, sources_of
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.guard_inputs import availability, decided, shadowed, venue_refusals
from ruleengine.reports.guard_quantities import figures_by_reason, passing, short_by
from ruleengine.reports.tables import Table
from ruleengine.reports.windows import Window, window_of

OPENING_KINDS = ("entry", "ladder", "pyramid", "hedge_open")


@dataclass(frozen=True, slots=True)
class GuardAsk:
    """What is asked for. `min_count`: smaller groups are left out; `top`: most-blocked strategies shown one by one;
    `by_tag`: strategies by their raw tags instead of base tags."""

    days: int | None = 7
    begin_ns: int | None = None
    end_ns: int | None = None
    min_count: int = 5
    top: int = 8
    by_tag: bool = False
    kinds: tuple[str, ...] = OPENING_KINDS


def guard_report(evidence: Evidence, ask: GuardAsk) -> Report:
    """Raises an `EvidenceProblem` where there is no decision in the period."""
    window = window_of(evidence, ask.begin_ns, ask.end_ns, ask.days, "decisions", "ts", "decisions")
    calls_of(evidence, window, ask)
    asked, blocked, long_blocked = evidence.one(
        "SELECT count(*), count(*) FILTER (is_blocked), count(*) FILTER (is_blocked AND side = 'long') FROM calls"
    )
    strategies = _grouped(evidence, "Blocked by strategy" + (" (raw tags)" if ask.by_tag else ""), "strategy", ask)
    pockets = _grouped(evidence, "Blocked by pocket", "pocket", ask)
    reasons = _reasons(evidence, ask, asked, blocked)
    gates = decided(evidence)
    short = short_by(evidence, ask.min_count, "")
    through = passing(evidence, ask.min_count, "")
    top = _most_blocked(evidence, ask)
    parts: list[_Part] = [strategies, pockets, reasons, gates, short, through]
    for name in top:
        parts += [short_by(evidence, ask.min_count, name), passing(evidence, ask.min_count, name)]
    parts += [figures_by_reason(evidence, ask.min_count), availability(evidence), shadowed(evidence)]
    parts.append(venue_refusals(evidence))
    sections = [Section(table, _chart(table, rows)) for table, rows in parts]
    about, sources = sources_of(evidence)
    merged = evidence.count("decisions", "ts >= ? AND ts < ? AND outcome IN ('merged', 'shadow')", window.values)
    lead = [
        f"{asked:,} guard calls, {blocked:,} blocked ({share(blocked, asked)}); of the blocked "
        f"{share(long_blocked, blocked)} on the long side",
        f"{window}; kinds: {', '.join(ask.kinds)}; {merged:,} merged or shadow intents are no calls",
        f"groups of fewer than {ask.min_count} are left out; every table says how many",
    ]
    data = {
        "period": {"first_ns": window.first_ns, "end_ns": window.end_ns},
        "calls": asked,
        "blocked": blocked,
        "blocked_long": long_blocked,
        "min_count": ask.min_count,
        "strategies": strategies[1],
        "pockets": pockets[1],
        "reasons": reasons[1],
        "gates": gates[1],
        "short_by": short[1],
        "thresholds": through[1],
        "most_blocked": [
            {"strategy": name, "short_by": parts[6 + 2 * at][1], "thresholds": parts[7 + 2 * at][1]}
            for at, name in enumerate(top)
        ],
        "figures": parts[6 + 2 * len(top)][1],
        "inputs": parts[7 + 2 * len(top)][1],
        "shadow": parts[8 + 2 * len(top)][1],
        "venue_refusals": parts[9 + 2 * len(top)][1],
        **sources,
    }
    return Report("guards", "Guard report", lead, [*sections, *about], data)


_Part = tuple[Table, list[dict[str, Any]]]


def calls_of(evidence: Evidence, window: Window, ask: GuardAsk) -> None:
    """Make the table `calls`: the decisions that count, with what groups them. `reason` is blocker and code."""
    listed = ", ".join("?" for _ in ask.kinds)
    evidence.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE calls AS
        SELECT n, {"tag" if ask.by_tag else "strategy"} AS strategy, pocket, side, outcome = 'refused' AS is_blocked,
               blocker, code
        FROM decisions
        WHERE ts >= ? AND ts < ? AND outcome IN ('sent', 'refused') AND kind IN ({listed})
        """,
        [*window.values, *ask.kinds],
    )


def _grouped(evidence: Evidence, title: str, column: str, ask: GuardAsk) -> _Part:
    """Block rate of each strategy or pocket, with its most common reason."""
    found = evidence.rows(
        f"""
        WITH reasons AS (
            SELECT {column} AS name, blocker, code, count(*) AS found,
                   row_number() OVER (PARTITION BY {column} ORDER BY count(*) DESC, blocker, code) AS place
            FROM calls WHERE is_blocked GROUP BY {column}, blocker, code
        )
        SELECT c.name, c.calls, c.blocked, c.long_blocked, r.blocker, r.code, r.found FROM (
            SELECT {column} AS name, count(*) AS calls, count(*) FILTER (is_blocked) AS blocked,
                   count(*) FILTER (is_blocked AND side = 'long') AS long_blocked
            FROM calls GROUP BY ALL
        ) AS c LEFT JOIN reasons AS r ON r.name IS NOT DISTINCT FROM c.name AND r.place = 1
        ORDER BY c.blocked / c.calls DESC, c.calls DESC, c.name
        """
    )
    kept = [row for row in found if row[1] >= ask.min_count]
    table = Table(
        title, [column, "calls n", "blocked n", "rate", "of them long", "most often by", "n"], right=(1, 2, 3, 4, 6)
    )
    for name, calls, blocked, long_blocked, blocker, code, most in kept:
        by = f"{blocker or '–'} {code or ''}".strip()
        cells = [f"{calls:,}", f"{blocked:,}", share(blocked, calls), share(long_blocked, blocked), by]
        table.rows.append([name or "(none)", *cells, f"{most or 0:,}"])
    table.note = left_out(len(found) - len(kept), sum(row[1] for row in found if row[1] < ask.min_count), "calls")
    data = [
        {
            column: name or "",
            "calls": calls,
            "blocked": blocked,
            "rate": blocked / calls,
            "blocked_long": long_blocked,
            "most_often": None if blocker is None else {"rule": blocker, "code": code, "n": most},
        }
        for name, calls, blocked, long_blocked, blocker, code, most in kept
    ]
    return table, data


def _reasons(evidence: Evidence, ask: GuardAsk, asked: int, blocked: int) -> _Part:
    found = evidence.rows(
        """
        SELECT blocker, code, count(*) AS found, count(*) FILTER (side = 'long'), count(DISTINCT strategy)
        FROM calls WHERE is_blocked GROUP BY ALL ORDER BY found DESC, blocker, code
        """
    )
    kept = [row for row in found if row[2] >= ask.min_count]
    heads = ["reason", "code", "blocked n", "of all blocked", "of all calls", "long", "strategies"]
    table = Table("Blocked by reason", heads, right=(2, 3, 4, 5, 6))
    for blocker, code, n, longs, strategies in kept:
        shares = [share(n, blocked), share(n, asked), share(longs, n)]
        table.rows.append([blocker or "(none)", code or "–", f"{n:,}", *shares, f"{strategies:,}"])
    table.note = left_out(len(found) - len(kept), sum(row[2] for row in found if row[2] < ask.min_count), "blocked")
    data = [
        {"rule": blocker, "code": code, "blocked": n, "share": n / blocked, "rate": n / asked, "long": longs}
        for blocker, code, n, longs, _ in kept
    ]
    return table, data


def _most_blocked(evidence: Evidence, ask: GuardAsk) -> list[str]:
    found = evidence.rows(
        """
        SELECT strategy FROM calls GROUP BY strategy HAVING count(*) >= ? AND count(*) FILTER (is_blocked) >= ?
        ORDER BY count(*) FILTER (is_blocked) DESC, strategy LIMIT ?
        """,
        [ask.min_count, ask.min_count, ask.top],
    )
    return [str(name) for (name,) in found if name]


def _chart(table: Table, rows: Sequence[dict[str, Any]]) -> str:
    if not rows or "rate" not in rows[0]:
        return ""
    names = [
        str(row.get("strategy", row.get("pocket", f"{row.get('rule', '')} {row.get('code', '')}"))) for row in rows
    ]
    counts = [f"n = {row.get('calls', row.get('blocked'))}" for row in rows]
    return bars(table.title, [name or "(none)" for name in names], [row["rate"] for row in rows], counts)
