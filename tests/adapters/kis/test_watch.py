"""The watch over an account that can't be read."""

from __future__ import annotations

import asyncio
from io import StringIO
from typing import Any

import pytest
from loguru import logger

from adapters.kis.venue import KisVenue
from adapters.kis.watch import FAILED_READS, Watch
from ruleengine.model.event import AccountRead, Reconciliation, VenueEvent
from ruleengine.ports.venue import VenueError, VenueSetup
from tests.adapters.kis.stand import Stand, played


@pytest.mark.parametrize("fault", [VenueError("no answer"), KeyError("a fault of ours")])
@played
async def test_an_account_that_cant_be_read_is_unknown_until_it_is_stated(fault: Exception) -> None:
    """Whatever stands in the way: three times in a row is told, and the next statement ends it."""
    stand, heard, fails = Stand(), list[VenueEvent](), [fault] * FAILED_READS
    await stand.place("buy", 1, 70_000)
    between = stand.ledgers.between

    async def unreadable(*given: Any, **named: Any) -> Any:
        if fails:
            raise fails.pop()
        return await between(*given, **named)

    stand.ledgers.between = unreadable  # type: ignore[method-assign]
    watch = Watch(stand.ledgers, stand.accounts, stand.desk.standing, stand.fills, stand.clock, heard.append)
    watching = asyncio.create_task(watch.run())
    await stand.clock.sleep(60)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    first, second, *_ = (each for each in heard if isinstance(each, AccountRead | Reconciliation))
    assert isinstance(first, AccountRead)
    assert first.failed
    assert isinstance(second, Reconciliation)


@pytest.mark.parametrize(
    ("fault", "has_trace"), [(VenueError("no answer"), False), (KeyError("a fault of ours"), True)]
)
@played
async def test_after_connecting_it_is_read_until_it_can_be_and_the_venues_word_is_a_sentence(
    fault: Exception, has_trace: bool
) -> None:
    stand, fails, told = Stand(), [fault], StringIO()
    setup = VenueSetup({}, (), 1, access=stand.access)
    venue = KisVenue(setup, stand.client, stand.clock)
    balance = venue._accounts.balance

    async def unreadable(*given: Any, **named: Any) -> Any:
        if fails:
            raise fails.pop()
        return await balance(*given, **named)

    venue._accounts.balance = unreadable  # type: ignore[method-assign]
    sink = logger.add(told, format="{message}")
    try:
        await venue._catch_up()
    finally:
        logger.remove(sink)
        await venue.close()
    assert ("Traceback" in told.getvalue()) is has_trace
    assert ("no answer" in told.getvalue()) is not has_trace
    assert fails == []
