"""A venue at a standing time with prices set by hand, as a machine and behind a socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from adapters.okx.simulator import Venue, accounts, desk, preferences, settings
from adapters.okx.simulator.account import Account
from adapters.simulation.clock import ManualClock
from adapters.simulation.server import Served

BTC = "BTC-USDT-SWAP"
SECOND = 1_000_000_000
BEGIN_S = 1_772_632_800
"""2026-03-04T14:00:00Z: two hours before a funding."""


class Desk:
    """One account of a machine without a network. BTC stands at 60,000 / 60,010, so its mark is 60,005."""

    def __init__(self, key: str = "desk", **options: str) -> None:
        self.clock = ManualClock(BEGIN_S * SECOND)
        self.venue = Venue(7, settings.read(options), self.clock)
        self.exchange = self.venue.exchange
        self.account: Account = self.exchange.account(key)
        self.price("60000", "60010")

    def price(self, bid: str, ask: str, bid_size: str = "150", ask_size: str = "150") -> None:
        """Set BTC, and let the orders meet it."""
        self.venue.market.set_price(BTC, Decimal(bid), Decimal(ask), (Decimal(bid_size), Decimal(ask_size)))
        self.venue.settle()

    def wait(self, seconds: float) -> None:
        self.clock.advance(int(seconds * SECOND))
        self.venue.settle()

    def order(self, side: str, sz: str, px: str = "", **more: Any) -> dict[str, Any]:
        """The row of the answer. A price makes it a limit order."""
        request = {"instId": BTC, "tdMode": "cross", "side": side, "sz": sz, "ordType": "limit" if px else "market"}
        return desk.place(self.exchange, self.account, request | ({"px": px} if px else {}) | more)

    def amend(self, **request: Any) -> dict[str, Any]:
        return desk.amend(self.exchange, self.account, {"instId": BTC, **request})

    def cancel(self, **request: Any) -> dict[str, Any]:
        return desk.cancel(self.exchange, self.account, {"instId": BTC, **request})

    def algo(self, side: str, sz: str, **more: Any) -> dict[str, Any]:
        request = {"instId": BTC, "tdMode": "cross", "side": side, "sz": sz, **more}
        return desk.place_algo(self.exchange, self.account, request)

    def look(self, ord_id: str) -> dict[str, Any]:
        """An order as REST tells it."""
        return desk.order(self.exchange, self.account, {"instId": BTC, "ordId": ord_id})[0]

    def positions(self) -> list[dict[str, Any]]:
        return accounts.positions(self.exchange, self.account, {})

    def balance(self) -> dict[str, Any]:
        return accounts.balance(self.exchange, self.account, {})[0]

    def coin(self) -> dict[str, Any]:
        """The balance's row of USDT."""
        found: dict[str, Any] = self.balance()["details"][0]
        return found

    def fills(self) -> list[dict[str, Any]]:
        return desk.fills(self.exchange, self.account, {})

    def bills(self, **params: str) -> list[dict[str, Any]]:
        return accounts.bills(self.exchange, self.account, params)

    def lever(self, lever: str, mgn_mode: str = "cross", **more: str) -> dict[str, Any]:
        request = {"instId": BTC, "mgnMode": mgn_mode, "lever": lever, **more}
        return preferences.set_leverage(self.exchange, self.account, request)


@pytest.fixture
def make_desk() -> Callable[..., Desk]:
    return Desk


@pytest.fixture
def trader() -> Desk:
    return Desk()


class Client:
    """Signs as the venue's documents say, with nothing of the simulator's own code."""

    def __init__(self, http: httpx.Client, now_s: Callable[[], float], key: str, secret: str, passphrase: str) -> None:
        self.http, self._now_s = http, now_s
        self.key, self.secret, self.passphrase = key, secret, passphrase

    def headers(self, method: str, path: str, body: str) -> dict[str, str]:
        stamp = datetime.fromtimestamp(self._now_s(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        digest = hmac.new(self.secret.encode(), f"{stamp}{method}{path}{body}".encode(), hashlib.sha256).digest()
        return {
            "OK-ACCESS-KEY": self.key,
            "OK-ACCESS-TIMESTAMP": stamp,
            "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
            "OK-ACCESS-PASSPHRASE": self.passphrase,
        }

    def get(self, path: str, **params: str) -> httpx.Response:
        target = f"/api/v5/{path}" + (f"?{urlencode(params)}" if params else "")
        return self.http.get(target, headers=self.headers("GET", target, ""))

    def post(self, path: str, content: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        target, body = f"/api/v5/{path}", json.dumps(content)
        signed = self.headers("POST", target, body) | {"Content-Type": "application/json"} | dict(headers or {})
        return self.http.post(target, content=body, headers=signed)

    def market(self, side: str, sz: str, **more: Any) -> httpx.Response:
        order = {"instId": BTC, "tdMode": "cross", "side": side, "ordType": "market", "sz": sz}
        return self.post("trade/order", order | more)

    def login(self, stamp: Any = None) -> dict[str, Any]:
        """The message that logs a stream in; `stamp`: seconds as text or number."""
        given = str(int(self._now_s())) if stamp is None else stamp
        text = f"{given}GET/users/self/verify"
        digest = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()
        sign = base64.b64encode(digest).decode()
        arg = {"apiKey": self.key, "passphrase": self.passphrase, "timestamp": given, "sign": sign}
        return {"op": "login", "args": [arg]}


def _client(http: httpx.Client, desk: Desk) -> Client:
    keys = ("simulated-key", "simulated-secret", "simulated-passphrase")
    return Client(http, lambda: desk.clock.now_ns() / SECOND, *keys)


@pytest.fixture(scope="module")
def quiet() -> Iterator[tuple[Served, Client]]:
    """One venue without limits for all tests of a file that leave it as it was."""
    desk = Desk("simulated-key", limits="off")
    with (
        Served(desk.venue.app()) as served,
        httpx.Client(base_url=served.address, timeout=5, trust_env=False) as http,
    ):
        yield served, _client(http, desk)


@pytest.fixture
def desk_behind() -> Desk:
    """The machine behind `served` and `client`."""
    return Desk("simulated-key")


@pytest.fixture
def served(desk_behind: Desk) -> Iterator[Served]:
    with Served(desk_behind.venue.app()) as running:
        yield running


@pytest.fixture
def client(served: Served, desk_behind: Desk) -> Iterator[Client]:
    with httpx.Client(base_url=served.address, timeout=5, trust_env=False) as http:
        yield _client(http, desk_behind)
