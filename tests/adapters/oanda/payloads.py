"""Payloads of OANDA as its documents describe them, written for these tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.oanda.client import Client
from adapters.wire.clock import Clock, ManualClock
from adapters.wire.transport import Limits
from ruleengine.ports.venue import Access

Row = dict[str, Any]
ACCOUNT = "101-001-1234567-001"
TOKEN = "canary-token-0123456789abcdef"
T0 = "2026-01-01T00:00:00.000000001Z"


def at(seconds: float) -> str:
    """A time so many seconds after 2026-01-01, where `ManualClock` begins; below a day."""
    whole, part = divmod(round(seconds * 1000), 1000)
    return f"2026-01-01T{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{part:03d}000001Z"


def created(number: int, client_id: str = "", *, time: str = T0, kind: str = "MARKET_ORDER", **more: Any) -> Row:
    row: Row = {
        "id": str(number), "type": kind, "time": time, "instrument": "EUR_USD", "units": "1000",
        "reason": "CLIENT_ORDER", **more,
    }  # fmt: skip
    if client_id:
        row["clientExtensions"] = {"id": client_id}
    return row


def closing(number: int, trade: str, units: str, *, time: str = T0, **more: Any) -> Row:
    """The order that a close of one trade makes: it has no id of ours."""
    close = {"tradeID": trade, "units": units}
    return created(number, time=time, reason="TRADE_CLOSE", tradeClose=close, units=f"-{units}", **more)


def rejected(number: int, client_id: str, reason: str, **more: Any) -> Row:
    return created(number, client_id, kind="MARKET_ORDER_REJECT", rejectReason=reason, **more)


def cancelled(number: int, order: int, reason: str, client_id: str = "", *, time: str = T0) -> Row:
    row = {"id": str(number), "type": "ORDER_CANCEL", "time": time, "orderID": str(order), "reason": reason}
    return row | ({"clientOrderID": client_id} if client_id else {})


def replaced(number: int, order: int, client_id: str = "", *, time: str = T0, **more: Any) -> list[Row]:
    """An order that another took the place of: its end, and the next number's beginning (trap 8)."""
    following = str(number + 1)
    ends = cancelled(number, order, "CLIENT_REQUEST_REPLACED", client_id, time=time) | {"replacedByOrderID": following}
    given: Row = {"kind": "LIMIT_ORDER", "units": "600", "price": "1.09000", **more}
    begins = created(number + 1, client_id, time=time, replacesOrderID=str(order), **given)
    return [ends, begins | {"reason": "REPLACEMENT"}]


def filled(number: int, order: int, client_id: str = "", *, units: str = "1000", time: str = T0, **more: Any) -> Row:
    """An opening fill, unless `tradeReduced`, `tradesClosed` or `tradeOpened` say otherwise."""
    row: Row = {
        "id": str(number), "type": "ORDER_FILL", "time": time, "orderID": str(order), "instrument": "EUR_USD",
        "units": units, "price": "1.10010", "fullVWAP": "1.10010", "reason": "MARKET_ORDER", "pl": "0.0000",
        "financing": "0.0000", "commission": "0.0000", "guaranteedExecutionFee": "0.0000",
        "accountBalance": "100000.0000", **more,
    }  # fmt: skip
    if not {"tradeReduced", "tradesClosed", "tradeOpened"} & set(more):
        row["tradeOpened"] = {"tradeID": str(number), "units": units, "price": "1.10010"}
    return row | ({"clientOrderID": client_id} if client_id else {})


def account_row(**more: Any) -> Row:
    return {
        "id": ACCOUNT, "currency": "USD", "hedgingEnabled": False, "marginRate": "0.02", "balance": "100000.0000",
        "marginUsed": "22.0020", "marginAvailable": "99977.9980", "marginCloseoutPercent": "0.00011",
        "createdTime": T0, "openTradeCount": 0, "pendingOrderCount": 0, "orders": [], "trades": [], "positions": [],
        **more,
    }  # fmt: skip


Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


class FakeOanda:
    """Answers by method and path below the account, or below `/v3` with a leading `!`; counts what was asked. A list
    of answers is used up one by one, the last of them for all that follow."""

    def __init__(self, routes: Mapping[str, Answer | Sequence[Answer]] | None = None) -> None:
        self.routes: dict[str, list[Answer]] = {}
        self.asked: list[httpx.Request] = []
        for name, answers in (routes or {}).items():
            self.on(name, *(answers if isinstance(answers, Sequence) else [answers]))

    def on(self, name: str, *answers: Answer) -> None:
        self.routes[name] = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        path = request.url.path.removeprefix("/v3")
        name = path.removeprefix(f"/accounts/{ACCOUNT}") if path.startswith(f"/accounts/{ACCOUNT}") else f"!{path}"
        answers = self.routes.get(f"{request.method} {name}")
        if answers is None:
            return ok(404, errorMessage=f"no route {request.method} {name}")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer

    def count(self, method: str, end: str = "") -> int:
        return sum(each.method == method and each.url.path.endswith(end) for each in self.asked)

    def body(self, index: int = -1) -> Any:
        """What was sent in the last write, or another one."""
        writes = [each for each in self.asked if each.method in ("POST", "PUT")]
        return json.loads(writes[index].content or b"null")


def ok(status: int = 200, **body: Any) -> httpx.Response:
    return httpx.Response(status, json=body)


def access(**more: Any) -> Access:
    given: dict[str, Any] = {"account_id": ACCOUNT, "secrets": {"token": SecretStr(TOKEN)}, **more}
    return Access(**given)


def client_of(fake: FakeOanda, clock: Clock | None = None) -> Client:
    return Client(
        access(), clock or ManualClock(is_eager=True), via=httpx.MockTransport(fake), limits=Limits(deadline_s=5)
    )
