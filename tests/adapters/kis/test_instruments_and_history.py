"""Specifications from the price service, and bars from the charts, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import pytest

from adapters.kis import history, instruments, kst
from ruleengine.model.event import BarEvent
from ruleengine.ports.venue import VenueError
from tests.adapters.kis.stand import NOON, SAMSUNG, Stand, refused

MINUTE_NS = history.MINUTE_NS
MINUTES, DAYS = "inquire-time-itemchartprice", "inquire-daily-itemchartprice"


def play(course: Coroutine[Any, Any, None]) -> None:
    asyncio.run(course)


def price(last: str, tick: str, **more: str) -> tuple[int, dict[str, Any]]:
    output = {"stck_prpr": last, "stck_sdpr": "71800", "aspr_unit": tick, "hts_deal_qty_unit_val": "1", **more}
    return 200, {"rt_cd": "0", "msg_cd": "MCA00000", "output": output}


def test_a_share_has_its_base_price_and_the_table_of_its_tick() -> None:
    """Trap 10: the code's zeros stay. 12,345 in a stock goes by tens, in an ETF by fives."""

    async def course() -> None:
        stand = Stand()
        stand.answers["inquire-price"] = [price("71900", "100"), price("12345", "5")]
        stock = await instruments.look_up(stand.client, SAMSUNG)
        etf = await instruments.look_up(stand.client, "069500")
        assert stock is not None
        assert etf is not None
        assert (stock.name, stock.ticks, str(stock.base_price), stock.quote) == (SAMSUNG, "krx_stock", "71800", "KRW")
        assert (stock.can_short, str(stock.price_limit), str(stock.lot), stock.sessions) == (False, "0.3", "1", "krx")
        assert etf.ticks == "krx_etf"
        assert [values["FID_INPUT_ISCD"] for path, _, values in stand.asked if path == "inquire-price"] == [
            SAMSUNG, "069500",
        ]  # fmt: skip

    play(course())


def test_what_is_no_share_is_left_out_and_a_foreign_tick_is_an_error() -> None:
    async def course() -> None:
        stand = Stand()
        assert await instruments.look_up(stand.client, "USD_JPY") is None
        stand.answers["inquire-price"] = [price("0", "0", stck_sdpr=""), refused("APBK0656"), price("71900", "7")]
        assert await instruments.look_up(stand.client, "000001") is None
        assert await instruments.look_up(stand.client, "000002") is None
        with pytest.raises(VenueError, match="tick"):
            await instruments.look_up(stand.client, SAMSUNG)

    play(course())


def minute_rows(last: str, count: int = 30) -> tuple[int, dict[str, Any]]:
    """So many minutes that end with the one of HHMM00, newest first, as the venue gives them."""
    newest = kst.moment("20260304", last)
    rows = [
        {
            "stck_bsop_date": "20260304", "stck_cntg_hour": kst.clock_of(newest - back * MINUTE_NS),
            "stck_prpr": "71900", "stck_oprc": "71800", "stck_hgpr": "72000", "stck_lwpr": "71700", "cntg_vol": "15",
        }
        for back in range(count)
    ]  # fmt: skip
    return 200, {"rt_cd": "0", "msg_cd": "MCA00000", "output1": {}, "output2": rows}


async def bars(stand: Stand, interval_ns: int, begin_ns: int, end_ns: int) -> list[BarEvent]:
    return [bar async for bar in history.bars(stand.client, stand.clock, SAMSUNG, interval_ns, begin_ns, end_ns)]


def hours(stand: Stand) -> list[str]:
    return [values["FID_INPUT_HOUR_1"] for path, _, values in stand.asked if path == MINUTES]


def test_minutes_are_stepped_back_thirty_at_a_time_and_stamped_at_their_close() -> None:
    """12:00 in Seoul: bars from 11:00 on are 11:00 to 11:59, the last stamped 12:00; the one that runs is left out."""

    async def course() -> None:
        stand = Stand()
        stand.answers[MINUTES] = [minute_rows("115900"), minute_rows("112900"), minute_rows("105900")]
        found = await bars(stand, MINUTE_NS, kst.moment("20260304", "110000"), NOON)
        assert len(found) == 60
        assert (found[0].ts, found[-1].ts) == (kst.moment("20260304", "110100"), NOON)
        assert (found[0].open, found[0].high, found[0].low, found[0].close, found[0].volume) == (
            71_800, 72_000, 71_700, 71_900, 15,
        )  # fmt: skip
        assert (found[0].price, found[0].interval_ns) == ("last", MINUTE_NS)
        assert hours(stand) == ["115959", "112959"]

    play(course())


def test_minutes_that_the_venue_repeats_end_the_search() -> None:
    """A page that brings nothing new is the day's beginning; a minute not closed yet is no bar."""

    async def course() -> None:
        stand = Stand()
        stand.answers[MINUTES] = [minute_rows("120000", 3), minute_rows("120000", 3)]
        await stand.clock.sleep(30)
        found = await bars(stand, MINUTE_NS, kst.moment("20260304", "090000"), stand.clock.now_ns())
        assert [bar.ts for bar in found] == [NOON - MINUTE_NS, NOON]

    play(course())


def day_rows(days: list[str]) -> tuple[int, dict[str, Any]]:
    row: Mapping[str, str] = {"stck_clpr": "71900", "stck_oprc": "71700", "stck_hgpr": "72400", "stck_lwpr": "71500"}
    rows: list[Mapping[str, str]] = [{**row, "stck_bsop_date": day, "acml_vol": "3052507"} for day in days]
    return 200, {"rt_cd": "0", "msg_cd": "MCA00000", "output1": {}, "output2": [*rows, {}]}


def test_days_are_paged_by_their_dates_and_todays_is_not_closed() -> None:
    """A day's bar ends with the Korean date; empty objects at a page's end are none. 150 days are two pages."""

    async def course() -> None:
        stand = Stand()
        stand.answers[DAYS] = [day_rows(["20260304", "20260303", "20251126"]), day_rows(["20251124"])]
        found = await bars(stand, kst.DAY_NS, NOON - 150 * kst.DAY_NS, NOON)
        assert [kst.day_of(bar.ts - 1) for bar in found] == ["20251124", "20251126", "20260303"]
        assert found[-1].ts == kst.midnight("20260304")
        pages = [(v["FID_INPUT_DATE_1"], v["FID_INPUT_DATE_2"]) for path, _, v in stand.asked if path == DAYS]
        # 2026-03-04 less 99 days is 2025-11-25; the next page ends the day before, and begins 150 days before today
        assert pages == [("20251125", "20260304"), ("20251005", "20251124")]

    play(course())


def test_other_lengths_are_refused() -> None:
    async def course() -> None:
        stand = Stand()
        with pytest.raises(VenueError, match="minute"):
            await bars(stand, 5 * MINUTE_NS, 0, NOON)
        assert await bars(stand, MINUTE_NS, NOON, NOON) == []

    play(course())
