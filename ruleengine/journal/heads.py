"""The head's copy outside of the database: two slots in a small file of fixed size, written in turn.

It is written after each durable commit and made durable itself, so it is never ahead of what the database promised.
SQLite drops a damaged WAL from the first bad frame on without a word, and the head inside of the database goes with it;
this copy stays and tells. The slots stand 4 KiB apart, so that one torn write leaves the other slot whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ruleengine.journal.chain import HEAD_LENGTH, Head

_SLOT_BYTES = 4096
_SLOTS = 2


class Slot(NamedTuple):
    """One slot: its head, or None where it has none, and then whether anything was ever written there."""

    head: Head | None
    is_written: bool


def read_slots(path: Path) -> list[Slot]:
    """Both slots; none where there is no file. OSErrors other than that pass."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    slots = [data[start : start + _SLOT_BYTES] for start in (0, _SLOT_BYTES)]
    return [Slot(Head.unpack(slot[:HEAD_LENGTH]), any(slot)) for slot in slots]


def newest(heads: Iterable[Head | None]) -> Head | None:
    """The copy of the latest turn among those that can be read."""
    return max((head for head in heads if head is not None), key=lambda head: head.turn, default=None)


class HeadFile:
    """Holds the file open for the writer. OSErrors pass; the writer translates them."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        if os.fstat(self._file).st_size < _SLOT_BYTES * _SLOTS:
            os.ftruncate(self._file, _SLOT_BYTES * _SLOTS)
            os.fsync(self._file)
        # The slot that does not hold the newest head comes first, whatever turns were written between.
        heads = [slot.head for slot in read_slots(path)]
        last = newest(heads)
        self._slot = 0 if last is None else 1 - heads.index(last)

    def write(self, head: Head) -> None:
        """Put the head into the older slot and wait until it is on the disk."""
        os.lseek(self._file, self._slot * _SLOT_BYTES, os.SEEK_SET)
        packed = head.pack()
        if os.write(self._file, packed) != len(packed):
            raise OSError("the head was written only in part")
        _make_durable(self._file)
        self._slot = 1 - self._slot

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


# The size of the file does not change, so its data are all that has to reach the disk where the system can say so.
_make_durable = getattr(os, "fdatasync", os.fsync)


def sync_folder(folder: Path) -> None:
    """Make names of new files durable, on systems where a folder can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
