"""Faults that a test or a person injects: what goes wrong, on which paths, how often.

The kinds that any server has are done here, as ASGI middleware (HTTP and WebSocket); those that need the venue's own
words (`reject`, `reorder_fill_before_ack`) are taken by the venue's simulator with `Faults.take`.

kind                      what happens to the next `count` requests or messages whose path begins with `path`
lose_request              the connection is closed before the request is looked at: nothing was done
lose_reply                the request is done, then the connection is closed without an answer
delay_request             HTTP: done, and answered, `seconds` later, also where the client has long gone: what a gateway
                          held back
delay_reply               done at once, answered `seconds` later
duplicate_reply           HTTP: the answer is written twice on the connection; WebSocket: the message is sent twice
duplicate_request         the request is done twice, as by a proxy that repeats it; the first answer is given
status                    not done; answered with `status` and `body` (503 and a venue's own words where not given)
drop_streams              streams and sockets that are open now are closed; `count` is not used
silence_streams           for `seconds`, streams and sockets send nothing, and what they had to say is gone
duplicate_events          messages of streams and sockets are sent twice
reject                    the venue refuses the order, with `code` where given
reorder_fill_before_ack   the fill is told on the stream before the reply of the order
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal, get_args

from adapters.simulation.clock import SECOND_NS, Clock

FaultKind = Literal[
    "lose_request", "lose_reply", "delay_request", "delay_reply", "duplicate_reply", "duplicate_request", "status",
    "drop_streams", "silence_streams", "duplicate_events", "reject", "reorder_fill_before_ack",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(FaultKind)

TRANSPORT = "ruleengine.transport"
"""Extension of the ASGI scope under which the server gives the connection's transport."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(slots=True)
class Fault:
    """One order to fail. `count`: how often still. `until_ns`: end of a silence."""

    kind: FaultKind
    path: str = "/"
    count: int = 1
    seconds: float = 0.0
    status: int = 503
    body: str = ""
    code: str = ""
    method: str = ""
    until_ns: int = 0

    def is_meant(self, kind: str, path: str, method: str = "") -> bool:
        return (
            self.kind == kind
            and self.count > 0
            and path.startswith(self.path)
            and (not self.method or not method or self.method == method)
        )


@dataclass(slots=True)
class Faults:
    """The faults that are set, and the streams that are open."""

    clock: Clock
    pending: list[Fault] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    """How often each kind was done."""
    _streams: dict[int, tuple[str, Callable[[], None]]] = field(default_factory=dict)

    def add(self, fault: Fault) -> None:
        """Set one; closing streams and silence begin at once."""
        if fault.kind == "drop_streams":
            self._drop(fault.path)
            return
        if fault.kind == "silence_streams":
            fault.until_ns = self.clock.now_ns() + int(fault.seconds * SECOND_NS)
        self.pending.append(fault)

    def clear(self) -> None:
        self.pending.clear()

    def take(self, kind: FaultKind, path: str, method: str = "") -> Fault | None:
        """The fault of this kind that is meant for the path, counted down; None where there is none."""
        for fault in self.pending:
            if fault.is_meant(kind, path, method):
                fault.count -= 1
                self.pending = [each for each in self.pending if each.count > 0]
                self.taken[kind] = self.taken.get(kind, 0) + 1
                return fault
        return None

    def is_silent(self, path: str) -> bool:
        """Whether streams of this path say nothing now."""
        now = self.clock.now_ns()
        self.pending = [each for each in self.pending if each.kind != "silence_streams" or now < each.until_ns]
        return any(each.is_meant("silence_streams", path) for each in self.pending)

    def opened(self, key: int, path: str, close: Callable[[], None]) -> None:
        self._streams[key] = (path, close)

    def closed(self, key: int) -> None:
        self._streams.pop(key, None)

    def _drop(self, path: str) -> None:
        for key, (opened, close) in list(self._streams.items()):
            if opened.startswith(path):
                self.taken["drop_streams"] = self.taken.get("drop_streams", 0) + 1
                self._streams.pop(key)
                close()


class FaultMiddleware:
    """Does the faults around a venue's application, and dates its answers by the simulator's clock. `exempt`: paths
    that never fail (the control routes)."""

    def __init__(self, app: App, faults: Faults, exempt: str = "/_control") -> None:
        self._app, self._faults, self._exempt = app, faults, exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"].startswith(self._exempt):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._http(scope, receive, _dated(send, self._faults.clock))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults, path, method = self._faults, scope["path"], scope["method"]
        if faults.take("lose_request", path, method):
            await _hang_up(scope, receive)
        elif faults.take("lose_reply", path, method):
            await self._app(scope, receive, _swallow)
            await _hang_up(scope, receive)
        elif fault := faults.take("status", path, method):
            await _answer(send, fault)
        elif faults.take("duplicate_request", path, method):
            body = await _whole_body(receive)
            await self._app(scope, _replayed(body, receive), send)
            await self._app(scope, _replayed(body, receive), _swallow)
        elif fault := faults.take("delay_request", path, method):
            body = await _whole_body(receive)
            await self._pause(fault)
            await self._app(scope, _replayed(body, receive), send)
        elif fault := faults.take("delay_reply", path, method):
            held = _Held()
            await self._app(scope, receive, held.keep)
            await self._pause(fault)
            await held.give(send)
        elif faults.take("duplicate_reply", path, method):
            held = _Held()
            await self._app(scope, receive, held.keep)
            await held.give(send)
            _transport(scope).write(held.as_bytes())
        else:
            await self._stream(scope, receive, send)

    async def _pause(self, fault: Fault) -> None:
        """As long as a fault says, by the simulator's clock."""
        clock = self._faults.clock
        await clock.sleep_until(clock.now_ns() + int(fault.seconds * SECOND_NS))

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An answer in one piece, or a stream: what comes in more than one body message."""
        faults, path, key = self._faults, scope["path"], id(scope)

        async def watched(message: Message) -> None:
            if message["type"] != "http.response.body" or not message.get("more_body"):
                await send(message)
                return
            faults.opened(key, path, _closer(scope))
            if not faults.is_silent(path):
                await send(message)
                if message.get("body") and faults.take("duplicate_events", path):
                    await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            faults.closed(key)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults, path, key = self._faults, scope["path"], id(scope)
        if faults.take("lose_request", path):
            await _hang_up(scope, receive)
            return

        async def watched(message: Message) -> None:
            if message["type"] != "websocket.send":
                await send(message)
                return
            if faults.is_silent(path) or faults.take("lose_reply", path):
                return
            if fault := faults.take("delay_reply", path):
                await self._pause(fault)
            await send(message)
            if faults.take("duplicate_events", path) or faults.take("duplicate_reply", path):
                await send(message)

        faults.opened(key, path, _closer(scope))
        try:
            await self._app(scope, receive, watched)
        finally:
            faults.closed(key)


def _dated(send: Send, clock: Clock) -> Send:
    """With the header `Date`, as the venue's own clock has it when the answer begins."""

    async def dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            date = formatdate(clock.now_ns() / SECOND_NS, usegmt=True).encode()
            message = {**message, "headers": [(b"date", date), *message["headers"]]}
        await send(message)

    return dated


class _Held:
    """An answer that is kept until it is given."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def keep(self, message: Message) -> None:
        self._messages.append(message)

    async def give(self, send: Send) -> None:
        for message in self._messages:
            await send(message)

    def as_bytes(self) -> bytes:
        """The answer as it stands on the wire of HTTP/1.1."""
        start, *rest = self._messages
        body = b"".join(message.get("body", b"") for message in rest)
        head = [b"HTTP/1.1 %d \r\n" % start["status"]]
        head += [name + b": " + value + b"\r\n" for name, value in start["headers"] if name != b"content-length"]
        return b"".join(head) + b"content-length: %d\r\n\r\n" % len(body) + body


async def _swallow(message: Message) -> None:
    """Where an answer goes that nobody hears."""


async def _answer(send: Send, fault: Fault) -> None:
    body = (fault.body or '{"errorMessage": "injected fault"}').encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _whole_body(receive: Receive) -> bytes:
    body, has_more = b"", True
    while has_more:
        message = await receive()
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
    return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A request's body once more; afterwards what the connection says."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _transport(scope: Scope) -> asyncio.Transport:
    transport = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("this fault breaks a connection, and there is none: serve the simulator on a port")
    return transport  # type: ignore[no-any-return]  # the extension is the server's own


def _closer(scope: Scope) -> Callable[[], None]:
    """What closes the connection at once; nothing to close where an application is called without a server."""
    transport = scope.get("extensions", {}).get(TRANSPORT)
    return (lambda: None) if transport is None else transport.abort


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection and wait until the server knows."""
    _transport(scope).close()
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass
