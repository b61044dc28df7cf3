"""A venue's adapter and its simulator are two readings of the same facts: neither knows the other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import adapters

ROOT = Path(adapters.__file__).parent
VENUES = sorted(path.parent.name for path in ROOT.glob("*/simulator"))


def imported(file: Path) -> set[str]:
    """Modules of `adapters` that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.startswith("adapters.")}


def is_below(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_there_are_simulators() -> None:
    assert VENUES == ["kis", "oanda", "okx"]


@pytest.mark.parametrize("venue", VENUES)
def test_a_simulator_knows_itself_and_what_simulators_share(venue: str) -> None:
    for file in (ROOT / venue / "simulator").rglob("*.py"):
        for name in imported(file):
            assert is_below(name, f"adapters.{venue}.simulator", "adapters.simulation"), f"{file.name}: {name}"


@pytest.mark.parametrize("venue", VENUES)
def test_an_adapter_knows_no_simulator(venue: str) -> None:
    for file in (ROOT / venue).glob("*.py"):
        for name in imported(file):
            assert not is_below(name, f"adapters.{venue}.simulator", "adapters.simulation"), f"{file.name}: {name}"


def test_what_simulators_share_knows_no_venue() -> None:
    for file in (ROOT / "simulation").rglob("*.py"):
        assert all(is_below(name, "adapters.simulation") for name in imported(file)), file.name
