"""The websocket client against a server on loopback: sessions, silence, reconnects, renewals, bounds."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from adapters.wire import socket as wire
from adapters.wire.clock import ManualClock, SystemClock
from adapters.wire.socket import Conflated, Down, Item, KeepAlive, Link, Socket, Up, Worth
from ruleengine.ports.venue import VenueError

Handler = Callable[[ServerConnection], Awaitable[None]]
NO_PING = KeepAlive(silent_max_s=30)


class Plain:
    """A session whose frames are JSON: {"quote": name, …}, {"fill": …}, {"print": …}, {"ack": …}, or text."""

    def __init__(self, greeting: str = "") -> None:
        self.greeting = greeting

    def read(self, frame: str | bytes) -> Iterable[Item]:
        if frame == "pong":
            return ()
        if frame == "ECHO":
            return (Item(frame, "reply"),)
        row = json.loads(frame)
        if "quote" in row:
            return (Item(row, worth=Worth.LATEST, key=row["quote"]),)
        if "print" in row:
            return (Item(row, worth=Worth.SHED),)
        return (Item(row, "answer") if "ack" in row else Item(row),)

    async def begin(self, link: Link) -> None:
        if self.greeting:
            await link.ask(self.greeting, self._is_acknowledged)

    def _is_acknowledged(self, answer: Any) -> bool:
        if answer["ack"] == "refused":
            raise VenueError("refused", code="60009", is_final=True)
        return bool(answer["ack"] == "ok")


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    async def guarded(connection: ServerConnection) -> None:
        try:
            await handler(connection)
        except ConnectionClosed:
            return

    async with serve(guarded, "127.0.0.1", 0, close_timeout=0.2) as running:
        yield f"ws://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}/"


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.002)


async def take(socket: Socket, count: int) -> list[Any]:
    async with asyncio.timeout(5):
        return [(await socket.buffer.take()).data for _ in range(count)]


def socket_of(url: str, session: Any = None, clock: Any = None, keep: KeepAlive = NO_PING, **more: Any) -> Socket:
    return Socket(url, session or Plain(), clock=clock or SystemClock(), rng=random.Random(1), keep=keep, **more)


async def stay(connection: ServerConnection) -> None:
    await connection.wait_closed()


def kept() -> tuple[list[ServerConnection], Handler]:
    """Connections as they come, and what keeps and holds them."""
    connections: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        connections.append(connection)
        await stay(connection)

    return connections, handler


def test_what_is_pushed_before_the_acknowledgement_follows_it() -> None:
    async def handler(connection: ServerConnection) -> None:
        assert await connection.recv() == "login"
        for row in ({"fill": 1}, {"ack": "other"}, {"fill": 2}, {"ack": "ok"}, {"fill": 3}):
            await connection.send(json.dumps(row))
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url, socket_of(url, Plain("login")) as socket:
            assert await take(socket, 4) == [Up(1), {"fill": 1}, {"fill": 2}, {"fill": 3}]

    asyncio.run(play())


def test_a_lost_connection_is_told_and_made_again_with_its_session() -> None:
    greetings: list[str | bytes] = []

    async def handler(connection: ServerConnection) -> None:
        greetings.append(await connection.recv())
        await connection.send('{"ack": "ok"}')
        if len(greetings) < 3:
            await connection.close(4004, "no data")
        await stay(connection)

    async def play() -> None:
        clock = ManualClock(is_eager=False)
        async with server(handler) as url, socket_of(url, Plain("login"), clock) as socket:
            assert await take(socket, 2) == [Up(1), Down("closed by the venue: 4004 no data")]
            await clock.advance(1)  # the first pause is at most 1 s
            assert await take(socket, 2) == [Up(2), Down("closed by the venue: 4004 no data")]
            await clock.advance(2)  # the second at most 2 s
            assert await take(socket, 1) == [Up(3)]
        assert greetings == ["login"] * 3

    asyncio.run(play())


def test_pauses_double_to_a_bound_and_are_drawn_at_random() -> None:
    """Bounds 1, 2, 4, 8, 16, 30, 30 s; each drawn between a quarter second and its bound by the given generator."""

    async def play() -> None:
        clock = ManualClock(is_eager=True)
        socket = socket_of("ws://127.0.0.1:1/", clock=clock)  # nothing listens there
        async with socket:
            await until(lambda: len(clock.pauses) >= 7)
        drawn = random.Random(1)
        assert clock.pauses[:7] == [drawn.uniform(0.25, bound) for bound in (1, 2, 4, 8, 16, 30, 30)]
        assert (await take(socket, 1))[0].reason.startswith("no connection: ")

    asyncio.run(play())


def test_a_connection_that_held_starts_the_pauses_anew() -> None:
    connections, handler = kept()

    async def play() -> None:
        clock = ManualClock()
        async with server(handler) as url, socket_of(url, clock=clock, keep=KeepAlive(silent_max_s=1e6)) as socket:
            for number, held_s in enumerate((0, 0, wire.STEADY_S), 1):
                assert await take(socket, 1) == [Up(number)]
                await clock.advance(held_s)
                await until(lambda: len(connections) == number)  # noqa: B023 - awaited in its round
                await connections[-1].close()
                await take(socket, 1)
                await until(lambda: clock.pauses[-1] < 1e5)
                await clock.advance(4)
            drawn = random.Random(1)
            assert [p for p in clock.pauses if p < 1e5][:3] == [drawn.uniform(0.25, bound) for bound in (1, 2, 1)]

    asyncio.run(play())


def test_a_refused_session_waits_long_before_it_is_tried_again() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('{"ack": "refused"}')
        await stay(connection)

    async def play() -> None:
        clock = ManualClock()
        async with server(handler) as url, socket_of(url, Plain("login"), clock) as socket:
            (down,) = await take(socket, 1)
            assert isinstance(down.error, VenueError)
            assert down.error.code == "60009"
            await until(lambda: clock.pauses[-1] == random.Random(1).uniform(15, 30))

    asyncio.run(play())


def test_no_acknowledgement_in_time_is_a_lost_connection() -> None:
    async def play() -> None:
        clock = ManualClock()
        async with server(stay) as url, socket_of(url, Plain("login"), clock) as socket:
            await until(lambda: 10.0 in clock.pauses)
            await clock.advance(10)
            assert await take(socket, 1) == [Down("no answer within 10 s")]

    asyncio.run(play())


def test_silence_is_a_dead_line_and_any_frame_is_life() -> None:
    """Watched for 30 s: frames at 20 s and 40 s keep it; nothing until 70 s ends it."""
    connections, handler = kept()

    async def play() -> None:
        clock = ManualClock()
        async with server(handler) as url, socket_of(url, clock=clock) as socket:
            assert await take(socket, 1) == [Up(1)]
            for number in range(2):
                await clock.advance(20)
                await connections[0].send(json.dumps({"fill": number}))
                assert await take(socket, 1) == [{"fill": number}]
            await clock.advance(29)
            assert len(socket.buffer) == 0
            await clock.advance(2)
            assert await take(socket, 1) == [Down("nothing came for 30 s")]

    asyncio.run(play())


def test_a_text_ping_is_sent_into_silence_and_its_text_answer_is_no_message() -> None:
    """Trap 9 of OKX: `pong` is text, no JSON."""
    heard: list[str | bytes] = []

    async def handler(connection: ServerConnection) -> None:
        async for frame in connection:
            heard.append(frame)
            await connection.send("pong")

    async def play() -> None:
        clock = ManualClock()
        keep = KeepAlive(text="ping", text_after_s=20, silent_max_s=30)
        async with server(handler) as url, socket_of(url, clock=clock, keep=keep) as socket:
            assert await take(socket, 1) == [Up(1)]
            for count in (1, 2, 3):
                await clock.advance(20)
                await until(lambda: len(heard) == count)  # noqa: B023 - awaited in its round
                await asyncio.sleep(0.02)  # the answer's way
            assert heard == ["ping"] * 3
            assert len(socket.buffer) == 0

    asyncio.run(play())


def test_what_the_venue_wants_echoed_is_echoed() -> None:
    heard: list[str | bytes] = []

    async def handler(connection: ServerConnection) -> None:
        await connection.send("ECHO")
        heard.append(await connection.recv())
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url, socket_of(url) as socket:
            await until(lambda: heard == ["ECHO"])
            assert await take(socket, 1) == [Up(1)]

    asyncio.run(play())


@pytest.mark.parametrize("keep", [NO_PING, KeepAlive(protocol_ping_s=5)])
def test_protocol_pings_are_the_venues_choice(keep: KeepAlive, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def connect(url: str, **options: Any) -> Any:
        asked.append((options["ping_interval"], options["ping_timeout"], options["proxy"]))
        raise OSError(1, "not now")

    monkeypatch.setattr(wire, "connect", connect)

    async def play() -> None:
        async with socket_of("ws://127.0.0.1:1/", clock=ManualClock(), keep=keep) as socket:
            await take(socket, 1)

    asyncio.run(play())
    assert asked == [(keep.protocol_ping_s, keep.protocol_ping_s, None)]


def test_a_renewed_connection_takes_over_before_the_old_one_goes() -> None:
    """Notice 64008 of OKX: nothing is lost between the two."""
    open_now: list[int] = []
    most = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal most
        number = len(open_now)
        open_now.append(1)
        most = max(most, sum(open_now))
        await connection.recv()
        await connection.send('{"ack": "ok"}')
        await connection.send(json.dumps({"fill": number}))
        await connection.wait_closed()
        open_now[number] = 0

    async def play() -> None:
        async with server(handler) as url, socket_of(url, Plain("login")) as socket:
            assert await take(socket, 2) == [Up(1), {"fill": 0}]
            socket.renew()
            assert await take(socket, 2) == [Up(2, is_renewed=True), {"fill": 1}]
            await until(lambda: open_now == [0, 1])
            assert most == 2

    asyncio.run(play())


def test_a_renewal_that_fails_keeps_the_old_connection() -> None:
    connections: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        connections.append(connection)
        await connection.send('{"ack": "ok"}' if len(connections) == 1 else '{"ack": "refused"}')
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url, socket_of(url, Plain("login")) as socket:
            assert await take(socket, 1) == [Up(1)]
            socket.renew()
            await until(lambda: len(connections) == 2)
            await connections[0].send('{"fill": 1}')
            assert await take(socket, 1) == [{"fill": 1}]

    asyncio.run(play())


def test_a_listener_that_stands_still_gets_the_latest_quotes_and_every_fill() -> None:
    """2,000 quotes of two instruments and 300 fills while nobody listens: 2 quotes, 300 fills, in order of coming."""

    async def handler(connection: ServerConnection) -> None:
        for number in range(1_000):
            for name in ("BTC", "ETH"):
                await connection.send(json.dumps({"quote": name, "number": number}))
            if number % 10 == 0 or number % 10 == 3 or number % 10 == 7:
                await connection.send(json.dumps({"fill": number}))
        await connection.send('{"fill": "last"}')
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url, socket_of(url) as socket:
            await until(lambda: len(socket.buffer) == 1 + 2 + 301)
            assert socket.buffer.replaced == 2_000 - 2
            come = await take(socket, 304)
            assert come[:3] == [Up(1), {"quote": "BTC", "number": 999}, {"quote": "ETH", "number": 999}]
            fills = [number for number in range(1_000) if number % 10 in (0, 3, 7)]
            assert come[3:] == [*({"fill": number} for number in fills), {"fill": "last"}]

    asyncio.run(play())


def test_more_fills_than_there_is_room_for_is_a_lost_connection_never_a_dropped_fill() -> None:
    async def handler(connection: ServerConnection) -> None:
        for number in range(50):
            await connection.send(json.dumps({"fill": number}))
        await stay(connection)

    async def play() -> None:
        buffer = Conflated(kept_max=10)
        async with server(handler) as url, socket_of(url, clock=ManualClock(), buffer=buffer) as socket:
            await until(lambda: socket.link is None and len(buffer) == 1)
            (down,) = await take(socket, 1)
            assert "was not taken in time" in down.reason

    asyncio.run(play())


def test_a_frame_beyond_the_cap_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "FRAME_BYTES_MAX", 1_000)

    async def handler(connection: ServerConnection) -> None:
        await connection.send([f'{{"fill": "{"x" * 600}', f'{"x" * 600}"}}'])  # one message in two fragments
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url, socket_of(url, clock=ManualClock()) as socket:
            up, down = await take(socket, 2)
            assert up == Up(1)
            assert isinstance(down, Down)

    asyncio.run(play())


def test_a_frame_that_cannot_be_read_ends_the_connection() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send('{"fill": 1}')
        await connection.send("<html>")
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url, socket_of(url, clock=ManualClock()) as socket:
            assert await take(socket, 3) == [Up(1), {"fill": 1}, Down("a frame that can't be read: JSONDecodeError")]

    asyncio.run(play())


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ws_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def play() -> None:
        async with server(stay) as url, socket_of(url) as socket:
            assert await take(socket, 1) == [Up(1)]

    asyncio.run(play())


def test_a_redirect_is_refused() -> None:
    """Who is pointed to would be told the login."""
    reached: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        reached.append(connection)
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url:

            def elsewhere(connection: ServerConnection, _: Any) -> Response:
                return Response(302, "Found", Headers({"Location": url}))

            async with serve(stay, "127.0.0.1", 0, process_request=elsewhere) as pointing:
                first = f"ws://127.0.0.1:{next(iter(pointing.sockets)).getsockname()[1]}/"
                async with socket_of(first, Plain("login"), ManualClock()) as socket:
                    (down,) = await take(socket, 1)
        assert isinstance(down, Down)
        assert "302" in down.reason

    asyncio.run(play())
    assert reached == []


def test_asking_over_a_running_connection_raises_what_the_venue_says() -> None:
    async def handler(connection: ServerConnection) -> None:
        async for frame in connection:
            await connection.send(json.dumps({"ack": frame}))

    async def play() -> None:
        async with server(handler) as url, socket_of(url) as socket:
            assert await take(socket, 1) == [Up(1)]
            assert socket.link is not None
            session = Plain()
            await socket.link.ask("ok", session._is_acknowledged)
            with pytest.raises(VenueError, match="refused"):
                await socket.link.ask("refused", session._is_acknowledged)

    asyncio.run(play())


def test_prints_are_shed_oldest_first_and_counted() -> None:
    buffer = Conflated(shed_max=3)
    for number in range(5):
        assert buffer.put(wire.Received(number, number, Worth.SHED))
    assert buffer.put(wire.Received(5, "fill"))
    left = [come.data for come in iter(buffer.pop, None)]
    assert left == [2, 3, 4, "fill"]
    assert buffer.shed == 2


class Failing(Plain):
    """A session that breaks at its first beginnings, each in another way."""

    def __init__(self, *errors: BaseException) -> None:
        super().__init__()
        self.errors = list(errors)

    async def begin(self, link: Link) -> None:
        if self.errors:
            raise self.errors.pop(0)


@pytest.mark.parametrize(
    "error", [AttributeError("no such thing"), RuntimeError("broken"), AssertionError(), OSError(5, "i/o")]
)
def test_whatever_breaks_at_the_start_is_told_and_tried_again(error: Exception) -> None:
    """A socket that ended in silence would be taken for one that is up."""

    async def play() -> None:
        clock = ManualClock()
        async with server(stay) as url, socket_of(url, Failing(error), clock) as socket:
            (down,) = await take(socket, 1)
            assert isinstance(down, Down)
            assert type(error).__name__ in down.reason
            await clock.advance(1)
            assert await take(socket, 1) == [Up(1)]

    asyncio.run(play())


def test_an_address_that_can_not_be_had_is_told_and_asked_for_again() -> None:
    asked: list[int] = []

    async def play() -> None:
        async with server(stay) as url:

            def address() -> str:
                asked.append(1)
                if len(asked) == 1:
                    raise KeyError("address")
                return url

            clock = ManualClock()
            async with Socket(address, Plain(), clock=clock, rng=random.Random(1), keep=NO_PING) as socket:
                (down,) = await take(socket, 1)
                assert isinstance(down, Down)
                await clock.advance(1)
                assert await take(socket, 1) == [Up(1)]

    asyncio.run(play())


class Breaking(ManualClock):
    """A clock of which one pause breaks: the first of a given length."""

    def __init__(self, length: float) -> None:
        super().__init__()
        self.length, self.is_broken = length, False

    async def sleep(self, seconds: float) -> None:
        if seconds == self.length and not self.is_broken:
            self.is_broken = True
            raise RuntimeError("no clock")
        await super().sleep(seconds)


def test_a_watch_that_breaks_ends_the_connection() -> None:
    """Without it a dead line would never be found."""

    async def play() -> None:
        async with server(stay) as url, socket_of(url, clock=Breaking(30), keep=KeepAlive(silent_max_s=30)) as socket:
            assert await take(socket, 2) == [Up(1), Down("the watch over it broke: RuntimeError")]

    asyncio.run(play())


def test_a_cancellation_while_a_connection_is_closed_still_closes_it() -> None:
    """The close waits for its tasks, and is cancelled there."""
    _, handler = kept()

    async def play() -> None:
        async with server(handler) as url, socket_of(url) as socket:
            await take(socket, 1)
            link = socket.link
            assert link is not None
            closing = asyncio.ensure_future(link.close())
            await asyncio.sleep(0)  # it has cancelled its tasks and waits for them
            closing.cancel()
            await asyncio.gather(closing, return_exceptions=True)
            assert link._connection.transport.is_closing()

    asyncio.run(play())


def test_a_renewal_during_which_the_old_connection_is_lost_says_so() -> None:
    """What the venue pushed between the two was heard by none."""
    connections: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        connections.append(connection)
        if len(connections) == 2:
            await connections[0].close(4004, "early")
            await connection.ping()
        await connection.send('{"ack": "ok"}')
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url, socket_of(url, Plain("login")) as socket:
            assert await take(socket, 1) == [Up(1)]
            socket.renew()
            assert await take(socket, 2) == [Down("closed by the venue: 4004 early"), Up(2)]

    asyncio.run(play())


def test_prints_that_both_connections_of_a_renewal_were_pushed_come_once() -> None:
    """The old one is heard until the new one's session has begun; what that was pushed before is the same again. Fills
    are kept: whoever counts them knows them by their number."""
    connections: list[ServerConnection] = []

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        connections.append(connection)
        if len(connections) == 2:
            for one in connections:
                await one.send('{"print": 7}')
                await one.send('{"fill": 8}')
            await connections[0].ping()
        await connection.send('{"ack": "ok"}')
        await stay(connection)

    async def play() -> None:
        async with server(handler) as url, socket_of(url, Plain("login")) as socket:
            assert await take(socket, 1) == [Up(1)]
            socket.renew()
            come = await take(socket, 4)
            assert come == [{"print": 7}, {"fill": 8}, Up(2, is_renewed=True), {"fill": 8}]

    asyncio.run(play())
