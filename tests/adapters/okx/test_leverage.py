"""Leverage is set before the order that wants it, and no order leaves without it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.okx.api import Api
from adapters.okx.desk import Desk
from adapters.wire.clock import ManualClock
from ruleengine.model.event import VenueEvent
from tests.adapters.okx.ordering import LOST, Status, entry, posts, run, send, settled, statuses
from tests.adapters.okx.scripted import BEGIN_NS, BTC, HEDGED, Script, desk_of, ok, order_row, row_of


def test_leverage_is_set_before_the_order_and_only_where_it_differs() -> None:
    """Trap 13: ahead of the order, per instrument and margin mode."""
    script = Script().on("/trade/order", ok(row_of("0")))
    script.on("/account/leverage-info", ok({"instId": BTC, "mgnMode": "cross", "posSide": "net", "lever": "10"}))
    script.on("/account/set-leverage", ok({"lever": "5"}))

    async def work(_: Api, desk: Desk) -> None:
        for number, lever in enumerate(("10", "5", "5"), 1):
            desk.submit(entry(f"re{number}", leverage=Decimal(lever)))
            await settled(desk)

    run(script, work)
    assert script.bodies("/account/set-leverage") == [{"instId": BTC, "lever": "5", "mgnMode": "cross"}]
    paths = [request.url.path.rpartition("/")[2] for request in script.heard if request.method == "POST"]
    assert paths == ["order", "set-leverage", "order", "order"]


def test_an_old_orders_row_does_not_say_what_leverage_is_set_now() -> None:
    """Set to 5 for the second order; the row of the first, asked for later, still has its 10. The third wants 10."""
    script = Script().on("/trade/order", ok(row_of("0")))
    script.on("/account/leverage-info", ok({"instId": BTC, "mgnMode": "cross", "posSide": "net", "lever": "10"}))
    script.on("/account/set-leverage", ok({"lever": "5"}))

    async def work(_: Api, desk: Desk) -> None:
        for number, lever in enumerate(("10", "5", "10"), 1):
            desk.submit(entry(f"re{number}", leverage=Decimal(lever)))
            await settled(desk)
            await desk.teller.order(order_row("re1", "live", ordId="311", lever="10"))

    run(script, work)
    assert [body["lever"] for body in script.bodies("/account/set-leverage")] == ["5", "10"]


def test_leverage_is_read_anew_after_a_while() -> None:
    """It may have been changed in the venue's app, of which nothing tells."""
    script = Script().on("/trade/order", ok(row_of("0"))).on("/account/set-leverage", ok({"lever": "10"}))
    levers = [ok({"instId": BTC, "mgnMode": "cross", "posSide": "net", "lever": lever}) for lever in ("10", "50")]
    script.on("/account/leverage-info", *levers)

    async def work(_: Api, desk: Desk) -> None:
        for number, pause_s in enumerate((0, 10, 60), 1):
            script.clock._move(pause_s)
            desk.submit(entry(f"re{number}", leverage=Decimal(10)))
            await settled(desk)

    run(script, work)
    paths = [request.url.path.rpartition("/")[2] for request in script.heard]
    assert paths == ["leverage-info", "order", "order", "leverage-info", "set-leverage", "order"]


def test_leverage_has_a_side_where_isolated_meets_long_and_short_mode() -> None:
    """§5."""
    script = Script().on("/trade/order", ok(row_of("0"))).on("/account/set-leverage", ok({"lever": "5"}))
    rows = [{"instId": BTC, "mgnMode": "isolated", "posSide": side, "lever": "10"} for side in ("long", "short")]
    script.on("/account/leverage-info", ok(*rows))
    told: list[VenueEvent] = []

    async def play() -> None:
        api, desk = desk_of(script, told, HEDGED)
        desk.submit(entry(leverage=Decimal(5)))
        await settled(desk)
        await desk.close()
        await api.close()

    asyncio.run(play())
    assert script.bodies("/account/set-leverage")[0]["posSide"] == "long"


@pytest.mark.parametrize("answer", [ok(code="59102", msg="over the maximum"), LOST])
def test_an_order_does_not_leave_without_its_leverage(answer: Any) -> None:
    """Refused, or unknown and not as wanted when it is read."""
    script = Script().on("/trade/order", ok(row_of("0"))).on("/account/set-leverage", answer)
    script.on("/account/leverage-info", ok({"instId": BTC, "mgnMode": "cross", "posSide": "net", "lever": "10"}))
    ((status, _),) = statuses(send(script, entry(leverage=Decimal(125))))
    assert status is Status.REJECTED
    assert not posts(script)


def test_an_entry_that_waited_too_long_for_its_leverage_is_not_sent() -> None:
    """Reading it takes 6 s; the order's life is 5 s."""
    clock = ManualClock(BEGIN_NS, is_eager=True)
    script = Script(clock).on("/trade/order", ok(row_of("0")))

    def slow(_: httpx.Request) -> httpx.Response:
        clock._move(6)
        return ok({"instId": BTC, "mgnMode": "cross", "posSide": "net", "lever": "5"})

    script.on("/account/leverage-info", slow)
    assert statuses(send(script, entry(leverage=Decimal(5)))) == [(Status.ABSENT, "late")]
    assert not posts(script)
