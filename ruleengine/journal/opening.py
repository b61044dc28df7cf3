"""How a writer comes by its journal: the lock first, then a new file, or an old one once it was found sound."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import storage
from ruleengine.journal import file
from ruleengine.journal.chain import Head, RowDamaged, checked_body
from ruleengine.journal.errors import SQLITE_ERRORS, JournalDamaged, JournalForeign, writing
from ruleengine.journal.heads import HeadFile, newest, read_slots, sync_folder
from ruleengine.journal.lock import Lock
from ruleengine.journal.places import Places
from ruleengine.journal.reserve import Reserve
from ruleengine.journal.verify import require_sound, verify

TAIL_ROWS = 1_000
"""How many rows a quick start looks at, before those that the outer head does not know yet; and all since the last
state."""


class Opened(NamedTuple):
    """What a writer holds, and the head it goes on from."""

    lock: Lock
    connection: sqlite3.Connection
    heads: HeadFile
    reserve: Reserve | None
    identity: file.Identity
    head: Head


def open_journal(path: Path, wanted: file.Identity, holder: str, *, is_quick: bool, has_reserve: bool) -> Opened:
    """Take the lock, then open or create. Whatever was taken is given back when something fails."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(Places(path).lock, wanted.account, holder)
        try:
            return _open_locked(path, wanted, lock, is_quick, has_reserve)
        except BaseException:
            lock.release()
            raise


def _open_locked(path: Path, wanted: file.Identity, lock: Lock, is_quick: bool, has_reserve: bool) -> Opened:
    is_new, places = _is_new(path), Places(path)
    identity, head = (wanted, _first_head(wanted)) if is_new else _last_head(path, wanted.account, is_quick)
    with ExitStack() as undo:
        connection = undo.enter_context(closing(file.connect_to_write(path)))
        if is_new:
            file.create(connection, identity)
        heads = undo.enter_context(closing(HeadFile(places.head)))
        if is_new:
            heads.write(head)  # rows that nobody waits for may come first: without any head they count as damage
        reserve = None
        if has_reserve or places.reserve.exists():
            reserve = undo.enter_context(closing(Reserve(places.reserve)))
            head = _take_over(reserve, connection, heads, head, places)
        sync_folder(path.parent)
        undo.pop_all()
    return Opened(lock, connection, heads, reserve, identity, head)


def _take_over(reserve: Reserve, connection: sqlite3.Connection, heads: HeadFile, head: Head, places: Places) -> Head:
    """Rows that a writer before had to leave in the reserve; those that the database has are passed over."""
    rows = [row for row in reserve.rows() if row[0] > head.seq]
    seq, hash_ = head.seq, head.hash
    for row in rows:
        try:
            checked_body(row)
            if (row[0], row[7]) != (seq + 1, hash_):
                raise RowDamaged(f"the row behind {seq}", f"row {row[0]}, which does not follow it")
        except RowDamaged as damage:
            span = Span.of_file(str(places.reserve))
            found = storage.journal_damaged(span, f"row {row[0]}", damage.expected, damage.found)
            raise JournalDamaged(found) from None
        seq, hash_ = row[0], row[8]
    if rows:
        head = Head(head.genesis, head.turn + 1, seq, rows[-1][2], hash_)
        file.commit(connection, rows, head)
        heads.write(head)
    reserve.clear()
    return head


def _is_new(path: Path) -> bool:
    """Whether there is no journal yet, nor the remains of one. A creation that was cut off counts as none."""
    known = newest(slot.head for slot in read_slots(Places(path).head))
    if known is not None and known.seq > 0:
        return False
    if not path.exists() or path.stat().st_size == 0:
        return True
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return file.is_empty(connection)
    except SQLITE_ERRORS:
        return False  # verification will say what it is
    finally:
        connection.close()


def _first_head(identity: file.Identity) -> Head:
    return Head(identity.genesis, 0, 0, 0, identity.genesis)


def _last_state(path: Path) -> int:
    """The row of the last state, from which a run goes on; 1 where there is none."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT max(seq) FROM log WHERE kind = 'snapshot'").fetchone()[0]
    except SQLITE_ERRORS:
        return 1  # verification will say what it is
    return found if isinstance(found, int) else 1


def _last_head(path: Path, account: str, is_quick: bool) -> tuple[file.Identity, Head]:
    """Verify the file and give the head to go on from."""
    from_seq = 1
    if is_quick:
        known = newest(slot.head for slot in read_slots(Places(path).head))
        from_seq = max(1, min((known.seq if known else 0) - TAIL_ROWS, _last_state(path)))
    report = verify(path, account=account, from_seq=from_seq, is_deep=not is_quick)
    require_sound(report)
    identity = report.identity
    if identity is None:
        raise JournalForeign(storage.not_a_journal(Span.of_file(str(path)), "it does not name its account"))
    return identity, Head(identity.genesis, report.turn, report.valid_through, report.event_no, report.hash)
