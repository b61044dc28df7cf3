"""The two streams: one JSON object a line, heartbeats every five seconds (fact sheet §6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.formats import Moment, TimeFormat, as_json
from adapters.oanda.simulator.prices import price
from adapters.oanda.simulator.transactions import Transaction
from adapters.simulation.clock import SECOND_NS
from adapters.simulation.market import Market

HEARTBEAT_NS = 5 * SECOND_NS
WINDOW_NS = SECOND_NS // 4
"""At most one price of an instrument in each, and they begin with the connection."""
_REPEAT_NS = SECOND_NS
"""A price that stands is said again after this: its time goes on."""


async def price_lines(
    market: Market, instruments: Sequence[str], how: TimeFormat, *, has_snapshot: bool
) -> AsyncGenerator[bytes, None]:
    """First the current prices of whatever age, then each that changed; a closed market's once. What a window brings
    is one chunk, of one line or several."""
    clock = market.clock
    beat = clock.now_ns() + HEARTBEAT_NS
    said = {name: (market.top(name)[1:], clock.now_ns()) for name in instruments}
    if has_snapshot:
        yield b"".join(_line(price(market, name), how) for name in instruments)
    while True:
        await clock.sleep_until(clock.now_ns() + WINDOW_NS)
        now, lines = clock.now_ns(), []
        for name in instruments:
            top = market.top(name)
            before, at = said[name]
            if top[1:] != before or (top.is_open and now - at >= _REPEAT_NS):
                said[name] = (top[1:], now)
                lines.append(_line(price(market, name), how))
        if now >= beat:
            beat = now + HEARTBEAT_NS
            lines.append(_line({"type": "HEARTBEAT", "time": Moment(now)}, how))
        if lines:
            yield b"".join(lines)


async def transaction_lines(account: Account, how: TimeFormat) -> AsyncGenerator[bytes, None]:
    """A heartbeat at once, which says where the sequence stands; then every transaction as it is made. No replay."""
    queue: asyncio.Queue[Transaction] = asyncio.Queue()
    account.log.listeners.add(queue.put_nowait)
    waiting: set[asyncio.Future[Any]] = set()
    try:
        yield _heartbeat(account, how)
        beat = account.now() + HEARTBEAT_NS
        getting = asyncio.ensure_future(queue.get())
        beating = asyncio.ensure_future(account.clock.sleep_until(beat))
        waiting = {getting, beating}
        while True:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                row = getting.result()
                getting = asyncio.ensure_future(queue.get())
                waiting = {getting, beating}
                yield _line(row, how)
            else:
                beat = account.now() + HEARTBEAT_NS
                beating = asyncio.ensure_future(account.clock.sleep_until(beat))
                waiting = {getting, beating}
                yield _heartbeat(account, how)
    finally:
        account.log.listeners.discard(queue.put_nowait)
        for future in waiting:
            future.cancel()
            with suppress(asyncio.CancelledError):
                await future


def _heartbeat(account: Account, how: TimeFormat) -> bytes:
    row = {"type": "HEARTBEAT", "lastTransactionID": account.log.last_id, "time": account.now()}
    return _line(row, how)


def _line(row: dict[str, Any], how: TimeFormat) -> bytes:
    return as_json(row, how) + b"\n"
