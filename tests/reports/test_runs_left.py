"""What runs leave, read back: the same happenings tell the same from a dry run's folder and from a journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ruleengine.market.days import described
from ruleengine.market.interval import CRYPTO, Timeframe
from ruleengine.model.audit import Decision
from ruleengine.model.event import CashChange, OrderStatus, Timer
from ruleengine.model.instrument import Instrument
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.reports.account_days import AccountDay, account_days
from ruleengine.reports.daily_checks import checks
from ruleengine.reports.evidence.day_book import DayBook
from ruleengine.reports.evidence.open import opened
from ruleengine.reports.evidence.open_time import open_time_of
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.guard_report import GuardAsk, guard_report
from ruleengine.reports.windows import Window
from tests.reports.hand_made import DAY_NS, T0
from tests.reports.left_behind import TERMS, Happening, dry_run, ended, fill, journal, order

SECOND = 1_000_000_000
Written = Callable[..., Path]
BOTH = pytest.mark.parametrize("written", [dry_run, journal])


def found_checks(evidence: Any, at: int = 0) -> dict[str, dict[str, Any]]:
    opened_ns = T0 + at * DAY_NS
    day = AccountDay(date(2024, 10, 4), opened_ns, opened_ns + DAY_NS, "equity", 1.0, 1.0, 0.0, 0.0, 0, sent=3)
    return {each["check"]: each for each in checks(evidence, day)[1]}


@BOTH
def test_what_the_venue_refused_and_cancelled_is_told(written: Written, tmp_path: Path) -> None:
    happened = [
        order(1, T0), ended(1, T0 + 1, OrderStatus.REJECTED, "INSUFFICIENT_MARGIN"),
        order(2, T0 + 2), ended(2, T0 + 3, OrderStatus.EXPIRED, "", "time"),
        order(3, T0 + 4), ended(3, T0 + 5, OrderStatus.ACCEPTED), fill(3, T0 + 6, 100, "150"),
    ]  # fmt: skip
    with opened([written(tmp_path / "run", happened, T0, T0 + 9)]) as evidence:
        assert evidence.rows("SELECT id, fate, venue_code FROM decisions ORDER BY id") == [
            ("d1", "rejected", "INSUFFICIENT_MARGIN"), ("d2", "cancelled", "time"), ("d3", "filled", None),
        ]  # fmt: skip
        refused = guard_report(evidence, GuardAsk(days=None, min_count=1)).data["venue_refusals"]
        assert refused == [{"code": "INSUFFICIENT_MARGIN", "strategy": "A", "n": 1, "sent": 3}]
        check = found_checks(evidence)["no order refused by the venue"]
        assert (check["passed"], check["found"]) == (False, "1 of 3 orders")


@BOTH
def test_an_order_without_an_answer_is_no_order_that_was_taken(written: Written, tmp_path: Path) -> None:
    happened = [order(1, T0), order(2, T0 + 2), fill(2, T0 + 3, 100, "150")]
    with opened([written(tmp_path / "run", happened, T0, T0 + 9)]) as evidence:
        check = found_checks(evidence)["no order refused by the venue"]
    assert (check["passed"], check["found"]) == (None, "0 of 3 orders; of 1 there is no answer")


@BOTH
@pytest.mark.parametrize("cancelled_first", [False, True])
def test_what_was_filled_before_the_rest_was_cancelled_stays(
    written: Written, tmp_path: Path, cancelled_first: bool
) -> None:
    # 30 at 150 and 10 at 154 of 100: 40 at (4500 + 1540) / 40 = 151
    parts = [fill(1, T0 + 1, 30, "150", is_last=False), fill(1, T0 + 2, 10, "154", is_last=False)]
    end = ended(1, T0 + 3, OrderStatus.CANCELLED, "TIME_IN_FORCE_EXPIRED")
    happened = [order(1, T0), *([end, *parts] if cancelled_first else [*parts, end])]
    with opened([written(tmp_path / "run", happened, T0, T0 + 9)]) as evidence:
        told = evidence.rows("SELECT fate, fill_price, venue_code FROM decisions")
    assert told == [("filled", 151.0, "TIME_IN_FORCE_EXPIRED")]


# --- how whole the record of a day is ---------------------------------------------------------------------------------

MINUTE = 60 * SECOND
Days = list[dict[str, Any]]


def booked(times: list[int], calendar: str = "always") -> Days:
    """Days of events at these times; equity rises by one with each, from 999."""
    rows: Days = []
    equity = {"equity": 999.0}
    spec = Instrument("USD_JPY", "fx", "USD", "JPY", Decimal("0.01"), Decimal("0.001"), sessions=calendar)
    day, open_time = Timeframe("d1", CRYPTO), open_time_of([spec])
    book = DayBook(day, lambda: dict(equity), lambda: 0.0, rows.append, lambda: 0.0, open_time)
    for _ in book.follow(Timer(ts) for ts in times):
        equity["equity"] += 1
        book.see(dict(equity))
    book.close()
    return rows


def whole_minutes(first: int, last: int) -> list[int]:
    return [T0 + at * MINUTE for at in range(first, last + 1)]


@BOTH
def test_a_record_that_stops_at_noon_does_not_reach_the_days_end(written: Written, tmp_path: Path) -> None:
    days = booked(whole_minutes(0, 720))
    with opened([written(tmp_path / "run", days, T0, T0 + 720 * MINUTE)]) as evidence:
        assert [each.last_ns for each in evidence.sources] == [T0 + 720 * MINUTE]
        found = found_checks(evidence)
    assert (found["record begins with the day"]["passed"], found["no hole in the record"]["passed"]) == (True, True)
    assert found["record reaches the day's end"]["passed"] is False
    assert "last event 2024-10-04 12:00" in found["record reaches the day's end"]["found"]


@BOTH
def test_a_hole_inside_the_day_is_seen(written: Written, tmp_path: Path) -> None:
    # minutes 0 … 600 and 840 … 1439: four hours without an event from 10:00 on
    days = booked([*whole_minutes(0, 600), *whole_minutes(840, 1439)])
    with opened([written(tmp_path / "run", days, T0, T0 + 1439 * MINUTE)]) as evidence:
        found = found_checks(evidence)
        (row,) = evidence.rows("SELECT gap, gap_ns, lead, tail, hours FROM days")
    assert row == (4 * 3600.0, T0 + 600 * MINUTE, 0.0, 60.0, 86400.0)
    assert found["no hole in the record"]["passed"] is False
    assert found["record reaches the day's end"]["passed"] is True


def test_a_closed_market_is_no_hole() -> None:
    # the FX week ends on Friday 17:00 New York, 21:00 UTC on 2024-10-04, and goes on on Sunday at 21:00 UTC
    friday = [T0 + 20 * 60 * MINUTE, T0 + 21 * 60 * MINUTE - SECOND]
    rows = booked([*friday, T0 + 2 * DAY_NS + 21 * 60 * MINUTE], "fx")
    assert (rows[0]["hours"], rows[0]["tail"], rows[0]["gap"]) == (21 * 3600.0, 1.0, 3599.0)
    assert (rows[1]["hours"], rows[1]["lead"]) == (3 * 3600.0, 0.0)


@pytest.mark.parametrize("turned", [False, True])
def test_two_runs_of_a_day_are_one_day_in_the_order_of_time(tmp_path: Path, turned: bool) -> None:
    early, late = booked(whole_minutes(0, 300)), booked(whole_minutes(420, 1439))
    early[0]["equity_end"], late[0]["equity_start"], late[0]["equity_end"] = 1301.0, 1301.0, 1250.0
    places = [
        dry_run(tmp_path / "a", early, T0, T0 + 300 * MINUTE),
        journal(tmp_path / "b", late, T0 + 420 * MINUTE, T0 + 1439 * MINUTE),
    ]
    with opened(places[::-1] if turned else places) as evidence:
        (day,) = account_days(evidence, Window(T0, T0 + DAY_NS))
        hole = found_checks(evidence)["no hole in the record"]
    assert (day.start, day.end, day.pnl) == (999.0, 1250.0, 251.0)
    assert hole["passed"] is False  # 05:00 to 07:00
    assert hole["found"].startswith("at most 2h of open market without an event, from 2024-10-04 05:00")


@BOTH
def test_the_same_source_twice_is_refused(written: Written, tmp_path: Path) -> None:
    happened = [order(1, T0), fill(1, T0 + 1, 100, "150"), *booked(whole_minutes(0, 9))]
    one = written(tmp_path / "one", happened, T0, T0 + 9 * MINUTE)
    with pytest.raises(EvidenceProblem, match="the same place"), opened([one, tmp_path / "." / "one"]):
        pass
    copy = written(tmp_path / "two", happened, T0, T0 + 9 * MINUTE)
    with pytest.raises(EvidenceProblem, match="the same decisions"), opened([one, copy]):
        pass


def test_two_runs_of_the_same_time_have_no_common_days(tmp_path: Path) -> None:
    days = booked(whole_minutes(0, 9))
    places = [dry_run(tmp_path / name, [order(n, T0), *days], T0, T0 + 9) for n, name in enumerate("ab")]
    with opened(places) as evidence:
        assert evidence.count("decisions") == 2
        with pytest.raises(EvidenceProblem, match="covers the same time"):
            account_days(evidence, Window(T0, T0 + DAY_NS))


# --- a restart, and trades that are not ours ------------------------------------------------------------------------


def stated(trade: str, units: float, price: float, **more: Any) -> dict[str, Any]:
    return {"id": trade, "instrument": "USD_JPY", "side": "long", "units": units, "price": price, "opened_ns": T0 + 1,
            "strategy": "A", "pocket": "scalp", "is_manual": False, "stop": None, **more}  # fmt: skip


TRADES = "SELECT id, units, round(result, 6), fees, stop, opened_by, round(entry_price, 6), exit_price FROM trades"


@BOTH
def test_a_restart_loses_nothing_of_a_trade(written: Written, tmp_path: Path) -> None:
    # 100 bought at 150 (fee 3), stop 149; 40 sold at 151 for 40 (fee 1); restart; 60 sold at 152 for 120 (fee 2):
    # 40 + 120 − 6 = 154; exit (40 × 151 + 60 × 152) / 100 = 151.6
    first = [
        order(1, T0, stop=Decimal(149)), fill(1, T0 + 1, 100, "150", fee=3),
        fill(9, T0 + 2, 40, "151", opens=False, realised=40, fee=1),
    ]  # fmt: skip
    then = [fill(9, T0 + 20, 60, "152", opens=False, realised=120, fee=2)]
    places = [
        written(tmp_path / "b", then, T0 + 10, T0 + 30, [stated("t1", 60, 150.0)]),
        written(tmp_path / "a", first, T0, T0 + 9),
    ]
    with opened(places) as evidence:
        assert evidence.rows(TRADES) == [("t1", 100.0, 154.0, 6.0, 149.0, "d1", 150.0, 151.6)]
    with opened(places[:1]) as evidence:  # without the first: what is known, and a remark
        assert evidence.rows("SELECT result FROM trades") == [(118.0,)]
        assert evidence.sources[0].remarks[0].startswith("1 trades were open when it began and ended in it, without")


def test_what_was_closed_between_two_runs_is_no_part_of_either(tmp_path: Path) -> None:
    # of 100 the venue closed 50 while nobody looked; the other 50 bring 100, less the fee of 3 that was booked
    first: list[Happening] = [order(1, T0, stop=Decimal(149)), fill(1, T0 + 1, 100, "150", fee=3)]
    then = [fill(9, T0 + 20, 50, "152", opens=False, realised=100)]
    places = [
        journal(tmp_path / "a", first, T0, T0 + 9),
        journal(tmp_path / "b", then, T0 + 10, T0 + 30, [stated("t1", 50, 150.0, strategy="")]),
    ]
    with opened(places) as evidence:
        assert evidence.rows(TRADES + " WHERE strategy = 'A'") == [
            ("t1", 50.0, 97.0, 3.0, 149.0, "d1", 150.0, 152.0)
        ]  # fmt: skip
        assert evidence.sources[1].remarks[0].startswith("1 trades that ended in it had other units before it began")


def test_a_trade_of_the_same_number_is_not_the_same_trade(tmp_path: Path) -> None:
    first: list[Happening] = [order(1, T0), fill(1, T0 + 1, 100, "150")]
    then = [fill(9, T0 + 20, 100, "152", opens=False, realised=100)]
    other = stated("t1", 100, 151.0, opened_ns=T0 - 5, strategy="B")
    places = [dry_run(tmp_path / "a", first, T0, T0 + 9), dry_run(tmp_path / "b", then, T0 + 10, T0 + 30, [other])]
    with opened(places) as evidence:
        assert evidence.rows("SELECT strategy, opened_by, entry_price FROM trades") == [("B", None, 151.0)]


@BOTH
def test_manual_trades_are_no_part_of_our_own_result(written: Written, tmp_path: Path) -> None:
    # equity 999 → 1009: 10; a manual trade was sold in part for 7 (fee 1) and what is left of it went from 2 to 6:
    # 6 + 4 = 10 of it manual, so ours is nothing
    (day,) = booked(whole_minutes(0, 9))
    day.update(manual_start=2.0, manual_end=6.0)
    fills = [fill(9, T0 + 5, 50, "152", opens=False, trade="m1", realised=7, fee=1, order_id="")]
    book = [stated("m1", 100, 150.0, is_manual=True)]
    with opened([written(tmp_path / "run", [*fills, day], T0, T0 + 9 * MINUTE, book)]) as evidence:
        (found,) = account_days(evidence, Window(T0, T0 + DAY_NS))
        assert (found.pnl, found.manual, found.own, found.own_ratio) == (10.0, 10.0, 0.0, 0.0)
        evidence.connection.execute("UPDATE days SET manual_end = NULL")
        (found,) = account_days(evidence, Window(T0, T0 + DAY_NS))
        assert (found.manual, found.own) == (None, None)


SEOUL = {"pip": "1", "zone": "Asia/Seoul", "day": "00:00", "sessions": "krx"}


@BOTH
def test_days_run_as_the_run_says_and_never_by_the_first_instrument(written: Written, tmp_path: Path) -> None:
    """SC-10: the account's day is declared, where its instruments' differ."""
    both = {"USD_JPY": TERMS["USD_JPY"], "005930": SEOUL}
    day = {"timezone": "America/New_York", "cut": "17:00"}
    stated = written(tmp_path / "stated", [], T0, T0 + 9, instruments=both, day=day)
    with opened([stated]) as evidence:
        assert described(evidence.day.anchor) == "from 17:00 America/New_York"
    unstated = written(tmp_path / "unstated", [], T0 + 10, T0 + 19, instruments=both)
    with pytest.raises(EvidenceProblem, match=r"days differ: .*`005930` from 00:00 Asia/Seoul"):
        opened([unstated]).__enter__()
    with opened([written(tmp_path / "one", [], T0, T0 + 9, instruments={"005930": SEOUL})]) as evidence:
        assert described(evidence.day.anchor) == "from 00:00 Asia/Seoul"


def test_the_day_of_a_run_without_an_end_goes_to_its_last_decision(tmp_path: Path) -> None:
    """Killed, or still running: its decisions found 1,000, 1,100 and 1,045 (unknown once), and 30 were paid in on the
    way: 1,045 - 1,000 - 30 = 15, with a fall of 55 / 1,100 = 5 %. The next run finds 1,040."""

    def found(n: int, at: int, equity: float | Unknown) -> Decision:
        return replace(order(n, T0 + at * SECOND), figures={"equity": equity})

    happened: list[Happening] = [
        found(1, 0, 1000.0), found(2, 10, 1100.0), found(3, 15, Unknown(Reason.STALE, "bid")),
        CashChange(T0 + 20 * SECOND, T0 + 20 * SECOND, Decimal(30), "deposit"), found(4, 30, 1045.0),
    ]  # fmt: skip
    killed = journal(tmp_path / "killed", happened, T0, T0, is_ended=False)
    begun, later = T0 + 60 * SECOND, T0 + 90 * SECOND
    row = {"open_ns": T0, "close_ns": T0 + DAY_NS, "equity_start": 1040.0, "equity_end": 1041.0, "equity_low": 1040.0,
           "equity_high": 1041.0, "drawdown": 0.0, "flows": 0.0, "open_trades": 0.0, "basis": "equity",
           "first_ns": begun, "last_ns": later, "hours": 86400.0, "lead": 60.0, "tail": 86310.0, "gap": 0.0,
           "gap_ns": begun}  # fmt: skip
    whole = journal(tmp_path / "whole", [order(5, begun), row], begun, later)
    with opened([killed, whole]) as evidence:
        assert [any("no end of it" in each for each in source.remarks) for source in evidence.sources] == [True, False]
        (day,) = account_days(evidence, Window(T0, T0 + DAY_NS))
    assert (day.start, day.end, day.pnl, day.between) == (1000.0, 1041.0, 16.0, -5.0)
    assert day.drawdown == pytest.approx(0.05)
