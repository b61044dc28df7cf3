"""What is refused before any YAML is read: sizes, kinds of files, encodings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.load import limits, load_bytes, load_file, load_set, read_sources


def codes(found: list[Diagnostic]) -> list[str]:
    return [finding.code for finding in found]


def test_a_file_at_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    at, over = tmp_path / "at.yaml", tmp_path / "over.yaml"
    at.write_bytes(b"a: 1\n#".ljust(256 * 1024, b"x"))
    over.write_bytes(b"a: 1\n#".ljust(256 * 1024 + 1, b"x"))
    document, found = load_file(at)
    assert document is not None
    assert found == []
    document, found = load_file(over)
    assert document is None
    assert codes(found) == ["RE101"]
    assert codes(load_bytes(over.read_bytes(), "over.yaml")[1]) == ["RE101"]


def test_a_sparse_gigabyte_is_refused_without_reading_a_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sparse.yaml"
    with path.open("wb") as stream:
        stream.truncate(1024**3)
    monkeypatch.setattr(
        "ruleengine.load.loader.os.fdopen", lambda *_, **__: pytest.fail("the file was opened for reading")
    )
    document, found = load_file(path)
    assert document is None
    assert codes(found) == ["RE101"]
    assert "1,073,741,824" in found[0].message


def test_a_file_that_grows_after_it_was_measured_is_still_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "grows.yaml"
    path.write_bytes(b"a: 1\n")
    measure = os.fstat

    def measure_then_grow(handle: int) -> os.stat_result:
        status = measure(handle)
        path.write_bytes(b"#" * 300_000)
        return status

    monkeypatch.setattr("ruleengine.load.loader.os.fstat", measure_then_grow)
    assert codes(load_file(path)[1]) == ["RE101"]


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device", "nul in the name"])
def test_what_is_no_ordinary_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path(os.devnull)
    elif kind == "nul in the name":
        path = tmp_path / "a\0b.yaml"
    document, found = load_file(path)
    assert document is None
    assert codes(found) == ["RE103"]
    assert found[0].span.file == str(path)


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ruleengine.load.loader.os.open", refuse)
    assert codes(load_file(tmp_path / "x.yaml")[1]) == ["RE103"]


def test_a_set_stops_at_the_file_that_exceeds_it(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.yaml" for number in range(10)]
    for number, path in enumerate(paths):
        path.write_bytes(f"number: {number}\n#".encode().ljust(250 * 1024, b"x"))
    loaded = load_set(paths)  # eight files of 250 KiB are 2,000 KiB, the ninth would make 2,250 of 2,048
    assert [document.file for document in loaded.documents] == [str(path) for path in paths[:8]]
    assert codes(loaded.diagnostics) == ["RE102"]
    assert loaded.diagnostics[0].span.file == str(paths[8])


def test_a_set_goes_on_after_a_bad_file_and_keeps_texts_for_quoting(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_text("a: [1\n")
    good.write_text("a: 1\n")
    loaded = load_set([tmp_path / "none.yaml", bad, good])
    assert codes(loaded.diagnostics) == ["RE103", "RE134"]
    assert [document.file for document in loaded.documents] == [str(good)]
    assert loaded.sources == {str(bad): "a: [1\n", str(good): "a: 1\n"}
    assert read_sources([tmp_path / "none.yaml", good]) == {str(good): "a: 1\n"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "latin-1", "euc-kr"])
def test_other_encodings_are_refused(encoding: str) -> None:
    text = (
        "name: caf\u00e9\n"
        if encoding == "latin-1"
        else "name: \uac70\ub798\n"
        if encoding == "euc-kr"
        else "name: x\n"
    )
    _, found = load_bytes(text.encode(encoding), "x.yaml")
    assert {finding.code for finding in found} <= {"RE104", "RE106"}
    assert found


def test_the_place_of_the_first_bad_byte_is_given() -> None:
    _, found = load_bytes("a: 1\nb: 한\n".encode() + b"c: \xff\n", "x.yaml")
    assert [(finding.code, finding.span.line, finding.span.col) for finding in found] == [("RE104", 3, 4)]


def test_a_byte_order_mark_is_refused_and_what_follows_is_still_checked() -> None:
    document, found = load_bytes(b"\xef\xbb\xbfa: 1\na: 2\n", "x.yaml")
    assert codes(found) == ["RE105", "RE123"]
    assert document is not None


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only a comment\n", b"---\n", b"--- \n...\n"])
def test_nothing_in_a_file_is_a_finding(data: bytes) -> None:
    document, found = load_bytes(data, "x.yaml")
    assert document is None
    assert codes(found) == ["RE109"]


def test_the_limits_are_those_of_the_contract() -> None:
    assert (limits.FILE_BYTES_MAX, limits.SET_BYTES_MAX) == (262_144, 2_097_152)
    assert (limits.DEPTH_MAX, limits.NODES_MAX) == (32, 20_000)
    assert (limits.ALIASES_MAX, limits.EXPANSION_RATIO_MAX, limits.DIGITS_MAX) == (100, 10, 40)
