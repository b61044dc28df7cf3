"""What the outcome report makes of runs that were killed: with what it says it leaves out, it is what the venue booked.

Every test adds up: closed trades and what is left out are all that the fills told brought, fees taken off."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.event import Fill, Reconciliation
from ruleengine.model.venue_book import VenueSnapshot
from ruleengine.reports.document import Report
from ruleengine.reports.evidence.open import opened
from ruleengine.reports.evidence.store import LeftOut
from ruleengine.reports.outcome_report import OutcomeAsk, outcome_report
from tests.reports.hand_made import T0
from tests.reports.left_behind import Happening, dry_run, fill, journal, order

OPENED: list[Happening] = [order(1, T0, stop=Decimal(149)), fill(1, T0 + 1, 100, "150", fee=3)]
CLOSED = fill(2, T0 + 5, 100, "152", opens=False, realised=200, fee=4)


def stated(name: str = "t1", units: float = 100, price: float = 150.0) -> dict[str, Any]:
    return {"id": name, "instrument": "USD_JPY", "side": "long", "units": units, "price": price, "opened_ns": T0 + 1,
            "strategy": "A", "pocket": "scalp", "is_manual": False, "stop": None}  # fmt: skip


def reported(*places: Path) -> tuple[Report, list[LeftOut], list[tuple[Any, ...]]]:
    """The report, what is in no closed trade, and the trades: id, strategy, result, what closed it, whether manual."""
    with opened(places) as evidence:
        report = outcome_report(evidence, OutcomeAsk(min_count=1))
        trades = evidence.rows("SELECT id, strategy, result, closed_by, is_manual FROM trades ORDER BY closed_ns")
        return report, evidence.left_out, trades


@pytest.mark.parametrize("written", [dry_run, journal])
def test_a_close_that_the_venue_stamped_after_our_last_event_counts(written: Any, tmp_path: Path) -> None:
    # the venue's clock is 7 ns ahead of ours: its stamp of the close lies beyond the last event, T0 + 9
    ahead = Fill(T0 + 9, T0 + 16, "USD_JPY", "o2", CLOSED.side, Decimal(100), Decimal(152), "t1", False, Decimal(200))
    report, left_out, _ = reported(written(tmp_path / "run", [*OPENED, order(2, T0 + 4), ahead], T0, T0 + 9))
    assert (report.data["all"]["n"], report.data["all"]["result_sum"]) == (1, 197.0)
    assert report.data["closed"]["last_ns"] == T0 + 16
    assert left_out == []


def test_a_close_that_is_told_by_the_next_start_ends_its_trade(tmp_path: Path) -> None:
    # killed with the close on its way; the next start hears of its fill before it takes down the book, which lacks t1
    place = journal(tmp_path / "j", [*OPENED, order(2, T0 + 4)], T0, T0 + 4, is_ended=False)
    journal(place, [], T0 + 20, T0 + 30, told=[CLOSED])
    report, left_out, trades = reported(place)
    assert trades == [("t1", "A", 193.0, "in", False)]  # 200 − 3 − 4
    assert (report.data["all"]["result_sum"], left_out) == (193.0, [])
    assert report.data["matched"] == 1


def test_an_opening_that_is_told_by_the_next_start_is_ours_and_counts_once(tmp_path: Path) -> None:
    # the book of the next run has the trade already; it closes there: 200 − 3 − 4
    place = journal(tmp_path / "j", [order(1, T0)], T0, T0 + 4, is_ended=False)
    journal(place, [order(2, T0 + 24), CLOSED], T0 + 20, T0 + 30, [stated()], told=[OPENED[1]])
    report, left_out, trades = reported(place)
    assert trades == [("t1", "A", 193.0, "in", False)]
    assert (report.data["matched"], left_out) == (1, [])


def test_an_opening_that_is_told_again_behind_the_book_counts_once(tmp_path: Path) -> None:
    # the snapshot of the start is of T0 + 3 and has it; the stream tells it after that
    place = journal(tmp_path / "j", [order(1, T0)], T0, T0 + 4, is_ended=False)
    snapshot = VenueSnapshot(T0 + 1, Decimal(1000), Decimal(0), counted=("77",))
    late = fill(1, T0 + 1, 100, "150", fee=3, fill_id="77")
    then: list[Happening] = [late, order(2, T0 + 24), CLOSED]
    journal(place, then, T0 + 20, T0 + 30, [stated()], told=[Reconciliation(T0 + 20, T0 + 1, snapshot)])
    assert reported(place)[2] == [("t1", "A", 193.0, "in", False)]


def test_a_run_that_was_killed_before_its_first_event_drops_nothing(tmp_path: Path) -> None:
    place = journal(tmp_path / "j", OPENED, T0, T0 + 4, is_ended=False)
    journal(place, [], T0 + 10, T0 + 10, None, is_ended=False)
    journal(place, [order(2, T0 + 24), CLOSED], T0 + 20, T0 + 30, [stated()])
    assert reported(place)[2] == [("t1", "A", 193.0, "in", False)]


def test_a_close_told_behind_a_book_that_lacks_the_trade_ends_it(tmp_path: Path) -> None:
    # asked for again: the start could not tell yet, its book had no t1 any more, and the run after it hears of the fill
    place = journal(tmp_path / "j", [*OPENED, order(2, T0 + 4)], T0, T0 + 4, is_ended=False)
    journal(place, [], T0 + 10, T0 + 12, is_ended=False)
    journal(place, [CLOSED], T0 + 20, T0 + 30)
    _, left_out, trades = reported(place)
    assert (trades, left_out) == ([("t1", "A", 193.0, "in", False)], [])


def test_what_ended_untold_is_said_with_what_it_brought_before(tmp_path: Path) -> None:
    # of t1 40 were closed for 80 less a fee of 2 before the kill, and its opening cost 3; then it is gone: 80 − 3 − 2
    part = fill(2, T0 + 3, 40, "152", opens=False, realised=80, fee=2)
    place = journal(tmp_path / "j", [*OPENED, order(2, T0 + 2, 40), part], T0, T0 + 4, is_ended=False)
    other: list[Happening] = [order(3, T0 + 21), fill(3, T0 + 22, 100, "150", trade="t3"),
                              fill(4, T0 + 23, 100, "151", opens=False, trade="t3", realised=100)]  # fmt: skip
    journal(place, other, T0 + 20, T0 + 30)
    report, left_out, trades = reported(place)
    assert [each[:3] for each in trades] == [("t3", "A", 100.0)]
    assert [(each.count, each.amount) for each in left_out] == [(1, 75.0)]
    (line,) = [each for each in report.lead if each.startswith("in no closed trade")]
    assert "1 trades that a later run began without; no fill tells how it ended (their fills brought 75 JPY)" in line
    assert any("trade t1 was open before" in each for each in report.data["sources"][1]["remarks"])
    assert report.data["in_no_closed_trade"][0]["amount"] == 75.0


def test_fills_without_an_opening_and_trades_that_are_open_are_said_in_money(tmp_path: Path) -> None:
    # t9 was never seen open: 50 − 1; of t1 40 are closed for 80 − 2, its opening cost 3; t3 ends with 100
    happened = [
        *OPENED, fill(9, T0 + 2, 10, "151", opens=False, trade="t9", realised=50, fee=1),
        fill(2, T0 + 3, 40, "152", opens=False, realised=80, fee=2),
        order(3, T0 + 5), fill(3, T0 + 6, 100, "150", trade="t3"),
        fill(4, T0 + 7, 100, "151", opens=False, trade="t3", realised=100),
    ]  # fmt: skip
    report, left_out, _ = reported(journal(tmp_path / "j", happened, T0, T0 + 9, [stated("m", 1)]))
    assert [(each.count, each.amount) for each in left_out] == [(2, 75.0), (1, 49.0)]
    booked = sum(each.realised - each.fee for each in happened if isinstance(each, Fill))
    assert report.data["all"]["result_sum"] + sum(each.amount for each in left_out) == float(booked)
