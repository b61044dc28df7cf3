"""`import`: files in, a recording and its report out; what can't be imported leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruleengine.recordings.presets import PRESETS
from ruleengine.reports.logs import LOG_PRESETS
from tests.cli.asking import ask

ARGUMENTS = ("--preset", "quotes-decoded", "--instrument", "USD_JPY", "--venue", "test")


def test_the_report_counts_what_was_read(world: Path) -> None:
    found = ask("import", "quotes.csv", *ARGUMENTS, "--out", "again")
    assert (found.code, found.err) == (0, "")
    assert "quote: 7 rows kept of 7 read" in found.out
    assert "no defects" in found.out
    assert (world / "again" / "manifest.json").is_file()


def test_defects_are_counted_and_no_failure(world: Path) -> None:
    """A crossed quote, and the same row twice."""
    rows = (world / "quotes.csv").read_text(encoding="utf-8").splitlines()
    crossed = rows[2].split(",")
    crossed[1], crossed[2] = crossed[2], crossed[1]
    (world / "bad.csv").write_text("\n".join([*rows[:2], ",".join(crossed), rows[3], rows[3], *rows[4:]]) + "\n")
    found = ask("import", "bad.csv", *ARGUMENTS, "--out", "bad", "--format", "json")
    assert found.code == 0
    report = json.loads(found.out)
    counts = {each["code"]: each["count"] for each in report["defects"]}
    assert counts["crossed"] == 1
    assert counts["exact_repeat"] == 1
    text = ask("import", "bad.csv", *ARGUMENTS, "--out", "bad2").out
    assert "bad.csv:3" in text, "with their place"


def test_presets_are_listed(world: Path) -> None:
    text, plain = ask("import", "--preset", "list"), ask("import", "--preset", "list", "--format", "json")
    assert [line.split()[0] for line in text.out.splitlines()] == [*PRESETS, *LOG_PRESETS]
    assert list(json.loads(plain.out)) == [*PRESETS, *LOG_PRESETS]


def test_an_existing_recording_is_replaced_only_when_asked(world: Path) -> None:
    before = (world / "quotes" / "manifest.json").read_bytes()
    found = ask("import", "quotes.csv", *ARGUMENTS, "--out", "quotes")
    assert found.code == 2
    assert found.out == ""
    assert (world / "quotes" / "manifest.json").read_bytes() == before
    assert ask("import", "quotes.csv", *ARGUMENTS, "--out", "quotes", "--force").code == 0


@pytest.mark.parametrize(
    ("option", "given", "told"),
    [
        ("--session", "foo", "RE415 declaration cannot be used: unknown trading session `foo`"),
        ("--price-band", "150:80", "RE415"),
        ("--price-band", "150", "RE415"),
        ("--divide-by", "0", "RE415"),
        ("--divide-by", "10", "RE414"),
        ("--interval", "7m", "RE414"),
        ("--interval", "soon", "RE415"),
        ("--zone", "Mars/X", "RE402"),
        ("--venue", "a/b", "RE409"),
        ("--preset", "quotes", "RE412"),
    ],
)
def test_a_declaration_that_cannot_be_meant(world: Path, option: str, given: str, told: str) -> None:
    """The place of the finding is the option."""
    found = ask("import", "quotes.csv", *ARGUMENTS, option, given, "--out", "made")
    assert (found.code, found.out) == (2, "")
    assert f"{option}: {told}" in found.err
    assert not (world / "made").exists()


def test_a_missing_venue_stands_at_its_option(world: Path) -> None:
    found = ask("import", "quotes.csv", *ARGUMENTS[:4], "--out", "made")
    assert found.code == 2
    assert found.err.startswith("--venue: RE409 venue is not given\n")


def test_what_cannot_be_imported_leaves_nothing(world: Path) -> None:
    (world / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    for source in ("notes.csv", "none.csv"):
        found = ask("import", source, *ARGUMENTS, "--out", "made")
        assert (found.code, found.out) == (2, "")
        assert "RE4" in found.err
        assert "nothing was imported" in found.err
        assert not (world / "made").exists()


def test_a_mapping_of_ones_own(world: Path) -> None:
    (world / "own.yaml").write_text(
        "name: own\nformat: csv\ntables:\n  - kind: quote\n    time: {columns: [when], form: epoch_s}\n"
        "    columns: {bid: sell, ask: buy}\n",
        encoding="utf-8",
    )
    (world / "own.csv").write_text("when,sell,buy\n1767790800,157.0,157.01\n", encoding="utf-8")
    found = ask("import", "own.csv", "--mapping", "own.yaml", "--instrument", "USD_JPY", "--venue", "v", "--out", "own")
    assert found.code == 0, found.err
    assert "quote: 1 rows kept of 1 read" in found.out
    (world / "own.yaml").write_text("name: own\nformat: csv\nname: again\n", encoding="utf-8")
    found = ask("import", "own.csv", "--mapping", "own.yaml", "--instrument", "USD_JPY", "--venue", "v", "--out", "o2")
    assert found.code != 0
    assert "own.yaml:3:1" in found.err


def test_a_mapping_that_is_wrong_and_one_that_is_not_there(world: Path) -> None:
    """A document that says something wrong is 1, one that can't be read 2, as with every command."""
    arguments = ("import", "quotes.csv", "--mapping", "own.yaml", "--instrument", "X", "--venue", "v", "--out", "made")
    found = ask(*arguments)
    assert (found.code, found.out) == (2, "")
    assert "RE103" in found.err
    (world / "own.yaml").write_text("name: own\nformat: csv\nformta: x\n", encoding="utf-8")
    found = ask(*arguments)
    assert (found.code, found.out) == (1, "")
    assert "RE412" in found.err
    assert "RE901" not in found.err
