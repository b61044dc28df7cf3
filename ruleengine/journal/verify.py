"""Does the file still say what was written?

1. The file is a journal of a known layout, with our tables, of the expected account   (`_open`).
2. Every row's own hash agrees, follows the row before, and no number is left out        (`_Walk`).
3. The head inside of the database stands at the last row; so does no other row          (`_check_inner_heads`).
4. The head beside the database is not ahead of the last row, and knows the same rows    (`_check_outer_heads`).
5. The indexes find what the table holds                                                 (`_check_indexes`).

All of it runs in one read transaction, the outer head is read before it: so a journal can be verified while an engine
writes it. Every fault becomes a finding; nothing is repaired and nothing is written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruleengine.diagnostics import Diagnostic, Severity, Span
from ruleengine.diagnostics.catalogue import storage
from ruleengine.journal import errors, file
from ruleengine.journal.chain import Head, RowDamaged, checked_body
from ruleengine.journal.errors import SQLITE_ERRORS, JournalDamaged, JournalError, JournalForeign, read_error
from ruleengine.journal.heads import Slot, newest, read_slots
from ruleengine.journal.places import Places

_ROWS_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: what a person gets to see, and the first row that it concerns (None: the file as a whole)."""

    diagnostic: Diagnostic
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What verification saw. Rows up to `valid_through` hold whatever else was found (0: none)."""

    path: Path
    identity: file.Identity | None
    valid_through: int
    event_no: int
    turn: int
    hash: bytes
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing but warnings was found."""
        return all(found.diagnostic.severity is not Severity.ERROR for found in self.findings)


def verify(path: Path, *, account: str | None = None, from_seq: int = 1, is_deep: bool = True) -> Report:
    """Check a journal; faults are in the report, never raised.

    `from_seq` skips the rows before it (their chain is then taken on trust); `is_deep` also checks indexes and pages,
    which takes about as long again.
    """
    walk = _Walk(path)
    identity: file.Identity | None = None
    try:
        outer = read_slots(Places(path).head)
        connection, identity = _open(path, account, outer)
    except JournalError as error:
        walk.findings.append(Finding(error.diagnostic))
        return walk.report(None)
    except OSError as error:
        walk.found(f"{Places(path).head}", "a readable head", str(error))
        return walk.report(None)
    try:
        connection.execute("BEGIN")
        inner = _inner_heads(connection, walk)
        heads = [head for head in (*inner, *(slot.head for slot in outer)) if head is not None]
        walk.rows(connection, identity, from_seq, frozenset(head.seq for head in heads))
        _check_inner_heads(inner, walk, identity)
        _check_outer_heads(outer, walk, identity)
        _check_tables(connection, walk)
        if is_deep:
            _check_indexes(connection, walk)
    except SQLITE_ERRORS as error:
        walk.findings.append(Finding(read_error(path, error).diagnostic))
    finally:
        connection.close()
    return walk.report(identity)


def require_sound(report: Report) -> None:
    """Raise the first fault of a report: its own kind of `JournalError` by its code."""
    for found in report.findings:
        if found.diagnostic.severity is Severity.ERROR:
            raise _error_for(found.diagnostic)


def _error_for(diagnostic: Diagnostic) -> JournalError:
    by_code: dict[str, type[JournalError]] = {
        "RE702": errors.JournalNewer,
        "RE703": errors.JournalForeign,
        "RE704": errors.JournalForeign,
        "RE705": errors.JournalMissing,
        "RE723": errors.JournalBusy,
    }
    return by_code.get(diagnostic.code, errors.JournalDamaged)(diagnostic)


def _open(path: Path, account: str | None, outer: list[Slot]) -> tuple[sqlite3.Connection, file.Identity]:
    known = newest(slot.head for slot in outer)
    if known is not None and known.seq > 0 and (not path.is_file() or path.stat().st_size == 0):
        raise JournalDamaged(storage.journal_cut_short(Span.of_file(str(path)), known.seq, 0))
    connection = file.connect_to_read(path)
    try:
        identity = file.read_identity(connection, path)
        file.require_account(identity, account, path)
        if known is not None and known.genesis != identity.genesis:
            expected = f"the run that wrote {Places(path).head.name}"
            found = f"{identity.account} {identity.origin}".strip()
            raise JournalForeign(storage.journal_of_another(Span.of_file(str(path)), expected, found))
    except BaseException:
        connection.close()
        raise
    return connection, identity


@dataclass(slots=True)
class _Walk:
    """Goes along the chain, keeps what the heads will be compared with, collects findings."""

    path: Path
    seq: int = 0
    event_no: int = 0
    turn: int = 0
    hash: bytes = b""
    is_broken: bool = False
    hashes: dict[int, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def found(self, where: str, expected: str, found: str, seq: int | None = None) -> None:
        """Keep a finding of damage."""
        diagnostic = storage.journal_damaged(Span.of_file(str(self.path)), where, expected, found)
        self.findings.append(Finding(diagnostic, seq))

    def report(self, identity: file.Identity | None) -> Report:
        """What was seen."""
        return Report(self.path, identity, self.seq, self.event_no, self.turn, self.hash, tuple(self.findings))

    def rows(
        self, connection: sqlite3.Connection, identity: file.Identity, from_seq: int, wanted: frozenset[int]
    ) -> None:
        """Check row after row until the end or the first that does not hold."""
        self.hash = identity.genesis
        self.hashes[0] = self.hash
        self._start_at(connection, from_seq)
        for row in _rows_after(connection, self.seq):
            if isinstance(row, Exception):
                return self._break("a readable row", str(row))
            if not self._follows(row):
                return None
            if self.seq in wanted:
                self.hashes[self.seq] = self.hash
        return None

    def _start_at(self, connection: sqlite3.Connection, from_seq: int) -> None:
        if from_seq <= 1:
            return
        before = connection.execute("SELECT seq, event_no, hash FROM log WHERE seq = ?", (from_seq - 1,)).fetchone()
        if before is not None and type(before[2]) is bytes and type(before[1]) is int:
            self.seq, self.event_no, self.hash = before
            self.hashes[self.seq] = self.hash

    def _follows(self, row: tuple[Any, ...]) -> bool:
        try:
            checked_body(row)
        except RowDamaged as damage:
            self._break(damage.expected, damage.found)
            return False
        seq, event_no, before, hash_ = row[0], row[2], row[7], row[8]
        if seq != self.seq + 1:
            self._break(f"row {self.seq + 1}", f"row {seq}")
        elif before != self.hash:
            self._break(f"a row that follows {self.hash.hex()[:16]}…", f"one that follows {before.hex()[:16]}…")
        elif event_no < self.event_no:
            self._break(f"event number {self.event_no} or more", str(event_no))
        else:
            self.seq, self.event_no, self.hash = seq, event_no, hash_
            return True
        return False

    def _break(self, expected: str, found: str) -> None:
        self.is_broken = True
        self.found(f"row {self.seq + 1}", expected, found, self.seq + 1)


def _rows_after(connection: sqlite3.Connection, seq: int) -> Iterator[tuple[Any, ...] | Exception]:
    """Rows in order of number. Where a block cannot be read, row by row up to the fault, then the fault."""
    select = f"SELECT {file.COLUMNS} FROM log WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - no value in it
    while True:
        try:
            block = connection.execute(select, (seq, _ROWS_AT_ONCE)).fetchall()
        except SQLITE_ERRORS:
            yield from _one_by_one(connection, select, seq)
            return
        yield from block
        if len(block) < _ROWS_AT_ONCE:
            return
        seq = block[-1][0]


def _one_by_one(connection: sqlite3.Connection, select: str, seq: int) -> Iterator[tuple[Any, ...] | Exception]:
    while True:
        try:
            row = connection.execute(select, (seq, 1)).fetchone()
        except SQLITE_ERRORS as error:
            yield error
            return
        if row is None:
            return
        yield row
        seq = row[0]


def _inner_heads(connection: sqlite3.Connection, walk: _Walk) -> list[Head | None]:
    """Both slots of the head inside of the database; fewer before the second commit."""
    records = connection.execute("SELECT slot, record FROM head ORDER BY slot").fetchall()
    heads: list[Head | None] = []
    for slot, record in records:
        head = Head.unpack(record) if type(record) is bytes else None
        if head is None or head.turn % 2 != slot:
            walk.found(f"slot {slot} of the head", "a head with its checksum", "other bytes")
            head = None
        heads.append(head)
    return heads


def _check_inner_heads(heads: list[Head | None], walk: _Walk, identity: file.Identity) -> None:
    """Both slots were written together with their rows, so the newest stands exactly at the last row."""
    last = newest(heads)
    if last is None:
        if walk.seq > 0 and not walk.findings:
            walk.found("the head", f"a head at row {walk.seq}", "none")
        return
    walk.turn = last.turn
    turns = sorted(head.turn for head in heads if head is not None)
    if turns != list(range(max(1, last.turn - 1), last.turn + 1)) and not walk.findings:
        walk.found("the head", "two slots written in turn", f"turns {turns}")
    _check_known_rows(heads, walk, identity)
    if not walk.is_broken and last.seq < walk.seq:
        walk.found(f"row {last.seq + 1}", "the end of the log", "rows that no head knows", last.seq + 1)
    if not walk.is_broken and last.seq == walk.seq and last.event_no != walk.event_no:
        walk.found("the head", f"{walk.event_no} events", f"{last.event_no}")


def _check_outer_heads(slots: list[Slot], walk: _Walk, identity: file.Identity) -> None:
    """The outer head may be behind (rows that were not yet durable), never ahead."""
    head_path = Places(walk.path).head
    heads = [slot.head for slot in slots]
    if newest(heads) is None:
        if walk.seq > 0:
            walk.findings.append(Finding(storage.head_missing(Span.of_file(str(walk.path)), head_path.name)))
        return
    for number, slot in enumerate(slots, 1):
        if slot.head is None and slot.is_written:
            copy = f"copy {number}"
            walk.findings.append(Finding(storage.head_copy_unreadable(Span.of_file(str(head_path)), copy)))
    _check_known_rows(heads, walk, identity)


def _check_known_rows(heads: list[Head | None], walk: _Walk, identity: file.Identity) -> None:
    """Each head knows the hash of one row, which must be there and have it."""
    for head in heads:
        if head is None:
            continue
        span = Span.of_file(str(walk.path))
        if head.genesis != identity.genesis:
            walk.found("the head", "this journal's head", "another journal's")
        elif head.seq > walk.seq and not walk.is_broken:
            cut = storage.journal_cut_short(span, head.seq, walk.seq)
            walk.findings.append(Finding(cut, walk.seq + 1))
        elif walk.hashes.get(head.seq, head.hash) != head.hash:
            walk.found(f"row {head.seq}", f"hash {head.hash.hex()[:16]}… as the head knows it", "another", head.seq)


def _check_tables(connection: sqlite3.Connection, walk: _Walk) -> None:
    """The tables are declared as we declare them, so that an index covers what we believe it covers."""
    declared = [row[0] for row in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]
    if declared != list(file.TABLES):
        walk.found("the tables", "the declarations of a journal", "others")


def _check_indexes(connection: sqlite3.Connection, walk: _Walk) -> None:
    """SQLite's own check: pages are sound and every index agrees with its table."""
    for (said,) in connection.execute("PRAGMA integrity_check(3)"):
        if said != "ok":
            walk.found("a page or index", "ok", str(said))
