"""The WebSocket side: connections, their life and their requests (§7). Order commands over them are in `stream_orders`.

`/ws/v5/public`, `/private`, `/business`; texts `ping` and `pong`; 30 s without anything either way end a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from adapters.okx.simulator import channels
from adapters.okx.simulator.channels import Url
from adapters.okx.simulator.connection import Connection, Subscription
from adapters.okx.simulator.doors import BY_OP, Gate
from adapters.okx.simulator.errors import Refusal, refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.hub import Hub
from adapters.okx.simulator.signing import Keys
from adapters.okx.simulator.stream_orders import order_command
from adapters.okx.simulator.upkeep import step
from adapters.okx.simulator.wire import parse
from adapters.simulation.faults import Faults
from adapters.simulation.limits import RateLimit

LOGIN_FAILED, SILENT, BAD_REQUEST = 4001, 4004, 4002
_MESSAGE_BYTES = 64 * 1024
_HOUR_S = 3600.0
_CONNECTIONS_MOST = 30
"""Per private channel and account."""


@dataclass(slots=True)
class Streams:
    """The streams of one venue. `requests`: logins and subscriptions of a connection; `connects`: of an address."""

    exchange: Exchange
    keys: Keys
    gate: Gate
    hub: Hub
    faults: Faults
    connects: RateLimit = field(init=False)
    requests: RateLimit = field(init=False)
    _numbers: int = 0

    def __post_init__(self) -> None:
        is_on = self.exchange.settings.has_limits
        self.connects = RateLimit(3 if is_on else 0, 1.0)
        self.requests = RateLimit(480 if is_on else 0, _HOUR_S)

    async def serve(self, socket: WebSocket, url: Url) -> None:
        """One connection from its opening to its end."""
        address = socket.client.host if socket.client else ""
        if not self.connects.take(address, self.exchange.market.clock.now_ns()):
            await socket.send_denial_response(Response("Too Many Requests", 429))
            return
        await socket.accept()
        self._numbers += 1
        connection = Connection(f"{self._numbers:08x}", url, asyncio.get_running_loop().time())
        self.hub.connections.add(connection)
        tasks = [asyncio.create_task(work) for work in (self._write(socket, connection), self._watch(connection))]
        try:
            await self._read(socket, connection)
        finally:
            self.hub.connections.discard(connection)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, socket: WebSocket, connection: Connection) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                connection.seen_s = asyncio.get_running_loop().time()
                text = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
                self._hear(connection, text)

    async def _write(self, socket: WebSocket, connection: Connection) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                frame = await connection.outbox.get()
                if isinstance(frame, int):
                    await socket.close(frame)
                    return
                await socket.send_text(frame)
                connection.seen_s = asyncio.get_running_loop().time()

    async def _watch(self, connection: Connection) -> None:
        """End it after silence: nothing came and nothing went."""
        idle = self.exchange.settings.idle_s
        loop = asyncio.get_running_loop()
        while (left := connection.seen_s + idle - loop.time()) > 0:
            await asyncio.sleep(left)
        self._complain(connection, refuse("60015"), {})
        connection.close(SILENT)

    def _hear(self, connection: Connection, text: str) -> None:
        if text == "ping":
            connection.send("pong")
            return
        try:
            message = parse(text)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, Mapping) or len(text.encode()) > _MESSAGE_BYTES:
            self._complain(connection, refuse("60012", raw=text[:200]), {})
            return
        step(self.exchange)
        try:
            self._do(connection, message, text)
        except Refusal as refusal:
            self._complain(connection, refusal, message)

    def _do(self, connection: Connection, message: Mapping[str, Any], text: str) -> None:
        op, args = message.get("op"), message.get("args")
        if op in BY_OP and connection.url != "public":
            if connection.account is None:
                raise refuse("60011")
            order_command(self.exchange, self.gate, self.hub, self.faults, connection, message, text)
            return
        is_known = op in {"login", "subscribe", "unsubscribe"}
        if not is_known or not isinstance(args, list) or not args or not all(isinstance(a, Mapping) for a in args):
            raise refuse("60012", raw=text)
        if not self.requests.take(connection.conn_id, self.exchange.market.clock.now_ns()):
            raise refuse("60014")
        if op == "login":
            self._login(connection, args[0])
            return
        for arg in args:
            try:
                self._subscribe(connection, arg, message) if op == "subscribe" else self._leave(
                    connection, arg, message
                )
            except Refusal as refusal:
                self._complain(connection, refusal, message)

    def _login(self, connection: Connection, arg: Mapping[str, Any]) -> None:
        if not arg:
            self._complain(connection, refuse("60009"), {})
            connection.close(LOGIN_FAILED)
            return
        try:
            key = self.keys.check_login(arg, self.exchange.now_ms)
        except Refusal as refusal:
            self._complain(connection, refusal, {})
            connection.close(LOGIN_FAILED)
            return
        connection.account = self.exchange.account(key)
        connection.send({"event": "login", "code": "0", "msg": "", "connId": connection.conn_id})

    def _subscribe(self, connection: Connection, arg: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        """One acknowledgement for each argument, then the channel's picture."""
        is_logged_in = connection.account is not None
        channel = channels.find(self.exchange, arg, connection.url, is_logged_in=is_logged_in)
        name = str(arg["channel"])
        connection.send(self._event("subscribe", connection, message) | {"arg": arg})
        one = Subscription(name, arg)
        connection.subscriptions[channels.key_of(arg)] = one
        if channel.is_private and not self._count(connection, name):
            del connection.subscriptions[channels.key_of(arg)]
            return
        for picture in self.hub.snapshot(connection, one):
            connection.send(picture)

    def _leave(self, connection: Connection, arg: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        connection.subscriptions.pop(channels.key_of(arg), None)
        connection.send(self._event("unsubscribe", connection, message) | {"arg": arg})

    def _count(self, connection: Connection, channel: str) -> bool:
        """Tell how many connections of the account have a private channel; the one too many goes without."""
        count = sum(
            1 for other in self.hub.connections if other.account is connection.account and other.of_channel(channel)
        )
        is_over = count > _CONNECTIONS_MOST
        event = "channel-conn-count-error" if is_over else "channel-conn-count"
        told = {"event": event, "channel": channel, "connCount": str(count), "connId": connection.conn_id}
        connection.send(told)
        return not is_over

    def _event(self, name: str, connection: Connection, message: Mapping[str, Any]) -> dict[str, Any]:
        told = {"id": message["id"]} if message.get("id") else {}
        return {**told, "event": name, "connId": connection.conn_id}

    def _complain(self, connection: Connection, refusal: Refusal, message: Mapping[str, Any]) -> None:
        connection.send(self._event("error", connection, message) | {"code": refusal.code, "msg": refusal.message})
