"""A venue that answers from a script, and the pieces of the adapter that meet it. Nothing leaves the process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.okx.account import Mode
from adapters.okx.api import Api
from adapters.okx.desk import Desk
from adapters.okx.hosts import hosts
from adapters.okx.settings import Settings
from adapters.okx.signing import Keys
from adapters.wire.clock import ManualClock
from ruleengine.model.event import VenueEvent

BTC = "BTC-USDT-SWAP"
KEYS = Keys(SecretStr("the-key"), SecretStr("the-secret"), SecretStr("the-phrase"))
BEGIN_NS = 1_772_600_767_123 * 1_000_000
"""2026-03-04T05:06:07.123Z."""
NET, HEDGED = Mode(nets=True, margin="cross"), Mode(nets=False, margin="isolated")

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def ok(*rows: Any, code: str = "0", msg: str = "", status: int = 200) -> httpx.Response:
    """An answer in the venue's envelope."""
    return httpx.Response(status, json={"code": code, "msg": msg, "data": list(rows)})


def row_of(code: str = "0", message: str = "", **more: str) -> dict[str, str]:
    """A row of an answer to an order."""
    return {"ordId": "312", "clOrdId": "", "tag": "", "ts": "1772600767123", "sCode": code, "sMsg": message, **more}


@dataclass
class Script:
    """`answers`: by path, each once, the last one for ever. `heard`: requests, in order."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(BEGIN_NS, is_eager=True))
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    heard: list[httpx.Request] = field(default_factory=list)

    def on(self, path: str, *answers: Answer) -> Script:
        self.answers["/api/v5" + path] = list(answers)
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        if request.url.path == "/api/v5/public/time" and request.url.path not in self.answers:
            return ok({"ts": str(self.clock.now_ns() // 1_000_000)})
        waiting = self.answers.get(request.url.path)
        if not waiting:
            return ok()
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else httpx.Response(answer.status_code, content=answer.content)

    def asked(self, path: str) -> list[httpx.Request]:
        return [request for request in self.heard if request.url.path == "/api/v5" + path]

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(request.content) for request in self.asked(path)]

    def api(self, environment: str = "practice") -> Api:
        return Api(hosts(environment), KEYS, self.clock, httpx.MockTransport(self))


def desk_of(script: Script, told: list[VenueEvent], mode: Mode = NET, **settings: Any) -> tuple[Api, Desk]:
    """Orders over a script; what becomes of them is in `told`."""
    api = script.api()
    desk = Desk(api, mode, Settings(**settings), told.append)
    desk.teller.book.anchor([], 0)
    return api, desk


def order_row(order_id: str, state: str, **more: Any) -> dict[str, Any]:
    """A row of an order as REST gives it."""
    row: dict[str, Any] = {
        "instId": BTC, "instType": "SWAP", "ordId": "312", "clOrdId": order_id, "algoClOrdId": "", "algoId": "",
        "tdMode": "cross", "side": "buy", "posSide": "net", "ordType": "market", "px": "", "sz": "3", "state": state,
        "accFillSz": "0", "avgPx": "", "fillPx": "", "fillSz": "0", "fillTime": "", "tradeId": "", "lever": "10",
        "fee": "0", "feeCcy": "USDT", "pnl": "0", "category": "normal", "reduceOnly": "false", "cancelSource": "",
        "cTime": "1772600767200", "uTime": "1772600767300",
    }  # fmt: skip
    return row | more


def fill_row(trade: str, size: str, **more: Any) -> dict[str, Any]:
    """A row of `/trade/fills`."""
    row: dict[str, Any] = {
        "instId": BTC, "tradeId": trade, "ordId": "312", "clOrdId": "", "billId": f"9{trade}", "fillPx": "60000",
        "fillSz": size, "fillPnl": "0", "side": "buy", "posSide": "net", "execType": "T", "fee": "-0.9",
        "feeCcy": "USDT", "ts": "1772600767301", "fillTime": "1772600767300", "subType": "1",
    }  # fmt: skip
    return row | more


def push_row(order_id: str, state: str, trade: str, size: str, total: str, **more: Any) -> dict[str, Any]:
    """A row of the orders channel that tells of a fill."""
    fill = {
        "tradeId": trade, "fillSz": size, "fillPx": "60000", "fillFee": "-0.9", "fillPnl": "0",
        "fillTime": "1772600767300", "accFillSz": total, "execType": "T", "reduceOnly": "false",
    }  # fmt: skip
    return order_row(order_id, state, **{**fill, **more})


def data_of(payload: Mapping[str, Any]) -> Sequence[Any]:
    """Rows of an example payload."""
    rows: Sequence[Any] = payload["data"]
    return rows


def bill(number: int, kind: str, amount: str, **more: str) -> dict[str, str]:
    return {
        "billId": str(number), "type": kind, "subType": "173", "ccy": "USDT", "balChg": amount, "instId": BTC,
        "ts": str(1_772_600_000_000 + number),
    } | more  # fmt: skip
