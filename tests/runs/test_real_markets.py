"""Recordings of Korea and of crypto through an instrument's market: what the feeds state of the day, and no bid and ask
without a declared spread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.paper.instruments import known
from ruleengine.model.event import TradePrint
from ruleengine.model.unknown import known as is_known
from ruleengine.recordings import Overrides, events_of, import_recording, open_recording
from ruleengine.runtime.markets.day import SLOTS
from ruleengine.runtime.markets.market import InstrumentMarket, Wake

pytestmark = pytest.mark.data
DAY = "2025-09-30"
NAME = "005930"
READ = frozenset(("m", slot) for slot in SLOTS)


def _market(name: str, spread: float | None) -> InstrumentMarket:
    return InstrumentMarket(known([name])[0], (), {}, READ, spread, Wake())


def _rows(file: Path) -> list[dict[str, Any]]:
    minutes = json.loads(file.read_text(encoding="utf-8"))
    return [codes[NAME] for _, codes in sorted(minutes.items()) if NAME in codes]


def test_the_day_of_a_korean_share_is_what_its_feed_states(shared_data: Path, tmp_path: Path) -> None:
    """After each row: high and low as the feed states them (or beyond), volume its accumulated one."""
    file = shared_data / "kr_stocks" / "kis_ws_minute_snapshots" / f"market_events_{DAY}.json"
    import_recording("kis-minute-snapshots", [file], tmp_path / "kis")
    market, rows, seen = _market(NAME, 100.0), _rows(file), 0
    for batch in open_recording(tmp_path / "kis").batches(None, None, [NAME]):
        for event in events_of(batch):
            assert isinstance(event, TradePrint)
            market.trade(event)
            row, frame = rows[seen], market.frame
            assert (frame.last, frame.volume) == (float(row["price"]), float(row["acc_vol"]))
            assert frame.high >= float(row["high"])
            assert frame.low <= float(row["low"])
            assert (frame.bid, frame.ask) == (frame.last - 50.0, frame.last + 50.0)
            seen += 1
    assert seen == len(rows) > 300
    assert market.frame.high == max(float(row["high"]) for row in rows)
    assert market.frame.low == min(float(row["low"]) for row in rows)
    assert market.frame.tick == 100.0  # between 50,000 and 200,000


def test_without_a_declared_spread_there_is_no_bid_and_ask(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "kr_stocks" / "kis_ws_minute_snapshots" / f"market_events_{DAY}.json"
    import_recording("kis-minute-snapshots", [file], tmp_path / "kis")
    market = _market(NAME, None)
    for batch in open_recording(tmp_path / "kis").batches(None, None, [NAME]):
        for event in events_of(batch):
            market.trade(event)  # type: ignore[arg-type]  # snapshots are prints
    assert is_known(market.frame.last)
    assert not is_known(market.frame.bid)
    assert not is_known(market.frame.ask)


def test_an_operators_ticker_is_that_of_swaps_in_the_declared_zone(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "operator_logs" / "okx_bot_ticker_2025-11-24_derived.csv.gz"
    import_recording("okx-bot-ticker", [file], tmp_path / "okx", declared=Overrides(zone="Europe/Moscow"))
    batch = next(iter(open_recording(tmp_path / "okx").batches(None, None, ["BTC-USDT-SWAP"])))
    first = next(iter(events_of(batch)))
    assert first.instrument == "BTC-USDT-SWAP"
    assert first.ts_event == 1_763_994_278_320_000_000  # 17:24:38.320 in Moscow is 14:24:38.320 UTC
