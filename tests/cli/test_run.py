"""`run`: live on the paper venue, over the simulated market or a recording, until it ends or is ended."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ruleengine.cli.control import Control
from ruleengine.cli.summary import Summary
from ruleengine.journal import JournalReader
from ruleengine.journal.verify import verify
from ruleengine.model.event import Event
from tests.cli.asking import COMMAND, POLICY, Answer, ask
from tests.waiting import until

RECORDED = ("--policy", "small.policy.yaml", "--data", "quotes", "--signals", "signals.jsonl", "--speed", "max")


def run(*arguments: object) -> Answer:
    return ask("run", *arguments)


def test_a_recording_is_run_to_its_end_and_decides_as_the_dry_run(world: Path) -> None:
    found = run(*RECORDED, "--format", "json", "--journal", "journal")
    assert found.code == 0, found.err
    report = json.loads(found.out)
    dry = json.loads(ask("dry-run", *RECORDED[:6], "--format", "json").out)
    for part in ("decisions", "refusals", "fills", "figures", "metrics", "events", "first_ns", "last_ns"):
        assert report[part] == dry[part], part
    assert report["journal"] == "journal"
    assert "journal: journal; `ruleengine why --from journal ID` explains a decision" in found.err


def test_a_command_before_the_first_event_comes_when_the_run_began(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that follows events knows no time yet: at 0 it would be 1970, with every timer since."""
    times: list[int] = []

    async def events(control: Control) -> AsyncIterator[Event]:
        times.append(control._now_ns())
        return
        yield

    monkeypatch.setattr(Control, "events", events)
    report = json.loads(run(*RECORDED, "--format", "json", "--journal", "journal").out)
    assert report["first_ns"] > 0
    assert len(times) == 1
    assert times[0] >= report["first_ns"]


def test_a_signal_is_heard_while_the_summary_is_written(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []
    monkeypatch.setattr(Summary, "print", lambda *_: found.append(signal.getsignal(signal.SIGTERM)))
    assert run(*RECORDED, "--journal", "journal").code == 0
    assert len(found) == 1
    assert found[0] is not signal.SIG_DFL


def test_a_brief_summary_says_which_run_it_was_its_orders_refusals_and_result(world: Path) -> None:
    whole = run(*RECORDED, "--journal", "whole").out.split("\n\n")
    head, *parts = run(*RECORDED, "--format", "brief", "--journal", "brief").out.split("\n\n")
    first, *rows = head.splitlines()
    assert first == "small 1.0.0 on small-paper (small.account.yaml)"
    assert [row.split()[0] for row in rows] == ["market", "period", "events"]
    titles = [part.splitlines()[0] for part in parts if part.strip()]
    assert titles == ["Orders and their fills", "Refusals by first blocker", "Result"]
    assert {part.rstrip() for part in parts} <= {part.rstrip() for part in whole}


def test_the_journal_tells_the_run(world: Path) -> None:
    assert run(*RECORDED, "--journal", "journal").code == 0
    place = world / "journal" / "journal.sqlite"
    assert verify(place, account="small-paper").is_sound
    with JournalReader(place) as reader:
        (activation,) = reader.rows(kinds=["activation"])
        checks = [row.body for row in reader.rows(kinds=["check"])]
        last = list(reader.rows())[-1]
    assert activation.body["policy"] == "small@1.0.0"
    assert POLICY in activation.body["text"].values()
    assert [each["outcome"] for each in checks] == ["sent", "refused", "refused", "sent", "sent"]
    assert {each["policy_digest"] for each in checks} == {activation.body["digest"]}
    assert last.kind == "snapshot"


def test_why_reads_the_last_run_by_itself(world: Path) -> None:
    assert run(*RECORDED).code == 0
    found = ask("why", "--at", "2026-01-07T13:00:31")
    assert found.code == 0, found.err
    assert "first blocker: spread RE570" in found.out
    nothing = ask("why", "--at", "2026-01-07T13:00:12", "--format", "json")
    (dip,) = (each for each in json.loads(nothing.out) if each["rule"] == "buy-dip")
    assert dip["nearest"] == "mid would have to fall by 0.094, to 156.9"


def test_a_journal_is_gone_on_with(world: Path) -> None:
    """Ids stay unique, also of the same run again, and `why` explains the run that had begun at that time."""
    for more in ((), (), ("--set", "dip=156.95")):
        assert run(*RECORDED, "--journal", "journal", *more).code == 0
    place = world / "journal" / "journal.sqlite"
    assert verify(place).is_sound
    with JournalReader(place) as reader:
        ids = [row.key for row in reader.rows(kinds=["check"])]
    assert len(ids) == len(set(ids)) >= 14
    found = ask("why", "--at", "2026-01-07T13:00:12", "--from", "journal", "--format", "json")
    (dip,) = (each for each in json.loads(found.out) if each["rule"] == "buy-dip")
    assert dip["nearest"] == "mid would have to fall by 0.044, to 156.95"


def test_the_simulated_market_ends_with_the_duration(world: Path) -> None:
    begun = time.monotonic()
    found = run("--policy", "small.policy.yaml", "--duration", "2s", "--format", "json", "--journal", "journal")
    assert found.code == 0, found.err
    assert 2 <= time.monotonic() - begun < 8
    report = json.loads(found.out)
    assert report["market"].startswith("simulated market: USD_JPY; seed 1")
    assert 60 < (report["last_ns"] - report["first_ns"]) / 1e9 < 180, "two seconds at sixty times the wall's"
    assert report["events"] > 50


def test_the_simulated_markets_book_is_told_and_can_be_left_out(world: Path) -> None:
    arguments = ("--policy", "small.policy.yaml", "--duration", "1s", "--format", "json", "--journal")
    taken = run(*arguments, "j1")
    assert "names no trades: the simulated market begins with" in taken.err
    assert json.loads(taken.out)["figures"]["first"]["open_trades"] > 0
    file = world / "small.account.yaml"
    file.write_text(file.read_text() + "trades: []\n")
    flat = run(*arguments, "j2")
    assert "names no trades" not in flat.err
    assert json.loads(flat.out)["figures"]["first"]["open_trades"] == 0


def test_the_same_seed_gives_the_same_run(world: Path) -> None:
    """As far as both got: the one decided a beginning of what the other did."""
    runs = []
    for number in (1, 2):
        assert run("--policy", "small.policy.yaml", "--duration", f"{number}s", "--journal", f"j{number}").code == 0
        with JournalReader(world / f"j{number}" / "journal.sqlite") as reader:
            runs.append([(row.event_no, row.key) for row in reader.rows(kinds=["check", "verdict_change"])])
    short, long = sorted(runs, key=len)
    assert short
    assert long[: len(short)] == short


# --- refusals -------------------------------------------------------------------------------------------------------


def test_a_refused_policy_is_exit_code_15(world: Path) -> None:
    (world / "small.policy.yaml").write_text(POLICY.replace("close: 50%", "close: 50pips"), encoding="utf-8")
    found = run("--policy", "small.policy.yaml", "--duration", "1s")
    assert (found.code, found.out) == (15, "")
    assert "small.policy.yaml:28:69" in found.err
    assert not (world / ".ruleengine").exists()


def test_what_is_not_there_is_exit_code_2(world: Path) -> None:
    for arguments, said in (
        (["--policy", "none.yaml"], "RE103"),
        (["--policy", "small.policy.yaml", "--data", "none"], "RE407"),
        (["--policy", "small.policy.yaml", "--signals", "none.sock"], "none.sock: No such file"),
    ):
        found = run(*arguments, "--duration", "1s")
        assert (found.code, found.out) == (2, "")
        assert said in found.err
        assert not (world / ".ruleengine").exists()


def test_a_bad_signal_in_a_file_stops_before_anything_begins(world: Path) -> None:
    (world / "signals.jsonl").write_text('{"id": "a"}\n', encoding="utf-8")
    found = run(*RECORDED)
    assert (found.code, found.out) == (2, "")
    assert "signals.jsonl:1:1: RE202 `instrument` is missing" in found.err
    assert not (world / ".ruleengine").exists()


# --- stopped --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_with_a_summary(world: Path, sent: int, code: int) -> None:
    with subprocess.Popen(
        [COMMAND, "run", "--policy", "small.policy.yaml", "--format", "json", "--journal", "journal"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            _wait_for(world / "journal" / "journal.sqlite-wal")
            time.sleep(1)
            process.send_signal(sent)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == code, err
    report: dict[str, Any] = json.loads(out)
    assert report["events"] > 0
    assert "Traceback" not in err
    assert verify(world / "journal" / "journal.sqlite").is_sound
    with JournalReader(world / "journal" / "journal.sqlite") as reader:
        assert reader.latest_snapshot() is not None


def test_a_reader_that_goes_away_is_no_fault(world: Path) -> None:
    for arguments in (["explain", "functions"], ["graph", "--policy", "small.policy.yaml", "--format", "json"]):
        process = subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        assert process.wait(30) == 0
        assert err == b""


def _wait_for(path: Path) -> None:
    until(path.exists, f"{path} was not made")


def test_the_simulated_market_has_a_past_from_which_features_are_warm(world: Path) -> None:
    """RSI of hours reads some 200 of them; a signal in the first minute finds it known, and so does `why`, from the
    journal alone."""
    text = POLICY.replace("require: spread <= 1.2pips", "require: 'rsi(h1, 14) >= 1 and spread <= 50pips'")
    text = text.replace("when: mid <= dip", "when: 'rsi(h1, 14) > 99.9 and mid <= dip'")
    (world / "warm.policy.yaml").write_text(text, encoding="utf-8")
    asked = ("--policy", "warm.policy.yaml", "--account", "small.account.yaml", "--speed", "max", "--duration", "2s")
    found = run(*asked, "--journal", "journal", "--format", "json")
    assert found.code == 0, found.err
    with JournalReader(world / "journal" / "journal.sqlite") as reader:
        checks = [row.body for row in reader.rows(kinds=["check"])]
    entries = [each for each in checks if each["rule"] == "from-signals"]
    assert entries
    measured = [one for each in entries for one in each["verdicts"] if one["rule"] == "spread"]
    assert {each["outcome"] for each in measured} == {"pass"}
    at = datetime.fromtimestamp(checks[0]["ts"] / 1e9 + 0.5, UTC).isoformat()
    told = ask("why", "--from", "journal", "--at", at)
    assert told.code == 0, told.err
    assert "rsi(h1, 14) = " in told.out
    assert "not warm" not in told.out
