"""What is promised when: buffered, visible, durable; and what happens when the disk says no."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ruleengine.journal import (
    JournalBroken,
    JournalDamaged,
    JournalFull,
    JournalReader,
    JournalReadOnly,
    JournalWriter,
    Places,
    verify,
)
from ruleengine.journal.heads import HeadFile, newest, read_slots
from tests.journal.conftest import START, quote

Copy = Callable[[Path, str], Path]


def note(writer: JournalWriter, text: str = "x") -> int:
    return writer.append("note", START, "", {"code": text})


def seen(path: Path) -> int:
    with JournalReader(path) as reader:
        return reader.last_seq


def outer_seq(path: Path) -> int:
    head = newest(slot.head for slot in read_slots(Places(path).head))
    return 0 if head is None else head.seq


def test_buffered_then_visible_then_durable(path: Path) -> None:
    with JournalWriter(path, "practice") as writer:
        writer.append_market(quote(1))
        assert note(writer) == 2
        assert (seen(path), outer_seq(path)) == (0, 0)
        writer.flush()
        assert (seen(path), outer_seq(path)) == (2, 0)
        writer.sync()
        assert (seen(path), outer_seq(path)) == (2, 2)
        writer.sync()  # nothing to do
        writer.append_market(quote(2))
        writer.sync()
        assert (seen(path), outer_seq(path)) == (3, 3)
        note(writer)
    assert outer_seq(path) == 4  # closing is durable


def test_a_sync_waits_for_the_disk_also_for_what_was_only_flushed(path: Path) -> None:
    """What SQLite is told; that it then calls fsync is SQLite's own promise for this level."""
    with JournalWriter(path, "practice") as writer:
        said: list[str] = []
        writer._connection.set_trace_callback(said.append)
        note(writer)
        writer.flush()
        note(writer)
        writer.flush()
        writer.sync()  # nothing is buffered, yet something must be committed at the level that waits
        levels = [text for text in said if "synchronous" in text or text == "COMMIT"]
        assert levels == ["PRAGMA synchronous=NORMAL", "COMMIT", "COMMIT", "PRAGMA synchronous=FULL", "COMMIT"]


def test_losing_what_was_not_synced_is_no_damage_and_losing_what_was_is(path: Path, copy_of: Copy) -> None:
    """A power cut may take everything after the last sync, here by cutting the WAL back to what it was then."""
    with JournalWriter(path, "practice") as writer:
        note(writer)
        writer.sync()
        wal = path.with_name(path.name + "-wal")
        first_size = wal.stat().st_size
        note(writer)
        writer.sync()
        synced_size = wal.stat().st_size
        note(writer)
        writer.flush()
        cut = copy_of(path, "cut")
        worse = copy_of(path, "worse")
    os.truncate(cut.with_name(wal.name), synced_size)
    assert verify(cut).findings == ()
    with JournalWriter(cut, "practice") as writer:
        assert writer.seq == 2
        assert note(writer) == 3
    os.truncate(worse.with_name(wal.name), first_size)
    with pytest.raises(JournalDamaged, match="its head knows row 2, the last row here is 1"):
        JournalWriter(worse, "practice")


def test_the_buffer_is_bounded_and_nothing_is_dropped(path: Path) -> None:
    with JournalWriter(path, "practice", events_a_batch=10, entries_pending_max=4) as writer:
        for _ in range(5):
            note(writer)
        assert seen(path) == 4
        for number in range(11):
            writer.append_market(quote(number))
        assert seen(path) == 6  # the fifth note and the full batch
    assert seen(path) == 7


def test_a_full_disk_refuses_entries_and_goes_on_when_there_is_room(path: Path) -> None:
    with JournalWriter(path, "practice", entries_pending_max=8) as writer:
        note(writer)
        writer.sync()
        pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
        writer._connection.execute(f"PRAGMA max_page_count={pages}")
        taken: list[int] = []
        with pytest.raises(JournalFull, match="RE720"):
            taken.extend(note(writer, os.urandom(500).hex()) for _ in range(1000))
        assert isinstance(writer.failure, JournalFull)
        assert len(taken) <= 20
        with pytest.raises(JournalFull):
            writer.sync()
        with pytest.raises(JournalFull):  # memory stays bounded: the buffer takes no more
            note(writer)
        assert writer.seq == taken[-1]
        assert seen(path) < taken[-1]
        writer._connection.execute("PRAGMA max_page_count=1000000")
        writer.sync()
        assert writer.failure is None
        assert seen(path) == taken[-1]
    assert verify(path).findings == ()


def test_market_events_meet_the_same_bound(path: Path) -> None:
    with JournalWriter(path, "practice", events_a_batch=50, entries_pending_max=4) as writer:
        writer._connection.execute("PRAGMA max_page_count=1")
        taken, taken_at_first = 0, 0
        for number in range(100_000):
            try:
                taken = writer.append_market(quote(number))
            except JournalFull:
                taken_at_first = taken_at_first or taken
                if len(writer._pending) == 4:
                    break
        assert 50 * 3 <= taken - taken_at_first <= 50 * 4
        writer._connection.execute("PRAGMA max_page_count=1000000")
    with JournalReader(path) as reader:
        assert sum(1 for _ in reader.replay()) == taken


def test_after_an_error_of_the_disk_nothing_is_tried_again(path: Path) -> None:
    """The outer head cannot be written: whether the disk still takes anything is not known."""
    writer = JournalWriter(path, "practice")
    note(writer)
    writer.sync()
    writer._heads.close()
    note(writer)
    with pytest.raises(JournalBroken, match="RE722"):
        writer.sync()
    with pytest.raises(JournalBroken):
        writer.sync()
    writer._heads = HeadFile(Places(path).head)  # even when the disk seems to be back
    with pytest.raises(JournalBroken):
        writer.sync()
    note(writer)
    with pytest.raises(JournalBroken):
        writer.flush()
    writer.close()
    assert seen(path) == 2
    JournalWriter(path, "practice").close()


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from ruleengine.journal import JournalBroken, JournalWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = JournalWriter(Path(sys.argv[1]), "practice")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
synced = 0
try:
    while True:
        seq = writer.append("note", 1, "", {"code": "x" * 500})
        writer.sync()
        synced = seq
except JournalBroken as error:
    print(error.diagnostic.code, synced)
try:
    writer.sync()
except JournalBroken as error:
    print("again", error.diagnostic.code)
writer.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file size")
def test_a_write_that_the_system_refuses(path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path)], env=environment, capture_output=True, text=True, check=True
    )
    code, synced, again, code_again = done.stdout.split()
    assert (code, again, code_again) == ("RE722", "again", "RE722")
    report = verify(path)
    assert report.findings == ()
    assert report.valid_through >= int(synced) > 5


def test_no_permission(path: Path) -> None:
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.write_text("a file stands where the folder should")
    with pytest.raises(JournalReadOnly, match="RE721"):
        JournalWriter(path, "practice")


def test_a_creation_that_was_cut_off_is_begun_again(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    Places(path).head.write_bytes(bytes(8192))
    with JournalWriter(path, "practice") as writer:
        assert note(writer) == 1
    assert verify(path).findings == ()


@pytest.mark.parametrize(("broken", "is_seen"), [(100, False), (700, True), (2_900, True)])
def test_a_quick_start_looks_at_all_since_the_last_state(path: Path, broken: int, is_seen: bool) -> None:
    """3,000 rows, the last state at row 501. What lies before it is `verify`'s matter."""
    with JournalWriter(path, "practice") as writer:
        for number in range(3_000):
            if number == 500:
                writer.append("snapshot", START, "", {"schema_digest": "1", "state": {}})
            else:
                note(writer, str(number))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE log SET key = 'other' WHERE seq = ?", (broken,))
    if is_seen:
        with pytest.raises(JournalDamaged):
            JournalWriter(path, "practice", is_quick=True)
    else:
        JournalWriter(path, "practice", is_quick=True).close()
    assert not verify(path).is_sound


def test_close_twice_and_a_quick_start(path: Path) -> None:
    writer = JournalWriter(path, "practice")
    for number in range(1500):
        note(writer, str(number))
    writer.close()
    writer.close()
    with JournalWriter(path, "practice", is_quick=True) as again:
        assert (again.seq, again.hash) == (writer.seq, writer.hash)
        note(again)
    assert verify(path).findings == ()
