"""The one writer of an account's journal.

1. `append` makes the canonical bytes of an entry, links it to the chain and puts it into a bounded buffer.
2. `append_market` puts a tuple into a list; full lists become one `market` entry (`_seal`), as they do before any other
   entry, so that the order of entries is the order of everything that happened.
3. `flush` commits what is buffered: other processes see it, a power cut may still lose it.
4. `sync` commits and waits for the disk, then writes the outer head. It is called before an order leaves.

An entry that cannot be taken raises and is not in the journal; one that was taken stays buffered until it is written.
When the buffer is full and cannot be written, the next entry is refused: memory stays bounded, nothing is dropped.
The writer reads no clock: every time comes with its entry. It belongs to one thread.
"""

from __future__ import annotations

import struct
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import storage
from ruleengine.journal import batch, canonical, file
from ruleengine.journal.chain import BODY_BYTES_MAX, Head, link, store
from ruleengine.journal.errors import (
    SQLITE_ERRORS,
    EntryRefused,
    JournalBroken,
    JournalError,
    JournalUnwritable,
    refuse_entry,
    write_error,
)
from ruleengine.journal.layout import KIND_BY_NAME
from ruleengine.journal.lock import Lock
from ruleengine.journal.opening import open_journal

EVENTS_A_BATCH = 1_000
ENTRIES_PENDING_MAX = 256
BYTES_PENDING_MAX = 16 * 1024 * 1024

_INSERT = f"INSERT INTO log ({file.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
_REQUIRED = {name: kind.required for name, kind in KIND_BY_NAME.items()}


class JournalWriter:
    """Appends to a journal, creating it where there is none. Use it as a context manager, or `close` it.

    `origin` names the run that begins a new file (it tells two journals of one account apart, and is ignored for an
    existing one). `holder` is what a second engine gets to read about this one. An existing file is verified before
    anything is added: all of it, or with `is_quick` its last thousand rows, all since the last state, and its heads.

    Raises `JournalInUse`, a `JournalUnreadable` or a `JournalUnwritable`.
    """

    def __init__(
        self,
        path: Path,
        account: str,
        *,
        origin: str = "",
        holder: str = "",
        is_quick: bool = False,
        events_a_batch: int = EVENTS_A_BATCH,
        entries_pending_max: int = ENTRIES_PENDING_MAX,
    ) -> None:
        self.path = path
        self.failure: JournalUnwritable | None = None
        """Why the last write failed, until one succeeds."""
        self._batch_max = events_a_batch
        self._entries_max = entries_pending_max
        self._market: list[batch.MarketEvent] = []
        self._pending: list[tuple[Any, ...]] = []
        self._pending_bytes = 0
        self._has_undurable = False
        self._check_event = batch.EventCheck()
        opened = open_journal(path, file.Identity(account, origin), holder, is_quick=is_quick)
        self._lock: Lock | None = opened.lock
        self._heads, self._connection, self._identity, head = (
            opened.heads,
            opened.connection,
            opened.identity,
            opened.head,
        )
        self._level = "FULL"
        self._turn, self._seq, self._event_no, self._hash = head.turn, head.seq, head.event_no, head.hash

    @property
    def account(self) -> str:
        """Whose journal this is."""
        return self._identity.account

    @property
    def origin(self) -> str:
        """The run that began the file."""
        return self._identity.origin

    @property
    def seq(self) -> int:
        """Number of the last entry, buffered ones included (market events that are not yet a batch are not)."""
        return self._seq

    @property
    def event_no(self) -> int:
        """How many input events were captured since the file began: the number of the last one."""
        return self._event_no

    @property
    def hash(self) -> bytes:
        """The chain's hash at `seq`."""
        return self._hash

    def append_market(self, event: batch.MarketEvent) -> int:
        """Capture a market event `(shape, ts, ts_event, …)`; gives its event number."""
        self._check_event(event)
        if len(self._market) >= self._batch_max:
            self._make_room()
            self._seal()
            self.flush()
        self._market.append(event)
        self._event_no += 1
        return self._event_no

    def append(self, kind: str, ts_ns: int, key: str, body: canonical.Body) -> int:
        """Take an entry; gives its number. `EntryRefused` where it would not read back as what it is."""
        required = _REQUIRED.get(kind)
        if required is None or kind == "market":
            raise refuse_entry(kind, "", "is no kind that can be appended")
        if not required <= body.keys():
            raise refuse_entry(kind, "", f"lacks {', '.join(sorted(required - body.keys()))}")
        text = canonical.encode(kind, body)
        decision = body.get("decision", "")
        if not isinstance(decision, str):
            raise refuse_entry(kind, "decision", "is not text")
        self._make_room()
        self._seal()
        is_event = kind == "event"
        self._event_no += is_event
        try:
            self._take(kind, ts_ns, key, decision, text)
        except BaseException:
            self._event_no -= is_event
            raise
        return self._seq

    def flush(self) -> None:
        """Commit what is buffered, visible to readers, not yet durable."""
        self._require_unbroken()
        self._seal()
        if self._pending:
            self._has_undurable = True
            self._commit("NORMAL")

    def sync(self) -> None:
        """Commit what is buffered and return when all of it is on the disk."""
        self._require_unbroken()
        self._seal()
        if not self._pending and not self._has_undurable:
            return
        self._has_undurable = True  # until the outer head stands, whatever fails on the way
        self._commit("FULL")
        try:
            self._heads.write(self._head())
        except OSError as error:
            raise self._failed(error) from error
        self._has_undurable = False

    def close(self) -> None:
        """Make everything durable and give the account back; the second call does nothing.

        Where the last write fails its error is raised, after everything was let go.
        """
        if self._lock is None:
            return
        try:
            if not isinstance(self.failure, JournalBroken):
                self.sync()
        finally:
            self._connection.close()
            self._heads.close()
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _seal(self) -> None:
        """Make one entry of the market events that wait."""
        events = self._market
        if not events:
            return
        try:
            text = canonical.encode_ascii(batch.pack(events))
            self._take("market", max(map(_TS, events)), "", "", text)
        except (ValueError, TypeError, EntryRefused) as error:
            # The events were used already, so the log can no longer say what was decided on: nothing may follow.
            self.failure = JournalBroken(storage.journal_write_failed(Span.of_file(str(self.path)), str(error)))
            raise self.failure from error
        self._market = []

    def _take(self, kind: str, ts_ns: int, key: str, decision: str, text: bytes) -> None:
        """Link an entry to the chain and buffer it."""
        if len(text) > BODY_BYTES_MAX:
            raise refuse_entry(kind, "", f"is longer than {BODY_BYTES_MAX} bytes")
        seq, before = self._seq + 1, self._hash
        try:
            hash_ = link(before, seq, ts_ns, self._event_no, kind.encode(), key.encode(), decision.encode(), text)
        except (struct.error, AttributeError, UnicodeEncodeError) as error:
            raise refuse_entry(kind, "time or key", f"is not usable: {error}") from error
        stored = store(text)
        self._pending.append((seq, ts_ns, self._event_no, kind, key, decision, stored, before, hash_))
        self._pending_bytes += len(stored)
        self._seq, self._hash = seq, hash_

    def _make_room(self) -> None:
        """Write the buffer where it is full; an error here means that the entry to come was not taken."""
        if len(self._pending) >= self._entries_max or self._pending_bytes >= BYTES_PENDING_MAX:
            self.flush()

    def _require_unbroken(self) -> None:
        if isinstance(self.failure, JournalBroken):
            raise self.failure

    def _commit(self, level: str) -> None:
        """Write the buffered rows and the inner head in one transaction."""
        head = self._head(self._turn + 1)
        try:
            if level != self._level:
                self._connection.execute(f"PRAGMA synchronous={level}")
                self._level = level
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, self._pending)
            self._connection.execute("INSERT OR REPLACE INTO head VALUES (?, ?)", (head.turn % 2, head.pack()))
            self._connection.execute("COMMIT")
        except SQLITE_ERRORS as error:
            raise self._failed(error) from error
        self._turn = head.turn
        self._pending.clear()
        self._pending_bytes = 0
        self.failure = None

    def _head(self, turn: int | None = None) -> Head:
        return Head(self._identity.genesis, turn or self._turn, self._seq, self._event_no, self._hash)

    def _failed(self, error: Exception) -> JournalError:
        """Undo the transaction, remember the failure. After an error of the disk nothing is tried again."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except SQLITE_ERRORS as undo:
            error = undo
        failure = write_error(self.path, error)
        if not isinstance(failure, JournalUnwritable):
            failure = JournalBroken(failure.diagnostic)
        self.failure = failure
        return failure


_TS = itemgetter(1)
