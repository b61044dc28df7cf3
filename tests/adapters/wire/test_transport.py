"""What a write came to, by servers that misbehave on a real socket; and that nothing is asked twice without leave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.wire.budget import Budget, Urgency
from adapters.wire.clock import ManualClock
from adapters.wire.outcome import Answered, NotSent, Outcome, Unknown
from adapters.wire.request import Request
from adapters.wire.transport import PAUSE_MAX_S, Limits, Transport
from ruleengine.ports.venue import VenueError
from tests.adapters.wire.rude_server import Behaviour, answer, close_at_once, raw, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"
QUICK = Limits(deadline_s=0.4)


def wire(base: str, *, limits: Limits | None = None, **more: Any) -> Transport:
    clock = ManualClock(is_eager=True)
    return Transport(base, clock, Budget(clock, per_s=1000), limits=limits or Limits(deadline_s=5), **more)


def mocked(handler: Callable[[httpx.Request], httpx.Response], **more: Any) -> Transport:
    return wire("http://127.0.0.1:1", via=httpx.MockTransport(handler), **more)


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


async def written(behaviour: Behaviour, limits: Limits | None = None) -> tuple[Outcome, int]:
    """What a write to such a server came to, and how often it was asked."""
    async with serving(behaviour) as rude:
        out = wire(rude.address, limits=limits)
        outcome = await out.write("POST", "/orders", b'{"units":"1"}')
        await out.close()
        return outcome, rude.connections


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (close_at_once, "broken"),
        (raw(), "broken"),
        (raw(HEAD, b'{"half":'), "broken"),
        (raw(b"HTTP/1.1 200 OK\r\n", is_held=True), "timeout"),
        (raw(HEAD, *[b" "] * 19, pause_s=0.05, is_held=True), "timeout"),
        (answer(500), "http_500"),
        (answer(503, b"<html>maintenance</html>"), "http_503"),
        (answer(408), "http_408"),
        (answer(307, b"", "Location: /elsewhere"), "redirect"),
        (answer(200, b"<html>fine</html>"), "body"),
        (answer(201, b'{"id": "1", "id": "2"}'), "body"),
        (answer(201, b'{"price": NaN}'), "body"),
    ],
    ids=[
        "hangs up", "reads, then hangs up", "closes mid-body", "stops mid-head", "slow drip", "500", "503 page", "408",
        "redirect", "page under 200", "duplicate key", "NaN",
    ],
)  # fmt: skip
def test_a_write_without_a_readable_answer_is_unknown_and_is_sent_once(behaviour: Behaviour, code: str) -> None:
    outcome, asked = asyncio.run(written(behaviour, QUICK if code == "timeout" else None))
    assert isinstance(outcome, Unknown)
    assert (outcome.code, asked) == (code, 1)


def test_a_body_above_the_limit_is_unknown() -> None:
    outcome, _ = asyncio.run(written(answer(200, b'"' + b"x" * 2000 + b'"'), Limits(body_bytes=1000)))
    assert isinstance(outcome, Unknown)
    assert outcome.code == "body"


def test_a_port_where_nobody_listens_proves_that_nothing_left() -> None:
    async def refused() -> Outcome:
        out = wire(f"http://127.0.0.1:{free_port()}")
        outcome = await out.write("POST", "/orders", b"{}")
        await out.close()
        return outcome

    outcome = asyncio.run(refused())
    assert isinstance(outcome, NotSent)
    assert outcome.code == "connect"


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ReadTimeout, Unknown), (httpx.WriteError, Unknown), (httpx.RemoteProtocolError, Unknown),
        (httpx.ConnectError, NotSent), (httpx.ConnectTimeout, NotSent),
    ],
)  # fmt: skip
def test_a_connection_that_tells_nothing_of_itself_proves_nothing(
    raised: type[httpx.TransportError], kind: type[Outcome]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise raised("as a test wants it")

    async def failing() -> Outcome:
        out = mocked(handler)
        outcome = await out.write("POST", "/orders")
        await out.close()
        return outcome

    assert isinstance(asyncio.run(failing()), kind)


def test_a_deadline_that_ends_while_connecting_proves_that_nothing_left() -> None:
    """A listener that never accepts, its queue filled: the next one to connect hears nothing."""

    async def late() -> Outcome:
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for taken in (first, second):
                taken.setblocking(False)
                taken.connect_ex(full.getsockname())
            out = wire(f"http://127.0.0.1:{full.getsockname()[1]}", limits=QUICK)
            outcome = await out.write("POST", "/orders")
            await out.close()
            return outcome

    outcome = asyncio.run(late())
    assert isinstance(outcome, NotSent)
    assert outcome.code == "connect"


@pytest.mark.parametrize(("patience_s", "kind"), [(None, Answered), (0.5, NotSent)])
def test_an_exit_waits_for_its_turn_to_connect_longer_than_its_deadline(
    patience_s: float | None, kind: type[Outcome]
) -> None:
    """One connection each ten seconds: the second write waits for all of them, or for as long as it has patience."""

    async def queued() -> Outcome:
        clock = ManualClock()
        async with serving(answer(200)) as rude:
            connections = Budget(clock, per_s=0.1, burst=1)
            out = Transport(rude.address, clock, Budget(clock, per_s=99), limits=QUICK, connections=connections)
            await out.write("POST", "/orders")
            second = asyncio.ensure_future(out.write("POST", "/orders", urgency=Urgency.EXIT, patience_s=patience_s))
            await asyncio.sleep(0.5)  # the deadline is over
            await clock.advance(10)
            outcome = await second
            connections.close()
            await out.close()
            return outcome

    assert isinstance(asyncio.run(queued()), kind)


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 429])
def test_an_answer_below_500_is_the_venues_word(status: int) -> None:
    outcome, asked = asyncio.run(written(answer(status, b'{"price": 1.10}')))
    assert isinstance(outcome, Answered)
    assert (outcome.reply.status, outcome.reply.body, asked) == (status, {"price": Decimal("1.10")}, 1)


def test_a_refusal_that_is_no_json_is_still_a_refusal() -> None:
    outcome, _ = asyncio.run(written(answer(403, b"<html>no</html>")))
    assert isinstance(outcome, Answered)
    assert outcome.reply.body is None


@pytest.mark.parametrize(("idle_s", "connections"), [(0.0, 2), (5.0, 1)])
def test_a_write_reuses_an_idle_connection_only_where_that_was_allowed(idle_s: float, connections: int) -> None:
    async def two() -> int:
        async with serving(answer(200)) as rude:
            out = wire(rude.address, limits=Limits(idle_s=idle_s))
            await out.write("PUT", "/a")
            await out.write("PUT", "/b")
            await out.close()
            return rude.connections

    assert asyncio.run(two()) == connections


def everything_from(connection: socket.socket) -> tuple[int, OSError | None]:
    """How many bytes came, and what ended them: an error, or None for an ordinary end."""
    heard = 0
    try:
        while chunk := connection.recv(65536):
            heard += len(chunk)
    except OSError as error:
        return heard, error
    return heard, None


def test_nothing_more_of_a_write_leaves_once_it_was_given_up() -> None:
    """A venue that is away for longer than the deadline: what waits in the system's send buffer would be sent to it
    later, after the order was found to be absent."""
    size = 40_000

    async def late(venue: socket.socket) -> Outcome:
        out = wire(f"http://127.0.0.1:{venue.getsockname()[1]}", limits=Limits(write_deadline_s=0.1))
        outcome = await out.write("POST", "/orders", b"x" * size)
        await out.close()
        return outcome

    with socket.socket() as venue:
        venue.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # it reads nothing, so that the rest waits with us
        venue.bind(("127.0.0.1", 0))
        venue.listen(1)
        outcome = asyncio.run(late(venue))
        assert isinstance(outcome, Unknown)
        connection, _ = venue.accept()
        with connection:
            connection.settimeout(3)
            heard, end = everything_from(connection)
    assert heard < size
    assert isinstance(end, ConnectionResetError)


def test_a_read_is_tried_three_times_with_growing_jitter() -> None:
    """Full jitter: the pause is drawn from 0 to 0.25 s, then to 1 s (0.25 × 4)."""
    asked: list[tuple[float, float]] = []

    def longest(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    async def failing() -> tuple[VenueError, int]:
        async with serving(close_at_once) as rude:
            out = wire(rude.address, jitter=longest)
            with pytest.raises(VenueError) as caught:
                await out.read("/account")
            await out.close()
            return caught.value, rude.connections

    error, connections = asyncio.run(failing())
    assert (error.code, connections) == ("broken", 3)
    assert asked == [(0.0, 0.25), (0.0, 1.0)]


def test_a_read_gets_through_once_the_venue_is_there_again() -> None:
    async def recovering() -> Any:
        async with serving(raw(HEAD), answer(502, b"", "Connection: close"), answer(200, b'{"ok": true}')) as rude:
            out = wire(rude.address)
            reply = await out.read("/account", {"instruments": "A,B"})
            await out.close()
            return reply.body, rude.requests[-1].split(b"\r\n")[0]

    assert asyncio.run(recovering()) == ({"ok": True}, b"GET /account?instruments=A%2CB HTTP/1.1")


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(answer(302, b"", "Location: http://127.0.0.1:1/"), "redirect"), (answer(200, b"x" * 2000), "body")],
)
def test_a_read_that_would_fail_again_is_not_repeated(behaviour: Behaviour, code: str) -> None:
    async def failing() -> tuple[VenueError, int]:
        async with serving(behaviour) as rude:
            out = wire(rude.address, limits=Limits(body_bytes=1000))
            with pytest.raises(VenueError) as caught:
                await out.read("/account")
            await out.close()
            return caught.value, len(rude.requests)

    error, asked = asyncio.run(failing())
    assert (error.code, error.is_final, asked) == (code, True, 1)


def test_the_deadline_of_a_read_holds_over_all_its_tries() -> None:
    async def dripping() -> tuple[VenueError, float]:
        async with serving(raw(HEAD, *[b" "] * 19, pause_s=0.1, is_held=True)) as rude:
            out = wire(rude.address)
            begun = asyncio.get_running_loop().time()
            with pytest.raises(VenueError) as caught:
                await out.read("/slow", deadline_s=0.25)
            took = asyncio.get_running_loop().time() - begun
            await out.close()
            return caught.value, took

    error, took = asyncio.run(dripping())
    assert error.code == "timeout"
    assert took < 1.9  # the server would drip for 1.9 s


@pytest.mark.parametrize(
    ("stated", "pause_s"),
    [("3", 3.0), ("0", 1.0), ("-5", 1.0), ("soon", 1.0), ("", 1.0), ("Thu, 01 Jan 2026 00:00:04 GMT", 4.0)],
)
def test_retry_after_is_heeded_where_it_makes_sense(stated: str, pause_s: float) -> None:
    """And a second where it does not. `ManualClock` begins at 2026-01-01T00:00:00Z, so the date is 4 s ahead."""
    replies = [httpx.Response(429, json={}, headers={"Retry-After": stated}), httpx.Response(200, json={})]

    async def asked() -> list[float]:
        out = mocked(lambda request: replies.pop(0), jitter=lambda low, high: 0.0)
        assert (await out.read("/account")).status == 200
        await out.close()
        assert isinstance(out.clock, ManualClock)
        return out.clock.pauses

    assert max(asyncio.run(asked())) == pytest.approx(pause_s)


def test_retry_after_beyond_the_deadline_ends_the_read_and_never_silences_exits_for_long() -> None:
    async def asked() -> tuple[VenueError, float]:
        out = mocked(lambda request: httpx.Response(429, headers={"Retry-After": "1000000000"}))
        with pytest.raises(VenueError) as caught:
            await out.read("/account")
        await out.budget.take(Urgency.EXIT)
        await out.close()
        return caught.value, out.clock.monotonic()

    error, waited_s = asyncio.run(asked())
    assert error.code == "http_429"
    assert waited_s == pytest.approx(PAUSE_MAX_S)


def test_what_authorises_a_request_sees_exactly_what_leaves_after_the_wait() -> None:
    seen: list[tuple[Request, float]] = []
    heard: list[httpx.Request] = []

    async def signed() -> None:
        clock = ManualClock(is_eager=True)
        budget = Budget(clock, per_s=0.5, burst=1)

        def authorise(request: Request) -> dict[str, str]:
            seen.append((request, clock.monotonic()))
            return {"X-Sign": "s"}

        def handler(request: httpx.Request) -> httpx.Response:
            heard.append(request)
            return httpx.Response(200, json={})

        out = Transport("http://127.0.0.1:1", clock, budget, authorise=authorise, via=httpx.MockTransport(handler))
        await out.read("/first")
        await out.write("POST", "/orders", b'{"a":"b"}', query={"q": "1 2"}, headers={"Content-Type": "text/x"})
        await out.close()

    asyncio.run(signed())
    assert seen[1] == (Request("POST", "/orders?q=1%202", b'{"a":"b"}'), 2.0)  # a message every 2 s
    assert heard[1].url.raw_path == b"/orders?q=1%202"
    assert (heard[1].content, heard[1].headers["x-sign"]) == (b'{"a":"b"}', "s")
    assert heard[1].headers["content-type"] == "text/x"


def test_an_entry_that_does_not_want_to_wait_is_proved_not_sent() -> None:
    async def hasty() -> tuple[Outcome, list[str]]:
        asked: list[str] = []

        def handler(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            return httpx.Response(200, json={})

        clock = ManualClock()
        out = Transport("http://127.0.0.1:1", clock, Budget(clock, per_s=1), via=httpx.MockTransport(handler))
        out.budget.pause(30)
        sending = asyncio.ensure_future(out.write("POST", "/orders", patience_s=1))
        await clock.advance(1)
        outcome = await sending
        await out.close()
        out.budget.close()
        return outcome, asked

    outcome, asked = asyncio.run(hasty())
    assert isinstance(outcome, NotSent)
    assert (outcome.code, asked) == ("queue", [])


def test_only_paths_of_the_base_address_can_be_asked_for() -> None:
    """Trap 7 of OANDA: links in answers lead to other hosts, and a token would go with them."""

    async def led_away() -> None:
        out = mocked(lambda request: httpx.Response(200))
        for path in ("https://elsewhere.example/x", "//elsewhere.example/x", "/x?y=1"):
            with pytest.raises(ValueError, match="path"):
                await out.read(path)
        await out.close()

    asyncio.run(led_away())


def test_errors_hold_neither_query_nor_headers_nor_secrets_of_bodies() -> None:
    async def failing() -> list[str]:
        def handler(request: httpx.Request) -> httpx.Response:
            return httpx.Response(500, json={"errorMessage": "bad token=canary-3"})

        out = mocked(handler, authorise=lambda request: {"Authorization": "Bearer canary-1"})
        with pytest.raises(VenueError) as caught:
            await out.read("/account", {"key": "canary-2"})
        outcome = await out.write("POST", "/orders", b"canary-4", query={"key": "canary-2"})
        said = [str(caught.value), repr(caught.value), str(outcome), repr(out)]
        await out.close()
        return said

    for text in asyncio.run(failing()):
        assert "canary" not in text


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    outcome, _ = asyncio.run(written(answer(200)))
    assert isinstance(outcome, Answered)


def test_deadlines_leave_no_connection_behind() -> None:
    """Pools that lose a connection at each cancellation fill up (httpx #1461)."""

    async def many() -> int:
        async with serving(raw(is_held=True)) as rude:
            out = wire(rude.address, limits=Limits(deadline_s=0.02))
            for _ in range(20):
                assert not isinstance(await out.write("POST", "/orders"), Answered)
            left = len(out._writes._transport._pool.connections)  # type: ignore[attr-defined]
            await out.close()
            return left

    assert asyncio.run(many()) == 0


@pytest.mark.parametrize("idle", ["silent", "drips", "ends", "breaks", "refused", "long"])
def test_a_stream_ends_where_the_venue_ends_it_and_raises_for_everything_else(idle: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    ways: dict[str, Behaviour] = {
        "silent": raw(head, b'5\r\n{}\n{"\r\n', b'4\r\n"}\n \r\n', b"1\r\n \r\n", pause_s=0.01, is_held=True),
        "drips": raw(head, b"3\r\n{}\n\r\n", *[b"1\r\nx\r\n"] * 40, pause_s=0.05, is_held=True),
        "ends": raw(head, b"3\r\n{}\n\r\n", b"0\r\n\r\n"),
        "breaks": raw(head, b"3\r\n{}\n\r\n"),
        "refused": answer(401, b'{"errorMessage": "Insufficient authorization"}'),
        "long": raw(head, b"3\r\n{}\n\r\n", b"200001\r\n" + b"x" * 0x200001 + b"\r\n", is_held=True),
    }

    async def listening() -> tuple[list[bytes], str]:
        heard: list[bytes] = []
        async with serving(ways[idle]) as rude:
            out = wire(rude.address)
            try:
                async with out.stream("/stream", idle_s=0.2) as lines:
                    async for line in lines:
                        heard.append(line)  # noqa: PERF401  # what was heard before it breaks counts
                return heard, ""
            except VenueError as error:
                return heard, error.code
            finally:
                await out.close()

    expected: dict[str, tuple[list[bytes], str]] = {
        "silent": ([b"{}", b'{""}'], "silent"),
        "drips": ([b"{}"], "silent"),
        "ends": ([b"{}"], ""),
        "breaks": ([b"{}"], "broken"),
        "refused": ([], "http_401"),
        "long": ([b"{}"], "line_too_long"),
    }
    assert asyncio.run(listening()) == expected[idle]


def test_a_status_that_speaks_is_an_answer() -> None:
    """KIS refuses calls beyond its rate with 500 and a code: the words count, and a bare sentence is no broken body."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(500, content=b'{"msg_cd":"EGW00201"}' if request.method == "POST" else b"ERROR : NO")

    async def play() -> tuple[Any, Any]:
        out = mocked(handler, spoken=frozenset({500}), decode=lambda content: content.decode())
        found = await out.write("POST", "/orders"), await out.read("/list")
        await out.close()
        return found

    written, read = asyncio.run(play())
    assert isinstance(written, Answered)
    assert (written.reply.status, written.reply.body) == (500, '{"msg_cd":"EGW00201"}')
    assert (read.status, read.body) == (500, "ERROR : NO")
    assert asked == ["POST", "GET"]  # not tried again either
