"""The outcome report (FX-29): how closed trades did, by what was measured when they were opened.

1. `closed_of`         the closed trades of the period that are ours
2. `_by`               by strategy, pocket, side and what closed them
3. `outcome_buckets`   by gate value: every number and word that was compared or recorded with the opening decision

A trade counts for a gate value only where its opening decision is in the evidence; how many are is stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ruleengine.reports.charts import columns
from ruleengine.reports.document import Report, Section, left_out, share, sources_of
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.outcome_buckets import by_number, by_word, limits, numbers_of, winners_and_losers
from ruleengine.reports.performance import HEADS, SQL, Performance
from ruleengine.reports.tables import Table, when
from ruleengine.reports.windows import Window, window_of


@dataclass(frozen=True, slots=True)
class OutcomeAsk:
    """`edges`: by figure, where its buckets part (its quartiles where nothing is said); `figures`: only these;
    `by_strategy`: every bucket for each strategy too."""

    days: int | None = None
    begin_ns: int | None = None
    end_ns: int | None = None
    min_count: int = 5
    by_tag: bool = False
    by_strategy: bool = False
    figures: tuple[str, ...] = ()
    edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


_GROUPS = ("strategy", "pocket", "side", "closed_by")


def outcome_report(evidence: Evidence, ask: OutcomeAsk) -> Report:
    """Raises an `EvidenceProblem` where no trade was closed in the period."""
    window = window_of(evidence, ask.begin_ns, ask.end_ns, ask.days, "trades", "closed_ns", "closed trades")
    manual = closed_of(evidence, window, ask.by_tag)
    whole = Performance.of(evidence.one(f"SELECT {SQL} FROM closed"))
    numbers_of(evidence, ask.figures)
    first, last = evidence.one("SELECT min(closed_ns), max(closed_ns) FROM closed")
    matched = evidence.one("SELECT count(*) FROM closed WHERE decision IS NOT NULL")[0]
    groups = {column: _by(evidence, column, ask) for column in _GROUPS}
    asked = {*ask.figures, *ask.edges}
    parts = [
        *groups.values(),
        by_number(evidence, ask.min_count, ask.edges, ask.by_strategy, asked),
        by_word(evidence, ask.min_count),
        winners_and_losers(evidence, ask.min_count, asked),
        limits(evidence, ask.min_count, ask.edges, ask.by_strategy, asked),
    ]
    sections = [Section(table) for table, _ in parts]
    sections[0].chart = _chart(groups["strategy"][1], evidence.currency)
    about, sources = sources_of(evidence)
    lead = [
        f"{whole.n:,} closed trades: {', '.join(_told(whole, evidence.currency))}",
        f"{_closed_between(first, last)}; manual trades left out: {manual:,}",
        *_left_out(evidence),
        f"gate values are those of the opening decision, which {matched:,} of {whole.n:,} trades have "
        f"({share(matched, whole.n)}); groups of fewer than {ask.min_count} are left out",
    ]
    data = {
        "period": {"first_ns": window.first_ns, "end_ns": window.end_ns},
        "closed": {"first_ns": first, "last_ns": last},
        "all": whole.as_json(),
        "manual_left_out": manual,
        "in_no_closed_trade": [asdict(each) for each in evidence.left_out],
        "matched": matched,
        "min_count": ask.min_count,
        **{f"by_{column}": rows for column, (_, rows) in groups.items()},
        "by_number": parts[4][1],
        "by_word": parts[5][1],
        "winners_and_losers": parts[6][1],
        "limits": parts[7][1],
        **sources,
    }
    return Report("outcomes", "Outcome report", lead, [*sections, *about], data)


def _left_out(evidence: Evidence) -> list[str]:
    """What of all that fills brought is in no closed trade, so that nobody adds up what is not whole."""
    told = "; ".join(each.told(evidence.currency) for each in evidence.left_out)
    return [f"in no closed trade, of all the sources: {told}"] if told else []


def _closed_between(first_ns: int | None, last_ns: int | None) -> str:
    """
    >>> _closed_between(0, 60_000_000_000)
    'closed from 1970-01-01 00:00:00 to 1970-01-01 00:01:00'
    """
    if first_ns is None or last_ns is None:
        return "none of our own"
    return f"closed from {when(first_ns)[:19]} to {when(last_ns)[:19]}"


def closed_of(evidence: Evidence, window: Window, by_tag: bool = False) -> int:
    """Make the table `closed`: our closed trades of the period with the number of their opening decision. Gives how
    many manual ones are left out."""
    evidence.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE closed AS
        SELECT t.* EXCLUDE (strategy), coalesce({"t.tag" if by_tag else "t.strategy"}, '') AS strategy, d.n AS decision
        FROM trades AS t LEFT JOIN (SELECT id, min(n) AS n FROM decisions GROUP BY id) AS d ON d.id = t.opened_by
        WHERE t.closed_ns >= ? AND t.closed_ns < ? AND NOT coalesce(t.is_manual, false)
        """,
        window.values,
    )
    return evidence.count("trades", "closed_ns >= ? AND closed_ns < ? AND coalesce(is_manual, false)", window.values)


def _by(evidence: Evidence, column: str, ask: OutcomeAsk) -> tuple[Table, list[dict[str, Any]]]:
    found = evidence.rows(f"SELECT {column} AS name, {SQL} FROM closed GROUP BY {column} ORDER BY 2 DESC, 1")
    kept = [(row[0], Performance.of(row[1:])) for row in found if row[1] >= ask.min_count]
    name = "what closed them" if column == "closed_by" else column
    table = Table(f"By {name}", [name.replace("them", "it"), *HEADS], right=tuple(range(1, 7)))
    table.rows = [[key or "(none)", *each.cells(evidence.currency)] for key, each in kept]
    table.note = left_out(len(found) - len(kept), sum(row[1] for row in found if row[1] < ask.min_count), "trades")
    return table, [{column: key or "", **each.as_json()} for key, each in kept]


def _told(whole: Performance, currency: str) -> list[str]:
    _, pips, mean, total, won, factor = whole.cells(currency)
    return [f"{pips} and {mean} on average", f"{total} together", f"{won} won", f"profit factor {factor}"]


def _chart(rows: list[dict[str, Any]], currency: str) -> str:
    if len(rows) < 2:
        return ""
    names = [f"{row['strategy'] or '(none)'} (n = {row['n']})" for row in rows]
    return columns(f"Sum of results by strategy, {currency}", names, [row["result_sum"] for row in rows])
