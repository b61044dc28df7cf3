"""The account's day: the one that its file states, else that of its instruments, never of one that stands first."""

from __future__ import annotations

import pytest

from ruleengine.market.days import DaysDiffer
from tests.runtime.engine.test_accounts import SWAP, Run, account
from tests.runtime.engine.world import USD_JPY, World, trade

READS = """
alerts:
  - {id: good-day, when: account.day_pnl >= 1_000JPY, severity: info, message: a good day}
"""


@pytest.mark.parametrize(
    ("stated", "start"),
    [
        # `T0` is 2023-11-14 22:14 UTC, 17:14 in New York: the day of USD/JPY began 14 minutes before
        ({}, 500_000),
        # a minute after `T0`, between both quotes: equity was 500,000 + 10,000 × 0.10 = 501,000 by then
        ({"day": {"timezone": "UTC", "cut": "22:15"}}, 501_000),
        ({"day": {"timezone": "Asia/Seoul", "cut": "07:15"}}, 501_000),
        ({"day": {"timezone": "Asia/Seoul", "cut": "00:00"}}, 500_000),
    ],
)
def test_the_day_begins_where_the_file_says(stated: dict[str, dict[str, str]], start: int) -> None:
    world = World(READS, trades=(trade("10000"),), account=stated)
    world.quote(157.0, at=1)
    world.quote(157.1, at=30)
    world.quote(157.1, at=61)
    world.quote(157.3, at=62)
    assert world.engine.holdings.account.day_start_equity == pytest.approx(start)


@pytest.mark.parametrize("specs", [(USD_JPY, SWAP), (SWAP, USD_JPY)])
def test_instruments_whose_days_differ_give_none(specs: tuple[object, object]) -> None:
    more = {"conversion": {"USDT": {"rate": "150"}}}
    with pytest.raises(DaysDiffer, match="states no `day`"):
        Run(READS, specs, account(**more))  # type: ignore[arg-type]
    Run(READS, specs, account(**more, day={"timezone": "UTC", "cut": "00:00"}))  # type: ignore[arg-type]
