"""The one writer of an account's journal.

1. `append` makes the canonical bytes of an entry, links it to the chain and puts it into a bounded buffer.
2. `append_market` puts a tuple into a list; full lists become one `market` entry (`_seal`), as they do before any other
   entry, so that the order of entries is the order of everything that happened.
3. `flush` commits what is buffered: other processes see it, a power cut may still lose it.
4. `sync` commits and waits for the disk, then writes the outer head. It is called before an order leaves.
5. Where the database can't be written, a writer with a reserve makes entries durable there, with them what was
   flushed and may not have reached the disk, and tries the database again once time has passed; `failure` says why
   meanwhile. The first commit that succeeds has all of them, in order; a writer that ends before leaves them to the
   next one. After an error of the disk the database is left alone.

Without a reserve, or with one that is used up: an entry that cannot be taken raises and is not in the journal; one that
was taken stays buffered until it is written. When the buffer is full and cannot be written, the next entry is refused:
memory stays bounded, nothing is dropped. Every time in the journal comes with its entry. It belongs to one thread.
"""

from __future__ import annotations

import contextlib
import struct
import time  # determinism: when a failed write is tried again; nothing is decided or recorded by it
from collections.abc import Callable
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
BYTES_UNDURABLE_MAX = 4 * 1024 * 1024
"""Once so much was flushed and not waited for, the next commit waits."""
TRIED_AGAIN_NS = 5_000_000_000
"""After so much time a database that could not be written is tried again: a locked one makes a commit wait."""

_REQUIRED = {name: kind.required for name, kind in KIND_BY_NAME.items()}


class JournalWriter:
    """Appends to a journal, creating it where there is none. Use it as a context manager, or `close` it.

    `origin` names the run that begins a new file (it tells two journals of one account apart, and is ignored for an
    existing one). `holder` is what a second engine gets to read about this one. An existing file is verified before
    anything is added: all of it, or with `is_quick` its last thousand rows, all since the last state, and its heads.
    `has_reserve`: keep room for the time when the database can't be written. `clock_ns`, which never goes back, tells
    when that is tried again.

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
        has_reserve: bool = False,
        events_a_batch: int = EVENTS_A_BATCH,
        entries_pending_max: int = ENTRIES_PENDING_MAX,
        clock_ns: Callable[[], int] = time.monotonic_ns,
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
        self._undurable: list[tuple[Any, ...]] = []
        """Rows that the database took and nobody waited for, where there is a reserve."""
        self._undurable_bytes = 0
        self._check_event = batch.EventCheck()
        identity = file.Identity(account, origin)
        opened = open_journal(path, identity, holder, is_quick=is_quick, has_reserve=has_reserve)
        self._lock: Lock | None = opened.lock
        self._heads, self._connection, self._identity, head = (
            opened.heads,
            opened.connection,
            opened.identity,
            opened.head,
        )
        self._level = "FULL"
        self._turn, self._seq, self._event_no, self._hash = head.turn, head.seq, head.event_no, head.hash
        self._ended_by: JournalBroken | None = None
        """What nothing more is taken after."""
        self._reserve = opened.reserve
        if self._reserve is not None:
            file.wait_briefly(self._connection)
        self._reserved = 0
        """So many of those that are buffered are in the reserve already."""
        self._clock_ns, self._again_ns = clock_ns, 0
        """By its clock, from when on a database that could not be written is tried again."""

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
            self._write("NORMAL")

    def sync(self) -> None:
        """Commit what is buffered and return when all of it is on the disk."""
        self._require_unbroken()
        self._seal()
        if not self._pending and not self._has_undurable:
            return
        self._has_undurable = True  # until the outer head stands, whatever fails on the way
        self._write("FULL")
        if self.failure is not None:
            return  # they are durable in the reserve
        try:
            self._heads.write(self._head())
        except OSError as error:
            failure = self._failed(error)
            if self._reserve is None:
                raise failure from error
            return  # the database has them; what is in doubt is the disk
        self._has_undurable = False

    def close(self) -> None:
        """Make everything durable and give the account back; the second call does nothing.

        Where the last write fails its error is raised, after everything was let go.
        """
        if self._lock is None:
            return
        try:
            if self._ended_by is None:
                self._again_ns = self._clock_ns()
                self.sync()
        finally:
            self._connection.close()
            self._heads.close()
            if self._reserve is not None:
                self._reserve.close()
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
            self._ended_by = self.failure
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
        if self._is_buffer_full():
            self.flush()

    def _is_buffer_full(self) -> bool:
        """What the reserve has is no longer waiting."""
        return len(self._pending) - self._reserved >= self._entries_max or self._pending_bytes >= BYTES_PENDING_MAX

    def _require_unbroken(self) -> None:
        if self._ended_by is not None:
            raise self._ended_by

    def _write(self, level: str) -> None:
        """Commit what is buffered. Where that fails it goes into the reserve, if it has to be durable or the buffer is
        full."""
        if self._may_commit():
            try:
                self._commit("FULL" if self._has_to_wait() else level)
            except JournalUnwritable:
                if self._reserve is None:
                    raise
            else:
                return
        if level == "FULL" or self._is_buffer_full():
            self._put_aside()

    def _has_to_wait(self) -> bool:
        """Behind a commit that waited the reserve is cleared, and nothing is left to lose."""
        is_used = self._reserve is not None and self._reserve.is_used
        return is_used or self._undurable_bytes >= BYTES_UNDURABLE_MAX

    def _may_commit(self) -> bool:
        if self.failure is None or self._reserve is None:
            return True
        return not isinstance(self.failure, JournalBroken) and self._clock_ns() >= self._again_ns

    def _put_aside(self) -> None:
        """Into the reserve with what it has not yet, behind what the database took and nobody waited for. The next
        start passes over what the database has."""
        assert self._reserve is not None
        assert self.failure is not None
        rows = [*self._undurable, *self._pending[self._reserved :]]
        if not rows:
            return
        try:
            self._reserve.put(rows)
        except OSError as error:
            raise self.failure from error
        self._reserved, self._pending_bytes = len(self._pending), 0
        self._undurable.clear()
        self._undurable_bytes = 0

    def _commit(self, level: str) -> None:
        """Write the buffered rows and the inner head in one transaction."""
        head = self._head(self._turn + 1)
        try:
            if level != self._level:
                self._connection.execute(f"PRAGMA synchronous={level}")
                self._level = level
            file.commit(self._connection, self._pending, head)
        except SQLITE_ERRORS as error:
            raise self._failed(error) from error
        self._turn = head.turn
        if level == "FULL":
            self._undurable.clear()
            self._undurable_bytes = 0
        elif self._reserve is not None:
            self._undurable += self._pending
            self._undurable_bytes += self._pending_bytes
        self._pending.clear()
        self._pending_bytes = 0
        self.failure = None
        self._reserved = 0
        if self._reserve is not None and self._reserve.is_used:
            with contextlib.suppress(OSError):  # what stays there is known by its numbers, and passed over
                self._reserve.clear()

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
        if isinstance(failure, JournalBroken) and self._reserve is None:
            self._ended_by = failure
        self.failure, self._again_ns = failure, self._clock_ns() + TRIED_AGAIN_NS
        return failure


_TS = itemgetter(1)
