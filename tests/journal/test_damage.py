"""A damaged journal is noticed before anything is based on it, or every row still reads as it was written.

Rows of the fault table: 6 (bits, edits, truncation, swaps, duplicated tail, another run's file), here in samples.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ruleengine.journal import (
    JournalDamaged,
    JournalError,
    JournalForeign,
    JournalMissing,
    JournalNewer,
    JournalReader,
    JournalWriter,
    Places,
    Report,
    Row,
    verify,
)
from ruleengine.journal.chain import Head
from ruleengine.journal.file import connect_to_write
from tests.journal.conftest import START, quote, write_sample

Copy = Callable[[Path, str], Path]


def codes(report: Report) -> list[str]:
    return [found.diagnostic.code for found in report.findings]


def rows_of(path: Path) -> list[Row]:
    with JournalReader(path) as reader:
        return list(reader.rows())


def edit(path: Path, *statements: str) -> None:
    """Change a journal behind its back, as another program could."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def flip(data: bytearray, bit: int) -> None:
    data[bit // 8] ^= 1 << bit % 8


def assert_noticed_or_same(path: Path, expected: list[Row], about: str) -> None:
    report = verify(path, account="practice")
    if report.is_sound:
        assert rows_of(path) == expected, f"{about}: not noticed, and rows differ"
        return
    try:  # whatever the report calls valid reads as it was written
        with JournalReader(path) as reader:
            assert list(reader.rows(to_seq=report.valid_through)) == expected[: report.valid_through], about
    except JournalError:
        pass


def test_a_whole_journal_is_sound(sample: Path) -> None:
    report = verify(sample, account="practice")
    assert report.findings == ()
    assert (report.valid_through, report.event_no) == (30, 12)
    assert report.identity is not None
    assert (report.identity.account, report.identity.origin) == ("practice", "run-1")
    assert verify(sample, from_seq=20, is_deep=False).findings == ()


@pytest.mark.parametrize(
    ("statement", "first_bad", "says"),
    [
        ("UPDATE log SET body = replace(body, '157.020', '157.021') WHERE seq = 8", 8, "hash"),
        ("UPDATE log SET ts_ns = ts_ns + 1 WHERE seq = 12", 12, "hash"),
        ("UPDATE log SET key = 'o-9' WHERE seq = 6", 6, "hash"),
        ("UPDATE log SET decision = '' WHERE seq = 6", 6, "hash"),
        ("UPDATE log SET kind = 'note' WHERE seq = 1", 1, "hash"),
        ("UPDATE log SET event_no = 3 WHERE seq = 9", 9, "hash"),
        ("UPDATE log SET body = CAST(body AS BLOB) WHERE seq = 8", 8, "compressed"),
        ("UPDATE log SET hash = zeroblob(32) WHERE seq = 3", 3, "hash"),
        ("UPDATE log SET prev_hash = zeroblob(32) WHERE seq = 3", 3, "hash"),
        ("UPDATE log SET prev_hash = x'00' WHERE seq = 3", 3, "row"),
        ("DELETE FROM log WHERE seq = 15", 15, "row 16"),
        ("DELETE FROM log WHERE seq BETWEEN 10 AND 18", 10, "row 19"),
        ("DELETE FROM log WHERE seq = 1", 1, "row 2"),
        ("DELETE FROM log WHERE seq > 27", 28, "its head knows row 30, the last row here is 27"),
        ("DELETE FROM log", 1, "its head knows row 30, the last row here is 0"),
        (
            "INSERT INTO log SELECT seq + 10, ts_ns, event_no, kind, key, decision, body, prev_hash, hash"
            " FROM log WHERE seq > 20",
            31,
            "hash",
        ),
        ("DELETE FROM head", None, "head"),
        ("UPDATE meta SET value = 'run-2' WHERE name = 'origin'", None, "run-2"),
        ("DROP INDEX log_time", None, "declarations"),
    ],
)
def test_edits_are_noticed_at_the_first_row_they_touch(
    sample: Path, statement: str, first_bad: int | None, says: str
) -> None:
    edit(sample, statement)
    report = verify(sample)
    assert not report.is_sound
    first = report.findings[0]
    assert says in first.diagnostic.message
    assert first.seq == first_bad
    if first_bad is not None:
        assert report.valid_through == first_bad - 1
    with pytest.raises(JournalError):
        JournalWriter(sample, "practice")


def test_swapped_rows_are_noticed(sample: Path) -> None:
    columns = "ts_ns, event_no, kind, key, decision, body, prev_hash, hash"
    edit(
        sample,
        f"CREATE TEMP TABLE two AS SELECT seq, {columns} FROM log WHERE seq IN (6, 7)",
        "DELETE FROM log WHERE seq IN (6, 7)",
        f"INSERT INTO log SELECT 13 - seq, {columns} FROM two",
    )
    report = verify(sample)
    assert report.valid_through == 5
    assert report.findings[0].seq == 6


def test_a_row_of_another_run_does_not_fit_though_it_is_sound_itself(sample: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "journal.sqlite"
    with JournalWriter(other, "practice", origin="run-2") as writer:
        write_sample(writer)
    edit(
        sample,
        f"ATTACH '{other}' AS other",
        "INSERT OR REPLACE INTO log SELECT * FROM other.log WHERE seq = 15",
    )
    report = verify(sample)
    assert report.findings[0].seq == 15
    assert "a row that follows" in report.findings[0].diagnostic.message


def test_event_numbers_that_go_back_are_noticed(path: Path) -> None:
    with JournalWriter(path, "practice") as writer:
        writer.append("event", START, "", {"type": "signal"})
        writer._event_no = 0  # a fault of the writer itself: the chain is whole
        writer.append("note", START, "", {"code": "x"})
    assert "event number 1 or more, found 0" in verify(path).findings[0].diagnostic.message


def test_a_head_of_another_journal_is_noticed(sample: Path) -> None:
    """Everything in it is right but whose it is."""
    connection = sqlite3.connect(sample, isolation_level=None)
    for slot, record in connection.execute("SELECT slot, record FROM head").fetchall():
        head = Head.unpack(record)
        assert head is not None
        moved = replace(head, genesis=bytes(32)).pack()
        connection.execute("UPDATE head SET record = ? WHERE slot = ?", (moved, slot))
    connection.close()
    assert "another journal's" in verify(sample).findings[0].diagnostic.message


def test_an_index_that_would_not_find_a_row_is_noticed(sample: Path) -> None:
    connection = sqlite3.connect(sample)
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'log_decision'").fetchone()[0]
    connection.close()
    data = bytearray(sample.read_bytes())
    start = (page - 1) * 4096
    place = data.index(b"d-1", start, start + 4096)
    data[place : place + 3] = b"d-0"
    sample.write_bytes(data)
    assert verify(sample, is_deep=False).is_sound  # no row is other than it was
    assert "a page or index" in verify(sample).findings[0].diagnostic.message


def test_rows_that_were_linked_on_by_someone_else_are_noticed(sample: Path, copy_of: Copy) -> None:
    """The rows hold together, only the heads don't know them."""
    longer = copy_of(sample, "longer")
    with JournalWriter(longer, "practice") as writer:
        writer.append("note", START, "", {"code": "x"})
    edit(sample, f"ATTACH '{longer}' AS longer", "INSERT INTO log SELECT * FROM longer.log WHERE seq > 30")
    report = verify(sample)
    assert "rows that no head knows" in report.findings[0].diagnostic.message
    assert report.findings[0].seq == 31


def test_a_longer_copy_put_back_to_an_earlier_state_is_noticed(sample: Path, copy_of: Copy) -> None:
    """The whole database of yesterday is sound by itself; the outer head knows better."""
    yesterday = copy_of(sample, "yesterday")
    with JournalWriter(sample, "practice") as writer:
        writer.append("note", START, "", {"code": "today"})
    shutil.copyfile(yesterday, sample)
    assert codes(verify(sample)) == ["RE711"]
    Places(sample).head.unlink()
    assert codes(verify(sample)) == ["RE713"]


def test_another_accounts_and_another_runs_file(sample: Path, tmp_path: Path) -> None:
    assert codes(verify(sample, account="live")) == ["RE704"]
    with pytest.raises(JournalForeign, match="RE704"):
        JournalReader(sample, "live")
    with pytest.raises(JournalForeign, match="RE704"):
        JournalWriter(sample, "live")
    other = tmp_path / "other" / "journal.sqlite"
    with JournalWriter(other, "practice", origin="run-2") as writer:
        write_sample(writer)
    shutil.copyfile(other, sample)
    assert codes(verify(sample, account="practice")) == ["RE704"]
    same_origin = tmp_path / "same" / "journal.sqlite"
    with JournalWriter(same_origin, "practice", origin="run-1") as writer:
        write_sample(writer, rounds=4)
    shutil.copyfile(same_origin, sample)
    assert not verify(sample).is_sound


def test_another_kind_of_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("time,price\n" * 2000)
    assert codes(verify(path)) == ["RE703"]
    with pytest.raises(JournalForeign, match="RE703"):
        JournalWriter(path, "practice")
    path.unlink()
    edit(path, "CREATE TABLE log (a)")
    with pytest.raises(JournalForeign, match="RE703"):
        JournalWriter(path, "practice")
    with pytest.raises(JournalForeign, match="RE703"):
        JournalReader(path)


def test_a_journal_that_is_being_made_is_none_yet(tmp_path: Path) -> None:
    """As an engine leaves it between opening the file and its first tables."""
    path = tmp_path / "journal.sqlite"
    connection = connect_to_write(path)
    try:
        with pytest.raises(JournalMissing, match="RE705"):
            JournalReader(path)
    finally:
        connection.close()


def test_a_later_layout_is_refused_with_a_sentence(sample: Path) -> None:
    edit(sample, "PRAGMA user_version=2")
    for use in (lambda: JournalReader(sample), lambda: JournalWriter(sample, "practice")):
        with pytest.raises(JournalNewer, match="layout version 2, this ruleengine reads up to version 1"):
            use()
    edit(sample, "PRAGMA user_version=0")
    with pytest.raises(JournalForeign):
        JournalReader(sample)


def test_a_removed_journal_is_not_begun_anew(sample: Path) -> None:
    sample.unlink()
    with pytest.raises(JournalDamaged, match="RE711"):
        JournalWriter(sample, "practice")
    assert not sample.exists()


def test_a_torn_slot_of_the_outer_head_is_no_damage(sample: Path) -> None:
    data = bytearray(Places(sample).head.read_bytes())
    for start in (0, 4096):
        torn = data.copy()
        torn[start + 40 : start + 80] = bytes(40)
        Places(sample).head.write_bytes(torn)
        report = verify(sample)
        assert codes(report) == ["RE712"]
        assert report.is_sound
    Places(sample).head.write_bytes(b"\xff" * 8192)
    assert codes(verify(sample)) == ["RE713"]


def test_a_reader_refuses_a_damaged_row_and_gives_those_before(sample: Path) -> None:
    edit(sample, "UPDATE log SET body = replace(body, '157.020', '157.021') WHERE seq = 8")
    with JournalReader(sample) as reader:
        rows = reader.rows()
        assert [next(rows).seq for _ in range(7)] == list(range(1, 8))
        with pytest.raises(JournalDamaged, match="row 8"):
            next(rows)


def test_bits_of_the_database(sample: Path) -> None:
    expected = rows_of(sample)
    whole = sample.read_bytes()
    random_bits = random.Random(20240229).sample(range(len(whole) * 8), 500)
    header = range(0, 100 * 8, 7)
    noticed = 0
    for bit in (*random_bits, *header):
        data = bytearray(whole)
        flip(data, bit)
        sample.write_bytes(data)
        assert_noticed_or_same(sample, expected, f"bit {bit}")
        noticed += not verify(sample).is_sound
    assert noticed > 100  # most of a small file is unused


def test_edits_and_truncations_of_the_database(sample: Path) -> None:
    expected = rows_of(sample)
    whole = sample.read_bytes()
    rng = random.Random(7)
    for number in range(150):
        data = bytearray(whole)
        start = rng.randrange(len(data))
        if number % 3:
            length = rng.randint(1, 64)
            data[start : start + length] = rng.randbytes(min(length, len(data) - start))
        else:
            del data[start:]
        sample.write_bytes(data)
        assert_noticed_or_same(sample, expected, f"edit {number} at {start}")
    sample.write_bytes(whole + whole[-8192:])
    assert_noticed_or_same(sample, expected, "duplicated tail of the file")


def test_bits_and_truncations_of_the_wal(path: Path, copy_of: Copy) -> None:
    """SQLite drops a WAL from its first bad frame on without a word: the outer head notices."""
    with JournalWriter(path, "practice", origin="run-1") as writer:
        write_sample(writer)
        live = copy_of(path, "live")
    expected = rows_of(copy_of(live, "expected"))
    assert len(expected) == 30
    wal = live.with_name(live.name + "-wal")
    whole = wal.read_bytes()
    rng = random.Random(11)
    noticed = 0
    for number in range(150):
        damaged = copy_of(live, f"wal-{number}")
        data = bytearray(whole)
        if number % 3:
            flip(data, rng.randrange(len(data) * 8))
        else:
            del data[rng.randrange(len(data)) :]
        damaged.with_name(wal.name).write_bytes(data)
        assert_noticed_or_same(damaged, expected, f"WAL {number}")
        noticed += not verify(damaged).is_sound
        shutil.rmtree(damaged.parent)
    assert noticed > 120


def test_compressed_bodies_are_covered_too(path: Path) -> None:
    with JournalWriter(path, "practice") as writer:
        for number in range(300):
            writer.append_market(quote(number))
    edit(path, "UPDATE log SET body = substr(body, 1, length(body) - 1)")
    assert "compressed" in verify(path).findings[0].diagnostic.message
