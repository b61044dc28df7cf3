"""`ruleengine audit`: a journal that holds and is decided the same, one that is decided otherwise, one that is damaged.

How much was decided is counted in the journal's own rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruleengine.cli import past
from ruleengine.cli.engines import engine_of
from ruleengine.cli.session import Session
from ruleengine.journal import JournalReader, journal_at
from ruleengine.model.audit import Decision
from ruleengine.ports.journal import Recorder
from ruleengine.reports.recorders import JournalRecorder
from ruleengine.runtime.engine import Engine
from tests.cli.asking import ask

RUN = [
    "run", "--policy", "small.policy.yaml", "--data", "quotes", "--signals", "signals.jsonl", "--speed", "max",
    "--journal", "journal",
]  # fmt: skip


def decided(folder: Path) -> int:
    with JournalReader(journal_at(folder)) as journal:
        return sum(1 for _ in journal.rows(kinds=["check"]))


def test_a_journal_is_decided_the_same_run_by_run(world: Path) -> None:
    assert ask(*RUN).code == 0
    assert ask(*RUN).code == 0
    found = ask("audit", "journal", "--format", "json")
    assert found.code == 0, found.err
    answer = json.loads(found.out)
    assert [each["deviations"] for each in answer["runs"]] == [[], []]
    assert sum(each["decisions"] for each in answer["runs"]) == decided(world / "journal") > 0
    told = ask("audit", "journal").out
    assert "the chain holds" in told
    assert told.count("all decided the same") == 2


def test_what_is_decided_otherwise_is_told(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another engine, which names its orders otherwise."""
    assert ask(*RUN).code == 0

    def other(session: Session, recorder: Recorder | None, run_id: str, backend: str = "scalar") -> Engine:
        return engine_of(session, recorder, run_id[::-1], backend)

    monkeypatch.setattr(past, "engine_of", other)
    found = ask("audit", "journal", "--format", "json")
    assert found.code == 1
    (run,) = json.loads(found.out)["runs"]
    assert run["deviations"]
    assert any(each.startswith("order: ") for row in run["deviations"] for each in row["differs"])
    told = ask("audit", "journal")
    assert told.code == 1
    assert f"{len(run['deviations'])} decided otherwise" in told.out


def test_a_policy_that_has_changed_is_not_what_decided_and_hides_no_other_run(world: Path) -> None:
    assert ask(*RUN).code == 0
    policy = world / "small.policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("1.0.0", "1.0.1"), encoding="utf-8")
    assert ask(*RUN).code == 0
    found = ask("audit", "journal", "--format", "json")
    assert found.code == 2
    before, now = json.loads(found.out)["runs"]
    assert "has changed since that run" in before["problem"]
    assert (now["problem"], now["deviations"]) == ("", [])
    assert now["decisions"] > 0
    told = ask("audit", "journal").out
    assert "small@1.0.0 from" in told
    assert "NOT decided again" in told
    assert told.count("all decided the same") == 1


def test_what_the_last_event_led_to_may_not_be_on_disk_yet(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is cut off, or still being written, between an event and its decision."""

    def cut(recorder: JournalRecorder, decision: Decision) -> None:
        recorder._writer.flush()
        raise RuntimeError("power is gone")

    monkeypatch.setattr(JournalRecorder, "decision", cut)
    assert ask(*RUN).code == 2
    assert decided(world / "journal") == 0
    found = ask("audit", "journal")
    assert found.code == 0, found.out
    assert "0 decisions, all decided the same" in found.out


def test_a_damaged_journal_is_not_decided_again(world: Path) -> None:
    assert ask(*RUN).code == 0
    file = journal_at(world / "journal")
    content = bytearray(file.read_bytes())
    place = content.rfind(b"check")
    content[place + 20] ^= 1
    file.write_bytes(content)
    found = ask("audit", "journal")
    assert found.code == 12
    assert "is damaged" in found.err
    assert found.out == ""


def test_a_dry_run_has_no_journal(result: Path) -> None:
    found = ask("audit", "result")
    assert found.code == 2
    assert "is a dry run's result" in found.err
