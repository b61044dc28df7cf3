"""Exits go before entries, nothing above the rate leaves, and nobody is dropped."""

from __future__ import annotations

import asyncio

import pytest

from adapters.wire.budget import Budget, Urgency
from adapters.wire.clock import ManualClock


def test_exits_leave_before_entries_that_came_first() -> None:
    async def queue() -> list[str]:
        clock, left = ManualClock(), []
        budget = Budget(clock, per_s=1, burst=1)

        async def send(name: str, urgency: Urgency) -> None:
            assert await budget.take(urgency)
            left.append(f"{name}@{clock.monotonic():g}")

        names = [("first", Urgency.ENTRY), ("entry", Urgency.ENTRY), ("read", Urgency.READ), ("exit", Urgency.EXIT)]
        names += [("query", Urgency.RESOLVE), ("exit2", Urgency.EXIT)]
        tasks = [asyncio.ensure_future(send(*each)) for each in names]
        await clock.advance(10)
        await asyncio.gather(*tasks)
        return left

    assert asyncio.run(queue()) == ["first@0", "exit@1", "exit2@2", "query@3", "entry@4", "read@5"]


def test_the_rate_is_kept_over_any_stretch() -> None:
    """5/s with a burst of 2: two at once, then one each 0.2 s; after 2 s: 2 + 10."""

    async def flood() -> int:
        clock, left = ManualClock(), []
        budget = Budget(clock, per_s=5, burst=2)

        async def send() -> None:
            if await budget.take(Urgency.ENTRY):
                left.append(clock.monotonic())

        tasks = [asyncio.ensure_future(send()) for _ in range(40)]
        await clock.advance(2.0)
        count = len(left)
        budget.close()
        await asyncio.gather(*tasks)
        assert len(left) == count  # after `close` nobody gets a turn
        return count

    assert asyncio.run(flood()) == 12


def test_who_does_not_wait_has_no_turn_and_costs_none() -> None:
    async def hasty() -> tuple[bool, bool, float]:
        clock = ManualClock()
        budget = Budget(clock, per_s=0.1, burst=1)
        await budget.take(Urgency.ENTRY)
        entry = asyncio.ensure_future(budget.take(Urgency.ENTRY, patience_s=3))
        exit_ = asyncio.ensure_future(budget.take(Urgency.EXIT))
        await clock.advance(3)
        assert budget.waiting == 1
        has_entered = await entry
        await clock.advance(7)
        return has_entered, await exit_, clock.monotonic()

    assert asyncio.run(hasty()) == (False, True, 10.0)


def test_a_pause_holds_everybody_and_a_shorter_one_does_not_end_it() -> None:
    async def quiet() -> tuple[bool, bool]:
        clock = ManualClock()
        budget = Budget(clock, per_s=10)
        budget.pause(5)
        budget.pause(1)
        exit_ = asyncio.ensure_future(budget.take(Urgency.EXIT))
        await clock.advance(4.9)
        was_held = not exit_.done()
        await clock.advance(0.2)
        return was_held, await exit_

    assert asyncio.run(quiet()) == (True, True)


@pytest.mark.parametrize(("per_s", "burst"), [(0, None), (-1, None), (1, 0.5)])
def test_a_budget_that_lets_nothing_through_is_refused(per_s: float, burst: float | None) -> None:
    with pytest.raises(ValueError, match="budget"):
        Budget(ManualClock(), per_s=per_s, burst=burst)
