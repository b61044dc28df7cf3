"""The server: tokens, services and WebSocket on one port, behind the gateway's checks (fact sheet §2, §3, §6).

A call passes, in this order: its token, the rate of its key, the service that its tr_id means, the environment that its
key is bound to. Only then is it looked at.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from adapters.kis.simulator import refusals
from adapters.kis.simulator.keys import Key, KeyRefused
from adapters.kis.simulator.refusals import Refusal, Refused
from adapters.kis.simulator.replies import answered, refused
from adapters.kis.simulator.requests import Call
from adapters.kis.simulator.services import Service
from adapters.kis.simulator.venue import Venue
from adapters.simulation.control import control_routes
from adapters.simulation.faults import App, FaultMiddleware

_TOLD_FIRST_S = 0.02
"""How long a reply is held back so that notices are read before it."""


def application(venue: Venue) -> App:
    """The venue as an ASGI application; its market moves while the application runs."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(venue.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    extra = {"halt": venue.halt, "vi": venue.interrupt, "token": venue.expire_tokens}
    gateway = _Gateway(venue)
    app = Starlette(
        routes=[
            control_routes(venue, extra),
            Route("/oauth2/tokenP", gateway.token, methods=["POST"]),
            Route("/oauth2/revokeP", gateway.revoke, methods=["POST"]),
            Route("/oauth2/Approval", gateway.approval, methods=["POST"]),
            Route("/uapi/hashkey", gateway.hashkey, methods=["POST"]),
            Route("/uapi/{path:path}", gateway.service, methods=["GET", "POST"]),
            WebSocketRoute("/{path:path}", venue.feeds.serve),
        ],
        lifespan=lifespan,
    )
    return _merging_slashes(FaultMiddleware(app, venue.faults))


def _merging_slashes(app: App) -> App:
    """`//uapi` is `/uapi` (published clients of KIS send both)."""

    async def merged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": re.sub("//+", "/", scope["path"])}
        await app(scope, receive, send)

    return merged


class _Gateway:
    """What stands before the services."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    # --- keys --------------------------------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        return await self._of_key(request, "appsecret", self._issue)

    async def revoke(self, request: Request) -> Response:
        return await self._of_key(request, "appsecret", self._revoke)

    async def approval(self, request: Request) -> Response:
        """Here the secret goes by the name `secretkey`."""
        return await self._of_key(request, "secretkey", self._approve)

    async def hashkey(self, request: Request) -> Response:
        """The body comes back with its hash. Orders are taken without one."""
        body = await _body(request)
        digest = hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
        return JSONResponse({"BODY": body, "HASH": digest})

    async def _of_key(self, request: Request, secret_name: str, do: Any) -> Response:
        body = await _body(request)
        try:
            if "grant_type" in body and body["grant_type"] != "client_credentials":
                raise KeyRefused("EGW00101", "유효하지 않은 grant_type입니다.")
            return JSONResponse(do(body.get("appkey", ""), body.get(secret_name, ""), body))
        except KeyRefused as refusal:
            return JSONResponse(refusal.body, 403)

    def _issue(self, appkey: str, secret: str, body: Mapping[str, str]) -> Mapping[str, object]:
        del body
        return self._venue.keys.issue(appkey, secret, self._venue.clock.now_ns())

    def _revoke(self, appkey: str, secret: str, body: Mapping[str, str]) -> Mapping[str, object]:
        return self._venue.keys.revoke(appkey, secret, body.get("token", ""))

    def _approve(self, appkey: str, secret: str, body: Mapping[str, str]) -> Mapping[str, object]:
        del body
        return self._venue.keys.approve(appkey, secret, self._venue.clock.now_ns())

    # --- services ----------------------------------------------------------------------------------------------------

    async def service(self, request: Request) -> Response:
        tr_id = request.headers.get("tr_id", "")
        fields = await _body(request) if request.method == "POST" else _query(request)
        self._venue.settle()
        try:
            service, call = self._admitted(request, tr_id, fields)
            if service.takes_orders:
                return await self._order(request, service, call)
            return answered(service.serve(call), tr_id)
        except Refused as error:
            return refused(error.refusal, tr_id)

    async def _order(self, request: Request, service: Service, call: Call) -> Response:
        """An order's reply goes out before its notices, unless a fault wants it the other way."""
        faults, feeds = self._venue.faults, self._venue.feeds
        path = request.url.path
        if fault := faults.take("reject", path, "POST"):
            raise Refused(Refusal(fault.code, "주문이 거부되었습니다.") if fault.code else refusals.NO_CASH)
        feeds.tell()
        response = answered(service.serve(call), call.tr_id)
        if faults.take("reorder_fill_before_ack", path, "POST"):
            feeds.tell(fills_first=True)
            await feeds.drained()
            await asyncio.sleep(_TOLD_FIRST_S)
        else:
            response.background = BackgroundTask(self._tell)
        return response

    async def _tell(self) -> None:
        self._venue.feeds.tell()

    def _admitted(self, request: Request, tr_id: str, fields: Mapping[str, str]) -> tuple[Service, Call]:
        headers, now = request.headers, self._venue.clock.now_ns()
        key = self._venue.keys.of_token(
            headers.get("authorization", ""), headers.get("appkey", ""), headers.get("appsecret", ""), now
        )
        environment = key.environment or ("mock" if tr_id.startswith("V") else "live")
        if not self._venue.limits[environment].take(key.appkey, now):
            raise Refused(refusals.RATE)
        service, told = self._venue.services.find(request.method, request.url.path, tr_id)
        is_mock = self._environment(key, service, told) == "mock"
        return service, Call(key, tr_id, is_mock, fields, headers.get("tr_cont", "").strip())

    def _environment(self, key: Key, service: Service, told: str) -> str:
        """The environment of a call; a key that was used in the other one is refused."""
        only = self._venue.settings.environment
        bound = key.environment or (only if only != "both" else told)
        if bound == "mock" and not service.is_on_mock:
            raise Refused(refusals.NO_SUCH_SERVICE)
        if told and bound != told:
            raise Refused(refusals.LIVE_ONLY_KEY if bound == "live" else refusals.MOCK_ONLY_KEY)
        key.environment = bound
        return bound or "live"


async def _body(request: Request) -> dict[str, str]:
    """A JSON object of texts; anything else counts as empty, and the service misses its fields."""
    try:
        found = json.loads(await request.body())
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _query(request: Request) -> dict[str, str]:
    """Queries are taken in upper and lower case."""
    return {name.upper(): value for name, value in request.query_params.items()}
