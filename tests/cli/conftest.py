from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.simulation.server import Served
from ruleengine import log
from tests.cli.asking import ask, write_world
from tests.cli.venue_desk import OANDA, PLACES, POLICY, SERVERS, Desk, Place


@pytest.fixture(autouse=True)
def doors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Engines of a test listen apart from all others. The folder's path is short, for that of a socket has to be."""
    with tempfile.TemporaryDirectory(prefix="re-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


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


@pytest.fixture(params=PLACES)
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    place = PLACES[request.param]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RULEENGINE_NOTIFY", raising=False)
    for name, value in place.secrets.items():
        monkeypatch.setenv(name, value)
    text = POLICY.format(currency=place.currency, instrument=place.instrument, size=place.written)
    (tmp_path / "rounds.policy.yaml").write_text(text, encoding="utf-8")
    with Served(SERVERS[request.param].app(1, {})) as served:
        if place is OANDA:
            first = httpx.get(f"{served.address}/v3/accounts", headers={"Authorization": "Bearer canary-oanda-token"})
            place = Place(**{**place.__dict__, "account_id": first.json()["accounts"][0]["id"]})
        yield Desk(place, tmp_path, served.address)
