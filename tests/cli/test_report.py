"""`report` and the import of logs at the prompt: over the small world, whose figures are worked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruleengine.reports.evidence.open import opened
from tests.cli.asking import ask


@pytest.fixture
def journal(world: Path) -> Path:
    found = ask(
        "run", "--policy", "small.policy.yaml", "--data", "quotes", "--signals", "signals.jsonl", "--speed", "max",
        "--journal", "journal",
    )  # fmt: skip
    assert found.code == 0, found.err
    return world / "journal"


def test_guards_of_a_dry_run(result: Path) -> None:
    found = ask("report", "guards", result, "--days", "0", "--min-count", "1", "--format", "json")
    assert (found.code, found.err) == (0, "")
    body = json.loads(found.out)
    # buy-dip went once and met max_open: 1 after that; s1 met a spread of 2.0 pips, s2 was cut by the margin cap
    assert (body["calls"], body["blocked"]) == (4, 2)
    full, short = body["short_by"]
    assert (full["comparison"], full["measured"]["median"]) == ("open trades with this one <= max_open", 2)
    assert short["comparison"] == "spread <= 1.2pips"
    assert short["short_by"]["median"] == pytest.approx(0.8)  # 2.0 − 1.2
    assert body["thresholds"][1]["through"][0] == {"share": 0.25, "threshold": pytest.approx(2.0), "passes": 1}


def test_a_journal_tells_the_same_as_a_dry_run(result: Path, journal: Path) -> None:
    tables = ("decisions", "verdicts", "compared", "trades", "days")
    told = []
    for place in (result, journal):
        with opened([place]) as evidence:
            counts = {table: evidence.count(table) for table in tables}
            days = evidence.rows(
                "SELECT open_ns, close_ns, round(equity_start), round(equity_end), open_trades FROM days"
            )
            fills = evidence.rows("SELECT fate, fill_price FROM decisions WHERE outcome = 'sent' ORDER BY ts")
            told.append((counts, days, evidence.day.anchor, fills))
    assert told[0] == told[1]
    assert told[0][0]["days"] == 1
    assert told[0][3] == [("filled", 156.904), ("filled", 156.96), ("filled", 156.963)]


def test_the_day_that_the_run_stands_in(result: Path) -> None:
    """2026-01-07 13:00 UTC lies in the day from 17:00 New York of the 6th (22:00 UTC) on."""
    row = json.loads((result / "days.jsonl").read_text())
    assert (row["open_ns"], row["close_ns"]) == (1_767_736_800_000_000_000, 1_767_823_200_000_000_000)
    assert row["equity_start"] == 500_000


@pytest.mark.parametrize("format", ["text", "json", "html"])
def test_every_form_can_go_to_a_file(result: Path, format: str, tmp_path: Path) -> None:
    out = tmp_path / "guards"
    found = ask("report", "guards", result, "--days", "0", "--format", format, "--out", out)
    assert (found.code, found.out) == (0, "")
    printed = ask("report", "guards", result, "--days", "0", "--format", format).out
    assert out.read_text().strip() == printed.strip()
    if format == "json":
        json.loads(printed)


def test_a_page_needs_nothing_from_outside_and_names_its_tables(result: Path) -> None:
    page = ask("report", "guards", result, "--days", "0", "--min-count", "1", "--format", "html").out
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<table>") == page.count('role="region"') > 3
    assert '<html lang="en">' in page
    assert page.count('scope="row"') > 5


def test_a_page_escapes_what_came_from_outside(world: Path) -> None:
    line = {"what": "wish", "id": "x", "at": "2025-10-22T08:54:26Z", "pair": "A", "side": "long", "tag": "<b>hi</b>"}
    (world / "log.jsonl").write_text(json.dumps(line) + "\n")
    (world / "map.yaml").write_text(
        "name: bot\nkind: decisions\nformat: jsonl\ncurrency: JPY\ninstruments: {A: {pip: '1'}}\n"
        "records:\n  - {where: {what: wish}, time: at, fields: {id: id, instrument: pair, side: side, tag: tag}}\n"
    )
    assert ask("import", "log.jsonl", "--mapping", "map.yaml", "--out", "log").code == 0
    page = ask("report", "guards", "log", "--days", "0", "--min-count", "1", "--format", "html").out
    assert "&lt;b&gt;hi&lt;/b&gt;" in page
    assert "<b>hi" not in page


def test_wrong_use_is_told(world: Path, result: Path) -> None:
    (world / "empty").mkdir()
    for arguments, said in (
        (["guards", "empty"], "RE440"),
        (["guards"], "no run to report on"),
        (["guards", "result", "--from", "2027-01-01"], "RE443"),
        (["guards", "result", "--from", "soon"], "no instant"),
        (["guards", "result", "--min-count", "0"], "min-count"),
        (["gards", "result"], "Did you mean 'guards'?"),
    ):
        found = ask("report", *arguments)
        assert (found.code, found.out) == (2, ""), arguments
        assert said in found.err, (arguments, found.err)


def test_a_damaged_source_is_told_by_its_file(result: Path) -> None:
    (result / "notes.jsonl").write_text("{half a line\n")
    found = ask("report", "guards", result, "--days", "0")
    assert found.code == 2
    assert "RE441" in found.err
    assert "notes.jsonl line 1" in found.err
    (result / "decisions.parquet").write_bytes(b"no parquet")
    assert "RE441" in ask("report", "guards", result, "--days", "0").err


def test_a_mapping_of_a_log_is_checked(world: Path) -> None:
    (world / "map.yaml").write_text("name: bot\nkind: decisions\nformat: jsonl\ncurrency: JPY\ninstruments: {}\n")
    (world / "log.jsonl").write_text("{}\n")
    found = ask("import", "log.jsonl", "--mapping", "map.yaml", "--out", "log")
    assert found.code == 1
    assert "RE446" in found.err
    assert "under `records:`" in found.err
    found = ask("import", "log.jsonl", "--preset", "oanda-order-log", "--zone", "UTC", "--out", "log")
    assert found.code == 2
    assert "zone: a log says such things in its mapping" in found.err


def test_outcomes_at_the_prompt(result: Path, tmp_path: Path) -> None:
    found = ask("report", "outcomes", result)
    assert (found.code, found.out) == (2, "")
    assert "RE443: no closed trades in that time" in found.err.replace("RE443 ", "RE443: ")
    for wrong, said in (
        (["--edges", "spread"], "no edges of a figure"),
        (["--edges", "spread=a"], "no edges of a fig"),
    ):
        assert said in ask("report", "outcomes", result, *wrong).err


def test_a_trial_is_a_check_where_it_is_asked_for(result: Path) -> None:
    assert ask("report", "trial", result).code == 0
    found = ask("report", "trial", result, "--check", "--format", "json")
    assert found.code == 1  # one day of fifteen
    body = json.loads(found.out)
    assert body["passed"] is False
    assert {each["name"]: each["passed"] for each in body["criteria"]}["policy pinned"] is True
    assert "write it as 2%" in ask("report", "trial", result, "--stop", "2").err
