"""REST calls of the venue: signed, in their budgets, and with the envelope taken off.

An answer has a `code` of its own and, for orders, one in each row (`sCode`): neither a status of 200 nor an empty `msg`
nor a `code` of 0 says that an order was taken (traps 2, 18). The venue's time is kept beside ours, measured against the
clock that can't jump.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from adapters.okx.errors import CLOCK, NOT_FOUND, refusal
from adapters.okx.hosts import Hosts
from adapters.okx.limits import Limits
from adapters.okx.rows import Row, time_ms
from adapters.okx.signing import Keys, headers
from adapters.wire.budget import Urgency
from adapters.wire.clock import Clock
from adapters.wire.decimals import BadPayload, dumps
from adapters.wire.outcome import Answered, NotSent, Unknown
from adapters.wire.request import Request
from adapters.wire.transport import Transport
from ruleengine.ports.venue import VenueError

_OPEN_TO_ALL = ("/api/v5/public/", "/api/v5/market/", "/api/v5/system/")
WRITE_S = 8.0
"""How long an order's answer is waited for."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the venue answered to a write. `code`, `message`: of the first row where there is one, else of the whole."""

    code: str
    message: str
    row: Row


class Api:
    """One account's REST door. `via`: in place of the network (tests)."""

    def __init__(self, hosts: Hosts, keys: Keys, clock: Clock, via: httpx.AsyncBaseTransport | None = None) -> None:
        self.hosts, self.clock = hosts, clock
        self._keys, self.limits = keys, Limits(clock)
        budget = self.limits.of("GET", "")
        self._wire = Transport(hosts.rest, clock, budget, authorise=self._authorise, via=via)
        self._venue_ms, self._measured, self._heard = 0, 0.0, 0.0
        self._lives: dict[bytes, float] = {}
        self._expiries: dict[bytes, int] = {}
        self.skew_s = 0.0
        """By how much this machine's clock is ahead of the venue's, when last measured."""

    async def close(self) -> None:
        self.limits.close()
        await self._wire.close()

    # --- time ---------------------------------------------------------------------------------------------------------

    async def sync(self) -> None:
        """Measure the venue's time: what it states belongs to the middle between asking and hearing."""
        asked = self.clock.monotonic()
        rows = await self.get("/api/v5/public/time", urgency=Urgency.RESOLVE)
        if not rows:
            raise VenueError("OKX does not state its time", code="body")
        heard = self.clock.monotonic()
        self._venue_ms, self._measured, self._heard = time_ms(rows[0], "ts"), (asked + heard) / 2, heard
        ours_ms = self.clock.now_ns() / 1e6 - (heard - self._measured) * 1000
        self.skew_s = (ours_ms - self._venue_ms) / 1000

    @property
    def venue_ms(self) -> int:
        """The venue's time now; ours as long as it was not measured."""
        if not self._venue_ms:
            return self.clock.now_ns() // 1_000_000
        return self._venue_ms + round((self.clock.monotonic() - self._measured) * 1000)

    @property
    def venue_least_ms(self) -> int:
        """The venue's time now, or earlier: as if it had stated its time when that was heard. What is over by this is
        over."""
        return self.venue_ms - (round((self._heard - self._measured) * 1000) if self._venue_ms else 0)

    # --- reading ------------------------------------------------------------------------------------------------------

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, urgency: Urgency = Urgency.READ
    ) -> Sequence[Any]:
        """Rows of a GET; VenueError with the venue's code where it refuses, or the wire's where it is not heard. Our
        time not being the venue's is mended once."""
        for is_last in (False, True):
            budget = self.limits.of("GET", path)
            reply = await self._wire.read(path, query, headers=self.hosts.headers, urgency=urgency, budget=budget)
            code, message, rows = envelope(reply.body, path)
            if code == "0":
                return rows
            if is_last or code not in CLOCK:
                raise refusal(code, message, f"GET {path}")
            await self.sync()
        raise AssertionError("the second round returns or raises")

    async def find(self, path: str, query: Mapping[str, str], *, urgency: Urgency = Urgency.RESOLVE) -> Row | None:
        """The one row of a query, or None where the venue says that there is none."""
        try:
            rows = await self.get(path, query, urgency=urgency)
        except VenueError as error:
            if error.code == NOT_FOUND:
                return None
            raise
        return rows[0] if rows else None

    # --- writing ------------------------------------------------------------------------------------------------------

    async def post(
        self, path: str, body: Any, *, urgency: Urgency, patience_s: float | None = None
    ) -> Said | NotSent | Unknown:
        """Send it at most once."""
        return await self._send(path, dumps(body), urgency, patience_s)

    async def place(
        self, path: str, body: Any, *, urgency: Urgency, patience_s: float | None = None, life_s: float
    ) -> tuple[Said | NotSent | Unknown, int]:
        """Send an order at most once; `life_s` after it left this machine the venue drops it, should it still be on its
        way. That instant, venue's ms, comes with the outcome; 0: it never left."""
        content = dumps(body)
        self._lives[content] = life_s
        try:
            return await self._send(path, content, urgency, patience_s), self._expiries.get(content, 0)
        finally:
            del self._lives[content]
            self._expiries.pop(content, None)

    async def _send(
        self, path: str, content: bytes, urgency: Urgency, patience_s: float | None
    ) -> Said | NotSent | Unknown:
        outcome = await self._wire.write(
            "POST", path, content, headers={"Content-Type": "application/json", **self.hosts.headers}, urgency=urgency,
            patience_s=patience_s, deadline_s=WRITE_S, budget=self.limits.of("POST", path),
        )  # fmt: skip
        if not isinstance(outcome, Answered):
            return outcome
        try:
            code, message, rows = envelope(outcome.reply.body, path)
        except VenueError as error:
            return Unknown("body", str(error))
        row = rows[0] if rows and isinstance(rows[0], Mapping) else {}
        if row.get("sCode") not in (None, ""):
            return Said(str(row["sCode"]), str(row.get("sMsg") or ""), row)
        return Said(code, message, row)

    def _authorise(self, request: Request) -> Mapping[str, str]:
        """Right before a request leaves, so that its time of signing and its end are counted from there."""
        if request.target.startswith(_OPEN_TO_ALL):
            return {}
        now_ms = self.venue_ms
        signed = headers(self._keys, request, now_ms)
        life_s = self._lives.get(request.content) if request.content else None
        if life_s:
            self._expiries[request.content] = now_ms + round(life_s * 1000)
            signed["expTime"] = str(self._expiries[request.content])
        return signed


def envelope(body: Any, path: str) -> tuple[str, str, Sequence[Any]]:
    """(code, message, rows) of an answer; rows may be missing from a refusal. VenueError where it has no envelope."""
    if not isinstance(body, Mapping) or "code" not in body:
        raise VenueError(f"{path}: the answer has no code", code="body")
    rows = body.get("data")
    return str(body["code"]), str(body.get("msg") or ""), rows if isinstance(rows, list) else ()


def unreadable(error: BadPayload, what: str) -> VenueError:
    """A payload that is not what the venue's documents say, as an error of the call."""
    return VenueError(f"{what}: {error}", code="payload")
