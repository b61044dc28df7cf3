"""What holds the rows together: each row's hash covers the one before, and the head says where the chain ends.

A row's hash is SHA-256 over the hash before it, its number, time, event number, kind, key, decision and canonical body,
each with its length, so that no two rows have the same bytes. The first row follows the *genesis*, which is made of the
account and the origin of the file; so rows of another account do not fit anywhere. The chain finds damage and mix-ups.
It is no signature: whoever can rewrite the file can make a new chain, unless a head is also kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from ruleengine.journal.layout import LAYOUT_VERSION

HASH_LENGTH = 32

_FRAME = struct.Struct(">32sQqQIII")
_HEAD = struct.Struct(">8s32sQQQ32s")
_HEAD_MAGIC = b"REhead\x00\x01"
_CHECKSUM_LENGTH = 16
HEAD_LENGTH = _HEAD.size + _CHECKSUM_LENGTH

COMPRESS_FROM = 4096
"""Bodies of this many bytes and more are stored compressed. The chain covers the canonical text, not the storage."""

BODY_BYTES_MAX = 32 * 1024 * 1024


class RowDamaged(Exception):
    """A stored row that does not hold together; for this package only, its users get `JournalDamaged`."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ended at a commit. `turn` counts commits and says which of two slots is the newer one."""

    genesis: bytes
    turn: int
    seq: int
    event_no: int
    hash: bytes

    def pack(self) -> bytes:
        """The head's bytes with their checksum."""
        plain = _HEAD.pack(_HEAD_MAGIC, self.genesis, self.turn, self.seq, self.event_no, self.hash)
        return plain + hashlib.sha256(plain).digest()[:_CHECKSUM_LENGTH]

    @classmethod
    def unpack(cls, data: bytes) -> Head | None:
        """The head in these bytes, or None where they fail their checksum."""
        plain, checksum = data[: _HEAD.size], data[_HEAD.size : HEAD_LENGTH]
        if len(data) < HEAD_LENGTH or hashlib.sha256(plain).digest()[:_CHECKSUM_LENGTH] != checksum:
            return None
        magic, genesis, turn, seq, event_no, hash_ = _HEAD.unpack(plain)
        return cls(genesis, turn, seq, event_no, hash_) if magic == _HEAD_MAGIC else None


def genesis(account: str, origin: str) -> bytes:
    """What the first row's hash follows."""
    said = json.dumps([LAYOUT_VERSION, account, origin], ensure_ascii=True)
    return hashlib.sha256(b"ruleengine journal " + said.encode()).digest()


def link(
    before: bytes, seq: int, ts_ns: int, event_no: int, kind: bytes, key: bytes, decision: bytes, body: bytes
) -> bytes:
    """The hash of a row that follows `before`. `struct.error` where a number is out of its range."""
    frame = _FRAME.pack(before, seq, ts_ns, event_no, len(kind), len(key), len(decision))
    return hashlib.sha256(b"".join((frame, kind, key, decision, body))).digest()


def store(body: bytes) -> str | bytes:
    """The form in which a canonical body is kept: text, which other tools can read, or compressed where it is long."""
    return body.decode() if len(body) < COMPRESS_FROM else zlib.compress(body, 1)


def restore(stored: object) -> bytes:
    """The canonical body of a stored one; `RowDamaged` where it is none."""
    if isinstance(stored, str):
        return stored.encode()
    if not isinstance(stored, bytes):
        raise RowDamaged("a body", f"a {type(stored).__name__}")
    unzip = zlib.decompressobj()
    try:
        body = unzip.decompress(stored, BODY_BYTES_MAX + 1)
    except zlib.error as error:
        raise RowDamaged("a compressed body", str(error)) from None
    if not unzip.eof or unzip.unused_data:
        raise RowDamaged("a whole compressed body", "another length")
    return body


def checked_body(row: tuple[Any, ...]) -> bytes:
    """The canonical body of a row as it stands in the table, once the row's own hash agrees.

    Row: `(seq, ts_ns, event_no, kind, key, decision, body, prev_hash, hash)`. Raises `RowDamaged`.
    """
    if len(row) != 9 or tuple(map(type, row[:6])) != _TYPES or type(row[7]) is not bytes or type(row[8]) is not bytes:
        raise RowDamaged("a row of the journal", "other types of values")
    seq, ts_ns, event_no, kind, key, decision, stored, before, hash_ = row
    body = restore(stored)
    try:
        found = link(before, seq, ts_ns, event_no, kind.encode(), key.encode(), decision.encode(), body)
    except (struct.error, UnicodeEncodeError) as error:
        raise RowDamaged("a row of the journal", str(error)) from None
    if found != hash_ or len(before) != HASH_LENGTH:
        raise RowDamaged(f"hash {hash_.hex()[:16]}…", f"{found.hex()[:16]}…")
    return body


_TYPES = (int, int, int, str, str, str)
