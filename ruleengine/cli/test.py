"""`ruleengine test`: every scenario of files and folders, one PASS or FAIL line each with the first difference."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruleengine.cli.documents import kind_of
from ruleengine.cli.failure import CommandError
from ruleengine.cli.junit import junit
from ruleengine.cli.streams import is_coloured
from ruleengine.cli.venues import adapter_named
from ruleengine.diagnostics.render import render_json, render_text
from ruleengine.load import load_file
from ruleengine.reports.scenario import Result, Runner, summary
from ruleengine.reports.scenario_coverage import Coverage, as_json, told

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Wish:
    """How results are told. `least`: coverage in percent below which the command fails."""

    format: str = "text"
    is_verbose: bool = False
    has_coverage: bool = False
    least: float | None = None


def test(paths: Sequence[Path], wish: Wish) -> int:
    """Exit code: 0 all passed, 1 any failed, was refused, or too little is covered; no scenario is a usage error, never
    a silent 0."""
    files = list(dict.fromkeys(file for path in paths for file in scenarios_in(path)))
    if not files:
        raise CommandError(
            "no scenario in " + (", ".join(map(str, paths)) or "no path"),
            "name a file of kind Scenario, or its folder",
        )
    coverage = Coverage() if wish.has_coverage or wish.least is not None else None
    runner = Runner(adapter_named, coverage=coverage)
    results: list[tuple[Result, float]] = []
    for file in files:
        begun = time.perf_counter()
        for result in runner.results(file):
            seconds, begun = time.perf_counter() - begun, time.perf_counter()
            results.append((result, seconds))
            if wish.format == "text":
                sys.stdout.write(lines(result, seconds, is_verbose=wish.is_verbose))
    if coverage is not None:
        for policy in dict.fromkeys(file for path in paths for file in policies_in(path)):
            coverage.without_scenario(policy)
    is_enough = coverage is None or wish.least is None or coverage.percent() >= wish.least
    _conclude(results, coverage, wish, is_enough=is_enough)
    return 0 if is_enough and all(each.has_passed for each, _ in results) else 1


def _conclude(results: list[tuple[Result, float]], coverage: Coverage | None, wish: Wish, *, is_enough: bool) -> None:
    """What comes after the scenarios; with another format than text, all there is on stdout."""
    words = summary([each for each, _ in results])
    below = (
        "" if is_enough or coverage is None else f"covered are {coverage.percent():.1f} %, less than {wish.least:g} %"
    )
    if wish.format == "json":
        rows = [plain(result, seconds, is_verbose=wish.is_verbose) for result, seconds in results]
        document: dict[str, Any] = {"scenarios": rows, "summary": words}
        if coverage is not None:
            document["coverage"] = {**as_json(coverage), "at_least": wish.least, "is_enough": is_enough}
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return
    if wish.format == "junit":
        said = {result.name: lines(result, seconds) for result, seconds in results if not result.has_passed}
        sys.stdout.write(junit(results, said))
    else:
        failed = [result for result, _ in results if not result.has_passed]
        if failed and len(results) > len(failed):  # they may be far up by now
            print("\n".join(["failed:", *(f"  {each.name}" for each in failed)]))
        print(words)
    out = sys.stderr if wish.format == "junit" else sys.stdout
    if coverage is not None:
        print(told(coverage), file=out)
    if below:
        print(below, file=out)


def scenarios_in(path: Path) -> Iterator[Path]:
    """The file itself, or every document of kind Scenario below a folder; one that can't be read fails later."""
    if path.is_dir():
        yield from (each for each in _below(path) if _is_scenario(each))
    elif not path.exists():
        raise CommandError(f"{path}: no such file or folder", "check the path")
    elif _is_scenario(path):
        yield path
    else:
        raise CommandError(f"{path} is no scenario", "its `kind` has to be Scenario")


def policies_in(path: Path) -> Iterator[Path]:
    """Every policy below a folder, whether or not a scenario is played on it."""
    if path.is_dir():
        yield from (each for each in _below(path) if _kind(each) == "Policy")


def _below(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file() and each.name.endswith(SUFFIXES))


def _is_scenario(path: Path) -> bool:
    kind = _kind(path)
    return path.parent.name == "scenarios" if kind is None else kind == "Scenario"


def _kind(path: Path) -> str | None:
    """What a file says it is; None where it can't be read."""
    document, _ = load_file(path)
    return None if document is None else kind_of(document)


def lines(result: Result, seconds: float, *, is_verbose: bool = False) -> str:
    """What the prompt shows of one scenario."""
    word = "PASS" if result.has_passed else "FAIL"
    cites = f" [{', '.join(result.cites)}]" if result.cites else ""
    told = [f"{word} {result.name}  {result.about}{cites} ({seconds:.2f} s)".replace("  [", " [")]
    if is_verbose:
        told += [f"     {line}" for line in result.time_line] or ["     nothing was decided"]
    difference = result.difference
    if difference is not None:
        told.append(f"     {difference.place}: expected {difference.expected}")
        told += [f"       {what}: {found} instead of {expected}" for what, expected, found in difference.differs]
        told += [f"     {'instead' if n == 0 else '       '} {line}" for n, line in enumerate(difference.instead)]
    if result.found and not result.has_passed:
        text = render_text(result.found, result.sources, colour=is_coloured(sys.stdout))
        told += [f"     {line}".rstrip() for line in text.splitlines()]
    return "\n".join(told) + "\n"


def plain(result: Result, seconds: float, *, is_verbose: bool = False) -> dict[str, Any]:
    """The same as JSON values."""
    row: dict[str, Any] = {
        "file": str(result.file),
        "case": result.case,
        "about": result.about,
        "cites": list(result.cites),
        "outcome": "pass" if result.has_passed else "fail",
        "seconds": round(seconds, 3),
    }
    if is_verbose:
        row["time_line"] = result.time_line
    difference = result.difference
    if difference is not None:
        row["difference"] = {
            "place": str(difference.place),
            "expected": difference.expected,
            "differs": [{"what": what, "expected": want, "found": found} for what, want, found in difference.differs],
            "instead": difference.instead,
        }
    if result.found:
        row["findings"] = json.loads(render_json(result.found))["findings"]
    return row
