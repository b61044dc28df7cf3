"""How a writer comes by its journal: the lock first, then a new file, or an old one once it was found sound."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import storage
from ruleengine.journal import file
from ruleengine.journal.chain import Head
from ruleengine.journal.errors import SQLITE_ERRORS, JournalForeign, writing
from ruleengine.journal.heads import HeadFile, newest, read_slots, sync_folder
from ruleengine.journal.lock import Lock
from ruleengine.journal.places import Places
from ruleengine.journal.verify import require_sound, verify

TAIL_ROWS = 1_000
"""How many rows a quick start looks at, before those that the outer head does not know yet; and all since the last
state."""


class Opened(NamedTuple):
    """What a writer holds, and the head it goes on from."""

    lock: Lock
    connection: sqlite3.Connection
    heads: HeadFile
    identity: file.Identity
    head: Head


def open_journal(path: Path, wanted: file.Identity, holder: str, *, is_quick: bool) -> Opened:
    """Take the lock, then open or create. Whatever was taken is given back when something fails."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(Places(path).lock, wanted.account, holder)
        try:
            return _open_locked(path, wanted, lock, is_quick)
        except BaseException:
            lock.release()
            raise


def _open_locked(path: Path, wanted: file.Identity, lock: Lock, is_quick: bool) -> Opened:
    is_new = _is_new(path)
    identity, head = (wanted, _first_head(wanted)) if is_new else _last_head(path, wanted.account, is_quick)
    connection = file.connect_to_write(path)
    try:
        if is_new:
            file.create(connection, identity)
        heads = HeadFile(Places(path).head)
    except BaseException:
        connection.close()
        raise
    try:
        sync_folder(path.parent)
    except BaseException:
        connection.close()
        heads.close()
        raise
    return Opened(lock, connection, heads, identity, head)


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
