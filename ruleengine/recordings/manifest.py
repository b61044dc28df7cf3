"""The manifest of a recording: where it came from, what is in it, its digest and its defect report, as JSON.

Nothing in it depends on when or where it was made: the same inputs and mapping, or the same events, give the same
manifest.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.layout import FORMAT_VERSION, FORMATS, KINDS, MANIFEST_NAME, partition_path
from ruleengine.recordings.problem import RecordingProblem, whole_file
from ruleengine.recordings.spool import SPOOL_NAME


@dataclass(frozen=True, slots=True)
class Partition:
    """One folder of rows: one venue, instrument, kind and UTC date of availability."""

    venue: str
    instrument: str
    kind: str
    date: str
    files: tuple[str, ...]
    rows: int
    first_available_ns: int
    last_available_ns: int
    digest: str

    @property
    def path(self) -> str:
        """Folder relative to the recording."""
        return partition_path(self.venue, self.instrument, self.kind, self.date)


@dataclass(frozen=True, slots=True)
class Live:
    """What only a recording has that was made as the market came: its rows are in the order in which they came.

    `from_ns`: when it began; rows before are the past that was fetched then, for look-back. `trades`: the book that a
    simulated market starts with, as an account file states it."""

    from_ns: int
    trades: tuple[dict[str, Any], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Manifest:
    """A recording's manifest; `report` and `mapping` are kept as they were written. `live`: None where it was
    imported."""

    digest: str
    partitions: tuple[Partition, ...]
    mapping: dict[str, Any]
    report: dict[str, Any]
    live: Live | None = None
    version: int = FORMAT_VERSION

    def as_json(self) -> str:
        """The text of the file."""
        times = [(part.first_available_ns, part.last_available_ns) for part in self.partitions]
        whole = {
            "format": self.version,
            "digest": self.digest,
            "rows": sum(part.rows for part in self.partitions),
            "first_available_ns": min(first for first, _ in times),
            "last_available_ns": max(last for _, last in times),
            "instruments": sorted({part.instrument for part in self.partitions}),
            "kinds": sorted({part.kind for part in self.partitions}),
            "mapping": self.mapping,
            "report": self.report,
            "partitions": [asdict(part) for part in self.partitions],
        }
        if self.live is not None:
            whole["live"] = asdict(self.live)
        return json.dumps(whole, indent=1, sort_keys=True, allow_nan=False) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a recording folder; a problem where there is none, or one of another version."""
    path = folder / MANIFEST_NAME
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        version = whole["format"]
        if version not in FORMATS:
            reason = f"its format is version {version}, this engine reads {FORMAT_VERSION}"
            raise RecordingProblem(faults.not_a_recording(whole_file(path), reason))
        partitions = tuple(_partition(part) for part in whole["partitions"])
        live = _live(whole["live"]) if "live" in whole else None
        return Manifest(whole["digest"], partitions, whole["mapping"], whole["report"], live, version)
    except OSError as failure:
        if (folder / SPOOL_NAME).is_dir():
            raise RecordingProblem(faults.recording_unfinished(whole_file(folder))) from failure
        reason = (failure.strerror or "unreadable").lower()
        raise RecordingProblem(faults.not_a_recording(whole_file(path), f"no manifest ({reason})")) from failure
    except (ValueError, KeyError, TypeError) as failure:
        raise RecordingProblem(faults.not_a_recording(whole_file(path), "its manifest is damaged")) from failure


def _live(written: dict[str, Any]) -> Live:
    return Live(int(written["from_ns"]), tuple(dict(each) for each in written["trades"]))


def _partition(written: dict[str, Any]) -> Partition:
    part = Partition(**{**written, "files": tuple(written["files"])})
    if part.kind not in KINDS or any("/" in name or name.startswith(".") for name in part.files):
        raise ValueError(part.kind)
    return part
