"""Room on the disk that is kept for the time when the database can't be written.

A file of fixed size beside it, written whole when it is made. Rows that the database did not take go into it one behind
the other, each with its length and checksum, and are durable there; once the database takes them they are taken out
again (`clear`), by the same writer or by the next one. What does not hold together is the end: a record that a crash
cut off was promised to nobody.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

RESERVE_BYTES = 16 * 1024 * 1024
"""Tens of thousands of rows, a few hours of a quiet policy."""

Row = tuple[Any, ...]
"""`(seq, ts_ns, event_no, kind, key, decision, body, prev_hash, hash)`, as it stands in the table."""

_RECORD = struct.Struct(">II")
_END = bytes(_RECORD.size)
_CHUNK = bytes(1024 * 1024)


class Reserve:
    """OSErrors pass; the writer translates them. One of ENOSPC says that it is full."""

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            self._fill(size)
            self._size = os.fstat(self._file).st_size
            self._end = sum(_RECORD.size + length for _, length in self._records())
        except BaseException:
            self.close()
            raise

    def _fill(self, size: int) -> None:
        """Zeros up to its size: a hole would have no room of its own."""
        at = os.fstat(self._file).st_size
        while at < size:
            at += self._write(at, _CHUNK[: size - at])
        os.fsync(self._file)

    def put(self, rows: Sequence[Row]) -> None:
        """Behind what is there, all or none; returns when they are on the disk."""
        data = b"".join(map(_packed, rows))
        if self._end + len(data) + len(_END) > self._size:
            raise OSError(errno.ENOSPC, "the reserve is used up")
        if self._write(self._end, data + _END) != len(data) + len(_END):
            raise OSError(errno.ENOSPC, "the reserve took only a part")
        os.fsync(self._file)
        self._end += len(data)

    @property
    def is_used(self) -> bool:
        return self._end > 0

    def rows(self) -> list[Row]:
        """What it holds, in order."""
        return [row for row, _ in self._records()]

    def clear(self) -> None:
        """Its rows are durable elsewhere. Whatever fails here, the next ones stand at its beginning: behind an end that
        may be on the disk already they would not be found."""
        self._end = 0
        self._write(0, _END)
        os.fsync(self._file)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, at: int, data: bytes) -> int:
        os.lseek(self._file, at, os.SEEK_SET)
        return os.write(self._file, data)

    def _read(self, at: int, length: int) -> bytes:
        os.lseek(self._file, at, os.SEEK_SET)
        return os.read(self._file, length)

    def _records(self) -> Iterator[tuple[Row, int]]:
        """Each row with the length of its record."""
        at, size = 0, os.fstat(self._file).st_size
        while at + _RECORD.size <= size:
            length, checksum = _RECORD.unpack(self._read(at, _RECORD.size))
            if not 0 < length <= size - at - _RECORD.size:
                return
            data = self._read(at + _RECORD.size, length)
            if zlib.crc32(data) != checksum:
                return
            yield _unpacked(data), length
            at += _RECORD.size + length


def _packed(row: Row) -> bytes:
    seq, ts_ns, event_no, kind, key, decision, body, before, hash_ = row
    is_text = isinstance(body, str)
    held = body if is_text else base64.b64encode(body).decode()
    plain = [seq, ts_ns, event_no, kind, key, decision, is_text, held, before.hex(), hash_.hex()]
    data = json.dumps(plain, ensure_ascii=False).encode()
    return _RECORD.pack(len(data), zlib.crc32(data)) + data


def _unpacked(data: bytes) -> Row:
    *head, is_text, held, before, hash_ = json.loads(data)
    body = held if is_text else base64.b64decode(held)
    return (*head, body, bytes.fromhex(before), bytes.fromhex(hash_))
