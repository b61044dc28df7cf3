"""PY-15: the day's figures, by the account's own cut of days."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from ruleengine.market.interval import Anchor, Timeframe
from ruleengine.model.event import Timer
from ruleengine.reports.account_days import AccountDay, account_days, folded
from ruleengine.reports.daily_report import DailyAsk, daily_report
from ruleengine.reports.evidence.day_book import DayBook
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.windows import Window
from tests.reports.hand_made import DAY_NS, T0, call, compared, evidence_of

Rows = list[tuple[str, dict[str, Any]]]
NEW_YORK = Timeframe("d1", Anchor("America/New_York", time(17), time(17)))
HOUR_NS = 3_600_000_000_000


def day(at: int, start: float, end: float, **more: Any) -> tuple[str, dict[str, Any]]:
    common = {"source": 0, "open_ns": T0 + at * DAY_NS, "close_ns": T0 + (at + 1) * DAY_NS, "equity_start": start,
              "equity_end": end, "equity_low": min(start, end), "equity_high": max(start, end), "drawdown": 0.01,
              "flows": 0.0, "open_trades": 3.0, "basis": "equity", "manual_start": 0.0, "manual_end": 0.0}  # fmt: skip
    return "days", {**common, **more}


def trade(at: int, result: float, **more: Any) -> tuple[str, dict[str, Any]]:
    common = {"source": 0, "id": f"t{at}", "instrument": "USD_JPY", "side": "short", "units": 1000.0,
              "strategy": "A", "entry_price": 150.0, "exit_price": 147.0, "pips": 300.0, "result": result,
              "fees": 1.0, "opened_ns": T0 + at - HOUR_NS, "closed_ns": T0 + at, "closed_by": "take",
              "is_manual": False}  # fmt: skip
    return "trades", {**common, **more}


def report(rows: Rows, **asked: Any) -> dict[str, Any]:
    with evidence_of(rows) as evidence:
        return daily_report(evidence, DailyAsk(**asked)).data


def test_the_last_day_unless_one_is_named() -> None:
    rows = [day(0, 1000, 1100), day(1, 1100, 1045), trade(10, 60.0), trade(DAY_NS + 5, -20.0), trade(DAY_NS + 6, 30.0)]
    last = report(rows)["day"]
    assert (last["day"], last["total_assets"], last["pnl"], last["open_positions"]) == ("2024-10-05", 1045, -55, 3)
    assert last["return"] == pytest.approx(-0.05)
    assert (last["closed"], last["won"], last["win_rate"], last["realised"]) == (2, 1, 0.5, 10)
    assert last["below_highest"] == pytest.approx(0.05)  # 1045 under 1100
    assert last["drawdown_within_day"] == 0.01
    first = report(rows, day=date(2024, 10, 4))
    assert (first["day"]["pnl"], first["day"]["won"]) == (100, 1)
    assert report(rows)["since_beginning"] == {"won": 2, "closed": 3, "win_rate": pytest.approx(2 / 3)}


def filled(at: int, amount: float, **more: Any) -> tuple[str, dict[str, Any]]:
    return "booked", {"source": 0, "ts": T0 + at, "trade": "t", "amount": amount, "is_manual": False, **more}


def test_what_parts_of_open_trades_realised_is_the_days_too() -> None:
    """One trade ended with 60, of which 25 were booked the day before; a part of one that is still open brought 850,
    and its opening cost 3."""
    rows = [day(0, 1000, 1100), day(1, 1100, 1982), trade(DAY_NS + 5, 60.0), filled(9, 25.0), filled(DAY_NS + 5, 35.0),
            filled(DAY_NS + 6, 850.0), filled(DAY_NS + 7, -3.0), filled(DAY_NS + 8, 99.0, is_manual=True)]  # fmt: skip
    data = report(rows)
    assert (data["day"]["booked"], data["day"]["fills"], data["day"]["realised"]) == (882, 3, 60)
    assert (data["days"][0]["booked"], data["days"][0]["fills"]) == (25, 1)


def test_money_put_in_is_no_result() -> None:
    assert report([day(0, 1000, 1600, flows=500.0)])["day"]["pnl"] == 100


def test_a_day_that_two_runs_share_is_one() -> None:
    rows = [day(0, 1000, 1050, open_trades=1.0), day(0, 1050, 1020, source=1, open_trades=2.0)]
    found = report(rows)
    assert len(found["days"]) == 1
    assert (found["day"]["total_assets_start"], found["day"]["total_assets"], found["day"]["pnl"]) == (1000, 1020, 20)
    assert found["day"]["open_positions"] == 2


def test_each_trade_with_its_gain_and_reason() -> None:
    # a short from 150 to 147 gains 2 %
    with evidence_of([day(0, 1000, 1100), trade(10, 60.0)]) as evidence:
        (table,) = [each for each in daily_report(evidence, DailyAsk()).tables if each.title == "Closed that day"]
    (row,) = table.rows
    assert (row[7], row[10], row[11]) == ("2.000%", "1h", "take")


def test_every_skip_by_its_gate_and_by_how_much() -> None:
    rows = [day(0, 1000, 1000)]
    for at, spread in enumerate((1.4, 1.6, 2.0)):
        rows += [call(at, outcome="refused", code="RE570", blocker="spread"), compared(at, "spread", "le", spread, 1.2)]
    rows.append(call(3, outcome="refused", code="RE571", blocker="warm", message="rsi not warm"))
    by = {each["rule"]: each for each in report(rows)["skipped"]}
    assert (by["spread"]["n"], by["spread"]["short_by_n"]) == (3, 3)
    assert by["spread"]["short_by_median"] == pytest.approx(0.4)
    assert (by["warm"]["n"], by["warm"]["short_by_n"], by["warm"]["example"]) == (1, 0, "rsi not warm")


def test_checks_of_the_record() -> None:
    rows = [day(0, 1000, 1000), day(20, 1000, 1000), call(0, digest="abc"), call(1, digest="def")]
    rows += [compared(0, "spread", "le", None, 1.2, unknown="bid missing"), compared(1, "spread", "le", 0.5, 1.2)]
    found = {each["check"]: each for each in report(rows, day=date(2024, 10, 4))["checks"]}
    assert found["record reaches the day's end"]["passed"] is True
    assert found["one policy all day"]["passed"] is False
    assert found["inputs known"]["found"] == "1 of 2 comparisons (50.0%)"
    late = {each["check"]: each for each in report([day(10, 1, 1)])["checks"]}  # the source ends with day 10's start
    assert late["record reaches the day's end"]["passed"] is False


def test_what_a_log_does_not_tell_is_not_known() -> None:
    names = ("one policy all day", "inputs known", "no exit blind beyond its wait", "no defect of market data",
             "no trading day missing before it")  # fmt: skip
    for kind, told in (("imported decisions", None), ("dry run", True)):
        rows = [trade(5, 1.0)] if told is None else [day(0, 1000, 1000)]
        with evidence_of(rows) as evidence:
            evidence.sources[0].kind = kind
            found = {each["check"]: each["passed"] for each in daily_report(evidence, DailyAsk()).data["checks"]}
        assert [found[name] for name in names] == [told] * 5


def test_a_day_that_is_not_there_is_told() -> None:
    with (
        evidence_of([day(0, 1000, 1000)]) as evidence,
        pytest.raises(EvidenceProblem, match="day 2024-10-09"),
    ):
        daily_report(evidence, DailyAsk(day=date(2024, 10, 9)))


def test_several_accounts_are_refused() -> None:
    with evidence_of([day(0, 1, 1)]) as evidence:
        evidence.sources[0].account = "a"
        evidence.sources.append(type(evidence.sources[0])("b", "journal", "JPY", T0, T0, "b"))
        with pytest.raises(EvidenceProblem, match="accounts a, b"):
            account_days(evidence, Window(T0, T0 + DAY_NS))


def made(label: str, start: float, end: float) -> AccountDay:
    return AccountDay(date.fromisoformat(label), 0, 1, "equity", start, end, end - start, 0.0, 1)


def test_a_weekend_belongs_to_the_day_after_it_where_the_market_rests() -> None:
    days = [made("2013-02-01", 100, 110), made("2013-02-02", 110, 111), made("2013-02-04", 111, 120)]
    found = folded(days, rests=True)
    assert [(str(each.label), each.start, each.end, each.pnl) for each in found] == [
        ("2013-02-01", 100, 110, 10), ("2013-02-04", 110, 120, 10),
    ]  # fmt: skip
    assert len(folded(days, rests=False)) == 3
    assert [str(each.label) for each in folded(days[:2], rests=True)] == ["2013-02-01"]
    assert folded(days[:2], rests=True)[0].end == 111


# --- as a run writes them --------------------------------------------------------------------------------------------


def booked(readings: list[tuple[int, float | None]], frame: Timeframe = NEW_YORK) -> list[dict[str, Any]]:
    """Days of events at these times, with equity as it is after each."""
    rows: list[dict[str, Any]] = []
    equity: dict[str, float] = {}
    book = DayBook(frame, lambda: dict(equity), lambda: 0.0, rows.append)
    for event in book.follow(Timer(ts) for ts, _ in readings):
        value = dict(readings)[event.ts]
        equity.clear()
        if value is not None:
            equity.update(equity=value, open_trades=1.0)
            book.see(equity)
    book.close()
    return rows


def test_a_day_of_currencies_ends_at_17_in_new_york() -> None:
    # 2024-10-04 21:00 UTC is 17:00 in New York (summer time): the last event before it ends the day
    cut = T0 + 21 * HOUR_NS
    rows = booked([(cut - 2 * HOUR_NS, 1000.0), (cut - 1, 1010.0), (cut, 900.0), (cut + HOUR_NS, 990.0)])
    assert [(row["close_ns"], row["equity_end"]) for row in rows] == [(cut, 1010.0), (cut + DAY_NS, 990.0)]
    # the gap over the cut belongs to the new day
    assert (rows[1]["equity_start"], rows[1]["equity_low"]) == (1010.0, 900.0)
    assert rows[1]["drawdown"] == pytest.approx(110 / 1010)


def test_a_day_begins_with_the_first_reading_that_can_be_had() -> None:
    rows = booked([(T0, None), (T0 + 1, None), (T0 + 2, 500.0), (T0 + 3, 480.0), (T0 + 4, 470.0)])
    assert len(rows) == 1
    assert (rows[0]["equity_start"], rows[0]["equity_end"]) == (500.0, 470.0)
    assert booked([(T0, None), (T0 + 1, None)]) == []


# --- orders ----------------------------------------------------------------------------------------------------------


def test_each_order_with_what_was_measured_when_it_was_sent() -> None:
    trigger = compared(0, "mom", "ge", 2.5, 2, refused=False, section="trigger", rule="in")
    guard = compared(0, "atr", "le", 1.5, 3, refused=False)
    rows = [day(0, 1000, 1000), call(0, units=500.0, fill_price=157.25), trigger, guard]
    rows += [call(1, outcome="refused"), call(2, ts=T0 + DAY_NS)]
    (order,) = report(rows)["orders"]
    assert (order["id"], order["fill_price"], order["units"]) == ("d0", 157.25, 500)
    assert [(each["name"], each["value"], each["section"]) for each in order["measured"]] == [
        ("mom", 2.5, "trigger"), ("atr", 1.5, "guards"),
    ]  # fmt: skip


def test_the_headline_calls_both_falls_by_their_names() -> None:
    with evidence_of([day(0, 1000, 1100), day(1, 1100, 1045)]) as evidence:
        lead = daily_report(evidence, DailyAsk()).lead[0]
    assert "largest fall within the day 1.000%, below the highest end of a day 5.000%" in lead
