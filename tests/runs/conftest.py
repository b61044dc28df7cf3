from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.cli.session import Session
from ruleengine.model.event import Event
from tests.runs.whole import Kept, dry, market, session_in


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The busy policy on its account."""
    return session_in(tmp_path_factory.mktemp("busy"))


@pytest.fixture(scope="module")
def events(session: Session) -> list[Event]:
    """Twenty minutes of one seeded market with some 160 signals."""
    return market(session, 1200)


@pytest.fixture(scope="module")
def whole(session: Session, events: list[Event]) -> Kept:
    """The dry run over them."""
    return dry(session, events)


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own as the current one."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)
