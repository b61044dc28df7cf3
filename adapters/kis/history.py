"""Closed bars of the venue's past: minutes of today, thirty in a reply, and days, a hundred in a reply (§4.6).

Both come newest first and are paged by moving the end back. A minute's time is that at which it began; a day's bar
ends with its Korean date, as the engine's days do. Bars hold trades of KRX.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from adapters.kis import kst
from adapters.kis.client import Client
from adapters.kis.rows import Row
from adapters.kis.services import DAY_BARS, MINUTE_BARS
from adapters.wire.clock import Clock
from ruleengine.model.event import BarEvent
from ruleengine.ports.venue import VenueError

MINUTE_NS = 60 * kst.SECOND_NS
INTERVALS = (MINUTE_NS, kst.DAY_NS)
_DAYS_A_PAGE, _DAYS_BACK_MAX = 100, 20 * 366
_PAGES_MAX = 60


async def bars(
    client: Client, clock: Clock, symbol: str, interval_ns: int, begin_ns: int, end_ns: int
) -> AsyncIterator[BarEvent]:  # fmt: skip
    """Bars that began at or after `begin_ns` and closed by `end_ns` and by now, oldest first.

    Errors   VenueError for a length that the venue has not, and where it can't be asked.
    """
    if interval_ns not in INTERVALS:
        raise VenueError(
            f"KIS has bars of a minute and of a day, none of {interval_ns / kst.SECOND_NS:g} s", code="INTERVAL",
            is_final=True, remedy="ask for a minute or a day",
        )  # fmt: skip
    end_ns = min(end_ns, clock.now_ns())
    if begin_ns >= end_ns:
        return
    read = _minutes if interval_ns == MINUTE_NS else _days
    for bar in await read(client, clock, symbol, begin_ns, end_ns):
        yield bar


async def forming(client: Client, clock: Clock, symbol: str, interval_ns: int) -> BarEvent | None:
    """The minute in progress, as of now; a day in progress is made of its minutes."""
    if interval_ns != MINUTE_NS:
        return None
    now = clock.now_ns()
    rows = _filled((await client.ask(MINUTE_BARS, _minute_query(symbol, now))).rows("output2"))
    opened = now - now % MINUTE_NS
    newest = next((row for row in rows if _minute_of(row) == opened), None)
    if newest is None:
        return None
    made = _bar(newest, symbol, opened, MINUTE_NS, "stck_prpr", "cntg_vol")
    return replace(made, ts=now, ts_event=now, interval_ns=now - opened)


def _minute_query(symbol: str, last_ns: int) -> dict[str, str]:
    return {
        "FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": symbol, "FID_INPUT_HOUR_1": kst.clock_of(last_ns),
        "FID_PW_DATA_INCU_YN": "N", "FID_ETC_CLS_CODE": "",
    }  # fmt: skip


async def _minutes(client: Client, clock: Clock, symbol: str, begin_ns: int, end_ns: int) -> list[BarEvent]:
    """Of today only, whatever is asked for."""
    today = kst.day_of(clock.now_ns())
    found: dict[int, BarEvent] = {}
    last = min(end_ns - 1, kst.midnight(today) + kst.DAY_NS - 1)
    for _ in range(_PAGES_MAX):
        if last < kst.midnight(today):
            break
        rows = (await client.ask(MINUTE_BARS, _minute_query(symbol, last))).rows("output2")
        page = [_bar(row, symbol, _minute_of(row), MINUTE_NS, "stck_prpr", "cntg_vol") for row in _filled(rows)]
        new = {bar.ts_event: bar for bar in page if bar.ts_event not in found}
        found.update(new)
        oldest = min(new, default=0) - MINUTE_NS
        if not new or oldest <= begin_ns:
            break
        last = oldest - kst.SECOND_NS
    return _within(found, MINUTE_NS, begin_ns, end_ns)


async def _days(client: Client, clock: Clock, symbol: str, begin_ns: int, end_ns: int) -> list[BarEvent]:
    """Prices adjusted for splits, as charts show them."""
    first = max(kst.day_of(begin_ns), kst.shifted(kst.day_of(end_ns), -_DAYS_BACK_MAX))
    last = kst.day_of(end_ns - 1)
    found: dict[int, BarEvent] = {}
    for _ in range(_PAGES_MAX):
        if last < first:
            break
        query = {
            "FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": symbol,
            "FID_INPUT_DATE_1": max(first, kst.shifted(last, 1 - _DAYS_A_PAGE)), "FID_INPUT_DATE_2": last,
            "FID_PERIOD_DIV_CODE": "D", "FID_ORG_ADJ_PRC": "0",
        }  # fmt: skip
        rows = (await client.ask(DAY_BARS, query)).rows("output2")
        page = [
            _bar(row, symbol, kst.midnight(row.text("stck_bsop_date")), kst.DAY_NS, "stck_clpr", "acml_vol")
            for row in _filled(rows)
        ]
        if not page and found:
            break
        found.update((bar.ts_event, bar) for bar in page)
        last = kst.shifted(query["FID_INPUT_DATE_1"], -1)
    return _within(found, kst.DAY_NS, begin_ns, end_ns)


def _filled(rows: list[Row]) -> list[Row]:
    """Rows that are bars: short pages are padded with empty objects."""
    return [row for row in rows if row.text("stck_bsop_date")]


def _minute_of(row: Row) -> int:
    return kst.moment(row.text("stck_bsop_date"), row.text("stck_cntg_hour"))


def _bar(row: Row, symbol: str, opened_ns: int, width_ns: int, close: str, volume: str) -> BarEvent:
    stated = row.maybe(volume)
    closed_ns = opened_ns + width_ns
    return BarEvent(
        ts=closed_ns, ts_event=closed_ns, instrument=symbol, interval_ns=width_ns, price="last",
        open=float(row.number("stck_oprc")), high=float(row.number("stck_hgpr")), low=float(row.number("stck_lwpr")),
        close=float(row.number(close)), volume=None if stated is None else float(stated),
    )  # fmt: skip


def _within(found: dict[int, BarEvent], width_ns: int, begin_ns: int, end_ns: int) -> list[BarEvent]:
    return [found[at] for at in sorted(found) if at - width_ns >= begin_ns and at <= end_ns]
