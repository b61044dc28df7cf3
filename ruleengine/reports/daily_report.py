"""The daily report (PY-15): total assets, the day's result, win rate, drawdown, open positions; what was not done and
why; what was alerted; and whether the day's record is whole (PY-16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.diagnostics.span import Span
from ruleengine.model.figure import figure, money, quantity, when
from ruleengine.reports.account_days import AccountDay, account_days, unseen
from ruleengine.reports.charts import line
from ruleengine.reports.daily_checks import GAP_MAX_S, alerts, checks, skipped
from ruleengine.reports.daily_orders import orders_of
from ruleengine.reports.document import Report, Section, share, sources_of
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.tables import Table
from ruleengine.reports.windows import Window, window_of

TRADES_MAX = 40
"""Trades of a day that are listed; JSON has all."""


@dataclass(frozen=True, slots=True)
class DailyAsk:
    """`day`: which one; by default the last. `begin_ns`, `end_ns`: days of the table. `gap_max_s`: a longer time of an
    open market without an event is a hole in the record."""

    day: date | None = None
    begin_ns: int | None = None
    end_ns: int | None = None
    gap_max_s: float = GAP_MAX_S


def daily_report(evidence: Evidence, ask: DailyAsk) -> Report:
    """Raises an `EvidenceProblem` where the evidence does not have the day."""
    days, at = _chosen(evidence, ask)
    day, currency = days[at], evidence.currency
    falls = _falls(days)
    won, closed = sum(each.won for each in days[: at + 1]), sum(each.closed for each in days[: at + 1])
    running = _running(day, falls[at], won, closed, currency)
    trades, listed = _closed(evidence, day)
    orders, sent = orders_of(evidence, day)
    reasons, alerted, whole = skipped(evidence, day), alerts(evidence, day), checks(evidence, day, ask.gap_max_s)
    table = _table(days, falls, currency)
    about, sources = sources_of(evidence)
    sections = [Section(running), Section(table, _chart(days, currency)), Section(orders), Section(trades)]
    sections += [Section(reasons[0]), Section(alerted[0]), Section(whole[0]), *about]
    result = money(day.pnl, currency) + ("" if day.ratio is None else f" ({day.ratio:.3%})")
    lead = [
        f"{day.label}: total assets {_amount(day.end, currency)}, result {result}, "
        f"{day.won:,} of {day.closed:,} trades won, "
        f"largest fall within the day {_ratio(day.drawdown)}, below the highest end of a day {_ratio(falls[at])}, "
        f"open {_count(day.open_trades)}",
        f"the day {when(day.open_ns)} … {when(day.close_ns - 1)}; results from {day.basis}",
    ]
    lead += unseen(days, currency)
    data = {
        "day": _plain(day, falls[at]),
        "since_beginning": {"won": won, "closed": closed, "win_rate": won / closed if closed else None},
        "days": [_plain(each, fall) for each, fall in zip(days, falls, strict=True)],
        "orders": sent,
        "closed": listed,
        "skipped": reasons[1],
        "alerts": alerted[1],
        "checks": whole[1],
        **sources,
    }
    return Report("daily", f"Daily report {day.label}", lead, [each for each in sections if each.table.rows], data)


def _chosen(evidence: Evidence, ask: DailyAsk) -> tuple[list[AccountDay], int]:
    window = Window(
        min(each.first_ns for each in evidence.sources) if ask.begin_ns is None else ask.begin_ns,
        max(each.last_ns for each in evidence.sources) + 1 if ask.end_ns is None else ask.end_ns,
    )
    days = account_days(evidence, window)
    if not days:  # says so
        window_of(evidence, ask.begin_ns, ask.end_ns, None, "days", "open_ns", "day")
    if ask.day is None:
        return days, len(days) - 1
    for at, each in enumerate(days):
        if each.label == ask.day:
            return days, at
    first, last = str(days[0].label), str(days[-1].label)
    raise EvidenceProblem([faults.nothing_in_time(Span.of_option("--day"), f"trading day {ask.day}", first, last)])


def _falls(days: list[AccountDay]) -> list[float | None]:
    """How far each day ends below the highest end of a day so far; the first day's start counts as one."""
    found: list[float | None] = []
    peak: float | None = None
    for day in days:
        if day.end is None or day.start is None:
            found.append(None)
            continue
        peak = max(day.start, day.end) if peak is None else max(peak, day.end)
        found.append((peak - day.end) / peak if peak > 0 else None)
    return found


def _running(day: AccountDay, fall: float | None, won: int, closed: int, currency: str) -> Table:
    table = Table("Running figures", ["figure", "value", "n"], right=(1, 2))
    table.rows = [
        ["total assets at the end", _amount(day.end, currency), "–"],
        ["total assets at the start", _amount(day.start, currency), "–"],
        ["day's result", money(day.pnl, currency), "–"],
        ["of the start", _ratio(day.ratio), "–"],
        *([["between two runs, in no result", money(day.between, currency), "–"]] if day.between else []),
        ["of that manual trades", _amount(day.manual, currency), "–"],
        ["realised by fills, fees taken off", _amount(day.booked, currency), f"{day.fills:,} fills"],
        ["result of trades closed", money(day.realised, currency), f"{day.closed:,} trades"],
        ["of that fees", money(-day.fees, currency), f"{day.closed:,} trades"],
        ["win rate of the day", share(day.won, day.closed), f"{day.closed:,} trades"],
        ["win rate since the beginning", share(won, closed), f"{closed:,} trades"],
        ["largest fall within the day", _ratio(day.drawdown), "–"],
        ["below the highest end of a day", _ratio(fall), "–"],
        ["open positions at the end", _count(day.open_trades), "–"],
        ["orders sent", f"{day.sent:,}", f"{day.sent + day.refused:,} intents"],
        ["refused", f"{day.refused:,}", f"{day.sent + day.refused:,} intents"],
        ["alerts", f"{day.alerts:,}", "–"],
    ]
    return table


def _table(days: list[AccountDay], falls: list[float | None], currency: str) -> Table:
    heads = ["day", "total assets", "result", "of the start", "closed n", "won", "fall within", "below highest", "open",
             "orders n", "refused n", "alerts n"]  # fmt: skip
    table = Table("Day by day", heads, right=tuple(range(1, 12)))
    for day, fall in zip(days, falls, strict=True):
        table.rows.append(
            [str(day.label), _amount(day.end, currency), money(day.pnl, currency), _ratio(day.ratio), f"{day.closed:,}",
             share(day.won, day.closed), _ratio(day.drawdown), _ratio(fall), _count(day.open_trades), f"{day.sent:,}",
             f"{day.refused:,}", f"{day.alerts:,}"]
        )  # fmt: skip
    return table


def _closed(evidence: Evidence, day: AccountDay) -> tuple[Table, list[dict[str, Any]]]:
    """PY-11: each trade that ended, with time, reason, result in per cent and both fills."""
    names = ("id", "closed_ns", "instrument", "strategy", "side", "units", "entry_price", "exit_price", "pips",
             "result", "closed_by", "opened_ns")  # fmt: skip
    found = evidence.rows(
        f"SELECT {', '.join(names)} FROM trades WHERE closed_ns >= ? AND closed_ns < ? "
        "AND NOT coalesce(is_manual, false) ORDER BY closed_ns, id",
        [day.open_ns, day.close_ns],
    )
    listed = [dict(zip(names, row, strict=True)) for row in found]
    heads = ["closed", "trade", "strategy", "side", "units", "entry", "exit", "gain", "pips", "result", "held", "by"]
    table = Table("Closed that day", heads, right=(4, 5, 6, 7, 8, 9, 10))
    for each in listed[:TRADES_MAX]:
        entry, exit_ = each["entry_price"], each["exit_price"]
        sign = 1 if each["side"] == "long" else -1
        gain = None if not entry or exit_ is None else sign * (exit_ - entry) / entry
        held = None if each["opened_ns"] is None else (each["closed_ns"] - each["opened_ns"]) / 1e9
        table.rows.append(
            [when(each["closed_ns"])[:19], each["id"], each["strategy"] or "(none)", each["side"],
             "–" if each["units"] is None else quantity(each["units"]), _price(entry), _price(exit_), _ratio(gain),
             "–" if each["pips"] is None else figure(each["pips"], "pips"), money(each["result"], evidence.currency),
             "–" if held is None else figure(held, "duration"), each["closed_by"] or "–"]
        )  # fmt: skip
    table.note = f"{len(listed) - TRADES_MAX:,} more in --format json" if len(listed) > TRADES_MAX else ""
    return table, listed


def _chart(days: list[AccountDay], currency: str) -> str:
    ends = [(str(day.label), day.end) for day in days if day.end is not None]
    if len(ends) < 2:
        return ""
    return line(
        f"Total assets at the end of each day, {currency}", [name for name, _ in ends], [end for _, end in ends]
    )


def _plain(day: AccountDay, fall: float | None) -> dict[str, Any]:
    return {
        "day": str(day.label),
        "open_ns": day.open_ns,
        "close_ns": day.close_ns,
        "basis": day.basis,
        "total_assets_start": day.start,
        "total_assets": day.end,
        "pnl": day.pnl,
        "return": day.ratio,
        "between_runs": day.between,
        "without_record_before": [str(each) for each in day.missed],
        "manual": day.manual,
        "booked": day.booked,
        "fills": day.fills,
        "realised": day.realised,
        "fees": day.fees,
        "closed": day.closed,
        "won": day.won,
        "win_rate": day.won / day.closed if day.closed else None,
        "drawdown_within_day": day.drawdown,
        "below_highest": fall,
        "open_positions": day.open_trades,
        "orders": day.sent,
        "refused": day.refused,
        "alerts": day.alerts,
    }


def _amount(value: float | None, currency: str) -> str:
    return "–" if value is None else money(value, currency)


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.3%}"


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _price(value: float | None) -> str:
    return "–" if value is None else f"{value:.8g}"
