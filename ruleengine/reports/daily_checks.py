"""What a day left undone and why, what it alerted, and whether its record is whole."""

from __future__ import annotations

from typing import Any

from ruleengine.model.figure import figure, when
from ruleengine.reports.account_days import AccountDay
from ruleengine.reports.document import share
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.tables import Table, shortened
from ruleengine.reports.wholeness import wholeness
from ruleengine.runtime import codes

_WORDS = {True: "pass", False: "FAIL", None: "not known"}
GAP_MAX_S = 900.0
"""The longest time of an open market without an event that is no hole, unless a report is asked for another."""
Part = tuple[Table, list[dict[str, Any]]]


def skipped(evidence: Evidence, day: AccountDay) -> Part:
    """FX-30: every skip counted by its gate, and by how much it fell short."""
    found = evidence.rows(
        """
        SELECT d.kind, d.blocker, d.code, count(*) AS found, any_value(k.text), any_value(k.unit),
               count(k.distance), median(abs(k.distance)), any_value(d.message)
        FROM decisions AS d LEFT JOIN compared AS k ON k.n = d.n AND k.is_decisive AND k.distance IS NOT NULL
        WHERE d.outcome = 'refused' AND d.ts >= ? AND d.ts < ?
        GROUP BY d.kind, d.blocker, d.code, k.text, k.unit ORDER BY found DESC, d.kind, d.blocker, d.code, k.text
        """,
        [day.open_ns, day.close_ns],
    )
    table = Table("Not done", ["kind", "by", "code", "n", "comparison", "short by: median", "n"], right=(3, 5, 6))
    data = []
    for kind, blocker, code, n, text, unit, measured, short, message in found:
        by_how_much = "–" if short is None else figure(short, unit)
        table.rows.append(
            [kind, blocker or "–", code, f"{n:,}", shortened(text or message or "–"), by_how_much, f"{measured:,}"]
        )
        data.append({"kind": kind, "rule": blocker, "code": code, "n": n, "comparison": text, "unit": unit,
                     "short_by_n": measured, "short_by_median": short, "example": message})  # fmt: skip
    return table, data


def alerts(evidence: Evidence, day: AccountDay) -> Part:
    found = evidence.rows(
        """
        SELECT level, code, count(*) AS found, min(ts), arg_min(message, ts) FROM notes
        WHERE level IN ('alert', 'warning') AND ts >= ? AND ts < ? GROUP BY level, code ORDER BY level, found DESC, code
        """,
        [day.open_ns, day.close_ns],
    )
    table = Table("Alerts and warnings", ["level", "code", "n", "first", "it said"], right=(2,))
    table.rows = [[level, code, f"{n:,}", when(ts)[11:19], shortened(message)] for level, code, n, ts, message in found]
    data = [{"level": row[0], "code": row[1], "n": row[2], "first_ns": row[3], "first": row[4]} for row in found]
    return table, data


def checks(evidence: Evidence, day: AccountDay, gap_max_s: float = GAP_MAX_S) -> Part:
    """PY-16: what can be said of the day's record. A check that fails is a word, never a missing row; what can't be
    told is said to be not known (`passed`: None)."""
    bounds = [day.open_ns, day.close_ns]
    policies = [
        f"{name} {digest[:12]}"
        for name, digest in evidence.rows(
            "SELECT any_value(policy), digest FROM decisions WHERE ts >= ? AND ts < ? AND coalesce(digest, '') <> '' "
            "GROUP BY digest ORDER BY min(ts)",
            bounds,
        )
    ]
    asked, known = evidence.one(
        "SELECT count(*), count(*) FILTER (k.unknown IS NULL AND k.unknown_limit IS NULL) "
        "FROM compared AS k JOIN decisions USING (n) WHERE ts >= ? AND ts < ?",
        bounds,
    )
    blind = evidence.count("notes", f"code = '{codes.WAIT_OVER}' AND ts >= ? AND ts < ?", bounds)
    defects = evidence.count("notes", f"code = '{codes.MARKET_DEFECT}' AND ts >= ? AND ts < ?", bounds)
    rejected = evidence.count("decisions", "fate = 'rejected' AND ts >= ? AND ts < ?", bounds)
    silent = evidence.count("decisions", "outcome = 'sent' AND fate IS NULL AND ts >= ? AND ts < ?", bounds)
    answered = f"{rejected:,} of {day.sent:,} orders" + (f"; of {silent:,} there is no answer" if silent else "")
    runs = any(each.kind in ("dry run", "journal") for each in evidence.sources)
    untold = "a log does not tell"
    rows: list[tuple[str, bool | None, str]] = [
        _follows(day),
        *_whole(evidence, day, gap_max_s),
        ("one policy all day", len(policies) <= 1, ", ".join(policies) or "no decision")
        if runs or policies
        else ("one policy all day", None, untold),
        ("inputs known", known == asked, f"{known:,} of {asked:,} comparisons ({share(known, asked)})")
        if runs or asked
        else ("inputs known", None, untold),
        ("no exit blind beyond its wait", not blind if runs else None, f"{blind:,} times" if runs else untold),
        ("no defect of market data", not defects if runs else None, f"{defects:,} times" if runs else untold),
        ("no order refused by the venue", False if rejected else None if silent else True, answered),
    ]
    table = Table("Checks of the day's record", ["check", "verdict", "found"])
    table.rows = [[what, _WORDS[holds], found] for what, holds, found in rows]
    return table, [{"check": what, "passed": holds, "found": found} for what, holds, found in rows]


def _follows(day: AccountDay) -> tuple[str, bool | None, str]:
    """Logs, in which a day without a trade is none, can't tell."""
    name = "no trading day missing before it"
    if day.basis != "equity":
        return name, None, "not recorded"
    return name, not day.missed, ", ".join(str(each) for each in day.missed) or "none"


def _whole(evidence: Evidence, day: AccountDay, gap_max_s: float) -> list[tuple[str, bool | None, str]]:
    """Beginning, end and inside of the record. A day of a log, or of an earlier version, has no such figures."""
    names = ("record begins with the day", "record reaches the day's end", "no hole in the record")
    found = wholeness(evidence, day)
    if found is None:
        last = max(each.last_ns for each in evidence.sources)
        return [(names[0], None, "not recorded"), (names[1], last + 1 >= day.close_ns, f"last event {when(last)}"),
                (names[2], None, "not recorded")]  # fmt: skip
    lead, tail, gap = (figure(each, "duration") for each in (found.lead, found.tail, found.gap))
    return [
        (names[0], found.lead <= gap_max_s, f"{lead} of open market before the first event"),
        (names[1], found.tail <= gap_max_s, f"last event {when(found.last_ns)}, {tail} of open market after it"),
        (names[2], found.gap <= gap_max_s, f"at most {gap} of open market without an event, from {when(found.gap_ns)}"),
    ]
