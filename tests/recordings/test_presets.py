"""Every built-in mapping on a small self-made input of its form; expected values are those written there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ruleengine.recordings import PRESETS, Recording, render_report

S = 1_000_000_000
T0 = 1_600_000_000 * S
"""`small_inputs.BEGIN_S`."""
MINUTE = 60 * S
DECLARED: dict[str, dict[str, Any]] = {
    "quotes-fixed128": {"price_band": (50.0, 250.0)},
    "mt5-h1": {"zone": "Europe/Athens"},
    "okx-bot-ticker": {"zone": "Asia/Seoul"},
}
# Expected: UTC seconds of the event, worked out by hand or with `date -u -d … +%s`; then the first row's numbers.
FIRST: dict[str, tuple[str, int, list[float]]] = {
    "oanda-m1-mid": ("bar", 1767680520 * S, [156.428, 156.432, 156.426, 156.430]),
    "fxcm-m1-bid-ask": ("quote_bar", 1359676860 * S, [91.715, 91.716, 91.653, 91.653, 91.717, 91.717, 91.655, 91.655]),
    "quotes-decoded": ("quote", 1546383600071000064, [109.676, 109.687, 1e6, 2e6]),
    "quotes-fixed128": ("quote", 1546383600071000064, [109.676, 109.687, 1e6, 2e6]),
    "truefx-quotes": ("quote", 1357077600295 * 1_000_000, [86.655, 86.728]),
    "lean-fx-ticks": ("quote", 1398902402230 * 1_000_000, [0.86074, 0.86101]),
    "lean-fx-minutes": ("quote_bar", 1398902520 * S, [0.86067, 0.86071, 0.86066, 0.86070, 0.86094]),
    "dukascopy-ticks": ("quote", 1335830401680 * 1_000_000, [80.911, 80.928, 1.58, 2.33]),
    "dukascopy-m1": ("bar", 1335830520 * S, [80.895, 80.8985, 80.892, 80.893]),
    # 12:00 in Athens in November is 10:00 UTC; an hour's bar closes at 11:00.
    "mt5-h1": ("bar", 1353063600 * S, [81.121, 81.203, 81.107, 81.201]),
    "candle-cache": ("bar", 1761896880 * S, [154.312, 154.324, 154.304, 154.308]),
    "okx-swap-1h": ("bar", 1746061200 * S, [94125.2, 94358.9, 94086.7, 94200.1, 2408.19]),
    "btc-perp-1m": ("bar", 1746057660 * S, [94125.2, 94358.9, 94086.7, 94200.1, 2408.19]),
    "binance-usdm-frames": ("quote", T0 + 2 * S, [100.0, 101.0, 1.0, 3.0]),
    "binance-trades-parquet": ("trade", 1610064000123456 * 1_000, [40000.5, 0.25, -1.0]),
    "binance-quotes-parquet": ("quote", 1610064000123456 * 1_000, [40000.25, 40000.5, 1.0, 2.0]),
    # 17:24:38.32 in Seoul is 08:24:38.32 UTC.
    "okx-bot-ticker": ("trade", 1763972678320 * 1_000_000, [85795.5]),
    # 09:00:59.2985 in Seoul is 00:00:59.2985 UTC.
    "kis-minute-snapshots": ("snapshot", 1757635259298500 * 1_000, [70_100.0, 70_500.0, 70_000.0, 10.0, 1_000.0]),
    # 09:30 in New York in June is 13:30 UTC; the minute closes at 13:31.
    "lean-us-minutes": ("bar", 1401975060 * S, [645.57, 646.0, 645.5, 645.7, 600.0]),
    "yahoo-5m": ("bar", 1764893400 * S, [17980.0, 18020.0, 17890.0, 18010.0, 72113.0]),
}


@pytest.mark.parametrize("name", sorted(FIRST))
def test_first_row_is_what_the_source_says(name: str, tmp_path: Path, small: ModuleType, imported: Any) -> None:
    _, recording = imported(name, small.SMALL[name](tmp_path), **DECLARED.get(name, {}))
    kind, ts_event, values = FIRST[name]
    batch = next(recording.batches(kinds=[kind]))
    assert batch.ts_event[0] == ts_event
    assert [float(column[0]) for column in batch.values[: len(values)]] == values


def test_every_built_in_mapping_has_a_small_input(small: ModuleType) -> None:
    assert set(PRESETS) - set(small.SMALL) <= {"binance-spot-frames"}


def test_mappings_survive_being_written_as_plain_data() -> None:
    for mapping in PRESETS.values():
        assert type(mapping).model_validate(json.loads(mapping.model_dump_json())) == mapping


def test_bar_is_available_at_its_close_and_began_an_interval_before(
    tmp_path: Path, small: ModuleType, imported: Any
) -> None:
    _, recording = imported("oanda-m1-mid", small.oanda_mid(tmp_path))
    batch = next(recording.batches())
    assert batch.ts_available.tolist() == [1767680520 * S, 1767680580 * S]
    assert batch.column("interval_ns").tolist() == [MINUTE, MINUTE]
    assert batch.column("price_side").tolist() == [0.0, 0.0]


def test_us_minutes_hold_trades_and_quotes(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    _, recording = imported("lean-us-minutes", small.lean_us(tmp_path), instrument="AAPL")
    assert recording.kinds == ("bar", "quote_bar")
    quotes = next(recording.batches(kinds=["quote_bar"]))
    assert quotes.column("ask_close").tolist() == [645.8]
    assert quotes.column("bid_volume").tolist() == [300.0]


def test_snapshot_volume_is_the_increase_and_unknown_at_first(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    report, recording = imported("kis-minute-snapshots", small.kis(tmp_path))
    batch = next(recording.batches())
    assert recording.instruments == ("005930",)
    first, second = batch.column("minute_volume").tolist()
    assert first != first
    assert second == 250.0
    assert batch.column("ts_since").tolist()[1] == float(batch.ts_event[0])
    assert report.count("volume_unknown") == 1


def test_frames_become_quotes_trades_and_books(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    report, recording = imported("binance-usdm-frames", small.frames(tmp_path))
    assert recording.kinds == ("book", "quote", "trade")
    # Updates 1–4 are older than the snapshot (10); 5–12 is applied to it; 13–15 follows.
    assert report.count("before_snapshot") == 1
    # Four frames are of the book; the one that waited for the snapshot is one row with it.
    table = report.table("book")
    assert (table.rows_read, table.rows_kept) == (4, 2)
    assert "1 depth update that waited for a snapshot is one book row with it" in report.hints
    books = next(recording.batches(kinds=["book"]))
    assert [[list(map(float, side)) for side in level] for level in books.levels] == [
        [[100.0, 99.5, 99.0], [1.0, 9.0, 2.0], [101.0, 102.0], [3.0, 4.0]],
        [[100.0, 99.5, 99.0], [1.0, 9.0, 2.0], [102.0], [4.0]],
    ]
    trades = next(recording.batches(kinds=["trade"]))
    assert [float(column[0]) for column in trades.values[:3]] == [101.0, 0.5, 1.0]


def test_updates_for_which_no_snapshot_comes_are_counted(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    (file,) = small.frames(tmp_path)
    lines = [line for line in gzip.decompress(file.read_bytes()).decode().splitlines() if "lastUpdateId" not in line]
    report, recording = imported("binance-usdm-frames", [small.text(tmp_path, "g.gz", lines)])
    assert recording.kinds == ("quote", "trade")
    assert report.count("before_snapshot") == 3
    assert "book: no row kept\n  dropped          3  before_snapshot" in render_report(report)


def test_receipt_before_the_event_is_counted_and_never_orders_before_it(
    tmp_path: Path, small: ModuleType, imported: Any
) -> None:
    report, recording = imported("binance-usdm-frames", small.frames(tmp_path))
    # The second book was received at 1.2 s, but happened at 3.0 s by the venue's clock.
    assert report.count("negative_latency", kind="book") == 1
    assert report.count("negative_latency", kind="quote") == 0
    books = next(recording.batches(kinds=["book"]))
    assert books.ts_available.tolist() == [T0 + 1 * S, T0 + 3 * S]
    quotes = next(recording.batches(kinds=["quote"]))
    assert (quotes.ts_event[0], quotes.ts_available[0]) == (T0 + 2 * S, T0 + 3 * S)


def test_declared_correction_moves_the_receiving_clock(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    report, recording = imported("binance-usdm-frames", small.frames(tmp_path), receive_correction="2s")
    assert report.count("negative_latency") == 0
    assert next(recording.batches(kinds=["book"])).ts_available.tolist() == [T0 + 3 * S, T0 + int(3.2 * S)]


def test_only_opening_attempts_become_signals(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    report, recording = imported("oanda-order-signals", small.orders(tmp_path))
    batch = next(recording.batches())
    assert [json.loads(text) for text in batch.texts] == [
        {
            "id": "qr-1-macro-BBRSIshor",
            "time": time,
            "instrument": "USD_JPY",
            "strategy": "BBRSIshor",
            "side": "short",
            "size": 500.0,
            "pocket": "micro",
            "stop": 151.762,
        }
        for time in ("2025-10-22T08:54:26.246718+00:00", "2025-10-22T08:56:26+00:00")
    ]
    assert report.count("repeat_id") == 1


def test_wrong_scale_is_detected_against_the_declared_band(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    files = small.fixed(tmp_path)
    right, _ = imported("quotes-fixed128", files, price_band=(50.0, 250.0))
    wrong, recording = imported("quotes-fixed128", files, price_band=(50.0, 250.0), divide_by=10**16)
    assert right.count("outside_band") == 0
    assert wrong.count("outside_band") == 1
    assert any("wrong scale? the middle quote price is 10967.6" in hint for hint in wrong.hints)
    assert next(recording.batches()).is_unsound.all()


def test_daylight_saving_of_a_broker_clock(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    head = "Date,open,high,low,close,tick_volume"
    rows = [f"{day} 12:00:00,100000.0,100010.0,99990.0,100000.0,1" for day in ("2013-03-29", "2013-04-01")]
    _, recording = imported("mt5-h1", [small.text(tmp_path, "h1.csv", [head, *rows])], zone="Europe/Athens")
    # Athens moved from +2 to +3 on 2013-03-31: 12:00 is 10:00 UTC before, 09:00 after; stamps are closes.
    assert [ns // S % 86_400 // 3_600 for ns in next(recording.batches()).ts_event.tolist()] == [11, 10]


def _digest(recording: Recording) -> str:
    return recording.digest


def test_the_same_quotes_from_text_and_from_fixed_point_are_the_same_data(
    tmp_path: Path, small: ModuleType, imported: Any
) -> None:
    _, from_text = imported("quotes-decoded", small.decoded(tmp_path))
    digest = _digest(from_text)
    _, from_integers = imported("quotes-fixed128", small.fixed(tmp_path), price_band=(50.0, 250.0))
    assert _digest(from_integers) == digest
