"""Rule violations in a trial, and the policy that has to stay the same.

Counted are: trades of which a part lost more than their stop allows, days with more openings than allowed, and exits
that could not act (their inputs stayed unknown beyond the wait, or a stop could not be placed). What the evidence can't
show is named as not checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ruleengine.model.figure import when
from ruleengine.model.side import Side
from ruleengine.reports.account_days import AccountDay
from ruleengine.reports.evidence.store import Evidence, Held
from ruleengine.reports.tables import Table, shortened
from ruleengine.reports.trial_criteria import Criterion
from ruleengine.reports.windows import Window
from ruleengine.runtime import codes
from ruleengine.runtime.orders.ids import position_key

NOT_APPLIED = (codes.WAIT_OVER, codes.NO_PRICE)
"""An exit's inputs stayed unknown beyond its wait; a stop or target could not be placed."""
SHOWN_MAX = 5
"""Examples named of each kind."""


@dataclass(frozen=True, slots=True)
class RuleAsk:
    """`stop`: largest loss of a trade as a share of its entry price, for trades whose stop is not recorded. `slack`:
    how much of a stop's distance a loss may exceed it by (slippage, gaps). `entries_max`: openings a day. `digest`:
    beginning of the digest of the policy on trial."""

    stop: float | None = None
    slack: float = 0.1
    entries_max: int | None = None
    digest: str = ""


def violations(evidence: Evidence, window: Window, days: Sequence[AccountDay], ask: RuleAsk) -> tuple[Table, Criterion]:
    rows = [_stops(evidence, window, ask), _overtrading(evidence, days, ask), _not_applied(evidence, window)]
    table = Table("Rule violations", ["rule", "n", "of", "for example"], right=(1, 2))
    found, checked, unchecked = 0, 0, []
    for name, count, of, examples in rows:
        if count is None:
            unchecked.append(name)
            table.rows.append([name, "not checked", "–", examples])
        else:
            found, checked = found + count, checked + of
            table.rows.append([name, f"{count:,}", f"{of:,}", examples])
    said = f"{found:,}" + (f"; not checked: {', '.join(unchecked)}" if unchecked else "")
    return table, Criterion("rule violations", not found and not unchecked, said, "0", checked, "checks")


_Row = tuple[str, int | None, int, str]
"""Name, violations (None: not checked), how many were looked at, examples or why not."""


def _stops(evidence: Evidence, window: Window, ask: RuleAsk) -> _Row:
    """A loss per unit beyond the stop's distance and slack, of each part that was closed: a good one makes up for none.
    Of logs only the mean exit of closed trades is known."""
    declared = "NULL::DOUBLE" if ask.stop is None else repr(float(ask.stop))
    found = evidence.rows(
        f"""
        WITH exits AS (
            SELECT source, trade AS id, opened_ns, ts, side, entry_price, price, stop FROM booked
            WHERE NOT opens AND NOT is_manual AND ts >= ? AND ts < ?
            UNION ALL
            SELECT source, id, opened_ns, closed_ns, side, entry_price, exit_price, stop FROM closed
            WHERE source NOT IN (SELECT source FROM booked WHERE opens IS NOT NULL)
        ), lost AS (
            SELECT *, (entry_price - price) * (CASE side WHEN 'long' THEN 1 ELSE -1 END) AS loss,
                   coalesce(abs(entry_price - stop), entry_price * {declared}) AS allowed
            FROM exits
        )
        SELECT id, bool_and(loss IS NOT NULL AND allowed IS NOT NULL),
               min(ts) FILTER (loss > allowed * (1 + ?) * (1 + 1e-9))
        FROM lost GROUP BY source, id, opened_ns ORDER BY 3, id
        """,
        [*window.values, ask.slack],
    )
    name, told = "stop kept", [row for row in found if row[1]]
    if len(told) < len(found):
        return name, None, 0, f"{len(found) - len(told):,} of {len(found):,} trades have no recorded stop: give --stop"
    broken = [f"trade {id_} {when(ts)[:16]}" for id_, _, ts in found if ts is not None]
    return name, len(broken), len(found), _some(broken)


def _overtrading(evidence: Evidence, days: Sequence[AccountDay], ask: RuleAsk) -> _Row:
    name = "openings a day"
    if ask.entries_max is None:
        return name, None, 0, "no limit was given: --max-entries"
    over = []
    for day in days:
        sent = evidence.count(
            "decisions",
            "kind IN ('entry', 'ladder', 'pyramid', 'hedge_open') AND outcome = 'sent' "
            "AND coalesce(fate, '') <> 'rejected' AND ts >= ? AND ts < ?",
            [day.open_ns, day.close_ns],
        )
        if sent > ask.entries_max:
            over.append(f"{day.label}: {sent:,}")
    return name, len(over), len(days), _some(over)


def _not_applied(evidence: Evidence, window: Window) -> _Row:
    name = "exits and reductions applied"
    if not any(each.kind in ("dry run", "journal") for each in evidence.sources):
        return name, None, 0, "a log does not say what its exits could not do"
    noted = evidence.rows(
        f"SELECT ts, message, key, source FROM notes WHERE code IN ({', '.join('?' * len(NOT_APPLIED))}) "
        "AND ts >= ? AND ts < ? ORDER BY ts",
        [*NOT_APPLIED, *window.values],
    )
    held = [_held(evidence, source) for source in range(len(evidence.sources))]
    found = [row for row in noted if _concerned(held[row[3]], row[0], row[2] or "")]
    exits = evidence.count("decisions", "kind IN ('exit', 'hedge_reduce') AND ts >= ? AND ts < ?", window.values)
    told = _some([shortened(f"{when(ts)[:16]} {message}") for ts, message, *_ in found])
    idle = len(noted) - len(found)
    if idle:
        told += f" ({idle:,} while nothing of ours was open are none)"
    return name, len(found), exits + len(found), told


def _held(evidence: Evidence, source: int) -> list[tuple[Held, int | None]]:
    """Our trades that this source saw, with when they closed (None: open at its end). What another source says counts
    for nothing here: runs number their trades anew."""
    closed = evidence.rows(
        "SELECT id, instrument, side, coalesce(opened_ns, 0), closed_ns FROM trades "
        "WHERE NOT coalesce(is_manual, false) AND source = ?",
        [source],
    )
    return [*((Held(*row[:4]), row[4]) for row in closed), *((each, None) for each in evidence.sources[source].held)]


def _concerned(held: Sequence[tuple[Held, int | None]], ts: int, key: str) -> bool:
    """Whether something of ours was open then: the trade, position or instrument that the note is about, else any."""
    about = [(each, closed) for each, closed in held if key in _names(each)]
    return any(each.opened_ns <= ts and (closed is None or ts <= closed) for each, closed in about or held)


def _names(held: Held) -> tuple[str, str, str]:
    return held.id, held.instrument, position_key(held.instrument, Side(held.side))


def _some(examples: Sequence[str]) -> str:
    more = len(examples) - SHOWN_MAX
    return ("; ".join(examples[:SHOWN_MAX]) + (f"; {more:,} more" if more > 0 else "")) or "–"


def pinned_policy(evidence: Evidence, window: Window, pinned: str) -> tuple[Table, Criterion]:
    """The digest of every policy that decided in the trial, when it was first and last seen."""
    found = evidence.rows(
        """
        SELECT digest, any_value(policy), min(ts), max(ts), count(*) FILTER (is_decision) FROM (
            SELECT digest, policy, ts, true AS is_decision FROM decisions WHERE ts >= ? AND ts < ?
            UNION ALL SELECT digest, policy, ts, false FROM (
                SELECT *, lead(ts, 1, list_extract(?, source + 1)) OVER (PARTITION BY source ORDER BY ts) AS until
                FROM policies
            ) WHERE until > ? AND ts < ?
        ) WHERE coalesce(digest, '') <> '' GROUP BY digest ORDER BY 3, digest
        """,
        [*window.values, [each.last_ns + 1 for each in evidence.sources], *window.values],
    )
    table = Table("Policies that decided", ["policy", "digest", "first", "last", "decisions n"], right=(4,))
    table.rows = [[name, digest[:12], when(first), when(last), f"{n:,}"] for digest, name, first, last, n in found]
    decided = sum(row[4] for row in found)
    asked = f"digest {pinned}…" if pinned else "one policy throughout"
    if not found:
        said, is_met = "no policy is recorded", False
    elif len(found) > 1:
        said, is_met = f"changed: {' → '.join(row[0][:12] for row in found)}, at {when(found[1][2])}", False
    else:
        said, is_met = f"digest {found[0][0][:12]}", found[0][0].startswith(pinned)
    return table, Criterion("policy pinned", is_met, said, asked, decided, "decisions")
