"""What history tells of a time in which nobody listened: as it would have been told then, and what a start knows by
itself is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from adapters.okx.account import positions
from adapters.okx.bills import Bills
from adapters.okx.fills import Print, of_fill_row
from adapters.okx.rows import Row
from ruleengine.model.event import CashChange, Event, Fill, VenueEvent
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError
from tests.adapters.okx.playing import BTC, Playing, Simulated, make_quick, opened, order, sent, simulated
from tests.adapters.okx.scripted import BEGIN_NS, Script, bill, desk_of, fill_row, ok, order_row
from tests.adapters.okx.test_account import position

D = Decimal
_numbers = count(1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture(scope="module", params=["net_mode", "long_short_mode"])
def venue(request: pytest.FixtureRequest) -> Iterator[Simulated]:
    with simulated(position_mode=request.param, funding_rate="0.0001", funding_hours="1") as found:
        yield found


def moved(events: Sequence[Event]) -> list[Fill | CashChange]:
    return [event for event in events if isinstance(event, Fill | CashChange)]


def fills(events: Sequence[Event]) -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]


async def begun(venue: Simulated) -> tuple[Playing, str, int]:
    """A connection, its key, and the time of a payment from which on history is asked."""
    key = f"past{next(_numbers)}"
    venue.control("faults/clear")
    venue.price()
    playing = await opened(venue, key)
    await playing.begin()
    venue.control("transfer", account=key, amount="250.5")
    await playing.until(lambda: bool(moved(playing.book.events)))
    venue.skip(2)
    return playing, key, moved(playing.book.events)[0].ts_event


async def traded(playing: Playing, name: str, side: Side, units: str, **more: Any) -> None:
    one = order(name, side, units, **more)
    await playing.send(one)
    await playing.over(one)
    playing.simulated.skip(2)


def person(playing: Playing, key: str, side: str, size: str, pos_side: str) -> None:
    sided = {} if playing.venue._mode.nets else {"posSide": pos_side}
    playing.simulated.control("trade", account=key, instId=BTC, side=side, sz=size, **sided)
    playing.simulated.skip(2)


def test_history_tells_what_was_told(venue: Simulated) -> None:
    """Ours, a person's, a protection that takes what is left, an hour's funding, money in and out: the same but for
    when it came and for our names of what is over."""

    async def run() -> None:
        playing, key, since_ns = await begun(venue)
        try:
            await traded(playing, "pt1", Side.LONG, "2", stop=D(59_500))
            await traded(playing, "pt2", Side.LONG, "2")
            await traded(playing, "pt3", Side.SHORT, "1", is_reduce_only=True)
            person(playing, key, "sell", "1", "long")
            venue.skip(3_600)
            await playing.until(lambda: "funding" in [e.reason for e in moved(playing.book.events)], 600)
            venue.control("transfer", account=key, amount="-40")
            venue.price("59400", "59410")
            await playing.until(lambda: not playing.book.positions())
            await playing.until(lambda: "withdrawal" in [e.reason for e in moved(playing.book.events)], 600)
            heard = sorted(moved(playing.book.events)[1:], key=lambda each: each.ts_event)
            assert len(heard) == 7
        finally:
            await playing.close()
        later = await opened(venue, key)
        try:
            find, asked = later.venue._api.find, list[str]()

            async def finding(path: str, *rest: Any, **more: Any) -> Any:
                asked.append(path)
                return await find(path, *rest, **more)

            later.venue._api.find = finding  # type: ignore[method-assign]
            past = await later.venue.past(since_ns)
            assert asked == [], "their orders came as a list: exits wait while they are asked for"
        finally:
            await later.close()
        assert [replace(each, ts=0) for each in past] == [
            replace(each, ts=0, order_id="") if isinstance(each, Fill) else replace(each, ts=0) for each in heard
        ]

    asyncio.run(run())


def test_what_happened_while_nobody_listened(venue: Simulated) -> None:
    """2 and 1 bought at 60,010; a person sells 1 at 60,000, then the stop of the 2 takes them at 59,400:
    (59,400 − 60,010) × 0.01 × 2."""

    async def run() -> None:
        playing, key, since_ns = await begun(venue)
        await traded(playing, "pa1", Side.LONG, "2", stop=D(59_500))
        await traded(playing, "pa2", Side.LONG, "1")
        await playing.close()
        bought = [each.fill_id for each in fills(playing.book.events)]
        person(playing, key, "sell", "1", "long")
        venue.price("59400", "59410")
        venue.skip(2)
        venue.control("transfer", account=key, amount="-40")
        venue.skip(2)
        later = await opened(venue, key)
        try:
            found = await later.venue.past(since_ns)
            *again, sold, stopped = fills(found)
            assert [each.fill_id for each in again] == bought
            assert [(each.units, each.realised, each.opens) for each in (sold, stopped)] == [
                (D(1), D("-0.1"), False), (D(2), D("-12.2"), False),
            ]  # fmt: skip
            assert {each.trade_id for each in (sold, stopped)} == {f"{BTC}:long"}
            assert stopped.reason == "protection"
            (drawn,) = [each for each in found if isinstance(each, CashChange)]
            assert (drawn.amount, drawn.reason) == (D(-40), "withdrawal")

            venue.control("trade", account=key, instId=BTC, side="buy", sz="1",
                          **({} if later.venue._mode.nets else {"posSide": "long"}))  # fmt: skip
            venue.skip(2)
            assert len(fills(await later.venue.past(since_ns))) == 4, "what comes once it is opened comes by `events`"
            await later.begin()
            await later.until(lambda: len(fills(later.book.events)) == 1)
        finally:
            await later.close()

    asyncio.run(run())


@pytest.mark.parametrize(("bid", "charged", "is_away"), [("47000", "2808.0075", True), ("49900", "-90.5425", False)])
def test_a_liquidation_comes_to_all_that_the_balance_lost(
    venue: Simulated, bid: str, charged: str, is_away: bool
) -> None:
    """1 BTC is bought at 60,010 with 10,250.5, less 30.005 of fees. Closed at 47,005 it loses 13,005 and a fee of
    23.5025: what that is more than there is the insurance fund pays. At 49,905 it loses 10,105 and 24.9525, and what is
    left goes to the fund."""

    async def run() -> None:
        playing, key, since_ns = await begun(venue)
        await traded(playing, "pl1", Side.LONG, "100")
        if is_away:
            await playing.close()
        told = len(playing.book.events)
        for price in ("55000", "51000", bid):
            venue.price(price, str(int(price) + 10))
            venue.skip(2)
        later = await opened(venue, key) if is_away else playing
        try:
            if is_away:
                found = moved(await later.venue.past(since_ns))[-2:]
            else:
                await later.until(lambda: len(moved(later.book.events[told:])) == 2, 600)
                found = moved(later.book.events[told:])
            fill, charge = found
            assert isinstance(fill, Fill)
            assert isinstance(charge, CashChange)
            assert (fill.reason, charge.reason, charge.instrument) == ("liquidation", "correction", BTC)
            assert charge.amount == D(charged)
            assert (await later.venue.snapshot()).balance == 0
        finally:
            await later.close()

    asyncio.run(run())


def test_a_fill_that_turns_a_position_closes_and_opens(venue: Simulated) -> None:
    async def run() -> None:
        playing, key, since_ns = await begun(venue)
        if not playing.venue._mode.nets:
            await playing.close()
            return
        await traded(playing, "pr1", Side.LONG, "3")
        await playing.close()
        person(playing, key, "sell", "5", "net")
        later = await opened(venue, key)
        try:
            _, closing, opening = fills(await later.venue.past(since_ns))
        finally:
            await later.close()
        assert [(each.units, each.opens, each.trade_id) for each in (closing, opening)] == [
            (D(3), False, f"{BTC}:long"), (D(2), True, f"{BTC}:short"),
        ]  # fmt: skip
        assert closing.fill_id == opening.fill_id

    asyncio.run(run())


def test_fills_of_orders_that_are_asked_for_are_told_by_that_alone(venue: Simulated) -> None:
    async def run() -> None:
        playing, key, since_ns = await begun(venue)
        await traded(playing, "pf1", Side.LONG, "3")
        await traded(playing, "pf2", Side.LONG, "2")
        await playing.close()
        later = await opened(venue, key)
        try:
            asked = sent(order("pf1", Side.LONG, "3"), venue, playing.book)
            assert [each.order_id for each in fills(await later.venue.recover([asked]))] == ["pf1"]
            assert [each.units for each in fills(await later.venue.past(since_ns))] == [D(2)]
        finally:
            await later.close()

    asyncio.run(run())


@pytest.mark.parametrize("is_history", [True, False])
def test_what_filled_in_the_other_margin_mode_later_is_no_part_of_our_position(is_history: bool) -> None:
    """3 bought cross, then 5 isolated; the cross position is 3 afterwards. Ours opened 3, and closed nothing. In the
    history of a start, as in what was missed while a connection was away."""
    bought = fill_row("1", "3", ordId="11", side="buy", posSide="net", fillTime="1000", fillPnl="0")
    apart = fill_row("2", "5", ordId="22", side="buy", posSide="net", fillTime="2000", fillPnl="0")
    listed: list[tuple[Print, Row]] = [(of_fill_row(row), row) for row in (bought, apart)]
    orders = (
        order_row("x", "filled", ordId="11", tdMode="cross"),
        order_row("y", "filled", ordId="22", tdMode="isolated"),
    )
    script, told = Script().on("/trade/order", *(ok(row) for row in orders)), list[VenueEvent]()

    async def play() -> list[Fill]:
        api, desk = desk_of(script, told)
        desk.teller.begun_ms = 5_000 if is_history else 500
        desk.teller.book.anchor(positions([position(pos="3", posSide="net", mgnMode="cross", instId=BTC)]), 3_000)
        if is_history:
            told.extend(await desk.teller.past(listed, (), 500))
        else:
            await desk.teller.fills(listed)
        await api.close()
        return fills(told)

    assert [(each.fill_id, each.trade_id, each.opens, each.units) for each in asyncio.run(play())] == [
        ("1-11", f"{BTC}:long", True, D(3)), ("2-22", f"{BTC}:long:isolated", True, D(5)),
    ]  # fmt: skip


@pytest.mark.parametrize(("days", "path"), [(5, "/account/bills"), (30, "/account/bills-archive")])
def test_money_of_before_is_read_from_the_bills_that_go_back_so_far(days: int, path: str) -> None:
    """§5: seven days in one list, three months in the other. What comes after the first look is told by `news`, and
    what is as old as the time that is asked from was there by then."""
    at = BEGIN_NS // 1_000_000 - days * 86_400_000
    paid = [
        bill(12, "1", "7", instId="", ts=str(at + 9)), bill(8, "1", "-50", instId="", ts=str(at + 5)),
        bill(5, "1", "20.5", instId="", ts=str(at + 1)), bill(4, "1", "1000", instId="", ts=str(at)),
    ]  # fmt: skip
    liquidated = [bill(number, "5", "-2", subType=kind, ts=str(at + 6)) for number, kind in ((10, "111"), (9, "104"))]
    lists = (
        ok(*paid), ok(*liquidated),
        ok(bill(6, "7", "-0.1", instId="", ts=str(at + 2))), ok(bill(7, "8", "-3", ts=str(at + 3))),
    )  # fmt: skip
    script = Script()
    if path == "/account/bills":
        script.on(path, ok(bill(11, "8", "3")), *lists)
    else:
        script.on("/account/bills", ok(bill(11, "8", "3"))).on(path, *lists)

    async def play() -> list[CashChange]:
        api = script.api()
        await api.sync()
        found = await Bills(api).past(at * 1_000_000)
        await api.close()
        return found

    assert [(one.amount, one.reason, one.id) for one in asyncio.run(play())] == [
        (D("20.5"), "deposit", "5"), (D("-0.1"), "financing", "6"), (D(-3), "funding", "7"),
        (D(-50), "withdrawal", "8"), (D(-2), "correction", "10"),
    ]  # fmt: skip
    asked = [each.url.params for each in script.asked(path) if "type" in each.url.params]
    assert [each["type"] for each in asked] == ["1", "5", "7", "8"]
    assert {(each["begin"], each["ccy"]) for each in asked} == {(str(at), "USDT")}


def test_more_bills_than_can_be_read_are_said() -> None:
    page = ok(*(bill(number, "1", "1") for number in range(200, 100, -1)))
    script = Script().on("/account/bills", ok(bill(900, "8", "3")), *[page] * 20)

    async def play() -> None:
        api = script.api()
        await api.sync()
        try:
            await Bills(api).past(BEGIN_NS - 86_400_000_000_000)
        finally:
            await api.close()

    with pytest.raises(VenueError, match="more than 2000 bills of a kind"):
        asyncio.run(play())
