"""What can go wrong with a journal file, and the one border where SQLite's and the system's errors become ours.

    JournalError
    ├── JournalInUse          another engine holds this account
    ├── JournalUnreadable
    │   ├── JournalMissing    no file there
    │   ├── JournalForeign    no journal, or another account's or run's
    │   ├── JournalNewer      a layout of a later version
    │   └── JournalDamaged    a row, the chain, an index or the end is not what was written
    ├── JournalUnwritable
    │   ├── JournalFull       disk, quota or page limit; may be tried again
    │   ├── JournalReadOnly   permissions, read-only file system
    │   ├── JournalBusy       another program locks the file; may be tried again
    │   └── JournalBroken     an error of the disk: what is durable is not known, the writer stays closed
    └── EntryRefused          an entry with no faithful record; nothing was written

Each carries the `Diagnostic` that a person gets to see.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import storage

SQLITE_ERRORS: tuple[type[Exception], ...] = (sqlite3.Error, UnicodeDecodeError, MemoryError)
"""What the binding raises on a damaged file: beside its own errors, one about the text of an error message that quotes
damaged bytes, and one about a length that no memory can hold."""


class JournalError(Exception):
    """Something outside of the engine's own logic stood in the way; `diagnostic` says what and what to do."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(f"{diagnostic.span.file}: {diagnostic.code} {diagnostic.message}")
        self.diagnostic = diagnostic


class JournalInUse(JournalError):
    """Another engine holds this account."""


class JournalUnreadable(JournalError):
    """The file is not one that can be read as this journal."""


class JournalMissing(JournalUnreadable):
    """No file there."""


class JournalForeign(JournalUnreadable):
    """No journal, or one of another account or run."""


class JournalNewer(JournalUnreadable):
    """Written with a later layout."""


class JournalDamaged(JournalUnreadable):
    """Not what was written."""


class JournalUnwritable(JournalError):
    """An entry could not be written or made durable."""


class JournalFull(JournalUnwritable):
    """No room; may be tried again."""


class JournalReadOnly(JournalUnwritable):
    """No permission."""


class JournalBusy(JournalUnwritable):
    """Another program locks the file; may be tried again."""


class JournalBroken(JournalUnwritable):
    """An error of the disk. What is durable is not known, so trying again proves nothing."""


class EntryRefused(JournalError):
    """An entry that would not read back as what it was."""


def refuse_entry(kind: str, place: str, reason: str) -> EntryRefused:
    """The error for an entry that cannot be recorded; `place` is the path inside of its body."""
    return EntryRefused(storage.entry_unrecordable(Span.of_file("<journal entry>"), kind, place, reason))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """The border for writes: errors of SQLite and the system inside become ours."""
    try:
        yield
    except SQLITE_ERRORS as error:
        raise write_error(path, error) from error
    except OSError as error:
        raise write_error(path, error) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """The border for reads: SQLite's errors inside become `JournalUnreadable` ones."""
    try:
        yield
    except SQLITE_ERRORS as error:
        raise read_error(path, error) from error


def read_error(path: Path, error: Exception) -> JournalError:
    """What an error of SQLite means to someone who reads a journal."""
    span = Span.of_file(str(path))
    primary = _primary_code(error)
    if primary == sqlite3.SQLITE_CANTOPEN:
        return JournalMissing(storage.journal_missing(span, str(error)))
    if primary == sqlite3.SQLITE_NOTADB:
        return JournalForeign(storage.not_a_journal(span, str(error)))
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalBusy(storage.journal_busy(span))
    return JournalDamaged(storage.journal_damaged(span, "the file", "a readable database", str(error)))


def write_error(path: Path, error: Exception) -> JournalError:
    """What an error of SQLite or the system means to someone who writes a journal."""
    span = Span.of_file(str(path))
    if isinstance(error, OSError):
        return _system_error(span, error)
    primary = _primary_code(error)
    if primary == sqlite3.SQLITE_FULL:
        return JournalFull(storage.disk_full(span))
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return JournalReadOnly(storage.journal_read_only(span, str(error)))
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalBusy(storage.journal_busy(span))
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalDamaged(storage.journal_damaged(span, "the file", "a sound database", str(error)))
    return JournalBroken(storage.journal_write_failed(span, str(error)))


def _system_error(span: Span, error: OSError) -> JournalError:
    reason = error.strerror or type(error).__name__
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return JournalFull(storage.disk_full(span))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
        return JournalReadOnly(storage.journal_read_only(span, reason))
    return JournalBroken(storage.journal_write_failed(span, reason))


def _primary_code(error: Exception) -> int:
    """SQLite's primary result code (the low byte); -1 for errors of the binding itself, such as a closed connection."""
    code: int = getattr(error, "sqlite_errorcode", -1)
    return code & 0xFF if code >= 0 else -1
