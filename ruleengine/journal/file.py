"""The SQLite file: its tables, its settings, and how each side opens it.

Bodies are text or compressed text, so the `log` table takes either there; the rest is typed by SQLite itself (STRICT).
Indexes only find rows. What a row says is never taken from an index.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import storage
from ruleengine.journal import chain
from ruleengine.journal.chain import Head
from ruleengine.journal.errors import JournalForeign, JournalMissing, JournalNewer, reading
from ruleengine.journal.layout import APPLICATION_ID, LAYOUT_VERSION

COLUMNS = "seq, ts_ns, event_no, kind, key, decision, body, prev_hash, hash"
_INSERT = f"INSERT INTO log ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant

TABLES = (
    """CREATE TABLE log (
  seq INTEGER PRIMARY KEY, ts_ns INTEGER NOT NULL, event_no INTEGER NOT NULL,
  kind TEXT NOT NULL, key TEXT NOT NULL, decision TEXT NOT NULL,
  body ANY NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL
) STRICT""",
    "CREATE TABLE head (slot INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX log_kind ON log (kind)",
    "CREATE INDEX log_time ON log (ts_ns)",
    "CREATE INDEX log_key ON log (key) WHERE key <> ''",
    "CREATE INDEX log_decision ON log (decision) WHERE decision <> ''",
)

BUSY_MS = 5_000
"""So long SQLite waits for another program's lock."""
BUSY_BESIDE_RESERVE_MS = 200
"""So long where there is another place for the rows: the whole run waits meanwhile, exits too."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose journal a file is. `origin` tells two journals of one account apart: the run that began it."""

    account: str
    origin: str

    @property
    def genesis(self) -> bytes:
        """What the first row follows."""
        return chain.genesis(self.account, self.origin)


def connect_to_write(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode, transactions by hand. SQLite's own errors pass."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA fullfsync=ON")  # asks the disk itself on systems where fsync does not
        connection.execute("PRAGMA journal_size_limit=67108864")  # a reader's old WAL is given back after it left
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def wait_briefly(connection: sqlite3.Connection) -> None:
    """For locks, from now on."""
    connection.execute(f"PRAGMA busy_timeout={BUSY_BESIDE_RESERVE_MS}")


def commit(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], head: Head) -> None:
    """Rows and the inner head in one transaction. Errors of SQLite pass, and may leave it open."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_INSERT, rows)
    connection.execute("INSERT OR REPLACE INTO head VALUES (?, ?)", (head.turn % 2, head.pack()))
    connection.execute("COMMIT")


def create(connection: sqlite3.Connection, identity: Identity) -> None:
    """The tables of an empty file, all or none."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in TABLES:
        connection.execute(statement)
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?)", [("account", identity.account), ("origin", identity.origin)]
    )
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={LAYOUT_VERSION}")
    connection.execute("COMMIT")


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever created in the file."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return bool(tables == 0 and application == 0)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A read-only connection to a journal whose layout we know; typed errors otherwise."""
    if not path.is_file():
        raise JournalMissing(storage.journal_missing(Span.of_file(str(path))))
    with reading(path):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_MS / 1000)
    try:
        with reading(path):
            connection.execute("PRAGMA query_only=ON")
            require_known_layout(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def require_known_layout(connection: sqlite3.Connection, path: Path) -> None:
    """Raise unless the file is a journal of a layout that this version reads."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    span = Span.of_file(str(path))
    if is_empty(connection):  # an engine has just begun it
        raise JournalMissing(storage.journal_missing(span, "nothing was written into it yet"))
    if application != APPLICATION_ID:
        raise JournalForeign(storage.not_a_journal(span, "it lacks the mark of one"))
    if version > LAYOUT_VERSION:
        raise JournalNewer(storage.journal_newer(span, version, LAYOUT_VERSION))
    if version != LAYOUT_VERSION:
        raise JournalForeign(storage.not_a_journal(span, f"its layout version is {version}"))


def read_identity(connection: sqlite3.Connection, path: Path) -> Identity:
    """Whose journal this is; `JournalForeign` where the file does not say."""
    with reading(path):
        said = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    account, origin = said.get("account"), said.get("origin")
    if not isinstance(account, str) or not isinstance(origin, str):
        raise JournalForeign(storage.not_a_journal(Span.of_file(str(path)), "it does not name its account"))
    return Identity(account, origin)


def require_account(identity: Identity, account: str | None, path: Path) -> None:
    """Raise unless the journal is the expected account's; None expects nothing."""
    if account is not None and identity.account != account:
        raise JournalForeign(storage.journal_of_another(Span.of_file(str(path)), account, identity.account))
