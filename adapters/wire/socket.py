"""A websocket that stays: connects, logs in, subscribes, and does all of it again when the connection is lost.

    async with Socket(url, session, clock=clock, rng=rng, keep=KeepAlive(text="ping")) as socket:
        async for come in socket.messages():
            match come.data:
                case Up():    # connected, logged in, subscribed: read the venue's state now; what was pushed since
                              # the subscription follows
                case Down():  # lost, `reason` says why; it is being connected again
                case data:    # what `session.read` gave

The reader never waits for the listener (`conflate.py`): quotes are conflated, fills are not; a listener that stands
still until there is no room ends in a Down. Proxies of the environment are ignored, redirects refused.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from websockets.asyncio import client
from websockets.exceptions import InvalidHandshake, InvalidURI

from adapters.wire.clock import Clock
from adapters.wire.conflate import Conflated, Received, Worth
from adapters.wire.link import Item, KeepAlive, Link, LinkLost, Session
from ruleengine import log
from ruleengine.ports.venue import VenueError

__all__ = ["Conflated", "Down", "Item", "KeepAlive", "Link", "LinkLost", "Received", "Session", "Socket", "Up", "Worth"]

FRAME_BYTES_MAX = 4 * 1024 * 1024
OPEN_TIMEOUT_S = 10.0
PAUSE_S, PAUSE_MAX_S = 1.0, 30.0
"""Bound of the first pause before connecting again, doubled each time, and the last one."""
STEADY_S = 60.0
"""A connection that held so long starts the pauses anew."""


class connect(client.connect):  # noqa: N801 - as the library calls it
    """Goes to no other place than it was sent to: whoever is pointed to would be told the login."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@dataclass(frozen=True, slots=True)
class Up:
    """The session has begun. `number`: of the connection, from 1. `is_renewed`: the one before it was still there, so
    nothing was lost."""

    number: int
    is_renewed: bool = False


@dataclass(frozen=True, slots=True)
class Down:
    """The connection was lost, or could not be made. `error`: what the venue refused it with, else None."""

    reason: str
    error: VenueError | None = None


class Socket:
    """See the module's head. `url`: `ws://` or `wss://`; a callable is asked before each connection. `name`: for logs.
    `headers`: of the opening request. `buffer`: what waits for the listener, with its bounds."""

    def __init__(
        self,
        url: str | Callable[[], str],
        session: Session,
        *,
        clock: Clock,
        rng: random.Random,
        keep: KeepAlive | None = None,
        name: str = "socket",
        headers: Mapping[str, str] | None = None,
        buffer: Conflated | None = None,
    ) -> None:
        self._url, self._session, self._clock, self._rng = url, session, clock, rng
        self._keep = keep if keep is not None else KeepAlive(protocol_ping_s=5.0)
        self._headers = dict(headers or {})
        self._log = log.bound(socket=name)
        self.buffer = buffer if buffer is not None else Conflated()
        self._link: Link | None = None
        self._number = 0
        self._renewing = asyncio.Event()
        self._task: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Socket:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def start(self) -> None:
        """Begin to connect; what comes of it comes by `messages`."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())

    @property
    def link(self) -> Link | None:
        """The connection whose session has begun, or None: to `ask` for more over it."""
        return self._link

    async def messages(self) -> AsyncIterator[Received]:
        """Everything that comes, in order, for one listener; without end (stop listening before `close`)."""
        while True:
            yield await self.buffer.take()

    def renew(self) -> None:
        """Connect anew and only then let the present connection go: for a venue that announces its end."""
        self._renewing.set()

    def lose(self, reason: str) -> None:
        """Take the connection for lost: for a listener that found something missing in what came."""
        if self._link is not None:
            self._link.end(reason)

    async def close(self) -> None:
        """Stop; the connection is closed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    # --- one connection after the other -------------------------------------------------------------------------------

    async def _run(self) -> None:
        failures = 0
        while True:
            begun = self._clock.monotonic()
            down = await self._once()
            self._tell_down(down)
            failures = 1 if self._clock.monotonic() - begun >= STEADY_S else failures + 1
            await self._pause(failures, is_longest=down.error is not None and down.error.is_final)

    async def _once(self) -> Down:
        """One connection from its opening to its end, and why it ended. Whatever breaks on the way is told so: a socket
        that stopped in silence would be taken for one that is up."""
        try:
            link, held = await self._open()
            return Down(await self._serve(link, held))
        except VenueError as error:
            return Down(str(error), error)
        except LinkLost as error:
            return Down(str(error))
        except Exception as error:  # noqa: BLE001 - see above
            self._log.opt(exception=error).warning("the connection broke: {}", type(error).__name__)
            return Down(f"the connection broke: {type(error).__name__}")

    async def _serve(self, link: Link, held: _Held) -> str:
        """Until the connection, or the last that took its place, is lost; why."""
        self._begin(link, held, is_renewed=False)
        try:
            while True:
                renewing = asyncio.ensure_future(self._renewing.wait())
                ends: set[asyncio.Future[Any]] = {link.lost, renewing}
                try:
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    renewing.cancel()
                if link.lost.done():
                    return link.lost.result()
                link = await self._renew(link)
        finally:
            last, self._link = self._link, None
            if last is not None:
                await last.close()

    async def _renew(self, link: Link) -> Link:
        """Another connection in the place of this one; this one where none could be made."""
        self._renewing.clear()
        try:
            newer, held = await self._open()
        except Exception as error:  # noqa: BLE001 - whatever it was, the present one goes on
            self._log.warning("could not connect anew before the venue closes: {}", error)
            return link
        is_renewed = not link.lost.done()
        if is_renewed:
            held.forget_prints()  # the present one has told them
        else:
            self._tell_down(Down(link.lost.result()))
        self._begin(newer, held, is_renewed=is_renewed)
        await link.close()
        return newer

    def _begin(self, link: Link, held: _Held, *, is_renewed: bool) -> None:
        self._link = link
        self._number += 1
        self._log.info("connected")
        self._put(Received(self._clock.now_ns(), Up(self._number, is_renewed=is_renewed)))
        if not held.release(self._put):
            link.end("more was pushed at the start than there is room for")

    async def _open(self) -> tuple[Link, _Held]:
        """A connection whose session has begun, and what was pushed meanwhile."""
        connection = await self._connect()
        held = _Held()
        link = Link(connection, self._session, self._keep, self._clock, held.push)
        has_begun = False
        try:
            await self._session.begin(link)
            if link.lost.done():
                raise LinkLost(link.lost.result())
            has_begun = True
        finally:
            if not has_begun:
                await link.close()
        return link, held

    async def _connect(self) -> client.ClientConnection:
        url = self._url if isinstance(self._url, str) else self._url()
        ping = self._keep.protocol_ping_s
        try:
            return await connect(
                url, proxy=None, compression=None, max_size=FRAME_BYTES_MAX, open_timeout=OPEN_TIMEOUT_S,
                ping_interval=ping, ping_timeout=ping, close_timeout=1, additional_headers=self._headers,
            )  # fmt: skip
        except TimeoutError:
            raise LinkLost(f"no connection within {OPEN_TIMEOUT_S:g} s") from None
        except OSError as error:
            raise LinkLost(f"no connection: {error.strerror or type(error).__name__}") from None
        except (InvalidHandshake, InvalidURI, EOFError) as error:
            raise LinkLost(f"no websocket there: {type(error).__name__} {log.redact(str(error))}") from None

    async def _pause(self, failures: int, *, is_longest: bool = False) -> None:
        """Wait before connecting again: at random up to a bound that doubles, so that many don't come at once."""
        bound = PAUSE_MAX_S if is_longest else min(PAUSE_MAX_S, PAUSE_S * 2 ** min(failures - 1, 10))
        least = bound / 2 if is_longest else PAUSE_S / 4
        await self._clock.sleep(self._rng.uniform(least, bound))

    # --- what the listener gets ---------------------------------------------------------------------------------------

    def _put(self, come: Received) -> bool:
        """False where there was no room: all that waits is forgotten, for something is missing in it."""
        if self.buffer.put(come):
            return True
        self.buffer.clear()
        return False

    def _tell_down(self, down: Down) -> None:
        self._log.warning("no connection: {}", down.reason)
        come = Received(self._clock.now_ns(), Down(log.redact(down.reason), down.error))
        if not self._put(come):
            self._put(come)


class _Held:
    """What is pushed before the session has begun waits, so that the listener hears of the connection first."""

    def __init__(self) -> None:
        self._waiting = Conflated()
        self._onward: Callable[[Received], bool] = self._waiting.put

    def push(self, come: Received) -> bool:
        return self._onward(come)

    def forget_prints(self) -> None:
        """What may be missed is not told twice."""
        waiting = [come for come in iter(self._waiting.pop, None) if come.worth is not Worth.SHED]
        for come in waiting:
            self._waiting.put(come)

    def release(self, onward: Callable[[Received], bool]) -> bool:
        """Hand on what waits, and everything from now on; False where there was no room."""
        self._onward = onward
        return all(onward(come) for come in iter(self._waiting.pop, None))
