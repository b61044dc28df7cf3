"""An adapter of somebody else's (docs/adapters.md): installed beside ruleengine, found by its entry point, traded on.

The venue is a server of the test's own: it fills at 157.008 and 157.000, and keeps what came."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from adapters.simulation.server import Served
from ruleengine.model.event import Event, Fill, LinkChange, OrderStatus, Quote, Reconciliation
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, SentOrder, VenueSetup, VenueSnapshot
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "smallest_adapter.py"
BID, ASK = Decimal("157.000"), Decimal("157.008")
POLICY = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: rounds, version: 1.0.0, description: whole rounds in a few seconds}
requires: {account: netting, currency: JPY, instruments: [USD_JPY]CAPABILITIES}
strategies: {rounds: {pocket: quick}}
pockets: [quick]
ownership: [qr]
limits:
  max_order_units: 10_000units
  max_position_units: 10_000units
  price_collar: 50bps
  repeated_execution: {orders: 100, within: 60s}
  refusals: {count: 3, within: 60s, pause: 60s}
  quote_age_max: 10s
entries:
  - {id: buy, source: market, strategy: rounds, side: long, when: bid > 0, size: 2_000units, max_open: 1, cooldown: 2s}
exits:
  - {id: out, for_each: position, when: position.age > 1s, close: 100%, on_unknown: {wait: 30s, then: close}}
"""


class Corner:
    """The venue: one account, market orders that fill at once."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.is_away = False
        self.keys: set[str] = set()
        self.balance, self.units, self.cost = Decimal(1_000_000), Decimal(0), Decimal(0)

    def app(self) -> Starlette:
        routes = [
            Route("/account", self.account), Route("/price/{name}", self.price), Route("/orders", self.listed),
            Route("/orders", self.order, methods=["POST"]),
        ]  # fmt: skip
        return Starlette(routes=routes, exception_handlers={ConnectionError: self.away})

    async def away(self, request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"why": "away"}, 409)  # which nobody tries again

    async def account(self, request: Request) -> JSONResponse:
        self.keys.add(request.headers["X-Key"])
        return JSONResponse({"id": "7", "currency": "JPY", "balance": str(self.balance)})

    async def price(self, request: Request) -> JSONResponse:
        if self.is_away:
            raise ConnectionError
        return JSONResponse({"bid": str(BID), "ask": str(ASK), "time_ns": time.time_ns()})

    async def listed(self, request: Request) -> JSONResponse:
        return JSONResponse(self.orders)

    async def order(self, request: Request) -> JSONResponse:
        asked = await request.json()
        units = Decimal(asked["units"])
        if int(asked["until_ns"]) < time.time_ns():
            return JSONResponse({"why": "too late"}, 400)
        if any(each["id"] == asked["id"] for each in self.orders):
            return JSONResponse({"why": "an order of this id was here"}, 400)
        price, opens = (ASK if units > 0 else BID), units * self.units >= 0
        realised = Decimal(0) if opens else (price - self.cost) * -units
        self.cost, self.units, self.balance = price, self.units + units, self.balance + realised
        row = {
            **asked, "number": str(len(self.orders) + 1), "price": str(price), "opens": opens,
            "realised": str(realised), "time_ns": time.time_ns(),
        }  # fmt: skip
        self.orders.append(row)
        return JSONResponse(row, 201)


@pytest.fixture
def corner() -> Iterator[tuple[Corner, str]]:
    made = Corner()
    with Served(made.app()) as served:
        yield made, served.address


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """What pip would leave of such a package."""
    site = tmp_path / "site"
    info = site / "smallest_adapter-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "smallest_adapter.py").write_bytes(EXAMPLE.read_bytes())
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: smallest-adapter\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[ruleengine.adapters]\nsmallest = smallest_adapter:adapter\n", encoding="utf-8"
    )
    return site


def started(site: Path, folder: Path, *arguments: str, capabilities: str = "") -> subprocess.Popen[str]:
    (folder / "rounds.policy.yaml").write_text(POLICY.replace("CAPABILITIES", capabilities), encoding="utf-8")
    places = os.pathsep.join([str(site), str(ROOT)])
    surroundings = {**os.environ, "PYTHONPATH": places, "SMALLEST_KEY": "canary-key", "XDG_CACHE_HOME": str(folder)}
    program = [sys.executable, "-m", "ruleengine.cli.main", *arguments]
    return subprocess.Popen(
        program, cwd=folder, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def command(site: Path, folder: Path, *arguments: str, capabilities: str = "") -> tuple[int, str, str]:
    """Exit code, and what it printed to both streams."""
    with started(site, folder, *arguments, capabilities=capabilities) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def test_it_trades(corner: tuple[Corner, str], installed: Path, tmp_path: Path) -> None:
    """Bought at 157.008, sold at 157.000: each round of 2,000 loses 16 JPY."""
    venue, address = corner
    arguments = ("run", "--policy", "rounds.policy.yaml", "--adapter", "smallest", "--address", address)
    with started(installed, tmp_path, *arguments, "--format", "json") as run:
        try:
            until(lambda: len(venue.orders) >= 4, "two rounds were not done")
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=PATIENCE_S)
        finally:
            run.kill()
    assert run.returncode == 0, err
    units = [Decimal(each["units"]) for each in venue.orders]
    assert units == [Decimal(2_000) if place % 2 == 0 else Decimal(-2_000) for place in range(len(units))]
    rounds = len(units) // 2
    assert venue.balance == 1_000_000 - 16 * rounds
    answer = json.loads(out)
    assert answer["figures"]["last"]["balance"] == float(venue.balance)
    assert venue.keys == {"canary-key"}
    assert "canary-key" not in out + err


# --- the example by itself: people copy it ----------------------------------------------------------------------------


@pytest.fixture
def example() -> Any:
    made = importlib.util.spec_from_file_location("smallest_adapter", EXAMPLE)
    assert made is not None
    assert made.loader is not None
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


def opened(example: Any, address: str) -> Any:
    access = Access(address=address, secrets={"key": SecretStr("canary-key")})
    return example.SmallestVenue(VenueSetup({}, (), 0, access=access))


def row(number: int, units: int, price: str) -> dict[str, Any]:
    return {
        "id": f"qr-{number}", "number": str(number), "instrument": "USD_JPY", "units": str(units), "price": price,
        "opens": True, "realised": "0", "time_ns": number,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fills", "held"),
    [
        ([(1000, "157"), (3000, "158")], (Side.LONG, "4000", "157.75", 1)),  # (1,000 x 157 + 3,000 x 158) / 4,000
        ([(1000, "157"), (-400, "158")], (Side.LONG, "600", "157", 1)),
        ([(1000, "157"), (-1500, "158")], (Side.SHORT, "500", "158", 2)),
        ([(-1000, "157"), (-1000, "156"), (2000, "155")], None),
    ],
)
def test_its_book_has_the_venues_averages(
    example: Any, corner: tuple[Corner, str], fills: list[tuple[int, str]], held: tuple[Any, ...] | None
) -> None:
    venue, address = corner
    venue.orders = [row(number, *each) for number, each in enumerate(fills, 1)]

    async def book() -> VenueSnapshot:
        found = opened(example, address)
        try:
            return cast(VenueSnapshot, await found.snapshot())
        finally:
            await found.close()

    trades = [(each.side, str(each.units), str(each.price), each.opened_ns) for each in asyncio.run(book()).trades]
    assert trades == ([] if held is None else [held])


def test_its_order_is_absent_only_once_its_time_is_over(example: Any, corner: tuple[Corner, str]) -> None:
    _, address = corner
    order = Order("qr-1", "USD_JPY", Side.LONG, Decimal(1000))

    async def fates() -> list[Any]:
        found = opened(example, address)
        try:
            now = time.time_ns()
            told = await found.recover([SentOrder(order, now), SentOrder(replace(order, id="qr-2"), now - 10**10)])
            return [each.status for each in told]
        finally:
            await found.close()

    assert asyncio.run(fates()) == [OrderStatus.UNKNOWN, OrderStatus.ABSENT]


def test_it_says_when_its_venue_is_away_and_goes_on_with_what_was_missed(
    example: Any, corner: tuple[Corner, str]
) -> None:
    """The answer to an order is lost with the venue; once it is back, the order's fill comes before the book."""
    venue, address = corner
    venue.is_away = True

    async def heard() -> list[list[Event]]:
        found = opened(example, address)
        try:
            await found.instruments(["USD_JPY"])
            turns = [await found._turn(), await found._turn()]
            venue.is_away = False
            found._until["qr-1"] = time.time_ns() + 10**10
            venue.orders = [row(1, 1000, "157")]
            return [*turns, await found._turn()]
        finally:
            await found.close()

    lost, nothing, back = asyncio.run(heard())
    assert [(each.channel, each.is_up) for each in lost if isinstance(each, LinkChange)] == [
        ("account", False), ("prices", False),
    ]  # fmt: skip
    assert nothing == []
    assert [type(each) for each in back] == [Fill, Reconciliation, LinkChange, LinkChange, Quote]


def test_what_it_can_not_do_is_refused(installed: Path, tmp_path: Path) -> None:
    code, out, _ = command(
        installed, tmp_path, "validate", "rounds.policy.yaml", "--adapter", "smallest",
        capabilities=", capabilities: [reduce_only]",
    )  # fmt: skip
    assert code == 1
    assert "reduce_only" in out
    assert "smallest" in out
    assert command(installed, tmp_path, "validate", "rounds.policy.yaml", "--adapter", "smallest")[0] == 0


def test_the_guide_names_files_that_are_there() -> None:
    guide = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
    named = [word.strip("`(),.") for word in guide.split() if word.strip("`(),.").endswith(".py")]
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
