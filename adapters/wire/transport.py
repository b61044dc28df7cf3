"""The only door to httpx: one request, one absolute deadline, one stated outcome.

    1. every call waits for its turn in the budget, is authorised, and leaves through a client that follows no
       redirect, reads no proxy from the environment and checks certificates
    2. `read` is a GET and is tried up to three times, with full jitter between, or after `Retry-After`
    3. `write` leaves at most once; what is not proved to have stayed here counts as possibly there. Once it was given
       up, nothing more of it leaves
    4. `stream` is a GET whose body never ends

Messages of errors name method, path and host; never a query, a header or a body's secret.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from adapters.wire.address import base_address
from adapters.wire.budget import Budget, Urgency
from adapters.wire.clock import NANOS, Clock
from adapters.wire.decimals import BadPayload, loads
from adapters.wire.lines import split_lines
from adapters.wire.outcome import Answered, NotSent, Outcome, Reply, Unknown
from adapters.wire.pool import client_of
from adapters.wire.request import Passage, Request
from ruleengine.log import redact
from ruleengine.ports.venue import VenueError

READ_TRIES = 3
PAUSE_MAX_S = 60.0
"""However long `Retry-After` asks for quiet: exits wait in the same queue."""
BUSY_PAUSE_S = 1.0
"""Quiet after a 429 that does not say for how long."""
_JITTER_S = (0.25, 4.0)
"""Longest pause before the second try, and the longest ever."""
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_KINDS = {
    "ConnectError": "can't connect", "ConnectTimeout": "can't connect in time", "ReadTimeout": "no answer in time",
    "WriteTimeout": "could not be sent in time", "TimeoutError": "no answer in time",
    "ReadError": "the connection broke", "WriteError": "the connection broke",
    "RemoteProtocolError": "the connection ended before the answer did",
}  # fmt: skip
_WORTH_ANOTHER_TRY = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Limits:
    """`deadline_s`: a whole call, tries and body included (without the wait for the budget of a write).
    `write_deadline_s`: the same of writes, where it is another. `body_bytes`: the longest answer. `idle_s`: how old an
    idle connection may be for a write to use it; 0: each has its own."""

    deadline_s: float = 10.0
    write_deadline_s: float | None = None
    body_bytes: int = 8 << 20
    idle_s: float = 0.0


class _TooLong(Exception):
    """An answer above the limit."""


@dataclass(slots=True)
class Transport:
    """`base`: scheme, host and port; only paths on it are ever asked for. `authorise`: headers that prove who asks,
    made right before each request leaves. `connections`: a budget for new connections, where a venue counts them.
    `via`: in place of the network (tests). `decode`: what makes JSON of a body, where a venue also answers otherwise;
    BadPayload for what can't be read. `spoken`: statuses of 500 and above whose words say what became of a call, at
    venues that refuse so: they are answers like others, and the caller tells them from those that prove nothing."""

    base: str
    clock: Clock
    budget: Budget
    authorise: Callable[[Request], Mapping[str, str]] = field(default=lambda request: {}, repr=False)
    limits: Limits = field(default_factory=Limits)
    connections: Budget | None = None
    via: httpx.AsyncBaseTransport | None = None
    decode: Callable[[bytes], Any] = loads
    spoken: frozenset[int] = frozenset()
    jitter: Callable[[float, float], float] = random.uniform
    _reads: httpx.AsyncClient = field(init=False, repr=False)
    _writes: httpx.AsyncClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.base = base_address(self.base)
        idle_s = self.limits.idle_s
        self._reads = client_of(self.base, keep=20, idle_s=5.0, via=self.via)
        self._writes = client_of(
            self.base, keep=20 if idle_s > 0 else 0, idle_s=idle_s, drops_unsent=True, via=self.via
        )  # fmt: skip

    # --- the three ways to ask ----------------------------------------------------------------------------------

    async def read(
        self, path: str, query: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None,
        urgency: Urgency = Urgency.READ, deadline_s: float | None = None, budget: Budget | None = None,
    ) -> Reply:  # fmt: skip
        """GET, tried up to three times. Any answer below 500 other than 408 and 429 is handed back, also a refusal;
        without one in time it raises VenueError (`timeout`, `connect`, `broken`, `http_…`, `body`, `redirect`)."""
        request, queue = Request("GET", _target(path, query)), budget or self.budget
        limit_s = self.limits.deadline_s if deadline_s is None else deadline_s
        begun = self.clock.monotonic()
        failure = self._failed(request, "timeout", f"no answer within {limit_s:g} s")
        try:
            async with asyncio.timeout(limit_s):
                for attempt in range(READ_TRIES):
                    await queue.take(urgency)
                    found = await self._try_read(request, headers or {}, urgency, queue, limit_s)
                    if isinstance(found, Reply):
                        return found
                    failure, asked_s = found
                    if failure.is_final or attempt == READ_TRIES - 1:
                        break
                    pause_s = self.jitter(0.0, min(_JITTER_S[0] * 4**attempt, _JITTER_S[1]))
                    if self.clock.monotonic() - begun + max(pause_s, asked_s) >= limit_s:
                        break
                    await self.clock.sleep(max(pause_s, asked_s))
        except TimeoutError:
            pass
        raise failure

    async def write(
        self, method: str, path: str, content: bytes = b"", *, query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, urgency: Urgency = Urgency.ENTRY, patience_s: float | None = None,
        deadline_s: float | None = None, budget: Budget | None = None,
    ) -> Outcome:  # fmt: skip
        """Send it at most once and say what it came to. `patience_s`: how long it may wait for its turn; None: as long
        as it takes, which is what an exit wants; the deadline begins after that. Raises nothing but cancellation."""
        request, queue = Request(method, _target(path, query), content), budget or self.budget
        if not await queue.take(urgency, patience_s=patience_s) or self._writes.is_closed:
            return NotSent("queue", f"{self._name(request)}: it got no turn in the rate budget")
        own_s = self.limits.write_deadline_s or self.limits.deadline_s
        limit_s = own_s if deadline_s is None else deadline_s
        passage = Passage(self.connections, urgency, patience_s)
        try:
            async with asyncio.timeout(limit_s) as passage.deadline:
                reply, problem = await self._exchange(self._writes, request, headers or {}, passage, queue, limit_s)
        except VenueError as error:
            return NotSent(error.code or "authorise", str(error))
        except TimeoutError:
            return self._unheard(request, passage, "timeout", f"no answer within {limit_s:g} s")
        except _TooLong:
            return Unknown("body", f"{self._name(request)}: the answer is above {self.limits.body_bytes} bytes")
        except _NEVER_LEFT as error:
            return NotSent("connect", f"{self._name(request)}: {_what(error)}")
        except httpx.TimeoutException as error:
            return self._unheard(request, passage, "timeout", _what(error))
        except (httpx.HTTPError, OSError) as error:
            return self._unheard(request, passage, "broken", _what(error))
        return self._judged(request, reply, problem)

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str] | None = None, *, idle_s: float,
        headers: Mapping[str, str] | None = None, budget: Budget | None = None,
    ) -> AsyncIterator[AsyncIterator[bytes]]:  # fmt: skip
        """Lines of a body that never ends. They end where the venue ends it; `idle_s` without a whole line, a
        connection that breaks and a refusal raise VenueError (`silent`, `broken`, `connect`, `http_…`)."""
        request = Request("GET", _target(path, query))
        await (budget or self.budget).take(Urgency.RESOLVE)
        passage = Passage(self.connections, Urgency.RESOLVE)
        response: httpx.Response | None = None
        try:
            async with asyncio.timeout(self.limits.deadline_s):
                response = await self._send(self._reads, request, headers or {}, passage, idle_s)
            if response.status_code != 200:
                raise await self._refused_stream(request, response)
        except (TimeoutError, httpx.HTTPError) as error:
            raise self._failed(request, "connect", _what(error)) from None
        finally:
            if response is not None and response.status_code != 200:
                await response.aclose()
        lines = self._watched(request, split_lines(response.aiter_bytes()), idle_s)
        try:
            yield lines
        finally:
            with suppress(httpx.HTTPError, OSError):  # it is given up; how it ends is nobody's concern
                await lines.aclose()
                await response.aclose()

    async def close(self) -> None:
        """End all connections."""
        await self._reads.aclose()
        await self._writes.aclose()

    # --- one exchange -------------------------------------------------------------------------------------------

    async def _send(
        self, client: httpx.AsyncClient, request: Request, headers: Mapping[str, str], passage: Passage, limit_s: float
    ) -> httpx.Response:
        sent = client.build_request(
            request.method, self.base + request.target, content=request.content or None, timeout=limit_s,
            headers={"Accept-Encoding": "identity", **headers, **self.authorise(request)},
            extensions={"trace": passage.trace},
        )  # fmt: skip
        return await client.send(sent, stream=True)

    async def _exchange(
        self, client: httpx.AsyncClient, request: Request, headers: Mapping[str, str], passage: Passage,
        queue: Budget, limit_s: float,
    ) -> tuple[Reply, str]:  # fmt: skip
        """The answer, and what is wrong with its body ("" for nothing)."""
        sent_ns = self.clock.now_ns()
        response = await self._send(client, request, headers, passage, limit_s)
        try:
            content = await self._content(response)
        finally:
            await response.aclose()
        self._heed(response, queue)
        body, problem = None, ""
        try:
            body = self.decode(content) if content.strip() else None
        except BadPayload as error:
            problem = str(error)
        return Reply(response.status_code, body, response.headers, sent_ns, self.clock.now_ns()), problem

    async def _content(self, response: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > self.limits.body_bytes:
                raise _TooLong
        return bytes(content)

    async def _try_read(
        self, request: Request, headers: Mapping[str, str], urgency: Urgency, queue: Budget, limit_s: float
    ) -> Reply | tuple[VenueError, float]:
        """One try: the answer, or what went wrong and for how long the venue wants quiet."""
        passage = Passage(self.connections, urgency)
        try:
            reply, problem = await self._exchange(self._reads, request, headers, passage, queue, limit_s)
        except _TooLong:
            return self._failed(request, "body", f"the answer is above {self.limits.body_bytes} bytes", True), 0.0
        except _NEVER_LEFT as error:
            return self._failed(request, "connect", _what(error)), 0.0
        except httpx.TimeoutException as error:
            return self._failed(request, "timeout", _what(error)), 0.0
        except TimeoutError:
            raise
        except (httpx.HTTPError, OSError) as error:
            return self._failed(request, "broken", _what(error)), 0.0
        if reply.status not in self.spoken and (reply.status in _WORTH_ANOTHER_TRY or reply.status >= 500):
            return self._failed(request, f"http_{reply.status}", _said(reply)), _asked_quiet_s(
                reply.headers, self.clock
            )
        if 300 <= reply.status < 400:
            return self._failed(request, "redirect", "the venue points elsewhere, which is not followed", True), 0.0
        if problem and reply.is_good:
            return self._failed(request, "body", problem), 0.0
        return reply

    def _judged(self, request: Request, reply: Reply, problem: str) -> Outcome:
        """What an answer to a write proves. 5xx, 408 and what can't be read prove nothing."""
        if reply.status not in self.spoken and (reply.status >= 500 or reply.status == 408):
            return Unknown(f"http_{reply.status}", f"{self._name(request)}: {_said(reply)}")
        if 300 <= reply.status < 400:
            return Unknown("redirect", f"{self._name(request)}: the venue points elsewhere, which is not followed")
        if problem and reply.is_good:
            return Unknown("body", f"{self._name(request)}: {problem}")
        return Answered(reply)

    def _unheard(self, request: Request, passage: Passage, code: str, why: str) -> Outcome:
        if passage.is_proved_unsent:
            return NotSent("connect", f"{self._name(request)}: {why}, and no byte had left")
        return Unknown(code, f"{self._name(request)}: {why}")

    def _heed(self, response: httpx.Response, queue: Budget) -> None:
        """A venue that asks for quiet gets it, from all that share the budget."""
        if response.status_code in (429, 503):
            asked_s = _asked_quiet_s(response.headers, self.clock)
            least_s = BUSY_PAUSE_S if response.status_code == 429 else 0.0
            queue.pause(min(max(asked_s, least_s), PAUSE_MAX_S))

    async def _watched(
        self, request: Request, lines: AsyncIterator[bytes], idle_s: float
    ) -> AsyncGenerator[bytes, None]:
        while True:
            try:
                async with asyncio.timeout(idle_s):
                    line = await anext(lines, None)
            except (TimeoutError, httpx.TimeoutException):
                raise self._failed(request, "silent", f"nothing for {idle_s:g} s") from None
            except httpx.HTTPError as error:
                raise self._failed(request, "broken", _what(error)) from None
            if line is None:
                return
            yield line

    async def _refused_stream(self, request: Request, response: httpx.Response) -> VenueError:
        content = b""
        async with asyncio.timeout(self.limits.deadline_s):
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > 4096:
                    break
        self._heed(response, self.budget)
        said = redact(content[:200].decode("utf-8", "replace"))
        is_final = response.status_code in (400, 401, 403, 404)
        return self._failed(request, f"http_{response.status_code}", said, is_final)

    def _failed(self, request: Request, code: str, why: str, is_final: bool = False) -> VenueError:
        return VenueError(f"{self._name(request)}: {why}", code=code, is_final=is_final)

    def _name(self, request: Request) -> str:
        return f"{request.method} {urlsplit(self.base).netloc}{request.target.partition('?')[0]}"


def _target(path: str, query: Mapping[str, str] | None) -> str:
    """Path and query as sent; only places on the base address can be named."""
    if not path.startswith("/") or path.startswith("//") or "?" in path or "#" in path:
        raise ValueError("a path begins with one `/` and has no query of its own")
    return f"{path}?{urlencode(query, quote_via=quote, safe='')}" if query else path


def _asked_quiet_s(headers: httpx.Headers, clock: Clock) -> float:
    """`Retry-After` in seconds, stated as seconds or as a date; 0 where there is none that makes sense."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        due = parsedate_to_datetime(text)
        return max(due.timestamp() - clock.now_ns() / NANOS, 0.0)
    except (ValueError, OverflowError):
        return 0.0


def _said(reply: Reply) -> str:
    """What the venue answered, in few words."""
    words = ""
    if isinstance(reply.body, dict):
        found = next((reply.body[key] for key in ("errorMessage", "msg", "msg1", "message") if reply.body.get(key)), "")
        words = f" ({redact(str(found))[:200]})" if found else ""
    return f"answered {reply.status}{words}"


def _what(error: BaseException) -> str:
    """Kind of an error without its text, which may hold an address with its query."""
    return _KINDS.get(type(error).__name__, type(error).__name__)
