"""Whether an instrument can be traded now, by the flag of its price (fact sheet §9): told when it changes, and what it
leads to. The other way round, a halt that only shows in prices that no longer come, is the age of prices."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from adapters.oanda.client import Client
from adapters.oanda.hours import Tradeable
from adapters.oanda.prices import Prices
from adapters.wire.clock import ManualClock
from adapters.wire.transport import Limits
from ruleengine.model.event import HoursWord
from tests.adapters.oanda.payloads import FakeOanda, access, at, ok
from tests.runtime.engine.world import HEAD, SECOND, USD_JPY, World, decision, order

RULES = """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units}
"""
NOON = 1_767_225_600 * SECOND + 14 * 3600 * SECOND
"""Thursday 2026-01-01T14:00Z: the FX week is open."""


def line(second: float, **more: Any) -> dict[str, Any]:
    return {
        "type": "PRICE", "instrument": "USD_JPY", "time": at(14 * 3600 + second), "tradeable": True,
        "bids": [{"price": "157.10", "liquidity": 1}], "asks": [{"price": "157.10", "liquidity": 1}], **more,
    }  # fmt: skip


def test_it_is_told_when_it_changes() -> None:
    told = Tradeable()
    flags = [True, True, False, False, None, True]
    words = [told.word_of(line(second, tradeable=flag), second) for second, flag in enumerate(flags)]
    assert [None if each is None else (each.begin_ns, each.end_ns, each.is_open) for each in words] == [
        (0, None, True), None, (2, None, False), None, None, (5, None, True),
    ]  # fmt: skip


@pytest.mark.parametrize("flag", [None, "false", 0, ""])
def test_a_flag_that_is_missing_tells_nothing(flag: object) -> None:
    """Trap 11: absent means unknown."""
    assert Tradeable().word_of(line(1, tradeable=flag), 5) is None
    assert Tradeable().word_of({"tradeable": False}, 5) is None


def asked(told: Tradeable, fake: FakeOanda, *names: str) -> list[HoursWord]:
    async def run() -> list[HoursWord]:
        client = Client(
            access(), ManualClock(is_eager=True), via=httpx.MockTransport(fake), limits=Limits(deadline_s=5)
        )
        try:
            return await told.asked(client, names, 7)
        finally:
            await client.close()

    return asyncio.run(run())


def test_at_the_start_every_instrument_is_asked_for_and_later_the_stream_tells() -> None:
    fake = FakeOanda({"GET /pricing": ok(prices=[line(1, tradeable=False), line(1, instrument="EUR_USD")])})
    told = Tradeable()
    words = asked(told, fake, "USD_JPY", "EUR_USD")
    assert [(each.instrument, each.is_open, each.end_ns) for each in words] == [
        ("USD_JPY", False, None), ("EUR_USD", True, None),
    ]  # fmt: skip
    assert asked(told, FakeOanda({}), "USD_JPY", "EUR_USD") == []  # nothing is asked
    assert told.word_of(line(2, tradeable=False), 8) is None
    assert asked(Tradeable(), FakeOanda({})) == []


# --- what it leads to -------------------------------------------------------------------------------------------------


def fed(world: World, told: Tradeable, prices: Prices, row: dict[str, Any], second: float) -> Any:
    """The adapter's events of a line, received at once; the last one's audit."""
    ts = NOON + round(second * SECOND)
    word = told.word_of(row, ts)
    events = [*([] if word is None else [word]), *prices.events_of(row, ts)]
    return [world.feed(each) for each in events][-1]


def test_a_halt_while_our_calendar_is_open_refuses_entries_at_once() -> None:
    """The last price is a second old and would do: without the word the entry would leave."""
    world, told, prices = World(RULES, spec=replace(USD_JPY, sessions="fx")), Tradeable(), Prices()
    low = {"bids": [{"price": "157", "liquidity": 1}], "asks": [{"price": "157", "liquidity": 1}]}
    fed(world, told, prices, line(1, **low), 1)
    halted = fed(world, told, prices, line(2, tradeable=False), 2)
    assert [(each.level, each.code) for each in halted.notes] == [("warning", "RE544")]
    again = line(3)
    assert decision(world.feed(prices.events_of(again, NOON + 3 * SECOND)[0])).code == "RE544"
    world = World(RULES, spec=replace(USD_JPY, sessions="fx"))
    assert order(world.feed(Prices().events_of(again, NOON + 3 * SECOND)[0])).units == 3000


@pytest.mark.parametrize(("age_s", "is_known"), [(239 * 3600, True), (241 * 3600, False)])
def test_where_only_prices_stop_their_age_refuses(age_s: int, is_known: bool) -> None:
    """A line that can't be traded is no price, so the last one grows old: `quote_age_max` is 240h in this head. In a
    market around the clock, for in a closed one nobody expects a price."""
    assert "quote_age_max: 240h" in HEAD
    world, prices = World(RULES), Prices()
    world.feed(prices.events_of(line(1), NOON + SECOND)[0])
    later = line(1 + age_s, tradeable=False)
    assert prices.events_of(later, NOON) == []
    world.timer(at=(NOON + (1 + age_s) * SECOND - 1_700_000_040 * SECOND) / SECOND)
    assert isinstance(world.engine.markets["USD_JPY"].frame.bid, float) is is_known
