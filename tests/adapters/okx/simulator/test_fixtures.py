"""The venue's own payloads: every field that they have, the simulator's have too, in the same form (fact sheet §12)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from adapters.simulation.server import Served

BTC = "BTC-USDT-SWAP"
LIMIT = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "limit", "px": "59000", "sz": "1"}
MARKET = {"instId": BTC, "tdMode": "isolated", "side": "buy", "ordType": "market", "sz": "3"}
CLOSE_ALL = {
    "instId": BTC, "tdMode": "isolated", "side": "sell", "ordType": "conditional", "closeFraction": "1",
    "slTriggerPx": "59000", "slOrdPx": "-1", "reduceOnly": True,
}  # fmt: skip
CLOSE = {"instId": BTC, "mgnMode": "isolated", "autoCxl": True}
TRANSCRIPTS = (
    "account", "balance_and_position", "books", "candles", "fills", "funding_rate", "instruments", "mark_price",
    "op_AmendOrder", "op_CancelOrder", "op_PlaceOrder", "orders", "positions", "status", "tickers", "trades",
)  # fmt: skip


@pytest.fixture
def payloads(shared_data: Path) -> Path:
    folder = shared_data.parent / "brokers" / "fixtures" / "okx"
    if not folder.is_dir():
        pytest.skip("needs the venue's recorded payloads (brokers/fixtures/okx beside the shared data)")
    return folder


def missing(wanted: Any, found: Any, place: str = "") -> Iterator[str]:
    """Where the wanted shape has something that the found one has not, or has in another form."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            yield f"{place}: no object"
            return
        for name, value in wanted.items():
            if name not in found:
                yield f"{place}.{name}: missing"
            else:
                yield from missing(value, found[name], f"{place}.{name}")
    elif isinstance(wanted, list):
        if not isinstance(found, list):
            yield f"{place}: no list"
        elif wanted and not found:
            yield f"{place}: empty"
        elif wanted and isinstance(wanted[0], list):
            if len(wanted[0]) != len(found[0]):
                yield f"{place}: rows of {len(found[0])}, not {len(wanted[0])}"
            yield from missing(wanted[0][0], found[0][0], f"{place}[0][0]")
        elif wanted:
            yield from missing(wanted[0], found[0], f"{place}[0]")
    elif type(wanted) is not type(found):
        yield f"{place}: {type(found).__name__}, not {type(wanted).__name__}"


@pytest.fixture
def calls(client: Any) -> dict[str, Callable[[], Any]]:
    """What gives each of the recorded answers."""

    def placed(**more: Any) -> dict[str, str]:
        row: dict[str, str] = client.post("trade/order", LIMIT | more).json()["data"][0]
        return {"instId": BTC, "ordId": row["ordId"]}

    def bought() -> dict[str, str]:
        row: dict[str, str] = client.post("trade/order", MARKET).json()["data"][0]
        return {"instId": BTC, "ordId": row["ordId"]}

    def positions() -> Any:
        client.post("trade/order", MARKET)
        client.post("trade/order-algo", CLOSE_ALL)
        return client.get("account/positions")

    def after_trade(path: str, **params: str) -> Callable[[], Any]:
        return lambda: (bought(), client.get(path, **params))[1]

    leverage = {"lever": "30", "mgnMode": "isolated", "instId": BTC}
    return {
        "account_balance": lambda: client.get("account/balance"),
        "account_bills": after_trade("account/bills"),
        "account_config": lambda: client.get("account/config"),
        "account_leverage_info": lambda: client.get("account/leverage-info", instId=BTC, mgnMode="cross"),
        "account_max_size": lambda: client.get("account/max-size", instId=BTC, tdMode="cross"),
        "account_positions": positions,
        "account_set_leverage": lambda: client.post("account/set-leverage", leverage),
        "account_set_position_mode": lambda: client.post("account/set-position-mode", {"posMode": "net_mode"}),
        "account_trade_fee": lambda: client.get("account/trade-fee", instType="SWAP"),
        "market_books": lambda: client.get("market/books", instId=BTC),
        "market_candles": lambda: client.get("market/candles", instId=BTC),
        "market_ticker": lambda: client.get("market/ticker", instId=BTC),
        "public_funding_rate": lambda: client.get("public/funding-rate", instId=BTC),
        "public_instruments": lambda: client.get("public/instruments", instType="SWAP"),
        "public_mark_price": lambda: client.get("public/mark-price", instType="SWAP", instId=BTC),
        "public_price_limit": lambda: client.get("public/price-limit", instId=BTC),
        "public_time": lambda: client.get("public/time"),
        "trade_account_rate_limit": lambda: client.get("trade/account-rate-limit"),
        "trade_amend_order": lambda: client.post("trade/amend-order", placed() | {"newSz": "2"}),
        "trade_cancel_all_after": lambda: client.post("trade/cancel-all-after", {"timeOut": "60"}),
        "trade_cancel_order": lambda: client.post("trade/cancel-order", placed()),
        "trade_close_position": lambda: (bought(), client.post("trade/close-position", CLOSE))[1],
        "trade_fills": after_trade("trade/fills"),
        "trade_order_get": lambda: client.get("trade/order", **bought()),
        "trade_order_place": lambda: client.post("trade/order", MARKET),
        "trade_orders_history": after_trade("trade/orders-history", instType="SWAP"),
        "trade_orders_pending": lambda: (placed(), client.get("trade/orders-pending"))[1],
    }  # fmt: skip


def test_every_recorded_answer_is_asked_for(payloads: Path, calls: dict[str, Callable[[], Any]]) -> None:
    assert {path.stem for path in (payloads / "rest").glob("*.json")} == set(calls)


def test_answers_have_the_venues_fields(payloads: Path, calls: dict[str, Callable[[], Any]]) -> None:
    faults = []
    for name, call in calls.items():
        wanted = json.loads((payloads / "rest" / f"{name}.json").read_text())
        faults += [f"{name}{fault}" for fault in missing(wanted, call().json())]
    assert faults == []


@pytest.fixture
def refusals(client: Any) -> dict[str, Callable[[], Any]]:
    """What gives each of the recorded refusals."""

    def unsigned() -> Any:
        headers = client.headers("GET", "/api/v5/account/config", "x")
        return client.http.get("/api/v5/account/config", headers=headers)

    def late() -> Any:
        right, client._now_s = client._now_s, lambda: 1_772_632_700.0
        try:
            return client.get("account/config")
        finally:
            client._now_s = right

    def twice() -> Any:
        client.post("trade/order", LIMIT | {"clOrdId": "re1"})
        return client.post("trade/order", LIMIT | {"clOrdId": "re1"})

    def told(kind: str, path: str, **more: Any) -> Any:
        client.http.post("/_control/fault", json={"kind": kind, "path": f"/api/v5/{path}", **more})
        return client.get(path)

    busy = {"code": "50001", "data": [], "msg": "Service temporarily unavailable. Try again later"}
    return {
        "bad_sign.http401": unsigned,
        "batch_partly_failed.http200": lambda: client.post("trade/batch-orders", [LIMIT, LIMIT | {"sz": "0.015"}]),
        "cancel_already_gone.http200": lambda: client.post("trade/cancel-order", {"instId": BTC, "ordId": "1"}),
        "close_no_position.http200": lambda: client.post("trade/close-position", {"instId": BTC, "mgnMode": "cross"}),
        "order_all_failed.http200": lambda: client.post("trade/order", MARKET | {"sz": "1000"}),
        "order_duplicate_clordid.http200": twice,
        "order_not_found.http200": lambda: client.get("trade/order", instId=BTC, ordId="1"),
        "position_mode_refused.http200": lambda: client.post(
            "account/set-position-mode", {"posMode": "long_short_mode"}
        ),
        "system_busy.http503": lambda: told("status", "account/config", status=503, body=busy),
        "timeout_unknown.http400": lambda: told("reject", "account/config", code="50004"),
        "timestamp_expired.http401": late,
    }  # fmt: skip


def test_refusals_are_the_venues(payloads: Path, refusals: dict[str, Callable[[], Any]]) -> None:
    assert {path.stem for path in (payloads / "errors").glob("*.json")} == set(refusals)
    for name, call in refusals.items():
        wanted, response = json.loads((payloads / "errors" / f"{name}.json").read_text()), call()
        found = response.json()
        assert name.endswith(f"http{response.status_code}"), name
        assert (found["code"], found["msg"], "data" in found) == (wanted["code"], wanted["msg"], "data" in wanted), name
        rows = zip(found.get("data", []), wanted.get("data", []), strict=True)
        assert [one["sCode"] for one, _ in rows] == [row["sCode"] for row in wanted.get("data", [])], name


def read_transcript(text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]:
    """(what the client says, what the server says, what is told in the end)."""
    said, heard = [], []
    head, _, told = text.partition("\n=")
    for line in head.splitlines():
        if line.startswith(">"):
            said.append(json.loads(line[1:]))
        elif line.startswith("<"):
            heard.append(json.loads(line[1:]))
    return said, heard, json.loads(told)


def here(arg: dict[str, Any]) -> dict[str, Any]:
    """A subscription of what is listed here."""
    replaced = {"instId": BTC, "instType": "SWAP"}
    return {name: replaced.get(name, value) for name, value in arg.items()}


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_transcripts_are_replayed(payloads: Path, served: Served, client: Any, name: str) -> None:
    said, heard, told = read_transcript((payloads / "ws" / f"{name}.transcript.txt").read_text())
    resting = client.post("trade/order", LIMIT).json()["data"][0]["ordId"]
    client.post("trade/order", MARKET)
    client.post("trade/order-algo", CLOSE_ALL)
    client.http.post("/_control/maintenance", json={})
    channel = next((one["args"][0]["channel"] for one in said if one["op"] == "subscribe"), "")
    is_own = any(one["op"] == "login" for one in said)
    url = "business" if channel.startswith("candle") else "private" if is_own else "public"
    commands = {
        "order": MARKET,
        "amend-order": {"instId": BTC, "ordId": resting, "newSz": "2"},
        "cancel-order": {"instId": BTC, "ordId": resting},
    }
    with ExitStack() as opened:
        address = f"ws://{served.host}:{served.port}/ws/v5/{url}"
        socket = opened.enter_context(connect(address, proxy=None, ping_interval=None))

        def until(fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
            while True:
                message: dict[str, Any] = json.loads(socket.recv(timeout=5))
                if fits(message):
                    return message

        for one in said:
            if one["op"] == "login":
                socket.send(json.dumps(client.login()))
            elif one["op"] == "subscribe":
                socket.send(json.dumps(one | {"args": [here(arg) for arg in one["args"]]}))
            else:
                socket.send(json.dumps({"id": "1", "op": one["op"], "args": [commands[one["op"]]]}))
                found = until(lambda message: message.get("id") == "1")
                assert list(missing(told, found)) == []
                return
            answer = until(lambda message: message.get("event") in {"login", "subscribe"})
            assert list(missing(here_all(heard.pop(0)), answer)) == []
        if channel in {"orders", "fills", "trades", "balance_and_position"}:
            client.post("trade/order", MARKET)
        found = until(lambda message: message.get("arg", {}).get("channel") == channel and is_fit(channel, message))
        assert list(missing(told, found)) == []


def here_all(event: dict[str, Any]) -> dict[str, Any]:
    return event | ({"arg": here(event["arg"])} if "arg" in event else {})


def is_fit(channel: str, message: dict[str, Any]) -> bool:
    """Whether a push tells of the fill, where the channel tells of other things too."""
    tells = {"orders": "state", "balance_and_position": "eventType"}
    return channel not in tells or message["data"][0][tells[channel]] == "filled"
