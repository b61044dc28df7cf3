"""Orders over a scripted venue: a desk in net mode, what is sent to it, and what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx

from adapters.okx.account import positions
from adapters.okx.api import Api
from adapters.okx.desk import Desk
from ruleengine.model.event import OrderStatus, OrderUpdate, VenueEvent
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.adapters.okx.scripted import BTC, NET, Script, desk_of, ok
from tests.adapters.okx.test_account import position

Status = OrderStatus
NOT_FOUND = ok(code="51603", msg="Order does not exist")
LOST = httpx.ReadTimeout("late")


def entry(order_id: str = "re1", **more: Any) -> Order:
    return Order(order_id, BTC, Side.LONG, Decimal(3), **more)


def reduction(order_id: str = "re1", units: str = "3", **more: Any) -> Order:
    return Order(order_id, BTC, Side.SHORT, Decimal(units), is_reduce_only=True, **more)


def run(
    script: Script, work: Callable[[Api, Desk], Awaitable[None]], held: str = "0", **settings: Any
) -> list[VenueEvent]:
    """Do `work` with `held` contracts (signed) in net mode; what was told."""
    told: list[VenueEvent] = []

    async def play() -> None:
        api, desk = desk_of(script, told, NET, **settings)
        desk.teller.book.anchor(positions([position(held)]), 1)
        try:
            await work(api, desk)
        finally:
            await desk.close()
            await api.close()

    asyncio.run(play())
    return told


async def settled(desk: Desk) -> None:
    """Until nothing is being followed."""
    async with asyncio.timeout(5):
        while desk._tasks:
            await asyncio.sleep(0)


def send(script: Script, order: Order, held: str = "0", **settings: Any) -> list[VenueEvent]:
    async def work(_: Api, desk: Desk) -> None:
        desk.submit(order)
        await settled(desk)

    return run(script, work, held, **settings)


def statuses(told: list[VenueEvent]) -> list[tuple[OrderStatus, str]]:
    return [(event.status, event.code) for event in told if isinstance(event, OrderUpdate)]


def answers(place: Any, *gets: Any) -> Callable[[httpx.Request], httpx.Response]:
    """`/trade/order` answers a POST with `place` (one or a list of them), GETs with `gets`, the last for ever."""
    posts, rest = list(place) if isinstance(place, list) else [place], list(gets) or [NOT_FOUND]

    def answer(request: httpx.Request) -> httpx.Response:
        queue = posts if request.method == "POST" else rest
        found = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(found, Exception):
            raise found
        return httpx.Response(found.status_code, content=found.content)

    return answer


def posts(script: Script) -> list[httpx.Request]:
    return [request for request in script.asked("/trade/order") if request.method == "POST"]
