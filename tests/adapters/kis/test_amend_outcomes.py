"""A change of a resting order over all interleavings: one order, never two that rest, and what is told is what is.

What is changed × what goes wrong on the way × what the market does meanwhile × a restart in between. Orders, what
rests of them and the position are the simulator's own; against them stands what an engine knows by what was told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.kis.simulator.simulator import KisSimulator
from adapters.simulation.server import Served
from ruleengine.model.event import Fill, OrderUpdate
from ruleengine.model.order import Order
from ruleengine.ports.venue import SentOrder
from tests.adapters.kis.servers import PATIENCE_S, Desk, QuickClock, held
from tests.adapters.kis.simulator.clients import Client
from tests.adapters.kis.test_outcomes import FAULTS as ORDER_FAULTS
from tests.adapters.kis.test_outcomes import HELD, UNITS, Market, started

CHANGE_PATH = "/uapi/domestic-stock/v1/trading/order-rvsecncl"
FAULTS = {name: fault for name, fault in ORDER_FAULTS.items() if name != "gateway timeout"} | {
    "request 4 s late": {"kind": "delay_request", "seconds": 4},
    "request 300 s late": {"kind": "delay_request", "seconds": 300},
    "refused": {"kind": "reject", "code": "APBK0952"},
}
NOT_DONE = ("request lost", "request 300 s late", "refused")
CHANGES = {"price": (None, True), "units": (6, False), "both": (6, True)}
PRICE = {"buy": (71_000, 71_100), "sell": (73_000, 72_900)}
"""At which it rests, and to which it is moved."""
MEETS = {"buy": (70_900, 71_000), "sell": (73_000, 73_100)}
"""Bid and ask at which both fill."""
ENDS = ("cancelled", "expired", "rejected", "absent")


class Standing(NamedTuple):
    """Of an order: units that rest, at which price (0 where none does), and what the account holds."""

    rests: int
    price: int
    position: int


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    """One simulator for all cases; each has an account and a key of its own."""
    clock = QuickClock(pace=60)
    app = KisSimulator().app(7, {"mock_per_s": "0", "step_ms": "5000", "holdings": f"005930:{HELD}@70000"}, clock)
    with Served(app) as served:
        yield served, clock, count(20_000_001)


class Case:
    """One account, one order of ours in it, and what is known of it."""

    def __init__(self, market: Market, folder: Path, side: str) -> None:
        served, clock, numbers = market
        self.on, self.side = Desk(served, clock, folder, next(numbers)), side
        self.order: Order | None = None
        self.sent_ns = 0

    async def __aenter__(self) -> Case:
        on = self.on
        await started(on)
        self.sent_ns = on.clock.now_ns()
        self.order = await on.send(self.side, UNITS, PRICE[self.side][0])
        await on.until(lambda: on.statuses() == ["accepted"], "the order")
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.on.control("faults/clear")
        await self.on.close()

    def told(self) -> Standing:
        """As an engine has it."""
        on = self.on
        units, price = UNITS, PRICE[self.side][0]
        for each in on.of():
            if isinstance(each, OrderUpdate) and each.units is not None:
                units, price = int(each.units), int(each.price or price)
        rests = 0 if any(each in ENDS for each in on.statuses()) else max(units - on.filled(), 0)
        return Standing(rests, price if rests else 0, HELD + (1 if self.side == "buy" else -1) * on.filled())

    async def is_so(self) -> Standing:
        """As the venue has it."""
        orders, position = await self.on.orders(), await self.on.position()
        out = [each for each in orders if each["state"] == "pending"]
        assert len(out) <= 1, f"two orders rest: {out}"
        assert len([each for each in orders if not each["original"]]) == 1, f"an order was sent again: {orders}"
        return Standing(int(out[0]["left"]), int(out[0]["price"]), position) if out else Standing(0, 0, position)

    async def by_hand(self, what: str, number: str, *, units: int = 0, price: int = 0) -> str:
        """A person changes an order with another client of the venue; the new number."""
        body = {
            "CANO": self.on.account[:8], "KRX_FWDG_ORD_ORGNO": "06010", "ORGN_ODNO": number, "ORD_DVSN": "00",
            "RVSE_CNCL_DVSN_CD": what, "ORD_QTY": str(units), "ORD_UNPR": str(price),
            "QTY_ALL_ORD_YN": "N" if units else "Y",
        }  # fmt: skip

        def post() -> str:
            with Client(self.on.served.address, "H" * 36) as client:
                answer = client.post("/trading/order-rvsecncl", "VTTC0013U", **body).json()
            return str(answer["output"]["ODNO"])

        return await asyncio.to_thread(post)

    async def agree(self) -> Standing:
        """Until what was told is what is, and stays so."""
        end, steady = time.monotonic() + PATIENCE_S, 0
        while True:
            found = await self.is_so()
            steady = steady + 1 if found == self.told() else 0
            if steady > 3:
                return found
            assert time.monotonic() < end, f"the venue has {found}, told was {self.told()}: {self.on.story()}"
            await asyncio.sleep(0.02)

    async def restart(self) -> None:
        """The process dies; another one goes on from what the journal has, which may be the old figures."""
        on, order = self.on, self.order
        assert order is not None
        await on.leave()
        numbers = [e.venue_id for e in on.of() if isinstance(e, OrderUpdate) and e.venue_id]
        is_over = self.told().rests == 0
        venue = await on.open(deadline_s=1.0)
        if not is_over:
            on.heard += await venue.recover([SentOrder(order, self.sent_ns, numbers[0], Decimal(on.filled()))])
        await venue.snapshot()
        await on.follow()

    async def judged(self) -> Standing:
        """The proof obligation."""
        on = self.on
        found = await self.agree()
        fills = [each.fill_id for each in on.of() if isinstance(each, Fill)]
        assert len(set(fills)) == len(fills), fills
        assert on.filled() <= UNITS
        assert on.statuses()[-1] != "unknown", on.story()
        assert on.venue is not None
        snapshot = await on.venue.snapshot()
        assert held(snapshot) == found.position
        assert ("o1" in snapshot.open_orders) is (found.rests > 0)
        return found


def courses() -> Iterator[tuple[str, str, bool]]:
    """(change, meanwhile, restarts); where all fills there is little to find after a restart."""
    for change in CHANGES:
        for meanwhile in ("nothing", "a part fills"):
            yield change, meanwhile, False
            yield change, meanwhile, True
        if change != "both":
            yield change, "all fills", False


@pytest.mark.parametrize(("change", "meanwhile", "restarts"), list(courses()))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_change_leaves_one_order_and_what_is_told_is_what_is(
    fault: str, change: str, meanwhile: str, restarts: bool, tmp_path: Path, market: Market
) -> None:  # fmt: skip
    side = "sell" if change == "units" else "buy"
    units, is_moved = CHANGES[change]
    price = PRICE[side][1] if is_moved else None

    async def course() -> None:
        async with Case(market, tmp_path, side) as case:
            on = case.on
            if (given := FAULTS[fault]) is not None:
                await on.control("fault", path=CHANGE_PATH, count=2 if change == "both" else 1, **given)
            if meanwhile == "nothing":
                await on.amend(units, price)
            else:
                size = 4 if meanwhile == "a part fills" else 1_000
                await asyncio.gather(on.amend(units, price), on.price(*MEETS[side], size=size))
                await asyncio.sleep(0.02)
                await on.price(71_900, 72_000)
            if restarts:
                await asyncio.sleep(0.05)
                await case.restart()
            else:
                await on.until(lambda: "amended" in on.statuses() or not case.told().rests, "what became of it")
            if meanwhile == "nothing" and not restarts:
                stands, wanted = (UNITS, PRICE[side][0]), (units or UNITS, price or PRICE[side][0])
                assert case.told() == Standing(*(stands if fault in NOT_DONE else wanted), HELD)
                assert on.story() == ["accepted", "amended"]
            if fault == "request 300 s late":  # after it was proved absent: told as what it is, a change
                await on.control("clock", advance_s=300)
                if meanwhile == "nothing" and not restarts:
                    await on.until(lambda: on.story() == ["accepted", "amended", "amended"], "the change after all")
            await case.judged()
            sent = [each["state"] == "cancel" for each in await on.numbered() if each["original"]]
            assert sent.count(True) <= 1, "a cancel of a part was sent again"
            assert sent.count(False) <= 1, "a revision was sent again"

    asyncio.run(course())


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restart"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("fault", ["nothing goes wrong", "request lost", "reply lost", "request 4 s late"])
def test_a_cancel_that_crosses_a_change_still_cancels(
    fault: str, change: str, restarts: bool, tmp_path: Path, market: Market
) -> None:  # fmt: skip
    side = "sell" if change == "price" else "buy"
    units, is_moved = CHANGES[change]

    async def course() -> None:
        async with Case(market, tmp_path, side) as case:
            on = case.on
            if (given := FAULTS[fault]) is not None:
                await on.control("fault", path=CHANGE_PATH, **given)
            await on.amend(units, PRICE[side][1] if is_moved else None)
            await on.cancel()
            if restarts:
                await asyncio.sleep(0.05)
                await case.restart()
                await on.cancel()
            await on.until(lambda: "cancelled" in on.statuses(), "the cancel")
            assert await case.judged() == Standing(0, 0, HELD)

    asyncio.run(course())


def test_what_a_person_changes_in_the_venues_app_is_told(tmp_path: Path, market: Market) -> None:
    """By the venue's own service under the same account: a revision of all, then a cancel of a part."""

    async def course() -> None:
        async with Case(market, tmp_path, "buy") as case:
            on = case.on
            number = (await on.orders())[0]["id"]
            second = await case.by_hand("01", number, price=70_500)
            await on.until(lambda: case.told() == Standing(10, 70_500, HELD), "the revision")
            await case.by_hand("02", second, units=4)
            await on.until(lambda: case.told() == Standing(6, 70_500, HELD), "the cancel of a part")
            await on.amend(5, 70_600)
            await on.until(lambda: case.told() == Standing(5, 70_600, HELD), "a change of ours after it")
            await on.price(70_500, 70_600)
            await on.until(lambda: on.filled() == 5, "the fill")
            assert on.story()[:4] == ["accepted", "amended", "amended", "amended"]
            assert await case.judged() == Standing(0, 0, HELD + 5)

    asyncio.run(course())
