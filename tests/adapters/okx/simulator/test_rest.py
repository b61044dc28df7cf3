"""The door over HTTP: who is let in, how often, and how replies are wrapped (fact sheet §2, §3, §8)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from adapters.okx.simulator.connection import Connection, Subscription
from adapters.simulation.faults import Fault
from adapters.simulation.server import Served

BTC = "BTC-USDT-SWAP"
ORDER = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1"}


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_a_signature_covers_the_exact_bytes(client: Any) -> None:
    """Trap 7: the query belongs to it, and the body as it was sent."""
    assert code_of(client.get("account/balance", ccy="USDT")) == (200, "0")
    headers = client.headers("GET", "/api/v5/account/balance", "")
    assert code_of(client.http.get("/api/v5/account/balance?ccy=USDT", headers=headers)) == (401, "50113")
    order = '{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"buy","ordType":"market","sz":"1"}'
    headers = client.headers("POST", "/api/v5/trade/order", order)
    spaced = order.replace(",", ", ")
    assert code_of(client.http.post("/api/v5/trade/order", content=spaced, headers=headers)) == (401, "50113")
    assert code_of(client.http.post("/api/v5/trade/order", content=order, headers=headers)) == (200, "0")


def test_an_escaped_query_is_signed_as_it_is_on_the_wire(client: Any) -> None:
    path = "/api/v5/account/positions?instId=BTC-USDT-SWAP%2CETH-USDT-SWAP"
    assert code_of(client.http.get(path, headers=client.headers("GET", path, ""))) == (200, "0")


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("OK-ACCESS-KEY", "", "50103"),
        ("OK-ACCESS-PASSPHRASE", "", "50104"),
        ("OK-ACCESS-SIGN", "", "50106"),
        ("OK-ACCESS-TIMESTAMP", "", "50107"),
        ("OK-ACCESS-TIMESTAMP", "1772632800", "50112"),  # trap 7: seconds are for streams
        ("OK-ACCESS-TIMESTAMP", "2026-03-04T14:00:00Z", "50112"),
        ("OK-ACCESS-PASSPHRASE", "wrong", "50105"),
        ("OK-ACCESS-KEY", "#", "50111"),
        ("OK-ACCESS-SIGN", "wrong", "50113"),
    ],
)
def test_who_is_not_let_in(quiet: Any, header: str, value: str, code: str) -> None:
    _, client = quiet
    headers = client.headers("GET", "/api/v5/account/config", "") | {header: value}
    refused = client.http.get("/api/v5/account/config", headers=headers)
    assert code_of(refused) == (401, code)
    assert "data" not in refused.json()


@pytest.mark.parametrize(("off_s", "status"), [(30, 200), (-30, 200), (31, 401), (-31, 401)])
def test_a_clock_may_be_thirty_seconds_off(
    quiet: Any, monkeypatch: pytest.MonkeyPatch, off_s: float, status: int
) -> None:
    _, client = quiet
    right = client._now_s
    monkeypatch.setattr(client, "_now_s", lambda: right() + off_s)
    response = client.get("account/config")
    assert code_of(response) == (status, "0" if status == 200 else "50102")


def test_any_well_formed_key_has_an_account_of_its_own(client: Any) -> None:
    client.market("buy", "3")
    client.key, client.secret, client.passphrase = "somebody-else-0001", "what nobody knows", "p"
    assert client.get("account/positions").json()["data"] == []
    assert client.get("account/balance").json()["data"][0]["details"][0]["cashBal"] == "10000"
    client.passphrase = "another"
    assert code_of(client.get("account/config")) == (401, "50105")


@pytest.fixture
def opened(make_desk: Callable[..., Any]) -> Iterator[Callable[..., tuple[Any, httpx.Client]]]:
    """A served venue with options."""
    running: list[Any] = []

    def start(**options: str) -> tuple[Any, httpx.Client]:
        desk = make_desk("simulated-key", **options)
        served = Served(desk.venue.app()).__enter__()
        http = httpx.Client(base_url=served.address, timeout=5, trust_env=False)
        running.extend((http, served))
        return desk, http

    yield start
    for each in running:
        each.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("environment", "headers", "code"),
    [
        ("demo", {}, "50101"),
        ("demo", {"x-simulated-trading": "1"}, "0"),
        ("live", {"x-simulated-trading": "1"}, "50101"),
        ("live", {}, "0"),
        ("any", {}, "0"),
        ("any", {"x-simulated-trading": "1"}, "0"),
    ],
)
def test_trap_8_the_demo_wants_its_header(
    opened: Any, quiet: Any, environment: str, headers: dict[str, str], code: str
) -> None:
    _, http = opened(environment=environment)
    signed = quiet[1].headers("GET", "/api/v5/account/config", "") | headers
    assert http.get("/api/v5/account/config", headers=signed).json()["code"] == code


def test_other_keys_can_be_kept_out(opened: Any) -> None:
    _, http = opened(other_keys="refuse")
    headers = {
        "OK-ACCESS-KEY": "somebody-else-0001",
        "OK-ACCESS-TIMESTAMP": "2026-03-04T14:00:00.000Z",
        "OK-ACCESS-SIGN": b64encode(hmac.new(b"s", b"m", hashlib.sha256).digest()).decode(),
        "OK-ACCESS-PASSPHRASE": "p",
    }
    assert code_of(http.get("/api/v5/account/config", headers=headers)) == (401, "50119")


def test_trap_2_every_order_of_a_batch_has_its_own_code(client: Any) -> None:
    good = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1", "clOrdId": "a1"}
    bad = good | {"sz": "0.015", "clOrdId": "a2"}
    reply = client.post("trade/batch-orders", [good, bad]).json()
    assert (reply["code"], reply["msg"]) == ("2", "Bulk operation partially succeeded")
    assert [(row["clOrdId"], row["sCode"]) for row in reply["data"]] == [("a1", "0"), ("a2", "51121")]
    assert int(reply["inTime"]) <= int(reply["outTime"])
    reply = client.post("trade/batch-orders", [bad]).json()
    assert (reply["code"], reply["msg"]) == ("1", "All operations failed")
    assert client.post("trade/batch-orders", [good] * 21).json()["code"] == "51000"


def test_an_order_is_seen_everywhere(client: Any) -> None:
    placed = client.market("buy", "3", clOrdId="re1").json()["data"][0]
    order = client.get("trade/order", instId=BTC, clOrdId="re1").json()["data"][0]
    assert (order["ordId"], order["state"]) == (placed["ordId"], "filled")
    fill = client.get("trade/fills", instType="SWAP").json()["data"][0]
    assert fill["ordId"] == placed["ordId"]
    bill = client.get("account/bills", type="2").json()["data"][0]
    assert (bill["ordId"], bill["billId"]) == (placed["ordId"], fill["billId"])
    assert client.get("trade/orders-pending").json()["data"] == []
    missing = client.get("trade/order", instId=BTC, clOrdId="re2")
    assert code_of(missing) == (200, "51603")
    assert missing.json()["data"] == []


def test_an_order_that_comes_too_late_is_not_done(client: Any) -> None:
    order = ORDER
    assert client.post("trade/order", order, {"expTime": "1772632799999"}).json()["code"] == "50037"
    assert client.post("trade/order", order, {"expTime": "soon"}).json()["code"] == "50036"
    assert client.get("account/positions").json()["data"] == []
    assert client.post("trade/order", order, {"expTime": "1772632800000"}).json()["code"] == "0"
    # a cancellation never comes too late
    gone = client.post("trade/cancel-order", {"instId": BTC, "ordId": "1"}, {"expTime": "1"}).json()
    assert gone["data"][0]["sCode"] == "51400"


def test_trap_11_pages_go_backwards(client: Any) -> None:
    for _ in range(5):
        client.market("buy", "1")
    ids = [row["billId"] for row in client.get("trade/fills").json()["data"]]
    assert ids == sorted(ids, reverse=True)
    older = client.get("trade/fills", after=ids[1], limit="2").json()["data"]
    assert [row["billId"] for row in older] == ids[2:4]
    # `before` alone gives the latest, not those next to the cursor
    newer = client.get("trade/fills", before=ids[4], limit="2").json()["data"]
    assert [row["billId"] for row in newer] == ids[:2]


def test_trap_11_and_12_candles(client: Any) -> None:
    rows = client.get("market/candles", instId=BTC, bar="1H", limit="3").json()["data"]
    assert [int(row[0]) for row in rows] == [1772632800000, 1772629200000, 1772625600000]
    assert [row[8] for row in rows] == ["0", "1", "1"]
    assert all(len(row) == 9 for row in rows)
    older = client.get("market/candles", instId=BTC, bar="1H", limit="1", after=rows[1][0]).json()["data"]
    assert older[0][0] == rows[2][0]
    newer = client.get("market/candles", instId=BTC, bar="1H", before=rows[1][0]).json()["data"]
    assert [row[0] for row in newer] == [rows[0][0]]
    # a day begins at 16:00 UTC (UTC+8's midnight) unless it is `utc`
    day = client.get("market/candles", instId=BTC, bar="1D", limit="1").json()["data"][0]
    assert int(day[0]) == 1772553600000  # 2026-03-03T16:00:00Z
    day = client.get("market/candles", instId=BTC, bar="1Dutc", limit="1").json()["data"][0]
    assert int(day[0]) == 1772582400000  # 2026-03-04T00:00:00Z
    done = client.get("market/history-candles", instId=BTC, bar="1M", limit="2").json()["data"]
    assert [int(row[0]) for row in done] == [1769875200000]  # 2026-01-31T16:00Z: February in UTC+8
    # contracts, coins, USDT: volCcy = vol × 0.01
    assert float(rows[1][6]) == pytest.approx(float(rows[1][5]) * 0.01)
    assert code_of(client.get("market/candles", instId=BTC, bar="1h"))[1] == "51000"  # case matters
    # the first bar is that of the listing, 2024-01-01; weeks begin on Mondays
    first = client.get("market/candles", instId=BTC, bar="1Wutc", after="1705300000000").json()["data"]
    assert [int(row[0]) for row in first] == [1705276800000, 1704672000000, 1704067200000]


def test_limits_are_told_without_data(client: Any) -> None:
    """Trap 18: `/account/config` takes 5 in 2 s."""
    replies = [client.get("account/config") for _ in range(6)]
    assert [code_of(reply) for reply in replies] == [(200, "0")] * 5 + [(429, "50011")]
    assert "data" not in replies[-1].json()
    assert code_of(client.get("account/balance")) == (200, "0")  # each endpoint has its own


def test_limits_end_with_their_window(client: Any, desk_behind: Any, served: Served) -> None:
    for _ in range(6):
        client.get("account/config")
    client.http.post("/_control/clock", json={"advance_s": 2})
    assert code_of(client.get("account/config")) == (200, "0")


def test_a_user_has_sixty_orders_of_an_instrument_in_two_seconds(client: Any) -> None:
    order = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "limit", "px": "59000", "sz": "0.01"}
    codes = [client.post("trade/order", order).json()["code"] for _ in range(61)]
    assert codes == ["0"] * 60 + ["50011"]
    assert client.post("trade/order", order | {"instId": "ETH-USDT-SWAP"}).json()["code"] == "1"  # its own counter
    ids = [row["ordId"] for row in client.get("trade/orders-pending").json()["data"]]
    assert client.post("trade/cancel-order", {"instId": BTC, "ordId": ids[0]}).json()["code"] == "0"


def test_an_account_has_a_thousand_orders_in_two_seconds(client: Any) -> None:
    """Over all endpoints and instruments, refused ones counted: 50061."""
    order = {"tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.001"}
    names = ("BTC", "ETH", "SOL", "XRP")
    codes = []
    for name in names:
        batch = [order | {"instId": f"{name}-USDT-SWAP"}] * 20
        codes += [client.post("trade/batch-orders", batch).json()["code"] for _ in range(15)]
    assert "50061" not in codes[:50]
    assert set(codes[50:]) == {"50061"}


def test_what_there_is_not(client: Any) -> None:
    assert client.http.get("/api/v5/nothing").status_code == 404
    assert code_of(client.http.post("/api/v5/public/time")) == (405, "50115")
    broken = client.headers("POST", "/api/v5/trade/order", "{")
    assert code_of(client.http.post("/api/v5/trade/order", content="{", headers=broken)) == (400, "50002")
    assert code_of(client.http.get("/api/v5/market/ticker")) == (400, "50014")
    assert code_of(client.http.get("/api/v5/market/ticker?instId=X")) == (200, "51001")


def test_a_rejection_can_be_ordered(client: Any) -> None:
    client.http.post("/_control/fault", json={"kind": "reject", "path": "/api/v5/trade/order", "code": "51022"})
    reply = client.market("buy", "1").json()
    assert (reply["code"], reply["data"][0]["sCode"], reply["data"][0]["ordId"]) == ("1", "51022", "")
    assert client.get("account/positions").json()["data"] == []
    assert client.market("buy", "1").json()["code"] == "0"


def test_a_time_out_of_the_venue_is_done_all_the_same(client: Any) -> None:
    """§6.5: 50004 is an unknown outcome."""
    client.http.post("/_control/fault", json={"kind": "reject", "path": "/api/v5/trade/order", "code": "50004"})
    assert code_of(client.market("buy", "1", clOrdId="re1")) == (400, "50004")
    assert client.get("trade/order", instId=BTC, clOrdId="re1").json()["data"][0]["state"] == "filled"


@pytest.mark.parametrize(("is_turned", "waiting"), [(False, [0, 2]), (True, [2, 2])])
def test_streams_hear_of_an_order_after_its_answer_unless_a_fault_turns_it_round(
    trader: Any, quiet: Any, is_turned: bool, waiting: list[int]
) -> None:
    """`waiting`: messages for the stream before and after the answer went out."""
    venue, client = trader.venue, quiet[1]
    path, body = "/api/v5/trade/order", json.dumps(ORDER)
    headers = client.headers("POST", path, body)
    key = headers["OK-ACCESS-KEY"]
    venue.exchange.account(key)
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "server": ("localhost", 80), "scheme": "http",
    }  # fmt: skip
    if is_turned:
        venue.faults.add(Fault("reorder_fill_before_ack", path))

    async def ask() -> list[int]:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body.encode()}

        async def send(message: Any) -> None: ...

        connection = Connection("1", "private", 0.0, venue.exchange.account(key))
        connection.subscriptions["orders"] = Subscription("orders", {"channel": "orders", "instType": "SWAP"})
        venue.hub.connections.add(connection)
        response = await venue.api(Request(scope, receive))
        before = connection.outbox.qsize()
        await response(scope, receive, send)
        return [before, connection.outbox.qsize()]

    assert asyncio.run(ask()) == waiting


def test_the_ledger_counts_what_was_accepted(client: Any) -> None:
    client.http.post("/_control/fault", json={"kind": "lose_reply", "path": "/api/v5/trade/order"})
    with pytest.raises(httpx.RemoteProtocolError):
        client.market("buy", "1", clOrdId="re1")
    ledger = client.http.get("/_control/ledger").json()
    assert ledger["accepted"] == {"re1": 1}
    account = ledger["accounts"]["simulated-key"]
    assert account["positions"] == {f"{BTC}:cross:net": "1"}
    assert (account["orders"][0]["client_id"], account["orders"][0]["state"]) == ("re1", "filled")


def test_a_person_trades_beside(client: Any) -> None:
    client.get("account/config")
    done = client.http.post("/_control/trade", json={"instId": BTC, "side": "sell", "sz": "2"}).json()
    assert done["state"] == "filled"
    assert client.get("account/positions").json()["data"][0]["pos"] == "-2"
    refused = client.http.post("/_control/trade", json={"instId": BTC, "side": "sell", "sz": "x"})
    assert (refused.status_code, refused.json()["error"]) == (400, "51000: Parameter sz error")


def test_maintenance_is_announced(client: Any) -> None:
    client.http.post("/_control/maintenance", json={"title": "Upgrade", "state": "ongoing"})
    row = client.http.get("/api/v5/system/status").json()["data"][0]
    assert (row["title"], row["state"]) == ("Upgrade", "ongoing")
