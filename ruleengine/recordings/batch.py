"""Rows in total order, as columns: what a reader hands out, made for a tight loop.

All kinds share the columns `ts_available`, `ts_event`, `seq`, `flags`, `kind_code`, `instrument_code` and the
numbers `values[0] … values[n-1]`, whose meaning depends on the row's kind (`layout.KINDS[kind].value_names`). So rows
of several instruments and kinds stay in one batch, in order, and a loop needs no lookup but two small codes:

    for batch in recording.batches():
        for ts, kind, flags, bid, ask in batch.rows("ts_available", "kind_code", "flags", 0, 1):
            ...
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ruleengine.recordings.defects import UNSOUND_MASK
from ruleengine.recordings.layout import KINDS, Kind

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

KIND_NAMES: tuple[str, ...] = tuple(kind.name for kind in sorted(KINDS.values(), key=lambda kind: kind.rank))
"""Kind by code; the code is the rank."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of a recording.

    Shapes   every array (rows,); `values` as many arrays as the widest selected kind has numbers.
    Units    times in UTC ns; values as the layout says; NaN where the source says nothing.
    `texts`  payloads of signals, sources of references, None on other rows.
    `levels` of books [bid prices, bid sizes, ask prices, ask sizes]. Both None where no selected kind has them.
    """

    instruments: tuple[str, ...]
    ts_available: Integers
    ts_event: Integers
    seq: Integers
    flags: NDArray[np.uint32]
    kind_code: NDArray[np.uint8]
    instrument_code: NDArray[np.uint16]
    values: tuple[Floats, ...]
    texts: NDArray[np.object_] | None
    levels: NDArray[np.object_] | None

    def __len__(self) -> int:
        return len(self.ts_available)

    @property
    def is_unsound(self) -> NDArray[np.bool_]:
        """Whether each row makes features unknown."""
        marked: NDArray[np.bool_] = (self.flags & UNSOUND_MASK) != 0
        return marked

    @property
    def only_kind(self) -> Kind | None:
        """The kind of all rows, or None where there are several (or no rows)."""
        if not len(self) or (self.kind_code != self.kind_code[0]).any():
            return None
        return KINDS[KIND_NAMES[self.kind_code[0]]]

    def column(self, name: str) -> Floats:
        """A number by its name, where all rows are of one kind."""
        kind = self.only_kind
        if kind is None:
            raise KeyError(f"{name}: the batch holds rows of several kinds")
        return self.values[kind.value_names.index(name)]

    def lists(self, *columns: str | int) -> tuple[list[Any], ...]:
        """Columns as Python lists (looping over arrays is several times slower). Numbers name `values`."""
        return tuple(self._array(column).tolist() for column in columns)

    def rows(self, *columns: str | int) -> Iterator[tuple[Any, ...]]:
        """Tuples of the named columns, row by row."""
        return zip(*self.lists(*columns), strict=True)

    def runs(self) -> Iterator[tuple[int, int, str, str]]:
        """Stretches of one kind and instrument: (start, stop, kind, instrument)."""
        if not len(self):
            return
        both = self.kind_code.astype(np.int64) << 16 | self.instrument_code
        starts = [0, *(np.flatnonzero(np.diff(both)) + 1).tolist(), len(self)]
        for start, stop in pairwise(starts):
            instrument = self.instruments[self.instrument_code[start]]
            yield start, stop, KIND_NAMES[self.kind_code[start]], instrument

    def part(self, start: int, stop: int) -> Batch:
        """Rows from `start` up to, not including, `stop`; nothing is copied."""
        return Batch(
            self.instruments,
            self.ts_available[start:stop],
            self.ts_event[start:stop],
            self.seq[start:stop],
            self.flags[start:stop],
            self.kind_code[start:stop],
            self.instrument_code[start:stop],
            tuple(value[start:stop] for value in self.values),
            None if self.texts is None else self.texts[start:stop],
            None if self.levels is None else self.levels[start:stop],
        )

    def _array(self, column: str | int) -> NDArray[Any]:
        if isinstance(column, int):
            return self.values[column]
        found: NDArray[Any] = getattr(self, column)
        return found
