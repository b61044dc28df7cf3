"""Where an account's journal stands: one folder an account, with these files in it.

journal.sqlite    rows, indexes and one copy of the head (beside it SQLite's own -wal and -shm while in use)
journal.head      the other copy of the head, outside of SQLite, so that a lost WAL is noticed
journal.lock      held by the engine that runs the account; its text says who
journal.reserve   of a live run: room for rows while the database can't be written
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import storage
from ruleengine.journal.errors import JournalForeign

FOLDER = Path(".ruleengine")
FILE_NAME = "journal.sqlite"

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one journal."""

    database: Path

    @property
    def head(self) -> Path:
        """The copy of the head outside of the database."""
        return self.database.with_suffix(".head")

    @property
    def lock(self) -> Path:
        """The lock of the engine that writes."""
        return self.database.with_suffix(".lock")

    @property
    def reserve(self) -> Path:
        """Room that is kept for the time when the database can't be written."""
        return self.database.with_suffix(".reserve")


def default_path(account: str, folder: Path = FOLDER) -> Path:
    """`.ruleengine/<account>/journal.sqlite`; a name that cannot be a folder is refused.

    >>> default_path("practice-001").as_posix()
    '.ruleengine/practice-001/journal.sqlite'
    """
    if not _ACCOUNT.fullmatch(account):
        raise JournalForeign(storage.account_names_no_folder(Span.of_file(str(folder)), account))
    return folder / account / FILE_NAME


def journal_at(named: Path) -> Path:
    """The journal that `--journal` means: the file itself, or the one in the folder."""
    return named / FILE_NAME if named.is_dir() else named
