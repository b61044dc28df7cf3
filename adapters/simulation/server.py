"""Serving a simulator on loopback: blocking, for the command line, or in a thread, for tests.

    with Served(app) as served:
        httpx.get(served.address + "/v3/accounts")

Every connection is closed when the server ends, streams and sockets too, so nothing waits for a client to leave.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from adapters.simulation.faults import TRANSPORT, App, Receive, Scope, Send

HOST = "127.0.0.1"
_START_S = 10.0
_T = TypeVar("_T")


def serve(app: App, port: int, ready: Callable[[str], None] | None = None) -> None:
    """Serve until interrupted. `ready` is told the address once connections are taken (port 0: one that is free).

    Raises  OSError  where the port is taken."""
    with _listening(port) as listener:
        server = _Server(app)
        server.on_start = None if ready is None else lambda: ready(_address(listener))
        asyncio.run(server.serve(sockets=[listener]))


class Served:
    """A simulator on a free port, in a thread of its own, for as long as the block lasts."""

    def __init__(self, app: App, port: int = 0) -> None:
        self._server = _Server(app)
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self.host, self.port, self.address = HOST, 0, ""

    def __enter__(self) -> Self:
        self._listener = _listening(self._port)
        self.port = self._listener.getsockname()[1]
        self.address = _address(self._listener)
        self._server.on_start = self._started.set
        self._thread.start()
        if not self._started.wait(_START_S):
            self._stop()
            raise RuntimeError("the simulator did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def call(self, function: Callable[[], _T]) -> _T:
        """Run a function in the server's own thread, where the simulator's state may be touched."""
        assert self._loop is not None
        answer: Future[_T] = Future()

        def run() -> None:
            try:
                answer.set_result(function())
            except Exception as error:  # noqa: BLE001 - it is the caller's
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return answer.result(_START_S)

    def _run(self) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve(sockets=[self._listener])

        asyncio.run(main())

    def _stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(_START_S)
        self._listener.close()


class _Server(uvicorn.Server):
    """uvicorn with quiet logs, that tells when it has started, gives faults the transport, and leaves at once."""

    on_start: Callable[[], None] | None = None

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Http,
                ws=_WebSocket,
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,  # a simulator dates its answers by its own clock
                ws_ping_interval=None,
                ws_per_message_deflate=False,
                timeout_keep_alive=60,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.on_start is not None:
            self.on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


class _Http(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _with_transport(self.app, transport)


class _WebSocket(WebSocketsSansIOProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.app = _with_transport(self.app, transport)


def _with_transport(app: Any, transport: asyncio.BaseTransport) -> Any:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[TRANSPORT] = transport
        await app(scope, receive, send)

    return call


def _listening(port: int) -> socket.socket:
    # asyncio sends small packets at once (TCP_NODELAY) on sockets that name their protocol only
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _address(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
