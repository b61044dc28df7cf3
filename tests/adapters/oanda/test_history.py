"""Candles as bars: closed ones, bid and ask, page after page, days by New York's clock."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from adapters.oanda import history
from ruleengine.model.event import BarEvent
from ruleengine.ports.venue import VenueError
from tests.adapters.oanda.payloads import FakeOanda, at, client_of, ok

S = 1_000_000_000
T0 = 1_767_225_600 * S
MINUTE = 60 * S
CANDLES = "GET /instruments/EUR_USD/candles"


def candle(minute: int, *, complete: bool = True, sides: str = "BA", close: str = "1.3") -> dict[str, Any]:
    prices = {"o": "1.1", "h": "1.4", "l": "1.0", "c": close}
    ask = {"o": "1.2", "h": "1.5", "l": "1.1", "c": "1.4"}
    row: dict[str, Any] = {"time": at(minute * 60).replace("001Z", "000Z"), "volume": 12, "complete": complete}
    return row | ({"bid": prices, "ask": ask} if sides == "BA" else {"mid": prices})


def read(fake: FakeOanda, interval_ns: int, begin_ns: int, end_ns: int) -> list[BarEvent]:
    async def all_of() -> list[BarEvent]:
        client = client_of(fake)
        try:
            return [bar async for bar in history.bars(client, "EUR_USD", interval_ns, begin_ns, end_ns)]
        finally:
            await client.close()

    return asyncio.run(all_of())


def test_a_bar_has_both_sides_and_is_available_at_its_close() -> None:
    fake = FakeOanda({CANDLES: ok(candles=[candle(1)])})
    (bar,) = read(fake, MINUTE, T0, T0 + 10 * MINUTE)
    close = T0 + 2 * MINUTE
    assert bar == BarEvent(close, close, "EUR_USD", MINUTE, "bid", 1.1, 1.4, 1.0, 1.3, 12.0, (1.2, 1.5, 1.1, 1.4))
    query = dict(fake.asked[0].url.params)
    assert (query["price"], query["granularity"], query["dailyAlignment"]) == ("BA", "M1", "17")
    assert query["alignmentTimezone"] == "America/New_York"


def test_only_closed_bars_within_the_stretch() -> None:
    """The last row is usually still open (§4.3); periods without a tick have no row and no bar."""
    rows = [candle(0), candle(1), candle(3), candle(4, complete=False)]
    bars = read(FakeOanda({CANDLES: ok(candles=rows)}), MINUTE, T0 + MINUTE, T0 + 5 * MINUTE)
    assert [(bar.ts - T0) // MINUTE for bar in bars] == [2, 4]
    bars = read(FakeOanda({CANDLES: ok(candles=rows)}), MINUTE, T0 + MINUTE, T0 + 3 * MINUTE)
    assert [(bar.ts - T0) // MINUTE for bar in bars] == [2]


def test_the_middle_where_there_are_no_sides() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return ok(candles=[candle(1, sides="M")])

    (bar,) = read(FakeOanda({CANDLES: answer}), MINUTE, T0, T0 + 10 * MINUTE)
    assert (bar.price, bar.close, bar.ask_ohlc) == ("mid", 1.3, None)


def test_pages_follow_one_another_without_a_gap_or_a_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that begins with the candle before, as one that holds `from` would, gives no bar twice."""
    monkeypatch.setattr(history, "PAGE", 4)
    rows = [candle(minute) for minute in range(8)]

    def answer(request: httpx.Request) -> httpx.Response:
        first = next(i for i, row in enumerate(rows) if row["time"] >= request.url.params["from"])
        return ok(candles=rows[max(first - 1, 0) :][:4])

    fake = FakeOanda({CANDLES: answer})
    bars = read(fake, MINUTE, T0, T0 + 100 * MINUTE)
    assert [(bar.ts - T0) // MINUTE for bar in bars] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert len(fake.asked) == 3  # 0-3, 3-6, 6-7


def test_a_day_is_as_long_as_new_york_makes_it() -> None:
    """Summer time began on 2026-03-08: the day from Saturday 17:00 EST (22:00 UTC) to Sunday 17:00 EDT (21:00 UTC) has
    23 hours."""
    row = candle(0) | {"time": "2026-03-07T22:00:00.000000000Z"}
    begin, end = 1_772_920_800 * S - 86400 * S, 1_772_920_800 * S + 3 * 86400 * S
    (bar,) = read(FakeOanda({CANDLES: ok(candles=[row])}), 86400 * S, begin, end)
    assert bar.ts == 1_773_003_600 * S  # 2026-03-08T21:00:00Z
    assert bar.interval_ns == 86400 * S


@pytest.mark.parametrize("seconds", [7, 90, 604800, 0.5])
def test_a_length_that_oanda_has_not(seconds: float) -> None:
    with pytest.raises(VenueError) as caught:
        read(FakeOanda(), round(seconds * S), T0, T0 + MINUTE)
    assert (caught.value.code, caught.value.is_final) == ("interval", True)
    assert "M15" in caught.value.remedy


@pytest.mark.parametrize("answer", [ok(candles=None), ok(candles=[{"time": at(1), "complete": True}]), ok(400)])
def test_what_is_no_list_of_candles_is_an_error(answer: httpx.Response) -> None:
    with pytest.raises(VenueError):
        read(FakeOanda({CANDLES: answer}), MINUTE, T0, T0 + 10 * MINUTE)
