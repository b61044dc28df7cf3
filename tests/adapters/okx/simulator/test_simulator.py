"""What the entry point gives: options that are said, a greeting that is enough to begin, one market for one seed."""

from __future__ import annotations

import asyncio
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from adapters.okx.simulator import Venue, settings, simulator
from adapters.simulation.clock import ManualClock
from adapters.simulation.server import Served
from adapters.simulation.walk import STEP_NS
from ruleengine.ports.simulator import Simulator

BTC = "BTC-USDT-SWAP"


def test_it_is_found_by_its_entry_point() -> None:
    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())
    module, _, name = project["project"]["entry-points"]["ruleengine.simulators"]["okx"].partition(":")
    found: Simulator = getattr(import_module(module), name)
    assert found.venue == "okx"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"balence": "1"}, "no option `balence`"),
        ({"balance": "much"}, "balance is a number from 0 to 1000000000, not `much`"),
        ({"leverage": "0"}, "leverage is a number from 1 to 125"),
        ({"position_mode": "hedged"}, "position_mode is one of net_mode, long_short_mode, not `hedged`"),
        ({"limits": "yes"}, "limits is one of on, off"),
        ({"funding_hours": "3"}, "funding_hours is one of 1, 2, 4, 8"),
        ({"funding_rate": "NaN"}, "funding_rate is a number"),
    ],
)
def test_options_that_it_has_not_are_said(options: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        simulator.app(1, options)


def test_every_option_has_a_meaning_and_every_default_is_taken() -> None:
    assert all(simulator.options.values())
    assert settings.read({}) == settings.Settings()


def test_the_greeting_says_how_to_begin(client: Any) -> None:
    text = "\n".join(simulator.greeting("http://127.0.0.1:9"))
    uid = client.get("account/config").json()["data"][0]["uid"]
    for word in (client.key, client.secret, client.passphrase, uid, "ws://127.0.0.1:9/ws/v5/"):
        assert word in text


def test_the_same_seed_is_the_same_market() -> None:
    def look(seed: int) -> Any:
        with (
            Served(simulator.app(seed, {}, ManualClock(1_772_632_800_000_000_000))) as served,
            httpx.Client(base_url=served.address, trust_env=False) as http,
        ):
            return http.get(f"/api/v5/market/books?instId={BTC}&sz=20").json()["data"]

    assert look(1) == look(1) != look(2)


def test_a_step_of_the_market_that_breaks_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A market that stood still in silence would pass for a quiet one."""
    clock = ManualClock(1_772_632_800_000_000_000)
    venue = Venue(7, settings.Settings(), clock)
    steps: list[int] = []

    def breaking() -> None:
        steps.append(clock.now_ns())
        if len(steps) == 1:
            raise ArithmeticError("a price of nothing")

    monkeypatch.setattr(venue, "settle", breaking)

    async def play() -> None:
        async with venue._running(Starlette()):
            for _ in range(2):
                await asyncio.sleep(0.01)
                clock.advance(STEP_NS)
            await asyncio.sleep(0.01)

    asyncio.run(play())
    assert len(steps) == 2
