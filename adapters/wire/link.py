"""One websocket connection from its opening to its end: frames read as fast as they come, answers told to those who
wait for them, a line that has gone silent taken for dead.

What a frame means is the venue's matter (`Session.read`); what is done with it is told by `Item.kind`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from adapters.wire.clock import Clock
from adapters.wire.conflate import Received, Worth
from ruleengine import log

_CLOSE_WAIT_S = 2.0


class LinkLost(Exception):
    """The connection is gone, or could not be made."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a frame holds.

    push    handed to the listener; `worth` and `key` say what may take its place while it waits
    answer  to a request of ours: offered to whoever waits in `Link.ask`, else dropped
    reply   `data` (text) is sent back at once: keep-alive of venues that want an echo
    """

    data: Any
    kind: Literal["push", "answer", "reply"] = "push"
    worth: Worth = Worth.KEPT
    key: Hashable = ""


class Session(Protocol):
    """What a venue makes of a bare connection."""

    def read(self, frame: str | bytes) -> Iterable[Item]:
        """What a frame holds; nothing for keep-alive answers. ValueError for one that can't be read: the connection is
        given up, because what was in it is not known."""
        ...

    async def begin(self, link: Link) -> None:
        """Log in, subscribe and wait for what the venue says to it, with `link.ask`. Raises VenueError or LinkLost."""
        ...


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """How a connection is kept and watched.

    `protocol_ping_s`: pings of the websocket protocol that often, and as long for the answer; None: none (venues that
    don't answer them). `text`: sent as a frame after `text_after_s` without a frame from the venue. `silent_max_s`: no
    frame of any kind for so long, and the connection is dead (half of them die without a word)."""

    protocol_ping_s: float | None = None
    text: str = ""
    text_after_s: float = 20.0
    silent_max_s: float = 30.0


class Link:
    """One connection. `lost`: is set to why, once it is gone."""

    def __init__(
        self, connection: ClientConnection, session: Session, keep: KeepAlive, clock: Clock,
        push: Callable[[Received], bool],
    ) -> None:  # fmt: skip
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._connection, self._session, self._keep, self._clock = connection, session, keep, clock
        self._push = push  # False: there is no room
        self._heard, self._has_pinged = clock.monotonic(), False
        self._waiting: dict[asyncio.Future[None], Callable[[Any], bool]] = {}
        self._tasks = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._watch())]

    async def send(self, text: str) -> None:
        """Send a frame; LinkLost where the connection is gone."""
        try:
            await self._connection.send(text)
        except (ConnectionClosed, OSError) as error:
            self.end(_why(error))
            raise LinkLost(_why(error)) from None

    async def ask(self, text: str, is_done: Callable[[Any], bool], timeout_s: float = 10.0) -> None:
        """Send a frame and wait for what the venue says to it. `is_done` is shown the data of every answer from before
        the frame leaves on, until it returns True; what it raises is raised here. LinkLost where nothing comes in time.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[done] = is_done
        limit = asyncio.ensure_future(self._clock.sleep(timeout_s))
        try:
            await self.send(text)
            ends: set[asyncio.Future[Any]] = {done, limit, self.lost}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                raise LinkLost(self.lost.result() if self.lost.done() else f"no answer within {timeout_s:g} s")
            done.result()
        finally:
            limit.cancel()
            del self._waiting[done]
            if not done.cancel() and not done.cancelled():
                done.exception()  # told already, or outrun by the connection's end

    def end(self, reason: str) -> None:
        """Take it for lost; the connection is closed by `close`."""
        if not self.lost.done():
            self.lost.set_result(reason)

    async def close(self) -> None:
        """Stop reading and close; returns soon, also where the other side says nothing. Closed also where the wait for
        it is cancelled."""
        self.end("closed by us")
        for task in self._tasks:
            task.cancel()
        try:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            with contextlib.suppress(TimeoutError, OSError, ConnectionClosed):
                async with asyncio.timeout(_CLOSE_WAIT_S):
                    await self._connection.close()
        finally:
            self._connection.transport.abort()

    async def _read(self) -> None:
        try:
            while True:
                frame = await self._connection.recv()
                self._heard, self._has_pinged = self._clock.monotonic(), False
                received = self._clock.now_ns()
                for item in self._session.read(frame):
                    await self._take(item, received)
        except (ConnectionClosed, OSError, LinkLost) as error:
            self.end(_why(error))
        except Exception as error:  # noqa: BLE001 - whatever a frame breaks, a reader must not end in silence
            log.bound().opt(exception=error).warning("a frame can't be read; the connection is given up")
            self.end(f"a frame that can't be read: {type(error).__name__}")

    async def _take(self, item: Item, received: int) -> None:
        if item.kind == "push":
            if not self._push(Received(received, item.data, item.worth, item.key)):
                raise LinkLost("what came was not taken in time; it is read from the venue's history instead")
        elif item.kind == "reply":
            await self.send(item.data)
        else:
            self._answer(item.data)

    def _answer(self, data: Any) -> None:
        for done, is_done in list(self._waiting.items()):
            if done.done():
                continue
            try:
                if is_done(data):
                    done.set_result(None)
            except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
                done.set_exception(error)

    async def _watch(self) -> None:
        try:
            await self._look_at_silence()
        except LinkLost:
            return  # whoever found it has told it
        except Exception as error:  # noqa: BLE001 - unwatched, a dead line would never be found
            log.bound().opt(exception=error).warning("the watch over a connection broke; the connection is given up")
            self.end(f"the watch over it broke: {type(error).__name__}")

    async def _look_at_silence(self) -> None:
        """As often as it matters; ping by text where the venue wants that."""
        while not self.lost.done():
            silent = self._clock.monotonic() - self._heard
            if silent >= self._keep.silent_max_s:
                self.end(f"nothing came for {silent:.0f} s")
                return
            due = self._keep.silent_max_s
            if self._keep.text and not self._has_pinged:
                due = self._keep.text_after_s
                if silent >= due:
                    self._has_pinged = True
                    await self.send(self._keep.text)
                    continue
            await self._clock.sleep(due - silent)


def _why(error: Exception) -> str:
    """A connection's end in a few words; never its address or what was sent.

    >>> _why(ConnectionRefusedError(111, "Connection refused"))
    'ConnectionRefusedError: Connection refused'
    """
    if isinstance(error, ConnectionClosed):
        close = error.rcvd
        return "closed without a word" if close is None else f"closed by the venue: {close.code} {close.reason}".strip()
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return str(error) or type(error).__name__
