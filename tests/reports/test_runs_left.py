"""What runs leave, read back: the same happenings tell the same from a dry run's folder and from a journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.reports.account_days import AccountDay
from ruleengine.reports.daily_checks import checks
from ruleengine.reports.evidence.open import opened
from ruleengine.reports.guard_report import GuardAsk, guard_report
from tests.reports.hand_made import DAY_NS, T0
from tests.reports.left_behind import dry_run, ended, fill, journal, order

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
