"""`dry-run`: a market of seven quotes with figures worked by hand; its report, its files, and what it refuses.

13:00:20  mid 156.900: buy-dip buys 10,000 at the ask, 156.904; a second one is refused, one is open at most
13:00:31  s1 is refused: spread 2.0 pips against 1.2
13:00:40  bid 156.960 is 5.6 pips above the entry: take closes 5,000 and realises 5,000 × 0.056 = 280 JPY
13:00:51  s2 wants 80,000; 30 % of 500,535 JPY carry 150,160.5 / (156.959 × 4 %) = 23,917.2 units, 5,000 are open:
          18,917 are let through
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jsonschema import Draft202012Validator
from syrupy.assertion import SnapshotAssertion

from ruleengine.reports.fill_rows import FILL_COLUMNS
from ruleengine.reports.recorders import COLUMNS
from tests.cli.asking import COMMAND, POLICY, Answer, ask

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ("--policy", "small.policy.yaml", "--data", "quotes", "--signals", "signals.jsonl")


def run(*more: object) -> Answer:
    return ask("dry-run", *ARGUMENTS, *more)


def told(*more: object) -> dict[str, Any]:
    """The report as JSON, which is all that stands on stdout."""
    found = run("--format", "json", *more)
    assert found.code == 0, found.err
    plain: dict[str, Any] = json.loads(found.out)
    return plain


def test_the_report(world: Path, snapshot: SnapshotAssertion) -> None:
    found = run()
    assert (found.code, found.err) == (0, "")
    assert found.out == snapshot


def test_the_figures_are_those_worked_by_hand(world: Path) -> None:
    report = told()
    decisions = {(each["kind"], each["rule"], each["outcome"]): each["n"] for each in report["decisions"]}
    assert decisions == {
        ("entry", "buy-dip", "sent"): 1, ("entry", "buy-dip", "refused"): 1, ("entry", "from-signals", "sent"): 1,
        ("entry", "from-signals", "refused"): 1, ("exit", "take", "sent"): 1,
    }  # fmt: skip
    orders = {each["rule"]: each for each in report["fills"]["orders"]}
    assert [orders[name]["units"] for name in ("buy-dip", "take", "from-signals")] == ["10000", "5000", "18917"]
    assert float(orders["take"]["realised"]) == 280
    assert {each["open"] for each in orders.values()} == {0}
    short = {each["rule"]: each for each in report["refusals"]}
    assert short["spread"]["p50"] == pytest.approx(0.8)
    assert short["spread"]["unit"] == "pips"
    last = report["figures"]["last"]
    assert last["balance"] == 500_280
    # 5,000 from 156.904 and 18,917 from 156.963, at the last bid, 156.950
    assert last["unrealised"] == pytest.approx(5_000 * 0.046 - 18_917 * 0.013)
    assert last["equity"] == pytest.approx(500_280 + 5_000 * 0.046 - 18_917 * 0.013)
    assert last["margin_used"] == pytest.approx(23_917 * 156.954 * 0.04)
    assert report["figures"]["first"]["equity"] == 500_000
    assert report["metrics"] == {"losers": 1}
    assert report["events"] == 9
    assert report["assumptions"]["latency"].startswith("none")


def test_the_same_run_again_is_the_same(world: Path) -> None:
    assert told() == told()
    assert told()["run"] != told("--seed", "2")["run"]


def test_a_period_and_values_of_ones_own(world: Path) -> None:
    part = told("--from", "2026-01-07T13:00:10", "--to", "2026-01-07T13:00:30")
    assert part["events"] == 2, "the end is exclusive"
    assert {each["rule"] for each in part["decisions"]} == {"buy-dip"}
    deeper = told("--set", "dip=156")
    assert {each["rule"] for each in deeper["decisions"]} == {"from-signals"}
    assert deeper["sets"] == ["dip=156"]
    assert deeper["policy"]["digest"] != part["policy"]["digest"]
    nothing = run("--from", "2026-01-08")
    assert nothing.code == 2
    assert "it goes from 2026-01-07 13:00:00.000Z to 2026-01-07 13:01:00.000Z" in nothing.err


def test_every_exported_decision_is_of_the_published_shape(result: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "2020-12" / "decision.schema.json").read_text(encoding="utf-8"))
    checked = Draft202012Validator(schema)
    rows = [json.loads(line) for line in (result / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each["outcome"] for each in rows] == ["sent", "refused", "refused", "sent", "sent"]
    assert [[str(each) for each in checked.iter_errors(row)] for row in rows] == [[]] * 5
    path = [(what, float(units)) for what, units in rows[4]["size_path"]]
    assert path == [("sizing", 80_000), ("lots", 80_000), ("cap margin", 18_917)]


def test_decisions_are_a_table_for_duckdb(result: Path) -> None:
    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM '{result}/decisions.parquet'").fetchall()
        assert {row[0]: row[1] for row in described} == COLUMNS
        rows = connection.execute(
            f"SELECT rule, outcome, wanted, units, code, record FROM '{result}/decisions.parquet' ORDER BY seq, outcome"
        ).fetchall()
        figures = connection.execute(
            "SELECT rule, measured, limit_value, distance, unit "
            f"FROM '{result}/decisions.parquet' ORDER BY seq, outcome"
        ).fetchall()
    assert [row[:4] for row in rows] == [
        ("buy-dip", "sent", 10_000.0, 10_000.0),
        ("buy-dip", "refused", 10_000.0, 0.0),
        ("from-signals", "refused", 1_000.0, 0.0),
        ("take", "sent", 5_000.0, 5_000.0),
        ("from-signals", "sent", 80_000.0, 18_917.0),
    ]
    assert figures[1] == ("buy-dip", 2.0, 1.0, -1.0, "count"), "one is open, one more is wanted"
    assert figures[2] == ("from-signals", pytest.approx(2.0), 1.2, pytest.approx(-0.8), "pips")
    assert [row[1:] for row in (figures[0], figures[3], figures[4])] == [(None, None, None, None)] * 3, "all sent"
    assert rows[2][4] == "RE570"
    assert json.loads(rows[2][5])["first_blocker"] == "spread"


def test_the_result_can_be_reckoned_again_from_the_fills_alone(world: Path) -> None:
    """take's half of 10,000 realises 280 JPY; every fill costs 0.002 % of its value."""
    account = (world / "small.account.yaml").read_text(encoding="utf-8")
    (world / "small.account.yaml").write_text(f"{account}fees: {{taker: 0.002%}}\n", encoding="utf-8")
    summary = told("--out", "result")
    file = world / "result" / "fills.parquet"
    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
        assert {row[0]: row[1] for row in described} == FILL_COLUMNS
        ((realised, fee),) = connection.execute(f"SELECT sum(realised), sum(fee) FROM '{file}'").fetchall()
        rows = connection.execute(
            "SELECT time, kind, rule, side, units, price, opens, trade_id, decision_id, order_id "
            f"FROM '{file}' ORDER BY ts"
        ).fetchall()
        # the same from prices and units alone: what a trade's reductions gained over its opening
        ((by_hand,),) = connection.execute(
            f"SELECT sum((r.price - o.price) * r.units) FROM '{file}' o JOIN '{file}' r USING (trade_id) "
            "WHERE o.opens AND NOT r.opens AND o.side = 'long'"
        ).fetchall()
    orders = summary["fills"]["orders"]
    assert realised == pytest.approx(sum(float(each["realised"]) for each in orders)) == pytest.approx(280)
    assert realised == pytest.approx(by_hand)
    assert fee == pytest.approx(sum(float(each["fees"]) for each in orders))
    assert fee == pytest.approx(sum(row[4] * row[5] for row in rows) * 0.00002, abs=1)
    figures = summary["figures"]
    assert figures["last"]["balance"] - figures["first"]["balance"] == pytest.approx(realised - fee)
    assert [row[:7] for row in rows] == [
        ("2026-01-07 13:00:20.000Z", "entry", "buy-dip", "long", 10_000.0, 156.904, True),
        ("2026-01-07 13:00:40.000Z", "exit", "take", "short", 5_000.0, 156.96, False),
        ("2026-01-07 13:00:51.000Z", "entry", "from-signals", "long", rows[2][4], 156.963, True),
    ]
    lines = [json.loads(line) for line in (world / "result" / "fills.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(each["units"], each["rule"]) for each in lines][:2] == [("10000", "buy-dip"), ("5000", "take")]
    decisions = [json.loads(line) for line in (world / "result" / "decisions.jsonl").read_text("utf-8").splitlines()]
    sent = {each["id"]: each["order"]["id"] for each in decisions if each["outcome"] == "sent"}
    assert {row[8]: row[9] for row in rows} == sent


def test_an_older_result_is_replaced_only_when_asked(world: Path) -> None:
    assert run("--out", "result").code == 0
    before = {each.name: each.read_bytes() for each in (world / "result").iterdir()}
    (world / "result" / "thesis.txt").write_text("mine", encoding="utf-8")
    found = run("--out", "result", "--seed", "2")
    assert (found.code, found.out) == (2, "")
    assert "--force" in found.err
    assert {name: (world / "result" / name).read_bytes() for name in before} == before
    assert run("--out", "result", "--seed", "2", "--force").code == 0
    assert json.loads((world / "result" / "run.json").read_text(encoding="utf-8"))["seed"] == 2
    assert (world / "result" / "thesis.txt").read_text(encoding="utf-8") == "mine"
    assert not list(world.glob("**/.result*"))


def test_a_result_never_goes_into_a_recording(world: Path) -> None:
    before = sorted(str(each) for each in world.rglob("*"))
    (world / "inside").symlink_to("quotes")
    for place in ("quotes", "quotes/result", "inside", "quotes/venue=test"):
        for force in ((), ("--force",)):
            found = run("--out", place, *force)
            assert (found.code, found.out) == (2, "")
            assert "lies in a recording" in found.err
    assert run("--out", "small.policy.yaml", "--force").code == 2
    (world / "inside").unlink()
    assert sorted(str(each) for each in world.rglob("*")) == before


def test_a_result_may_go_beside_other_files(world: Path) -> None:
    assert run("--out", ".").code == 0
    assert (world / "run.json").is_file()
    assert run("--out", "deep/er/result").code == 0
    assert (world / "deep" / "er" / "result" / "run.json").is_file()
    assert not list(world.glob("**/.*"))


def test_a_run_that_fails_leaves_neither_folder_nor_file(world: Path) -> None:
    (
        world / "quotes" / "venue=test" / "instrument=USD_JPY" / "kind=quote" / "date=2026-01-07" / "part-0.parquet"
    ).write_bytes(b"")
    before = sorted(str(each) for each in world.rglob("*"))
    found = run("--out", "deep/result")
    assert found.code != 0
    assert sorted(str(each) for each in world.rglob("*")) == before


def test_the_same_recording_twice(world: Path) -> None:
    shutil.copytree(world / "quotes", world / "again")
    for other in ("quotes", "again"):
        found = refused("--policy", "small.policy.yaml", "--data", "quotes", "--data", other)
        assert found.code == 2
        assert f"{other}:1:1: RE416 these rows are those of `quotes` again" in found.err


def test_the_folder_holds_what_it_says(result: Path) -> None:
    assert sorted(each.name for each in result.iterdir()) == [
        "cash.jsonl", "changes.jsonl", "days.jsonl", "decisions.jsonl", "decisions.parquet", "fills.jsonl",
        "fills.parquet", "metrics.jsonl", "notes.jsonl", "orders.jsonl", "run.json",
    ]  # fmt: skip
    manifest = json.loads((result / "run.json").read_text(encoding="utf-8"))
    assert manifest["summary"]["fills"]["orders"]
    assert [each["id"] for each in manifest["signals"]] == ["s1", "s2"]


def test_signals_from_standard_input(world: Path) -> None:
    with (world / "signals.jsonl").open("rb") as lines:
        found = subprocess.run(
            [COMMAND, "dry-run", *ARGUMENTS[:4], "--signals", "-", "--format", "json"],
            stdin=lines, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    assert json.loads(found.stdout) == told()


# --- what is refused ------------------------------------------------------------------------------------------------


def refused(*arguments: object) -> Answer:
    found = ask("dry-run", *arguments)
    assert found.out == ""
    assert "Traceback" not in found.err
    return found


def test_a_refused_policy_is_exit_code_1(world: Path) -> None:
    (world / "bad.policy.yaml").write_text(POLICY.replace("close: 50%", "close: 50pips"), encoding="utf-8")
    found = refused("--policy", "bad.policy.yaml", "--data", "quotes", "--account", "small.account.yaml")
    assert found.code == 1
    assert "bad.policy.yaml:28:69" in found.err


def test_what_is_not_there_is_exit_code_2(world: Path) -> None:
    policy = ("--policy", "small.policy.yaml")
    assert "RE407" in refused(*policy, "--data", "none").err
    assert "RE103" in refused("--policy", "none.yaml", "--data", "quotes").err
    assert "RE103" in refused(*policy, "--data", "quotes", "--account", "none.yaml").err
    assert "none.jsonl: No such file" in refused(*policy, "--data", "quotes", "--signals", "none.jsonl").err
    for name in ("none", "small.policy.yaml"):
        assert refused(*policy, "--data", name).code == 2


def test_an_account_has_to_be_named_where_none_stands_beside_the_policy(world: Path) -> None:
    (world / "small.account.yaml").unlink()
    found = refused("--policy", "small.policy.yaml", "--data", "quotes")
    assert found.code == 2
    assert "--account FILE" in found.err


def test_an_account_that_the_policy_cannot_use(world: Path) -> None:
    text = (world / "small.account.yaml").read_text(encoding="utf-8")
    (world / "small.account.yaml").write_text(text.replace("JPY", "USD"), encoding="utf-8")
    found = refused("--policy", "small.policy.yaml", "--data", "quotes")
    assert found.code == 1
    assert "can't run on small.account.yaml" in found.err


def test_a_recording_of_something_else(world: Path) -> None:
    ask("import", "quotes.csv", "--preset", "quotes-decoded", "--instrument", "EUR_USD", "--venue", "v", "--out", "eur")
    found = refused("--policy", "small.policy.yaml", "--data", "eur")
    assert found.code == 2
    assert "the data has EUR_USD, the policy acts on USD_JPY" in found.err


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01", "2026-01-07T25:00"])
def test_an_instant_that_is_none(world: Path, given: str) -> None:
    found = refused("--policy", "small.policy.yaml", "--data", "quotes", "--from", given)
    assert found.code == 2
    assert f"--from {given}: no instant" in found.err


# --- cut off --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_cut_off_leaves_no_halves(world: Path, sent: int, code: int) -> None:
    """Cut off as its files are begun, or later."""
    rows = [f"{(1_767_790_800 + n) * 10**9},157.000,157.008,1,1" for n in range(20_000)]
    (world / "many.csv").write_text("\n".join(["ts_event_ns,bid,ask,bid_size,ask_size", *rows]) + "\n")
    ask("import", "many.csv", "--preset", "quotes-decoded", "--instrument", "USD_JPY", "--venue", "v", "--out", "many")
    process = subprocess.Popen(
        [COMMAND, "dry-run", "--policy", "small.policy.yaml", "--data", "many", "--out", "cut"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not list(world.glob(".cut.*")) and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(process.pid, sent)
    out, err = process.communicate(timeout=30)
    if process.returncode == 0:
        pytest.skip("the run was over before it could be cut off")
    assert process.returncode == code, err
    assert out == ""
    assert "Traceback" not in err
    assert list(world.glob("*cut*")) == []
