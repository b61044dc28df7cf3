"""One open stream: its login, its subscriptions, and what waits to be sent on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.okx.simulator.account import Account
from adapters.okx.simulator.channels import Arg, Url

_BUFFER = 100_000
"""Messages that may wait: a clock that is moved by a day makes many at once."""
HANG_UP = None
"""What ends the queue of messages."""


@dataclass(slots=True)
class Subscription:
    """One channel of one connection. `seq`, `asks`, `bids`: the book as it was told last; `begin_ms`: the bar."""

    channel: str
    arg: Arg
    seq: int = -1
    asks: list[list[str]] = field(default_factory=list)
    bids: list[list[str]] = field(default_factory=list)
    told_ms: int = 0
    begin_ms: int = 0


@dataclass(eq=False, slots=True)
class Connection:
    """`outbox`: frames to send, then a close code. `seen_s`: when something last went over it, by the loop's clock."""

    conn_id: str
    url: Url
    seen_s: float
    account: Account | None = None
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    outbox: asyncio.Queue[str | int] = field(default_factory=asyncio.Queue)
    _is_closed: bool = False

    def send(self, message: Mapping[str, Any] | str) -> None:
        """Put a message into the queue; a client that reads too slowly is dropped (4005)."""
        if self.outbox.qsize() > _BUFFER:
            self.close(4005)
        if not self._is_closed:
            self.outbox.put_nowait(message if isinstance(message, str) else encode(message))

    def close(self, code: int) -> None:
        """Hang up once everything before has been sent; what comes after that is not."""
        if not self._is_closed:
            self._is_closed = True
            self.outbox.put_nowait(code)

    def of_channel(self, *channels: str) -> list[Subscription]:
        return [one for one in self.subscriptions.values() if one.channel in channels]


def encode(message: Mapping[str, Any]) -> str:
    """A frame; a client's own numbers go back as numbers."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
