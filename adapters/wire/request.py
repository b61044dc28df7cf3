"""A request that is about to leave, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.wire.budget import Budget, Urgency


@dataclass(frozen=True, slots=True)
class Request:
    """What is about to leave, for `authorise` to sign: `target` is path and query exactly as they are sent."""

    method: str
    target: str
    content: bytes = b""


@dataclass(slots=True)
class Passage:
    """How far a request came, by what the connection tells of itself."""

    connections: Budget | None
    urgency: Urgency
    is_connecting: bool = False
    has_left: bool = False

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.is_connecting = True
            if self.connections is not None:
                await self.connections.take(self.urgency)
        elif event.endswith("send_request_headers.started"):
            self.has_left = True

    @property
    def is_proved_unsent(self) -> bool:
        """It was still connecting. (A connection that tells nothing proves nothing.)"""
        return self.is_connecting and not self.has_left
