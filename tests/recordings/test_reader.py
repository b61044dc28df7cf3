"""Reading: total order, lazily, the same rows however they are cut; and what events come of them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import pytest

from ruleengine.model.event import BarEvent, Book, Quote, Signal, TradePrint
from ruleengine.model.side import Side
from ruleengine.recordings import (
    KIND_NAMES,
    PRESETS,
    EngineLimits,
    Mapping,
    Overrides,
    Recording,
    RecordingProblem,
    decimal_of,
    events_of,
    import_recording,
    open_recording,
)
from ruleengine.recordings.manifest import read_manifest
from ruleengine.recordings.windows import StoredPartition, windows

S = 1_000_000_000
DAY = 86_400 * S
START = 1_700_000_000 * S


def _quotes(folder: Path, name: str, times: list[int]) -> Path:
    lines = [f"{ts},100.0,100.{n % 10},1,1" for n, ts in enumerate(times, 1)]
    path = folder / name
    path.write_text("\n".join(["ts_event_ns,bid,ask,bid_size,ask_size", *lines]) + "\n")
    return path


def _imported(folder: Path, name: str, times: list[int], instrument: str, venue: str = "test") -> Path:
    out = folder / f"recording-{name}"
    import_recording("quotes-decoded", [_quotes(folder, f"{name}.csv", times)], out, instrument=instrument, venue=venue)
    return out


def _keys(recording: Recording, **selection: Any) -> list[tuple[Any, ...]]:
    found = []
    for batch in recording.batches(**selection):
        found += list(batch.rows("ts_available", "kind_code", "instrument_code", "seq"))
    return found


@pytest.fixture
def two(tmp_path: Path, small: ModuleType) -> Recording:
    """Two instruments' quotes over three days, some at the same instants, and signals of one of them in between."""
    first = _imported(tmp_path, "b", [START + n * 1_000 * S for n in range(200)], "BBB")
    second = _imported(tmp_path, "a", [START + n * 1_500 * S for n in range(130)], "AAA")
    third = tmp_path / "signals"
    line = {
        "ts": "2023-11-14T22:30:00+00:00",
        "instrument": "BBB",
        "side": "buy",
        "units": 5,
        "client_order_id": "x-Tag",
        "pocket": "micro",
        "sl_price": None,
        "tp_price": 101.5,
        "status": "submit_attempt",
        "request_json": {"order": {"positionFill": "OPEN_ONLY"}},
    }
    log = small.text(tmp_path, "o.jsonl", [json.dumps(line)])
    import_recording("oanda-order-signals", [log], third)
    return open_recording([first, second, third])


def test_total_order_over_instruments_kinds_and_days(two: Recording) -> None:
    keys = _keys(two)
    assert len(keys) == 331
    assert keys == sorted(keys)
    assert len({key[0] // DAY for key in keys}) > 1
    # The signals are another venue's, but of the same instrument.
    assert two.instruments == ("AAA", "BBB")


def test_at_one_instant_the_kind_decides_then_the_instrument(two: Recording) -> None:
    shared = [key for key in _keys(two) if key[0] == START]
    assert [(KIND_NAMES[key[1]], key[2]) for key in shared] == [("quote", 0), ("quote", 1)]


def test_prices_of_two_venues_are_not_mixed(tmp_path: Path) -> None:
    folders = [_imported(tmp_path, venue, [START], "AAA", venue) for venue in ("one", "two")]
    recording = open_recording(folders)
    assert recording.instruments == ("one:AAA", "two:AAA")
    assert [key[2] for key in _keys(recording)] == [0, 1]
    assert len(_keys(recording, instruments=["two:AAA"])) == 1


def test_two_parts_of_one_series_follow_each_other(tmp_path: Path) -> None:
    folders = [_imported(tmp_path, name, [start, start + S], "AAA") for name, start in (("m", START), ("n", START + S))]
    keys = _keys(open_recording(folders))
    # The instant that both have comes twice, the first folder's row first.
    assert [key[0] - START for key in keys] == [0, S, S, 2 * S]
    assert [key[3] for key in keys] == [0, 1, 0, 1]


@pytest.mark.parametrize(("window_rows", "batch_rows"), [(1, 7), (10, 3), (100, 1_000), (10**6, 10**6)])
def test_rows_do_not_depend_on_how_they_are_cut(two: Recording, window_rows: int, batch_rows: int) -> None:
    assert _keys(two, window_rows=window_rows, batch_rows=batch_rows) == _keys(two)


def test_selection_by_time_kind_and_instrument(two: Recording) -> None:
    keys = _keys(two)
    middle, late = START + 50_000 * S, START + 120_000 * S
    assert _keys(two, from_ns=middle, to_ns=late) == [key for key in keys if middle <= key[0] < late]
    assert _keys(two, kinds=["signal"]) == [key for key in keys if KIND_NAMES[key[1]] == "signal"]
    assert _keys(two, instruments=["AAA"]) == [key for key in keys if key[2] == 0]
    assert _keys(two, from_ns=late * 2) == []


def test_a_heavy_day_is_read_in_parts(tmp_path: Path) -> None:
    folder = _imported(tmp_path, "q", [START + n * S for n in range(2_000)], "AAA")
    recording = open_recording(folder)
    part = StoredPartition(folder, 0, recording.partitions[0].partition)

    def histogram(_: list[StoredPartition], first: int, stop: int) -> list[tuple[int, int]]:
        minutes = sorted({(START + n * S) // (60 * S) * 60 * S for n in range(2_000)})
        return [(minute, 60) for minute in minutes]

    cut = list(windows([part], START, START + DAY, 300, histogram))
    assert len(cut) == 7
    assert all(one.stop_ns == next_.first_ns for one, next_ in pairwise(cut))
    # Read for real, no window is larger than asked, and together they are everything.
    sizes = [len(batch) for batch in recording.batches(window_rows=300, batch_rows=10**6)]
    assert max(sizes) <= 300
    assert sum(sizes) == 2_000


def test_nothing_but_manifests_is_read_on_opening(tmp_path: Path) -> None:
    folder = _imported(tmp_path, "q", [START], "AAA")
    file = next(folder.rglob("*.parquet"))
    file.write_bytes(b"not parquet")
    recording = open_recording(folder)
    assert (recording.rows, recording.kinds, recording.first_ns) == (1, ("quote",), START)
    with pytest.raises(RecordingProblem, match="RE408"):
        next(recording.batches())


def test_verify_finds_a_changed_value_and_a_missing_file(tmp_path: Path) -> None:
    folder = _imported(tmp_path, "q", [START, START + S], "AAA")
    open_recording(folder).verify()
    file = next(folder.rglob("*.parquet"))
    with duckdb.connect() as connection:
        changed = f"(SELECT * REPLACE (bid + 0.001 AS bid) FROM '{file}')"
        connection.execute(f"CREATE TABLE t AS {changed}")
        connection.execute(f"COPY t TO '{file}' (FORMAT parquet)")
    with pytest.raises(RecordingProblem, match="RE408"):
        open_recording(folder).verify()
    file.unlink()
    with pytest.raises(RecordingProblem, match="RE408"):
        open_recording(folder)


def test_digest_does_not_depend_on_parquet_encoding(tmp_path: Path) -> None:
    folder = _imported(tmp_path, "q", [START + n * S for n in range(100)], "AAA")
    file = next(folder.rglob("*.parquet"))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t AS SELECT * FROM '{file}' ORDER BY seq DESC")
        connection.execute(f"COPY t TO '{file}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 2048)")
    recording = open_recording(folder)
    recording.verify()
    # Rows are also still handed out in order, whatever their order in the file.
    keys = _keys(recording)
    assert keys == sorted(keys)


def test_digest_is_stable_over_imports_and_differs_with_the_data(tmp_path: Path) -> None:
    times = [START, START + S]
    digests = [
        open_recording(_imported(tmp_path, name, given, "AAA")).digest
        for name, given in (("one", times), ("two", times), ("three", [START, START + 2 * S]))
    ]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_manifest_says_where_the_rows_came_from(tmp_path: Path) -> None:
    import hashlib

    folder = _imported(tmp_path, "q", [START, START + S], "AAA")
    written = json.loads((folder / "manifest.json").read_text())
    origin = written["report"]["origins"][0]
    assert origin["sha256"] == hashlib.sha256((tmp_path / "q.csv").read_bytes()).hexdigest()
    assert (written["rows"], written["instruments"], written["kinds"]) == (2, ["AAA"], ["quote"])
    assert Mapping.model_validate(written["mapping"]).name == "quotes-decoded"
    assert read_manifest(folder).digest == written["digest"]
    assert not any(str(tmp_path) in text for text in (folder / "manifest.json").read_text().splitlines())


def test_partition_folders_are_by_date_of_availability(tmp_path: Path) -> None:
    folder = _imported(tmp_path, "q", [START, START + DAY], "AAA")
    found = sorted(path.parent.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
    assert found == [f"venue=test/instrument=AAA/kind=quote/date=2023-11-{day}" for day in (14, 15)]


def test_prices_come_back_as_the_decimals_that_were_written(tmp_path: Path, imported: Any, small: ModuleType) -> None:
    prices = ["0.1", "109.676", "0.00001234", "123456.789012", "94125.200000", "81.121"]
    lines = [f"{START + n * S},{price},{price},1,1" for n, price in enumerate(prices)]
    files = [small.text(tmp_path, "q.csv", ["ts_event_ns,bid,ask,bid_size,ask_size", *lines])]
    _, recording = imported("quotes-decoded", files)
    bids = next(recording.batches()).column("bid").tolist()
    assert [decimal_of(bid) for bid in bids] == [decimal_of(float(price)) for price in prices]
    assert [f"{decimal_of(bid):f}" for bid in bids] == [
        "0.1",
        "109.676",
        "0.00001234",
        "123456.789012",
        "94125.2",
        "81.121",
    ]


def test_runs_are_stretches_of_one_kind_and_instrument(two: Recording) -> None:
    batch = next(two.batches(batch_rows=50))
    runs = list(batch.runs())
    assert runs[0][0] == 0
    assert runs[-1][1] == 50
    assert all(one[1] == following[0] for one, following in pairwise(runs))
    for start, stop, kind, instrument in runs:
        assert {KIND_NAMES[code] for code in batch.kind_code[start:stop]} == {kind}
        assert {batch.instruments[code] for code in batch.instrument_code[start:stop]} == {instrument}


def test_columns_by_name_need_one_kind(two: Recording) -> None:
    batch = next(two.batches(kinds=["quote"]))
    assert batch.column("ask").dtype == np.float64
    mixed = next(two.batches())
    with pytest.raises(KeyError):
        mixed.column("ask")


def test_events_of_every_kind(tmp_path: Path, imported: Any, small: ModuleType) -> None:
    t0 = small.BEGIN_S * S
    _, frames = imported("binance-usdm-frames", small.frames(tmp_path))
    made = [event for batch in frames.batches() for event in events_of(batch)]
    assert [type(event) for event in made] == [Book, Book, Quote, TradePrint]
    assert made[0] == Book(
        t0 + 1 * S, t0 + 1 * S, "BTCUSDT", ((100.0, 1.0), (99.5, 9.0), (99.0, 2.0)), ((101.0, 3.0), (102.0, 4.0))
    )
    assert made[2] == Quote(t0 + 3 * S, t0 + 2 * S, "BTCUSDT", 100.0, 101.0, 1.0, 3.0)
    assert made[3] == TradePrint(t0 + int(3.5 * S), t0 + int(2.5 * S), "BTCUSDT", 101.0, 0.5, "buy")
    _, minutes = imported("fxcm-m1-bid-ask", small.fxcm(tmp_path))
    bar = next(events_of(next(minutes.batches())))
    assert isinstance(bar, BarEvent)
    assert (bar.price, bar.close, bar.ask_ohlc) == ("bid", 91.653, (91.717, 91.717, 91.655, 91.655))
    _, orders = imported("oanda-order-signals", small.orders(tmp_path))
    signal = next(events_of(next(orders.batches())))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.size, signal.stop, signal.confidence) == (Side.SHORT, 500.0, 151.762, None)


def test_events_carry_defects_but_not_notes(tmp_path: Path, imported: Any, small: ModuleType) -> None:
    lines = ["ts_event_ns,bid,ask,bid_size,ask_size", f"{START},100.0,100.0,1,1", f"{START + S},100.1,100.0,1,1"]
    _, recording = imported("quotes-decoded", [small.text(tmp_path, "q.csv", lines)])
    locked, crossed = events_of(next(recording.batches()))
    assert isinstance(locked, Quote)
    assert isinstance(crossed, Quote)
    assert locked.flags == 0
    assert crossed.flags != 0


def test_reading_touches_no_file_outside_of_the_recording(tmp_path: Path) -> None:
    from ruleengine.recordings.engine import connect

    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    for folder in (inside, outside):
        (folder / "x.csv").write_text("a\n1\n")
    with connect([inside], EngineLimits()) as connection:
        assert connection.execute(f"SELECT * FROM '{inside / 'x.csv'}'").fetchall() == [(1,)]
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"SELECT * FROM '{outside / 'x.csv'}'")
        for statement in ("SET threads = 4", "SET enable_external_access = true", "INSTALL httpfs", "LOAD httpfs"):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)


def test_limits_reach_the_database(tmp_path: Path) -> None:
    from ruleengine.recordings.engine import connect

    with connect([tmp_path], EngineLimits(memory_mib=256, threads=1)) as connection:
        found = connection.execute("SELECT current_setting('threads'), current_setting('memory_limit')").fetchone()
    assert found == (1, "256.0 MiB")


def test_overrides_fill_a_zone_only_where_none_is_declared() -> None:
    from ruleengine.recordings.declared import with_overrides

    declared = Overrides(zone="Asia/Seoul")
    assert with_overrides(PRESETS["mt5-h1"], declared).tables[0].time.zone == "Asia/Seoul"
    assert with_overrides(PRESETS["okx-swap-1h"], declared).tables[0].time.zone == "UTC"
