"""The engine on KIS's simulator: what it decides becomes an order there, and its book is the venue's."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ruleengine.model.event import Fill, Reconciliation
from ruleengine.runtime.driving.live import LiveLoop
from ruleengine.runtime.engine import Engine
from tests.adapters.kis.servers import SAMSUNG, Desk, desk
from tests.runtime.engine.world import Recorder, plan_of

POLICY = """
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: test, version: 1.0.0}
requires: {account: any, currency: KRW, instruments: ["005930"]}
strategies: {Rise: {}}
limits:
  max_order_units: 1_000units
  max_position_units: 1_000units
  price_collar: 200bps
  orders_per_second: 100
  orders_per_minute: 1000
  repeated_execution: {orders: 100, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 60s
entries:
  - {id: rise, source: market, when: mid > 72_000, side: long, strategy: Rise, size: 10units, max_open: 1}
exits:
  - {id: cut, for_each: trade, when: mid < 71_000, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""


def engine_of(on: Desk, recorder: Recorder) -> Engine:
    plan, figures = plan_of("", head=POLICY)
    account = {"name": "test", "currency": "KRW", "mode": "netting"}
    return Engine(plan, list(on.specs), account, recorder, run_id="run", policy_digest="digest", figures=figures)


def test_a_policy_buys_holds_and_sells(tmp_path: Path) -> None:
    """Above 72,000 it buys ten; below 71,000 it closes them; at the end it is flat here and there."""

    async def course() -> None:
        async with desk(tmp_path, pace=20, hours="always") as on:
            venue = await on.open()
            await on.price(71_900, 72_000)
            recorder = Recorder()
            engine = engine_of(on, recorder)
            loop = LiveLoop(engine, venue, on.clock)
            running = asyncio.create_task(loop.run())

            def units() -> int:
                return int(engine.holdings.side_units(SAMSUNG)[0])

            await on.until(lambda: any(isinstance(each, Reconciliation) for _, each in recorder.lines), "the book")
            await on.price(72_100, 72_200)
            await on.until(lambda: units() == 10, "the purchase")
            assert await on.position() == 10
            await on.price(70_800, 70_900)
            await on.until(lambda: units() == 0, "the sale")
            assert await on.position() == 0
            loop.stop()
            async with asyncio.timeout(30):
                await running
            fills = [each for what, each in recorder.lines if what == "event" and isinstance(each, Fill)]
            assert [(each.opens, int(each.units)) for each in fills] == [(True, 10), (False, 10)]
            assert len(await on.orders()) == 2
            notes = [each.message for what, each in recorder.lines if what == "note" and each.level != "info"]
            assert notes == []  # its book and the venue's agree to the won

    asyncio.run(course())
