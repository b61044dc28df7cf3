"""Reading a journal while an engine writes it, or after.

Rows come in blocks, each from a short read of its own, so a slow reader neither holds up the writer nor keeps its WAL
from being given back. Every row is checked against its own hash before it is handed out; whether the whole file still
says what was written is `verify`'s question.

A journal is a recording too: `replay` gives its inputs one by one, in the order in which they were captured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import storage
from ruleengine.journal import batch, canonical, file
from ruleengine.journal.chain import RowDamaged, checked_body
from ruleengine.journal.errors import JournalDamaged, reading
from ruleengine.journal.layout import KINDS

_ROWS_AT_ONCE = 256

_INPUTS = tuple(kind.name for kind in KINDS if kind.is_input)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry. `event_no` is the number of the last input event captured up to and with this entry."""

    seq: int
    ts_ns: int
    event_no: int
    kind: str
    key: str
    decision: str
    body: dict[str, Any]
    hash: bytes


@dataclass(frozen=True, slots=True)
class InputEvent:
    """One input as it was captured. `payload` is the tuple of a market event, the body of any other one.

    `type` is the market event's shape, or the body's `type`; `seq` the entry it stands in.
    """

    event_no: int
    seq: int
    ts_ns: int
    type: str
    is_market: bool
    payload: batch.MarketEvent | dict[str, Any]


class JournalReader:
    """Opens a journal read-only; use it as a context manager, or `close` it. It belongs to one thread.

    Raises a `JournalUnreadable`, also from every iteration, where a row is not what was written.
    """

    def __init__(self, path: Path, account: str | None = None) -> None:
        self.path = path
        self._connection = file.connect_to_read(path)
        try:
            self.identity = file.read_identity(self._connection, path)
            file.require_account(self.identity, account, path)
        except BaseException:
            self._connection.close()
            raise

    @property
    def last_seq(self) -> int:
        """Number of the last entry now; 0 in an empty journal."""
        return int(self._one("SELECT coalesce(max(seq), 0) FROM log")[0])

    @property
    def version(self) -> int:
        """A number that changes when another process committed something; for followers, between two `tail`s."""
        return int(self._one("PRAGMA data_version")[0])

    def rows(
        self,
        *,
        kinds: Sequence[str] = (),
        key: str = "",
        decision: str = "",
        since_ns: int | None = None,
        until_ns: int | None = None,
        from_seq: int = 1,
        to_seq: int | None = None,
        is_reversed: bool = False,
    ) -> Iterator[Row]:
        """Entries that meet all conditions, in order of number; rows that are written meanwhile come too.

        `until_ns` is exclusive, the other bounds are inclusive. The time of a market batch is its last event's. With
        a time given, only rows that are there at the start come.
        """
        conditions, values = _conditions(kinds, key, decision, since_ns, until_ns)
        order = "DESC" if is_reversed else "ASC"
        select = f"{_SELECT}{conditions} ORDER BY seq {order} LIMIT {_ROWS_AT_ONCE}"
        first, last = self._within(from_seq, _SEQ_MAX if to_seq is None else to_seq, since_ns, until_ns)
        while True:
            with reading(self.path):
                block = self._connection.execute(select, (first, last, *values)).fetchall()
            for row in block:
                yield self._row(row)
            if len(block) < _ROWS_AT_ONCE:
                return
            first, last = (first, block[-1][0] - 1) if is_reversed else (block[-1][0] + 1, last)

    def tail(self, from_seq: int) -> Iterator[Row]:
        """All entries from a number on. It ends at the present end: a follower asks again from the next number."""
        return self.rows(from_seq=from_seq)

    def decision(self, decision: str) -> list[Row]:
        """Everything that belongs to a decision: its check, intents, refusals, order steps and fills."""
        return list(self.rows(decision=decision)) if decision else []

    def order(self, order: str) -> list[Row]:
        """The life of an order: its steps and fills."""
        return list(self.rows(kinds=("order", "fill"), key=order)) if order else []

    def orders(self) -> Iterator[tuple[str, Row]]:
        """The last step of each order with the order's id, in order of first appearance."""
        steps: dict[str, int] = {}
        with reading(self.path):
            found = self._connection.execute("SELECT key, max(seq) FROM log WHERE kind = 'order' GROUP BY key")
            steps.update(found.fetchall())
            firsts = self._connection.execute(
                "SELECT key FROM log WHERE kind = 'order' GROUP BY key ORDER BY min(seq)"
            ).fetchall()
        for (key,) in firsts:
            yield from ((key, row) for row in self.rows(from_seq=steps[key], to_seq=steps[key]))

    def latest_snapshot(self, before_seq: int | None = None) -> Row | None:
        """The last snapshot, or the last one before an entry; None where there is none."""
        to_seq = None if before_seq is None else before_seq - 1
        return next(self.rows(kinds=("snapshot",), to_seq=to_seq, is_reversed=True), None)

    def replay(
        self, *, after_event: int = 0, since_ns: int | None = None, until_ns: int | None = None
    ) -> Iterator[InputEvent]:
        """The inputs in the order of their capture, market batches taken apart.

        After a snapshot, go on with `after_event=snapshot.event_no`. Times bound the events, not the entries.
        """
        from_seq = self._seq_after_event(after_event) if after_event > 0 else 1
        for row in self.rows(kinds=_INPUTS, from_seq=from_seq, since_ns=since_ns):
            for event in _inputs(row):
                if event.event_no > after_event and _is_within(event.ts_ns, since_ns, until_ns):
                    yield event

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _within(self, first: int, last: int, since_ns: int | None, until_ns: int | None) -> tuple[int, int]:
        """The rows among which those of a time lie. Times need not ascend, so the index is asked for both ends."""
        if since_ns is None and until_ns is None:
            return first, last
        since, until = -_SEQ_MAX if since_ns is None else since_ns, _SEQ_MAX if until_ns is None else until_ns
        found = self._one("SELECT min(seq), max(seq) FROM log WHERE ts_ns >= ? AND ts_ns < ?", (since, until))
        return (1, 0) if found[0] is None else (max(first, found[0]), min(last, found[1]))

    def _seq_after_event(self, event_no: int) -> int:
        """The first row with a higher event number, by halving: they never go down. One past the end if none."""
        low, high = 1, self.last_seq + 1
        while low < high:
            middle = (low + high) // 2
            with reading(self.path):
                row = self._connection.execute("SELECT event_no FROM log WHERE seq = ?", (middle,)).fetchone()
            if row is None:
                raise self._damaged(middle, "a row", "none")
            low, high = (low, middle) if row[0] > event_no else (middle + 1, high)
        return low

    def _one(self, select: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        with reading(self.path):
            row: tuple[Any, ...] = self._connection.execute(select, values).fetchone()
        return row

    def _row(self, row: tuple[Any, ...]) -> Row:
        try:
            text = checked_body(row)
        except RowDamaged as damage:
            raise self._damaged(row[0], damage.expected, damage.found) from None
        seq, ts_ns, event_no, kind, key, decision = row[:6]
        return Row(seq, ts_ns, event_no, kind, key, decision, canonical.decode(text), row[8])

    def _damaged(self, seq: int, expected: str, found: str) -> JournalDamaged:
        span = Span.of_file(str(self.path))
        return JournalDamaged(storage.journal_damaged(span, f"row {seq}", expected, found))


_SEQ_MAX = 2**63 - 1
_SELECT = f"SELECT {file.COLUMNS} FROM log WHERE seq BETWEEN ? AND ?"  # noqa: S608 - a constant, no value in it


def _conditions(
    kinds: Sequence[str], key: str, decision: str, since_ns: int | None, until_ns: int | None
) -> tuple[str, list[Any]]:
    """The rest of a WHERE clause and its values. The partial indexes need their own condition spelled out.

    With several kinds the index on kind would give rows in another order and have them sorted anew for every block;
    the plus sign keeps SQLite from using it.
    """
    text, values = "", list[Any]()
    if kinds:
        text += f" AND {'+' if len(kinds) > 1 else ''}kind IN ({', '.join('?' * len(kinds))})"
        values += kinds
    if key:
        text += " AND key = ? AND key <> ''"
        values.append(key)
    if decision:
        text += " AND decision = ? AND decision <> ''"
        values.append(decision)
    if since_ns is not None:
        text += " AND ts_ns >= ?"
        values.append(since_ns)
    if until_ns is not None:
        text += " AND ts_ns < ?"
        values.append(until_ns)
    return text, values


def _inputs(row: Row) -> Iterator[InputEvent]:
    if row.kind != "market":
        yield InputEvent(row.event_no, row.seq, row.ts_ns, str(row.body["type"]), False, row.body)
        return
    first = row.event_no - int(row.body["count"]) + 1
    for number, event in enumerate(batch.unpack(row.body), first):
        yield InputEvent(number, row.seq, event[1], event[0], True, event)


def _is_within(ts_ns: int, since_ns: int | None, until_ns: int | None) -> bool:
    return (since_ns is None or ts_ns >= since_ns) and (until_ns is None or ts_ns < until_ns)
