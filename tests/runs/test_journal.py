"""The journal of a run is the run: replayed it decides the same, byte for byte; it verifies; it has one writer."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ruleengine.cli.engines import engine_of, machine_of
from ruleengine.cli.session import Session
from ruleengine.journal import JournalReader, JournalWriter, journal_at
from ruleengine.journal.events import from_input
from ruleengine.journal.verify import verify
from ruleengine.model.event import Event
from ruleengine.reports.record import decision_to_plain
from ruleengine.reports.recorders import JournalRecorder
from ruleengine.runtime.drive import Driver
from ruleengine.runtime.live import LiveLoop
from tests.runs.whole import ACCOUNT, POLICY, START, EventClock, Kept, copied, engine

COMMAND = Path(sys.executable).with_name("ruleengine")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, session: Session, events: list[Event]) -> Path:
    """The journal of a live run."""
    folder = tmp_path_factory.mktemp("journal")
    with JournalWriter(journal_at(folder), "busy-paper") as writer:
        recorder = JournalRecorder(writer, session.policy, "busy-paper", "1")
        running = engine_of(session, recorder, "test")
        running.desk.seq = writer.event_no
        venue = session.adapter.live(machine_of(session, START), copied(events), 0)
        asyncio.run(LiveLoop(running, venue, EventClock()).run())
        recorder.snapshot(running.position[0], running.state())
    return journal_at(folder)


def test_a_replay_decides_the_same_byte_for_byte(place: Path, session: Session) -> None:
    kept = Kept()
    again = engine(session, kept)
    again.desk.seq = 0
    again.adopt(machine_of(session, START).snapshot())
    with JournalReader(place) as reader:
        recorded = [json.dumps(row.body, sort_keys=True) for row in reader.rows(kinds=["check"])]
        for each in reader.replay():
            again.process(from_input(each))
        last = reader.latest_snapshot()
    decided = []
    for decision in kept.decisions:
        plain = decision_to_plain(decision, session.policy, "busy-paper")
        named = {"policy": "busy@1.0.0", "policy_digest": session.policy["digest"], "decision": decision.id}
        decided.append(json.dumps({**plain, **named}, sort_keys=True))
    assert len(decided) > 50
    assert decided == recorded
    assert last is not None
    assert json.dumps(last.body["state"], sort_keys=True) == json.dumps(again.state(), sort_keys=True)


def test_every_kind_of_row_is_there(place: Path) -> None:
    with JournalReader(place) as reader:
        kinds = {row.kind for row in reader.rows()}
    assert kinds >= {"market", "event", "check", "intent", "refusal", "order", "verdict_change", "note", "snapshot"}


def test_an_order_stands_in_the_journal_before_the_venue_speaks_of_it(place: Path) -> None:
    with JournalReader(place) as reader:
        sent = {row.key: row.seq for row in reader.rows(kinds=["order"]) if row.body["state"] == "sending"}
        intents = {row.body["order"]: row.seq for row in reader.rows(kinds=["intent"])}
        heard = [row for row in reader.rows(kinds=["event"]) if row.key in sent]
    assert set(intents) == set(sent)
    assert all(intents[order] < seq for order, seq in sent.items())
    assert heard
    assert all(sent[row.key] < row.seq for row in heard)


def test_it_verifies(place: Path) -> None:
    report = verify(place, account="busy-paper")
    assert report.is_sound, [str(each.diagnostic) for each in report.findings]


def test_one_changed_decision_is_found(place: Path, tmp_path: Path) -> None:
    copy = tmp_path / "journal.sqlite"
    for name in ("journal.sqlite", "journal.head"):
        (tmp_path / name).write_bytes(place.with_name(name).read_bytes())
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE log SET ts_ns = ts_ns + 1 WHERE seq = (SELECT max(seq) FROM log WHERE kind='check')")
    connection.close()
    assert not verify(copy).is_sound


def test_the_dry_run_with_a_journal_is_the_same_as_without(
    session: Session, events: list[Event], whole: Kept, tmp_path: Path
) -> None:
    with JournalWriter(journal_at(tmp_path), "busy-paper") as writer:
        recorder = JournalRecorder(writer, session.policy, "busy-paper", "1")
        driver = Driver(engine(session, recorder), machine_of(session, START))
        driver.start(START)
        driver.run(copied(events))
    with JournalReader(journal_at(tmp_path)) as reader:
        ids = [row.key for row in reader.rows(kinds=["check"])]
    assert ids == [each.id for each in whole.decisions]


def test_a_second_engine_on_the_same_journal_is_refused(tmp_path: Path) -> None:
    _files(tmp_path)
    with JournalWriter(_folder(tmp_path), "busy-paper", holder="the first engine"):
        found = _run(tmp_path)
    assert found.returncode == 2
    assert found.stdout == ""
    assert "RE7" in found.stderr
    assert "the first engine" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_damaged_journal_is_not_written_on(tmp_path: Path) -> None:
    _files(tmp_path)
    with JournalWriter(_folder(tmp_path), "busy-paper") as writer:
        for number in range(50):
            writer.append("note", number, "test", {"code": "test", "message": "x" * 50})
    content = bytearray(_folder(tmp_path).read_bytes())
    at = content.rindex(b"xxxxx")
    content[at] ^= 1
    _folder(tmp_path).write_bytes(content)
    found = _run(tmp_path)
    assert found.returncode == 12, found.stderr
    assert "RE7" in found.stderr
    assert bytes(content) == _folder(tmp_path).read_bytes()


def _files(folder: Path) -> None:
    (folder / "busy.policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "busy.account.yaml").write_text(ACCOUNT, encoding="utf-8")
    (folder / "journal").mkdir()


def _folder(folder: Path) -> Path:
    return folder / "journal" / "journal.sqlite"


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = ["run", "--policy", "busy.policy.yaml", "--duration", "1s", "--journal", "journal"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RULEENGINE_")}
    return subprocess.run(
        [COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
