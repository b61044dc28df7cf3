"""Recordings made as the market comes: every event back as it was and in its order, whatever interrupts the writing."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ruleengine.model.event import (
    AccountRead,
    BarEvent,
    Book,
    Event,
    Funding,
    Quote,
    Reference,
    Signal,
    Timer,
    TradePrint,
)
from ruleengine.model.side import Side
from ruleengine.recordings import (
    Live,
    Origin,
    Recorder,
    RecordingProblem,
    finish_recording,
    import_recording,
    is_unfinished,
    open_recording,
    render_report,
)

S = 1_000_000_000
DAY = 86_400 * S
T = 1_767_744_000 * S
"""2026-01-07 00:00:00 UTC."""
ORIGIN = Origin("test", Live(T))


def quote(ts: int, name: str = "AAA", bid: float = 1.5, **more: Any) -> Quote:
    return Quote(ts, ts, name, bid, bid + 0.25, **more)


def of_every_kind(ts: int) -> list[Event]:
    """All at one instant, in an order that neither kinds nor names have by themselves."""
    return [
        Signal(ts, ts - 9, "s-1", "BBB", "tag-ü", Side.SHORT, 1000.0, 80.0, "p", "up", 3.0, 1.25, 2.5),
        Signal(ts, ts - 9, "s-2", "AAA", "tag", Side.LONG),
        Reference(ts, ts - 1, "BBB", 1.375, "index"),
        Reference(ts, ts - 1, "AAA", 1.5, ""),
        Funding(ts, ts + 3600 * S, "BBB", 0.0001),
        TradePrint(ts, ts - 5, "BBB", 1.5, 7.0, "sell", 0, 1.75, 1.25, 1e6),
        TradePrint(ts, ts - 5, "BBB", 1.5, 7.0, None),
        quote(ts, "BBB", flags=4),
        quote(ts, "AAA", bid_size=3.0, ask_size=2.0),
        Book(ts, ts, "BBB", tuple((1.5 - n / 8, 1.0 + n) for n in range(12)), ((2.0, 5.0),)),
        Book(ts, ts, "AAA", (), ((2.0, 5.0),)),
        BarEvent(ts, ts - 1, "BBB", 60 * S, "bid", 1.5, 2.0, 1.0, 1.75, 9.0, (1.75, 2.25, 1.25, 2.0), 1),
        BarEvent(ts, ts - 1, "AAA", 300 * S, "last", 1.5, 2.0, 1.0, 1.75, None),
        quote(ts, "BBB"),
    ]


def recorded(folder: Path, events: Iterable[Event], **more: Any) -> Path:
    recorder = Recorder(folder, ORIGIN, **more)
    for event in events:
        recorder.take(event)
    recorder.finish()
    return folder


def test_every_event_comes_back_as_it_was_and_in_its_order(tmp_path: Path) -> None:
    events = [*of_every_kind(T), *of_every_kind(T), *of_every_kind(T + S)]
    recording = open_recording(recorded(tmp_path / "rec", deepcopy(events)))
    recording.verify()
    assert list(recording.events()) == events
    assert recording.live == Live(T)


def test_what_is_read_at_once_does_not_change_the_order(tmp_path: Path) -> None:
    events = [each for n in range(6) for each in of_every_kind(T + n * 40 * S)]
    folder = recorded(tmp_path / "rec", deepcopy(events), segment_bytes=1_000)
    recording = open_recording(folder)
    assert len(list(folder.rglob("*.parquet"))) > 20, "several files in a folder"
    for window, batch in ((1, 3), (50, 7), (10**6, 10**6)):
        found = [
            (ts, seq)
            for each in recording.batches(window_rows=window, batch_rows=batch)
            for ts, seq in each.rows("ts_available", "seq")
        ]
        assert found == [(event.ts, seq) for seq, event in enumerate(events)]


def test_availability_never_goes_back(tmp_path: Path) -> None:
    """As the live loop has it: an event is available when it is taken."""
    recording = open_recording(recorded(tmp_path / "rec", [quote(T + 5), quote(T + 3, "BBB"), quote(T + 6)]))
    assert [(each.ts, each.ts_event) for each in recording.events()] == [(T + 5, T + 5), (T + 5, T + 3), (T + 6, T + 6)]


def test_what_happens_at_the_account_is_none_of_it(tmp_path: Path) -> None:
    events: list[Event] = [quote(T), Timer(T + 1), AccountRead(T + 2, T + 2, None, None), quote(T + 3)]
    assert open_recording(recorded(tmp_path / "rec", events)).rows == 2


def test_days_and_sizes_roll_and_stay_one_folder(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", ORIGIN, segment_bytes=400)
    events = [quote(T + n * DAY // 4, bid=1.0 + n / 64) for n in range(40)]
    stored = 0
    for event in deepcopy(events):
        recorder.take(event)
        stored += recorder.store_sealed()
    assert stored >= 9, "at least one segment a day, for four quotes are more than a segment takes"
    recorder.finish()
    recording = open_recording(tmp_path / "rec")
    assert [each.partition.date for each in recording.partitions] == [f"2026-01-{7 + n:02}" for n in range(10)]
    assert list(recording.events()) == events


def test_an_imported_recording_stands_beside_one_that_came_live(tmp_path: Path) -> None:
    """At one instant what came live goes first; the imported rows keep their own order."""
    source = tmp_path / "q.csv"
    rows = [f"{T},1,2,,", f"{T + S},1,2,,"]
    source.write_text("\n".join(["ts_event_ns,bid,ask,bid_size,ask_size", *rows]) + "\n")
    import_recording("quotes-decoded", [source], tmp_path / "imported", instrument="CCC", venue="other")
    live = recorded(tmp_path / "rec", [Signal(T, T, "s", "AAA", "x", Side.LONG), quote(T, "ZZZ")])
    found = list(open_recording([tmp_path / "imported", live]).events())
    assert [(each.ts - T, each.instrument) for each in found] == [(0, "AAA"), (0, "ZZZ"), (0, "CCC"), (S, "CCC")]


def test_the_past_of_a_later_recording_is_no_event_of_the_first(tmp_path: Path) -> None:
    """Two days, each with a bar that was fetched before it began: the second's lies in the first's time."""
    for name, begin in (("one", T), ("two", T + DAY)):
        recorder = Recorder(tmp_path / name, Origin("test", Live(begin)))
        recorder.take(BarEvent(begin - DAY // 2, begin - DAY // 2, "AAA", 60 * S, "last", 1.5, 2.0, 1.0, 1.75))
        recorder.take(quote(begin + S))
        recorder.finish()
    for folders in (["one", "two"], ["two", "one"]):
        recording = open_recording([tmp_path / name for name in folders])
        assert recording.live == Live(T)
        found = [(each.kind, each.ts - T) for each in recording.events()]
        assert found == [("bar", -DAY // 2), ("quote", S), ("quote", DAY + S)]


# --- interruptions --------------------------------------------------------------------------------------------------


def test_nothing_half_written_looks_whole(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", ORIGIN, segment_bytes=100)
    for n in range(9):
        recorder.take(quote(T + n))
    recorder.store_sealed()
    with pytest.raises(RecordingProblem, match="RE418"):
        open_recording(tmp_path / "rec")
    recorder.close()
    assert is_unfinished(tmp_path / "rec")


def test_an_interrupted_recording_is_finished_from_its_spool(tmp_path: Path) -> None:
    """As after a kill: the process is gone, what was synced is there, the last line is torn."""
    folder = tmp_path / "rec"
    events = [each for n in range(4) for each in of_every_kind(T + n)]
    recorder = Recorder(folder, ORIGIN, segment_bytes=2_000)
    for event in deepcopy(events):
        recorder.take(event)
    recorder.sync()
    os.close(recorder._lock)  # a killed process leaves the lock to the system
    last = max((folder / "spool").glob("*.lines"))
    with last.open("ab") as file:
        file.write(b"0badc0de [56,17677440")
    finish_recording(folder)
    recording = open_recording(folder)
    recording.verify()
    assert list(recording.events()) == events
    assert not (folder / "spool").exists()


def test_it_is_finished_whenever_the_finishing_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up at the first, second, … file that is to be put in its place."""
    events = [each for n in range(3) for each in of_every_kind(T + n)]
    whole = open_recording(recorded(tmp_path / "whole", deepcopy(events), segment_bytes=1_500))
    for allowed in (0, 1, 11, 20):
        folder = tmp_path / f"rec{allowed}"
        recorder = Recorder(folder, ORIGIN, segment_bytes=1_500)
        for event in deepcopy(events):
            recorder.take(event)
        left = allowed
        replace = Path.replace

        def failing(self: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return replace(self, target)  # noqa: B023

        with monkeypatch.context() as full:
            full.setattr(Path, "replace", failing)
            with pytest.raises(OSError, match="No space left"):
                recorder.finish()
        assert is_unfinished(folder)
        with pytest.raises(RecordingProblem, match="RE418"):
            open_recording(folder)
        finish_recording(folder)
        assert open_recording(folder).digest == whole.digest
        assert list(open_recording(folder).events()) == events


def test_a_full_disk_is_told_and_what_was_taken_before_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path / "rec", ORIGIN)
    recorder.take(quote(T))
    recorder.sync()
    recorder.take(quote(T + 1))
    write = os.write

    def half(handle: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data[: len(data) // 2])

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space left"):
            recorder.sync()
    recorder.close()
    finish_recording(tmp_path / "rec")
    assert [each.ts for each in open_recording(tmp_path / "rec").events()] == [T]


def test_what_the_database_can_not_write_is_told_as_a_disks_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise duckdb.IOException("could not write: No space left on device\nsecond line")

    recorder = Recorder(tmp_path / "rec", ORIGIN)
    recorder.take(quote(T))
    with monkeypatch.context() as full:
        full.setattr("ruleengine.recordings.store._write", failing)
        with pytest.raises(OSError, match="could not write: No space left on device") as told:
            recorder.finish()
    assert "second" not in str(told.value)
    finish_recording(tmp_path / "rec")
    assert open_recording(tmp_path / "rec").rows == 1


def test_an_interrupted_recording_is_gone_on_with(tmp_path: Path) -> None:
    first = Recorder(tmp_path / "rec", ORIGIN)
    first.take(quote(T))
    first.close()
    second = Recorder(tmp_path / "rec", Origin("test", Live(T + 50)))
    assert (second.is_resumed, second.rows, second.last_ns) == (True, 1, T)
    assert second.origin.live == Live(T), "it began when it began"
    second.take(quote(T + 100))
    second.finish()
    assert [each.ts for each in open_recording(tmp_path / "rec").events()] == [T, T + 100]


def test_a_damaged_line_is_left_out_and_told(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", ORIGIN)
    for n in range(3):
        recorder.take(quote(T + n))
    recorder.close()
    (segment,) = (tmp_path / "rec" / "spool").glob("*.lines")
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"1.75", b"1.76")
    segment.write_bytes(b"".join(lines))
    report = finish_recording(tmp_path / "rec")
    assert [each.ts for each in open_recording(tmp_path / "rec").events()] == [T, T + 2]
    assert "1 rows are lost: their lines in the spool were damaged" in report.hints


# --- refusals -------------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    recorded(tmp_path / "rec", [quote(T)])
    with pytest.raises(RecordingProblem, match="RE406"):
        Recorder(tmp_path / "rec", ORIGIN)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("x")
    with pytest.raises(RecordingProblem, match="RE406"):
        Recorder(tmp_path / "notes", ORIGIN)
    with pytest.raises(RecordingProblem, match="RE407"):
        finish_recording(tmp_path / "rec")


def test_two_never_record_into_one_folder_nor_two_venues(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", ORIGIN)
    recorder.take(quote(T))
    for use in (lambda: Recorder(tmp_path / "rec", ORIGIN), lambda: finish_recording(tmp_path / "rec")):
        with pytest.raises(RecordingProblem, match=r"RE419.*another process"):
            use()
    recorder.close()
    with pytest.raises(RecordingProblem, match=r"RE419.*venue `test`, not `other`"):
        Recorder(tmp_path / "rec", Origin("other", Live(T)))


def test_a_recording_without_a_row_is_none(tmp_path: Path) -> None:
    with pytest.raises(RecordingProblem, match="RE411"):
        recorded(tmp_path / "rec", [])


def test_a_name_that_no_folder_can_have_is_left_out_and_told(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", ORIGIN)
    recorder.take(quote(T))
    recorder.take(Signal(T, T, "s", "../EUR", "x", Side.LONG))
    assert "1 events of '../EUR' are left out" in recorder.finish().hints[0]


# --- defects and the format -----------------------------------------------------------------------------------------


def test_defects_are_counted_and_rows_left_as_they_came(tmp_path: Path) -> None:
    """Counted by hand: one crossed, one locked, one scaled by 100 with its way back, one late, one repeat."""
    prices = [(1.5, 1.75), (1.8, 1.75), (1.5, 1.5), (150.0, 175.0), (1.5, 1.75), (1.5, 1.75)]
    events = [Quote(T + n * S, T + n * S, "AAA", bid, ask) for n, (bid, ask) in enumerate(prices)]
    events += [Quote(T + 7 * S, T + 2 * S + 1, "AAA", 1.5, 1.75), Quote(T + 8 * S, T + 2 * S + 1, "AAA", 1.5, 1.75)]
    recorder = Recorder(tmp_path / "rec", ORIGIN)
    for event in deepcopy(events):
        recorder.take(event)
    report = recorder.finish()
    assert {code: report.count(code) for code in ("crossed", "locked")} == {"crossed": 1, "locked": 1}
    assert report.count("unchanged", "exact repeat") == 1
    assert report.count("jump_of_scale", "bid") == 2, "there and back"
    assert report.count("disorder") == 2, "both rows stamped 2.000000001 s come after 5 s"
    assert list(open_recording(tmp_path / "rec").events()) == events, "none flagged: the engine judges for itself"
    assert "crossed" in render_report(report)


def test_bars_of_two_lengths_are_told_apart(tmp_path: Path) -> None:
    bars: list[Event] = [
        BarEvent(T + n * 60 * S, T + n * 60 * S, "AAA", length * S, "last", 1.5, 2.0, 1.0, 1.75, 1.0)
        for n in range(1, 6)
        for length in ((60, 300) if n == 5 else (60,))
    ]
    recorder = Recorder(tmp_path / "rec", ORIGIN)
    for bar in bars:
        recorder.take(bar)
    report = recorder.finish()
    assert [table.rows_kept for table in report.tables] == [5, 1]
    assert report.count("repeat_conflict") == 0, "a minute and five minutes that close together are no repeats"


def test_a_rate_that_is_told_before_it_is_charged_is_no_defect(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rec", ORIGIN)
    recorder.take(Funding(T, T + 8 * 3600 * S, "AAA", 0.0001))
    report = recorder.finish()
    assert (report.defects, report.table("funding").latency_s) == ((), None)


def test_a_recording_of_the_older_format_is_read_as_it_was(tmp_path: Path) -> None:
    """Format 1 had no figures of the day beside a trade: the file has none of them, nor has the digest."""
    folder = recorded(
        tmp_path / "rec", [TradePrint(T, T, "AAA", 1.5, 7.0, "buy"), TradePrint(T + 1, T, "AAA", 2.0, 1.0)]
    )
    (file,) = folder.rglob("*.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t AS SELECT * EXCLUDE (day_high, day_low, day_volume) FROM '{file}'")
        connection.execute(f"COPY t TO '{file}' (FORMAT parquet)")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["format"] = 1
    del manifest["live"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    recording = open_recording(folder)
    recording.verify()
    assert list(recording.events()) == [
        TradePrint(T, T, "AAA", 1.5, 7.0, "buy"),
        TradePrint(T + 1, T, "AAA", 2.0, 1.0),
    ]
