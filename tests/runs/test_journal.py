"""The journal of a run is the run: replayed it decides the same, byte for byte; it verifies; it has one writer."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ruleengine.cli.engines import engine_of, machine_of
from ruleengine.cli.session import Session
from ruleengine.journal import JournalReader, JournalWriter, journal_at
from ruleengine.journal.events import from_input
from ruleengine.journal.verify import verify
from ruleengine.model.event import Event, OperatorCommand, Quote, Signal
from ruleengine.model.side import Side
from ruleengine.reports.record import decision_to_plain
from ruleengine.reports.recorders import JournalRecorder
from ruleengine.runtime.driving.drive import Driver
from ruleengine.runtime.driving.live import LiveLoop
from tests.runs.whole import ACCOUNT, POLICY, SECOND, START, EventClock, Kept, copied, engine

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


def test_what_is_no_number_is_refused_recorded_and_replayed(session: Session, tmp_path: Path) -> None:
    """A journal has no NaN: it keeps the word, which the engine refuses in the same way."""

    def signal(name: str, second: int, **more: Any) -> Signal:
        ts, ahead = START + second * SECOND, more.pop("ahead", 0)
        return Signal(ts, ts + ahead * SECOND, name, "USD_JPY", "M1Scalper", Side.LONG, **more)

    given: list[Event] = [
        Quote(START, START, "USD_JPY", 157.0, 157.004),
        signal("nan", 1, size=float("nan")),
        signal("inf", 2, size=1000.0, stop=float("-inf")),
        OperatorCommand(START + 3 * SECOND, "override", "me", "why", {"limit": "repeat", "seconds": float("nan")}),
        signal("tomorrow", 4, size=1000.0, ahead=70),
    ]
    with JournalWriter(journal_at(tmp_path), "busy-paper") as writer:
        first = engine(session, JournalRecorder(writer, session.policy, "busy-paper", "1"))
        first.adopt(machine_of(session, START).snapshot())
        for number, event in enumerate(given, 1):
            event.seq = number
            first.process(event)
    kept, codes = Kept(), list[str]()
    again = engine(session, kept)
    again.adopt(machine_of(session, START).snapshot())
    with JournalReader(journal_at(tmp_path)) as reader:
        for each in reader.replay():
            codes += [note.code for note in again.process(from_input(each)).notes]
        checks = [row.body for row in reader.rows(kinds=["check"])]
        refusals = [row.body for row in reader.rows(kinds=["refusal"]) if "RE599" in row.body["reason"]]
    assert [(each["signal_id"], each["code"]) for each in checks if each["signal_id"]] == [
        ("nan", "RE599"), ("inf", "RE599"), ("tomorrow", "RE599"),
    ]  # fmt: skip
    assert [(each.id, each.code, each.message) for each in kept.decisions] == [
        (each["id"], each["code"], each["message"]) for each in checks
    ]
    assert "RE596" in codes
    assert "distance" not in refusals[0], "a word is no number"
    figures = {name: refusals[-1][name] for name in ("rule", "measured", "limit", "distance", "unit")}
    assert figures == {
        "rule": "from-signals", "measured": 70.0, "limit": 2.0, "distance": -68.0, "unit": "duration",
    }  # fmt: skip
