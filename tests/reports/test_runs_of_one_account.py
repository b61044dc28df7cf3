"""Several runs of one account: what each of them saw counts, and what nobody saw is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from ruleengine.journal import JournalWriter, journal_at
from ruleengine.market.exchanges import SpecialDays
from ruleengine.market.interval import Anchor, Timeframe
from ruleengine.reports.account_days import account_days
from ruleengine.reports.daily_report import DailyAsk, daily_report
from ruleengine.reports.evidence.open import opened
from ruleengine.reports.evidence.open_time import open_time_in
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.guard_report import GuardAsk, guard_report
from ruleengine.reports.recorders import JournalRecorder
from ruleengine.reports.trial_report import TrialAsk, trial_report
from ruleengine.reports.trial_rules import RuleAsk
from ruleengine.reports.windows import Window
from tests.reports.hand_made import DAY_NS, T0, evidence_of
from tests.reports.left_behind import POLICY, TERMS, fill, journal, order
from tests.reports.test_starting_book import BOTH

Rows = list[tuple[str, dict[str, Any]]]
HOUR_NS = 3_600_000_000_000


def day(at: int, start: float, end: float, source: int = 0, **more: Any) -> dict[str, Any]:
    return {"open_ns": T0 + at * DAY_NS, "close_ns": T0 + (at + 1) * DAY_NS, "equity_start": start, "equity_end": end,
            "equity_low": min(start, end), "equity_high": max(start, end), "drawdown": 0.01, "flows": 0.0,
            "open_trades": 0.0, "basis": "equity", "manual_start": 0.0, "manual_end": 0.0,
            "first_ns": T0 + at * DAY_NS + source, "last_ns": T0 + (at + 1) * DAY_NS - 1, **more}  # fmt: skip


def days(*rows: dict[str, Any]) -> Rows:
    return [("days", {"source": 0, **each}) for each in rows]


# --- a run that begins with another book ------------------------------------------------------------------------------


@pytest.mark.parametrize(("begin", "jump"), [(501_800.0, 4_900.0), (496_900.0, 0.0)])
def test_a_run_that_begins_anew_brings_no_result(begin: float, jump: float) -> None:
    # the first run lost 3,100, the second gained 200, 50 of what it ends with were put in: −3,100 + 200 − 50
    rows = days(day(0, 500_000, 496_900), day(0, begin, begin + 200, source=1, flows=50.0))
    rows[1][1]["source"] = 1
    with evidence_of(rows) as evidence:
        report = daily_report(evidence, DailyAsk())
    found = report.data["day"]
    assert (found["pnl"], found["between_runs"]) == (-2_950, jump)
    assert (found["total_assets_start"], found["total_assets"]) == (500_000, begin + 200)
    told = [line for line in report.lead if "in no result: 2024-10-04 4,900 JPY" in line]
    assert len(told) == (1 if jump else 0)


def test_a_jump_between_days_is_told_on_the_later_one() -> None:
    rows = days(day(0, 1_000, 1_100), day(1, 1_000, 1_010, source=1))
    rows[1][1]["source"] = 1
    with evidence_of(rows) as evidence:
        found = account_days(evidence, Window(T0, T0 + 9 * DAY_NS))
    assert [(each.pnl, each.between) for each in found] == [(100, 0), (10, -100)]


# --- trading days without a record ------------------------------------------------------------------------------------

NEW_YORK = Timeframe("d1", Anchor("America/New_York", time(17), time(17)))


@contextmanager
def of_market(rows: Rows, hours: str, frame: Timeframe, special: SpecialDays = SpecialDays()) -> Iterator[Evidence]:
    with evidence_of(rows, days=40) as evidence:
        evidence.day, evidence.rests, evidence.open_time = frame, True, open_time_in({hours}, special)
        yield evidence


def of_new_york(at: int) -> dict[str, Any]:
    """The day that ends at 17:00 New York (21:00 UTC in summer) of 2024-10-04 and so many days."""
    close = T0 + at * DAY_NS + 21 * HOUR_NS
    return day(0, 1_000, 1_001, open_ns=close - DAY_NS, close_ns=close, first_ns=close - DAY_NS)


@pytest.mark.parametrize(
    ("recorded", "missed"),
    [
        ((0, 3), []),  # Friday and Monday: nothing trades in between
        ((0, 4), ["2024-10-07"]),  # Friday and Tuesday
        ((3, 6), ["2024-10-08", "2024-10-09"]),  # Monday and Thursday
    ],
)
def test_a_trading_day_without_a_record_is_told(recorded: tuple[int, int], missed: list[str]) -> None:
    with of_market(days(*map(of_new_york, recorded)), "fx", NEW_YORK) as evidence:
        report = daily_report(evidence, DailyAsk())
    assert report.data["day"]["without_record_before"] == missed
    (check,) = [each for each in report.data["checks"] if each["check"] == "no trading day missing before it"]
    assert (check["passed"], check["found"]) == (not missed, ", ".join(missed) or "none")
    assert any("without a record" in line for line in report.lead) is bool(missed)


def of_seoul(at: int) -> dict[str, Any]:
    """The calendar day in Seoul of 2024-10-04 and so many days: from 15:00 UTC the day before."""
    opened = T0 + at * DAY_NS - 9 * HOUR_NS
    return day(0, 1_000, 1_001, open_ns=opened, close_ns=opened + DAY_NS, first_ns=opened)


def test_an_exchanges_holiday_is_no_missing_day() -> None:
    # KRX was closed on Hangul Day, Wednesday 2024-10-09; Monday the 14th is stated closed by the account
    seoul = Timeframe("d1", Anchor("Asia/Seoul", time(0), time(0)))
    rows = days(*map(of_seoul, (4, 6, 7, 11, 12)))  # Tue 8, Thu 10, Fri 11, Tue 15, Wed 16
    special = SpecialDays.of({"calendar": {"closed": ["2024-10-14"]}})
    for stated, missed in ((special, []), (SpecialDays(), ["2024-10-14"])):
        with of_market(rows, "krx", seoul, stated) as evidence:
            found = account_days(evidence, Window(T0, T0 + 30 * DAY_NS))
            assert [str(label) for each in found for label in each.missed] == missed


def test_a_trial_does_not_bridge_a_day_without_a_record() -> None:
    # days 0 … 3 and 5 … 9, each with a gain: of the windows of three, 0–2, 1–3, 5–7, 6–8, 7–9 are whole
    rows = days(*(day(at, 1_000 + 10 * at, 1_010 + 10 * at) for at in range(10) if at != 4))
    with evidence_of(rows, days=40) as evidence:
        report = trial_report(evidence, TrialAsk(days=9, window=3, block=3, rules=RuleAsk()))
        found = {each["name"]: each for each in report.data["criteria"]}
        assert any(line == "1 trading days without a record: 2024-10-08" for line in report.lead)
        rising = found["every 3 consecutive days"]
        assert (rising["passed"], rising["n"]) == (False, 5)
        assert rising["found"].endswith("; no record of 1: 2024-10-08")
        spread = found["standard deviation of daily return"]
        assert (spread["passed"], spread["found"]) == (False, "no record of 1: 2024-10-08")
        assert found["length"]["found"] == "9 trading days; no record of 1: 2024-10-08"
        later = trial_report(evidence, TrialAsk(days=5, window=3, block=3, rules=RuleAsk()))  # 5 … 9: whole
        assert {each["name"]: each["passed"] for each in later.data["criteria"]}["every 3 consecutive days"] is True


# --- what is refused --------------------------------------------------------------------------------------------------


@BOTH
def test_runs_that_count_days_otherwise_are_refused(written: Callable[..., Path], tmp_path: Path) -> None:
    new_york = {"timezone": "America/New_York", "cut": "17:00"}
    first = written(tmp_path / "a", [], T0, T0 + 9, day=new_york)
    later = written(tmp_path / "b", [], T0 + 10, T0 + 19)  # its instruments' day: UTC
    with opened([first, later]) as evidence, pytest.raises(EvidenceProblem) as told:
        account_days(evidence, Window(T0, T0 + DAY_NS))
    (fault,) = told.value.findings
    assert (fault.code, fault.span.file) == ("RE451", str(later))
    assert "from 00:00 UTC" in fault.message
    assert "from 17:00 America/New_York" in fault.message
    again = written(tmp_path / "c", [], T0 + 10, T0 + 19, day=new_york)
    with opened([first, again]) as evidence:
        assert account_days(evidence, Window(T0, T0 + DAY_NS)) == []


def goes_on(folder: Path, number: int, first_ns: int, last_ns: int, book: list[dict[str, Any]], policy: str) -> None:
    """One more run into a journal, with one order."""
    with JournalWriter(journal_at(folder), "paper") as writer:
        recorder = JournalRecorder(writer, {**POLICY, "digest": policy}, "paper", "1")
        account = {"name": "paper", "currency": "JPY"}
        body = {"policy": "p@1.0.0", "digest": policy, "start_ns": first_ns, "account": account, "instruments": TERMS}
        writer.append("activation", first_ns, "p", body)
        recorder.book(first_ns, book)
        recorder.decision(order(number, first_ns))
        recorder.event(fill(number, first_ns + 1, 100, "150", trade="1002"))
        recorder.open(last_ns, [], {})


def test_runs_of_one_journal_over_the_same_time_are_refused(tmp_path: Path) -> None:
    place = journal(tmp_path / "j", [order(1, T0)], T0, T0 + 9)
    goes_on(place, 2, T0, T0 + 9, [], "abc")
    with opened([place]) as evidence, pytest.raises(EvidenceProblem) as told:
        account_days(evidence, Window(T0, T0 + DAY_NS))
    (fault,) = told.value.findings
    assert (fault.code, fault.span.file) == ("RE452", f"{place}, run 2 of 2")
    assert "--journal" in (fault.help or "")


def test_runs_of_one_journal_are_sources_of_their_own(tmp_path: Path) -> None:
    # both number their trades from 1002 on; the first leaves its own open, and the second begins without it
    place = journal(tmp_path / "j", [order(1, T0), fill(1, T0 + 1, 100, "149", trade="1002")], T0, T0 + 9)
    goes_on(place, 2, T0 + 10, T0 + 19, [], "def")
    with opened([place]) as evidence:
        assert [(each.first_ns, each.last_ns) for each in evidence.sources] == [(T0, T0 + 9), (T0 + 10, T0 + 19)]
        assert [[(held.id, held.opened_ns) for held in each.held] for each in evidence.sources] == [
            [("1002", T0 + 1)], [("1002", T0 + 11)],
        ]  # fmt: skip
        assert evidence.rows("SELECT source, id FROM decisions ORDER BY n") == [(0, "d1"), (1, "d2")]
        assert evidence.rows("SELECT entry_price FROM booked ORDER BY ts") == [(149.0,), (150.0,)]
        assert account_days(evidence, Window(T0, T0 + DAY_NS)) == []


def test_a_fill_that_is_told_again_counts_once(tmp_path: Path) -> None:
    """40 of 100 units, with a fee of 4, are heard twice before the restart, and again after it with the other 60."""
    part, rest = fill(1, T0 + 1, 40, "149", fee=4, is_last=False), fill(1, T0 + 12, 60, "149", fee=6)
    place = journal(tmp_path / "j", [order(1, T0), part, part], T0, T0 + 9)
    with JournalWriter(journal_at(place), "paper") as writer:
        recorder = JournalRecorder(writer, POLICY, "paper", "1")
        account = {"name": "paper", "currency": "JPY"}
        body = {"policy": "p@1.0.0", "digest": "abc", "start_ns": T0 + 10, "account": account, "instruments": TERMS}
        writer.append("activation", T0 + 10, "p", body)
        recorder.book(T0 + 10, [])
        for each in (part, rest):
            recorder.event(each)
        recorder.open(T0 + 19, [], {})
    with opened([place]) as evidence:
        assert evidence.rows("SELECT source, amount FROM booked ORDER BY ts") == [(0, -4.0), (1, -6.0)]


def test_a_policy_ends_with_its_run() -> None:
    # run 0 decided by abc until day 10; the trial is of the days after that, which run 1 decided by def
    rows = days(*(day(at, 1_000, 1_001) for at in range(12, 15)))
    rows += [("policies", {"source": n, "ts": T0 + 11 * n * DAY_NS, "policy": "p", "digest": digest})
             for n, digest in enumerate(("abc", "def"))]  # fmt: skip
    with evidence_of(rows) as evidence:
        evidence.sources.append(type(evidence.sources[0])("b", "dry run", "JPY", T0 + 11 * DAY_NS, T0 + 15 * DAY_NS))
        found = trial_report(evidence, TrialAsk(days=3))
    assert {each["name"]: each["found"] for each in found.data["criteria"]}["policy pinned"] == "digest def"


def test_nothing_in_that_time_tells_how_far_the_sources_go() -> None:
    rows: Rows = [("decisions", {"n": 0, "source": 0, "id": "d", "ts": T0, "kind": "entry", "outcome": "sent"})]
    with evidence_of(rows, days=3) as evidence, pytest.raises(EvidenceProblem) as told:
        guard_report(evidence, GuardAsk(begin_ns=T0 + 2 * DAY_NS, end_ns=T0 + DAY_NS))
    help_ = told.value.findings[0].help or ""
    assert "from 2024-10-04 00:00:00.000Z to 2024-10-07 00:00:00.000Z" in help_
