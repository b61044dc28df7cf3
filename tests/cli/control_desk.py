"""An engine with its door, for tests of who comes in and what is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ruleengine.cli.accounts import AccountReader
from ruleengine.cli.control import Control
from ruleengine.cli.control_wire import Reply, Request, line_of, socket_of
from tests.runtime.engine.world import SECOND, T0, World, trade

RULES = """
strategies: {M1Scalper: {pocket: micro}}
pockets: [micro, macro]
sizing: [{id: base, applies_to: {intent: entry}, size: "10_000units"}]
entries: [{id: take, source: signal, when: "true"}]
exits:
  - {id: out, for_each: trade, when: trade.pnl_pips <= -5000pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
protections:
  - {id: rest, when: "account.equity < 100_000JPY", latch: human}
"""


def world(balance: str = "500000") -> World:
    made = World(RULES, balance=balance, trades=(trade("10000"),))
    made.quote(157.0, at=0)
    return made


class Desk:
    """An engine with its door, and the loop that deals with what comes in."""

    def __init__(self, made: World, journal: Path) -> None:
        self.world, self.journal, self.said = made, journal, list[str]()
        reader = AccountReader(made.engine)
        self.control = Control(made.engine, reader, journal, "test", self._now_ns, self.said.append)

    def _now_ns(self) -> int:
        return T0 + round(self.world.now * SECOND)

    async def deal(self) -> None:
        async for event in self.control.events():
            self.control.told(event, self.world.feed(event))

    async def hear(self, line: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(socket_of(self.journal)))
        writer.write(line)
        answer = await reader.read()
        writer.close()
        return answer

    async def say(self, line: bytes) -> Reply:
        return Reply.model_validate_json(await self.hear(line))

    async def ask(self, command: Any, target: str = "", **more: Any) -> Reply:
        return await self.say(said(command, target, **more))


def said(command: Any, target: str = "", **more: Any) -> bytes:
    return line_of(Request(command=command, by="anna", reason="a test", target=target, **more))


@asynccontextmanager
async def opened(made: World, journal: Path, *, deals: bool = True) -> AsyncIterator[Desk]:
    desk = Desk(made, journal)
    async with desk.control:
        dealing = asyncio.create_task(desk.deal() if deals else asyncio.sleep(0))
        try:
            yield desk
        finally:
            dealing.cancel()
            await asyncio.gather(dealing, return_exceptions=True)


def play(
    course: Callable[[Desk], Awaitable[None]], journal: Path, made: World | None = None, *, deals: bool = True
) -> World:
    async def run() -> World:
        async with asyncio.timeout(20):
            async with opened(made or world(), journal, deals=deals) as desk:
                await course(desk)
                return desk.world

    return asyncio.run(run())


def entries(made: World, at: float) -> list[str]:
    """What became of a signal: `sent`, or the code of its refusal."""
    audit = made.signal(name=f"s{at}", at=at)
    return [each.code or each.outcome for each in audit.decisions]
