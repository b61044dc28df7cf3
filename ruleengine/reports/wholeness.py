"""Whether a day's record is whole: the widest hole in it, and what is missing at its end, in time at which the market
was open. Several runs may share a day; what lies between them is a hole like any other."""

from __future__ import annotations

from dataclasses import dataclass

from ruleengine.reports.account_days import AccountDay
from ruleengine.reports.evidence.store import Evidence


@dataclass(frozen=True, slots=True)
class Wholeness:
    """Seconds of open market. `gap`: widest hole between two events, which began at `gap_ns`. `lead`, `tail`: before
    the first and after the last event, at `last_ns`."""

    gap: float
    gap_ns: int
    lead: float
    tail: float
    last_ns: int


def wholeness(evidence: Evidence, day: AccountDay) -> Wholeness | None:
    """None where no run recorded the day, or one of an earlier version did."""
    rows = evidence.rows(
        """
        SELECT open_ns, hours, lead, tail, gap, gap_ns, last_ns FROM days
        WHERE open_ns >= ? AND close_ns <= ? ORDER BY first_ns, source
        """,
        [day.open_ns, day.close_ns],
    )
    if not rows or any(row[1] is None for row in rows):
        return None
    holes = [(gap, gap_ns) for *_, gap, gap_ns, _ in rows]
    before, of_day, total = 0.0, 0.0, 0.0  # open time since the first day's beginning
    opened, last = rows[0][0], rows[0]
    for at, row in enumerate(rows):
        open_ns, hours, lead = row[:3]
        if open_ns != opened:
            total, opened = total + of_day, open_ns
        of_day = hours
        if at:
            holes.append((total + lead - before, last[6]))
        before, last = total + hours - row[3], row
    gap, gap_ns = max(holes, key=lambda hole: hole[0])
    return Wholeness(gap, gap_ns, rows[0][2], last[3], last[6])
