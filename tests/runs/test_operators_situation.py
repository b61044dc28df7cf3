"""Issue 4, item 10: in the situation of the operator's log (fact sheet §14) the FX policy sends nothing that the venue
would refuse, and does not repeat what was refused. What the simulator recorded is the truth here, not our own journal.

By hand, at 154.200/154.208 (middle 154.204) with a net asset value (NAV) of 303,000:

    margin          40,000 × 154.204 × 4 % = 246,726.4, of the larger side alone; 56,273.6 are free, 18.57 % of NAV
    10,000 short    cost 10,000 × 154.204 × 4 % = 61,681.6 more: the venue has to refuse them
    cap `margin`    92 % × 90 % × 303,000 = 250,884: room for 4,157.6, at 6.16816 a unit 674 units
    FX-03's ramp    below 20 % of free margin nothing that raises the margin: 0 units, so it is the one that refuses
    longs           raise no margin until there are 40,000 of them
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.audit import Decision
from ruleengine.model.side import Side
from tests.runs.situation import SECOND, WARMED, Held, Row, Run, Situation, situation

ENTRY = "LevelReactor-short"
TAGS = ["H1Trend", "TrendMA-bull", "BB_RSI-long", "LevelReactor-long", "S5Pullback-long", "M1Scalper-trend-long",
        "VwapMagnet-long", "VolCompressionBreak-long"]  # fmt: skip
RISE = [154.21, 154.22, 154.23, 154.24, 154.25, 154.26, 154.27, 154.28, 154.265, 154.25, 154.248]
"""Eight pips up and three back: FX-12 counts a rebound, for which the hedge `other-side` waits."""

MOVES = [0.0, 0.003, 0.006, 0.003, 0.0, -0.003, -0.006, -0.003]
"""Less than a pip up and down: the trades are worth 180 yen more at most, however long it lasts."""


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the features are after the venue's history."""

    async def warmed() -> dict[str, Any]:
        async with situation(begun_ns=WARMED) as quiet:
            return await quiet.warmed()

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("warm"))
        return asyncio.run(warmed())


def book(long: int, *, is_ours: bool = True) -> list[Held]:
    """40,000 short and some long in trades of 10,000; ours, or opened by hand."""
    shorts = [("H1Trend-short", "macro"), ("LevelReactor-short", "macro")] * 2
    longs = [("M1Scalper-trend-long", "scalp"), ("H1Trend-long", "macro"), ("LevelReactor-long", "macro")]
    found = [(-10_000, *named) for named in shorts] + [(10_000, *named) for named in longs[: long // 10_000]]
    return [(units, tag if is_ours else "", pocket) for units, tag, pocket in found]


def refusals(rows: list[Row]) -> list[tuple[str, str]]:
    """What the venue refused, in its words: requests at once, and orders that it took and could not fill."""
    at_once = [("request", str(row["rejectReason"])) for row in rows if row["type"].endswith("_REJECT")]
    return at_once + [("order", str(row["reason"])) for row in rows if row["type"] == "ORDER_CANCEL"]


def filled(rows: list[Row]) -> list[int]:
    return [int(row["units"]) for row in rows if row["type"] == "ORDER_FILL"]


def opened(rows: list[Row]) -> list[int]:
    return [int(row["tradeOpened"]["units"]) for row in rows if row.get("tradeOpened")]


def largest_sides(rows: list[Row], long: int, short: int) -> tuple[int, int]:
    """The most units that were ever long, and short, by the venue's fills."""
    most = long, short
    for row in rows:
        closes = [*row.get("tradesClosed", ()), *([row["tradeReduced"]] if "tradeReduced" in row else [])]
        made = int(row["tradeOpened"]["units"]) if row.get("tradeOpened") else 0
        long += max(made, 0) + sum(int(trade["units"]) for trade in closes if int(trade["units"]) < 0)
        short -= min(made, 0) + sum(int(trade["units"]) for trade in closes if int(trade["units"]) > 0)
        most = max(most[0], long), max(most[1], short)
    return most


def before_short_is_reduced(rows: list[Row]) -> list[Row]:
    """What the venue recorded as long as nothing of the short side was bought back."""
    closing = (n for n, row in enumerate(rows) if "units" in row and int(row["units"]) > 0 and _closes(row))
    return rows[: next(closing, len(rows))]


def _closes(row: Row) -> bool:
    return "tradesClosed" in row or "tradeReduced" in row


def capped(decision: Decision, rule: str) -> Any:
    return next(each for each in decision.verdicts if each.rule == rule)


@pytest.mark.parametrize(("long", "is_ours", "stall_s"), [
    (10_000, True, 0), (20_000, True, 0), (30_000, True, 0), (20_000, False, 0), (30_000, True, 3),
])  # fmt: skip
def test_nothing_that_is_sent_is_refused(
    long: int, is_ours: bool, stall_s: int, warm: dict[str, Any], in_folder: Path
) -> None:
    """45 signals in a minute, half of them short, four longs in one instant, while the price moves a little.

    Where the machine stands still now and then (`stall_s`, each third time) the minute lasts longer, and `compression`
    has time for its second turn: it takes 10,000 of the short side as well, and then there is room for a short."""

    async def minute(here: Situation) -> None:
        account = await here.summary()
        assert (account["NAV"], account["marginUsed"]) == ("303000.0000", "246726.4000")
        async with here.running(in_folder, warm) as run:
            here.ask(run, ENTRY, Side.SHORT)
            while not run.refused("short"):
                await here.spend(run, 0.5)
            _is_refused_by_us(run.refused("short")[0])
            for tag in TAGS[:4]:
                here.ask(run, tag, Side.LONG)
            for number in range(40):
                await here.price(f"{154.2 + MOVES[number % len(MOVES)]:.3f}")
                side = Side.SHORT if (number + number // len(TAGS)) % 2 == 0 else Side.LONG
                here.ask(run, TAGS[number % len(TAGS)], side)
                if number % 3 == 0:
                    here.clock.advance(stall_s * SECOND)
                await here.spend(run, 1.5)
        rows = await here.transactions()
        assert refusals(rows) == []
        assert opened(rows)[0] == 10_000
        assert max(largest_sides(rows, long, 40_000)) <= 40_000
        assert len([each for each in run.refused("short") if each.first_blocker == "free-margin-ramp"]) >= 10
        before = before_short_is_reduced(rows)
        assert min(opened(before)) > 0
        if len(before) < len(rows):
            return
        assert stall_s == 0
        assert {each.side for each in run.sent("entry")} == {"long"}
        # the venue would have refused: a person tries it
        tried = await here.control("trade", instrument="USD_JPY", units="-10000", positionFill="OPEN_ONLY")
        assert tried["orderCancelTransaction"]["reason"] == "INSUFFICIENT_MARGIN"

    _run(book(long, is_ours=is_ours), minute)


def _is_refused_by_us(short: Decision) -> None:
    """With code and distance (OPS-03); 50,000 short would tie up 308,408."""
    assert (short.code, short.first_blocker) == ("RE572", "free-margin-ramp")
    ramp, *_, raised = capped(short, "free-margin-ramp").comparisons
    assert (ramp.left, ramp.right, ramp.distance, ramp.unit) == (10_000, 0, -10_000, "units")
    assert (raised.left, raised.right) == (308_408, pytest.approx(246_726.4))
    assert capped(short, "margin").size == 674


def test_hedges_and_exits_are_not_refused_either(warm: dict[str, Any], in_folder: Path) -> None:
    """By hand, bought at 154.208, in the order of the fills:

    −4,000   `macro-profit`: at 154.260 the long trade has 5.2 pips (5 from): 40 % of 10,000
    11,900   `other-side`: 50 % of 40,000 − 6,000 net, 70 % of that, for 15 to 30 % of the margin is free (FX-07)
    −3,000   `macro-profit`: at 154.310 it has 10.2 pips (10 from): 50 % of 6,000
    10,000   twice, `emergency`: half of each losing short at 154.890/154.898, where 40,000 × 0.698 − 11,900 × 0.632
             − 3,000 × 0.682 = 18,353.2 are lost, 6.04 % of the balance of 303,400 + 208 + 306 (6 % from)
    """

    async def rise(here: Situation) -> None:
        async with here.running(in_folder, warm) as run:
            for price in [*RISE, *(154.25 + step / 50 for step in range(37))]:
                await here.price(f"{price:.3f}")
                await here.spend(run, 2, 1)
        rows = await here.transactions()
        assert refusals(rows) == []
        assert filled(rows) == [-4_000, 11_900, -3_000, 10_000, 10_000]
        rules = [each.rule for each in run.sent("exit", "hedge_open", "hedge_reduce")]
        assert rules == ["macro-profit", "other-side", "macro-profit", "emergency", "emergency"]

    _run([(-20_000, "H1Trend-short", "macro")] * 2 + [(10_000, "H1Trend-long", "macro")], rise)


def test_an_order_that_the_venue_refuses_all_the_same_is_not_repeated(warm: dict[str, Any], in_folder: Path) -> None:
    """400,000 carry 20,000 short, and 10,000 more: 30,000 × 154.204 × 4 % = 185,044.8. Between the judgement and the
    order 270,000 are taken out, which we don't hear: 130,000 less 160 and 80 are left. The same signal then comes again
    and again, also to the process after it: it was taken before (FX-36, RE591)."""

    async def taken_out(here: Situation) -> None:
        stream = f"/v3/accounts/{here.account_id}/transactions"
        async with here.running(in_folder, warm) as first:
            await here.control("fault", kind="silence_streams", path=stream, seconds=20)
            await here.control("transfer", amount="-270000")
            await _again_and_again(here, first)
        async with here.running(in_folder, warm) as second:
            await _again_and_again(here, second)
        assert second.found is not None
        rows = await here.transactions()
        assert refusals(rows) == [("order", "INSUFFICIENT_MARGIN")]
        assert opened(rows) == []
        assert len([row for row in rows if row["type"] == "MARKET_ORDER" and int(row["units"]) < 0]) == 1
        assert (len(first.sent("entry")), len(second.sent("entry"))) == (1, 0)
        assert [run.told("RE591") for run in (first, second)] == [4, 5]

    _run([(-20_000, "H1Trend-short", "macro")], taken_out, nav=400_000)


async def _again_and_again(here: Situation, run: Run) -> None:
    for _ in range(5):
        here.ask(run, ENTRY, Side.SHORT, name="the-one")
        await here.spend(run, 3)


def test_a_hedge_that_is_refused_waits_for_its_cooldown_over_a_restart(warm: dict[str, Any], in_folder: Path) -> None:
    """`other-side` sends once; what it wants goes on, and its cooldown of 5 min (RE578) keeps it from sending again: a
    minute in the same process, and two in the next one."""

    async def refused(here: Situation) -> None:
        await _refuse_orders(here)
        async with here.running(in_folder, warm) as first:
            for price in RISE:
                await here.price(f"{price:.3f}")
                await here.spend(run=first, seconds=2, step_s=1)
            await here.spend(first, 60, 2)
        async with here.running(in_folder, warm) as second:
            for price in (*RISE, *RISE):
                await here.price(f"{price:.3f}")
                await here.spend(run=second, seconds=5, step_s=1)
        rows = await here.transactions()
        assert refusals(rows) == [("request", "INSUFFICIENT_MARGIN")]
        assert [each.rule for each in first.sent("hedge_open")] == ["other-side"]
        assert not second.sent("hedge_open")
        assert "RE578" in {each.code for run in (first, second) for each in run.decisions if each.rule == "other-side"}

    _run([(-20_000, "H1Trend-short", "macro")] * 2, refused)


def test_three_refusals_stop_the_rule_over_a_restart(warm: dict[str, Any], in_folder: Path) -> None:
    """The operator's 54 were other signals each time. `limits.refusals` (FX-31): after three within 60 s nothing of the
    rule is sent for 300 s, whatever its signal."""

    async def refused(here: Situation) -> None:
        await _refuse_orders(here)
        runs = []
        for _ in range(2):
            async with here.running(in_folder, warm) as run:
                for tag in TAGS[:6]:
                    here.ask(run, tag, Side.LONG, size=1_000.0)
                    await here.spend(run, 5)
            runs.append(run)
        rows = await here.transactions()
        assert refusals(rows) == [("request", "INSUFFICIENT_MARGIN")] * 3
        names = [row["clientExtensions"]["id"] for row in rows if "clientExtensions" in row]
        assert len(set(names)) == len(names) == 3
        first, second = runs
        assert (len(first.sent("entry")), len(second.sent("entry"))) == (3, 0)
        stopped = {(each.code, each.first_blocker) for each in (*first.refused("long"), *second.refused("long"))}
        assert ("RE530", "limits.refusals") in stopped

    _run([(-20_000, "H1Trend-short", "macro")], refused, nav=400_000)


async def _refuse_orders(here: Situation) -> None:
    path = f"/v3/accounts/{here.account_id}/orders"
    await here.control("fault", kind="reject", path=path, code="INSUFFICIENT_MARGIN", count=100)


def _run(trades: list[Held], script: Callable[[Situation], Coroutine[Any, Any, None]], nav: int = 303_000) -> None:
    async def day() -> None:
        async with situation(trades, nav) as here:
            await script(here)

    asyncio.run(day())
