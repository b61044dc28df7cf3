"""How much of a recording is read at once: whole dates together while they are short, parts of a date where it is long.

So memory holds one window: at most the stated weight of rows, or, where one minute alone is heavier, that minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ruleengine.recordings.manifest import Partition

_WEIGHT = {"book": 40, "signal": 5}
"""Rows of quotes that one row of a kind stands for in memory; 1 where not named."""


@dataclass(frozen=True, slots=True)
class StoredPartition:
    """A partition with the recording that it is in: its folder and its place among those opened together."""

    folder: Path
    recording: int
    partition: Partition

    @property
    def files(self) -> list[Path]:
        """Its Parquet files."""
        return [self.folder / self.partition.path / name for name in self.partition.files]

    @property
    def weight(self) -> int:
        """Its rows, weighed by kind."""
        return self.partition.rows * _WEIGHT.get(self.partition.kind, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """Partitions and the time of them that is read: from `first_ns` up to, not including, `stop_ns`."""

    partitions: tuple[StoredPartition, ...]
    first_ns: int
    stop_ns: int


Histogram = Callable[[list[StoredPartition], int, int], list[tuple[int, int]]]
"""Rows by minute of some partitions between two times: (start of the minute in ns, weight), in order."""

MINUTE_NS = 60_000_000_000


def windows(
    partitions: list[StoredPartition], first_ns: int, stop_ns: int, weight_max: int, histogram: Histogram
) -> Iterator[Window]:
    """The windows of a selection, in order of time; together they cover every row once."""
    held: list[StoredPartition] = []
    weight = 0
    by_date = sorted(partitions, key=lambda part: part.partition.date)
    for _, group in groupby(by_date, key=lambda part: part.partition.date):
        day = list(group)
        day_weight = sum(part.weight for part in day)
        if held and weight + day_weight > weight_max:
            yield Window(tuple(held), first_ns, stop_ns)
            held, weight = [], 0
        if day_weight > weight_max:
            yield from _split(day, first_ns, stop_ns, weight_max, histogram)
        else:
            held += day
            weight += day_weight
    if held:
        yield Window(tuple(held), first_ns, stop_ns)


def _split(
    day: list[StoredPartition], first_ns: int, stop_ns: int, weight_max: int, histogram: Histogram
) -> Iterator[Window]:
    """One heavy date, cut at minutes."""
    start, weight = first_ns, 0
    for minute, minute_weight in histogram(day, first_ns, stop_ns):
        if weight and weight + minute_weight > weight_max:
            cut = max(minute, first_ns)
            yield Window(tuple(day), start, cut)
            start, weight = cut, 0
        weight += minute_weight
    yield Window(tuple(day), start, stop_ns)


def weight_of(kind: str) -> int:
    """Weight of one row of a kind."""
    return _WEIGHT.get(kind, 1)
