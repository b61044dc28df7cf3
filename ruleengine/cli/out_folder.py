"""The folder of a result: written beside its place and put there whole, or never seen.

1. What stands in the way is refused before the run (`prepared`): a file, a recording, an older result without --force.
2. Files are written to a folder of their own (`stage`), on the same disk.
3. At the end they go into place while signals wait; `run.json` goes last, for a result without it is none.

Only files of a result's own names are ever replaced: other files of the folder stay as they are.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from ruleengine.cli.failure import CommandError, uninterrupted
from ruleengine.recordings.layout import MANIFEST_NAME

RUN_FILE = "run.json"
NAMES = frozenset(
    {
        RUN_FILE,
        "decisions.parquet",
        "decisions.jsonl",
        "fills.parquet",
        "fills.jsonl",
        "cash.jsonl",
        "days.jsonl",
        "changes.jsonl",
        "notes.jsonl",
        "metrics.jsonl",
    }
)


@contextmanager
def stage(out: Path, data: Sequence[Path], force: bool) -> Iterator[Path]:
    """A folder to write to; at the end of the block its files are `out`'s. Left by an exception, nothing is."""
    _refuse(out, data, force)
    target = Path(os.path.realpath(out))
    beside = target if target.is_dir() else target.parent
    while not beside.is_dir():
        beside = beside.parent
    work = None
    try:
        with uninterrupted():  # a signal that came meanwhile is raised as this ends
            work = Path(mkdtemp(prefix=f".{target.name}.", dir=beside))
        yield work
        with uninterrupted():
            _place(work, target)
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)


def _refuse(out: Path, data: Sequence[Path], force: bool) -> None:
    target = Path(os.path.realpath(out))
    recordings = {Path(os.path.realpath(each)) for each in data}
    for folder in (target, *target.parents):
        if folder in recordings or (folder / MANIFEST_NAME).is_file():
            raise CommandError(f"--out {out} lies in a recording, which is never written to", "choose another folder")
    if os.path.lexists(target) and not target.is_dir():
        raise CommandError(f"--out {out} is no folder", "choose another name")
    old = sorted(name for name in NAMES if os.path.lexists(target / name))
    if old and not force:
        raise CommandError(
            f"--out {out} holds a result already ({old[0]} …)", "replace it with --force, or choose another folder"
        )


def _place(work: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        if (target / name).is_dir():
            raise CommandError(f"{target / name} is a folder, where a file has to go", "move it away")
    (target / RUN_FILE).unlink(missing_ok=True)
    made = sorted(each.name for each in work.iterdir())
    for name in [*(each for each in made if each != RUN_FILE), RUN_FILE]:
        (work / name).replace(target / name)
