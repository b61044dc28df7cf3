"""What a policy's README says of the rows: every rule and scenario that its table names is there, and cites the row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from ruleengine.facts.catalogue import FACTS
from ruleengine.functions.catalogue import FUNCTIONS
from tests.architecture.sources import ROOT

FOLDERS = sorted(path.parent for path in (ROOT / "policies").glob("*/README.md"))
ROW = re.compile(r"\b(?:FX|SC|PY|OPS)-\d\d\b")
QUOTED = re.compile(r"`([^`]+)`")
SCENARIO = re.compile(r"(?:[a-z]{2,3}\d\d|nzdusd)_\w+")


class Line(NamedTuple):
    """A line of the table: the rows it is about, what it names as rules, and the scenarios it names."""

    rows: tuple[str, ...]
    rules: tuple[str, ...]
    scenarios: tuple[str, ...]


def lines_of(folder: Path) -> list[Line]:
    """The table under `Row → rule → scenario`."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    _, _, below = text.partition("## Row → rule → scenario\n")
    table = below.lstrip("\n").split("\n\n")[0].splitlines()
    assert table[0].startswith("| row | rules | scenarios |"), folder
    found = []
    for line in table[2:]:
        row, rules, scenarios = (cell.strip() for cell in line.strip("|").split("|"))
        named = tuple(name for name in QUOTED.findall(scenarios) if SCENARIO.fullmatch(name))
        found.append(Line(tuple(ROW.findall(row)), tuple(QUOTED.findall(rules)), named))
    return found


@cache
def plain(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@cache
def names_in(folder: Path) -> frozenset[str]:
    """Every key and `id` of the policy's own files, keys also behind their section (`limits.refusals`); the files'
    names; and what the language itself calls a fact or a function."""
    files = [file for file in folder.glob("*.yaml") if not file.name.endswith(".account.yaml")]
    found = {file.name for file in files} | {name for file in files for name in walked(plain(file), "")}
    return frozenset(found | FACTS.keys() | FUNCTIONS.keys())


def walked(node: Any, above: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from (str(key), f"{above}.{key}")
            if key == "id":
                yield value
            yield from walked(value, str(key))
    elif isinstance(node, list):
        for each in node:
            yield from walked(each, above)


def is_known(folder: Path, name: str) -> bool:
    """A name of the policy or the language, a call of one, one that begins so (`small_…`), or a command of ours."""
    if name.startswith(("ruleengine ", "--")):
        return True
    if name.endswith("…"):
        return any(each.startswith(name[:-1]) for each in names_in(folder))
    return name.partition("(")[0] in names_in(folder)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_rule_that_the_table_names_is_in_the_policy(folder: Path) -> None:
    lines = lines_of(folder)
    assert len(lines) > 10
    assert [name for line in lines for name in line.rules if not is_known(folder, name)] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_scenario_that_the_table_names_exists_and_one_cites_each_row(folder: Path) -> None:
    missing, uncited = [], []
    for line in lines_of(folder):
        files = {name: folder / "scenarios" / f"{name}.yaml" for name in line.scenarios}
        missing += [name for name, file in files.items() if not file.is_file()]
        cited = {row for file in files.values() if file.is_file() for row in plain(file)["cites"]}
        uncited += [row for row in line.rows if files and row not in cited]
    assert (missing, uncited) == ([], [])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_scenario_named_beside_a_row_cites_it(folder: Path) -> None:
    astray = [
        (line.rows, name)
        for line in lines_of(folder)
        for name in line.scenarios
        if not set(line.rows) & set(plain(folder / "scenarios" / f"{name}.yaml")["cites"])
    ]
    assert astray == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_scenario_and_every_row_that_one_cites_is_in_the_table(folder: Path) -> None:
    lines = lines_of(folder)
    named = {name for line in lines for name in line.scenarios}
    files = [file for file in (folder / "scenarios").glob("*.yaml") if plain(file)["kind"] == "Scenario"]
    assert sorted(file.stem for file in files if file.stem not in named) == []
    rows = {row for line in lines for row in line.rows}
    assert sorted({row for file in files for row in plain(file)["cites"]} - rows) == []
