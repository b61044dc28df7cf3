"""A digest of rows that does not depend on Parquet's encoding, on files, or on how many rows are read at once.

Of a partition (one venue, instrument, kind and date), rows in total order:

    column digest     SHA-256 of the values one after the other: integers and floats as 8 bytes little-endian (null 0,
                      −0.0 as 0.0), texts and lists with their length before them (8 bytes); then SHA-256 over that
                      digest and the digest of one byte a row, 1 where there is a value
    partition digest  SHA-256 of `name NUL type NUL digest` of every column in the layout's order; one that a later
                      format brought is left out where no row has a value: the same rows have the same digest in both
    data digest       SHA-256 of the lines `path rows digest`, paths sorted
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ruleengine.recordings.layout import Column, Kind

Array = NDArray[Any]


class PartitionDigest:
    """Takes a partition's rows in order, in chunks of any size."""

    def __init__(self, kind: Kind) -> None:
        self._columns = kind.columns
        self._values = [hashlib.sha256() for _ in self._columns]
        self._present = [hashlib.sha256() for _ in self._columns]
        self._counts = [column.since == 1 for column in self._columns]
        self.rows = 0

    def update(self, chunk: Mapping[str, Array]) -> None:
        """More rows: one array a column, masked where there are nulls. Columns of a later format may be missing."""
        rows = len(chunk["ts_event"])
        for place, column in enumerate(self._columns):
            values, present = self._values[place], self._present[place]
            array = chunk[column.name] if column.name in chunk or column.since == 1 else _nothing(rows)
            held = _present_of(array)
            self._counts[place] |= bool(held.any())
            values.update(_bytes_of(column, array, held))
            present.update(held.astype(np.uint8).tobytes())
        self.rows += rows

    def hexdigest(self) -> str:
        """The digest of the rows so far."""
        whole = hashlib.sha256()
        for column, values, present, counts in zip(
            self._columns, self._values, self._present, self._counts, strict=True
        ):
            if not counts:
                continue
            both = hashlib.sha256(values.digest() + present.digest()).digest()
            whole.update(f"{column.name}\0{column.type}\0".encode() + both)
        return whole.hexdigest()


def data_digest(partitions: Iterable[tuple[str, int, str]]) -> str:
    """The digest of a whole recording from its partitions' path, rows and digest."""
    lines = sorted(f"{path} {rows} {digest}\n" for path, rows, digest in partitions)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _nothing(rows: int) -> Array:
    return np.ma.array(np.zeros(rows), mask=np.ones(rows, dtype=np.bool_))


def _present_of(array: Array) -> NDArray[np.bool_]:
    mask = np.ma.getmaskarray(array)
    if array.dtype != object:
        return ~mask
    return np.array([value is not None for value in np.ma.getdata(array)], dtype=np.bool_) & ~mask


def _bytes_of(column: Column, array: Array, present: NDArray[np.bool_]) -> bytes:
    data = np.ma.getdata(array)
    if column.type in ("BIGINT", "UINTEGER"):
        return np.where(present, data, 0).astype("<i8").tobytes()
    if column.type == "DOUBLE":
        numbers = np.where(present, data, 0.0).astype("<f8") + 0.0
        return np.where(np.isnan(numbers), np.nan, numbers).tobytes()
    if column.type == "DOUBLE[]":
        return b"".join(_list_bytes(value) for value in data)
    return b"".join(_text_bytes(value if held else None) for value, held in zip(data, present, strict=True))


def _list_bytes(value: Sequence[float] | None) -> bytes:
    numbers = np.asarray(() if value is None else value, dtype="<f8") + 0.0
    return struct.pack("<q", len(numbers)) + numbers.tobytes()


def _text_bytes(value: str | None) -> bytes:
    encoded = (value or "").encode()
    return struct.pack("<q", len(encoded)) + encoded
