"""Rows as they come, on disk before anything is made of them: append-only segments of checked lines.

    spool/head.json       what is recorded (`recorder.py` says it)
    spool/lock            held by the process that records or finishes
    spool/000001.lines    `<crc32 of the rest> <JSON>` a line; the first says where the segment begins

What was synced is there after a crash; a line that is torn or changed fails its sum and is passed over, and the
numbers of the rows tell that one is missing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

SPOOL_NAME = "spool"
_SUFFIX = ".lines"
_HELD_BYTES = 1 << 16
"""Lines are handed to the system together from this size on, and at every sync."""


class Spooled(NamedTuple):
    """One row: number, times (UTC ns), kind, instrument, flags, and what the kind's own columns hold."""

    seq: int
    ts: int
    ts_event: int
    kind: str
    instrument: str
    flags: int
    values: tuple[Any, ...]


class Beginning(NamedTuple):
    """Where a segment goes on: number of its first row, and the time of the row before."""

    first_seq: int
    after_ns: int


class SegmentWriter:
    """Appends to one new segment. An OSError (a full disk) passes, and the segment takes nothing more."""

    def __init__(self, spool: Path, number: int, beginning: Beginning) -> None:
        self.path = spool / f"{number:06}{_SUFFIX}"
        self.number, self.bytes = number, 0
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        self._append(list(beginning))
        self.sync()
        sync_folder(spool)

    def append(self, row: Spooled) -> None:
        """Take a row; it is safe after the next `sync`."""
        self._append(list(row))
        if self._held_bytes >= _HELD_BYTES:
            self._write()

    def sync(self) -> None:
        """Everything taken is on disk when this returns."""
        self._write()
        os.fsync(self._handle)

    def close(self) -> None:
        """Sync, and let go of the file."""
        if self._handle < 0:
            return
        try:
            self.sync()
        finally:
            os.close(self._handle)
            self._handle = -1

    def _append(self, content: list[Any]) -> None:
        line = line_of(content)
        self._held.append(line)
        self._held_bytes += len(line)
        self.bytes += len(line)

    def _write(self) -> None:
        waiting = memoryview(b"".join(self._held))
        self._held.clear()
        self._held_bytes = 0
        while waiting:  # a nearly full disk takes a part
            waiting = waiting[os.write(self._handle, waiting) :]


def line_of(content: list[Any]) -> bytes:
    """
    >>> line_of([0, 5])
    b'ff76a11d [0,5]\\n'
    """
    text = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x %b\n" % (crc32(text), text)


def segments(spool: Path) -> list[Path]:
    """The segments of a spool, oldest first."""
    return sorted(spool.glob(f"*{_SUFFIX}"))


def number_of(segment: Path) -> int:
    return int(segment.stem)


def beginning_of(segment: Path) -> Beginning | None:
    """Where a segment begins; None where not even its first line was finished."""
    first = next(_sound_lines(segment), None)
    return None if first is None or len(first) != len(Beginning._fields) else Beginning(*first)


def rows_of(segment: Path) -> Iterator[Spooled]:
    """The rows of a segment that are whole, in order."""
    for content in _sound_lines(segment):
        if len(content) == len(Spooled._fields):
            yield Spooled(*content)


def end_of(segment: Path) -> Beginning:
    """Where the segment after this one goes on."""
    found = beginning_of(segment) or Beginning(0, 0)
    for row in rows_of(segment):
        found = Beginning(row.seq + 1, row.ts)
    return found


def sync_folder(folder: Path) -> None:
    """Make names of files in a folder durable, on systems where a folder can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sound_lines(segment: Path) -> Iterator[list[Any]]:
    with segment.open("rb") as lines:
        for line in lines:
            content = _content(line)
            if content is not None:
                yield content


def _content(line: bytes) -> list[Any] | None:
    """What a line says; None where it is not what was written."""
    if line[8:9] != b" " or not line.endswith(b"\n"):
        return None
    text = line[9:-1]
    if line[:8] != b"%08x" % crc32(text):
        return None
    content: list[Any] = json.loads(text)
    return content
