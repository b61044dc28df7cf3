"""Every defect on self-made rows: counted, placed and flagged, and the rows still there."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ruleengine.recordings import DEFECTS, PRESETS, Effect, Mapping, names_of
from ruleengine.recordings.mapping import FixedPoint

HEAD = "timestamp,open,high,low,close"
BEGIN_NS = 1_600_000_000 * 10**9
GOOD = "100.0,100.2,99.8,100.1"


def bars(*rows: str) -> list[str]:
    """Lines of M1 mid candles: `HH:MM[:SS] values`, on Thursday 2026-01-08."""
    made = []
    for row in rows:
        time, _, values = row.partition(" ")
        made.append(f"2026-01-08T{time if time.count(':') == 2 else time + ':00'}Z,{values or GOOD}")
    return [HEAD, *made]


def quotes(*rows: str) -> list[str]:
    """Lines of quotes: `seconds bid,ask`."""
    return [
        "ts_event_ns,bid,ask,bid_size,ask_size",
        *(f"{BEGIN_NS + int(float(r.split()[0]) * 10**9)},{r.split()[1]},1,1" for r in rows),
    ]


# What is wrong: mapping, lines, {defect: count}, sequence of the rows' flags in the recording's order.
CASES: dict[str, tuple[str, list[str], dict[str, int], list[set[str]]]] = {
    "exact repeat, anywhere": (
        "candle-cache",
        bars("10:00", "10:01 100.1,100.3,100.0,100.2", "10:00", "10:02"),
        {"exact_repeat": 1, "disorder": 1},
        [set(), set(), set()],
    ),
    "repeat with other values": (
        "candle-cache",
        bars("10:00", "10:01", "10:01 100.1,100.3,100.0,100.2"),
        {"repeat_conflict": 2, "exact_repeat": 0},
        [set(), {"repeat_conflict"}, {"repeat_conflict"}],
    ),
    "disorder": (
        "candle-cache",
        bars("10:00", "10:02", "10:01", "10:03"),
        {"disorder": 1},
        [set(), {"disorder"}, set(), set()],
    ),
    "high below low": (
        "candle-cache",
        bars("10:00 100.0,99.0,100.5,100.1"),
        {"ohlc_inconsistent": 1},
        [{"ohlc_inconsistent"}],
    ),
    "open outside": (
        "candle-cache",
        bars("10:00 101.0,100.2,99.8,100.1"),
        {"ohlc_inconsistent": 1},
        [{"ohlc_inconsistent"}],
    ),
    "flat bar": ("candle-cache", bars("10:00 100,100,100,100"), {"flat_bar": 1}, [{"flat_bar"}]),
    "stamp with seconds": ("candle-cache", bars("10:00:07", "10:02"), {"off_grid": 1}, [{"off_grid"}, {"gap_quiet"}]),
    "last bar read while it formed": (
        "candle-cache",
        bars("10:00", "10:01:07"),
        {"last_partial": 1},
        [set(), {"off_grid", "last_partial"}],
    ),
    "zero price": ("candle-cache", bars("10:00 100,100.2,0,100.1"), {"non_positive": 1}, [{"non_positive"}]),
    "not a number": (
        "candle-cache",
        bars("10:00 nan,100.2,99.8,100.1"),
        {"non_finite": 1, "missing_value": 0},
        [{"non_finite", "jump_of_scale", "ohlc_inconsistent"}],
    ),
    "unreadable number": (
        "candle-cache",
        bars("10:00 abc,100.2,99.8,100.1"),
        {"missing_value": 1},
        [{"missing_value"}],
    ),
    "empty field": ("candle-cache", bars("10:00 ,100.2,99.8,100.1"), {"missing_value": 1}, [{"missing_value"}]),
    "number with an underscore": (
        "candle-cache",
        bars("10:00 1_00,100.2,99.8,100.1"),
        {"missing_value": 1},
        [{"missing_value"}],
    ),
    "field missing": (
        "candle-cache",
        bars("10:00 100.0,100.2,99.8"),
        {"wrong_columns": 1, "missing_value": 1},
        [{"wrong_columns", "missing_value"}],
    ),
    "field too many": ("candle-cache", bars(f"10:00 {GOOD},7"), {"wrong_columns": 1}, [{"wrong_columns"}]),
    "no readable time": ("candle-cache", [*bars("10:00"), f"yesterday,{GOOD}"], {"unreadable_time": 1}, [set()]),
    "jump to another scale": (
        "candle-cache",
        bars("10:00", "10:01 14.3,14.31,14.29,14.3", "10:02 14.3,14.32,14.29,14.3"),
        {"jump_of_scale": 1},
        [set(), {"jump_of_scale"}, set()],
    ),
    "jump within a bar": ("candle-cache", bars("10:00 100,100.2,1.0,100.1"), {"jump_of_scale": 1}, [{"jump_of_scale"}]),
    "quiet spell": (
        "candle-cache",
        bars("10:00", "10:05"),
        {"gap_quiet": 1, "gap_unexpected": 0},
        [set(), {"gap_quiet"}],
    ),
    "hole in the session": ("candle-cache", bars("10:00", "10:30"), {"gap_unexpected": 1}, [set(), {"gap_unexpected"}]),
    "crossed quote": ("quotes-decoded", quotes("0 100.02,100.01"), {"crossed": 1}, [{"crossed"}]),
    "locked quote": ("quotes-decoded", quotes("0 100.0,100.0"), {"locked": 1, "crossed": 0}, [{"locked"}]),
    "repeated quote at another time": (
        "quotes-decoded",
        quotes("0 100.0,100.1", "1 100.0,100.1"),
        {"unchanged": 1, "exact_repeat": 0},
        [set(), set()],
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_defect_is_counted_and_flagged(name: str, tmp_path: Path, small: ModuleType, imported: Any) -> None:
    mapping, lines, counts, flags = CASES[name]
    report, recording = imported(mapping, [small.text(tmp_path, "in.csv", lines)], session="always")
    assert {code: report.count(code) for code in counts} == counts
    batch = next(recording.batches())
    assert [set(names_of(row)) for row in batch.flags.tolist()] == flags
    unknown = [any(DEFECTS[code].effect is Effect.UNKNOWN for code in row) for row in flags]
    assert batch.is_unsound.tolist() == unknown


def test_places_are_lines_of_the_origin(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    lines = bars("10:00", "10:01 100,100,100,100", "10:02", "10:03 100,100,100,100")
    report, _ = imported("candle-cache", [small.text(tmp_path, "in.csv", lines)])
    found = next(defect for defect in report.defects if defect.code == "flat_bar")
    assert found.first is not None
    assert found.last is not None
    assert (found.first.file, found.first.line, found.last.line) == ("in.csv", 3, 5)


def test_blank_lines_do_not_move_places(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    lines = bars("10:00", "10:01 100,100,100,100")
    report, _ = imported("candle-cache", [small.text(tmp_path, "in.csv", [lines[0], "", lines[1], "", lines[2]])])
    found = next(defect for defect in report.defects if defect.code == "flat_bar")
    assert found.first is not None
    assert found.first.line == 5


def test_line_ends_of_both_kinds_in_one_file(tmp_path: Path, imported: Any) -> None:
    lines = bars("10:00", "10:01 100,100,100,100", "10:02")
    path = tmp_path / "mixed.csv"
    path.write_bytes(f"{lines[0]}\r\n{lines[1]}\n{lines[2]}\r\n{lines[3]}".encode())
    report, recording = imported("candle-cache", [path])
    assert recording.rows == 3
    assert report.count("wrong_columns") == 0
    found = next(defect for defect in report.defects if defect.code == "flat_bar")
    assert found.first is not None
    assert found.first.line == 3


def test_quoted_fields_and_byte_order_mark(tmp_path: Path, imported: Any) -> None:
    path = tmp_path / "quoted.csv"
    path.write_bytes(
        b"\xef\xbb\xbf" + b'"timestamp","open","high","low","close"\n"2026-01-08T10:00:00Z","1","2","0.9","1.5"\n'
    )
    _, recording = imported("candle-cache", [path], jump_factor=10.0)
    assert [float(column[0]) for column in next(recording.batches()).values[:4]] == [1.0, 2.0, 0.9, 1.5]


def test_weekend_is_a_session_gap(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    # Friday 21:59 UTC is 16:59 New York in January; the market opens on Sunday at 22:00 UTC.
    lines = [HEAD, f"2026-01-09T21:59:00Z,{GOOD}", f"2026-01-11T22:00:00Z,{GOOD}"]
    report, _ = imported("candle-cache", [small.text(tmp_path, "in.csv", lines)])
    assert (report.count("gap_session"), report.count("gap_unexpected"), report.count("gap_quiet")) == (1, 0, 0)


def test_weekend_with_a_missing_hour_is_unexpected(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    lines = [HEAD, f"2026-01-09T20:59:00Z,{GOOD}", f"2026-01-11T22:00:00Z,{GOOD}"]
    report, _ = imported("candle-cache", [small.text(tmp_path, "in.csv", lines)])
    assert (report.count("gap_session"), report.count("gap_unexpected")) == (0, 1)


def test_rows_while_the_market_is_closed(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    report, _ = imported("candle-cache", [small.text(tmp_path, "in.csv", [HEAD, f"2026-01-10T12:00:00Z,{GOOD}"])])
    assert report.count("off_session") == 1


def test_price_band(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    files = [small.text(tmp_path, "in.csv", bars("10:00", "10:01 100,104.2,99.8,100.1"))]
    report, _ = imported("candle-cache", files, price_band=(99.0, 104.0))
    assert report.count("outside_band") == 1


def test_crossed_minutes_name_the_price_that_crosses(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    stamp = "2013-02-01 00:00:00+00:00"
    bid = small.text(tmp_path, "bid.csv", [HEAD, f"{stamp},91.70,91.72,91.69,91.71"])
    ask = small.text(tmp_path, "ask.csv", [HEAD, f"{stamp},91.71,91.73,91.70,91.70"])
    report, _ = imported("fxcm-m1-bid-ask", [bid, ask])
    assert {d.aspect for d in report.defects if d.code == "crossed"} == {"close"}


def test_stamp_of_one_side_only_is_kept_and_flagged(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    stamp = "2013-02-01 00:00:00+00:00"
    bid = small.text(tmp_path, "bid.csv", [HEAD, f"{stamp},{GOOD}", f"2013-02-01 00:01:00+00:00,{GOOD}"])
    ask = small.text(tmp_path, "ask.csv", [HEAD, f"{stamp},{GOOD}"])
    report, recording = imported("fxcm-m1-bid-ask", [bid, ask])
    assert report.count("missing_value") == 1
    assert next(recording.batches()).is_unsound.tolist() == [False, True]


def test_repeated_side_does_not_multiply_rows(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    stamp = "2013-02-01 00:00:00+00:00"
    bid = small.text(tmp_path, "bid.csv", [HEAD, f"{stamp},{GOOD}", f"{stamp},{GOOD}"])
    ask = small.text(tmp_path, "ask.csv", [HEAD, f"{stamp},{GOOD}"])
    report, recording = imported("fxcm-m1-bid-ask", [bid, ask])
    assert (recording.rows, report.count("exact_repeat")) == (1, 1)


def test_last_bar_without_trades_was_still_forming(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    head = "timestamp,open,high,low,close,volume"
    lines = [head, "2025-05-01 00:00:00,1,1,1,1,0", "2025-05-01 01:00:00,1,1,1,1,0"]
    report, _ = imported("okx-swap-1h", [small.text(tmp_path, "in.csv", lines)])
    assert report.count("last_partial") == 1


def test_row_without_instrument_is_counted_and_left_out(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    lines = ["log_time_local,symbol,last_price", "2025-11-24 17:00:00,,1.5", "2025-11-24 17:00:01,A,1.5"]
    report, recording = imported("okx-bot-ticker", [small.text(tmp_path, "t.csv", lines)], zone="UTC")
    assert (recording.rows, report.count("no_instrument")) == (1, 1)


def test_zero_volume(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    head = "timestamp,open,high,low,close,volume"
    files = [small.text(tmp_path, "in.csv", [head, "2025-05-01 00:00:00,1,1.2,0.9,1,0"])]
    report, _ = imported("okx-swap-1h", files)
    assert report.count("zero_volume") == 1


def test_accumulated_volume_that_decreases(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    row = {"price": 100.0, "high": 101.0, "low": 99.0, "exec_vol": 1.0}
    minutes = {
        f"0912090{n}": {"005930": {**row, "time": f"2025-09-12T09:0{n}:30", "acc_vol": volume}}
        for n, volume in enumerate((500.0, 400.0, 450.0))
    }
    path = tmp_path / "k.json"
    path.write_text(json.dumps(minutes))
    report, recording = imported("kis-minute-snapshots", [path])
    assert report.count("volume_decrease") == 1
    volumes = next(recording.batches()).column("minute_volume").tolist()
    assert [volume == volume for volume in volumes] == [False, False, True]
    assert volumes[2] == 50.0


def test_volume_of_a_days_first_snapshot_is_unknown_on_every_day(tmp_path: Path, imported: Any) -> None:
    row = {"price": 100.0, "high": 101.0, "low": 99.0, "exec_vol": 1.0}
    days = {"0912": "2025-09-12", "0915": "2025-09-15"}
    minutes = {
        f"{key}090{n}": {"005930": {**row, "time": f"{day}T09:0{n}:30", "acc_vol": 1_000.0 + n}}
        for key, day in days.items()
        for n in range(2)
    }
    path = tmp_path / "k.json"
    path.write_text(json.dumps(minutes))
    report, recording = imported("kis-minute-snapshots", [path])
    volumes = [value for batch in recording.batches() for value in batch.column("minute_volume").tolist()]
    assert [volume == volume for volume in volumes] == [False, True, False, True]
    # The second day begins lower than the first ended; that is no decrease.
    assert (report.count("volume_unknown"), report.count("volume_decrease")) == (2, 0)


def test_local_time_that_occurs_twice_or_never(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    # Athens: 03:00–04:00 never was on 2013-03-31, and was twice on 2013-10-27.
    head = "Date,open,high,low,close,tick_volume"
    values = "100000.0,100010.0,99990.0,100005.0,1"
    stamps = ("2013-03-31 02:00:00", "2013-03-31 03:00:00", "2013-10-27 03:00:00", "2013-10-27 04:00:00")
    files = [small.text(tmp_path, "h1.csv", [head, *(f"{stamp},{values}" for stamp in stamps)])]
    report, recording = imported("mt5-h1", files, zone="Europe/Athens", session="always")
    assert report.count("zone_gap_or_fold") == 2
    assert next(recording.batches()).is_unsound.tolist() == [False, True, True, False]


def test_missing_depth_update_breaks_the_book(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    lines = [
        f"{BEGIN_NS + 10**9} {small.snapshot(10)}",
        f"{BEGIN_NS + 1_100_000_000} {small.depth(11, 12, 10, [], [], ms=1_050)}",
        f"{BEGIN_NS + 1_200_000_000} {small.depth(14, 15, 13, [], [], ms=1_100)}",
        "not a frame",
        f"{BEGIN_NS + 1_300_000_000} [1, 2]",
        f'{BEGIN_NS + 1_300_000_000} {{"data": 5}}',
    ]
    report, recording = imported("binance-usdm-frames", [small.text(tmp_path, "f.gz", lines)])
    assert report.count("book_gap") == 1
    assert report.count("unreadable_frame") == 3
    assert (report.table("book").rows_read, report.table("book").rows_kept) == (6, 3)
    assert next(recording.batches()).is_unsound.tolist() == [False, False, True]


def test_frozen_price(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    head = "log_time_local,symbol,last_price"
    moving = [f"2025-11-24 17:00:{n:02d}.000,ETH-USDT,{2800 + n}" for n in range(10)]
    frozen = [f"2025-11-24 17:{1 + n // 12:02d}:{n % 12 * 5:02d}.000,ETH-USDT,2885.66" for n in range(30)]
    report, _ = imported("okx-bot-ticker", [small.text(tmp_path, "t.csv", [head, *moving, *frozen])], zone="UTC")
    assert report.count("frozen") == 30


def test_trades_without_a_number_are_never_taken_for_repeats(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    line = "2025-11-24 17:00:00.000,ETH-USDT,2885.66"
    files = [small.text(tmp_path, "t.csv", ["log_time_local,symbol,last_price", line, line])]
    report, recording = imported("okx-bot-ticker", files, zone="UTC")
    assert (recording.rows, report.count("exact_repeat")) == (2, 0)


def test_stamps_that_went_through_a_float(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    stamps = [int(float(1546383600071000123 + n * 110_000_000)) for n in range(5)]
    lines = [
        "ts_event_ns,bid,ask,bid_size,ask_size",
        *(f"{stamp},100.0,100.{n},1,1" for n, stamp in enumerate(stamps, 1)),
    ]
    report, _ = imported("quotes-decoded", [small.text(tmp_path, "q.csv", lines)])
    assert any("went through a float" in hint for hint in report.hints)


def test_coarse_prices_and_constant_columns(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    lines = [
        "ts_event_ns,bid,ask,bid_size,ask_size",
        "1546383600071000064,2.07,2.08,5,1",
        "1546383600080999936,2.08,2.09,5,2",
    ]
    report, _ = imported("quotes-decoded", [small.text(tmp_path, "q.csv", lines)])
    assert any("prices have 2 decimals" in hint for hint in report.hints)
    assert {c.name: c.constant for c in report.table("quote").columns}["bid_size"] == 5.0


def test_negative_fixed_point_integers_keep_their_sign(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    files = [small.fixed128(tmp_path, "q.parquet", [(-5 * 10**17, 10**18, 1, 1, 1546383600071000064)])]
    report, recording = imported("quotes-fixed128", files, price_band=(0.1, 10.0))
    assert next(recording.batches()).column("bid").tolist() == [-0.5]
    assert report.count("non_positive") == 1


def test_session_day_that_is_cut_off(tmp_path: Path, small: ModuleType, imported: Any) -> None:
    rows = [
        f"2026-01-{day:02d}T{hour:02d}:00:00Z,{GOOD}"
        for day, hours in ((5, 24), (6, 24), (7, 24), (8, 24), (9, 3))
        for hour in range(hours)
    ]
    report, _ = imported(
        "candle-cache", [small.text(tmp_path, "h.csv", [HEAD, *rows])], interval="1h", session="always"
    )
    # Days of this mapping begin at 17:00 New York only for the grid; dates are those of its zone.
    assert [day.minutes for day in report.table("bar").partial_days] != []


def test_unsound_bits_and_notes_do_not_overlap() -> None:
    bits = [defect.bit for defect in DEFECTS.values() if defect.bit is not None]
    assert len(bits) == len(set(bits))
    assert all(
        defect.bit is not None and defect.bit < 16 for defect in DEFECTS.values() if defect.effect is Effect.UNKNOWN
    )


def test_every_defect_is_provoked_somewhere_here() -> None:
    source = Path(__file__).read_text() + Path(__file__).with_name("test_presets.py").read_text()
    assert [code for code in DEFECTS if f'"{code}"' not in source] == []


def test_mapping_fixed_point_scale_is_a_power_of_ten() -> None:
    fixed = PRESETS["quotes-fixed128"].fixed_point
    assert isinstance(fixed, FixedPoint)
    assert fixed.divide_by == 10**18
    assert isinstance(PRESETS["quotes-fixed128"], Mapping)
