"""What cannot be used is told with a code, a place and a remedy, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ruleengine.recordings import Overrides, RecordingProblem, import_recording, mapping_from_plain, open_recording

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
    "unknown mapping": ("RE412", "oanda-m1-mid", lambda f, s: _run("oanda", s.truefx(f), f)),
    "unknown key of a mapping": ("RE412", "", lambda f, s: mapping_from_plain({"nmae": "x"}, "m.yaml")),
}


def _file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


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
    assert left <= ({"out"} if name == "output exists" else set())


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
