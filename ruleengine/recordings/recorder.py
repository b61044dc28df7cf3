"""A recording made as the market comes.

1. `Recorder` gives every event its number and an availability that never goes back, and spools it (`spool.py`).
2. A segment that is full, or whose UTC day is over, is sealed; `store_sealed` makes Parquet of it (`store.py`), so that
   neither memory nor the spool grows with the recording.
3. `finish` stores the rest, counts defects, digests, and writes the manifest last: until then the folder is no
   recording, and nobody can take it for one.

What is interrupted, however it ends, is gone on with by `Recorder` or ended by `finish_recording`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.model.event import Event
from ruleengine.recordings.finish import finished, write_durably
from ruleengine.recordings.layout import MANIFEST_NAME, is_path_safe
from ruleengine.recordings.manifest import Live
from ruleengine.recordings.problem import RecordingProblem, whole_file
from ruleengine.recordings.report import ImportReport
from ruleengine.recordings.rows import is_recorded, row_of
from ruleengine.recordings.spool import (
    SPOOL_NAME,
    Beginning,
    SegmentWriter,
    Spooled,
    end_of,
    number_of,
    segments,
)
from ruleengine.recordings.stage import DAY_NS
from ruleengine.recordings.store import store

SEGMENT_BYTES = 64 << 20
_DAY_BYTES = 1 << 20
"""A new UTC day begins a new segment only where the old one has at least this much: days of a few rows share one."""
_HEAD = "head.json"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Origin:
    """What is recorded: name of the venue, when it began (see `manifest.Live`), and what else holds, in words."""

    venue: str
    live: Live
    assumes: tuple[str, ...] = ()


class Recorder:
    """Takes events of the market and signals. It belongs to one thread, but for `store_sealed`.

    A folder that holds an interrupted recording of the same venue is gone on with. Raises `RecordingProblem`; an
    OSError (a full disk) passes, and what was taken before is in the spool."""

    def __init__(self, folder: Path, origin: Origin, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self.counts: Counter[tuple[str, str]] = Counter()
        """Rows taken, by kind and instrument."""
        self.left_out: Counter[str] = Counter()
        """Events whose instrument's name can't be a folder's."""
        self._spool, self._segment_bytes = folder / SPOOL_NAME, segment_bytes
        is_new = not is_unfinished(folder)
        if is_new:
            _require_room(folder, origin)
            self._spool.mkdir(parents=True)
        self._lock = _locked(self._spool)
        try:
            if is_new or not (self._spool / _HEAD).is_file():
                write_durably(self._spool / _HEAD, json.dumps(asdict(origin)))
            self.origin = _origin(self._spool)
            if self.origin.venue != origin.venue:
                reason = f"it is of venue `{self.origin.venue}`, not `{origin.venue}`"
                raise RecordingProblem(faults.recording_not_resumable(whole_file(folder), reason))
            found = segments(self._spool)
            self._at = end_of(found[-1]) if found else Beginning(0, 0)
            self.is_resumed = self._at.first_seq > 0
            self._segment = SegmentWriter(self._spool, number_of(found[-1]) + 1 if found else 1, self._at)
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def rows(self) -> int:
        """Rows taken, those of a recording that is gone on with among them."""
        return self._at.first_seq

    @property
    def last_ns(self) -> int:
        """Availability of the last row; 0 before the first."""
        return self._at.after_ns

    def take(self, event: Event) -> None:
        """Spool an event of the market or a signal; others, of the account, are none of a recording's."""
        if not is_recorded(event):
            return
        kind, values = row_of(event)
        instrument: str = event.instrument  # type: ignore[union-attr]  # what is recorded has one
        if not is_path_safe(instrument):
            self.left_out[instrument] += 1
            return
        seq, last = self._at
        ts = max(event.ts, last)
        if self._segment.bytes >= self._segment_bytes or (
            ts // DAY_NS > last // DAY_NS and self._segment.bytes >= min(_DAY_BYTES, self._segment_bytes)
        ):
            self._roll()
        self._segment.append(Spooled(seq, ts, event.ts_event, kind, instrument, getattr(event, "flags", 0), values))
        self._at = Beginning(seq + 1, ts)
        self.counts[kind, instrument] += 1

    def sync(self) -> None:
        """What was taken outlives a crash of the machine from here on."""
        self._segment.sync()

    def store_sealed(self) -> int:
        """Make Parquet of the segments that take no more rows; their number. May run in a thread of its own."""
        sealed = [path for path in segments(self._spool) if number_of(path) < self._segment.number]
        for path in sealed:
            store(self.folder, self.origin.venue, path)
            path.unlink()
        return len(sealed)

    def finish(self) -> ImportReport:
        """End the recording: it is whole when this returns. Raises `RecordingProblem` where there is no row."""
        self._segment.close()
        try:
            return _finished(self.folder, self.origin, self.left_out)
        finally:
            self.close()

    def close(self) -> None:
        """Leave it as it is, to be gone on with or finished later."""
        try:
            self._segment.close()
        finally:
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def _roll(self) -> None:
        self._segment.close()
        self._segment = SegmentWriter(self._spool, self._segment.number + 1, self._at)


def is_unfinished(folder: Path) -> bool:
    """Whether it holds an interrupted recording."""
    return (folder / SPOOL_NAME).is_dir() and not (folder / MANIFEST_NAME).is_file()


def finish_recording(folder: Path) -> ImportReport:
    """End an interrupted recording from its spool."""
    spool = folder / SPOOL_NAME
    if not is_unfinished(folder):
        shutil.rmtree(spool, ignore_errors=True)  # of one that was finished, but for this
        raise RecordingProblem(faults.not_a_recording(whole_file(folder), "nothing in it waits to be finished"))
    lock = _locked(spool)
    try:
        return _finished(folder, _origin(spool), Counter())
    finally:
        os.close(lock)


def _finished(folder: Path, origin: Origin, left_out: Counter[str]) -> ImportReport:
    hints = tuple(
        f"{count:,} events of {name!r} are left out: the name can't be a folder's" for name, count in left_out.items()
    )
    return finished(folder, origin.venue, origin.live, origin.assumes, hints)


def _require_room(folder: Path, origin: Origin) -> None:
    if not is_path_safe(origin.venue):
        raise RecordingProblem(faults.unusable_name(whole_file(folder), "venue", origin.venue))
    if (folder / MANIFEST_NAME).exists() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise RecordingProblem(faults.output_exists(whole_file(folder)))


def _origin(spool: Path) -> Origin:
    try:
        plain: dict[str, Any] = json.loads((spool / _HEAD).read_text(encoding="utf-8"))
        live = Live(int(plain["live"]["from_ns"]), tuple(plain["live"]["trades"]))
        return Origin(plain["venue"], live, tuple(plain["assumes"]))
    except (OSError, ValueError, KeyError, TypeError) as failure:
        reason = f"{_HEAD} of its spool says no more what it is"
        raise RecordingProblem(faults.recording_not_resumable(whole_file(spool.parent), reason)) from failure


def _locked(spool: Path) -> int:
    """A lock that the system gives back when the process ends, however it ends."""
    handle = os.open(spool / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return handle  # a system without such locks
    except OSError as failure:
        os.close(handle)
        reason = "another process records into it"
        raise RecordingProblem(faults.recording_not_resumable(whole_file(spool.parent), reason)) from failure
    return handle
