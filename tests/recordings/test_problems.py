"""What cannot be used is told with a code, a place and a remedy, and leaves nothing behind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ruleengine.recordings import (
    Mapping,
    Overrides,
    RecordingProblem,
    import_recording,
    mapping_from_plain,
    open_recording,
)

Case = Callable[[Path, ModuleType], Any]


def _run(mapping: Any, files: list[Path], folder: Path, instrument: str = "X", **declared: Any) -> Any:
    return import_recording(
        mapping, files, folder / "out", instrument=instrument, venue="v", declared=Overrides(**declared)
    )


CASES: dict[str, tuple[str, str, Case]] = {
    "zone of a broker clock": ("RE401", "--zone", lambda f, s: _run("mt5-h1", s.mt5(f), f)),
    "zone that does not exist": ("RE402", "Europe/Athens", lambda f, s: _run("mt5-h1", s.mt5(f), f, zone="EEST")),
    "column of another form": (
        "RE403",
        "it has Time, Ask",
        lambda f, s: _run("truefx-quotes", s.dukascopy_ticks(f), f),
    ),
    "no such file": ("RE404", "check the path", lambda f, s: _run("truefx-quotes", [f / "missing.csv"], f)),
    "a pipe": ("RE404", "", lambda f, s: _run("truefx-quotes", [_pipe(f)], f)),
    "empty file": ("RE404", "", lambda f, s: _run("truefx-quotes", [_file(f, "e.csv", b"")], f)),
    "no gzip": ("RE404", "", lambda f, s: _run("binance-usdm-frames", [_file(f, "e.gz", b"text")], f)),
    "no zip": ("RE404", "", lambda f, s: _run("lean-fx-ticks", [_file(f, "20140501_quote.zip", b"text")], f)),
    "no parquet": (
        "RE404",
        "",
        lambda f, s: _run("quotes-fixed128", [_file(f, "q.parquet", b"text")], f, price_band=(1.0, 2.0)),
    ),
    "no json": ("RE404", "", lambda f, s: _run("kis-minute-snapshots", [_file(f, "k.json", b"{")], f)),
    "no date in the name": ("RE404", "", lambda f, s: _run("lean-fx-ticks", [_zip_without_date(f, s)], f)),
    "only one side": ("RE405", "*ask*", lambda f, s: _run("fxcm-m1-bid-ask", s.fxcm(f)[:1], f)),
    "output exists": ("RE406", "--force", lambda f, s: [_run("truefx-quotes", s.truefx(f), f) for _ in range(2)]),
    "the same recording twice": (
        "RE416",
        "once",
        lambda f, s: open_recording([f / "out", _run("truefx-quotes", s.truefx(f), f) and f / "out"]),
    ),
    "folder without manifest": ("RE407", "ruleengine import", lambda f, s: open_recording(f)),
    "damaged manifest": ("RE407", "", lambda f, s: open_recording(_file(f, "manifest.json", b"{}").parent)),
    "instrument with a slash": ("RE409", "--instrument", lambda f, s: _run("truefx-quotes", s.truefx(f), f, "USD/JPY")),
    "instrument out of its folder": ("RE409", "", lambda f, s: _run("truefx-quotes", s.truefx(f), f, "../x")),
    "band not declared": ("RE410", "--price-band", lambda f, s: _run("quotes-fixed128", s.fixed(f), f)),
    "header only": (
        "RE411",
        "where",
        lambda f, s: _run("truefx-quotes", [s.text(f, "h.csv", ["timestamp,bid,ask"])], f),
    ),
    "zone of times that need none": (
        "RE414",
        "leave --zone out",
        lambda f, s: _run("quotes-decoded", s.decoded(f), f, zone="Asia/Seoul"),
    ),
    "unknown zone of times that need none": (
        "RE402",
        "IANA",
        lambda f, s: _run("quotes-decoded", s.decoded(f), f, zone="Mars/X"),
    ),
    "interval of what is no bar": (
        "RE414",
        "leave --interval out",
        lambda f, s: _run("truefx-quotes", s.truefx(f), f, interval="7m"),
    ),
    "scale of what is not scaled": (
        "RE414",
        "leave --divide-by out",
        lambda f, s: _run("truefx-quotes", s.truefx(f), f, divide_by=10),
    ),
    "band of what has no price": (
        "RE414",
        "leave --price-band out",
        lambda f, s: _run("oanda-order-signals", s.orders(f), f, price_band=(50, 250)),
    ),
    "clock of receipt where none is": (
        "RE414",
        "",
        lambda f, s: _run("truefx-quotes", s.truefx(f), f, receive_correction="1s"),
    ),
    "seconds taken for nanoseconds": (
        "RE413",
        "`form: epoch_s`",
        lambda f, s: _run("quotes-decoded", [_quotes(f, s, "1546383600")], f),
    ),
    "milliseconds taken for nanoseconds": (
        "RE413",
        "`form: epoch_ms`",
        lambda f, s: _run("quotes-decoded", [_quotes(f, s, "1546383600071")], f),
    ),
    "nanoseconds taken for seconds": (
        "RE413",
        "`form: epoch_ns`",
        lambda f, s: _run(_epoch_mapping("epoch_s"), [_quotes(f, s, "1546383600071000064")], f),
    ),
    "microseconds taken for milliseconds": (
        "RE413",
        "`form: epoch_us`",
        lambda f, s: _run(_epoch_mapping("epoch_ms"), [_quotes(f, s, "1546383600071000")], f),
    ),
    "one stamp of another unit": (
        "RE413",
        "`form: epoch_ms`",
        lambda f, s: _run("quotes-decoded", [_quotes(f, s, "1546383600071000064", "1546383601071")], f),
    ),
    "a receipt of another unit": (
        "RE413",
        "`form: epoch_s`",
        lambda f, s: _run(
            "quotes-fixed128",
            [s.fixed128(f, "q.parquet", [(109 * 10**18, 110 * 10**18, 1, 1, 1546383600071000064)], 1546383600)],
            f,
            price_band=(50, 250),
        ),
    ),
    "text of 1970": (
        "RE413",
        "seconds that were taken for nanoseconds",
        lambda f, s: _run(
            "truefx-quotes",
            [s.text(f, "t.csv", ["timestamp,bid,ask", "1970-01-01 00:00:01.546383600+00:00,86.655,86.728"])],
            f,
        ),
    ),
    "text of the future": (
        "RE413",
        "correct",
        lambda f, s: _run(
            "truefx-quotes", [s.text(f, "t.csv", ["timestamp,bid,ask", "2213-01-01 22:00:00+00:00,86.655,86.728"])], f
        ),
    ),
    "unknown mapping": ("RE412", "oanda-m1-mid", lambda f, s: _run("oanda", s.truefx(f), f)),
    "unknown key of a mapping": ("RE412", "", lambda f, s: mapping_from_plain({"nmae": "x"}, "m.yaml")),
}


def _quotes(folder: Path, small: ModuleType, *stamps: str) -> Path:
    rows = [f"{stamp},109.676,109.687,1000000,2000000" for stamp in stamps]
    return small.text(folder, "q.csv", ["ts_event_ns,bid,ask,bid_size,ask_size", *rows])  # type: ignore[no-any-return]


def _epoch_mapping(form: str) -> Mapping:
    time = {"columns": ["ts_event_ns"], "form": form}
    table = {"kind": "quote", "time": time, "columns": {"bid": "bid", "ask": "ask"}}
    return mapping_from_plain({"name": "own", "format": "csv", "tables": [table]}, "own.yaml")


def _file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "p.csv")
    return folder / "p.csv"


def _zip_without_date(folder: Path, small: ModuleType) -> Path:
    return small.zipped(folder, "today_quote.zip", "x.csv", ["1,2,3"])  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", sorted(CASES))
def test_problem_has_code_and_remedy(name: str, tmp_path: Path, small: ModuleType) -> None:
    code, remedy, provoke = CASES[name]
    with pytest.raises(RecordingProblem) as caught:
        provoke(tmp_path, small)
    finding = caught.value.findings[0]
    assert finding.code == code
    assert finding.help is not None
    assert remedy in finding.help
    # Nothing half-written: neither the output (unless it was there before) nor a temporary folder beside it.
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left <= ({"out"} if name in ("output exists", "the same recording twice") else set())


def test_several_findings_come_together(tmp_path: Path, small: ModuleType) -> None:
    with pytest.raises(RecordingProblem) as caught:
        import_recording("quotes-fixed128", small.fixed(tmp_path), tmp_path / "out")
    assert [finding.code for finding in caught.value.findings] == ["RE409", "RE409", "RE410"]


def test_force_replaces_a_recording_but_no_other_folder(tmp_path: Path, small: ModuleType) -> None:
    files = small.truefx(tmp_path)
    out = tmp_path / "out"
    import_recording("truefx-quotes", files, out, instrument="A")
    import_recording("truefx-quotes", files, out, instrument="B", force=True)
    assert open_recording(out).instruments == ("B",)
    other = tmp_path / "precious"
    other.mkdir()
    (other / "thesis.txt").write_text("x")
    with pytest.raises(RecordingProblem, match="RE407"):
        import_recording("truefx-quotes", files, other, instrument="A", force=True)
    assert (other / "thesis.txt").exists()


def test_failed_import_leaves_the_old_recording(tmp_path: Path, small: ModuleType) -> None:
    out = tmp_path / "out"
    import_recording("truefx-quotes", small.truefx(tmp_path), out, instrument="A")
    with pytest.raises(RecordingProblem):
        import_recording("truefx-quotes", small.dukascopy_ticks(tmp_path), out, instrument="A", force=True)
    assert open_recording(out).rows == 1


def test_other_format_version_is_refused(tmp_path: Path, small: ModuleType) -> None:
    out = tmp_path / "out"
    import_recording("truefx-quotes", small.truefx(tmp_path), out, instrument="A")
    manifest = out / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 99}))
    with pytest.raises(RecordingProblem, match="version 99"):
        open_recording(out)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"session": "foo"}, "always, fx, krx, us_equities"),
        ({"price_band": (150.0, 80.0)}, "below the highest"),
        ({"price_band": (float("nan"), 80.0)}, "below the highest"),
        ({"price_band": (-1.0, 80.0)}, "above zero"),
        ({"divide_by": 0}, "power of ten"),
        ({"divide_by": 12345}, "power of ten"),
        ({"interval": "0s"}, "longer than nothing"),
        ({"interval": "-5m"}, "longer than nothing"),
        ({"interval": "soon"}, "as in 5m"),
    ],
)
def test_a_declaration_is_checked_before_any_file_is_read(declared: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Overrides(**declared)


def test_a_mapping_is_held_to_the_same() -> None:
    plain = {"name": "own", "format": "csv", "tables": [{"kind": "quote", "time": {"columns": ["t"]}}]}
    scaled = {"columns": ["bid"], "divide_by": 12345}
    for wrong, words in (
        ({"session": "foo"}, "session: unknown trading session `foo`"),
        ({"price_band": [150, 80]}, "price_band: "),
        ({"fixed_point": scaled}, "fixed_point.divide_by: "),
    ):
        with pytest.raises(RecordingProblem, match=words):
            mapping_from_plain({**plain, **wrong}, "own.yaml")


def test_a_stamp_of_today_is_taken_and_one_of_the_day_after_tomorrow_not(tmp_path: Path, small: ModuleType) -> None:
    day = 86_400 * 10**9
    now = 1_767_790_800 * 10**9
    file = _quotes(tmp_path, small, str(now + day))
    import_recording("quotes-decoded", [file], tmp_path / "a", instrument="X", venue="v", now_ns=now)
    file = _quotes(tmp_path, small, str(now + day + 1))
    with pytest.raises(RecordingProblem, match=r"q\.csv:2:1: RE413 .* is after the present"):
        import_recording("quotes-decoded", [file], tmp_path / "b", instrument="X", venue="v", now_ns=now)


def test_fractions_of_an_epoch_second_are_read_to_the_nanosecond(tmp_path: Path, small: ModuleType) -> None:
    file = _quotes(tmp_path, small, "1546383600.071000064", "1546383601", "1.546383602e9")
    import_recording(_epoch_mapping("epoch_s"), [file], tmp_path / "out", instrument="X", venue="v")
    (batch,) = open_recording(tmp_path / "out").batches()
    second = 10**9
    assert batch.ts_event.tolist() == [1_546_383_600_071_000_064, 1_546_383_601 * second, 1_546_383_602 * second]


def test_what_is_declared_says_the_scale_that_was_used(tmp_path: Path, small: ModuleType) -> None:
    def words(**declared: Any) -> str:
        report = import_recording(
            "quotes-fixed128", small.fixed(tmp_path), tmp_path / "out", instrument="X", venue="v", force=True,
            declared=Overrides(price_band=(1.0, 200.0), **declared),
        )  # fmt: skip
        return "\n".join(report.assumptions)

    assert "integers of bid_price, ask_price, bid_size, ask_size are divided by 10^18" in words()
    assert "are divided by 10^16" in words(divide_by=10**16)
    assert "10^18" not in words(divide_by=10**16)
