"""`python -m benchmarks [part …]`: all parts in sequence, a table, exit 1 where a limit is missed.

A run of all parts also rewrites the table of results in `benchmarks/README.md`.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Figure

PARTS = ("guard", "start", "event", "policies", "dry_run")
README = Path(__file__).with_name("README.md")
MARKS = ("<!-- results: begin -->", "<!-- results: end -->")


def main(parts: Sequence[str]) -> int:
    """Exit code: 0 where every limit is met, 1 where one is missed, 2 for a part that does not exist."""
    unheard_of = [part for part in parts if part not in PARTS]
    if unheard_of:
        print(f"no part {', '.join(unheard_of)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    found: list[Figure] = []
    for part in parts or PARTS:
        begin = time.monotonic()
        more = importlib.import_module(f"benchmarks.{part}").figures()
        print(f"\n{part} ({time.monotonic() - begin:.0f} s)\n{_text(more)}", flush=True)
        found += more
    if not parts:
        _refresh_readme(found)
    missed = [figure for figure in found if not figure.is_met]
    for figure in missed:
        print(f"missed: {figure.about}: {figure.measured()}, {figure.demanded()} demanded", file=sys.stderr)
    return 1 if missed else 0


def _text(figures: Sequence[Figure]) -> str:
    width = max(len(figure.about) for figure in figures)
    return "\n".join(
        f"  {figure.about:{width}}  {figure.measured():>12}  {figure.demanded():>8}  {figure.outcome()}".rstrip()
        for figure in figures
    )


def _refresh_readme(figures: Sequence[Figure]) -> None:
    rows = [
        f"| {figure.about} | {figure.measured()} | {figure.demanded()} | {figure.outcome()} |" for figure in figures
    ]
    table = ["| what | measured | limit | |", "|---|--:|--:|---|", *rows]
    made_on = f"CPython {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}."
    before, rest = README.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    block = "\n".join((MARKS[0], "", made_on, "", *table, "", MARKS[1]))
    README.write_text(before + block + after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
