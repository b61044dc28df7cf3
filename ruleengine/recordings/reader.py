"""Recordings for reading: lazily, in total order over instruments, kinds and recordings, with bounded memory.

1. The manifests say what there is; nothing else is read on opening.
2. The selection is cut into windows of time (`windows.py`).
3. A window is one query: the selected kinds' rows brought to common columns, ordered by (ts_available, rank of kind,
   instrument, recording, seq); rows of a recording that was made as the market came go first at one instant, as they
   came. Dates do not overlap, so windows one after the other are in order as well.
4. Windows are handed out in batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.batch import Batch
from ruleengine.recordings.digest import PartitionDigest, data_digest
from ruleengine.recordings.engine import EngineLimits, connect, quoted
from ruleengine.recordings.events import MarketOrSignal, events_of
from ruleengine.recordings.layout import KINDS
from ruleengine.recordings.manifest import Live, Manifest, read_manifest
from ruleengine.recordings.problem import RecordingProblem, whole_file
from ruleengine.recordings.windows import MINUTE_NS, StoredPartition, Window, weight_of, windows

BATCH_ROWS = 65_536
_EVENT_ROWS = 2_048
"""Rows that become Python's numbers at once for events: few enough that these lie in the processor's cache until they
are used, and are gone before the garbage collector walks through them."""
WINDOW_ROWS = 500_000
_DIGEST_WEIGHT = 1_000_000

_NS_MIN, _NS_MAX = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Recording:
    """One or several recording folders, read as one."""

    folders: tuple[Path, ...]
    manifests: tuple[Manifest, ...]
    instruments: tuple[str, ...]
    """By code. Where two venues have the same kind of rows for one name, it is written `venue:instrument`."""
    kinds: tuple[str, ...]
    first_ns: int
    last_ns: int
    rows: int
    digest: str
    partitions: tuple[StoredPartition, ...]

    def batches(
        self,
        from_ns: int | None = None,
        to_ns: int | None = None,
        instruments: Iterable[str] | None = None,
        kinds: Iterable[str] | None = None,
        batch_rows: int = BATCH_ROWS,
        window_rows: int = WINDOW_ROWS,
        limits: EngineLimits | None = None,
    ) -> Iterator[Batch]:
        """Rows with from_ns ≤ ts_available < to_ns, in total order, of the named instruments and kinds (else all).

        `batch_rows`: rows of one batch at most; `window_rows`: rows read at once (memory). Neither changes what comes.
        """
        first = _NS_MIN if from_ns is None else from_ns
        stop = _NS_MAX if to_ns is None else to_ns
        chosen = self._chosen(first, stop, instruments, kinds)
        widest = max((len(KINDS[part.partition.kind].values) for part in chosen), default=0)
        with connect(self.folders, limits or EngineLimits()) as connection:
            reading = _Reading(connection, self, widest)
            for window in windows(chosen, first, stop, window_rows, reading.histogram):
                whole = reading.read(window)
                for start in range(0, len(whole), batch_rows):
                    yield whole.part(start, start + batch_rows)

    def events(
        self, from_ns: int | None = None, to_ns: int | None = None, instruments: Iterable[str] | None = None
    ) -> Iterator[MarketOrSignal]:
        """The same as the engine's events, one by one."""
        return chain.from_iterable(map(events_of, self.batches(from_ns, to_ns, instruments, batch_rows=_EVENT_ROWS)))

    @property
    def live(self) -> Live | None:
        """Of recordings that were made as the market came: when the first of them began, and its book."""
        found = [manifest.live for manifest in self.manifests if manifest.live is not None]
        return min(found, key=lambda live: live.from_ns, default=None)

    def name_of(self, part: StoredPartition) -> str:
        """An instrument's name among those of this recording."""
        venue, instrument = part.partition.venue, part.partition.instrument
        return instrument if instrument in self.instruments else f"{venue}:{instrument}"

    def verify(self, limits: EngineLimits | None = None) -> None:
        """Read every row and compare with the manifests' digests; a problem where one differs."""
        with connect(self.folders, limits or EngineLimits()) as connection:
            for part in self.partitions:
                version = self.manifests[part.recording].version
                if partition_digest(connection, part, version) != (part.partition.rows, part.partition.digest):
                    found = faults.recording_changed(whole_file(part.folder), f"rows of {part.partition.path} differ")
                    raise RecordingProblem(found)

    def _chosen(
        self, first: int, stop: int, instruments: Iterable[str] | None, kinds: Iterable[str] | None
    ) -> list[StoredPartition]:
        wanted_kinds = None if kinds is None else frozenset(kinds)
        wanted = None if instruments is None else frozenset(instruments)
        return [
            part
            for part in self.partitions
            if (wanted_kinds is None or part.partition.kind in wanted_kinds)
            and (wanted is None or self.name_of(part) in wanted)
            and part.partition.first_available_ns < stop
            and part.partition.last_available_ns >= first
        ]


def open_recording(paths: Path | str | Sequence[Path | str]) -> Recording:
    """Open recording folders as one; only their manifests are read. Order of the paths breaks ties between them."""
    given = [paths] if isinstance(paths, Path | str) else list(paths)
    folders = tuple(Path(path) for path in given)
    manifests = tuple(read_manifest(folder) for folder in folders)
    seen: dict[str, Path] = {}
    for folder, manifest in zip(folders, manifests, strict=True):
        if manifest.digest in seen:
            raise RecordingProblem(faults.recording_twice(whole_file(folder), str(seen[manifest.digest])))
        seen[manifest.digest] = folder
    partitions = tuple(
        StoredPartition(folder, number, part)
        for number, (folder, manifest) in enumerate(zip(folders, manifests, strict=True))
        for part in manifest.partitions
    )
    for part in partitions:
        missing = [file for file in part.files if not file.is_file()]
        if missing:
            raise RecordingProblem(faults.recording_changed(whole_file(missing[0]), "the file is missing"))
    single = manifests[0].digest if len(manifests) == 1 else None
    several = ((f"{number} {manifest.digest}", 0, "") for number, manifest in enumerate(manifests))
    return Recording(
        folders=folders,
        manifests=manifests,
        instruments=_instrument_names(partitions),
        kinds=tuple(sorted({part.partition.kind for part in partitions}, key=lambda kind: KINDS[kind].rank)),
        first_ns=min(part.partition.first_available_ns for part in partitions),
        last_ns=max(part.partition.last_available_ns for part in partitions),
        rows=sum(part.partition.rows for part in partitions),
        digest=single or data_digest(several),
        partitions=partitions,
    )


class _Reading:
    """One connection that reads windows of one recording."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, recording: Recording, widest: int) -> None:
        self._connection = connection
        self._recording = recording
        self._widest = widest

    def read(self, window: Window) -> Batch:
        """All rows of a window, in order."""
        groups = _by_source(window.partitions)
        kinds = {kind for _, kind in groups}
        has_text = any(KINDS[kind].text for kind in kinds)
        has_levels = any(KINDS[kind].levels for kind in kinds)
        selects = [self._select(key, parts, window, has_text, has_levels) for key, parts in groups.items()]
        rows = " UNION ALL ".join(selects)
        # One series is stored in its order; a sort would only cost time. That it is in order is checked below.
        is_single = (
            len({(part.recording, part.partition.kind, self._recording.name_of(part)) for part in window.partitions})
            == 1
        )
        if not is_single:
            rows = f"SELECT * FROM ({rows}) ORDER BY ts_available, place, place_of_instrument, recording, seq"
        try:
            found = self._connection.execute(rows).fetchnumpy()
        except duckdb.Error as failure:
            reason = str(failure).splitlines()[0]
            problem = faults.recording_changed(whole_file(window.partitions[0].folder), reason)
            raise RecordingProblem(problem) from failure
        batch = self._batch(found, has_text, has_levels)
        if is_single and (np.diff(batch.seq) < 0).any():
            order = np.argsort(batch.seq, kind="stable")
            batch = self._batch({name: array[order] for name, array in found.items()}, has_text, has_levels)
        return batch

    def histogram(self, parts: list[StoredPartition], first: int, stop: int) -> list[tuple[int, int]]:
        """Weight of rows by minute."""
        counts = " UNION ALL ".join(
            f"SELECT ts_available // {MINUTE_NS} AS minute, {weight_of(kind)} AS weight FROM {scan_sql(group)} "
            f"WHERE ts_available >= {first} AND ts_available < {stop}"
            for (_, kind), group in _by_source(parts).items()
        )
        rows = self._connection.execute(
            f"SELECT minute * {MINUTE_NS}, CAST(sum(weight) AS BIGINT) FROM ({counts}) GROUP BY minute ORDER BY minute"
        ).fetchall()
        return [(int(minute), int(weight)) for minute, weight in rows]

    def _select(
        self, key: tuple[int, str], parts: list[StoredPartition], window: Window, has_text: bool, has_levels: bool
    ) -> str:
        recording, name = key
        kind = KINDS[name]
        manifest = self._recording.manifests[recording]
        came_live = manifest.live is not None
        code = self._code_sql(parts)
        given = [value.sql if value.since <= manifest.version else "NULL" for value in kind.values]
        numbers = [f"coalesce(CAST({sql} AS DOUBLE), 'nan'::DOUBLE) AS v{n}" for n, sql in enumerate(given)]
        numbers += [f"'nan'::DOUBLE AS v{n}" for n in range(len(kind.values), self._widest)]
        columns = [
            "ts_available",
            "ts_event",
            "seq",
            "flags",
            f"{kind.rank}::UTINYINT AS kind_code",
            f"{code}::USMALLINT AS instrument_code",
            f"{0 if came_live else kind.rank + 1} AS place",
            f"{0 if came_live else code} AS place_of_instrument",
            f"{recording} AS recording",
            *numbers,
        ]
        if has_text:
            columns.append(f"{kind.text or 'NULL::VARCHAR'} AS texts")
        if has_levels:
            columns.append(f"{kind.levels or 'NULL::DOUBLE[][]'} AS levels")
        bounds = f"ts_available >= {max(window.first_ns, self._begin_of(manifest))} AND ts_available < {window.stop_ns}"
        return f"SELECT {', '.join(columns)} FROM {scan_sql(parts)} WHERE {bounds}"

    def _begin_of(self, manifest: Manifest) -> int:
        """Of several recordings that came live, the past that a later one fetched is no event of the time before it."""
        first = self._recording.live
        if manifest.live is None or first is None or manifest.live.from_ns == first.from_ns:
            return _NS_MIN
        return manifest.live.from_ns

    def _code_sql(self, parts: list[StoredPartition]) -> str:
        codes = {
            part.partition.instrument: self._recording.instruments.index(self._recording.name_of(part))
            for part in parts
        }
        if len(codes) == 1:
            return str(next(iter(codes.values())))
        names = list(codes)
        listed = ", ".join(quoted(name) for name in names)
        numbers = ", ".join(str(codes[name]) for name in names)
        return f"([{numbers}])[list_position([{listed}], instrument)]"

    def _batch(self, found: dict[str, Any], has_text: bool, has_levels: bool) -> Batch:
        return Batch(
            instruments=self._recording.instruments,
            ts_available=_plain(found["ts_available"]),
            ts_event=_plain(found["ts_event"]),
            seq=_plain(found["seq"]),
            flags=_plain(found["flags"]),
            kind_code=_plain(found["kind_code"]),
            instrument_code=_plain(found["instrument_code"]),
            values=tuple(_plain(found[f"v{number}"]) for number in range(self._widest)),
            texts=_objects(found["texts"]) if has_text else None,
            levels=_objects(found["levels"]) if has_levels else None,
        )


def _by_source(parts: Iterable[StoredPartition]) -> dict[tuple[int, str], list[StoredPartition]]:
    """Partitions by recording and kind: what one scan reads. A recording has one venue."""
    groups: dict[tuple[int, str], list[StoredPartition]] = {}
    for part in parts:
        groups.setdefault((part.recording, part.partition.kind), []).append(part)
    return groups


def scan_sql(parts: Iterable[StoredPartition]) -> str:
    """The rows of partitions' files as an SQL source, with their folders' names as columns."""
    files = ", ".join(quoted(file.resolve()) for part in parts for file in part.files)
    # Types of the folder names are stated: 005930 is a name, not the number 5930.
    types = "{'venue': 'VARCHAR', 'instrument': 'VARCHAR', 'kind': 'VARCHAR', 'date': 'VARCHAR'}"
    return f"read_parquet([{files}], hive_partitioning = true, hive_types = {types})"


def _instrument_names(partitions: Iterable[StoredPartition]) -> tuple[str, ...]:
    """Plain names, so that one venue's signals meet another's prices; but prices of two venues are not mixed."""
    venues: dict[tuple[str, str], set[str]] = {}
    for part in partitions:
        venues.setdefault((part.partition.instrument, part.partition.kind), set()).add(part.partition.venue)
    clashing = {instrument for (instrument, _), found in venues.items() if len(found) > 1}
    names = {
        f"{part.partition.venue}:{name}" if (name := part.partition.instrument) in clashing else name
        for part in partitions
    }
    return tuple(sorted(names))


def partition_digest(connection: duckdb.DuckDBPyConnection, part: StoredPartition, version: int) -> tuple[int, str]:
    """Rows and digest of a partition's files, which are of a format; so many rows at a time."""
    kind = KINDS[part.partition.kind]
    columns = ", ".join(column.name for column in kind.columns_of(version))
    digest = PartitionDigest(kind)
    rows = scan_sql([part])
    try:
        numbers = connection.execute(f"SELECT seq FROM {rows} ORDER BY seq").fetchnumpy()["seq"]
        step = max(_DIGEST_WEIGHT // weight_of(kind.name), 1)
        for first, stop in pairwise([*numbers[::step].tolist(), _NS_MAX]):
            digest.update(
                connection.execute(
                    f"SELECT {columns} FROM {rows} WHERE seq >= {first} AND seq < {stop} ORDER BY ts_available, seq"
                ).fetchnumpy()
            )
    except duckdb.Error as failure:
        reason = str(failure).splitlines()[0]
        raise RecordingProblem(faults.recording_changed(whole_file(part.files[0]), reason)) from failure
    return digest.rows, digest.hexdigest()


def _plain(array: Any) -> Any:
    return np.ma.getdata(array)


def _objects(array: Any) -> Any:
    return np.array(np.ma.getdata(array), dtype=object) if array.dtype != object else np.ma.getdata(array)
