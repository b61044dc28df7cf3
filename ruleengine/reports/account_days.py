"""The account day by day, as far as the evidence tells: equity where a run recorded its days, else the balance that a
log states, else only what was realised.

A day is the account's (the `day` of its file, else its instruments': 17:00 New York for currencies, the exchange's for
stocks, UTC for crypto). What falls on a Saturday or Sunday of a market that rests belongs to the next trading day, so
that a quote after the weekly close makes no day of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.diagnostics.span import Span
from ruleengine.market.days import described
from ruleengine.market.interval import Timeframe
from ruleengine.market.zones import local_date, zone
from ruleengine.model.figure import money
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.windows import Window

Basis = Literal["equity", "balance", "realised"]
_LISTED_MAX = 10
_SAME = 1e-9
"""Equity that differs by less than this share of itself is the same."""


@dataclass(slots=True)
class AccountDay:
    """`start`, `end`: total assets; None where only results are known. `drawdown`: largest fall within the day, as a
    share of the highest before it; None where nobody looked in between."""

    label: date
    open_ns: int
    close_ns: int
    basis: Basis
    start: float | None
    end: float | None
    pnl: float
    drawdown: float | None
    open_trades: int | None
    closed: int = 0
    won: int = 0
    realised: float = 0.0
    """What trades that ended brought in all their time."""
    fees: float = 0.0
    booked: float | None = None
    """What fills of the day brought, fees taken off: also those of trades that are still open. None for logs, which
    tell of ended trades alone."""
    fills: int = 0
    sent: int = 0
    refused: int = 0
    alerts: int = 0
    between: float = 0.0
    """How far the account of a run was from what the run before it had left: in no result, for nobody saw why."""
    missed: tuple[date, ...] = ()
    """Trading days right before it of which there is no record."""
    manual: float | None = 0.0
    """What trades that are not ours brought, open ones as they stand; None where that can't be told."""

    @property
    def own(self) -> float | None:
        """The day's result without trades that are not ours."""
        return None if self.manual is None else self.pnl - self.manual

    @property
    def own_ratio(self) -> float | None:
        own = self.own
        return own / self.start if own is not None and self.start is not None and self.start > 0 else None

    @property
    def ratio(self) -> float | None:
        """The day's result as a share of what it began with."""
        return self.pnl / self.start if self.start is not None and self.start > 0 else None


def account_days(evidence: Evidence, window: Window) -> list[AccountDay]:
    """Trading days in order. Raises an `EvidenceProblem` where the sources are of several accounts, or two runs of one
    cover the same time or count its days otherwise."""
    accounts = {each.account for each in evidence.sources if each.account}
    if len(accounts) > 1:
        raise EvidenceProblem([faults.accounts_differ(Span.of_option("report"), ", ".join(sorted(accounts)))])
    _refuse_other_days(evidence)
    _refuse_overlaps(evidence)
    days = _recorded(evidence, window) or _stated(evidence, window) or _realised(evidence, window)
    days = folded(days, rests=evidence.rests)
    _missed(evidence, days)
    _counted(evidence, days)
    return days


def _refuse_other_days(evidence: Evidence) -> None:
    runs = [each for each in evidence.sources if each.account]
    for first, second in pairwise(runs):
        if first.day is not None and second.day is not None and first.day != second.day:
            span, told = Span.of_file(second.place), (described(second.day), first.place, described(first.day))
            raise EvidenceProblem([faults.account_day_differs(span, *told)])


def _refuse_overlaps(evidence: Evidence) -> None:
    runs = sorted((each for each in evidence.sources if each.account), key=lambda each: each.first_ns)
    for first, second in pairwise(each for each in runs if each.last_ns > each.first_ns):
        if second.first_ns <= first.last_ns:
            span = Span.of_file(second.place)
            if first.file and first.file == second.file:
                raise EvidenceProblem([faults.journal_runs_overlap(span, first.place)])
            raise EvidenceProblem([faults.sources_overlap(span, first.place, "it covers the same time")])


def _recorded(evidence: Evidence, window: Window) -> list[AccountDay]:
    """Days that runs recorded; one that two runs share begins with the earlier one and ends with the later one,
    whichever was named first, and its result is what each of them saw."""
    rows = evidence.rows(
        """
        SELECT source, open_ns, close_ns, equity_start, equity_end, flows, drawdown, open_trades
        FROM days WHERE close_ns > ? AND open_ns < ? ORDER BY open_ns, first_ns, source
        """,
        window.values,
    )
    days: list[AccountDay] = []
    before: tuple[int, float] | None = None
    for source, opened, closed, start, end, flows, drawdown, trades in rows:
        label = _label(evidence.day, closed)
        day = AccountDay(label, opened, closed, "equity", start, end, end - start - flows, drawdown, trades)
        day.open_trades = None if trades is None else int(trades)
        if before is not None and before[0] != source:
            day.between = _jump(before[1], start)
        before = source, end
        if days and days[-1].open_ns == opened:
            days[-1] = _joined(days[-1], day, label)
        else:
            days.append(day)
    return days


def _jump(left: float, found: float) -> float:
    """By how much the account of a later run differs from what the earlier one left."""
    return 0.0 if math.isclose(left, found, rel_tol=_SAME) else found - left


def _stated(evidence: Evidence, window: Window) -> list[AccountDay]:
    """From balances that decisions or fills of a log carry: a day ends with its last one, and begins with the one
    before."""
    readings = evidence.rows(
        """
        SELECT d.ts, f.value FROM figures AS f JOIN decisions AS d USING (n)
        WHERE f.name IN ('balance', 'account.balance') AND f.value IS NOT NULL AND d.ts >= ? AND d.ts < ?
        ORDER BY d.ts, d.n
        """,
        window.values,
    )
    days: list[AccountDay] = []
    before = None
    for ts, balance in readings:
        opened, closed = evidence.day.bucket(ts)
        if not days or days[-1].open_ns != opened:
            start = balance if before is None else before
            label = _label(evidence.day, closed)
            days.append(AccountDay(label, opened, closed, "balance", start, balance, balance - start, None, None))
        day, before = days[-1], balance
        day.end, day.pnl = balance, balance - (day.start or 0.0)
    return days


def _realised(evidence: Evidence, window: Window) -> list[AccountDay]:
    days: list[AccountDay] = []
    for (ts,) in evidence.rows(
        "SELECT closed_ns FROM trades WHERE closed_ns >= ? AND closed_ns < ? ORDER BY closed_ns", window.values
    ):
        opened, closed = evidence.day.bucket(ts)
        if not days or days[-1].open_ns != opened:
            label = _label(evidence.day, closed)
            days.append(AccountDay(label, opened, closed, "realised", None, None, math.nan, None, None))
    return days


def folded(days: Iterable[AccountDay], *, rests: bool) -> list[AccountDay]:
    """Weekend days put to the next trading day; to the last one where none follows."""
    kept: list[AccountDay] = []
    waiting: AccountDay | None = None
    for day in days:
        whole = day if waiting is None else _joined(waiting, day, day.label)
        waiting = whole if rests and day.label.weekday() >= 5 else None
        if waiting is None:
            kept.append(whole)
    if waiting is not None:
        kept[-1:] = [_joined(kept[-1], waiting, kept[-1].label) if kept else waiting]
    return kept


def _joined(first: AccountDay, second: AccountDay, label: date) -> AccountDay:
    falls = [each.drawdown for each in (first, second) if each.drawdown is not None]
    return AccountDay(
        label, first.open_ns, second.close_ns, second.basis, first.start, second.end, first.pnl + second.pnl,
        max(falls, default=None), second.open_trades, between=first.between + second.between,
    )  # fmt: skip


def _missed(evidence: Evidence, days: list[AccountDay]) -> None:
    """Add the trading days of which no run has a record, each to the day that follows it. Logs tell of no days."""
    for first, second in pairwise(days):
        at = first.close_ns
        while first.basis == "equity" and at < second.open_ns:
            opened, at = evidence.day.bucket(at)
            label = _label(evidence.day, at)
            if _is_open(evidence, opened, at) and not (evidence.rests and label.weekday() >= 5):
                second.missed = (*second.missed, label)


def unseen(days: Sequence[AccountDay], currency: str) -> list[str]:
    """What of the account between its first and last day nobody recorded, in sentences."""
    missed = [str(label) for day in days for label in day.missed]
    jumps = [f"{day.label} {money(day.between, currency)}" for day in days if day.between]
    found = [f"{len(missed):,} trading days without a record: {_listed(missed)}"] if missed else []
    if jumps:
        found.append(
            f"a run began with other total assets than the one before had left, in no result: {_listed(jumps)}"
        )
    return found


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _LISTED_MAX
    return ", ".join(words[:_LISTED_MAX]) + (f" and {more:,} more" if more > 0 else "")


def _is_open(evidence: Evidence, begin_ns: int, end_ns: int) -> bool:
    return evidence.open_time is None or evidence.open_time(begin_ns, end_ns) > 0


def _counted(evidence: Evidence, days: list[AccountDay]) -> None:
    """Add what closed, what was sent and refused, and what was alerted, by its own time. Manual trades are left out of
    the results by trade, not of the account."""
    for day in days:
        bounds = [day.open_ns, day.close_ns]
        day.closed, day.won, day.realised, day.fees = evidence.one(
            """
            SELECT count(*), count(*) FILTER (result > 0), coalesce(sum(result), 0), coalesce(sum(fees), 0)
            FROM trades WHERE closed_ns >= ? AND closed_ns < ? AND NOT coalesce(is_manual, false)
            """,
            bounds,
        )
        if day.basis == "equity":
            day.booked, day.fills = evidence.one(
                "SELECT coalesce(sum(amount), 0), count(*) FROM booked WHERE ts >= ? AND ts < ? AND NOT is_manual",
                bounds,
            )
        day.sent, day.refused = evidence.one(
            "SELECT count(*) FILTER (outcome = 'sent'), count(*) FILTER (outcome = 'refused') FROM decisions "
            "WHERE ts >= ? AND ts < ?",
            bounds,
        )
        day.alerts = evidence.count("notes", "level = 'alert' AND ts >= ? AND ts < ?", bounds)
        if day.basis == "realised":
            day.pnl = day.realised
        else:
            day.manual = _manual(evidence, day)


def _manual(evidence: Evidence, day: AccountDay) -> float | None:
    """Where only balances are known a trade that is not ours counts when it ends, as a balance does."""
    bounds = [day.open_ns, day.close_ns]
    if day.basis == "balance":
        where = "is_manual AND closed_ns >= ? AND closed_ns < ?"
        return float(evidence.one(f"SELECT coalesce(sum(result), 0) FROM trades WHERE {where}", bounds)[0])
    booked = evidence.one("SELECT coalesce(sum(amount), 0) FROM booked WHERE ts >= ? AND ts < ? AND is_manual", bounds)[
        0
    ]
    told, rows, change = evidence.one(
        "SELECT count(manual_end - manual_start), count(*), sum(manual_end - manual_start) FROM days "
        "WHERE open_ns >= ? AND close_ns <= ?",
        bounds,
    )
    return float(booked + change) if told == rows else None


def _label(frame: Timeframe, close_ns: int) -> date:
    """A day is called after the date on which it ends."""
    return local_date(close_ns - 1, zone(frame.anchor.zone))
