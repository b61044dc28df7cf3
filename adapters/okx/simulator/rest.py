"""Requests over HTTP: who asks, how often, what is answered; the envelope of every reply.

`{"code", "msg", "data"}`, trade calls with `inTime` and `outTime`; a refusal for who asks or how often has no `data`
(§3, trap 18). The HTTP status does not follow the code.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.okx.simulator import desk
from adapters.okx.simulator.account import Account
from adapters.okx.simulator.doors import BY_PATH, Door, Gate
from adapters.okx.simulator.errors import Refusal, injected, refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.hub import Held, Hub
from adapters.okx.simulator.signing import Keys
from adapters.okx.simulator.trading import traded_in
from adapters.okx.simulator.upkeep import step
from adapters.okx.simulator.wire import Row, parse
from adapters.simulation.faults import Faults

_BARE = frozenset({401, 429})
"""Statuses whose bodies have no `data`."""
_BEFORE_ACK_S = 0.05
_DEFAULT_REJECTION = "51008"
TIMED_OUT = "50004"
"""The one rejection that is done all the same: its outcome is unknown to the client (§6.5)."""


@dataclass(frozen=True, slots=True)
class Api:
    """The REST side of one venue."""

    exchange: Exchange
    keys: Keys
    gate: Gate
    hub: Hub
    faults: Faults

    async def __call__(self, request: Request) -> Response:
        """Answer first, then tell streams what came of it, unless a fault turns that round."""
        body = await request.body()
        held = self.hub.hold()
        try:
            status, reply = self._answer(request, body)
        except BaseException:
            held.release()
            raise
        if self.faults.take("reorder_fill_before_ack", request.url.path, request.method):
            held.release()
            await asyncio.sleep(_BEFORE_ACK_S)
        text = json.dumps(reply, ensure_ascii=False, separators=(",", ":"))
        return _Answer(held, text, status)

    def _answer(self, request: Request, body: bytes) -> tuple[int, Row]:
        begin = self._micros()
        try:
            step(self.exchange)
            door = _door(request.method, request.url.path)
            code, message, data = self._through(door, request, body)
        except Refusal as refusal:
            reply: Row = {"code": refusal.code, "msg": refusal.message}
            return refusal.status, reply if refusal.status in _BARE else reply | {"data": []}
        reply = {"code": code, "msg": message, "data": data}
        return 200, reply | ({"inTime": begin, "outTime": self._micros()} if door.has_times else {})

    def _through(self, door: Door, request: Request, body: bytes) -> tuple[str, str, Any]:
        """(code, msg, data) of a call that is let in."""
        now_ns = self.exchange.market.clock.now_ns()
        params = _params(request, body)
        address = request.client.host if request.client else ""
        if door.public is not None:
            self.gate.take(door, address, now_ns)
            self._reject(request)
            return "0", "", door.public(self.exchange, _mapping(params))
        path = request.scope.get("raw_path", request.url.path.encode()).decode("ascii")
        query = request.scope["query_string"].decode("ascii")
        key = self.keys.check_request(
            request.headers,
            request.method,
            f"{path}?{query}" if query else path,
            body,
            self.exchange.now_ms,
            self.exchange.settings.environment,
        )
        account = self.exchange.account(key)
        if door.signed is not None:
            self.gate.take(door, key, now_ns)
            self._reject(request)
            return "0", "", door.signed(self.exchange, account, _mapping(params))
        return self._write(door, request, account, params)

    def _write(self, door: Door, request: Request, account: Account, params: Any) -> tuple[str, str, list[Row]]:
        check_expiry(door, request.headers.get("exptime", ""), self.exchange.now_ms)
        orders = batch(params) if door.is_batch else [_mapping(params)]
        fault = self.faults.take("reject", request.url.path, request.method)
        refusal = injected(fault.code or _DEFAULT_REJECTION) if fault else None
        rows = run_orders(self.exchange, self.gate, door, account, orders, refusal)
        if refusal is not None and refusal.code == TIMED_OUT:
            raise refusal
        return *desk.verdict(rows), rows

    def _reject(self, request: Request) -> None:
        if fault := self.faults.take("reject", request.url.path, request.method):
            raise injected(fault.code or _DEFAULT_REJECTION)

    def _micros(self) -> str:
        return str(self.exchange.market.clock.now_ns() // 1000)


class _Answer(Response):
    """A reply that lets go of what streams have to say once it is out, or can't be."""

    media_type = "application/json"

    def __init__(self, held: Held, text: str, status: int) -> None:
        super().__init__(text, status)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._held.release()


def run_orders(
    exchange: Exchange,
    gate: Gate,
    door: Door,
    account: Account,
    orders: list[Mapping[str, Any]],
    refusal: Refusal | None,
) -> list[Row]:
    """The rows of an order command, whichever way it came. `refusal`: every order is refused so, by a fault."""
    assert door.write is not None
    now_ns = exchange.market.clock.now_ns()
    for order in orders:
        gate.take_order(door, account.key, traded_in(exchange, order), now_ns)
    if refusal is not None and refusal.code != TIMED_OUT:
        return [desk.refused(door.write, order, refusal, exchange.now_ms) for order in orders]
    return [door.write(exchange, account, order) for order in orders]


def check_expiry(door: Door, told: str, now_ms: int) -> None:
    """50036 for an `expTime` that is none, 50037 for one that has passed: nothing was done."""
    if not door.expires or not told:
        return
    if not (told.isascii() and told.isdecimal()):
        raise refuse("50036")
    if int(told) < now_ms:
        raise refuse("50037")


def batch(params: Any) -> list[Mapping[str, Any]]:
    """The orders of a batch: 1 to 20 objects."""
    is_fit = isinstance(params, list) and 1 <= len(params) <= desk.BATCH_MOST
    if not is_fit or not all(isinstance(one, Mapping) for one in params):
        raise refuse("51000", name="args")
    return list(params)


def _door(method: str, path: str) -> Door:
    door = BY_PATH.get((method, path))
    if door is None:
        if any(known == path for _, known in BY_PATH):
            raise refuse("50115")
        raise Refusal("404", "Not Found", 404)
    return door


def _params(request: Request, body: bytes) -> Any:
    if request.method == "GET":
        return dict(request.query_params)
    if not body:
        return {}
    try:
        return parse(body)
    except (ValueError, RecursionError):
        raise refuse("50002") from None


def _mapping(params: Any) -> Mapping[str, Any]:
    if not isinstance(params, Mapping):
        raise refuse("50002")
    return params
