"""What a write came to. There is no fourth case, and only `NotSent` allows to say that the venue never had it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from adapters.wire.clock import date_skew_s


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body`: its JSON with Decimals, None where it was empty or (above 299) no JSON. `sent_ns`,
    `received_ns`: our clock around the request that it answers."""

    status: int
    body: Any
    headers: httpx.Headers
    sent_ns: int
    received_ns: int

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def skew_s(self) -> float | None:
        """Seconds by which our clock is ahead of the venue's (negative: behind); None where it states no date."""
        return date_skew_s(self.headers.get("date"), self.sent_ns, self.received_ns)


@dataclass(frozen=True, slots=True)
class Answered:
    """The venue spoke: its status and words count. Also a refusal (4xx)."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proved: no byte of the request left this machine. `code`: `connect`, `queue`."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have reached the venue, and what became of it was not heard: no answer in time, a connection that broke,
    a 5xx, an answer that can't be read. `code`: `timeout`, `broken`, `http_503`, `redirect`, `body`."""

    code: str
    reason: str


Outcome = Answered | NotSent | Unknown
