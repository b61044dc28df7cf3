"""The door of the venue: who asks, how often, in which format; and how an answer or a refusal leaves.

In this order: connections (closed), key (401), rate (429), account (400, 403), body (400); then what is due is settled
and the request done.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from weakref import WeakSet

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.desk import Desk, Reply
from adapters.oanda.simulator.errors import Refusal
from adapters.oanda.simulator.formats import TimeFormat, as_json
from adapters.oanda.simulator.venue import OandaVenue
from adapters.simulation.faults import TRANSPORT
from adapters.simulation.limits import RateLimit

_TOKEN = re.compile(r"Bearer ([\x21-\x7e]+)")
_BODY_MOST = 1 << 20
_ORDER_AFTER_S = 0.2
"""How long a reply waits so that the stream is heard before it, where nothing else is said."""


@dataclass(slots=True)
class Call:
    """One request that was let in. `status`, `headers`: what its handler wants beside 200."""

    venue: OandaVenue
    request: Request
    token: str
    request_id: str
    body: Mapping[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def desk(self) -> Desk:
        return self.venue.desk(self.token, self.request.path_params["account"])

    @property
    def account(self) -> Account:
        return self.desk.account

    @property
    def spec(self) -> str:
        return str(self.request.path_params.get("spec", ""))

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def time_format(self) -> TimeFormat:
        return time_format(self.request)

    def write(self, do: Callable[[], Reply]) -> Reply:
        """Run what changes the account, as one request of it."""
        return self.desk.request(self.request_id, do)


Handler = Callable[[Call], Mapping[str, Any]]
LinesOf = Callable[[Call], AsyncGenerator[bytes, None]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Gate:
    """Makes endpoints of handlers."""

    def __init__(self, venue: OandaVenue) -> None:
        self._venue = venue
        self._rate = RateLimit(venue.options.rate, 1.0)
        self._connections = RateLimit(venue.options.connections, 1.0)
        self._let_in_before: WeakSet[asyncio.Transport] = WeakSet()
        self._streams: dict[str, int] = {}

    def endpoint(self, handler: Handler) -> Endpoint:
        """A JSON endpoint."""

        async def answer(request: Request) -> Response:
            request_id = self._venue.next_request_id()
            try:
                call = await self._let_in(request, request_id)
                content = handler(call)
            except Refusal as refusal:
                return _response(refusal.content(), refusal.status, request, request_id)
            fault = self._venue.faults.take("reorder_fill_before_ack", request.url.path, request.method)
            if fault is not None:
                await asyncio.sleep(fault.seconds or _ORDER_AFTER_S)
            return _response(content, call.status, request, request_id, call.headers)

        return answer

    def stream(self, lines: LinesOf) -> Endpoint:
        """A stream: chunks of lines without a length."""

        async def answer(request: Request) -> Response:
            request_id = self._venue.next_request_id()
            address = _address(request)
            try:
                call = await self._let_in(request, request_id)
                if self._streams.get(address, 0) >= self._venue.options.streams:
                    raise Refusal(429, "Too many active streams")
                body = lines(call)
            except Refusal as refusal:
                return _response(refusal.content(), refusal.status, request, request_id)
            headers = {"RequestID": request_id, "Content-Type": "application/octet-stream"}
            return StreamingResponse(self._counted(address, body), headers=headers)

        return answer

    async def _counted(self, address: str, lines: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        self._streams[address] = self._streams.get(address, 0) + 1
        try:
            async for line in lines:
                yield line
        finally:
            self._streams[address] -= 1
            await lines.aclose()

    async def _let_in(self, request: Request, request_id: str) -> Call:
        venue = self._venue
        self._connected(request)
        found = _TOKEN.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            raise Refusal(401, "Insufficient authorization to perform request.")
        if not self._rate.take(_address(request), venue.clock.now_ns()):
            raise Refusal(429, "Rate limit exceeded: too many requests from this address")
        if "account" in request.path_params:
            venue.desk(found[1], request.path_params["account"]).settle()
        body = await _body(request) if request.method in ("POST", "PUT", "PATCH") else {}
        return Call(venue, request, found[1], request_id, body)

    def _connected(self, request: Request) -> None:
        """Close a connection that is one too many; what was asked for on it is not done."""
        transport = request.scope.get("extensions", {}).get(TRANSPORT)
        if transport is None or transport in self._let_in_before:
            return
        if not self._connections.take(_address(request), self._venue.clock.now_ns()):
            transport.abort()
            raise Refusal(429, "Too many new connections from this address")  # to nobody
        self._let_in_before.add(transport)


def time_format(request: Request) -> TimeFormat:
    """The format of times that a client asks for; RFC3339 where it says nothing."""
    return "UNIX" if request.headers.get("accept-datetime-format", "").upper() == "UNIX" else "RFC3339"


async def _body(request: Request) -> Mapping[str, Any]:
    text = await request.body()
    if len(text) > _BODY_MOST:
        raise Refusal(413, "The request body is too large")
    if not text.strip():
        return {}
    try:
        found = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Refusal(400, "Invalid JSON in the request body") from None
    if not isinstance(found, dict):
        raise Refusal(400, "Invalid JSON in the request body: an object is expected")
    return found


def _response(
    content: Mapping[str, Any], status: int, request: Request, request_id: str, more: Mapping[str, str] | None = None
) -> Response:
    headers = {"RequestID": request_id, "Content-Type": "application/json", **(more or {})}
    return Response(as_json(content, time_format(request)), status, headers)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
