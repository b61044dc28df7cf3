"""The streams: logins, subscriptions, pictures and updates, orders over a socket (fact sheet §7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from adapters.okx.simulator.connection import Connection, Subscription
from adapters.simulation.server import Served

BTC = "BTC-USDT-SWAP"


class Stream:
    """One socket. `until`: messages of a kind, others passed over."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def say(self, message: Any) -> None:
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def hear(self) -> Any:
        text = self.socket.recv(timeout=5)
        return text if text == "pong" else json.loads(text)

    def until(self, **wanted: Any) -> Any:
        """The next event with these fields."""
        while True:
            message = self.hear()
            if isinstance(message, dict) and all(message.get(name) == value for name, value in wanted.items()):
                return message

    def push(self, channel: str) -> Any:
        """The next data of a channel."""
        while True:
            message = self.hear()
            if "data" in message and message.get("arg", {}).get("channel") == channel:
                return message

    def subscribe(self, channel: str, **arg: str) -> Any:
        self.say({"op": "subscribe", "args": [{"channel": channel, **arg}]})
        return self.until(event="subscribe")


@pytest.fixture
def stream(served: Served) -> Iterator[Callable[[str], Stream]]:
    with ExitStack() as opened:

        def start(url: str) -> Stream:
            address = f"ws://{served.host}:{served.port}/ws/v5/{url}"
            return Stream(opened.enter_context(connect(address, proxy=None, ping_interval=None)))

        yield start


@pytest.fixture
def calm(quiet: Any) -> Iterator[Callable[[str], Stream]]:
    """Streams of the venue that all tests share."""
    with ExitStack() as opened:

        def start(url: str) -> Stream:
            address = f"ws://{quiet[0].host}:{quiet[0].port}/ws/v5/{url}"
            return Stream(opened.enter_context(connect(address, proxy=None, ping_interval=None)))

        yield start


@pytest.fixture
def private(stream: Any, client: Any) -> Stream:
    opened: Stream = stream("private")
    opened.say(client.login())
    assert opened.hear()["event"] == "login"
    return opened


@pytest.fixture
def price(client: Any) -> Callable[[str, str], None]:
    def put(bid: str, ask: str) -> None:
        client.http.post("/_control/price", json={"instrument": BTC, "bid": bid, "ask": ask}).raise_for_status()

    return put


def order(op: str, number: str, **arg: Any) -> dict[str, Any]:
    return {"id": number, "op": op, "args": [arg]}


MARKET = {"tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1"}


def test_trap_9_the_ping_is_text(calm: Any) -> None:
    opened = calm("public")
    opened.say("ping")
    assert opened.hear() == "pong"


def test_every_argument_is_acknowledged(calm: Any) -> None:
    opened = calm("public")
    args = [{"channel": "tickers", "instId": BTC}, {"channel": "mark-price", "instId": BTC}]
    opened.say({"id": "7", "op": "subscribe", "args": args})
    told = [opened.until(event="subscribe") for _ in args]
    assert [one["arg"] for one in told] == args
    assert all(one["id"] == "7" and one["connId"] for one in told)
    opened.say({"op": "unsubscribe", "args": args[:1]})
    assert opened.until(event="unsubscribe")["arg"] == args[0]


@pytest.mark.parametrize(
    ("url", "arg", "code"),
    [
        ("public", {"channel": "candle1m", "instId": BTC}, "60018"),  # trap 12: on business
        ("business", {"channel": "tickers", "instId": BTC}, "60018"),
        ("public", {"channel": "tickers", "instId": "NO-USDT-SWAP"}, "60018"),
        ("public", {"channel": "tickers"}, "60018"),
        ("public", {"channel": "nothing"}, "60018"),
        ("private", {"channel": "orders", "instType": "SWAP"}, "60011"),
        ("business", {"channel": "orders-algo", "instType": "SWAP"}, "60011"),
    ],
)
def test_what_can_not_be_subscribed_to(calm: Any, url: str, arg: dict[str, str], code: str) -> None:
    opened = calm(url)
    opened.say({"op": "subscribe", "args": [arg]})
    told = opened.hear()
    assert (told["event"], told["code"]) == ("error", code)


@pytest.mark.parametrize("message", ["{", "[]", '{"op":"dance","args":[{}]}', '{"op":"subscribe"}'])
def test_what_is_no_request(calm: Any, message: str) -> None:
    opened = calm("public")
    opened.say(message)
    assert (opened.hear()["code"]) == "60012"


@pytest.mark.parametrize("stamp", ["1772632800", 1772632800])
def test_a_login_takes_both_forms_of_time(calm: Any, quiet: Any, stamp: Any) -> None:
    opened = calm("private")
    opened.say(quiet[1].login(stamp))
    told = opened.hear()
    assert (told["event"], told["code"], told["msg"]) == ("login", "0", "")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sign": "wrong"}, "60007"),
        ({"passphrase": "wrong"}, "60024"),
        ({"timestamp": "1772632769"}, "60006"),  # 31 s ago
        ({"timestamp": "2026-03-04T14:00:00.000Z"}, "60004"),  # trap 7
        ({"apiKey": ""}, "60001"),
        ({"apiKey": "#"}, "60005"),
    ],
)
def test_a_login_that_fails_ends_the_connection(calm: Any, quiet: Any, change: dict[str, str], code: str) -> None:
    opened = calm("private")
    message = quiet[1].login()
    message["args"][0] |= change
    opened.say(message)
    told = opened.hear()
    assert (told["event"], told["code"]) == ("error", code)
    with pytest.raises(ConnectionClosed) as closed:
        opened.hear()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


def test_pictures_of_the_market(stream: Any, price: Any) -> None:
    opened = stream("public")
    for channel in ("tickers", "bbo-tbt", "books5", "mark-price", "price-limit", "open-interest", "funding-rate"):
        opened.subscribe(channel, instId=BTC)
        assert opened.push(channel)["data"]
    price("61000", "61010")
    assert opened.push("tickers")["data"][0]["bidPx"] == "61000"
    assert opened.push("mark-price")["data"][0]["markPx"] == "61005"
    best = opened.push("bbo-tbt")["data"][0]
    assert (best["bids"][0][0], len(best["bids"]), len(best["bids"][0])) == ("61000", 1, 4)
    assert len(opened.push("books5")["data"][0]["asks"]) == 5


def test_a_book_is_put_together_from_its_updates(stream: Any, client: Any, desk_behind: Any, price: Any) -> None:
    opened = stream("public")
    opened.subscribe("books", instId=BTC)
    first = opened.push("books")
    assert (first["action"], first["data"][0]["prevSeqId"]) == ("snapshot", -1)
    assert isinstance(first["data"][0]["seqId"], int)
    book = {side: {row[0]: row[1] for row in first["data"][0][side]} for side in ("asks", "bids")}
    seq = first["data"][0]["seqId"]
    for bid, ask in (("60000.5", "60010.5"), ("59990", "59995")):
        price(bid, ask)
        update = opened.push("books")
        data = update["data"][0]
        assert (update["action"], data["prevSeqId"], data["checksum"]) == ("update", seq, 0)
        seq = data["seqId"]
        for side in ("asks", "bids"):
            for row in data[side]:
                book[side].pop(row[0], None)
                if row[1] != "0":  # size 0 deletes
                    book[side][row[0]] = row[1]
    whole = client.http.get(f"/api/v5/market/books?instId={BTC}&sz=400").json()["data"][0]
    for side in ("asks", "bids"):
        assert book[side] == {row[0]: row[1] for row in whole[side]}


def test_a_books_numbers_can_be_torn(stream: Any, client: Any, price: Any) -> None:
    opened = stream("public")
    opened.subscribe("books", instId=BTC)
    seq = opened.push("books")["data"][0]["seqId"]
    client.http.post("/_control/books", json={"instrument": BTC, "kind": "gap"})
    torn = opened.push("books")["data"][0]
    assert torn["prevSeqId"] != seq
    client.http.post("/_control/books", json={"instrument": BTC, "kind": "restart"})
    again = opened.push("books")["data"][0]
    assert again["prevSeqId"] == torn["seqId"] > again["seqId"]  # once, after maintenance


def test_a_book_that_stands_still_says_so_after_a_while(stream: Any, client: Any, desk_behind: Any) -> None:
    client.http.post("/_control/market", json={"open": False})
    opened = stream("public")
    opened.subscribe("books", instId=BTC)
    seq = opened.push("books")["data"][0]["seqId"]
    client.http.post("/_control/clock", json={"advance_s": 60})
    still = opened.push("books")["data"][0]
    assert (still["asks"], still["bids"], still["prevSeqId"], still["seqId"]) == ([], [], seq, seq)


def test_a_bar_is_told_often_and_at_last_as_done(stream: Any, client: Any) -> None:
    opened = stream("business")
    opened.subscribe("candle1m", instId=BTC)
    assert opened.push("candle1m")["data"][0][8] == "0"
    client.http.post("/_control/clock", json={"advance_s": 60})
    rows = [opened.push("candle1m")["data"][0]]
    while rows[-1][8] == "0":
        rows.append(opened.push("candle1m")["data"][0])
    following = opened.push("candle1m")["data"][0]
    assert int(following[0]) == int(rows[-1][0]) + 60_000
    rest = client.http.get(f"/api/v5/market/candles?instId={BTC}&bar=1m&limit=2").json()["data"][1]
    assert rest == rows[-1]


def test_trap_10_orders_have_no_picture_and_every_change_is_told(private: Stream, client: Any) -> None:
    client.post("trade/order", MARKET | {"instId": BTC, "ordType": "limit", "px": "59000"})
    private.subscribe("orders", instType="SWAP")
    assert private.until(event="channel-conn-count")["connCount"] == "1"
    placed = client.market("buy", "3", clOrdId="re1").json()["data"][0]
    rows = [private.push("orders")["data"][0] for _ in range(2)]
    assert [row["state"] for row in rows] == ["live", "filled"]
    assert {row["ordId"] for row in rows} == {placed["ordId"]}
    assert [(row["fillSz"], row["tradeId"] != "") for row in rows] == [("0", False), ("3", True)]
    assert (rows[1]["fillFee"], rows[1]["execType"]) == ("-0.90015", "T")
    fill = client.get("trade/fills").json()["data"][0]
    assert (fill["tradeId"], fill["fee"]) == (rows[1]["tradeId"], rows[1]["fillFee"])


def test_a_push_that_tells_of_no_fill_repeats_none(private: Stream, client: Any) -> None:
    private.subscribe("orders", instType="SWAP")
    client.http.post(
        "/_control/price", json={"instrument": BTC, "bid": "60000", "ask": "60010", "ask_size": "2", "bid_size": "2"}
    )
    placed = client.post("trade/order", MARKET | {"instId": BTC, "ordType": "limit", "px": "60010", "sz": "5"}).json()
    client.post("trade/cancel-order", {"instId": BTC, "ordId": placed["data"][0]["ordId"]})
    rows = [private.push("orders")["data"][0] for _ in range(3)]
    assert [(row["state"], row["accFillSz"], row["fillSz"]) for row in rows] == [
        ("live", "0", "0"),
        ("partially_filled", "2", "2"),
        ("canceled", "2", "0"),  # trap 14
    ]
    assert [bool(row["tradeId"]) for row in rows] == [False, True, False]


def test_an_amendment_is_told_by_the_channel(private: Stream, client: Any) -> None:
    private.subscribe("orders", instType="ANY")
    order_id = client.post("trade/order", MARKET | {"instId": BTC, "ordType": "limit", "px": "59000"}).json()["data"][
        0
    ]["ordId"]
    private.push("orders")
    client.post("trade/amend-order", {"instId": BTC, "ordId": order_id, "newSz": "2", "reqId": "r1"})
    told = private.push("orders")["data"][0]
    assert (told["amendResult"], told["reqId"], told["sz"]) == ("0", "r1", "2")
    client.post("trade/amend-order", {"instId": BTC, "ordId": order_id, "newSz": "9000", "reqId": "r2"})
    told = private.push("orders")["data"][0]
    assert (told["amendResult"], told["code"], told["sz"]) == ("-1", "51008", "2")


def test_account_and_positions_come_at_once_and_with_every_fill(private: Stream, client: Any) -> None:
    private.subscribe("account")
    first = private.push("account")
    assert (first["eventType"], first["data"][0]["details"][0]["cashBal"]) == ("snapshot", "10000")
    private.subscribe("positions", instType="SWAP")
    assert private.push("positions")["data"] == []
    private.subscribe("balance_and_position")
    assert private.push("balance_and_position")["data"][0]["eventType"] == "snapshot"
    client.market("buy", "3")
    assert private.push("positions")["data"][0]["pos"] == "3"
    small = private.push("balance_and_position")["data"][0]
    assert (small["eventType"], small["balData"][0]["cashBal"]) == ("filled", "9999.09985")
    assert private.push("account")["data"][0]["details"][0]["cashBal"] == "9999.09985"
    client.market("sell", "3")
    assert private.push("positions")["data"][0]["pos"] == "0"  # a close is told so
    client.http.post("/_control/clock", json={"advance_s": 5})
    assert private.push("account")["eventType"] == "event_update"
    assert private.push("account")["eventType"] == "snapshot"  # and again on an interval


def test_another_account_hears_nothing(private: Stream, stream: Any, client: Any) -> None:
    private.subscribe("orders", instType="SWAP")
    client.key = "somebody-else-0001"
    client.market("buy", "1")
    client.key = "simulated-key"
    client.market("buy", "2")
    assert private.push("orders")["data"][0]["sz"] == "2"


@pytest.mark.parametrize("name", [{"instId": BTC}, {"instIdCode": 10459}])
def test_orders_go_over_a_stream(private: Stream, client: Any, name: dict[str, Any]) -> None:
    private.say(order("order", "a1", clOrdId="re1", **MARKET, **name))
    told = private.until(id="a1")
    assert (told["op"], told["code"], told["data"][0]["sCode"], told["data"][0]["clOrdId"]) == (
        "order",
        "0",
        "0",
        "re1",
    )
    assert told["inTime"] <= told["outTime"]
    assert client.get("trade/order", instId=BTC, clOrdId="re1").json()["data"][0]["state"] == "filled"


def test_orders_are_changed_cancelled_and_refused_over_a_stream(private: Stream) -> None:
    private.say(
        {"id": "1", "op": "batch-orders", "args": [{"instId": BTC, **MARKET, "ordType": "limit", "px": "59000"}]}
    )
    order_id = private.until(id="1")["data"][0]["ordId"]
    private.say(order("amend-order", "2", instId=BTC, ordId=order_id, newSz="2"))
    assert private.until(id="2")["code"] == "0"
    private.say(order("cancel-order", "3", instId=BTC, ordId=order_id))
    assert private.until(id="3")["code"] == "0"
    private.say(order("cancel-order", "4", instId=BTC, ordId=order_id))
    told = private.until(id="4")
    assert (told["code"], told["data"][0]["sCode"]) == ("1", "51400")
    private.say(order("order", "5", instId=BTC, **MARKET) | {"expTime": "1772632799999"})
    assert (private.until(id="5"))["code"] == "50037"
    private.say(order("order", "a-b", instId=BTC, **MARKET))
    assert private.until(event="error")["code"] == "60012"


def test_an_order_before_the_login_is_refused(calm: Any) -> None:
    opened = calm("private")
    opened.say(order("order", "1", instId=BTC, **MARKET))
    assert opened.hear()["code"] == "60011"


def test_rest_and_stream_share_their_counters(private: Stream, client: Any) -> None:
    """60 orders of an instrument in 2 s, whichever way they come."""
    limit = {"instId": BTC, **MARKET, "ordType": "limit", "px": "59000", "sz": "0.01"}
    assert {client.post("trade/order", limit).json()["code"] for _ in range(59)} == {"0"}
    private.say(
        order("order", "1", **{name: value for name, value in limit.items() if name != "instId"}, instIdCode=10459)
    )
    assert private.until(id="1")["code"] == "0"
    private.say(order("order", "2", **limit))
    assert private.until(id="2")["code"] == "50011"
    assert client.post("trade/order", limit).json()["code"] == "50011"


def test_the_acknowledgement_comes_first_unless_a_fault_turns_it_round(private: Stream, client: Any) -> None:
    private.subscribe("orders", instType="SWAP")
    private.say(order("order", "1", instId=BTC, **MARKET))
    heard = [private.hear() for _ in range(4)]
    assert [("id" in one) for one in heard if one.get("event") is None] == [True, False, False]
    fault = {"kind": "reorder_fill_before_ack", "path": "/ws/v5/private/order"}
    client.http.post("/_control/fault", json=fault)
    private.say(order("order", "2", instId=BTC, **MARKET))
    heard = [private.hear() for _ in range(3)]
    assert ["id" in one for one in heard] == [False, False, True]


def test_orders_over_a_stream_can_be_lost(private: Stream, client: Any) -> None:
    for kind, count in (("lose_request", 0), ("lose_reply", 1)):
        client.http.post("/_control/fault", json={"kind": kind, "path": "/ws/v5/private/order"})
        private.say(order("order", "1", instId=BTC, clOrdId=kind.replace("_", ""), **MARKET))
        private.say("ping")
        assert private.hear() == "pong"
        assert client.http.get("/_control/ledger").json()["accepted"].get(kind.replace("_", ""), 0) == count


def test_algos_are_told_on_business(stream: Any, client: Any) -> None:
    opened = stream("business")
    opened.say(client.login())
    opened.subscribe("orders-algo", instType="SWAP")
    client.market("buy", "1")
    stop = {"ordType": "conditional", "slTriggerPx": "59500", "slOrdPx": "-1", "reduceOnly": True}
    client.post("trade/order-algo", {"instId": BTC, "tdMode": "cross", "side": "sell", "sz": "1", **stop})
    assert opened.push("orders-algo")["data"][0]["state"] == "live"
    client.http.post("/_control/price", json={"instrument": BTC, "bid": "59400", "ask": "59410"})
    assert opened.push("orders-algo")["data"][0]["state"] in {"effective", "canceled"}


def test_a_notice_comes_before_an_upgrade(private: Stream, client: Any) -> None:
    client.http.post("/_control/notice", json={})
    told = private.hear()
    assert (told["event"], told["code"]) == ("notice", "64008")


def test_states_and_maintenance_are_told(stream: Any, client: Any) -> None:
    opened = stream("public")
    opened.subscribe("instruments", instType="SWAP")
    assert {row["state"] for row in opened.push("instruments")["data"]} == {"live"}
    opened.subscribe("status")
    client.http.post("/_control/maintenance", json={"title": "Upgrade"})
    assert opened.push("status")["data"][0]["title"] == "Upgrade"
    client.http.post("/_control/market", json={"open": False})
    assert opened.push("instruments")["data"][0]["state"] == "suspend"


def test_silence_ends_a_connection(make_desk: Callable[..., Any]) -> None:
    with Served(make_desk(idle_s="0.1").venue.app()) as served:
        url = f"ws://{served.host}:{served.port}/ws/v5/public"
        with connect(url, proxy=None, ping_interval=None) as socket:
            assert json.loads(socket.recv(timeout=5))["code"] == "60015"
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=5)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4004


def test_three_connections_a_second(stream: Any) -> None:
    for _ in range(3):
        stream("public")
    with pytest.raises(InvalidStatus) as refused:
        stream("public")
    assert refused.value.response.status_code == 429


def test_requests_of_a_connection_are_counted(stream: Any) -> None:
    """480 logins and subscriptions an hour."""
    opened = stream("public")
    for _ in range(481):
        opened.say({"op": "unsubscribe", "args": [{"channel": "tickers", "instId": BTC}]})
    heard = [opened.hear() for _ in range(481)]
    assert {one["event"] for one in heard[:480]} == {"unsubscribe"}
    assert heard[480]["code"] == "60014"


def test_a_private_channel_has_thirty_connections(desk_behind: Any, private: Stream) -> None:
    for number in range(30):
        other = Connection(f"other{number}", "private", 0.0, desk_behind.account)
        other.subscriptions["orders"] = Subscription("orders", {"channel": "orders", "instType": "SWAP"})
        desk_behind.venue.hub.connections.add(other)
    private.subscribe("orders", instType="SWAP")
    assert private.until(event="channel-conn-count-error")["connCount"] == "31"


def test_a_client_that_stands_still_is_hung_up_on_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing more waits for it, however much happens."""
    monkeypatch.setattr("adapters.okx.simulator.connection._BUFFER", 3)
    connection = Connection("c1", "public", 0.0)
    for number in range(20):
        connection.send({"number": number})
    waiting = [connection.outbox.get_nowait() for _ in range(connection.outbox.qsize())]
    assert waiting == ['{"number":0}', '{"number":1}', '{"number":2}', '{"number":3}', 4005]
