"""Bars from history, and what is pushed of the market."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.okx.history import BARS, bar, history
from adapters.okx.prices import events, worth
from adapters.wire.conflate import Worth
from adapters.wire.decimals import BadPayload
from ruleengine.model.event import BarEvent, Funding, Quote, Reference, TradePrint
from ruleengine.ports.venue import VenueError
from tests.adapters.okx.scripted import BTC, Script, ok

MINUTE_MS = 60_000
MINUTE = MINUTE_MS * 1_000_000


def candle(at_ms: int, confirm: str = "1", close: str = "60005") -> list[str]:
    return [str(at_ms), "60000", "60010", "59990", close, "120", "1.2", "72006", confirm]


def served(begin_ms: int, count: int) -> Any:
    """A venue with so many minutes that answers as its documents say: after is older, before is newer, both without the
    time named; newest first; the newest where more fit than `limit`."""

    def answer(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        at = [begin_ms + n * MINUTE_MS for n in range(count)]
        fit = [ms for ms in at if int(query["before"]) < ms < int(query["after"])]
        return ok(*(candle(ms) for ms in reversed(fit[-int(query["limit"]) :])))

    return answer


def bars_of(script: Script, begin_ns: int, end_ns: int, interval_ns: int = MINUTE) -> list[BarEvent]:
    async def play() -> list[BarEvent]:
        api = script.api()
        try:
            return [one async for one in history(api, BTC, interval_ns, begin_ns, end_ns)]
        finally:
            await api.close()

    return asyncio.run(play())


@pytest.mark.parametrize(("days_ago", "path"), [(0.5, "/market/candles"), (20, "/market/history-candles")])
def test_history_is_walked_forwards_without_gaps_or_repeats(days_ago: float, path: str) -> None:
    """Trap 11. 650 minutes come oldest first; pages are of 300 (recent) or 100 (older)."""
    script = Script()
    begin_ms = script.clock.now_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS - int(days_ago * 1440) * MINUTE_MS
    script.on(path, served(begin_ms, 2_000))
    found = bars_of(script, begin_ms * 1_000_000, (begin_ms + 650 * MINUTE_MS) * 1_000_000)
    closes = [begin_ms + (n + 1) * MINUTE_MS for n in range(650)]
    assert [one.ts // 1_000_000 for one in found] == closes
    assert len(script.asked(path)) == (3 if days_ago < 1 else 7)
    assert found[0].ts == found[0].ts_event
    assert (found[0].open, found[0].high, found[0].low, found[0].close) == (60000, 60010, 59990, 60005)
    assert (found[0].volume, found[0].price) == (120, "last")  # contracts, not coins (trap 1)


def test_a_bar_that_forms_is_none() -> None:
    """§4.2: `confirm` 0."""
    script = Script()
    begin_ms = script.clock.now_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS - 5 * MINUTE_MS
    script.on("/market/candles", ok(candle(begin_ms + MINUTE_MS, "0"), candle(begin_ms)))
    assert len(bars_of(script, begin_ms * 1_000_000, (begin_ms + 5 * MINUTE_MS) * 1_000_000)) == 1


def test_days_are_cut_at_utc_and_letters_matter() -> None:
    """Trap 12: `1D` is cut at UTC+8; `1m` is a minute and `1M` a month."""
    assert BARS[1440 * MINUTE] == "1Dutc"
    assert BARS[360 * MINUTE] == "6Hutc"
    assert (BARS[MINUTE], BARS[60 * MINUTE]) == ("1m", "1H")
    assert "1M" not in BARS.values()
    with pytest.raises(VenueError, match="no bars of 7 minutes"):
        bars_of(Script(), 0, 1, 7 * MINUTE)


def test_a_candle_that_is_cut_short_is_told() -> None:
    with pytest.raises(VenueError, match="2 of its 9 values"):
        bar(["1", "2"], BTC, MINUTE)


def one_of(channel: str, row: Any, instrument: str = BTC) -> Any:
    (found,) = events(channel, instrument, [row], 5)
    return found


def test_quotes_of_both_channels() -> None:
    top = {"asks": [["60010.1", "12", "0", "3"]], "bids": [["60000", "7.5", "0", "1"]], "ts": "1000", "seqId": 9}
    assert one_of("bbo-tbt", top) == Quote(5, 1_000_000_000, BTC, 60000.0, 60010.1, 7.5, 12.0)
    ticker = {"instId": BTC, "bidPx": "60000", "bidSz": "7.5", "askPx": "60010.1", "askSz": "", "ts": "1000"}
    assert one_of("tickers", ticker) == Quote(5, 1_000_000_000, BTC, 60000.0, 60010.1, 7.5, None)


def test_a_side_without_a_price_is_no_quote() -> None:
    """Trap 3."""
    assert list(events("tickers", BTC, [{"bidPx": "", "askPx": "60010", "ts": "1"}], 5)) == []
    assert list(events("bbo-tbt", BTC, [{"asks": [], "bids": [["1", "1", "0", "1"]], "ts": "1"}], 5)) == []
    with pytest.raises(BadPayload, match="ts"):
        one_of("tickers", {"bidPx": "1", "askPx": "2", "ts": ""})


def test_prints_marks_funding_and_bars() -> None:
    trade = {"instId": BTC, "tradeId": "1", "px": "60001", "sz": "3", "side": "sell", "ts": "1000", "count": "2"}
    assert one_of("trades", trade) == TradePrint(5, 1_000_000_000, BTC, 60001.0, 3.0, "sell")
    mark = {"instId": BTC, "markPx": "60002.5", "ts": "1000"}
    assert one_of("mark-price", mark) == Reference(5, 1_000_000_000, BTC, 60002.5, "mark")
    funding = {"instId": BTC, "fundingRate": "-0.0001", "fundingTime": "9000", "nextFundingTime": "12600", "ts": "1"}
    assert one_of("funding-rate", funding) == Funding(5, 9_000_000_000, BTC, -0.0001)
    assert list(events("funding-rate", BTC, [funding | {"fundingRate": ""}], 5)) == []
    made = one_of("candle1m", candle(0))
    assert (made.ts, made.ts_event, made.interval_ns) == (MINUTE, MINUTE, MINUTE)
    assert list(events("candle1m", BTC, [candle(0, "0")], 5)) == []  # type: ignore[list-item]  # a candle is a list
    assert list(events("a-new-channel", BTC, [{}], 5)) == []


def test_what_may_be_left_out_while_it_waits() -> None:
    assert [worth(name) for name in ("bbo-tbt", "mark-price", "trades", "candle1m")] == [
        Worth.LATEST, Worth.LATEST, Worth.SHED, Worth.KEPT,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "channel", "expected"),
    [
        ("tickers", "tickers", Quote(5, 1_597_026_383_085_000_000, "BTC-USDT", 8888.88, 9999.99, 5.0, 11.0)),
        ("trades", "trades", TradePrint(5, 1_630_048_897_897_000_000, "BTC-USDT", 42219.9, 0.12060306, "buy")),
        ("mark_price", "mark-price", Reference(5, 1_597_026_383_085_000_000, "LTC-USD-190628", 0.1, "mark")),
        ("funding_rate", "funding-rate", Funding(5, 1_700_726_400_000_000_000, "BTC-USD-SWAP", 0.0001875391284828)),
    ],
)
def test_the_venues_example_pushes(payloads: Path, name: str, channel: str, expected: Any) -> None:
    text = (payloads / "ws" / f"{name}.transcript.txt").read_text()
    push = json.loads(text.split("\n=", 1)[1])
    assert list(events(channel, "", push["data"], 5)) == [expected]
