"""A served simulator whose clock stands until a test moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters.kis.simulator.simulator import simulator
from adapters.simulation.clock import ManualClock
from adapters.simulation.server import Served
from tests.adapters.kis.simulator.clients import Client
from tests.adapters.kis.simulator.venues import at

Serve = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(now=…, option=value)`: a client of a simulator that was made with these options."""
    with ExitStack() as stack:

        def start(now: str = "2026-03-04T10:05:00", **options: str) -> Client:
            app = simulator.app(7, {"live_per_s": "0", "mock_per_s": "0", **options}, ManualClock(at(now)))
            served = stack.enter_context(Served(app))
            return stack.enter_context(Client(served.address))

        yield start


@pytest.fixture(scope="session")
def fixtures(shared_data: Path) -> Path:
    """The venue's example payloads beside the recordings; skipped without them."""
    folder = shared_data.parent / "brokers" / "fixtures" / "kis"
    if not folder.is_dir():
        pytest.skip("needs the venue's example payloads: brokers/fixtures/kis beside RULEENGINE_DATA")
    return folder
