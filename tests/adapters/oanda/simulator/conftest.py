"""A simulated OANDA whose clock stands still and whose prices are set by hand, asked in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.oanda.simulator.application import application
from adapters.oanda.simulator.options import Options
from adapters.oanda.simulator.venue import OandaVenue
from adapters.simulation.clock import ManualClock

SECOND = 1_000_000_000


@dataclass
class Answer:
    """A reply: status, body, headers."""

    status: int
    body: Any
    headers: Any

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


class Bench:
    """A venue, one of its accounts, and a client that has the key."""

    def __init__(self, runner: asyncio.Runner, venue: OandaVenue, clock: ManualClock) -> None:
        self.runner, self.venue, self.clock = runner, venue, clock
        transport = httpx.ASGITransport(application(venue), client=("127.0.0.1", 50000))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://venue")
        self.headers = {"Authorization": "Bearer key-1"}
        self.account = self.ask("GET", "/v3/accounts")["accounts"][0]["id"]

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Any path; `{a}` is the account."""
        where = path.replace("{a}", getattr(self, "account", ""))
        content = body if isinstance(body, bytes) else None
        given = None if isinstance(body, bytes) else body
        found = self.runner.run(
            self.client.request(method, where, json=given, content=content, params=query or None, headers=self.headers)
        )
        return Answer(found.status_code, found.json(), found.headers)

    def get(self, path: str, **query: Any) -> Answer:
        return self.ask("GET", f"/v3/accounts/{{a}}{path}", **query)

    def put(self, path: str, body: Any = None) -> Answer:
        return self.ask("PUT", f"/v3/accounts/{{a}}{path}", body)

    def order(self, type_: str = "MARKET", units: Any = "1000", instrument: str = "USD_JPY", **fields: Any) -> Answer:
        given = {"type": type_, "instrument": instrument, "units": str(units), **fields}
        return self.ask("POST", "/v3/accounts/{a}/orders", {"order": given})

    def price(self, bid: str, ask: str, instrument: str = "USD_JPY", size: int | None = None) -> None:
        """From now on; orders meet it at once."""
        sizes = None if size is None else (Decimal(size), Decimal(size))
        self.venue.market.set_price(instrument, Decimal(bid), Decimal(ask), sizes)
        self.venue.settle()

    def advance(self, seconds: float) -> None:
        self.clock.advance(int(seconds * SECOND))
        self.venue.settle()

    def summary(self) -> Any:
        return self.get("/summary")["account"]

    def transactions(self, since: int = 0) -> list[Any]:
        return list(self.get("/transactions/sinceid", id=since)["transactions"])

    def types(self, since: int = 0) -> list[str]:
        return [row["type"] for row in self.transactions(since)]


@pytest.fixture
def bench_of() -> Iterator[Callable[..., Bench]]:
    """Makes benches; `at`: the clock's time in UTC; other keywords as `--set` takes them. USD_JPY stands at
    154.200/154.208."""
    with ExitStack() as stack:

        def make(at: str = "2026-03-04T12:00:00+00:00", **options: str) -> Bench:
            clock = ManualClock(int(datetime.fromisoformat(at).timestamp()) * SECOND)
            venue = OandaVenue(1, Options.of({"rate": "0", **options}), clock)
            bench = Bench(stack.enter_context(asyncio.Runner()), venue, clock)
            bench.price("154.200", "154.208")
            return bench

        yield make


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    """A netting account in yen with 500,000."""
    return bench_of(balance="500000")


@pytest.fixture
def hedging(bench_of: Callable[..., Bench]) -> Bench:
    """A hedging account in yen with 500,000."""
    return bench_of(balance="500000", hedging="true")
