"""One order stays one order however its change goes wrong, and what rests and is held is the venue's: over the ways an
answer can be lost, with fills and cancels that cross it, for entries and reductions, with a restart in between and
without. What was accepted, rests and is held is read from the simulator's own ledger.

Long at 59,900 (or short of 5 held at 60,100) over 3 contracts, to be changed to 2, at 10 further away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from adapters.okx import api
from ruleengine.model.event import OrderStatus
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from tests.adapters.okx.playing import Playing, Simulated, make_quick, opened, order, simulated
from tests.adapters.okx.test_outcomes import LONG, _holds, _word, restarted

PATH = "/api/v5/trade/amend-order"
LIFE_S = 1.0
PATIENT_S, SHORT_S = 10.0, 0.3
"""For what is to go well, on a busy machine too; and for the change that goes wrong."""
FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "lost before accept": {"kind": "lose_request"},
    "reply lost": {"kind": "lose_reply"},
    "reply duplicated": {"kind": "duplicate_reply"},
    "done twice": {"kind": "duplicate_request"},
    "refused by a gateway": {"kind": "status", "status": 503},
    "refused": {"kind": "reject", "code": "51510"},
    "held back by 0.3 s": {"kind": "delay_request", "seconds": 0.3},
    "held back by 60 s": {"kind": "delay_request", "seconds": 60},
    "reply late by 300 s": {"kind": "delay_reply", "seconds": 300},
    "push before ack": {"kind": "reorder_fill_before_ack"},
}
RACES = ("alone", "part filled", "fill first", "fill together", "cancel together")
CASES = [
    ("net_mode", "entry", False), ("net_mode", "entry", True), ("net_mode", "reduce", False),
    ("long_short_mode", "reduce", True),
]  # fmt: skip
NEVER_DONE = ("lost before accept", "refused by a gateway", "refused")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WRITE_S", PATIENT_S)
    make_quick(monkeypatch)


@pytest.fixture(scope="module")
def venue(request: pytest.FixtureRequest) -> Iterator[Simulated]:
    with simulated(position_mode=request.param, depth="1") as found:
        yield found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("venue", "kind", "restarts"), CASES, indirect=["venue"])
def test_one_order_rests_and_it_is_the_venues(
    venue: Simulated, fault: str, kind: str, restarts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = _word(f"amend {fault} {kind} {restarts}")

    async def play() -> None:
        venue.control("faults/clear")
        venue.price()
        playing = await opened(venue, key, order_life_s=LIFE_S)
        try:
            await playing.begin()
            for race in RACES:
                changed = Changed(venue, playing, key, fault, kind, race)
                monkeypatch.setattr(api, "WRITE_S", PATIENT_S)
                await changed.rest()
                monkeypatch.setattr(api, "WRITE_S", SHORT_S)
                playing = await changed.play(restarts=restarts)
        finally:
            await playing.close()

    asyncio.run(play())


class Changed:
    """One order, from its sending to its end, with a change that goes wrong in between."""

    def __init__(self, venue: Simulated, playing: Playing, key: str, fault: str, kind: str, race: str) -> None:
        self.venue, self.playing, self.key, self.fault, self.race = venue, playing, key, fault, race
        self.is_entry, self.held, self.part = kind == "entry", Decimal(0), Decimal(0)
        side, price = (Side.LONG, 59_900) if self.is_entry else (Side.SHORT, 60_100)
        self.price, self.other = Decimal(price), Decimal(price) - 10 * side.sign
        name = _word(f"{race}{key}")
        self.order = order(name, side, "3", type="limit", price=self.price, is_reduce_only=not self.is_entry)

    async def play(self, *, restarts: bool) -> Playing:
        if self.race == "part filled":
            self._reach(size="1")
            self.venue.price()
            self.part = sum((filled for _, filled, _ in self.venue.resting(self.key, self.order.id)), Decimal(0))
        if self.fault != "none":
            self.venue.control("fault", path=PATH, method="POST", count=1, **FAULTS[self.fault])
        if self.race == "fill first":
            self._reach()
        await self.playing.venue.amend(self.order.id, Decimal(2), self.other)
        if self.race == "fill together":
            self._reach()
        elif self.race == "cancel together":
            await self.playing.cancel(self.order.id)
        if restarts:
            await asyncio.sleep(0.02)
            await self._restart()
        if self.fault.endswith(("60 s", "300 s")):
            await asyncio.sleep(0.05)
            self.venue.control("clock", advance_s=300)
        await self._until(lambda: self._is_told(restarts=restarts) and self._is_the_venues())
        self.venue.skip(3)
        await asyncio.sleep(0.05)
        await self._until(self._is_the_venues)
        await self._look(restarts=restarts)
        await self._end()
        return self.playing

    async def rest(self) -> None:
        """Time does not pass meanwhile but by itself: an order that is on its way for too long is dropped."""
        self.venue.control("faults/clear")
        self.venue.price()
        held = self.playing.book.held.get(LONG, Decimal(0))
        if not self.is_entry and held < 5:
            first = order(f"x{self.order.id}", Side.LONG, str(5 - held))
            await self.playing.send(first)
            await self._until(lambda: self.playing.book.is_over(first), step_s=0)
        self.held = self.playing.book.held.get(LONG, Decimal(0))
        await self.playing.send(self.order)
        await self._until(lambda: OrderStatus.ACCEPTED in self._told(), step_s=0)

    def _reach(self, size: str = "1000") -> None:
        """The market comes to the order's price, the old and the new one."""
        prices = ("59800", "59810") if self.is_entry else ("60200", "60210")
        self.venue.price(*prices, size=size)

    async def _restart(self) -> None:
        book, open_orders = self.playing.book, list[Order]()
        if not book.is_over(self.order):
            open_orders.append(self.order)
        self.playing = await restarted(self.playing, self.key, self.venue, book, *open_orders)
        if self.race == "cancel together" and not book.is_over(self.order):
            await self.playing.cancel(self.order.id)

    def _told(self) -> list[OrderStatus]:
        return self.playing.book.updates.get(self.order.id, [])

    def _is_told(self, *, restarts: bool) -> bool:
        """What became of the change, or the order's end. After a restart only what was done is told."""
        is_over = self.playing.book.is_over(self.order)
        return is_over or (self.race != "cancel together" and (restarts or OrderStatus.AMENDED in self._told()))

    def _is_the_venues(self) -> bool:
        """What rests, by what was told, is what rests at the venue, with as much filled."""
        book, name = self.playing.book, self.order.id
        units, price = book.stands.get(name, (self.order.units, self.price))
        ours = [] if book.is_over(self.order) else [(units, book.filled.get(name, Decimal(0)), price)]
        return self.venue.resting(self.key, name) == ours

    async def _look(self, *, restarts: bool) -> None:
        told, filled = self._told(), self.playing.book.filled.get(self.order.id, Decimal(0))
        rests = self.venue.resting(self.key, self.order.id)
        assert self.venue.accepted(self.order.id) == 1
        assert told.count(OrderStatus.AMENDED) <= 1 + restarts, self.playing.book.events
        await _holds(self.venue, self.playing, self.key, self.held + (filled if self.is_entry else -filled))
        if self.race == "alone" or self.part == 1:  # the book may fill up again while it is looked away from
            changed, unchanged = [(Decimal(2), self.part, self.other)], [(Decimal(3), self.part, self.price)]
            may_be_either = restarts or self.fault.startswith("held back")
            is_done = rests == changed if may_be_either else self.fault not in NEVER_DONE
            assert rests == (changed if is_done else unchanged)
        elif self.race == "cancel together":
            assert (bool(rests), filled, told[-1]) == (False, Decimal(0), OrderStatus.CANCELLED)
        else:
            assert filled in (2, 3)
            assert not rests or self.race == "part filled"

    async def _end(self) -> None:
        """What is left is cancelled: the order's end is told, whatever came of its change."""
        if self.venue.resting(self.key, self.order.id):
            await self.playing.cancel(self.order.id)
            await self._until(lambda: self.playing.book.is_over(self.order))

    async def _until(self, is_so: Callable[[], bool], *, step_s: int = 1) -> None:
        """At most a minute of the venue's time, which passes by the second; without a step as much of ours."""
        for count in range(300 if step_s else 6_000):
            if is_so():
                return
            await asyncio.sleep(0.01)
            if step_s and count % 5 == 4:
                self.venue.skip(step_s)
        rests = self.venue.resting(self.key, self.order.id)
        raise AssertionError(f"it did not come about; the venue has {rests}; told: {self.playing.book.events}")
