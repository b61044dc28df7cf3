from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine import log
from tests.cli.asking import ask, write_world


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eighty columns, no colour, nothing of the caller's own settings."""
    for name in ("NO_COLOR", "FORCE_COLOR", "RULEENGINE_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder)
    return folder


@pytest.fixture
def world(made_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with policy, account, signals and recording, as the current one."""
    shutil.copytree(made_world, tmp_path / "world")
    monkeypatch.chdir(tmp_path / "world")
    return tmp_path / "world"


@pytest.fixture
def result(world: Path) -> Path:
    """What `dry-run --out result` left."""
    found = ask(
        "dry-run", "--policy", "small.policy.yaml", "--data", "quotes", "--signals", "signals.jsonl", "--out", "result"
    )
    assert found.code == 0, found.err
    return world / "result"


@pytest.fixture(autouse=True)
def secrets_of_one_test() -> Iterator[None]:
    """What one test protects must not be taken out of another's sentences."""
    yield
    log._protected.clear()
    log._pattern = None
