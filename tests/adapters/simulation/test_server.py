"""Control routes and faults over a real socket: what a client sees when connections break, and that nothing is left."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from adapters.simulation.clock import ManualClock
from adapters.simulation.control import control_routes
from adapters.simulation.faults import KINDS, App, FaultMiddleware, Faults
from adapters.simulation.listing import Listing
from adapters.simulation.market import Market
from adapters.simulation.server import Served, serve
from tests.waiting import until

SECOND = 1_000_000_000


class Shop:
    """The smallest venue: a counter of orders, a stream of lines, a socket that echoes."""

    def __init__(self) -> None:
        self.clock = ManualClock(1_000 * SECOND)
        self.market = Market(1, [Listing("X", Decimal(100), Decimal("0.01"), Decimal(10))], self.clock)
        self.faults = Faults(self.clock)
        self.orders: list[str] = []
        self.settled: list[int] = []

    def settle(self) -> None:
        self.settled.append(self.clock.now_ns())

    def ledger(self) -> Mapping[str, Any]:
        return {"accounts": {}, "accepted": {name: self.orders.count(name) for name in self.orders}}

    def trade(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        if "units" not in order:
            raise ValueError("`units` is missing")
        return {"filled": order["units"]}

    def app(self) -> App:
        async def order(request: Request) -> JSONResponse:
            self.orders.append((await request.body()).decode())
            return JSONResponse({"number": len(self.orders)}, 201)

        async def lines(request: Request) -> StreamingResponse:
            async def body() -> AsyncIterator[str]:
                number = 0
                while True:
                    number += 1
                    yield f"{number}\n"
                    await self.clock.sleep_until(self.clock.now_ns() + SECOND)

            return StreamingResponse(body())

        async def echo(ws: WebSocket) -> None:
            await ws.accept()
            async for text in ws.iter_text():
                await ws.send_text(text)

        routes = [
            Route("/orders", order, methods=["POST"]),
            Route("/lines", lines),
            WebSocketRoute("/ws", echo),
            control_routes(self, {"double": lambda body: {"twice": int(body["n"]) * 2}}),
        ]
        return FaultMiddleware(Starlette(routes=routes), self.faults)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def served(shop: Shop) -> Iterator[Served]:
    with Served(shop.app()) as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=5, trust_env=False) as opened:
        yield opened


def fault(client: httpx.Client, **fields: Any) -> None:
    client.post("/_control/fault", json=fields).raise_for_status()


def test_answers_are_dated_once_by_the_simulators_clock(client: httpx.Client, shop: Shop) -> None:
    """`Shop` begins at its clock's own time: what a client takes for the venue's time moves with it."""
    for advanced in (0, 120):
        shop.clock.advance(advanced * SECOND)
        answer = client.post("/orders", json={"id": f"at-{advanced}"})
        assert len(answer.headers.get_list("date")) == 1
        assert parsedate_to_datetime(answer.headers["date"]).timestamp() == shop.clock.now_ns() // SECOND


def test_a_lost_request_was_never_done(client: httpx.Client, shop: Shop) -> None:
    fault(client, kind="lose_request", path="/orders")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/orders", content="a")
    assert shop.orders == []
    assert client.post("/orders", content="a").json() == {"number": 1}  # once only


def test_a_lost_reply_was_done(client: httpx.Client, shop: Shop) -> None:
    fault(client, kind="lose_reply", path="/orders", count=2)
    for content in ("a", "b"):
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/orders", content=content)
    assert shop.orders == ["a", "b"]
    assert client.get("/_control/ledger").json() == {
        "accounts": {},
        "accepted": {"a": 1, "b": 1},
        "faults": {"lose_reply": 2},
    }


def test_a_delayed_reply_was_done_at_once_and_comes_by_the_simulators_clock(client: httpx.Client, shop: Shop) -> None:
    fault(client, kind="delay_reply", path="/orders", seconds=300)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/orders", content="a", timeout=0.2)
    assert shop.orders == ["a"]
    fault(client, kind="delay_reply", path="/orders", seconds=300)
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(client.post("/orders", content="b")))
    thread.start()
    while shop.orders != ["a", "b"]:
        thread.join(0.01)
    assert not answers
    client.post("/_control/clock", json={"advance_s": 300}).raise_for_status()
    thread.join(5)
    assert answers[0].json() == {"number": 2}


def test_a_delayed_request_is_done_later_though_the_client_has_gone(client: httpx.Client, shop: Shop) -> None:
    fault(client, kind="delay_request", path="/orders", seconds=300)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/orders", content="a", timeout=0.2)
    assert shop.orders == []
    client.post("/_control/clock", json={"advance_s": 299}).raise_for_status()
    assert client.post("/orders", content="b").json() == {"number": 1}
    client.post("/_control/clock", json={"advance_s": 1}).raise_for_status()
    assert client.post("/orders", content="c").json() == {"number": 3}
    assert shop.orders == ["b", "a", "c"]


def test_a_status_is_answered_without_the_venue(client: httpx.Client, shop: Shop) -> None:
    fault(client, kind="status", path="/orders", status=502, body={"msg": "gate"})
    answer = client.post("/orders", content="a")
    assert (answer.status_code, answer.json(), shop.orders) == (502, {"msg": "gate"}, [])


def test_a_request_is_done_twice(client: httpx.Client, shop: Shop) -> None:
    fault(client, kind="duplicate_request", path="/orders")
    assert client.post("/orders", content="a").json() == {"number": 1}
    until(lambda: len(shop.orders) >= 2, "the second was not done")  # it is once the first was answered
    assert shop.orders == ["a", "a"]


def test_an_answer_comes_twice_on_its_connection(client: httpx.Client, served: Served, shop: Shop) -> None:
    """A client that sends its next request on that connection takes the second copy for the answer; one that opens a
    new connection for each write is not deceived."""
    fault(client, kind="duplicate_reply", path="/orders")
    with socket.create_connection((served.host, served.port), timeout=5) as raw:
        raw.sendall(b"POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\na")
        heard = b""
        while heard.count(b'{"number":1}') < 2:
            heard += raw.recv(4096)
    assert heard.count(b"HTTP/1.1 201") == 2
    assert client.post("/orders", content="b").json() == {"number": 2}
    assert shop.orders == ["a", "b"]


def test_a_fault_of_another_method_or_path_waits(client: httpx.Client, shop: Shop) -> None:
    fault(client, kind="status", path="/orders/", method="POST")
    fault(client, kind="status", path="/orders", method="PUT")
    assert client.post("/orders", content="a").status_code == 201
    assert len(client.get("/_control/state").json()["faults"]) == 2
    client.post("/_control/faults/clear")
    assert client.get("/_control/state").json()["faults"] == []


def test_streams_are_dropped_silenced_and_repeated(client: httpx.Client, shop: Shop) -> None:
    with client.stream("GET", "/lines") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "1"
        fault(client, kind="silence_streams", path="/lines", seconds=1.5)
        client.post("/_control/clock", json={"advance_s": 1})  # 2 is said into the silence
        client.post("/_control/clock", json={"advance_s": 1})
        fault(client, kind="duplicate_events", path="/lines")
        heard = [next(lines)]
        client.post("/_control/clock", json={"advance_s": 1})
        heard += [next(lines), next(lines)]
        assert sorted(set(heard)) == heard[:1] + heard[-1:]
        assert "2" not in heard
        fault(client, kind="drop_streams", path="/lines")
        with pytest.raises(httpx.TransportError):
            list(lines)


def test_a_socket_is_dropped_and_its_messages_repeated(client: httpx.Client, served: Served) -> None:
    with opened(served) as ws:
        ws.send("a")
        assert ws.recv(2) == "a"
        fault(client, kind="duplicate_events", path="/ws")
        ws.send("b")
        assert [ws.recv(2), ws.recv(2)] == ["b", "b"]
        fault(client, kind="drop_streams", path="/ws")
        with pytest.raises(ConnectionClosed):
            ws.recv(2)


def test_a_server_that_ends_leaves_no_stream_open(shop: Shop) -> None:
    with Served(shop.app()) as served, opened(served) as ws:
        client = httpx.Client(base_url=served.address, timeout=5, trust_env=False)
        stream = client.stream("GET", "/lines")
        lines = stream.__enter__().iter_lines()
        assert next(lines) == "1"
        served._stop()
        with pytest.raises(httpx.TransportError):
            list(lines)
        with pytest.raises(ConnectionClosed):
            ws.recv(2)
        stream.__exit__(None, None, None)
        client.close()
    assert threading.active_count() == 1 or all(each.name != "simulator" for each in threading.enumerate())


def test_control_sets_prices_time_and_hours_and_settles_each_time(client: httpx.Client, shop: Shop) -> None:
    answer = client.post("/_control/price", json={"instrument": "X", "bid": "99.99", "ask": 100.01})
    assert answer.json() == {"instrument": "X", "bid": "99.99", "ask": "100.01"}
    client.post("/_control/market", json={"open": False})
    state = client.get("/_control/state").json()
    assert state["instruments"] == {"X": {"bid": "99.99", "ask": "100.01", "is_open": False}}
    client.post("/_control/clock", json={"advance_s": "2.5"})
    start = 1_000 * SECOND
    assert shop.settled == [start, start, start + SECOND, start + 2 * SECOND, start + 5 * SECOND // 2]
    assert client.post("/_control/trade", json={"units": 5}).json() == {"filled": 5}
    assert client.post("/_control/double", json={"n": 4}).json() == {"twice": 8}


@pytest.mark.parametrize(
    ("route", "body", "words"),
    [
        ("price", {"instrument": "Y", "bid": 1, "ask": 2}, "no instrument `Y`"),
        ("price", {"instrument": "X", "bid": 2, "ask": 1}, "0 < bid <= ask"),
        ("price", {"instrument": "X", "bid": 2}, "`ask` is missing"),
        ("price", {"instrument": "X", "bid": "two", "ask": 3}, "`bid` is a number"),
        ("fault", {"kind": "quake"}, "`kind` is one of"),
        ("fault", {"kind": "status", "speed": 1}, "no `speed`"),
        ("fault", {"kind": "status", "count": "x"}, "invalid literal"),
        ("clock", {"advance_s": -1}, "forward"),
        ("market", {"open": 3}, "`open` is"),
        ("trade", {}, "`units` is missing"),
        ("trade", [], "JSON object"),
    ],
)
def test_a_control_request_that_can_not_be_done_is_a_sentence(
    client: httpx.Client, route: str, body: Any, words: str
) -> None:
    answer = client.post(f"/_control/{route}", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_control_never_fails_by_a_fault(client: httpx.Client) -> None:
    fault(client, kind="status", path="/", count=9)
    assert client.get("/_control/state").status_code == 200
    assert set(KINDS) >= {"lose_request", "lose_reply", "reject"}


def test_a_port_that_is_taken_is_said(served: Served) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(Shop().app(), served.port)


def test_the_servers_own_thread_may_be_asked(served: Served, shop: Shop) -> None:
    assert served.call(lambda: threading.current_thread().name) == "simulator"
    with pytest.raises(ValueError, match="forward"):
        served.call(lambda: shop.clock.advance(-1))


def opened(served: Served) -> ClientConnection:
    return connect(f"ws://{served.host}:{served.port}/ws", proxy=None)


def test_messages_without_a_server_need_no_connection(shop: Shop) -> None:
    """In-process clients (httpx.ASGITransport) work too, but for faults that break connections."""

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(shop.app()), base_url="http://x") as client:
            assert (await client.post("/orders", content="a")).json() == {"number": 1}
            await client.post("/_control/fault", content=json.dumps({"kind": "lose_reply"}))
            with pytest.raises(ConnectionResetError):
                await client.post("/orders", content="b")

    asyncio.run(main())
