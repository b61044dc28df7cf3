"""The two streams over a real connection (fact sheet §6), and faults that a client must live through."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from adapters.oanda.simulator import simulator
from adapters.oanda.simulator.application import application
from adapters.oanda.simulator.options import Options
from adapters.oanda.simulator.venue import OandaVenue
from adapters.simulation.clock import ManualClock
from adapters.simulation.server import Served

START = int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A served venue whose clock is moved by its control route alone."""
    venue = OandaVenue(1, Options(rate=0), ManualClock(START))
    with (
        Served(application(venue)) as served,
        httpx.Client(
            base_url=served.address, headers={"Authorization": "Bearer key-1"}, timeout=5, trust_env=False
        ) as opened,
    ):
        yield opened


@pytest.fixture
def account(client: httpx.Client) -> str:
    return str(client.get("/v3/accounts").json()["accounts"][0]["id"])


def control(client: httpx.Client, route: str, **body: Any) -> None:
    client.post(f"/_control/{route}", json=body).raise_for_status()


def order(client: httpx.Client, account: str, **fields: Any) -> httpx.Response:
    given = {"type": "MARKET", "instrument": "USD_JPY", "units": "100", **fields}
    return client.post(f"/v3/accounts/{account}/orders", json={"order": given})


@contextmanager
def stream(client: httpx.Client, path: str, **query: str) -> Iterator[Iterator[Any]]:
    with client.stream("GET", path, params=query) as answer:
        assert answer.status_code == 200
        assert answer.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in answer.headers
        yield (json.loads(line) for line in answer.iter_lines() if line)


def test_prices_come_at_once_and_then_as_they_change(client: httpx.Client, account: str) -> None:
    control(client, "price", instrument="USD_JPY", bid="154.200", ask="154.208")
    control(client, "price", instrument="EUR_USD", bid="1.08500", ask="1.08508")
    with stream(client, f"/v3/accounts/{account}/pricing/stream", instruments="USD_JPY,EUR_USD") as lines:
        first = [next(lines), next(lines)]
        assert [(row["type"], row["instrument"]) for row in first] == [("PRICE", "USD_JPY"), ("PRICE", "EUR_USD")]
        control(client, "price", instrument="USD_JPY", bid="154.300", ask="154.308")
        control(client, "clock", advance_s=0.1)
        control(client, "price", instrument="USD_JPY", bid="154.400", ask="154.408")
        control(client, "clock", advance_s=0.15)
        row = next(lines)
        # of a window of 250 ms the last price alone
        assert (row["instrument"], row["bids"][0]["price"]) == ("USD_JPY", "154.400")


def test_a_heartbeat_comes_every_five_seconds(client: httpx.Client, account: str) -> None:
    with stream(client, f"/v3/accounts/{account}/pricing/stream", instruments="USD_JPY", snapshot="false") as lines:
        beats = 0
        for _ in range(30):
            control(client, "clock", advance_s=5)
            row = next(lines)
            while row["type"] == "PRICE" and beats == 0:
                row = next(lines)
            beats += row["type"] == "HEARTBEAT"
            if beats:
                break
        assert (row["type"], set(row)) == ("HEARTBEAT", {"type", "time"})


def test_a_closed_market_is_told_once_with_prices_that_can_not_be_traded(client: httpx.Client, account: str) -> None:
    """Fact sheet §9, trap 12's neighbour: `tradeable` false."""
    with stream(client, f"/v3/accounts/{account}/pricing/stream", instruments="USD_JPY") as lines:
        assert next(lines)["tradeable"] is True
        control(client, "market", open=False)
        control(client, "clock", advance_s=0.25)
        row = next(lines)
        assert (row["tradeable"], row["status"]) == (False, "non-tradeable")
        control(client, "clock", advance_s=6)
        assert next(lines)["type"] == "HEARTBEAT"


def test_transactions_come_as_they_are_made(client: httpx.Client, account: str) -> None:
    """The same transactions as the reply has: a client counts them once, by their number (fact sheet §8)."""
    with stream(client, f"/v3/accounts/{account}/transactions/stream") as lines:
        beat = next(lines)
        assert (beat["type"], beat["lastTransactionID"]) == ("HEARTBEAT", "3")
        reply = order(client, account).json()
        heard = [next(lines), next(lines)]
        assert heard == [reply["orderCreateTransaction"], reply["orderFillTransaction"]]
        control(client, "clock", advance_s=5)
        assert next(lines)["lastTransactionID"] == "5"


def test_what_a_stream_missed_is_in_the_history(client: httpx.Client, account: str) -> None:
    """No replay: on connecting again the first heartbeat tells up to where `sinceid` must be asked."""
    path = f"/v3/accounts/{account}/transactions/stream"
    with stream(client, path) as lines:
        before = next(lines)["lastTransactionID"]
        control(client, "fault", kind="drop_streams", path="/v3")
        with pytest.raises(httpx.TransportError):
            list(lines)
    order(client, account)
    with stream(client, path) as lines:
        assert next(lines)["lastTransactionID"] == "5"
    missed = client.get(f"/v3/accounts/{account}/transactions/sinceid", params={"id": before}).json()
    assert [row["type"] for row in missed["transactions"]] == ["MARKET_ORDER", "ORDER_FILL"]


def test_a_fill_may_be_heard_before_its_reply_and_twice(client: httpx.Client, account: str) -> None:
    with stream(client, f"/v3/accounts/{account}/transactions/stream") as lines:
        next(lines)
        control(client, "fault", kind="reorder_fill_before_ack", path="/v3", seconds=0.3)
        control(client, "fault", kind="duplicate_events", path="/v3", count=2)
        answered = threading.Event()

        def send() -> None:
            order(client, account)
            answered.set()

        thread = threading.Thread(target=send)
        thread.start()
        heard = [next(lines)["type"] for _ in range(4)]
        assert not answered.is_set()
        thread.join(5)
        assert heard == ["MARKET_ORDER", "MARKET_ORDER", "ORDER_FILL", "ORDER_FILL"]
        assert answered.is_set()


def test_lost_requests_and_replies_are_told_apart_by_the_history(client: httpx.Client, account: str) -> None:
    """The rule after a lost reply (fact sheet §8): look for the client id since the number before the send."""
    for kind, accepted in (("lose_request", 0), ("lose_reply", 1)):
        last = client.get(f"/v3/accounts/{account}/summary").json()["lastTransactionID"]
        control(client, "fault", kind=kind, path="/v3", method="POST")
        with pytest.raises(httpx.TransportError):
            order(client, account, clientExtensions={"id": kind})
        rows = client.get(f"/v3/accounts/{account}/transactions/sinceid", params={"id": last}).json()["transactions"]
        named = [row for row in rows if row.get("clientExtensions", {}).get("id") == kind]
        assert len(named) == accepted
        assert client.get("/_control/ledger").json()["accepted"].get(kind, 0) == accepted


def test_no_more_than_twenty_streams(account: str, client: httpx.Client) -> None:
    """Fact sheet §7."""
    path = f"/v3/accounts/{account}/transactions/stream"
    with ExitStack() as open_streams:
        lines = [open_streams.enter_context(stream(client, path)) for _ in range(20)]
        assert [next(each)["type"] for each in lines] == ["HEARTBEAT"] * 20
        assert client.get(path).status_code == 429


def test_a_connection_that_is_one_too_many_is_closed_and_what_it_asked_for_is_not_done() -> None:
    """Fact sheet §7: two new ones a second, "excess connections will be rejected". Those that stand are not counted."""
    venue = OandaVenue(1, Options(rate=0, connections=2), ManualClock(START))

    def connected(stack: ExitStack, address: str) -> httpx.Client:
        made = httpx.Client(base_url=address, trust_env=False, headers={"Authorization": "Bearer key-1"})
        return stack.enter_context(made)

    with Served(application(venue)) as served, ExitStack() as stack:
        first, second, third = (connected(stack, served.address) for _ in range(3))
        account = first.get("/v3/accounts").json()["accounts"][0]["id"]
        assert [second.get("/v3/accounts").status_code for _ in range(5)] == [200] * 5
        with pytest.raises(httpx.TransportError):
            order(third, account)
        served.call(lambda: venue.clock.advance(1_000_000_000))
        assert third.get(f"/v3/accounts/{account}/orders", params={"state": "ALL"}).json()["orders"] == []


def test_the_port_gives_an_application_and_a_greeting() -> None:
    assert simulator.venue == "oanda"
    with pytest.raises(ValueError, match="no option `size`"):
        simulator.app(1, {"size": "1"})
    lines = simulator.greeting("http://127.0.0.1:5000")
    assert any("http://127.0.0.1:5000/v3/accounts" in line for line in lines)
    assert set(simulator.options) == set(Options.__slots__)


def test_orders_meet_prices_without_anybody_asking() -> None:
    """With the machine's clock: a stop that was passed fills by itself."""
    with (
        Served(simulator.app(1, {})) as served,
        httpx.Client(
            base_url=served.address, headers={"Authorization": "Bearer key-1"}, timeout=5, trust_env=False
        ) as client,
    ):
        account = client.get("/v3/accounts").json()["accounts"][0]["id"]
        control(client, "price", instrument="USD_JPY", bid="154.200", ask="154.208")
        order(client, account, type="STOP", price="154.300")
        with stream(client, f"/v3/accounts/{account}/transactions/stream") as lines:
            next(lines)
            control(client, "price", instrument="USD_JPY", bid="154.300", ask="154.308")
            assert next(lines)["reason"] == "STOP_ORDER"
