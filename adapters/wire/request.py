"""A request that is about to leave, and how far it came."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from adapters.wire.budget import Budget, Urgency


@dataclass(frozen=True, slots=True)
class Request:
    """What is about to leave, for `authorise` to sign: `target` is path and query exactly as they are sent."""

    method: str
    target: str
    content: bytes = b""


@dataclass(slots=True)
class Passage:
    """How far a request came, by what the connection tells of itself. `deadline`: stands still while it waits for its
    turn to connect, at most `patience_s`, so that an exit is not given up in a queue of ours."""

    connections: Budget | None
    urgency: Urgency
    patience_s: float | None = None
    deadline: asyncio.Timeout | None = None
    is_connecting: bool = False
    has_left: bool = False

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.is_connecting = True
            if self.connections is not None:
                await self._turn(self.connections)
        elif event.endswith("send_request_headers.started"):
            self.has_left = True

    async def _turn(self, connections: Budget) -> None:
        due, begun = self.deadline.when() if self.deadline else None, asyncio.get_running_loop().time()
        if self.deadline is not None:
            self.deadline.reschedule(None)
        if not await connections.take(self.urgency, patience_s=self.patience_s):
            raise httpx.PoolTimeout("no turn to connect")
        if self.deadline is not None and due is not None:
            self.deadline.reschedule(due + asyncio.get_running_loop().time() - begun)

    @property
    def is_proved_unsent(self) -> bool:
        """It was still connecting. (A connection that tells nothing proves nothing.)"""
        return self.is_connecting and not self.has_left
