"""`ruleengine validate`: every file by its own kind; all findings in one run."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ruleengine.cli.failure import CommandError
from ruleengine.cli.streams import is_coloured
from ruleengine.diagnostics import Diagnostic, has_errors
from ruleengine.diagnostics.render import render_github, render_json, render_text

if TYPE_CHECKING:
    from ruleengine.reports.tables import Table

SUFFIXES = (".yaml", ".yml")
_INTERNAL = "RE901"


def validate(
    paths: Sequence[Path],
    format: str,
    sets: Sequence[str],
    overlays: Sequence[Path],
    account: Path | None,
    adapter: str | None,
    has_tables: bool = False,
) -> int:
    """Exit code: 0 clean, 1 findings; nothing matched is a usage error, never a silent 0. `has_tables`: also what the
    decision tables of each sound policy give."""
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    if not files:
        raise CommandError(
            "no file to validate in " + ", ".join(map(str, paths)), "name a file, or a folder with *.yaml"
        )
    found: list[Diagnostic] = []
    sources: dict[str, str] = {}
    gc.disable()  # one short pass whose trees live to its end: collecting finds nothing and costs a twentieth
    for file in files:
        more, texts = check_file(file, sets, overlays, account, adapter)
        found += more
        sources |= texts
    if "duckdb" not in sys.modules:  # what checks mappings brings it in, and it reports as leaks what is frozen
        gc.freeze()  # nor is it searched through once more when the process ends
    found = sorted(dict.fromkeys(found))
    if format == "json":
        report = json.loads(render_json(found))
        report["summary"]["checked"] = len(files)
        if has_tables:
            report["tables"] = {str(file): list(map(asdict, tables)) for file, tables in _tables(files, overlays, sets)}
        print(json.dumps(report, ensure_ascii=False, indent=2))
    elif format == "github":
        print(render_github(found), end="")
    else:
        print(render_text(found, sources, colour=is_coloured(sys.stdout)), end="")
        print(f"{len(files)} file{'s' if len(files) != 1 else ''} checked")
        if has_tables:
            from ruleengine.reports.tables import text_of

            for file, tables in _tables(files, overlays, sets):
                print(f"\n{file}\n\n{text_of(tables)}")
    if any(each.code == _INTERNAL for each in found):
        return 2
    return 1 if has_errors(found) else 0


def _tables(files: Sequence[Path], overlays: Sequence[Path], sets: Sequence[str]) -> Iterator[tuple[Path, list[Table]]]:
    """The decision tables of each policy that has some and no errors."""
    from ruleengine.cli.documents import is_beside_a_policy
    from ruleengine.graph.compile import checked
    from ruleengine.reports.decision_tables import decision_tables

    for file in files:
        typed = None if is_beside_a_policy(file) else checked(file, overlays, sets)[1]
        tables = decision_tables(typed) if typed is not None else []
        if tables:
            yield file, tables


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        found = (each for each in path.rglob("*") if each.name.endswith(SUFFIXES) and not _is_hidden(each, path))
        yield from sorted(each for each in found if each.is_file())
    elif path.exists():
        yield path
    else:
        raise CommandError(f"{path}: no such file or folder", "check the path")


def _is_hidden(file: Path, folder: Path) -> bool:
    """Does it stand in a hidden folder of the one that was named? Tools keep files of their own there."""
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def check_file(
    file: Path, sets: Sequence[str], overlays: Sequence[Path], account: Path | None, adapter: str | None
) -> tuple[list[Diagnostic], dict[str, str]]:
    """Findings of one file by its `kind`, with the texts to quote."""
    from ruleengine.cli.documents import check_document

    return check_document(file, sets, overlays, account, adapter)
