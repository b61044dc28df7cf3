"""What each gate could decide, whether what the guards read could be had, what guards in shadow would have blocked, and
what the venue refused."""

from __future__ import annotations

from typing import Any

from ruleengine.reports.document import share
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.tables import Table, shortened
from ruleengine.reports.tally import without_detail

ALWAYS_TOLD = ("guards", "sizing", "caps")
"""Sections whose verdict is recorded with every call, a pass too."""
SHADOW = "Shadow rules would have blocked"
_Part = tuple[Table, list[dict[str, Any]]]


def decided(evidence: Evidence) -> _Part:
    """Per guard, sizing rule and cap: of how many calls that it judged it could tell, which way, and why not. Each is
    asked, whether another one refused before it or not; but no cap is once one has. What is in shadow refuses nothing
    and has a table of its own. Of other sections only what did not pass is recorded, so how many were judged is not
    known."""
    found = evidence.rows(
        """
        SELECT v.section, v.rule, count(*), count(*) FILTER (v.outcome IN ('pass', 'shrink')),
               count(*) FILTER (v.outcome = 'refuse'), count(*) FILTER (v.outcome = 'unknown') AS unsure,
               list(coalesce(v.unknown, '')) FILTER (v.outcome = 'unknown')
        FROM verdicts AS v JOIN calls USING (n)
        WHERE v.enforcement IS DISTINCT FROM 'shadow'
        GROUP BY v.section, v.rule ORDER BY unsure / count(*) DESC, unsure DESC, count(*) DESC, v.rule
        """
    )
    heads = ["gate", "of", "judged n", "passed n", "refused n", "unknown n", "mostly because"]
    table = Table("Gates: decided or unknown", heads, right=(2, 3, 4, 5))
    data = []
    for section, rule, judged, passed, refused, unsure, reasons in found:
        why = _most([without_detail(each) for each in reasons or [] if each])
        if section and section not in ALWAYS_TOLD:
            judged = passed = None
        counts = ["–" if each is None else f"{each:,}" for each in (judged, passed, refused, unsure)]
        table.rows.append([rule, section or "–", *counts, shortened(why or "–")])
        data.append(
            {
                "gate": rule,
                "section": section or "",
                "judged": judged,
                "passed": passed,
                "refused": refused,
                "unknown": unsure,
                "because": why,
            }
        )
    silent = evidence.one(
        "SELECT count(DISTINCT v.rule) FROM verdicts AS v JOIN calls USING (n) WHERE v.enforcement = 'shadow'"
    )[0]
    notes = [
        "–: only what did not pass is recorded" if any(each["judged"] is None for each in data) else "",
        f"without {silent:,} in shadow: see `{SHADOW}`" if silent else "",
    ]
    table.note = "; ".join(each for each in notes if each) if table.rows else ""
    return table, data


def availability(evidence: Evidence) -> _Part:
    """Per input that was compared: of how many calls that asked for it it was known, and why not. A right side is an
    input where it was unknown: a constant never is."""
    found = evidence.rows(
        """
        WITH asked AS (
            SELECT what, n, bool_and(unknown IS NULL) AS is_known, any_value(unknown) AS why FROM (
                SELECT n, what, unknown FROM compared
                UNION ALL
                SELECT n, against, unknown_limit FROM compared
                WHERE against IN (SELECT against FROM compared WHERE unknown_limit IS NOT NULL)
            ) JOIN calls USING (n) GROUP BY what, n
        )
        SELECT what, count(*) AS found, count(*) FILTER (is_known) AS known, list(why) FILTER (NOT is_known)
        FROM asked GROUP BY what ORDER BY known / found, found DESC, what
        """
    )
    table = Table("Inputs: known of asked", ["input", "asked n", "known n", "share", "mostly because"], right=(1, 2, 3))
    data = []
    for what, asked, known, reasons in found:
        why = _most([without_detail(f"unknown: {each}").removeprefix("unknown: ") for each in reasons or []])
        table.rows.append([what, f"{asked:,}", f"{known:,}", share(known, asked), shortened(why or "–")])
        data.append({"input": what, "asked": asked, "known": known, "because": why})
    return table, data


def shadowed(evidence: Evidence) -> _Part:
    """Rules in shadow that did not pass: what switching them on would have blocked beside what was blocked anyway."""
    found = evidence.rows(
        """
        SELECT v.rule, count(*), count(*) FILTER (v.outcome = 'unknown'), count(*) FILTER (NOT c.is_blocked)
        FROM verdicts AS v JOIN calls AS c USING (n)
        WHERE v.enforcement = 'shadow' AND v.outcome <> 'pass' GROUP BY v.rule ORDER BY 2 DESC, 1
        """
    )
    heads = ["rule", "would block n", "as unknown n", "that went through n"]
    table = Table(SHADOW, heads, right=(1, 2, 3))
    table.rows = [[rule, *(f"{each:,}" for each in counts)] for rule, *counts in found]
    data = [{"rule": row[0], "n": row[1], "unknown": row[2], "went_through": row[3]} for row in found]
    return table, data


def venue_refusals(evidence: Evidence) -> _Part:
    """What we let pass and the venue refused: another state, with the venue's own codes."""
    found = evidence.rows(
        """
        SELECT d.venue_code, d.strategy, count(*) AS found FROM decisions AS d JOIN calls USING (n)
        WHERE d.fate = 'rejected' GROUP BY ALL ORDER BY found DESC, 1, 2
        """
    )
    sent = evidence.one("SELECT count(*) FROM calls WHERE NOT is_blocked")[0]
    table = Table("Refused by the venue", ["its code", "strategy", "n"], right=(2,))
    table.rows = [[code or "–", strategy or "(none)", f"{n:,}"] for code, strategy, n in found]
    table.note = f"of {sent:,} that were sent" if table.rows else ""
    return table, [
        {"code": code or "", "strategy": strategy or "", "n": n, "sent": sent} for code, strategy, n in found
    ]


def _most(words: list[str]) -> str:
    """The most frequent one; of equally frequent ones the first in the alphabet.

    >>> _most(["b", "a", "b"]), _most([])
    ('b', '')
    """
    counts: dict[str, int] = {}
    for each in words:
        counts[each] = counts.get(each, 0) + 1
    return min(counts, key=lambda each: (-counts[each], each), default="")
