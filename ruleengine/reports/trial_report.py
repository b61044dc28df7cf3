"""The trial report (PY-12): whether a trial of some trading days passed, criterion by criterion, each with its n.

What can't be told from the evidence does not pass: a criterion that nobody could check is no criterion met.

1. `trial_days`       the days of the trial and whether they are enough
2. `trial_criteria`   expectancy, spread of daily returns, five days in a row
3. `trial_rules`      rule violations, and the policy that stayed the same
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ruleengine.model.figure import money
from ruleengine.reports.account_days import AccountDay, account_days, unseen
from ruleengine.reports.charts import columns
from ruleengine.reports.document import Report, Section, sources_of
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.outcome_report import closed_of
from ruleengine.reports.performance import SQL, Performance
from ruleengine.reports.tables import Table
from ruleengine.reports.trial_criteria import enough_days, expectancy, falling_spread, rising_windows
from ruleengine.reports.trial_rules import RuleAsk, pinned_policy, violations
from ruleengine.reports.windows import Window, window_of


@dataclass(frozen=True, slots=True)
class TrialAsk:
    """`days`: trading days of the trial; `window`: days in a row whose sum has to be above zero; `block`: days of one
    standard deviation. Without `begin_ns` the trial is the last so many days."""

    days: int = 15
    window: int = 5
    block: int = 5
    begin_ns: int | None = None
    end_ns: int | None = None
    rules: RuleAsk = RuleAsk()  # noqa: RUF009  it is frozen


def trial_report(evidence: Evidence, ask: TrialAsk) -> Report:
    """Raises an `EvidenceProblem` where the evidence has no day in the period."""
    days = _days(evidence, ask)
    window = Window(days[0].open_ns, days[-1].close_ns)
    closed_of(evidence, window)
    whole = Performance.of(evidence.one(f"SELECT {SQL} FROM closed"))
    checks, counted = violations(evidence, window, days, ask.rules)
    policies, pinned = pinned_policy(evidence, window, ask.rules.digest)
    currency = evidence.currency
    criteria = [
        enough_days(days, ask.days),
        expectancy(whole, currency),
        falling_spread(days, ask.block),
        rising_windows(days, ask.window, currency),
        counted,
        pinned,
    ]
    has_passed = all(each.passed for each in criteria)
    failed = [each.name for each in criteria if not each.passed]
    lead = [
        f"{'passed' if has_passed else 'FAILED'}: {len(criteria) - len(failed)} of {len(criteria)} criteria met"
        + (f"; not met: {', '.join(failed)}" if failed else ""),
        f"{len(days):,} trading days, {days[0].label} … {days[-1].label}; daily results from {_basis(days)}",
    ]
    lead += unseen(days, currency)
    judged = Table("Criteria", ["criterion", "verdict", "found", "asked", "n"], right=(4,))
    judged.rows = [[each.name, each.word, each.found, each.asked, f"{each.n:,} {each.of}"] for each in criteria]
    shown = _table(days, currency)
    sections = [Section(judged), Section(shown, _chart(days, currency)), Section(checks), Section(policies)]
    about, sources = sources_of(evidence)
    data = {
        "passed": has_passed,
        "period": {"first_ns": window.first_ns, "end_ns": window.end_ns},
        "criteria": [each.as_json() for each in criteria],
        "days": [_plain(each) for each in days],
        "trades": whole.as_json(),
        **sources,
    }
    return Report("trial", "Trial report", lead, [*sections, *about], data)


def _days(evidence: Evidence, ask: TrialAsk) -> list[AccountDay]:
    """The first so many days from a given beginning; else the last so many."""
    window = Window(
        min(each.first_ns for each in evidence.sources) if ask.begin_ns is None else ask.begin_ns,
        max(each.last_ns for each in evidence.sources) + 1 if ask.end_ns is None else ask.end_ns,
    )
    found = account_days(evidence, window)
    if not found:  # says so
        window_of(evidence, ask.begin_ns, ask.end_ns, None, "days", "open_ns", "trading day")
    found = found[-ask.days :] if ask.begin_ns is None else found[: ask.days]
    if found:
        found[0].missed = ()  # before the trial
    return found


def _basis(days: list[AccountDay]) -> str:
    told = {
        "equity": "equity at the end of each day",
        "balance": "the last balance stated each day: open trades don't count",
        "realised": "closed trades: open ones don't count",
    }
    return told[days[-1].basis]


def _table(days: list[AccountDay], currency: str) -> Table:
    heads = ["day", "result", "manual", "our own", "of the start", "trades closed n", "won n", "orders n"]
    table = Table("Days of the trial", heads, right=(1, 2, 3, 4, 5, 6, 7))
    for day in days:
        ratio = "–" if day.own_ratio is None else f"{100 * day.own_ratio:.3f}%"
        parts = ["–" if each is None else money(each, currency) for each in (day.manual, day.own)]
        counts = [f"{each:,}" for each in (day.closed, day.won, day.sent)]
        table.rows.append([str(day.label), money(day.pnl, currency), *parts, ratio, *counts])
    return table


def _chart(days: list[AccountDay], currency: str) -> str:
    return columns(f"Our own result of each day, {currency}", [day.label.strftime("%m-%d") for day in days],
                   [day.own or 0.0 for day in days]) if len(days) > 1 else ""  # fmt: skip


def _plain(day: AccountDay) -> dict[str, Any]:
    return {
        "day": str(day.label),
        "basis": day.basis,
        "start": day.start,
        "end": day.end,
        "pnl": day.pnl,
        "between_runs": day.between,
        "without_record_before": [str(each) for each in day.missed],
        "manual": day.manual,
        "own": day.own,
        "return": day.own_ratio,
        "closed": day.closed,
        "won": day.won,
        "orders": day.sent,
    }
