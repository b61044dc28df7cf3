"""Where the database can't be written rows are durable in the reserve, and in the database as soon as it can be."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ruleengine.journal import (
    JournalBroken,
    JournalBusy,
    JournalDamaged,
    JournalFull,
    JournalReader,
    JournalWriter,
    Places,
    verify,
)
from ruleengine.journal.heads import HeadFile
from ruleengine.journal.reserve import Reserve
from ruleengine.journal.write import TRIED_AGAIN_NS
from tests.journal.conftest import START, quote

Copy = Callable[[Path, str], Path]
HASH = bytes(32)


def row(seq: int, body: str | bytes = '{"code":"x"}') -> tuple[Any, ...]:
    return (seq, START, 0, "note", "키", "", body, HASH, HASH)


def note(writer: JournalWriter, text: str = "x", at: int = START) -> int:
    return writer.append("note", at, "", {"code": text})


def codes(path: Path) -> list[str]:
    with JournalReader(path) as reader:
        return [each.body["code"] for each in reader.rows(kinds=["note"])]


def fill_up(writer: JournalWriter) -> None:
    """From here on the database takes no more pages."""
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count={pages}")


def make_room(writer: JournalWriter) -> None:
    writer._connection.execute("PRAGMA max_page_count=1000000")


LONG = random.Random(1).randbytes(6_000).hex()
"""More than a page, also compressed: a full database does not take one."""


# --- the file ---------------------------------------------------------------------------------------------------------


def test_what_was_put_is_there_again_until_it_is_cleared(tmp_path: Path) -> None:
    kept = Reserve(tmp_path / "r", 4096)
    kept.put([row(1), row(2, b"\x00\xff")])
    kept.close()
    kept = Reserve(tmp_path / "r", 4096)
    kept.put([row(3)])
    assert kept.rows() == [row(1), row(2, b"\x00\xff"), row(3)]
    kept.clear()
    assert kept.rows() == []
    kept.put([row(4)])
    assert kept.rows() == [row(4)], "what stood behind it before is nothing"
    kept.close()


def test_its_room_is_taken_at_once_and_does_not_grow(tmp_path: Path) -> None:
    kept = Reserve(tmp_path / "r", 100_000)
    assert (tmp_path / "r").stat().st_blocks * 512 >= 100_000
    while len(kept.rows()) < 300:
        kept.put([row(0)] * 100)
    with pytest.raises(OSError, match="used up"):
        kept.put([row(0)] * 1_000)
    assert (tmp_path / "r").stat().st_size == 100_000
    assert len(kept.rows()) == 300
    kept.close()


@pytest.mark.parametrize("at", [4, 30, 200])
def test_a_record_that_does_not_hold_together_is_the_end(tmp_path: Path, at: int) -> None:
    kept = Reserve(tmp_path / "r", 4096)
    kept.put([row(1), row(2), row(3)])
    kept.close()
    size = len((tmp_path / "r").read_bytes().rstrip(b"\0")) // 3
    data = bytearray((tmp_path / "r").read_bytes())
    data[size + at % size] ^= 1
    (tmp_path / "r").write_bytes(data)
    kept = Reserve(tmp_path / "r", 4096)
    assert kept.rows() == [row(1)]
    kept.close()


# --- a writer that has one --------------------------------------------------------------------------------------------


def test_what_a_full_disk_does_not_take_is_durable_beside_it(path: Path, copy_of: Copy) -> None:
    writer = JournalWriter(path, "practice", has_reserve=True)
    note(writer, "a")
    writer.sync()
    fill_up(writer)
    for name in "bcd":
        note(writer, name + LONG)
        writer.sync()
    assert isinstance(writer.failure, JournalFull)
    assert codes(path) == ["a"]
    killed = copy_of(path, "killed")
    writer.close()
    with JournalWriter(killed, "practice") as after:  # one that asks for no reserve finds it all the same
        assert note(after, "e") == 5
        assert after._reserve is not None
        assert after._reserve.rows() == []
    assert [each[0] for each in codes(killed)] == list("abcde")
    assert verify(killed).findings == ()


def test_once_there_is_room_the_database_has_all_of_it_in_order(path: Path) -> None:
    now = [0]
    with JournalWriter(
        path, "practice", has_reserve=True, entries_pending_max=4, clock_ns=lambda: now[-1]
    ) as writer:  # fmt: skip
        note(writer, "a")
        writer.sync()
        fill_up(writer)
        for name in "bcdefgh":
            note(writer, name + LONG)
        writer.sync()
        make_room(writer)
        note(writer, "i")
        writer.sync()
        assert writer.failure is not None, "it is not tried again at once: a locked one would make each commit wait"
        now.append(TRIED_AGAIN_NS)
        note(writer, "j", START - 3_600 * TRIED_AGAIN_NS)  # whatever the market's clock does
        writer.sync()
        assert writer.failure is None
        assert [each[0] for each in codes(path)] == list("abcdefghij")
        assert writer._reserve is not None
        assert writer._reserve.rows() == []
    assert verify(path).findings == ()


def test_a_flush_leaves_the_reserve_to_what_has_to_be_durable(path: Path) -> None:
    with JournalWriter(path, "practice", has_reserve=True, entries_pending_max=4) as writer:
        note(writer)
        writer.sync()
        fill_up(writer)
        note(writer, LONG)
        writer.flush()
        assert writer._reserve is not None
        assert (writer.failure is not None, writer._reserve.rows()) == (True, [])
        for _ in range(4):
            note(writer, LONG)
        assert len(writer._reserve.rows()) == 4, "but memory stays bounded"
        for _ in range(3):
            note(writer, LONG)
        assert len(writer._reserve.rows()) == 4, "what is there already doesn't count"
        make_room(writer)


@pytest.mark.parametrize("is_noted", [True, False])
def test_what_nobody_waited_for_is_durable_too(path: Path, copy_of: Copy, is_noted: bool) -> None:
    """A commit that waited for nothing, then a sync that the database can't do, then a power cut that takes what the
    disk never said it had: SQLite's log of before is all that is left of the first."""
    with JournalWriter(path, "practice", has_reserve=True) as writer:
        note(writer, "a")
        writer.sync()
        cut = copy_of(path, "cut")
        note(writer, "b")
        writer.flush()
        writer._connection.execute("PRAGMA query_only=ON")
        if is_noted:
            note(writer, "c" + LONG)
        writer.sync()
        Places(cut).reserve.write_bytes(Places(path).reserve.read_bytes())
        writer._connection.execute("PRAGMA query_only=OFF")
    JournalWriter(cut, "practice").close()
    assert [each[0] for each in codes(cut)] == (["a", "b", "c"] if is_noted else ["a", "b"])
    assert verify(cut).findings == ()


def test_rows_that_nobody_waits_for_are_waited_for_once_they_are_many(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept in memory until then. A note of LONG is some 6,900 bytes under zlib, and more than 6,000."""
    monkeypatch.setattr("ruleengine.journal.write.BYTES_UNDURABLE_MAX", 12_000)
    with JournalWriter(path, "practice", has_reserve=True) as writer:
        said: list[str] = []
        for _ in range(3):
            note(writer, LONG)
            writer.flush()
            writer._connection.set_trace_callback(lambda each: said.append(each) if "PRAGMA" in each else None)
        assert said == ["PRAGMA synchronous=FULL"]
        assert writer._undurable == []


def test_a_reserve_whose_clearing_failed_has_what_comes_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end mark was written, and that it is on the disk was not said."""

    def failing(_handle: int) -> None:
        raise OSError(5, "no")

    kept = Reserve(tmp_path / "r", 4096)
    kept.put([row(1)])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match="no"):
            kept.clear()
    kept.put([row(2)])
    kept.close()
    again = Reserve(tmp_path / "r", 4096)
    assert again.rows() == [row(2)]
    again.close()


def test_one_that_is_killed_before_anything_was_waited_for_goes_on(path: Path, copy_of: Copy) -> None:
    with JournalWriter(path, "practice") as writer:
        note(writer, "a")
        writer.flush()
        killed = copy_of(path, "killed")
    with JournalWriter(killed, "practice") as after:
        assert after.seq == 1
    assert verify(killed).findings == ()


def test_a_lock_of_another_program_holds_nothing_up(path: Path) -> None:
    """SQLite waits 5 s for it by default, and every exit with it: here 0.2 s, and not again within five."""
    with JournalWriter(path, "practice", has_reserve=True) as writer:
        note(writer, "a")
        writer.sync()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waited = writer._connection.execute("PRAGMA busy_timeout").fetchone()[0]
            for name in "bcd":
                note(writer, name)
                writer.sync()
                assert isinstance(writer.failure, JournalBusy)
        assert waited == 200
    assert codes(path) == list("abcd")


def test_a_reserve_that_is_used_up_refuses(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ruleengine.journal.opening.Reserve", lambda where: Reserve(where, 40_000))
    with JournalWriter(path, "practice", has_reserve=True, entries_pending_max=4) as writer:
        note(writer)
        writer.sync()
        fill_up(writer)
        for _ in range(4):
            note(writer, LONG)
            writer.sync()
        note(writer, LONG)
        with pytest.raises(JournalFull, match="RE720"):
            writer.sync()
        make_room(writer)
    assert len(codes(path)) == 6


def test_the_reserve_is_cleared_only_behind_a_commit_that_waited_for_the_disk(path: Path) -> None:
    now = [0]
    with JournalWriter(
        path, "practice", has_reserve=True, entries_pending_max=2, clock_ns=lambda: now[-1]
    ) as writer:  # fmt: skip
        fill_up(writer)
        for _ in range(3):
            note(writer, LONG)  # with the third the first two go into the reserve, by a flush
        assert writer._reserve is not None
        assert len(writer._reserve.rows()) == 2
        make_room(writer)
        said: list[str] = []
        writer._connection.set_trace_callback(said.append)
        now.append(TRIED_AGAIN_NS)
        note(writer)
        writer.flush()
        assert writer.failure is None
        assert said[0] == "PRAGMA synchronous=FULL"


def test_after_an_error_of_the_disk_the_database_is_left_alone(path: Path) -> None:
    """Though it seems to be back."""
    now = [0]
    with JournalWriter(path, "practice", has_reserve=True, clock_ns=lambda: now[-1]) as writer:
        note(writer, "a")
        writer.sync()
        writer._heads.close()
        note(writer, "b")
        writer.sync()
        assert isinstance(writer.failure, JournalBroken)
        writer._heads = HeadFile(Places(path).head)
        now.append(2 * TRIED_AGAIN_NS)
        note(writer, "c")
        writer.sync()
        assert isinstance(writer.failure, JournalBroken)
        assert codes(path) == ["a", "b"]
    JournalWriter(path, "practice").close()
    assert codes(path) == ["a", "b", "c"]


def test_a_row_that_is_not_what_was_decided_is_not_taken_over(path: Path) -> None:
    with JournalWriter(path, "practice", has_reserve=True) as writer:
        note(writer, "a")
        last = writer.hash
    kept = Reserve(Places(path).reserve)
    kept.put([(2, START, 0, "note", "", "", '{"code":"b"}', last, HASH)])
    kept.close()
    with pytest.raises(JournalDamaged, match=r"RE710.*row 2.*hash 0000"):
        JournalWriter(path, "practice")


def test_rows_that_the_database_has_are_passed_over(path: Path, copy_of: Copy) -> None:
    """A crash between the commit and the clearing of the reserve."""
    with JournalWriter(path, "practice", has_reserve=True) as writer:
        note(writer, "a")
        fill_up(writer)
        note(writer, LONG)
        writer.sync()
        killed = copy_of(path, "killed")
        make_room(writer)
    Places(killed).reserve.replace(Places(path).reserve)
    with JournalWriter(path, "practice") as writer:
        assert writer.seq == 2
    assert verify(path).findings == ()


def test_rows_that_do_not_follow_are_not_taken_over(path: Path, copy_of: Copy) -> None:
    """The reserve of a journal that went on otherwise."""
    with JournalWriter(path, "practice", has_reserve=True) as writer:
        note(writer, "a")
        writer.sync()
        before = copy_of(path, "before")
        fill_up(writer)
        for _ in range(2):
            note(writer, LONG)
        writer.sync()
        killed = copy_of(path, "killed")
        make_room(writer)
    with JournalWriter(before, "practice") as writer:
        note(writer, "another")
    Places(killed).reserve.replace(Places(before).reserve)
    with pytest.raises(JournalDamaged, match=r"RE710.*row 3.*does not follow"):
        JournalWriter(before, "practice")
    assert codes(before) == ["a", "another"]


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from ruleengine.journal import JournalBroken, JournalWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = JournalWriter(Path(sys.argv[1]), "practice", has_reserve=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
synced = 0
try:
    while True:
        seq = writer.append("note", 1_000_000_000 * (synced + 1), "", {"code": "x" * 500})
        writer.sync()
        synced = seq
except JournalBroken as error:
    print(error.diagnostic.code, synced)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file size")
def test_after_an_error_of_the_disk_rows_go_on_into_the_reserve(path: Path) -> None:
    """Of 200,000 bytes the log takes some 20 rows of 4,120 and more; the reserve's first 200,000 another 240 of 800."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path)], env=environment, capture_output=True, text=True, check=True
    )
    code, synced = done.stdout.split()
    assert code == "RE722"
    assert int(synced) > 200
    with JournalWriter(path, "practice") as writer:
        assert writer.seq >= int(synced)
    assert verify(path).findings == ()


def test_market_events_go_into_it_as_batches(path: Path) -> None:
    with JournalWriter(path, "practice", has_reserve=True, events_a_batch=50, entries_pending_max=2) as writer:
        note(writer)
        writer.sync()
        writer._connection.execute("PRAGMA max_page_count=1")
        for number in range(2_000):
            writer.append_market(quote(number))
        assert writer.failure is not None
        make_room(writer)
    with JournalReader(path) as reader:
        assert sum(1 for _ in reader.replay()) == 2_000
